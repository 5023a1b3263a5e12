#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "sim/check/html_text.h"
#include "sim/check/page/history_page.h"
#include "sim/check/page/page_assets.h"
#include "sim/check/page/page_data.h"
#include "sim/check/page/script_text.h"
#include "sim/check/page/window.h"

namespace ledger::check {
namespace {

// What a page may hold, in bytes: 900,000 of operations, 200,000 of orders, 120,000 of annotations,
// 60,000 of floor, 150,000 of witness ids and names, 350,000 of sentences and steps (below), and
// about 100,000 of script, style, first block and coverage: below history_page_bytes_max.
constexpr std::uint64_t sentence_bytes_max = 3'000;
constexpr std::uint64_t steps_bytes_max = 60'000;
constexpr std::size_t steps_open_max = 12;  // those beyond are folded
constexpr std::uint64_t anomalies_bytes_max = 250'000;
constexpr std::uint64_t coverage_bytes_max = 40'000;

std::string_view glyph(Verdict verdict) {
    switch (verdict) {
        case Verdict::ok: return "\u2713";
        case Verdict::violated: return "\u2717";
        case Verdict::inconclusive: return "?";
    }
    return "?";
}

// 1000000 as 1,000,000.
std::string grouped(std::uint64_t number) {
    std::string text = fmt::format("{}", number);
    for (std::size_t at = text.size(); at > 3; at -= 3) {
        text.insert(at - 3, 1, ',');
    }
    return text;
}

// What the first line says after the verdict.
std::string first_sentence(const HistoryPage& page) {
    const Judgement& judgement = *page.judgement;
    if (judgement.verdict == Verdict::inconclusive) {
        return judgement.reason.empty() ? "nobody knows" : judgement.reason;
    }
    if (!judgement.anomalies.empty()) {
        return judgement.anomalies.front().sentence;
    }
    return judgement.verdict == Verdict::ok
               ? fmt::format("nothing is wrong in {} operations", grouped(page.operations))
               : "no single operation is to blame";
}

std::string fact(std::string_view name, std::string_view value) {
    return value.empty()
               ? std::string()
               : fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, escape_html(value, 300));
}

std::string repeat(const HistoryPage& page) {
    return page.repro.empty()
               ? std::string()
               : fmt::format(
                     "<p class=\"repeat\"><span>judge it again</span><br><code>{}</code></p>\n",
                     escape_html(page.repro));
}

std::string banner(const HistoryPage& page) {
    const Judgement& judgement = *page.judgement;
    const std::string_view word = to_text(judgement.verdict);
    const std::string name =
        judgement.anomalies.empty() ? std::string() : judgement.anomalies.front().name;
    std::string text = fmt::format(
        "<header class=\"verdict {}\"><h1><span class=\"word\"><span "
        "aria-hidden=\"true\">{}</span> "
        "{}</span> {}{}{}</h1>\n<dl class=\"facts\">\n",
        word, glyph(judgement.verdict), word,
        name.empty() ? std::string()
                     : fmt::format("<span class=\"name\">{}</span> ", escape_html(name, 100)),
        "", escape_html(first_sentence(page), 1'200));
    text += fact("model", judgement.model);
    text += fact("level", judgement.level);
    text += fact("strongest level that holds", judgement.strongest_held);
    text += fact("weakest level that is violated", judgement.weakest_violated);
    text += fact("operations", grouped(page.operations));
    text += fact("violations",
        judgement.anomalies_total == 0 ? std::string() : grouped(judgement.anomalies_total));
    text += fact("history", page.file);
    return text + "</dl>\n" + repeat(page) + "</header>\n";
}

std::string list(std::span<const std::string> steps, std::size_t start, BudgetedText& budget) {
    const std::uint64_t before = budget.text().size();
    for (const std::string& step : steps) {
        budget.add(fmt::format("<li>{}</li>\n", escape_html(step, 1'000)));
    }
    return fmt::format("<ol start=\"{}\">\n{}</ol>\n", start,
        budget.text().substr(static_cast<std::size_t>(before)));
}

std::string steps_html(std::span<const std::string> steps) {
    BudgetedText budget(steps_bytes_max);
    const std::size_t open = std::min(steps.size(), steps_open_max);
    std::string text = list(steps.first(open), 1, budget);
    if (steps.size() > open) {
        text += fmt::format("<details><summary>{} more steps</summary>\n{}</details>\n",
            steps.size() - open, list(steps.subspan(open), open + 1, budget));
    }
    if (budget.omitted() > 0) {
        text += fmt::format("<p>{} steps are left out.</p>\n", budget.omitted());
    }
    return text;
}

std::string why(const Judgement& judgement) {
    if (judgement.anomalies.empty() || judgement.anomalies.front().steps.empty()) {
        return {};
    }
    return "<section class=\"why\"><h2>Why</h2>\n" + steps_html(judgement.anomalies.front().steps) +
           "</section>\n";
}

std::string coverage(const Judgement& judgement) {
    BudgetedText rows(coverage_bytes_max);
    std::string none;  // in one line, so that the picture is not pushed out of view
    std::uint64_t zeros = 0;
    for (const auto& [name, count] : judgement.coverage) {
        if (count == 0) {
            none += none.empty() ? "" : " \u00b7 ";
            none += escape_html(name, 200);
            ++zeros;
        } else {
            rows.add(fact(escape_html(name, 200), grouped(count)));
        }
    }
    std::string text = "<section class=\"coverage\"><h2>What was looked at</h2>\n";
    if (judgement.coverage.empty()) {
        return text + "<p>Nothing: this is no pass.</p></section>\n";
    }
    text += "<dl class=\"facts\">\n" + rows.text() + "</dl>\n";
    if (rows.omitted() > 0) {
        text += fmt::format("<p>and {} more rows</p>\n", rows.omitted());
    }
    if (zeros > 0) {
        const bool fits = none.size() <= coverage_bytes_max;
        text += fmt::format("<p class=\"soft\">none of {}</p>\n",
            fits ? "these: " + none : fmt::format("{} others", zeros));
    }
    return text + "</section>\n";
}

// All anomalies with their sentences; the script finds them by their ids.
std::string anomalies(const Judgement& judgement) {
    if (judgement.anomalies.size() < 2 && judgement.anomalies_total < 2) {
        return {};  // the first line has said it all
    }
    BudgetedText items(anomalies_bytes_max);
    for (std::size_t i = 0; i < judgement.anomalies.size(); ++i) {
        const Anomaly& anomaly = judgement.anomalies[i];
        std::string item =
            fmt::format("<li id=\"violation-{}\"><strong>{}</strong> <span>{}</span>\n", i,
                escape_html(anomaly.name, 100), escape_html(anomaly.sentence, sentence_bytes_max));
        if (i > 0 && !anomaly.steps.empty()) {
            item += "<details><summary>why</summary>" + steps_html(anomaly.steps) + "</details>\n";
        }
        items.add(item + "</li>\n");
    }
    std::string text =
        "<section id=\"violations\"><h2>All violations</h2>\n<ol>\n" + items.text() + "</ol>\n";
    const std::uint64_t shown = judgement.anomalies.size() - items.omitted();
    const std::uint64_t total =
        std::max<std::uint64_t>(judgement.anomalies_total, judgement.anomalies.size());
    if (total > shown) {
        text += fmt::format("<p>{} more were found and are not listed.</p>\n", total - shown);
    }
    return text + "</section>\n";
}

// Where the script draws. Without it the page says so and still holds everything above.
std::string drawing(const HistoryPage& page, const PageWindow& window) {
    std::string text = "<section id=\"picture\"><h2>The operations of each client</h2>\n";
    if (page.operations == 0) {
        return text + "<p>The history holds no operation.</p></section>\n";
    }
    if (window.operations.size() < page.operations) {
        text += fmt::format(
            "<p class=\"soft\">{} of {} operations are here, those around what was found; the "
            "others would not fit one page.</p>\n",
            grouped(window.operations.size()), grouped(page.operations));
    }
    if (window.wanted_missing > 0) {
        text += fmt::format(
            "<p>{} operations that violations or orders name are not among "
            "them.</p>\n",
            window.wanted_missing);
    }
    return text +
           "<noscript><p>The picture needs this page's own script, which is switched off."
           "</p></noscript>\n<div id=\"stage\"></div>\n</section>\n"
           "<section id=\"orders\"></section>\n<section id=\"table\"></section>\n";
}

}  // namespace

std::string history_page_html(const HistoryPage& page) {
    LEDGER_ASSERT(page.judgement != nullptr);
    const Judgement& judgement = *page.judgement;
    const PageWindow window = page_window(page, {});
    std::string html = page_head(
        fmt::format("{}: {} {}", to_text(judgement.verdict),
            judgement.anomalies.empty() ? judgement.model : judgement.anomalies.front().name,
            page.file),
        script_source(page_script), page_style);
    html += banner(page);
    html += "<div class=\"columns\">\n" + why(judgement) + coverage(judgement) + "</div>\n";
    html += drawing(page, window);
    html += anomalies(judgement);
    html += fmt::format("<script type=\"application/json\" id=\"history\">{}</script>\n",
        script_json(page_data(page, window)));
    html += "<script>";
    html += page_script;
    html += "</script>\n";
    html += page_end;
    LEDGER_ASSERT(html.size() <= history_page_bytes_max);
    return html;
}

}  // namespace ledger::check
