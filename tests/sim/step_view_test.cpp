#include "sim/step_view.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <vector>

#include <catch2/catch.hpp>

namespace ledger::sim {
namespace {

using check::NodeStep;
using check::Told;

constexpr NodeId n1{1};
constexpr NodeId n2{2};
constexpr NodeId n3{3};

// One host whose every step is viewed; what it schedules waits, what it sends is noted.
class Bench final : public HostPort {
  public:
    Bench() {
        profile.nemesis.crashes = false;  // it shall boot at the first attempt
        host = std::make_unique<Host>(n1, profile, cluster, choices, faults, *this);
        host->format();
        REQUIRE(host->start(now));
    }

    void schedule(const Item& item) override { items.push_back(item); }
    void stepping(NodeId, const node::Event& event) override { view.begins(*host, event); }
    void stepped(NodeId, std::span<const node::Effect> effects) override {
        steps.push_back(view.ends(*host, effects, now, true));
    }
    void send(const node::PeerMessage& message) override { sent.push_back(message); }
    void reply(NodeId, ClientId, node::ClientReply&&) override {}
    void closed(NodeId, ClientId) override {}
    void applied(NodeId, const HashedEntry&, ByteSpan, const Hash128&) override {}
    void cut_kept(NodeId, const log::CutManifest&) override {}
    void restored(NodeId, Index, const Hash128&) override {}
    void emptied(NodeId) override {}
    void transition(NodeId, const raft::Transition&) override {}
    void synced(NodeId) override {}
    void violated(const std::string& check, const std::string& sentence) override {
        FAIL(check << ": " << sentence);
    }
    void crashed_mid_step(NodeId) override {}
    void halted(NodeId) override {}
    void lost(NodeId) override {}
    void busy(NodeId, Instant) override {}

    // What n2 says, from this disk.
    template <typename M>
    NodeStep hear(const M& said, Incarnation disk = {}) {
        host->step(now, node::Message{{.cluster = cluster,
                            .group = GroupId{1},
                            .from = n2,
                            .to = n1,
                            .body = raft::Message(said),
                            .incarnation = disk}});
        return steps.back();
    }
    // The next thing that it has scheduled happens.
    NodeStep live() {
        const auto next = std::min_element(
            items.begin(), items.end(), [](const Item& a, const Item& b) { return a.at < b.at; });
        REQUIRE(next != items.end());
        const Item item = *next;
        items.erase(next);
        now = std::max(now, item.at);
        item.kind == ItemKind::stored ? host->on_stored(now, item) : host->on_wake(now, item);
        return steps.back();
    }
    NodeStep campaign() {
        while (!steps.back().did.asks_for_pre_votes) {
            live();
        }
        return steps.back();
    }

    Profile profile;
    SeededChoices choices{1};
    FaultCounts faults;
    const ClusterId cluster{1, 1};
    Instant now;
    StepView view;
    std::unique_ptr<Host> host;
    std::deque<Item> items;
    std::vector<NodeStep> steps;
    std::vector<node::PeerMessage> sent;
};

}  // namespace

TEST_CASE("step view: who a node is, and who decides", "[sim]") {
    Bench bench;
    const NodeStep step = bench.steps.back();
    CHECK(step.node == n1);
    CHECK(step.caught_up);
    CHECK(step.told.what == Told::What::nothing);
    CHECK(step.standing.leader == NodeId{});
    CHECK(step.standing.may_campaign);
    CHECK_FALSE(step.standing.alone);
    REQUIRE(step.standing.electorates.size() == 1);
    CHECK(step.standing.electorates[0].size() == 3);
    CHECK(step.standing.members.size() == 3);
    CHECK(step.at == bench.host->clock().local(bench.now));
}

TEST_CASE("step view: a heartbeat, other signs of life, and requests", "[sim]") {
    Bench bench;
    const NodeStep heartbeat = bench.hear(raft::Heartbeat{.term = Term{3}, .round = 1});
    CHECK(heartbeat.told.what == Told::What::heartbeat);
    CHECK(heartbeat.told.from == n2);
    CHECK(heartbeat.told.term == Term{3});
    CHECK(heartbeat.standing.leader == n2);
    CHECK(heartbeat.standing.term == Term{3});
    const NodeStep append = bench.hear(raft::AppendRequest{.term = Term{3}, .sequence = 1});
    CHECK(append.told.what == Told::What::leader_lives);
    const NodeStep wanted =
        bench.hear(raft::PreVoteRequest{.term = Term{3}, .proposed = Term{4}, .last = {}});
    CHECK(wanted.told.what == Told::What::pre_vote_wanted);
    CHECK_FALSE(wanted.did.grants_pre_vote);
    const NodeStep vote = bench.hear(raft::VoteRequest{.term = Term{4}, .last = {}});
    CHECK(vote.told.what == Told::What::vote_wanted);
    CHECK_FALSE(vote.told.transfer);
    CHECK_FALSE(vote.did.grants_vote);
    const NodeStep transfer =
        bench.hear(raft::VoteRequest{.term = Term{4}, .last = {}, .transfer = true});
    CHECK(transfer.told.transfer);
    CHECK(transfer.did.grants_vote);
    CHECK(transfer.standing.term == Term{4});
    CHECK(transfer.standing.leader == NodeId{});
}

TEST_CASE("step view: a campaign, from its pre-votes to its end", "[sim]") {
    Bench bench;
    const NodeStep asks = bench.campaign();
    REQUIRE(asks.did.asks_for_pre_votes);
    const std::uint64_t attempt = *asks.did.asks_for_pre_votes;
    CHECK(attempt > 0);
    const NodeStep granted = bench.hear(raft::PreVoteResponse{
        .term = {}, .proposed = Term{1}, .attempt = attempt, .granted = true});
    CHECK(granted.told.what == Told::What::pre_vote_granted);
    CHECK(granted.told.attempt == attempt);
    CHECK(granted.told.term == Term{1});
    CHECK(granted.did.wins_pre_votes);
    CHECK_FALSE(granted.did.takes_over);
    CHECK(granted.standing.term == Term{1});
    while (!bench.steps.back().did.stored) {
        bench.live();  // its own vote reaches the disk
    }
    const NodeStep elected = bench.hear(raft::VoteResponse{.term = Term{1}, .granted = true});
    CHECK(elected.did.elected);
    CHECK(elected.did.stores);
    CHECK(elected.standing.leader == n1);
    const NodeStep answered = bench.hear(raft::HeartbeatResponse{.term = Term{1}, .round = 1});
    CHECK(answered.told.what == Told::What::answer);
    while (!bench.steps.back().did.loses_quorum) {
        bench.live();
    }
    CHECK(bench.steps.back().standing.leader == NodeId{});
}

TEST_CASE("step view: the leader asks a node to take over", "[sim]") {
    Bench bench;
    bench.hear(raft::Heartbeat{.term = Term{3}, .round = 1});
    const NodeStep takes = bench.hear(raft::TimeoutNow{Term{3}});
    CHECK(takes.told.what == Told::What::take_over);
    CHECK(takes.did.takes_over);
    CHECK_FALSE(takes.did.wins_pre_votes);
}

}  // namespace ledger::sim
