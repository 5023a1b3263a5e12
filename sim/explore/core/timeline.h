#pragma once
// Timeline: one way through the search as a small text: what was found, and every action in words.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/explore/core/state.h"

namespace ledger::sim {

// An action that means the same in every process: packets by what they say.
struct TimelineStep {
    CoreAction action;         // without the number of a packet
    std::uint64_t packet = 0;  // CoreTables::identity(), of Act::deliver
    std::string story;         // for people
    bool operator==(const TimelineStep& other) const {
        return action == other.action && packet == other.packet;
    }
};

struct Timeline {
    CoreBounds bounds;
    Reductions reductions;
    std::string violation;  // the sentence; empty: a target was reached
    std::vector<TimelineStep> steps;
};

inline constexpr std::size_t timeline_steps_max = 10'000;

// Follows the actions from the first state; they are ones of this search. `fatal` comes after them
// and is not performed again: the core did not survive it.
Timeline tell(CoreSteps& steps, const std::vector<CoreAction>& actions, std::string_view violation,
    const std::optional<CoreAction>& fatal = std::nullopt);

// "ledger.timeline/1", then a line each: bounds, reductions, what was found, and the actions with
// their numbers from 1; behind # what happens there, for people.
std::string print_timeline(const Timeline& timeline);
// The stories are not read. Else the first fault is told, as "line 3, column 7: ...".
struct ParsedTimeline {
    Timeline timeline;
    std::string fault;
};
ParsedTimeline parse_timeline(std::string_view text);

// Goes along its first `count` steps from the first state of `steps`, whose bounds may be others
// than the timeline's but for what a node is (compatible()).
struct Followed {
    CoreState state;
    std::vector<CoreAction> actions;
    std::size_t lost_at = 0;  // the first step, from 1, that is not possible; 0 = all were
    std::string violation;    // of the last step that was possible
};
Followed follow(CoreSteps& steps, const Timeline& timeline, std::size_t count);
// Whether nodes do the same within both bounds.
bool compatible(const CoreBounds& a, const CoreBounds& b);

// Plays it again. `lost_at`: the first step, from 1, that is no longer possible; 0 = all were.
struct Replayed {
    std::size_t lost_at = 0;
    std::string violation;  // at the last step that was possible
    Timeline told;          // as far as it went, with stories
};
Replayed replay(const Timeline& timeline);

}  // namespace ledger::sim
