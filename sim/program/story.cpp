#include "sim/program/story.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace ledger::sim {
namespace {

struct Line {
    Instant at;
    std::string who;
    std::string what;
    std::size_t number = 0;  // of those of one moment this one comes so
};

std::string milliseconds_text(Duration duration) {
    return fmt::format("{}.{:03} ms", duration.nanoseconds / 1'000'000,
        duration.nanoseconds / 1'000 % 1'000);
}

std::string mark_text(const check::Mark& mark) {
    const Duration length = mark.to - mark.from;
    return length > Duration{} ? fmt::format("{}, for {}", mark.text, milliseconds_text(length))
                               : mark.text;
}

std::string operation_text(const check::OperationBox& operation) {
    return operation.outcome == "pending"
               ? operation.text + ": no answer any more"
               : fmt::format("{}: {} after {}", operation.text, operation.outcome,
                     milliseconds_text(operation.to - operation.from));
}

std::vector<Line> lines_of(const check::Report& report, std::span<const PlayedDecision> played) {
    std::vector<Line> lines;
    for (const PlayedDecision& one : played) {
        lines.push_back({one.at, "decided", check::describe(one.decision)});
    }
    for (const check::Mark& mark : report.marks) {
        lines.push_back({mark.from, mark.lane, mark_text(mark)});
    }
    for (const check::OperationBox& operation : report.operations) {
        lines.push_back({operation.from, operation.lane, operation_text(operation)});
    }
    for (std::size_t number = 0; number < lines.size(); ++number) {
        lines[number].number = number;
    }
    std::sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) {
        return std::pair(a.at, a.number) < std::pair(b.at, b.number);
    });
    if (!report.violations.empty()) {
        const check::Violation& violation = report.violations.front();
        lines.erase(std::find_if(lines.begin(), lines.end(),
                        [&](const Line& line) { return line.at > violation.time; }),
            lines.end());
        lines.push_back({violation.time, "VIOLATED", violation.check + ": " + violation.sentence});
    }
    return lines;
}

}  // namespace

std::string story_text(const check::Report& report, std::span<const PlayedDecision> played) {
    const std::vector<Line> lines = lines_of(report, played);
    std::size_t width = 0;
    for (const Line& line : lines) {
        width = std::max(width, line.who.size());
    }
    const std::size_t first = lines.size() > story_lines_max ? lines.size() - story_lines_max : 0;
    std::string text = first > 0 ? fmt::format("({} lines before these)\n", first) : std::string();
    for (std::size_t i = first; i < lines.size(); ++i) {
        const std::int64_t microseconds = lines[i].at.nanoseconds / 1'000;
        text += fmt::format("{:>5}.{:06} s  {:<{}}  {}\n", microseconds / 1'000'000,
            microseconds % 1'000'000, lines[i].who, width, lines[i].what);
    }
    return text;
}

}  // namespace ledger::sim
