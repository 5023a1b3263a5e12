#include "sim/explore/log_stage.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"

namespace ledger::sim {

log::LogStart LogState::start_at(Index index) const {
    if (index == start.id.index) {
        return start;
    }
    const HashedEntry& held = entry(index);
    return {held.entry.id(), held.hash, held.entry.cluster_time, held.entry.wall_time};
}

void LogState::apply(const log::Group& group) {
    hard_state = group.hard_state.value_or(hard_state);
    if (group.restart || group.truncate_to || !group.entries.empty()) {
        in_doubt.clear();
    }
    if (group.restart) {
        start = *group.restart;
        entries.clear();
        commit = start.id.index;
    }
    if (group.truncate_to) {
        cut(*group.truncate_to);
    }
    entries.insert(entries.end(), group.entries.begin(), group.entries.end());
    for (const EntryRef& form : group.erasures) {
        if (holds(form.index)) {
            entries[form.index - first()].entry = form;
        }
    }
    commit = std::max(commit, std::min(group.commit, last()));
}

void LogState::forget(Index begin) {
    LEDGER_ASSERT(begin >= first() && begin <= last());
    const auto gone = static_cast<std::ptrdiff_t>(begin - first());
    start = start_at(begin.previous());
    entries.erase(entries.begin(), entries.begin() + gone);
}

bool operator==(const FoundLog& a, const FoundLog& b) {
    if (a.error || b.error) {
        return a.error && b.error && a.error->code == b.error->code &&
               a.error->place == b.error->place;
    }
    return a.stranger == b.stranger && a.hard_state == b.hard_state &&
           a.previous == b.previous && a.first == b.first && a.last == b.last &&
           a.last_hash == b.last_hash && a.commit == b.commit && a.commit_hash == b.commit_hash &&
           a.cluster_time == b.cluster_time && a.wall_time == b.wall_time &&
           a.left == b.left && a.faulty == b.faulty && a.unsealed == b.unsealed;
}

namespace {

// The log of `state`, or the part of it that ends at found.last, and nothing else.
bool is_part(const LogState& state, const FoundLog& found) {
    if (found.previous != state.start.id || found.first != state.first() ||
        found.last < state.start.id.index || found.last > state.last() ||
        found.commit < state.start.id.index || found.commit > found.last) {
        return false;
    }
    const log::LogStart end = state.start_at(found.last);
    return found.last_hash == end.hash && found.cluster_time == end.cluster_time &&
           found.wall_time == end.wall_time &&
           found.commit_hash == state.start_at(found.commit).hash;
}

bool is_whole(const LogState& state, const FoundLog& found) {
    return found.last == state.last() && is_part(state, found);
}

// The log as the call under way leaves it, if only in part.
bool is_after(const LogStage& stage, const FoundLog& found) {
    if (!stage.after) {
        return false;
    }
    // No entry before its term: the hard state of a group is durable before its entries.
    return found.last >= stage.kept && found.hard_state == stage.after->hard_state &&
           (stage.discards ? is_whole(*stage.after, found) : is_part(*stage.after, found));
}

// The log as it was, perhaps with the new hard state; only if the log itself stays the same does a
// hard state come without it.
bool is_before(const LogStage& stage, const FoundLog& found) {
    const bool new_hard_state = stage.after && stage.after->start == stage.before.start &&
                                found.hard_state == stage.after->hard_state;
    return (found.hard_state == stage.before.hard_state || new_hard_state) &&
           is_whole(stage.before, found);
}

// What the group under way was about to append behind what is there of it.
bool names_what_is_missing(const LogStage& stage, const FoundLog& found) {
    Index next = found.last.next();
    for (const LogId& named : found.unsealed) {
        const bool under_way = stage.after && next >= stage.after->first() &&
                               next <= stage.after->last() &&
                               stage.after->entry(next).entry.id() == named;
        if (!under_way) {
            return false;
        }
        ++next;
    }
    return found.unsealed.empty() || is_after(stage, found);
}

// Left by an earlier crash, and nothing has been written since, or what was has not arrived.
bool is_in_doubt_still(const LogStage& stage, const FoundLog& found) {
    return found.unsealed == stage.before.in_doubt && is_before(stage, found);
}

// Before the call, or as it is to be after it.
bool has_left(const std::optional<LogState>& state, Index index, std::uint32_t left) {
    return state && state->holds(index) && state->left(index) == left;
}

// What had been erased is erased for good, and nothing else is gone.
std::string explain_erasures(const LogStage& stage, const FoundLog& found) {
    for (std::uint64_t i = 0; i < found.left.size(); ++i) {
        const Index index = found.first + i;
        if (!has_left(stage.before, index, found.left[i]) &&
            !has_left(stage.after, index, found.left[i])) {
            return fmt::format("the opening found {} erasable bytes of entry {}, which is neither "
                               "what sync() had returned for nor what was under way",
                found.left[i], index);
        }
    }
    return {};
}

std::string name(const HardState& state) {
    return fmt::format("term {} vote {}", state.term, state.vote);
}

std::string range(Index first, Index last) {
    return last < first ? fmt::format("no entry after {}", first.previous())
                        : fmt::format("entries {} to {}", first, last);
}

std::string describe_difference(const LogStage& stage, const FoundLog& found) {
    const LogState& before = stage.before;
    std::string promised = fmt::format("sync() had returned for {} and {}",
        name(before.hard_state), range(before.first(), before.last()));
    if (stage.after) {
        promised += fmt::format(", {} and {} were under way", name(stage.after->hard_state),
            range(stage.after->first(), stage.after->last()));
    }
    return fmt::format("{}, but the opening found {} and {}, committed up to {}", promised,
        name(found.hard_state), range(found.first, found.last), found.commit);
}

}  // namespace

std::string explain(const LogStage& stage, const FoundLog& found) {
    if (found.error) {
        if (!stage.formatted && found.error->code == log::Errc::not_found) {
            return {};
        }
        return fmt::format("the opening refused what a crash alone has left: {}: {}",
            found.error->code.message(), found.error->place);
    }
    if (!found.stranger.empty()) {
        return found.stranger;
    }
    if (found.commit > stage.commit_max) {
        return fmt::format("the opening takes {} for committed, of which nobody was told more "
                           "than {}",
            found.commit, stage.commit_max);
    }
    if (!found.faulty.empty()) {
        return fmt::format("a crash alone made entry {} faulty", found.faulty.front().index);
    }
    if (!names_what_is_missing(stage, found) && !is_in_doubt_still(stage, found)) {
        return fmt::format("the log ends at {}, and {} is called unsealed, which nobody was about "
                           "to append there",
            found.last, found.unsealed.front().index);
    }
    return is_before(stage, found) || is_after(stage, found) ? explain_erasures(stage, found)
                                                             : describe_difference(stage, found);
}

LogState settle(const LogStage& stage, const FoundLog& found) {
    LEDGER_ASSERT(!found.error && explain(stage, found).empty());
    LogState state = is_after(stage, found) ? *stage.after : stage.before;
    state.hard_state = found.hard_state;
    state.cut(found.last);
    for (std::uint64_t i = 0; i < found.left.size(); ++i) {
        const Index index = found.first + i;
        if (state.left(index) != found.left[i]) {
            state.entries[i].entry = stage.before.entry(index).entry;
        }
    }
    state.commit = found.commit;
    state.in_doubt = found.unsealed;
    return state;
}

}  // namespace ledger::sim
