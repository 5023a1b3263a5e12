#include <fmt/format.h>

#include "log/base/assert.h"
#include "sim/check/html_text.h"
#include "sim/check/names.h"
#include "sim/check/report.h"
#include "sim/check/report_timeline.h"

namespace ledger::check {
namespace {

constexpr std::uint64_t section_bytes_max = 100'000;
constexpr std::uint64_t drawing_bytes_max = 600'000;

// Colours come in pairs, for light and dark; every meaning also has a word or an outline.
constexpr std::string_view style = R"(<style>
:root { color-scheme: light dark; --back: #fff; --text: #1b1f24; --soft: #5b636d; --line: #d5dae0;
  --good: #0f6b3c; --bad: #a3161b; --unsure: #7a5200; --leader: #9cc3f5; --crash: #f0a3a0;
  --partition: #f3cf8a; --disk: #c9b3ee; --pause: #c7ccd3; --done: #b5dfc4; --open: #dfe3e8; }
@media (prefers-color-scheme: dark) { :root { --back: #14171b; --text: #e6e9ed; --soft: #a0a8b2;
  --line: #353b43; --good: #6fd39c; --bad: #ff8f8a; --unsure: #f0c060; --leader: #2b558c;
  --crash: #7d2a2c; --partition: #73541a; --disk: #523a80; --pause: #4a515b; --done: #255c3c;
  --open: #3a414a; } }
body { background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif;
  margin: 0 auto; max-width: 76rem; padding: 1.5rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.verdict { border: 3px solid; border-radius: 8px; padding: .8rem 1.2rem; }
.verdict p { margin: .4rem 0; } .verdict .word { font-size: 1.5rem; font-weight: 700; }
.ok { border-color: var(--good); } .ok .word { color: var(--good); }
.violated { border-color: var(--bad); } .violated .word { color: var(--bad); }
.inconclusive { border-color: var(--unsure); } .inconclusive .word { color: var(--unsure); }
table { border-collapse: collapse; } caption { text-align: left; color: var(--soft); }
th, td { border-bottom: 1px solid var(--line); padding: .2rem .9rem .2rem 0; text-align: left;
  vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
code, pre { font: .9rem/1.45 ui-monospace, monospace; }
pre { border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; padding: .7rem; }
.wide { overflow-x: auto; } svg { display: block; min-width: 60rem; width: 100%; }
svg text { fill: var(--text); font-size: 13px; } svg .small { font-size: 11px; }
svg .tick, svg .lane { stroke: var(--line); } svg rect { stroke: var(--soft); }
.leader { fill: var(--leader); } .crash { fill: var(--crash); } .disk { fill: var(--disk); }
.partition { fill: var(--partition); } .pause, .other { fill: var(--pause); }
.done { fill: var(--done); } .open { fill: var(--open); stroke-dasharray: 3 2; }
svg .witness { fill: var(--crash); stroke: var(--bad); stroke-width: 3; }
summary { cursor: pointer; color: var(--soft); margin: .6rem 0; }
</style>
)";

std::string head(const Report& report) {
    return fmt::format(
               "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
               "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
               "style-src 'unsafe-inline'\">\n<title>{}: {}, seed {}</title>\n",
               escape_html(report.title), to_text(report.verdict), report.seed) +
           std::string(style) + "</head><body><main>\n";
}

std::string banner(const Report& report) {
    std::string text = fmt::format(
        "<h1>{}</h1>\n<div class=\"verdict {}\" role=\"status\"><p "
        "class=\"word\">{}</p>\n",
        escape_html(report.title), to_text(report.verdict), to_text(report.verdict));
    if (!report.verdict_reason.empty()) {
        text += fmt::format("<p>{}</p>\n", escape_html(report.verdict_reason));
    }
    BudgetedText violations(section_bytes_max);
    for (const Violation& violation : report.violations) {
        violations.add(fmt::format("<p><strong>{}</strong> ({}, step {}, {}): {}</p>\n",
            escape_html(violation.check, 100), to_text(violation.kind), violation.step,
            escape_html(time_name(violation.time)), escape_html(violation.sentence)));
    }
    text += violations.text();
    if (violations.omitted() > 0) {
        text += fmt::format("<p>and {} more.</p>\n", violations.omitted());
    }
    return text + "</div>\n";
}

std::string repeat(const Report& report) {
    std::string text;
    if (!report.repro.empty()) {
        text += fmt::format(
            "<section><h2>Repeat it</h2>\n<pre><code>{}</code></pre>\n", escape_html(report.repro));
        text += report.capsule.empty()
                    ? std::string()
                    : fmt::format("<p>Capsule: <code>{}</code></p>\n", escape_html(report.capsule));
        text += "</section>\n";
    }
    return text;
}

std::string row(std::string_view name, std::string_view value) {
    return fmt::format("<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td></tr>\n",
        escape_html(name, 200), escape_html(value, 500));
}

std::string section(std::string_view title, std::string_view caption, std::string_view columns,
    const BudgetedText& rows) {
    return fmt::format(
        "<section><h2>{}</h2>\n<table><caption>{}</caption>{}<tbody>\n{}</tbody>"
        "</table>{}</section>\n",
        title, caption, columns, rows.text(),
        rows.omitted() == 0 ? std::string()
                            : fmt::format("<p>and {} more rows</p>", rows.omitted()));
}

std::string checks(const Report& report) {
    BudgetedText rows(section_bytes_max);
    for (const CheckResult& check : report.checks) {
        rows.add(
            fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"number\">{}</td>"
                        "</tr>\n",
                escape_html(check.name, 200), to_text(check.verdict), check.examined));
    }
    return section("Checks", "idle = the check had nothing to examine, which is no pass",
        "<thead><tr><th scope=\"col\">check</th><th scope=\"col\">verdict</th><th scope=\"col\" "
        "class=\"number\">examined</th></tr></thead>",
        rows);
}

std::string faults(const Report& report) {
    BudgetedText rows(section_bytes_max);
    for (const FaultCount& fault : report.faults) {
        rows.add(
            fmt::format("<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td "
                        "class=\"number\">{}</td></tr>\n",
                escape_html(fault.kind, 200), fault.fired, fault.consumed));
    }
    return section("Faults", "fired = injected, consumed = noticed by the code under test",
        "<thead><tr><th scope=\"col\">kind</th><th scope=\"col\" class=\"number\">fired</th>"
        "<th scope=\"col\" class=\"number\">consumed</th></tr></thead>",
        rows);
}

std::string facts(const Report& report) {
    BudgetedText rows(section_bytes_max);
    const auto seconds = [](std::uint64_t milliseconds) {
        return fmt::format("{}.{:03} s", milliseconds / 1'000, milliseconds % 1'000);
    };
    rows.add(row("operations that succeeded", fmt::format("{}", report.operations_ok)));
    rows.add(row("operations that failed", fmt::format("{}", report.operations_failed)));
    rows.add(row("operations with unknown outcome", fmt::format("{}", report.operations_unknown)));
    rows.add(row("seed", fmt::format("{}", report.seed)));
    rows.add(row("events", fmt::format("{}", report.events)));
    rows.add(row("virtual time", seconds(report.virtual_milliseconds)));
    rows.add(row("wall time", seconds(report.wall_milliseconds)));
    rows.add(row("trace hash", report.trace_hash));
    rows.add(row("build", report.build));
    for (const auto& [name, value] : report.facts) {
        rows.add(row(name, value));
    }
    return section("The run", "what happened in numbers", "", rows);
}

std::string scenario(const Report& report) {
    if (report.scenario.empty()) {
        return {};
    }
    return fmt::format(
        "<section><h2>Scenario</h2>\n<details><summary>the text of the scenario"
        "</summary><pre>{}</pre></details></section>\n",
        escape_html(report.scenario, 16'000));
}

}  // namespace

std::string report_html(const Report& report) {
    std::string page = head(report);
    page += banner(report);
    page += repeat(report);
    page += operations_html(report, drawing_bytes_max);
    page += timeline_html(report, drawing_bytes_max);
    page += checks(report);
    page += faults(report);
    page += facts(report);
    page += scenario(report);
    page += "</main></body></html>\n";
    LEDGER_ASSERT(page.size() <= report_bytes_max);
    return page;
}

}  // namespace ledger::check
