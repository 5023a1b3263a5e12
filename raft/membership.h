#pragma once
// Membership: who votes, who learns; one configuration or two during a joint change.

#include <array>
#include <compare>
#include <cstdint>
#include <span>

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
    // Voters of a higher priority campaign earlier and are preferred when leadership is handed
    // over. A matter of taste, never of safety; the delay is bounded, so none of liveness either.
    std::uint8_t priority = 0;
    friend bool operator==(const Member&, const Member&) = default;
};

// Thesis §4.3. While `outgoing` is not empty the configuration is joint: every decision needs a
// majority of `voters` and a majority of `outgoing`.
struct Configuration {
    NodeSet voters;
    NodeSet outgoing;
    NodeSet learners;
    // Sorted by node; members that are not listed have Member's defaults.
    std::array<Member, members_max> details{};
    std::uint32_t details_count = 0;

    Member member(NodeId node) const;
    void set_member(const Member& member);

    bool joint() const { return !outgoing.empty(); }
    bool is_voter(NodeId node) const { return voters.contains(node) || outgoing.contains(node); }
    bool is_member(NodeId node) const { return is_voter(node) || learners.contains(node); }
    // All nodes that a leader replicates to, itself included.
    NodeSet members() const;
    friend bool operator==(const Configuration&, const Configuration&) = default;
};

}  // namespace ledger::raft
