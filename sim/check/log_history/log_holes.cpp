#include "sim/check/log_history/log_holes.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "sim/check/names.h"

namespace ledger::check {
namespace {

constexpr std::uint64_t tries_max = 100'000;
constexpr std::uint64_t packings_max = 200;
constexpr std::uint64_t packed_max = 1000;  // holes: each is a step of a recursion

}  // namespace

LogHoles::LogHoles(const LogHistory& history, LogContent& content, const Floors& floors)
    : history_(history), content_(content), floors_(floors) {
    holes_.assign(content.holes().begin(), content.holes().end());
    std::uint32_t number = 0;
    for (const LogContent::Logical& logical : content.logicals()) {
        const std::uint32_t own = number++;
        const bool open = logical.first != LogContent::nobody && logical.called != INT64_MAX &&
                          !logical.final_conflict && logical.landed == LogContent::nowhere &&
                          logical.ok == LogContent::nobody;
        if (!open || content.payload(logical).empty()) {
            continue;
        }
        const LogOperation& op = history.operations[logical.called_by];
        candidates_.push_back({own, logical.called, content.payload(logical).size(), op.expected});
    }
    std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
        return a.called != b.called ? a.called < b.called : a.logical < b.logical;
    });
    used_.assign(candidates_.size(), false);
}

// The earliest return of an operation that shows the position to be taken.
std::int64_t LogHoles::deadline(std::uint64_t position) const {
    const Floors::Step* step = floors_.first_showing(position + 1);
    return step == nullptr ? INT64_MAX : step->time;
}

bool LogHoles::suits(const Candidate& candidate, std::uint64_t position) const {
    return candidate.called <= deadline(position) &&
           (candidate.only_at == LogOperation::none || candidate.only_at == position);
}

// Whether all that matters of an append is when it was called.
bool LogHoles::single() const {
    return !history_.has_streams && !history_.has_slices &&
           std::ranges::all_of(candidates_, [&](const Candidate& candidate) {
               const LogContent::Logical& logical = content_.logical(candidate.logical);
               const LogDetails& details =
                   history_.details[history_.operations[logical.first].details];
               return candidate.records == 1 && details.checks.empty() &&
                      details.conditions.empty() && details.parts.empty();
           });
}

LogHoles::Found LogHoles::fill(const std::function<bool(const LogContent&)>& fits) {
    LEDGER_ASSERT(!holes_.empty());
    if (single()) {
        return fill_singles();
    }
    cut_off_ = holes_.size() > packed_max;
    if (!cut_off_ && pack(0, fits)) {
        return Found::filled;
    }
    if (cut_off_) {
        reason_ = fmt::format(
            "there is no full read at the end, and {} that nobody has seen could be filled in too "
            "many ways",
            plural(holes_.size(), "position"));
        return Found::undecided;
    }
    reason_ = fmt::format(
        "{}, the first one {}, can be filled with the appends of unknown outcome in no way",
        plural(holes_.size(), "position"), holes_.front());
    return Found::impossible;
}

// Deadlines rise with positions, so the j-th hole takes the j-th call. An append with an expected
// length fits one hole alone, so it goes first.
LogHoles::Found LogHoles::fill_singles() {
    std::size_t next = 0;
    for (const std::uint64_t hole : holes_) {
        const auto exact = std::ranges::find_if(candidates_, [&](const Candidate& candidate) {
            return candidate.only_at == hole && suits(candidate, hole);
        });
        if (exact != candidates_.end()) {
            continue;
        }
        while (next < candidates_.size() && candidates_[next].only_at != LogOperation::none) {
            ++next;
        }
        if (next == candidates_.size() || candidates_[next].called > deadline(hole)) {
            reason_ = fmt::format(
                "position {} was seen to be taken, but no append of unknown outcome that was "
                "called before that is left for it",
                hole);
            return Found::impossible;
        }
        ++next;
    }
    return Found::filled;
}

bool LogHoles::pack(std::size_t next, const std::function<bool(const LogContent&)>& fits) {
    if (next == holes_.size()) {
        return complete(fits);
    }
    const std::uint64_t position = holes_[next];
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
        if (++tried_ > tries_max || packings_ > packings_max) {
            cut_off_ = true;
            return false;
        }
        const Candidate& candidate = candidates_[i];
        // A run of holes that is as long as the append.
        const std::size_t end = next + candidate.records;
        const bool room =
            end <= holes_.size() && holes_[end - 1] == position + candidate.records - 1;
        if (used_[i] || !room || !suits(candidate, position)) {
            continue;
        }
        used_[i] = true;
        packing_.emplace_back(i, position);
        if (pack(end, fits)) {
            return true;
        }
        packing_.pop_back();
        used_[i] = false;
    }
    return false;
}

bool LogHoles::complete(const std::function<bool(const LogContent&)>& fits) {
    ++packings_;
    LogContent filled = content_.copy();
    for (const auto& [i, position] : packing_) {
        const LogContent::Logical& logical = filled.logical(candidates_[i].logical);
        const auto records = filled.payload(logical);
        for (std::uint64_t k = 0; k < records.size(); ++k) {
            filled.fill(position + k, records[k], logical.first);
        }
    }
    filled.again();
    return fits(filled);
}

}  // namespace ledger::check
