#pragma once
// Availability: nobody disturbs a leader that does its work, and a leader that cannot do it ends.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "log/base/ids.h"
#include "log/base/time.h"
#include "sim/check/durability.h"
#include "sim/check/verdict.h"

namespace ledger::check {

// The message that a node was handed in a step, as far as elections and leadership go.
struct Told {
    enum class What : std::uint8_t {
        nothing = 1,   // no message, or one that is not about this
        heartbeat,     // of a leader, which wants an answer at once
        leader_lives,  // another message of a leader
        answer,        // to a leader
        pre_vote_wanted,
        pre_vote_granted,
        vote_wanted,
        take_over,  // the leader asks for a campaign
    };
    What what = What::nothing;
    NodeId from;
    Term term;                  // the sender's; pre_vote_granted: the one that was proposed
    std::uint64_t attempt = 0;  // pre_vote_granted: the round that it answers
    bool transfer = false;      // vote_wanted: the leader asked for the campaign
};

// What a node began to do in a step.
struct Did {
    std::optional<std::uint64_t> asks_for_pre_votes;  // in a round of this number
    bool grants_pre_vote = false;
    bool grants_vote = false;
    bool wins_pre_votes = false;  // becomes candidate because of them
    bool takes_over = false;      // becomes candidate because the leader asked
    bool elected = false;
    bool loses_quorum = false;        // gives leadership up since nobody answers
    bool finds_disk_stalled = false;  // gives it up for that
    std::optional<Ticket> stores;     // a group with entries
    std::optional<Ticket> stored;     // was told that this group is on the disk
};

// What a node is after a step, by its own word. Without leader, and no leader itself, it looks for
// one or waits for its time to come.
struct Standing {
    Term term;
    NodeId leader;                              // itself if it leads; 0 = it knows none
    bool may_campaign = false;                  // a voter that holds data and knows of no removal
    bool alone = false;                         // the only voter
    std::span<const Electorate> electorates{};  // who decides: one, or two if joint
    std::span<const NodeId> members{};
};

// One step of one node, in the order in which they happen.
struct NodeStep {
    NodeId node;
    Instant at;  // by the node's own clock
    // Everything that had happened to it before has been handled: a timer that was due has run.
    bool caught_up = false;
    Told told;
    Did did;
    Standing standing;
};

// The bounds are those that every node is configured with, on its own clock; that keeps what is
// said here true whatever messages, clocks, disks and pauses do.
class Availability {
  public:
    struct Bounds {
        Duration election_timeout = milliseconds(150);  // the minimum one
        Duration silence_max = milliseconds(300);       // without a leader; then a voter campaigns
    };

    explicit Availability(const Bounds& bounds) : bounds_(bounds) {}

    // A life of the node ends; the next step begins another one.
    void ends(NodeId node);
    [[nodiscard]] Finding stepped(const NodeStep& step);
    // A heartbeat, or the answer to one, has left the machine.
    void beat_left(NodeId from, NodeId to);
    void answer_left(NodeId from, NodeId to);

    // Now nothing is being done to any node or link, and all nodes have followed this leader for
    // four election timeouts: from now on no term rises and no leader changes.
    void settled(Term term);
    // Not so any more.
    void disturbed() { settled_.reset(); }
    // How often it was so.
    std::uint64_t settled_moments() const { return settled_moments_; }

    // Name "availability"; examined = campaigns, votes asked for, heartbeats answered, leaderships
    // given up, and looks at leaders and leaderless nodes that had to prove themselves.
    CheckResult result() const { return tally_.result(); }

  private:
    struct Peer {
        NodeId node;
        Instant contact;  // answered, elected it or joined
        Instant beat;     // was sent a heartbeat, or the same
    };
    struct Node {
        bool up = false;
        Instant at;  // of its last step
        Term term;
        NodeId leader;
        bool may_campaign = false;
        Instant heard;    // `leader`, if it is another node
        Instant patient;  // from then on it waits for at least one election timeout
        Instant able;     // from then on it may campaign
        std::optional<std::uint64_t> round;  // of pre-votes under way
        std::vector<NodeId> granted;         // in that round
        std::optional<NodeId> owes_answer;   // to a heartbeat of that leader
        std::vector<Peer> peers;             // as leader
        Ticket stores;                       // the newest group with entries
        Ticket stored;
        Instant disk_progress;
        Instant shared_since;  // until then it was the only voter: nobody could lead in its place
    };

    Node& node(NodeId id);
    Finding violated(const NodeStep& step, const std::string& what);
    Finding judge_following(const Node& of, const NodeStep& step);
    void hear(Node& of, const NodeStep& step);
    void take_over_standing(Node& of, const NodeStep& step);
    void keep_peers(Node& of, const NodeStep& step);
    void follow_disk(Node& of, const NodeStep& step);
    Finding judge_votes(const Node& of, const NodeStep& step);
    Finding judge_campaign(Node& of, const NodeStep& step);
    Finding judge_candidacy(const Node& of, const NodeStep& step);
    Finding judge_end(const Node& of, const NodeStep& step);
    Finding judge_calm(const NodeStep& step);
    Finding judge_silence(const Node& of, const NodeStep& step);
    Finding judge_leader(const Node& of, const NodeStep& step);
    bool heard_quorum(const Node& of, const NodeStep& step, Duration within) const;

    const Bounds bounds_;
    std::vector<Node> nodes_;  // by number
    std::optional<Term> settled_;
    std::uint64_t settled_moments_ = 0;
    Tally tally_{"availability"};
};

}  // namespace ledger::check
