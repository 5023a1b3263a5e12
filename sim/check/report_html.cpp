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

std::string head(const Report& report) {
    return page_head(
        fmt::format("{}: {}, seed {}", report.title, to_text(report.verdict), report.seed));
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

std::string story(const Report& report) {
    return report.story.empty()
               ? std::string()
               : fmt::format("<section><h2>What happened</h2>\n<div class=\"wide\"><pre>{}</pre>"
                             "</div></section>\n",
                     escape_html(report.story, section_bytes_max));
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
    if (report.wall_milliseconds > 0) {
        rows.add(row("wall time", seconds(report.wall_milliseconds)));
    }
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

std::string checks_html(std::span<const CheckResult> checks) {
    BudgetedText rows(section_bytes_max);
    for (const CheckResult& check : checks) {
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

std::string faults_html(std::span<const FaultCount> faults) {
    BudgetedText rows(section_bytes_max);
    for (const FaultCount& fault : faults) {
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

std::string report_html(const Report& report) {
    std::string page = head(report);
    page += banner(report);
    page += repeat(report);
    page += story(report);
    page += operations_html(report, drawing_bytes_max);
    page += timeline_html(report, drawing_bytes_max);
    page += checks_html(report.checks);
    page += faults_html(report.faults);
    page += facts(report);
    page += scenario(report);
    page += page_end;
    LEDGER_ASSERT(page.size() <= report_bytes_max);
    return page;
}

}  // namespace ledger::check
