#include "sim/check/report_timeline.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "sim/check/html_text.h"
#include "sim/check/names.h"

namespace ledger::check {
namespace {

constexpr std::int64_t label_width = 110;
constexpr std::int64_t drawing_width = 1'050;
constexpr std::int64_t lane_height = 28;
constexpr std::int64_t axis_height = 26;
constexpr std::size_t lanes_max = 64;
constexpr std::int64_t letter_width = 7;  // at our size, about

// A rectangle in a lane.
struct Box {
    std::size_t lane = 0;
    std::int64_t from = 0;  // nanoseconds
    std::int64_t to = 0;
    std::string_view style;
    std::string_view label;
    std::string hover;
};

struct Window {
    std::int64_t from = 0;
    std::int64_t to = 1;

    // Where a time lies on the drawing.
    std::int64_t x(std::int64_t time) const {
        LEDGER_ASSERT(from < to);
        __extension__ using Wide = __int128;
        const std::int64_t inside = std::clamp(time, from, to) - from;
        const Wide scaled = static_cast<Wide>(inside) * drawing_width / (to - from);
        return label_width + static_cast<std::int64_t>(scaled);
    }
};

Window window_of(const std::vector<Box>& boxes) {
    Window window{INT64_MAX, INT64_MIN};
    for (const Box& box : boxes) {
        window.from = std::min(window.from, box.from);
        window.to = std::max(window.to, box.to);
    }
    window.to = std::max(window.to, window.from + 1);
    return window;
}

std::string axis(const Window& window, std::int64_t height) {
    constexpr std::int64_t ticks = 6;
    std::string text;
    for (std::int64_t i = 0; i <= ticks; ++i) {
        const std::int64_t time = window.from + (window.to - window.from) / ticks * i;
        const std::int64_t x = window.x(time);
        // Milliseconds, microseconds or nanoseconds: no more digits than tell the ticks apart.
        const std::int64_t span = window.to - window.from;
        const std::int64_t unit = span > 10'000'000 ? 1'000'000 : span > 10'000 ? 1'000 : 1;
        text += fmt::format(
            "<line class=\"tick\" x1=\"{}\" y1=\"0\" x2=\"{}\" y2=\"{}\"/>"
            "<text class=\"small\" x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>\n",
            x, x, height, x, height + 16,
            i == ticks ? "end"
            : i == 0   ? "start"
                       : "middle",
            time_name(Instant{time / unit * unit}));
    }
    return text;
}

std::string rectangle(const Box& box, const Window& window) {
    const std::int64_t x = window.x(box.from);
    const std::int64_t width = std::max<std::int64_t>(window.x(box.to) - x, 3);
    const std::int64_t y = static_cast<std::int64_t>(box.lane) * lane_height + 3;
    std::string text = fmt::format(
        "<g><title>{}</title><rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" "
        "rx=\"3\"/>",
        escape_html(box.hover, 300), box.style, x, y, width, lane_height - 6);
    const auto letters = static_cast<std::int64_t>(box.label.size());
    if (letters > 0 && letters * letter_width + 6 <= width) {
        text += fmt::format("<text class=\"small\" x=\"{}\" y=\"{}\">{}</text>", x + 4, y + 15,
            escape_html(box.label, 100));
    }
    return text + "</g>\n";
}

std::string drawing(std::string_view title, const std::vector<std::string>& lanes,
    const std::vector<Box>& boxes, std::uint64_t bytes_max, std::uint64_t& omitted) {
    const Window window = window_of(boxes);
    const std::int64_t height = static_cast<std::int64_t>(lanes.size()) * lane_height;
    std::string text = fmt::format(
        "<div class=\"wide\"><svg role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {} {}\">\n",
        escape_html(title), label_width + drawing_width + 10, height + axis_height);
    text += axis(window, height);
    for (std::size_t i = 0; i < lanes.size(); ++i) {
        const std::int64_t y = static_cast<std::int64_t>(i) * lane_height;
        text += fmt::format(
            "<text x=\"4\" y=\"{}\">{}</text><line class=\"lane\" x1=\"0\" "
            "y1=\"{}\" x2=\"{}\" y2=\"{}\"/>\n",
            y + 19, escape_html(lanes[i], 40), y + lane_height, label_width + drawing_width,
            y + lane_height);
    }
    BudgetedText drawn(bytes_max);
    for (const Box& box : boxes) {
        drawn.add(rectangle(box, window));
    }
    omitted = drawn.omitted();
    return text + drawn.text() + "</svg></div>\n";
}

std::string_view style_of(Mark::Kind kind) {
    switch (kind) {
        case Mark::Kind::leader: return "leader";
        case Mark::Kind::crash: return "crash";
        case Mark::Kind::partition: return "partition";
        case Mark::Kind::disk: return "disk";
        case Mark::Kind::pause: return "pause";
        case Mark::Kind::other: return "other";
    }
    return "other";
}

// The lane's place; lanes that nobody announced come after the others. Nothing for a lane beyond
// what a page can show.
std::optional<std::size_t> lane_number(std::vector<std::string>& lanes, const std::string& lane) {
    const auto at = std::find(lanes.begin(), lanes.end(), lane);
    if (at != lanes.end()) {
        return static_cast<std::size_t>(at - lanes.begin());
    }
    if (lanes.size() >= lanes_max) {
        return std::nullopt;
    }
    lanes.push_back(lane);
    return lanes.size() - 1;
}

std::string left_out(std::uint64_t count, std::string_view what) {
    return count == 0 ? std::string()
                      : fmt::format("<p>{} more {} are left out to keep this page small.</p>\n",
                            count, what);
}

std::string table(std::string_view summary, std::string_view head, const std::string& rows) {
    return fmt::format(
        "<details><summary>{}</summary>\n<div class=\"wide\"><table><thead>{}"
        "</thead><tbody>\n{}</tbody></table></div></details>\n",
        summary, head, rows);
}

std::string moment(Instant time) {
    return escape_html(time_name(time));
}

}  // namespace

std::string timeline_html(const Report& report, std::uint64_t bytes_max) {
    if (report.marks.empty()) {
        return {};
    }
    std::vector<std::string> lanes = report.lanes;
    lanes.resize(std::min(lanes.size(), lanes_max));
    std::vector<Box> boxes;
    BudgetedText rows(bytes_max / 2);
    std::uint64_t without_lane = 0;
    for (const Mark& mark : report.marks) {
        const std::optional<std::size_t> lane = lane_number(lanes, mark.lane);
        if (!lane) {
            ++without_lane;
            continue;
        }
        const std::string span =
            mark.from == mark.to
                ? time_name(mark.from)
                : fmt::format("{} to {}", time_name(mark.from), time_name(mark.to));
        boxes.push_back({.lane = *lane,
            .from = mark.from.nanoseconds,
            .to = std::max(mark.from, mark.to).nanoseconds,
            .style = style_of(mark.kind),
            .label = mark.text,
            .hover = fmt::format("{}: {}, {}", mark.lane, mark.text, span)});
        rows.add(
            fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                escape_html(mark.lane, 40), style_of(mark.kind), escape_html(span),
                escape_html(mark.text, 300)));
    }
    std::uint64_t omitted = 0;
    std::string text = "<section><h2>Timeline</h2>\n";
    text +=
        drawing("Leaders, crashes and partitions over time", lanes, boxes, bytes_max / 2, omitted);
    text += left_out(omitted + without_lane, "marks");
    text += table("The timeline as a table",
        "<tr><th scope=\"col\">where</th><th scope=\"col\">kind</th><th scope=\"col\">when</th>"
        "<th scope=\"col\">what</th></tr>",
        rows.text());
    return text + left_out(rows.omitted(), "rows") + "</section>\n";
}

