#pragma once
// Story: one action of a timeline in a sentence: what came, what the node did, what it says.

#include <string>
#include <string_view>

#include "sim/explore/core/state.h"

namespace ledger::sim {

// "append_request"; of a cut that travels, "cut".
std::string_view packet_kind(const PacketBrief& packet);

// Names the nodes as n1, n2, ... `after` is the state that the action leads to.
std::string story_of(const CoreTables& tables, const CoreState& before, const CoreAction& action,
    const CoreState& after);

}  // namespace ledger::sim
