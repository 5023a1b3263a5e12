#include "sim/check/log_history/log_page.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "sim/check/names.h"

namespace ledger::check {

LogPage::LogPage(const LogHistory& history, const LogJudgement& judged)
    : history_(history), judged_(judged), words_(history) {
    for (const LogOperation& op : history.operations) {
        moments_.push_back(op.called);
        if (op.returned != LogOperation::never) {
            moments_.push_back(op.returned);
        }
    }
    std::sort(moments_.begin(), moments_.end());
    moments_.erase(std::unique(moments_.begin(), moments_.end()), moments_.end());
}

// Equal times have equal ranks: they are concurrent.
std::uint64_t LogPage::rank(std::int64_t time) const {
    return static_cast<std::uint64_t>(std::ranges::lower_bound(moments_, time) - moments_.begin());
}

std::uint64_t LogPage::shown_before(std::int64_t time) const {
    const auto after = std::ranges::partition_point(
        judged_.floor, [time](const auto& step) { return step.first < time; });
    return after == judged_.floor.begin() ? 0 : (after - 1)->second;
}

std::string LogPage::rule(const LogOperation& op) const {
    const std::uint64_t floor = shown_before(op.called);
    switch (op.kind) {
        case LogKind::append:
            if (op.count > 0 && !op.has(LogOperation::conflict)) {
                return fmt::format("must make a version above {}", floor);
            }
            return fmt::format("must have been judged at version {} or later", floor);
        case LogKind::read:
        case LogKind::tail:
            return op.mode == 0 && judged_.judgement.level == "linearizable"
                       ? fmt::format("must show version {} or later", floor)
                       : fmt::format("version {} had been shown; its level may allow less", floor);
        default: return {};
    }
}

PageOperation LogPage::operation(std::uint64_t id) const {
    LEDGER_ASSERT(id < history_.operations.size());
    const auto place = static_cast<std::uint32_t>(id);
    const LogOperation& op = history_.operations[place];
    PageOperation page;
    page.id = id;
    page.lane = words_.who(place);
    page.called = rank(op.called);
    page.called_ns = op.called_ns;
    if (op.returned != LogOperation::never) {
        page.returned = rank(op.returned);
        page.returned_ns = op.returned_ns;
    }
    page.line = op.line;
    page.text = fmt::format("{} -> {}", words_.what(place), words_.answer(place));
    page.outcome = op.outcome;
    page.kind = to_text(op.kind);
    page.stream = history_.streams[op.stream];
    const std::vector<state::StreamCheck>& checks = history_.details[op.details].checks;
    if (page.stream.empty() && checks.size() == 1) {
        page.stream = checks.front().stream;
    }
    page.key = op.logical == LogOperation::none32 ? "" : history_.keys[op.logical];
    page.before = fmt::format("version {} had been shown", shown_before(op.called));
    if (op.returned != LogOperation::never) {
        page.after = fmt::format("version {} had been shown",
            shown_before(op.returned == INT64_MAX ? op.returned : op.returned + 1));
    }
    page.rule = rule(op);
    return page;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> LogPage::floor() const {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> floor;
    for (const auto& [time, version] : judged_.floor) {
        floor.emplace_back(rank(time), version);
    }
    return floor;
}

std::vector<Annotation> LogPage::annotations() const {
    std::vector<Annotation> annotations = history_.annotations;
    for (Annotation& annotation : annotations) {
        annotation.from = rank(static_cast<std::int64_t>(annotation.from));
        annotation.to = rank(static_cast<std::int64_t>(annotation.to));
    }
    return annotations;
}

}  // namespace ledger::check
