#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "sim/check/names.h"
#include "sim/check/page/history_page.h"
#include "sim/check/page/page_data.h"
#include "sim/check/page/script_text.h"

namespace ledger::check {
namespace {

constexpr std::size_t lines_max = 24;  // of any list
constexpr std::uint64_t sentence_bytes_max = 2'000;
constexpr std::uint64_t text_bytes_max = 300;
constexpr std::size_t picture_width = 60;

std::string and_more(std::uint64_t count, std::string_view what) {
    return count == 0 ? std::string() : fmt::format("  and {} more {}\n", count, what);
}

std::string pad(std::string_view text, std::size_t width) {
    return fmt::format("{:<{}}", text, width);
}

std::string first_lines(const HistoryPage& page) {
    const Judgement& judgement = *page.judgement;
    std::string text = std::string(to_text(judgement.verdict)) + ": ";
    if (judgement.verdict == Verdict::inconclusive) {
        text += judgement.reason.empty() ? "nobody knows" : cut_text(judgement.reason, 500);
    } else if (!judgement.anomalies.empty()) {
        const Anomaly& anomaly = judgement.anomalies.front();
        text += cut_text(anomaly.name, 100) + ": " + cut_text(anomaly.sentence, sentence_bytes_max);
    } else if (judgement.verdict == Verdict::ok) {
        text += fmt::format("nothing is wrong in {}", plural(page.operations, "operation"));
    } else {
        text += "no single operation is to blame";
    }
    text += fmt::format("\n  {} of {}, model {}, level {}\n", plural(page.operations, "operation"),
        page.file.empty() ? "the history" : cut_text(page.file, 500),
        cut_text(judgement.model, 100), cut_text(judgement.level, 100));
    if (!judgement.strongest_held.empty()) {
        text += "  strongest level that holds: " + cut_text(judgement.strongest_held, 100) + "\n";
    }
    if (!judgement.weakest_violated.empty()) {
        text +=
            "  weakest level that is violated: " + cut_text(judgement.weakest_violated, 100) + "\n";
    }
    return text;
}

std::string steps_text(const Anomaly& anomaly) {
    std::string text = anomaly.steps.empty() ? "" : "why\n";
    const std::size_t shown = std::min(anomaly.steps.size(), lines_max);
    for (std::size_t i = 0; i < shown; ++i) {
        text += fmt::format("  {}. {}\n", i + 1, cut_text(anomaly.steps[i], sentence_bytes_max));
    }
    return text + and_more(anomaly.steps.size() - shown, "steps");
}

// "1.2ms to 1.5ms"; without times the places of the events.
std::string span_text(const PageOperation& operation, std::int64_t origin) {
    const auto moment = [origin](const std::optional<std::int64_t>& time, std::uint64_t place) {
        std::int64_t since = 0;
        return time && !__builtin_sub_overflow(*time, origin, &since)
                   ? time_name(Instant{since})
                   : fmt::format("event {}", place);
    };
    const std::string from = moment(operation.called_ns, operation.called);
    if (operation.returned == RecordedOperation::never) {
        return fmt::format("from {} on, open", from);
    }
    return fmt::format("{} to {}", from, moment(operation.returned_ns, operation.returned));
}

std::string operation_line(
    const PageOperation& operation, std::size_t lane_width, std::int64_t origin) {
    return fmt::format("{}  {} ({}; {}{})\n", pad(cut_text(operation.lane, 40), lane_width),
        cut_text(operation.text, text_bytes_max), to_text(operation.outcome),
        span_text(operation, origin),
        operation.line == 0 ? std::string() : fmt::format("; line {}", operation.line));
}

std::size_t lane_width(std::span<const PageOperation> operations) {
    std::size_t width = 0;
    for (const PageOperation& operation : operations) {
        width = std::max(width, cut_text(operation.lane, 40).size());
    }
    return width;
}

// The first row that is blank from `from` to `to`; touching ends are shared.
std::string& free_row(
    std::vector<std::string>& rows, std::size_t from, std::size_t to, std::size_t width) {
    for (std::string& row : rows) {
        if (std::string_view(row).substr(from + 1, to - from).find_first_not_of(" |") ==
            std::string_view::npos) {
            return row;
        }
    }
    return rows.emplace_back(width, ' ');
}

// Lanes with one step per event:
//
//   client 1  |--1--|
//   client 2           |--2---->
std::string lanes_text(std::span<const PageOperation> operations) {
    std::vector<std::uint64_t> places;
    std::vector<std::string> lanes;
    for (const PageOperation& operation : operations) {
        places.push_back(operation.called);
        if (operation.returned != RecordedOperation::never) {
            places.push_back(operation.returned);
        }
        const std::string lane = cut_text(operation.lane, 40);
        if (std::find(lanes.begin(), lanes.end(), lane) == lanes.end()) {
            lanes.push_back(lane);
        }
    }
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    const std::size_t step =
        std::clamp<std::size_t>(picture_width / std::max<std::size_t>(places.size(), 1), 2, 8);
    const std::size_t width = step * places.size() + 1;
    const auto column = [&](std::uint64_t place) {
        const auto at = std::lower_bound(places.begin(), places.end(), place);
        return static_cast<std::size_t>(at - places.begin()) * step;
    };
    std::string text;
    for (const std::string& lane : lanes) {
        std::vector<std::string> rows;  // more than one if its operations overlap
        for (std::size_t i = 0; i < operations.size(); ++i) {
            if (cut_text(operations[i].lane, 40) != lane) {
                continue;
            }
            const bool open = operations[i].returned == RecordedOperation::never;
            const std::size_t from = column(operations[i].called);
            const std::size_t to = open ? width - 1 : column(operations[i].returned);
            std::string& row = free_row(rows, from, to, width);
            std::fill(row.begin() + static_cast<std::ptrdiff_t>(from),
                row.begin() + static_cast<std::ptrdiff_t>(to), '-');
            row[from] = '|';
            row[to] = open ? '>' : '|';
            const std::string number = fmt::format("{}", i + 1);
            const std::size_t middle = std::min(from + 1 + (to - from) / 3, width - number.size());
            row.replace(middle, number.size(), number);
        }
        for (std::string& row : rows) {
            row.erase(row.find_last_not_of(' ') + 1);
            text += fmt::format("  {}  {}\n", pad(lane, lane_width(operations)), row);
        }
    }
    return text;
}

std::vector<PageOperation> operations_of(const HistoryPage& page, const Anomaly& anomaly) {
    std::vector<PageOperation> operations;
    for (const std::uint64_t id : anomaly.operations) {
        if (id < page.operations && operations.size() < lines_max) {
            operations.push_back(page.operation(id));
            operations.back().id = id;
        }
    }
    return operations;
}

std::string witness_text(const HistoryPage& page, const Anomaly& anomaly) {
    const std::vector<PageOperation> operations = operations_of(page, anomaly);
    if (operations.empty()) {
        return {};
    }
    const std::size_t width = lane_width(operations);
    const std::int64_t origin = origin_of_times(page);
    std::string text = origin == 0 ? "witness\n" : "witness (times since the first call)\n";
    for (std::size_t i = 0; i < operations.size(); ++i) {
        const PageOperation& operation = operations[i];
        text += fmt::format("  {:>2}  ", i + 1) + operation_line(operation, width, origin);
        const auto detail = [&](std::string_view name, const std::string& value) {
            return value.empty()
                       ? std::string()
                       : fmt::format("        {} {}\n", name, cut_text(value, text_bytes_max));
        };
        text += detail("rule:", operation.rule);
        text += detail("before:", operation.before);
        text += detail("after:", operation.after);
    }
    text += and_more(anomaly.operations.size() - operations.size(), "operations");
    // A picture of very many lanes explains nothing.
    return operations.size() > 12 ? text : text + "\n" + lanes_text(operations);
}

std::string order_text(const HistoryPage& page, const PartialOrder& order) {
    const auto what = [&page](std::uint64_t id) {
        if (id >= page.operations) {
            return fmt::format("operation {}", id);
        }
        const PageOperation operation = page.operation(id);
        return fmt::format(
            "{}: {}", cut_text(operation.lane, 40), cut_text(operation.text, text_bytes_max));
    };
    std::string text = fmt::format("the longest order found{}: {}\n",
        order.part.empty() ? std::string() : " of " + cut_text(order.part, 100),
        plural(order.steps.size(), "operation"));
    const std::size_t skipped = order.steps.size() - std::min(order.steps.size(), lines_max);
    if (!order.before.empty()) {
        text += fmt::format("        before: {}\n", cut_text(order.before, text_bytes_max));
    }
    if (skipped > 0) {
        text += fmt::format("        ({} earlier ones)\n", skipped);
    }
    for (std::size_t i = skipped; i < order.steps.size(); ++i) {
        const PartialOrder::Step& step = order.steps[i];
        text += fmt::format("  {:>4}  {}{}\n", i + 1, what(step.operation),
            step.state.empty() ? std::string() : "  => " + cut_text(step.state, text_bytes_max));
    }
    const std::size_t refused = std::min(order.refused.size(), lines_max);
    for (std::size_t i = 0; i < refused; ++i) {
        text += fmt::format("     x  {}\n        refused: {}\n", what(order.refused[i].operation),
            cut_text(order.refused[i].why, text_bytes_max));
    }
    return text + and_more(order.refused.size() - refused, "refused");
}

std::string other_anomalies(const Judgement& judgement) {
    if (judgement.anomalies.size() < 2) {
        return {};
    }
    std::string text = "also\n";
    const std::size_t shown = std::min(judgement.anomalies.size(), lines_max);
    for (std::size_t i = 1; i < shown; ++i) {
        const Anomaly& anomaly = judgement.anomalies[i];
        text +=
            fmt::format("  {}: {}\n", cut_text(anomaly.name, 100), cut_text(anomaly.sentence, 500));
    }
    const std::uint64_t total =
        std::max<std::uint64_t>(judgement.anomalies_total, judgement.anomalies.size());
    return text + and_more(total - shown, "violations");
}

std::string coverage_text(const Judgement& judgement) {
    if (judgement.coverage.empty()) {
        return "looked at\n  nothing, which is no pass\n";
    }
    std::string text = "looked at\n";
    std::size_t width = 0;
    const std::size_t shown = std::min(judgement.coverage.size(), 2 * lines_max);
    const auto rows = std::span(judgement.coverage).first(shown);
    for (const auto& [name, count] : rows) {
        width = std::max(width, cut_text(name, 60).size());
    }
    for (const auto& [name, count] : rows) {
        text += fmt::format("  {}  {:>10}\n", pad(cut_text(name, 60), width), count);
    }
    return text + and_more(judgement.coverage.size() - shown, "rows");
}

}  // namespace

std::string history_page_text(const HistoryPage& page) {
    LEDGER_ASSERT(page.judgement != nullptr);
    const Judgement& judgement = *page.judgement;
    std::string text = first_lines(page);
    if (!judgement.anomalies.empty()) {
        text += steps_text(judgement.anomalies.front());
        text += witness_text(page, judgement.anomalies.front());
    }
    const std::size_t orders = std::min<std::size_t>(judgement.partial.size(), 3);
    for (std::size_t i = 0; i < orders; ++i) {
        text += order_text(page, judgement.partial[i]);
    }
    text += and_more(judgement.partial.size() - orders, "parts without an order");
    text += other_anomalies(judgement);
    text += coverage_text(judgement);
    if (!page.repro.empty()) {
        text += "again\n  " + cut_text(page.repro, sentence_bytes_max) + "\n";
    }
    return text;
}

}  // namespace ledger::check