std::string operations_html(const Report& report, std::uint64_t bytes_max) {
    if (report.operations.empty()) {
        return {};
    }
    std::vector<std::string> lanes;
    std::vector<Box> boxes;
    BudgetedText rows(bytes_max / 2);
    std::uint64_t without_lane = 0;
    for (const OperationBox& box : report.operations) {
        const std::optional<std::size_t> lane = lane_number(lanes, box.lane);
        if (!lane) {
            ++without_lane;
            continue;
        }
        boxes.push_back({.lane = *lane,
            .from = box.from.nanoseconds,
            .to = std::max(box.from, box.to).nanoseconds,
            .style = box.witness           ? "witness"
                     : box.outcome == "ok" ? "done"
                                           : "open",
            .label = box.text,
            .hover = fmt::format("{}, operation {}: {}, {}, {} to {}", box.lane, box.operation,
                box.text, box.outcome, time_name(box.from), time_name(box.to))});
        rows.add(
            fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}{}</td><td>{}</td>"
                        "<td>{}</td><td>{}</td></tr>\n",
                box.operation, escape_html(box.lane, 40),
                box.witness ? "<strong>witness</strong> " : "", escape_html(box.text, 300),
                escape_html(box.outcome, 100), moment(box.from), moment(box.to)));
    }
    std::uint64_t omitted = 0;
    std::string text = "<section><h2>The last operations of each client</h2>\n";
    text += drawing("Operations of each client over time", lanes, boxes, bytes_max / 2, omitted);
    text += left_out(omitted + without_lane, "operations");
    text += table("The operations as a table",
        "<tr><th scope=\"col\">operation</th><th scope=\"col\">client</th><th scope=\"col\">what"
        "</th><th scope=\"col\">outcome</th><th scope=\"col\">called</th><th scope=\"col\">ended"
        "</th></tr>",
        rows.text());
    return text + left_out(rows.omitted(), "rows") + "</section>\n";
}

}  // namespace ledger::check
