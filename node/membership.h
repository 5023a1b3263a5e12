#pragma once
// Membership: what the requests of clients mean for the configuration, and how a status tells it.

#include <string>
#include <variant>
#include <vector>

#include "node/message.h"
#include "raft/membership.h"

namespace ledger::node {

// Where `change` leads from `current`, or why it makes no sense there. Raft may still refuse it.
std::variant<raft::Configuration, std::string> target_of(
    const raft::Configuration& current, const ChangeMembership& change);

// Whether `configuration` is what `change` asked for, or leads there by itself. So who does not
// know what became of a change can find out without asking for it again.
bool fulfilled(const raft::Configuration& configuration, const ChangeMembership& change);

// A configuration as a status lists it, without what only a leader knows, and back.
std::vector<MemberStatus> members_of(const raft::Configuration& configuration);
raft::Configuration configuration_of(const std::vector<MemberStatus>& members);

}  // namespace ledger::node
