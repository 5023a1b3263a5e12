#include "sim/judge.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "log/state/ledger.h"

namespace ledger::sim {
namespace {

constexpr NodeId n1{1};
constexpr NodeId n2{2};

// Hosts without a world: what they schedule waits here, what they send goes nowhere.
class QuietPort final : public HostPort {
  public:
    void schedule(const Item& item) override { items.push_back(item); }
    void stepping(NodeId, const node::Event&) override {}
    void stepped(NodeId, std::span<const node::Effect>) override {}
    void send(const node::PeerMessage&) override {}
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

    std::deque<Item> items;
};

struct Bench {
    explicit Bench(std::uint32_t nodes = 3) {
        profile.nodes = nodes;
        profile.nemesis.crashes = false;  // hosts shall boot at the first attempt
    }

    // A formatted, started host on a disk of its own.
    Host& boot(NodeId node) {
        hosts.push_back(std::make_unique<Host>(
            node, profile, ClusterId{1, 1}, choices, faults, port));
        hosts.back()->format();
        REQUIRE(hosts.back()->start(now));
        return *hosts.back();
    }
    // Writes behind the replica's back, durably, and boots again: the audit has seen it.
    void plant(Host& host, const log::Group& group) {
        REQUIRE(static_cast<bool>(host.storage().write(group)));
        REQUIRE(static_cast<bool>(host.storage().sync()));
        host.crash(now);
        REQUIRE(host.start(now));
    }
    // Lets virtual time pass for `host` until it has applied something.
    void live(Host& host) {
        for (int i = 0; i < 1000 && host.replica().applied() == Index{}; ++i) {
            REQUIRE_FALSE(port.items.empty());
            const Item item = port.items.front();
            port.items.pop_front();
            now = std::max(now, item.at);
            if (item.kind == ItemKind::stored) {
                host.on_stored(now, item);
            } else {
                host.on_wake(now, item);
            }
        }
        REQUIRE(host.replica().applied() > Index{});
    }

    Profile profile;
    SeededChoices choices{1};
    FaultCounts faults;
    QuietPort port;
    Instant now;
    std::vector<std::unique_ptr<Host>> hosts;
};

// A log with its outcomes, made by the real ledger.
class Script {
  public:
    struct Line {
        HashedEntry entry;
        ByteVector outcome;
        Hash128 digest;
    };

    Line next(const state::Command& command, Term term = Term{1}) {
        EntryRef entry{.index = Index{++index_}, .term = term, .kind = EntryKind::command};
        entry.handle = state::encode_command(command);
        entry.bytes = entry.handle->size();
        hash_ = entry_hash(hash_, entry);
        Line line{{entry, hash_}, {}, {}};
        ledger_.apply(entry, hash_, line.outcome);
        line.digest = ledger_.digest();
        return line;
    }

