#include "sim/program/campaign_page.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/check/html_text.h"
#include "sim/check/report.h"
#include "sim/program/output.h"

namespace ledger::sim {
namespace {

using check::BudgetedText;
using check::escape_html;

constexpr std::uint64_t section_bytes_max = 400'000;
constexpr std::size_t bars = 60;

std::string banner(const CampaignReport& report) {
    const CampaignTotals& totals = report.totals;
    const std::string_view word = check::to_text(totals.verdict());
    std::string text = fmt::format(
        "<h1>ledgersim campaign</h1>\n<div class=\"verdict {}\" role=\"status\"><p "
        "class=\"word\">{}</p>\n<p>{} seeds, {} steps, {:.0f} s of virtual time "
        "(<a href=\"{}\">how fast</a>).</p>\n",
        word, word, totals.seeds, totals.sum.steps,
        static_cast<double>(totals.sum.virtual_time.nanoseconds) * 1e-9, timings_page);
    for (const std::string& name : totals.idle()) {
        text += fmt::format(
            "<p>The check <strong>{}</strong> examined nothing.</p>\n", escape_html(name));
    }
    if (totals.canary_failed()) {
        text += "<p>The canary was not heard: violations are not reported as they should be.</p>\n";
    }
    return text + "</div>\n";
}

std::string link(const std::string& file, std::string_view text) {
    return file.empty() ? std::string()
                        : fmt::format("<a href=\"{}\">{}</a> ", escape_html(file), text);
}

std::string finding(const Found& found) {
    const RunResult& run = found.discovery->smallest;
    const std::string size = found.decisions ? fmt::format("{} decisions, {} faults strike",
                                                   *found.decisions, found.faults)
                                             : "not made small";
    return fmt::format(
               "<section><h3>{} ({})</h3>\n<p>{}</p>\n<p>In {} seeds; the smallest run is seed {}, "
               "step {}. "
               "{}. {}{}{}</p>\n",
               escape_html(run.violation->check), check::to_text(run.violation->kind),
               escape_html(run.violation->sentence), found.discovery->seeds.size(), run.seed,
               run.violation->step, size, link(found.page, "page"),
               link(found.small, "small capsule"), link(found.capsule, "capsule")) +
           (found.story.empty()
                   ? std::string()
                   : fmt::format("<details><summary>what happened</summary><pre>{}</pre></details>",
                         escape_html(found.story, 40'000))) +
           "</section>\n";
}

std::string findings(const CampaignReport& report) {
    BudgetedText text(section_bytes_max);
    for (const Found& found : report.findings) {
        text.add(finding(found));
    }
    std::string section = "<section><h2>Findings</h2>\n";
    section += report.findings.empty() ? "<p>none</p>\n" : text.text();
    section += text.omitted() == 0 ? "" : fmt::format("<p>and {} more</p>\n", text.omitted());
    return section + "</section>\n";
}

double seconds(std::uint64_t microseconds) {
    return static_cast<double>(microseconds) * 1e-6;
}

double per_second(std::uint64_t count, std::uint64_t microseconds) {
    return static_cast<double>(count) * 1e6 / static_cast<double>(microseconds + 1);
}

// Steps a second over the time, as bars.
std::string pace(const ShardTimes& shard) {
    if (shard.pace.size() < 2) {
        return {};
    }
    const std::uint64_t end = shard.pace.back().microseconds + 1;
    std::vector<std::uint64_t> steps(bars);
    std::uint64_t before = shard.pace.front().steps;
    for (const Pace& one : shard.pace) {
        steps[static_cast<std::size_t>(one.microseconds * bars / end)] += one.steps - before;
        before = one.steps;
    }
    const std::uint64_t most =
        std::max<std::uint64_t>(1, *std::max_element(steps.begin(), steps.end()));
    std::string text = fmt::format(
        "<section><h2>Pace</h2>\n<svg viewBox=\"0 0 720 110\" role=\"img\" aria-label=\"steps a "
        "second "
        "over the campaign, at most {:.0f}\">\n",
        per_second(most * bars, end));
    for (std::size_t i = 0; i < bars; ++i) {
        const std::uint64_t height = steps[i] * 80 / most;
        text += fmt::format("<rect class=\"done\" x=\"{}\" y=\"{}\" width=\"10\" height=\"{}\"/>\n",
            i * 12, 90 - height, height);
    }
    text += fmt::format(
        "<text x=\"0\" y=\"106\">0 s</text><text x=\"660\" y=\"106\">{:.0f} s</text></svg>\n"
        "<p>At most {:.0f} steps a second.</p></section>\n",
        seconds(end), per_second(most * bars, end));
    return text;
}

std::string shard_table(const std::vector<ShardTimes>& shards) {
    BudgetedText rows(section_bytes_max);
    for (const ShardTimes& shard : shards) {
        rows.add(
            fmt::format("<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td "
                        "class=\"number\">{}</td><td class=\"number\">{:.1f}</td><td "
                        "class=\"number\">{:.0f}</td></tr>\n",
                shard.index, shard.seeds, shard.steps, seconds(shard.wall_microseconds),
                per_second(shard.steps, shard.wall_microseconds)));
    }
    return "<section><h2>Shards</h2>\n<table><caption>how fast each one "
           "went</caption><thead><tr><th "
           "scope=\"col\">shard</th><th scope=\"col\" class=\"number\">seeds</th><th scope=\"col\" "
           "class=\"number\">steps</th><th scope=\"col\" class=\"number\">seconds</th><th "
           "scope=\"col\" class=\"number\">steps a second</th></tr></thead><tbody>\n" +
           rows.text() + "</tbody></table></section>\n";
}

std::string checks(const CampaignReport& report) {
    std::vector<check::CheckResult> checks;
    for (const auto& [name, result] : report.totals.checks) {
        checks.push_back(result);
    }
    return check::checks_html(checks);
}

std::string marks(const CampaignReport& report) {
    std::vector<std::pair<std::uint64_t, std::string>> sorted;
    std::size_t unhit = 0;
    for (const auto& [name, hits] : report.totals.marks) {
        sorted.emplace_back(hits, name);
        unhit += hits == 0 ? 1u : 0u;
    }
    std::sort(sorted.begin(), sorted.end());
    BudgetedText rows(section_bytes_max);
    for (const auto& [hits, name] : sorted) {
        rows.add(fmt::format("<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td></tr>\n",
            escape_html(name), hits));
    }
    return fmt::format("<p>{} of {} marks were never hit.</p>\n", unhit, sorted.size()) +
           "<details><summary>all of them, the rarest first</summary>" +
           "<table><caption>situations that exploration must have seen</caption><thead><tr><th "
           "scope=\"col\">mark</th><th scope=\"col\" "
           "class=\"number\">hits</th></tr></thead><tbody>\n" +
           rows.text() + "</tbody></table></details>\n";
}

}  // namespace

std::string campaign_html(const CampaignReport& report) {
    std::string page = check::page_head(fmt::format(
        "campaign: {}, {} seeds", check::to_text(report.totals.verdict()), report.totals.seeds));
    page += banner(report);
    page += fmt::format("<section><h2>Repeat it</h2>\n<pre><code>{}</code></pre></section>\n",
        escape_html(report.repro));
    page += findings(report);
    page += fmt::format(
        "<section><h2>Canary</h2>\n<p>{} runs had a canary, a check that calls "
        "something a violation that is none; {} heard it.</p>\n",
        report.totals.canaries, report.totals.canary ? report.totals.canary->seeds.size() : 0);
    page += report.canary == nullptr ? "" : finding(*report.canary);
    page += "</section>\n";
    page += marks(report);
    page += checks(report);
    page += check::faults_html(named(report.totals.sum.faults));
    return page + std::string(check::page_end);
}

std::string timings_html(const CampaignReport& report) {
    const CampaignTotals& totals = report.totals;
    std::string page = check::page_head(fmt::format("campaign: how fast, {} seeds", totals.seeds));
    page += fmt::format(
        "<h1>ledgersim campaign: how fast</h1>\n<p>{:.1f} s{}: {:.0f} seeds a minute, {:.0f} steps "
        "a "
        "second. The slowest seed was {} with {:.1f} s.</p>\n",
        seconds(totals.wall_microseconds),
        report.shards.size() > 1 ? fmt::format(" in {} shards together", report.shards.size()) : "",
        60 * per_second(totals.seeds, totals.wall_microseconds),
        per_second(totals.sum.steps, totals.wall_microseconds), totals.slowest_seed,
        seconds(totals.slowest_microseconds));
    page += report.shards.size() == 1 ? pace(report.shards.front()) : shard_table(report.shards);
    for (const Found& found : report.findings) {
        page += found.decisions ? fmt::format("<p>Shrinking seed {} took {:.1f} s.</p>\n",
                                      found.discovery->smallest.seed, seconds(found.microseconds))
                                : "";
    }
    return page + std::string(check::page_end);
}

std::string timings_json(const CampaignReport& report) {
    const auto time = [](std::uint64_t microseconds) {
        return static_cast<std::int64_t>(microseconds);
    };
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledgersim.timings/1");
    writer.key("wall_seconds").fixed(time(report.totals.wall_microseconds), 6);
    writer.key("slowest_seed").number(report.totals.slowest_seed);
    writer.key("slowest_seconds").fixed(time(report.totals.slowest_microseconds), 6);
    writer.key("shards").begin_array();
    for (const ShardTimes& shard : report.shards) {
        writer.begin_object().key("shard").number(shard.index);
        writer.key("seeds_run").number(shard.seeds);
        writer.key("events").number(shard.steps);
        writer.key("wall_seconds").fixed(time(shard.wall_microseconds), 6).end_object();
    }
    writer.end_array().key("shrinking").begin_array();
    for (const Found& found : report.findings) {
        writer.begin_object().key("fingerprint").text(found.discovery->fingerprint);
        writer.key("seconds").fixed(time(found.microseconds), 6).end_object();
    }
    writer.end_array().end_object();
    text.push_back('\n');
    return text;
}

}  // namespace ledger::sim
