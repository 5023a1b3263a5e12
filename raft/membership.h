#pragma once
// Membership: who votes, who learns; one configuration or two during a joint change.

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string_view>

#include "log/base/ids.h"

namespace ledger::raft {

inline constexpr std::uint32_t members_max = 16;

// A small sorted set of nodes without allocation. At most members_max.
class NodeSet {
  public:
    NodeSet() = default;

    // False if it was there already. Inserting beyond members_max is a bug of the caller.
    bool insert(NodeId node);
    bool erase(NodeId node);
    bool contains(NodeId node) const;
    std::uint32_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    const NodeId* begin() const { return nodes_.data(); }
    const NodeId* end() const { return nodes_.data() + size_; }
    friend bool operator==(const NodeSet& a, const NodeSet& b);

  private:
    std::array<NodeId, members_max> nodes_{};  // sorted; only the first size_ count
    std::uint32_t size_ = 0;
};

// What a configuration says of one member beside its vote.
struct Member {
    NodeId node;
    // Whose promises count. 0: whoever answers first; the leader then writes down who it was.
    Incarnation incarnation;
    // Voters of a higher priority campaign earlier and are preferred when leadership is handed
    // over. A matter of taste, never of safety; the delay is bounded, so none of liveness either.
    std::uint8_t priority = 0;
    // Votes and acknowledges, but holds no data: it gets entries without their erasable parts. Never
    // campaigns, is never a successor, never a source of data.
    bool witness = false;
    // A learner that becomes a voter as soon as it has caught up (thesis §4.2.1) ...
    bool promote = false;
    NodeId replaces;  // ... while this voter leaves in the same change; 0 = nobody
    friend bool operator==(const Member&, const Member&) = default;
};

// Thesis §4.3. While `outgoing` is not empty the configuration is joint: every decision needs a
// majority of `voters` and a majority of `outgoing`. A node in `outgoing` and `learners` is a voter
// until the joint phase ends, then a learner.
struct Configuration {
    NodeSet voters;
    NodeSet outgoing;
    NodeSet learners;
    // Sorted by node; members that are not listed have Member's defaults.
    std::array<Member, members_max> details{};
    std::uint32_t details_count = 0;
    // How often a lost quorum was given up (`ledgerctl recover-quorum`), and with it perhaps what
    // had been acknowledged. Inherited by every later configuration: it is never forgotten.
    std::uint32_t recoveries = 0;

    Member member(NodeId node) const;
    void set_member(const Member& member);

    bool joint() const { return !outgoing.empty(); }
    bool is_voter(NodeId node) const { return voters.contains(node) || outgoing.contains(node); }
    bool is_member(NodeId node) const { return is_voter(node) || learners.contains(node); }
    // May lead: a voter that holds data.
    bool may_lead(NodeId node) const { return is_voter(node) && !member(node).witness; }
    // All nodes that a leader replicates to, itself included.
    NodeSet members() const;
    friend bool operator==(const Configuration&, const Configuration&) = default;
};

// Empty when the configuration makes sense, else what is wrong with it.
std::string_view fault_of(const Configuration& configuration);
// Empty when a cluster in `current` may be led to `target`, else why not.
std::string_view refusal_of(const Configuration& current, const Configuration& target);

// The first step from `current` to `target`: the target itself when at most one voter differs
// (thesis §4.1: then any two majorities overlap), else the joint configuration of both.
Configuration step_towards(const Configuration& current, const Configuration& target);
// The second step: what remains when the outgoing voters have gone.
Configuration leave_joint(const Configuration& joint);

// The usual targets. `fresh` is added as a learner; with `promote` it becomes a voter by itself.
Configuration with_learner(Configuration current, const Member& fresh);
Configuration without(Configuration current, NodeId node);
// The learner votes from now on; the voter that it replaces leaves.
Configuration with_promoted(Configuration current, NodeId learner);
// In one change: `fresh` learns, is promoted when it has caught up, and `old` leaves with that.
Configuration with_replacement(Configuration current, NodeId old, Member fresh);

}  // namespace ledger::raft
