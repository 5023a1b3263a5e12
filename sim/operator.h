#pragma once
// Operator: changes the membership of a run's cluster, moves leadership and loses disks, as a client
// that asks for one thing after the other.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "log/base/choice.h"
#include "raft/raft.h"
#include "sim/faults.h"
#include "sim/operation.h"
#include "sim/profile.h"

namespace ledger::sim {

// What the operator may see and do.
class OperatorPort {
  public:
    virtual ~OperatorPort() = default;
    // The leader of the highest term; null: nobody leads.
    virtual const raft::Raft* leading() const = 0;
    // Whose disk is in this node now.
    virtual Incarnation disk_of(NodeId node) const = 0;
    // Whether any node takes it for a member.
    virtual bool member_anywhere(NodeId node) const = 0;
    // Nothing that others have lost is on this node's disk alone.
    virtual bool may_lose(NodeId node) const = 0;
    // The disk is replaced by an empty one; the node starts with that.
    virtual void wipe(NodeId node) = 0;
};

// It has the manners of a careful one: a lost disk is replaced (removed, added anew) before anything
// else is done, and none is lost that acknowledged entries may need.
class Operator final : public OperationSource {
  public:
    Operator(const Profile& profile, ChoiceSource& choices, FaultCounts& faults, OperatorPort& port);

    std::optional<node::client::What> next(std::uint32_t lane) override;
    void ended(std::uint32_t lane, const node::client::Done& done) override;
    Duration timeout() const override { return profile_.workload.operation_timeout; }
    std::optional<Duration> think_mean() const override { return profile_.membership.interval; }
    bool finished() const override { return ended_ && lost_ == NodeId{}; }

    // Members that may be on their way out.
    std::span<const NodeId> leaving() const { return leaving_; }

    // Nothing more is asked for, but a lost disk is still replaced.
    void stop() { ended_ = true; }

  private:
    std::optional<node::client::What> choose();
    std::uint64_t draw(std::uint64_t domain);
    NodeId random_node();
    node::client::What transfer();
    std::optional<node::client::What> repair(const raft::Configuration& current);
    node::client::What change(const raft::Raft& leader);
    // By value: the node may be a leader that has just been removed, and its disk is about to go.
    node::client::What admit(raft::Configuration current, NodeId node);
    node::client::What treat(const raft::Raft& leader, NodeId member);
    bool may_lose_disk(const raft::Raft& leader, NodeId member) const;
    void make_empty(NodeId node);

    const Profile& profile_;
    ChoiceSource& choices_;
    FaultCounts& faults_;
    OperatorPort& port_;
    std::uint64_t turns_ = 0;  // the entity of its questions
    std::uint64_t draws_ = 0;  // in this turn
    NodeId lost_;                    // its disk is gone and it is not yet back; 0 = none
    std::vector<NodeId> leaving_;
    bool unsure_ = false;            // what was asked for last may still happen
    bool ended_ = false;
};

}  // namespace ledger::sim