  private:
    std::uint64_t index_ = 0;
    Digest hash_;
    state::Ledger ledger_;
};

state::Append append_of(std::uint64_t id) {
    state::Append append;
    append.streams = {{"orders", {}}};
    append.events.push_back({.stream = 0, .id = {7, id}, .type = "placed"});
    return append;
}

void show(Judge& judge, NodeId node, const Script::Line& line) {
    judge.applied(node, line.entry, line.outcome, line.digest);
}

// The one violation: the check, its kind, when it was found, and part of the sentence.
void expect(const Judge& judge, const std::string& check, const std::string& part,
    check::Kind kind = check::Kind::safety) {
    REQUIRE(judge.violation());
    const check::Violation& found = *judge.violation();
    INFO(found.check << ": " << found.sentence);
    CHECK(found.check == check);
    CHECK(found.kind == kind);
    CHECK(found.step == 42);
    CHECK(found.time == Instant{4200});
    CHECK(found.sentence.find(part) != std::string::npos);
    for (const check::CheckResult& result : judge.results()) {
        if (result.name == check) {
            CHECK(result.verdict == check::CheckResult::Verdict::violated);
            CHECK(result.examined > 0);
        }
    }
}

constexpr ClientId client{3};

// A judge in the middle of a run: two appends are under way, nobody has been answered.
struct Court {
    explicit Court(std::uint32_t nodes = 3) : judge(nodes, 10, {}) {
        judge.at(42, Instant{4200});
        first = judge.called(client, n1, append_of(1), 1);
        judge.called(client, n2, append_of(2), 1);
    }
    Judge judge;
    check::OperationId first;
};

constexpr state::ReadAll everything{{}, state::Direction::forward, 100};

raft::Configuration three_voters() {
    raft::Configuration configuration;
    for (std::uint32_t node = 1; node <= 3; ++node) {
        configuration.voters.insert(NodeId{node});
    }
    return configuration;
}

}  // namespace

TEST_CASE("judge: before it has seen anything every check is idle", "[sim]") {
    const Judge judge(3, 0, {});
    CHECK(judge.results().size() == 13);
    for (const check::CheckResult& result : judge.results()) {
        INFO(result.name);
        CHECK(result.verdict == check::CheckResult::Verdict::idle);
        CHECK(result.examined == 0);
    }
}

TEST_CASE("judge: replicas that apply different entries at an index disagree", "[sim]") {
    Court court;
    Judge& judge = court.judge;
    Script one;
    Script other;
    show(judge, n1, one.next(append_of(1)));
    show(judge, n2, other.next(append_of(2)));
    expect(judge, "agreement", "index 1");
}

TEST_CASE("judge: a replica that disagrees with its own former life is caught", "[sim]") {
    Court court;
    Judge& judge = court.judge;
    Script one;
    Script other;
    show(judge, n1, one.next(append_of(1)));
    judge.restarted(n1);
    show(judge, n1, other.next(append_of(2)));
    expect(judge, "agreement", "index 1");
}

TEST_CASE("judge: an event in two places was executed twice", "[sim]") {
    Court court;
    Judge& judge = court.judge;
    Script script;
    show(judge, n1, script.next(append_of(1)));
    REQUIRE_FALSE(judge.violation());
    show(judge, n1, script.next(append_of(1)));
    expect(judge, "exactly_once", "took effect twice");
}

TEST_CASE("judge: an acknowledgement with too few holders is a lie", "[sim]") {
    Bench bench;
    Script script;
    const Script::Line line = script.next(append_of(1));
    bench.boot(n1);
    bench.boot(n2);
    Court nobody_court;
    Judge& nobody = nobody_court.judge;
    show(nobody, n1, line);
    nobody.acknowledged(ClientId{3}, three_voters(), Index{1}, line.outcome, bench.hosts);
    expect(nobody, "durability", "on the disk of none of 3 replicas");

    log::Group group{.hard_state = HardState{Term{1}, {}}, .truncate_to = {},
        .entries = {line.entry}, .commit = {}};
    bench.plant(*bench.hosts[0], group);
    Court one_court;
    Judge& one = one_court.judge;
    show(one, n1, line);
    one.acknowledged(ClientId{3}, three_voters(), Index{1}, line.outcome, bench.hosts);
    expect(one, "durability", "only 1 of 3 replicas (n1)");

    bench.plant(*bench.hosts[1], group);
    Court quorum_court;
    Judge& quorum = quorum_court.judge;
    show(quorum, n1, line);
    quorum.acknowledged(ClientId{3}, three_voters(), Index{1}, line.outcome, bench.hosts);
    CHECK_FALSE(quorum.violation());
}

TEST_CASE("judge: another entry at the same index is no copy", "[sim]") {
    Bench bench;
    Script script;
    Script other;
    const Script::Line line = script.next(append_of(1));
    const log::Group group{.hard_state = HardState{Term{1}, {}}, .truncate_to = {},
        .entries = {other.next(append_of(2)).entry}, .commit = {}};
    for (const NodeId node : {n1, n2}) {
        bench.plant(bench.boot(node), group);
    }
    Court court;
    Judge& judge = court.judge;
    show(judge, n1, line);
    judge.acknowledged(ClientId{3}, three_voters(), Index{1}, line.outcome, bench.hosts);
    expect(judge, "durability", "none of 3 replicas");
}

TEST_CASE("judge: what was acknowledged must still be there at the end", "[sim]") {
    Bench bench;
    Script script;
    const Script::Line line = script.next(append_of(1));
    const log::Group group{.hard_state = HardState{Term{1}, {}}, .truncate_to = {}, .entries = {line.entry},
        .commit = {}};
    for (const NodeId node : {n1, n2}) {
        bench.plant(bench.boot(node), group);
    }
    Court court;
    Judge& judge = court.judge;
    show(judge, n1, line);
    judge.acknowledged(ClientId{3}, three_voters(), Index{1}, line.outcome, bench.hosts);
    REQUIRE_FALSE(judge.violation());
    Bench later;  // the same nodes, with nothing on their disks
    later.boot(n1);
    later.boot(n2);
    judge.finish(later.hosts, state_limits(later.profile));
    expect(judge, "durability", "acknowledged at index 1, is on the disk of none");
}

TEST_CASE("judge: a disk with another entry than was applied breaks the chain", "[sim]") {
    Bench bench;
    Script script;
    Script other;
    bench.plant(bench.boot(n1), {.hard_state = HardState{Term{1}, {}}, .truncate_to = {},
        .entries = {other.next(append_of(2)).entry}, .commit = {}});
    Court court;
    Judge& judge = court.judge;
    show(judge, n2, script.next(append_of(1)));
    judge.finish(bench.hosts, state_limits(bench.profile));
    expect(judge, "chain", "n1");
}

TEST_CASE("judge: replicas that stay behind did not converge", "[sim]") {
    Bench bench(1);
    Host& ahead = bench.boot(n1);
    bench.live(ahead);
    bench.boot(n2);
    Court court(1);
    Judge& judge = court.judge;
    judge.finish(bench.hosts, state_limits(bench.profile));
    expect(judge, "convergence", "did not converge", check::Kind::liveness);
}

TEST_CASE("judge: a term that falls on a disk is noticed", "[sim]") {
    Bench bench;
    Host& before = bench.boot(n1);
    bench.plant(before,
        {.hard_state = HardState{Term{5}, n2}, .truncate_to = {}, .entries = {}, .commit = {}});
    Court court;
    Judge& judge = court.judge;
    judge.synced(before);
    REQUIRE_FALSE(judge.violation());
    judge.synced(bench.boot(n1));  // the same node on a fresh disk
    expect(judge, "raft_safety", "fell from 5 to 0");
}

TEST_CASE("judge: a vote that changes within its term is noticed", "[sim]") {
    Court court;
    Judge& judge = court.judge;
    for (const NodeId vote : {n1, n2}) {
        Bench bench;
        Host& host = bench.boot(n1);
        bench.plant(host, {.hard_state = HardState{Term{5}, vote}, .truncate_to = {},
            .entries = {}, .commit = {}});
        judge.synced(host);
    }
    expect(judge, "raft_safety", "a vote lasts for its term");
}

TEST_CASE("judge: two leaders of one term are one too many", "[sim]") {
    Bench bench;
    Court court;
    Judge& judge = court.judge;
    const raft::Transition elected{.role = raft::Role::leader, .term = Term{4}, .leader = n1};
    Host& first = bench.boot(n1);
    Host& second = bench.boot(n2);
    for (Host* host : {&first, &second}) {
        bench.plant(*host, {.hard_state = HardState{Term{4}, n1}, .truncate_to = {},
            .entries = {}, .commit = {}});
        judge.synced(*host);
    }
    judge.transition(first, elected);
    REQUIRE_FALSE(judge.violation());
    CHECK(judge.elections() == 1);
    judge.transition(second, elected);
    expect(judge, "raft_safety", "both leader of term 4");
}

TEST_CASE("judge: a leader that too few disks have voted for is noticed", "[sim]") {
    Bench bench;
    Court court;
    Judge& judge = court.judge;
    Host& host = bench.boot(n1);
    bench.plant(host, {.hard_state = HardState{Term{4}, n1}, .truncate_to = {}, .entries = {},
        .commit = {}});
    judge.synced(host);
    judge.transition(host, {.role = raft::Role::leader, .term = Term{4}, .leader = n1});
    expect(judge, "raft_safety", "only the disks of n1 have said that they voted for it");
}

TEST_CASE("judge: a leader without what was committed is noticed", "[sim]") {
    Bench bench;
    Court court;
    Judge& judge = court.judge;
    Script script;
    show(judge, n2, script.next(append_of(1)));
    judge.transition(bench.boot(n1), {.role = raft::Role::leader, .term = Term{4}, .leader = n1});
    expect(judge, "raft_safety", "committed entries are missing");
}

TEST_CASE("judge: other roles are no elections", "[sim]") {
    Bench bench;
    Court court;
    Judge& judge = court.judge;
    for (const raft::Role role : {raft::Role::follower, raft::Role::candidate}) {
        judge.transition(bench.boot(n1), {.role = role, .term = Term{4}, .leader = {}});
    }
    CHECK(judge.elections() == 0);
}

TEST_CASE("judge: a read that shows a record nobody wrote is not linearizable", "[sim]") {
    Court court;
    Judge& judge = court.judge;
    Script script;
    show(judge, n1, script.next(append_of(1)));
    REQUIRE_FALSE(judge.violation());
    const check::OperationId read = judge.called(client, n1, state::Query{everything}, 1);
    check::ReadAnswer answer{.length = 1, .stream_length = {}, .end = true,
        .events = {{Position{0}, Revision{0}, EventId{9, 9}}}, .positions = true};
    judge.returned(read, answer);
    expect(judge, "linearizability", "position 0");
}

TEST_CASE("judge: a subscriber that is handed what nobody committed is named", "[sim]") {
    Court court;
    Judge& judge = court.judge;
    Script script;
    show(judge, n1, script.next(append_of(1)));
    judge.subscribes(1, {.nodes = {n1}, .from = Position{0}});
    CHECK_FALSE(judge.subscribers_complete());
    state::RecordedEvent event{.position = Position{1}, .revision = Revision{0}, .stream = "s",
        .id = {9, 9}, .type = {}, .metadata = {}, .payload = {}};
    judge.delivered(1, {.from = n1, .next = Position{2}, .caught_up = true, .events = {event}});
    expect(judge, "subscription", "subscriber 1 was handed position 1");
}

TEST_CASE("judge: a subscriber that gives a node up says why", "[sim]") {
    Court court;
    court.judge.subscribes(1, {.nodes = {n1}, .from = Position{0}});
    court.judge.unsubscribed(
        1, {node::subscriber::Finished::Why::broken, n1, "position 4 came where 3 was due"}, {});
    expect(court.judge, "subscription", "gave n1 up: position 4 came where 3 was due");
}

TEST_CASE("judge: a read that misses what was acknowledged before it is stale", "[sim]") {
    Court court;
    Judge& judge = court.judge;
    Script script;
    show(judge, n1, script.next(append_of(1)));
    judge.returned(court.first, check::Acknowledged{Position{0}, {Revision{0}}});
    REQUIRE_FALSE(judge.violation());
    judge.at(50, Instant{5000});
    const check::OperationId read = judge.called(client, n1, state::Query{everything}, 1);
    judge.at(60, Instant{6000});
    judge.returned(read,
        check::ReadAnswer{.length = 0, .stream_length = {}, .end = true, .events = {},
            .positions = true});
    REQUIRE(judge.violation());
    CHECK(judge.violation()->check == "linearizability");
    CHECK(judge.violation()->step == 60);
}

TEST_CASE("judge: broken invariants and other findings are passed on as they are", "[sim]") {
    Court court;
    Judge& judge = court.judge;
    judge.stepped();
    judge.violated("raft_invariants", check::Kind::safety, "n1: match lies beyond the log");
    expect(judge, "raft_invariants", "match lies beyond the log");
    // The first finding stays.
    judge.at(43, Instant{4300});
    judge.violated("liveness", check::Kind::liveness, "no leader within 100 ms");
    expect(judge, "raft_invariants", "match lies beyond the log");
}

TEST_CASE("judge: a candidate without pre-votes is a finding of availability", "[sim]") {
    Court court;
    const raft::Configuration voters = three_voters();
    const check::Electorate electorate(voters.voters.begin(), voters.voters.end());
    check::NodeStep step{.node = n1,
        .told = {},
        .did = {},
        .standing = {.term = Term{1}, .electorates = {&electorate, 1}, .members = electorate}};
    court.judge.seen(step);
    court.judge.ended(n1);
    step.standing.term = Term{2};
    court.judge.seen(step);  // another life
    REQUIRE_FALSE(court.judge.violation());
    step.standing.term = Term{3};
    step.did.wins_pre_votes = true;
    court.judge.seen(step);
    expect(court.judge, "availability", "n1 begins term 3 with pre-votes of nobody only",
        check::Kind::liveness);
}

TEST_CASE("judge: heartbeats and their answers are noted as they leave", "[sim]") {
    Court court;
    const auto leaves = [&](raft::Message&& message) {
        court.judge.left({.cluster = {}, .group = {}, .from = n2, .to = n1,
            .body = std::move(message), .incarnation = {}});
    };
    check::NodeStep step{.node = n2,
        .told = {.what = check::Told::What::heartbeat, .from = n1, .term = Term{1}},
        .did = {},
        .standing = {.term = Term{1}, .leader = n1}};
    court.judge.seen(step);
    leaves(raft::HeartbeatResponse{.term = Term{1}, .round = 1});
    court.judge.seen(step);
    REQUIRE_FALSE(court.judge.violation());
    leaves(raft::Heartbeat{.term = Term{1}});
    court.judge.seen(step);
    expect(court.judge, "availability", "n2 has been handed a heartbeat of n1",
        check::Kind::liveness);
}

TEST_CASE("judge: a request that nobody answered is found at the end", "[sim]") {
    Court court;
    Judge& judge = court.judge;
    judge.calms();
    judge.asked(n1, client, RequestId{1});
    judge.asked(n1, client, RequestId{2});
    judge.asked(n1, ClientId{4}, RequestId{1});
    judge.asked(n2, client, RequestId{3});
    judge.answered(n1, client, RequestId{1});
    judge.closed(n1, ClientId{4});
    judge.ended(n2);
    judge.at(42, Instant{4200} + seconds(11));
    judge.finish({}, {});
    REQUIRE(judge.violation());
    CHECK(judge.violation()->check == "answers");
    CHECK(judge.violation()->sentence.find("request 2 of connection 3") != std::string::npos);
}

TEST_CASE("judge: who waits for what nobody has breaks no promise, if a node says what it is",
    "[sim]") {
    for (const bool said : {false, true}) {
        Judge judge(3, 0, {.all_copies_may_go = true});
        judge.at(42, Instant{4200});
        judge.violated("availability", check::Kind::liveness, "nobody is heard");
        CHECK_FALSE(judge.violation());  // the run goes on
        if (said) {
            judge.excuse_waiting();
        }
        judge.finish({}, {});
        CHECK(judge.violation().has_value() == !said);
    }
    // Safety is never excused.
    Judge judge(3, 0, {.all_copies_may_go = true});
    judge.excuse_waiting();
    judge.violated("durability", check::Kind::safety, "an entry is gone");
    CHECK(judge.violation().has_value());
}

TEST_CASE("judge: every attempt is an operation, and open ones end unknown", "[sim]") {
    Court court;
    Judge& judge = court.judge;
    const check::OperationId refused = judge.called(client, n1, append_of(3), 1);
    judge.returned(refused, check::Refused{"not the leader"});
    const check::OperationId lost = judge.called(client, n2, append_of(3), 2);
    judge.called(client, n1, append_of(3), 3);  // while the one before is open
    judge.returned(lost, check::Unknown{});
    CHECK(judge.history().counts().ok == 0);
    CHECK(judge.history().counts().failed == 1);
    CHECK(judge.history().counts().unknown == 2 + 2);
    CHECK(judge.history().operations().size() == 3 + 2);
    CHECK_FALSE(judge.violation());
}

}  // namespace ledger::sim
