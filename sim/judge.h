#pragma once
// Judge: shows every checker what happens, in event order, and keeps the first violation.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "node/client.h"
#include "node/cut_entries.h"
#include "node/subscriber.h"
#include "raft/raft.h"
#include "sim/check/answers.h"
#include "sim/check/availability.h"
#include "sim/check/chain.h"
#include "sim/check/committed_log.h"
#include "sim/check/convergence.h"
#include "sim/check/cuts.h"
#include "sim/check/durability.h"
#include "sim/check/erased_events.h"
#include "sim/check/exactly_once.h"
#include "sim/check/guest.h"
#include "sim/check/history.h"
#include "sim/check/linearizability.h"
#include "sim/check/raft_safety.h"
#include "sim/check/subscription.h"
#include "sim/check/verdict.h"
#include "sim/guest.h"
#include "sim/host.h"

namespace ledger::sim {

class Judge final {
  public:
    struct Bounds {
        check::Availability::Bounds availability{};
        Duration answers = seconds(10);  // within this a request is answered, without fault or lag
        const Guest* guest = nullptr;    // outlives the judge
        bool all_copies_may_go = false;  // who waits for one is told of at the end: see excuse_waiting()
    };

    // Nodes 1 to `nodes` are the first voters. `kept_operations`: how many ended operations the history keeps for reports and files.
    Judge(std::uint32_t nodes, std::uint64_t kept_operations, const Bounds& bounds);
    Judge(const Judge&) = delete;  // the checkers refer to each other
    Judge& operator=(const Judge&) = delete;

    // Where the run stands; every later finding carries it.
    void at(std::uint64_t step, Instant now) { when_ = {step, now}; }

    void stepped() { ++steps_examined_; }  // raft/invariants looked at one more step
    void violated(const std::string& check, check::Kind kind, const std::string& sentence);

    // Who leads, who wants to, who is heard: every step, then what left the machine because of it.
    void seen(const check::NodeStep& step);
    void left(const node::PeerMessage& message);
    // All nodes have followed this leader for long, and nothing is being done to anybody; or it is.
    void settled(Term term) { availability_.settled(term); }
    void disturbed() { availability_.disturbed(); }
    // From now on no fault strikes.
    void calms();
    void asked(NodeId node, ClientId connection, RequestId request);
    void answered(NodeId node, ClientId connection, RequestId request);
    void closed(NodeId node, ClientId connection);

    void applied(
        NodeId node, const HashedEntry& entry, ByteSpan outcome, const Hash128& digest);
    // A life of the node is over.
    void ended(NodeId node);
    void restarted(NodeId node);
    void cut_kept(NodeId node, const log::CutManifest& manifest);
    void restored(NodeId node, Index index, const Hash128& digest);
    void emptied(NodeId node) { committed_.restarted(node); }
    void guest_moved(
        NodeId node, Index index, GuestMoment::What what, const GuestedMachine& machine);
    // The disk in this node, which is down, will be replaced by an empty one.
    void wiped(const Host& host);
    void transition(const Host& host, const raft::Transition& transition);
    void synced(const Host& host);
    // A command's outcome leaves `node`; the disks say who could repeat it after a power failure.
    // `in_force` is the configuration there.
    void acknowledged(ClientId client, const raft::Configuration& in_force, Index index,
        ByteSpan outcome, std::span<const std::unique_ptr<Host>> hosts);

    check::OperationId called(ClientId client, NodeId to, const node::client::What& what,
        std::uint32_t attempt);
    void returned(check::OperationId attempt, check::Answer&& answer);
    // A client was told that these events have no payloads any more.
    void redacted(const state::Redact& redact);

    void subscribes(std::uint32_t subscriber, const node::subscriber::Options& options);
    void delivered(std::uint32_t subscriber, const node::subscriber::Events& events);
    // The subscriber itself found that a node broke the promise, or was sent away.
    // `first` is where the ledger of that node begins.
    void unsubscribed(std::uint32_t subscriber, const node::subscriber::Finished& end, Position first);
    bool subscribers_complete() const { return subscription_.all_complete(); }

    // A node has said what it lacks, and nobody has it any more: that others wait for it breaks no
    // promise. What anybody has said or holds is judged as ever.
    void excuse_waiting() { excused_ = true; }

    // Everything is quiet: the last word, from disks that lost their power and were opened again.
    // The hosts are down afterwards.
    void finish(std::span<const std::unique_ptr<Host>> hosts, const state::Limits& limits);

    const std::optional<check::Violation>& violation() const { return violation_; }
    // The committed configuration has a place for this node, with the disk that is in it.
    bool takes_part(const Host& host) const;

    // The newest committed one.
    const raft::Configuration& membership() const { return membership_; }
    const check::CommittedLog& committed() const { return committed_; }
    const check::History& history() const { return history_; }
    // The history as lines, and a read of all that was committed, as `ledgersim check` reads them.
    std::string history_jsonl() const;
    std::uint64_t settled_moments() const { return availability_.settled_moments(); }
    std::uint64_t elections() const { return raft_safety_.elections(); }
    std::vector<check::CheckResult> results() const;

  private:
    void compare(const check::Convergence::Replica& replica);
    void note(check::Finding&& finding, const char* check, check::Kind kind = check::Kind::safety);
    void read_disk(Host& host, const log::Recovered& recovered, const state::Limits& limits);
    void look_at_front(const Host& host);
    void note_redaction(const HashedEntry& entry, ByteSpan outcome);
    void look_for_erased(const Host& host, Position retained);
    bool read_cut(
        Host& host, Index before, GuestedMachine& rebuilt, node::CutControl& control);

    // A voter may have made its promises on a disk that was lost since.
    struct LostDisk {
        NodeId node;
        Incarnation incarnation;
        DiskAudit audit;
    };

    const Bounds bounds_;
    raft::Configuration membership_;  // the newest committed one
    std::vector<LostDisk> lost_disks_;
    check::When when_;
    std::optional<check::Violation> violation_;
    std::optional<check::Violation> late_;  // the first one that may be excused
    bool excused_ = false;
    std::uint64_t steps_examined_ = 0;
    std::uint64_t invariant_violations_ = 0;
    std::uint64_t attempts_ = 0;  // numbers operations of the history

    check::CommittedLog committed_;
    check::History history_;
    check::Linearizability linearizability_{committed_.order()};
    check::ExactlyOnce exactly_once_{committed_.order()};
    check::Durability durability_{committed_};
    check::RaftSafety raft_safety_{committed_};
    check::Chain chain_{committed_};
    check::Subscription subscription_{committed_.order()};
    check::Convergence convergence_;
    check::Availability availability_;
    check::Answers answers_;
    check::ErasedEvents erased_events_;
    Index copies_noted_from_;  // the feature entry as of which the ledger notes copies; 0 = none yet
    check::GuestAgreement guest_;
    Guest::Property property_;
    check::Tally property_tally_{"property"};
    check::Cuts cuts_{committed_};
    std::vector<Index> fronts_;  // by node number: where its durable log began when looked at; 0 = never
};

}  // namespace ledger::sim
