#include "sim/check/availability.h"

#include <array>

#include <catch2/catch.hpp>

namespace ledger::check::test {
namespace {

constexpr NodeId n1{1};
constexpr NodeId n2{2};
constexpr NodeId n3{3};
constexpr std::array three = {n1, n2, n3};
const std::array<Electorate, 1> all_three = {Electorate(three)};

Instant ms(std::int64_t at) {
    return Instant{} + milliseconds(at);
}

// Three voters with an election timeout of 100 ms, at most 200 ms.
struct Cluster {
    // What `node` is at that moment, handed nothing and doing nothing.
    static NodeStep step(NodeId node, std::int64_t at, Term term, NodeId leader) {
        return {.node = node,
            .at = ms(at),
            .caught_up = true,
            .told = {},
            .did = {},
            .standing = {.term = term,
                .leader = leader,
                .may_campaign = true,
                .alone = false,
                .electorates = all_three,
                .members = three}};
    }
    Finding see(const NodeStep& step) { return check.stepped(step); }
    // A life of `node` begins.
    void boots(NodeId node, std::int64_t at, Term term = Term{1}) {
        REQUIRE_FALSE(see(step(node, at, term, {})));
    }
    Finding heartbeat(NodeId node, std::int64_t at, Term term = Term{1}, NodeId leader = n1) {
        NodeStep heard = step(node, at, term, leader);
        heard.told = {.what = Told::What::heartbeat, .from = leader, .term = term};
        Finding found = see(heard);
        check.answer_left(node, leader);
        return found;
    }
    Finding answer(NodeId leader, NodeId from, std::int64_t at, Term term) {
        NodeStep heard = step(leader, at, term, leader);
        heard.told = {.what = Told::What::answer, .from = from, .term = term};
        Finding found = see(heard);
        beats(leader);
        return found;
    }
    // n1 leads `term` from this moment on.
    void elect(std::int64_t at, Term term = Term{2}) {
        NodeStep wins = step(n1, at, term, n1);
        wins.did.elected = true;
        REQUIRE_FALSE(see(wins));
        beats(n1);
    }
    void beats(NodeId leader) {
        for (const NodeId node : three) {
            check.beat_left(leader, node);
        }
    }
    // n1 looks at its clock, and its heartbeats leave.
    Finding leads(std::int64_t at, Term term = Term{2}) {
        Finding found = see(step(n1, at, term, n1));
        beats(n1);
        return found;
    }
    NodeStep asked(NodeId node, std::int64_t at, Told::What what, Term term = Term{1}) const {
        NodeStep step = Cluster::step(node, at, term, n1);
        step.told = {.what = what, .from = n3, .term = term};
        return step;
    }

    Availability check{{.election_timeout = milliseconds(100), .silence_max = milliseconds(200)}};
};

bool says(const Finding& finding, std::string_view part) {
    INFO(finding.value_or("nothing"));
    CHECK(finding.has_value());
    return finding && finding->find(part) != std::string::npos;
}

// Has booted, asks for pre-votes in round 5, and has been granted those of these.
NodeStep candidate_of(Cluster& cluster, std::vector<std::pair<NodeId, std::uint64_t>> granted) {
    cluster.boots(n2, 0);
    NodeStep asks = Cluster::step(n2, 150, Term{1}, {});
    asks.did.asks_for_pre_votes = 5;
    REQUIRE_FALSE(cluster.see(asks));
    for (const auto& [from, round] : granted) {
        NodeStep told = Cluster::step(n2, 160, Term{1}, {});
        told.told = {
            .what = Told::What::pre_vote_granted, .from = from, .term = Term{2}, .attempt = round};
        REQUIRE_FALSE(cluster.see(told));
    }
    NodeStep begins = Cluster::step(n2, 160, Term{2}, {});
    begins.did.wins_pre_votes = true;
    return begins;
}

}  // namespace

TEST_CASE("availability: who has heard the leader helps nobody else", "[check]") {
    Cluster cluster;
    cluster.boots(n2, 0);
    REQUIRE_FALSE(cluster.heartbeat(n2, 50));
    SECTION("it refuses") {
        CHECK_FALSE(cluster.see(cluster.asked(n2, 100, Told::What::pre_vote_wanted)));
        CHECK_FALSE(cluster.see(cluster.asked(n2, 100, Told::What::vote_wanted)));
        CHECK(cluster.check.result().examined == 4);
    }
    SECTION("it grants a pre-vote") {
        NodeStep grants = cluster.asked(n2, 149, Told::What::pre_vote_wanted);
        grants.did.grants_pre_vote = true;
        CHECK(says(cluster.see(grants),
            "n2 helps n3 to a new term although it has heard n1, the "
            "leader of term 1, 99ms ago"));
    }
    SECTION("it grants a vote, or only takes the term over") {
        NodeStep helps = cluster.asked(n2, 149, Told::What::vote_wanted, Term{2});
        helps.standing.leader = {};
        helps.did.grants_vote = GENERATE(true, false);
        CHECK(says(cluster.see(helps), "n2 helps n3 to a new term"));
    }
    SECTION("not when it has heard nothing for one timeout") {
        NodeStep grants = cluster.asked(n2, 150, Told::What::pre_vote_wanted);
        grants.did.grants_pre_vote = true;
        CHECK_FALSE(cluster.see(grants));
    }
    SECTION("not when the leader itself wants it") {
        NodeStep grants = cluster.asked(n2, 60, Told::What::vote_wanted, Term{2});
        grants.told.transfer = true;
        grants.did.grants_vote = true;
        grants.standing.leader = {};
        CHECK_FALSE(cluster.see(grants));
    }
    SECTION("not a node that has restarted since") {
        cluster.check.ends(n2);
        cluster.boots(n2, 60);
        NodeStep grants = cluster.asked(n2, 61, Told::What::vote_wanted, Term{2});
        grants.standing.leader = {};
        grants.did.grants_vote = true;
        CHECK_FALSE(cluster.see(grants));
    }
}

TEST_CASE("availability: a node follows who leads its term, and says so itself", "[check]") {
    Cluster cluster;
    cluster.boots(n2, 0);
    NodeStep follows = Cluster::step(n2, 10, Term{3}, n1);
    follows.told = {.what = Told::What::leader_lives, .from = n1, .term = Term{3}};
    SECTION("it does") {
        CHECK_FALSE(cluster.see(follows));
        CHECK_FALSE(cluster.see(Cluster::step(n2, 11, Term{3}, n1)));
        CHECK_FALSE(cluster.see(Cluster::step(n2, 12, Term{3}, {})));
    }
    SECTION("of an older term") {
        follows.told.term = Term{2};
        CHECK(says(cluster.see(follows), "n2 follows n1 in term 3, of which n1 has not spoken"));
    }
    SECTION("another one spoke") {
        follows.told.from = n3;
        CHECK(says(cluster.see(follows), "n2 follows n1 in term 3"));
    }
    SECTION("nobody spoke") {
        follows.told = {};
        CHECK(says(cluster.see(follows), "n2 follows n1 in term 3"));
    }
}

TEST_CASE("availability: a leader is not deposed by who asks for its vote", "[check]") {
    Cluster cluster;
    cluster.boots(n1, 0);
    cluster.elect(10);
    NodeStep helps = cluster.asked(n1, 20, Told::What::vote_wanted, Term{3});
    helps.standing.leader = {};
    CHECK(says(cluster.see(helps), "n1 helps n3 to a new term although it leads term 2"));
}

TEST_CASE("availability: heartbeats are answered at once", "[check]") {
    Cluster cluster;
    cluster.boots(n2, 0);
    NodeStep heard = Cluster::step(n2, 10, Term{1}, n1);
    heard.told = {.what = Told::What::heartbeat, .from = n1, .term = Term{1}};
    REQUIRE_FALSE(cluster.see(heard));
    SECTION("not before the next step") {
        cluster.check.answer_left(n2, n3);
        CHECK(says(cluster.see(Cluster::step(n2, 10, Term{1}, n1)),
            "n2 has been handed a heartbeat of n1 and did not answer at once"));
    }
    SECTION("a crash excuses it") {
        cluster.check.ends(n2);
        cluster.boots(n2, 20);
    }
    SECTION("one of another leader is not judged") {
        cluster.check.answer_left(n2, n1);
        heard.told.from = n3;
        REQUIRE_FALSE(cluster.see(heard));
        CHECK_FALSE(cluster.see(Cluster::step(n2, 11, Term{1}, n1)));
    }
}

TEST_CASE("availability: an election begins after one timeout of silence, not before", "[check]") {
    Cluster cluster;
    cluster.boots(n2, 0);
    REQUIRE_FALSE(cluster.heartbeat(n2, 50));
    NodeStep asks = Cluster::step(n2, 149, Term{1}, {});
    asks.did.asks_for_pre_votes = 1;
    SECTION("too early") {
        CHECK(says(cluster.see(asks), "n2 asks for pre-votes 99ms after it heard a leader"));
    }
    SECTION("in time, and again") {
        asks.at = ms(150);
        CHECK_FALSE(cluster.see(asks));
        asks.at = ms(249);
        asks.did.asks_for_pre_votes = 2;
        CHECK(says(cluster.see(asks), "n2 asks for pre-votes 99ms after it"));
    }
    SECTION("too early after a vote") {
        NodeStep votes = cluster.asked(n2, 150, Told::What::vote_wanted, Term{2});
        votes.standing.leader = {};
        votes.did.grants_vote = true;
        REQUIRE_FALSE(cluster.see(votes));
        asks.standing.term = Term{2};
        asks.at = ms(249);
        CHECK(says(cluster.see(asks), "n2 asks for pre-votes 99ms after it"));
    }
}

TEST_CASE("availability: who hears no leader looks for one", "[check]") {
    Cluster cluster;
    cluster.boots(n2, 0);
    REQUIRE_FALSE(cluster.heartbeat(n2, 50));
    NodeStep waits = cluster.asked(n2, 276, Told::What::pre_vote_wanted);
    waits.did.grants_pre_vote = true;
    SECTION("pre-votes for others are no reason to wait") {
        CHECK(says(cluster.see(waits),
            "n2 has heard no leader, given no vote and begun no election "
            "for 226ms, in term 1"));
    }
    SECTION("while a timer may be late") {
        waits.at = ms(275);
        CHECK_FALSE(cluster.see(waits));
    }
    SECTION("what waited for the process comes first") {
        waits.caught_up = false;
        CHECK_FALSE(cluster.see(waits));
    }
    SECTION("a learner waits for ever") {
        waits.standing.may_campaign = false;
        CHECK_FALSE(cluster.see(waits));
        waits.at = ms(900);
        waits.standing.may_campaign = true;  // from now on it may
        CHECK_FALSE(cluster.see(waits));
        waits.at = ms(1126);
        CHECK(says(cluster.see(waits), "n2 has heard no leader"));
    }
}

TEST_CASE("availability: a term begins with a majority's pre-votes of this very round", "[check]") {
    Cluster cluster;
    SECTION("it has them") {
        CHECK_FALSE(cluster.see(candidate_of(cluster, {{n3, 5}})));
    }
    SECTION("they are of an earlier round") {
        CHECK(says(cluster.see(candidate_of(cluster, {{n3, 4}})),
            "n2 begins term 2 with pre-votes of n2 only"));
    }
    SECTION("its own twice are one") {
        CHECK(says(cluster.see(candidate_of(cluster, {{n2, 5}})), "n2 begins term 2"));
    }
    SECTION("the round was over when a leader was heard") {
        const NodeStep begins = candidate_of(cluster, {{n3, 5}});
        REQUIRE_FALSE(cluster.heartbeat(n2, 160));
        CHECK(says(cluster.see(begins), "n2 begins term 2 with pre-votes of nobody only"));
    }
    SECTION("a joint configuration wants both majorities") {
        constexpr std::array outgoing = {n1, n2};
        const std::array<Electorate, 2> both = {Electorate(three), Electorate(outgoing)};
        NodeStep begins = candidate_of(cluster, {{n3, 5}});
        begins.standing.electorates = both;
        CHECK(says(cluster.see(begins), "n2 begins term 2 with pre-votes of n2, n3 only"));
    }
}

TEST_CASE("availability: or because the leader asked for it", "[check]") {
    Cluster cluster;
    cluster.boots(n2, 0);
    REQUIRE_FALSE(cluster.heartbeat(n2, 50));
    NodeStep takes = Cluster::step(n2, 60, Term{2}, {});
    takes.did.takes_over = true;
    takes.told = {.what = Told::What::take_over, .from = n1, .term = Term{1}};
    SECTION("it did") {
        CHECK_FALSE(cluster.see(takes));
    }
    SECTION("somebody else did") {
        takes.told.from = n3;
        CHECK(says(cluster.see(takes),
            "n2 begins term 2 for a transfer that the leader of term 1 did not ask for"));
    }
    SECTION("nobody did") {
        takes.told = {};
        CHECK(says(cluster.see(takes), "n2 begins term 2 for a transfer"));
    }
}

TEST_CASE("availability: a leader that nobody answers ends, and no other one", "[check]") {
    Cluster cluster;
    cluster.boots(n1, 0);
    cluster.elect(1000);
    REQUIRE_FALSE(cluster.answer(n1, n3, 1050, Term{2}));
    NodeStep ends = Cluster::step(n1, 1150, Term{2}, {});
    ends.did.loses_quorum = true;
    SECTION("one timeout after the last answer") {
        REQUIRE_FALSE(cluster.leads(1100));
        CHECK_FALSE(cluster.see(ends));
    }
    SECTION("too early") {
        ends.at = ms(1149);
        CHECK(says(cluster.see(ends),
            "n1 gives up to lead term 2 since nobody answers, but a quorum "
            "has answered within 100ms"));
    }
    SECTION("an answer of another term is none") {
        REQUIRE_FALSE(cluster.answer(n1, n2, 1100, Term{2}));
        NodeStep old = Cluster::step(n1, 1140, Term{2}, n1);
        old.told = {.what = Told::What::answer, .from = n2, .term = Term{1}};
        REQUIRE_FALSE(cluster.see(old));
        ends.at = ms(1200);
        CHECK_FALSE(cluster.see(ends));
    }
    SECTION("never") {
        REQUIRE_FALSE(cluster.leads(1110));
        REQUIRE_FALSE(cluster.leads(1174));
        CHECK(says(
            cluster.leads(1175), "n1 still leads term 2, but no quorum has answered for 125ms"));
    }
}

TEST_CASE("availability: heartbeats do not wait for anything", "[check]") {
    Cluster cluster;
    cluster.boots(n1, 0);
    cluster.elect(1000);
    NodeStep leads = Cluster::step(n1, 1075, Term{2}, n1);
    REQUIRE_FALSE(cluster.see(leads));
    cluster.check.beat_left(n1, n2);
    leads.at = ms(1076);
    SECTION("to one follower they do") {
        CHECK(says(cluster.see(leads), "n1 leads term 2 and has sent n3 no heartbeat for 76ms"));
    }
    SECTION("who has just become a member has not waited yet") {
        constexpr std::array two = {n1, n2};
        leads.standing.members = two;
        REQUIRE_FALSE(cluster.see(leads));
        leads.standing.members = three;
        leads.at = ms(1100);
        CHECK_FALSE(cluster.see(leads));
    }
}

TEST_CASE("availability: a leader whose disk stalls ends, and no other one", "[check]") {
    Cluster cluster;
    cluster.boots(n1, 0);
    cluster.elect(1000);
    NodeStep stores = Cluster::step(n1, 1000, Term{2}, n1);
    stores.did.stores = Ticket{4};
    REQUIRE_FALSE(cluster.see(stores));
    const auto lives = [&](std::int64_t until) {
        for (std::int64_t at = 1010; at <= until; at += 10) {
            REQUIRE_FALSE(cluster.answer(n1, n2, at, Term{2}));
        }
    };
    NodeStep ends = Cluster::step(n1, 1100, Term{2}, {});
    ends.did.finds_disk_stalled = true;
    NodeStep stored = Cluster::step(n1, 1060, Term{2}, n1);
    stored.did.stored = Ticket{4};
    SECTION("in time") {
        lives(1090);
        CHECK_FALSE(cluster.see(ends));
    }
    SECTION("too early") {
        lives(1090);
        ends.at = ms(1099);
        CHECK(says(cluster.see(ends),
            "n1 gives up to lead term 2 since its disk stalls, but has "
            "waited for it no longer than 99ms"));
    }
    SECTION("with nothing to wait for") {
        lives(1060);
        REQUIRE_FALSE(cluster.see(stored));
        CHECK(says(cluster.see(ends), "has waited for it no longer than 0ns"));
    }
    SECTION("never") {
        lives(1120);
        CHECK(says(cluster.answer(n1, n2, 1126, Term{2}),
            "n1 still leads term 2, but its disk has finished nothing for 126ms"));
    }
    SECTION("a lone voter is all there is") {
        lives(1120);
        NodeStep alone = Cluster::step(n1, 1126, Term{2}, n1);
        alone.standing.alone = true;
        CHECK_FALSE(cluster.see(alone));
    }
    SECTION("who was the only voter until now has not kept anybody waiting") {
        lives(1120);
        NodeStep alone = Cluster::step(n1, 1126, Term{2}, n1);
        alone.standing.alone = true;
        REQUIRE_FALSE(cluster.see(alone));
        for (std::int64_t at = 1130; at <= 1250; at += 10) {
            REQUIRE_FALSE(cluster.answer(n1, n2, at, Term{2}));
        }
        CHECK(says(cluster.answer(n1, n2, 1252, Term{2}), "finished nothing for 126ms"));
    }
    SECTION("a slow disk is none that stalls") {
        lives(1060);
        stores.at = ms(1060);
        stores.did.stores = Ticket{5};
        REQUIRE_FALSE(cluster.see(stores));
        REQUIRE_FALSE(cluster.see(stored));
        for (std::int64_t at = 1065; at <= 1180; at += 10) {
            REQUIRE_FALSE(cluster.answer(n1, n2, at, Term{2}));
        }
        CHECK(says(cluster.answer(n1, n2, 1186, Term{2}), "finished nothing for 126ms"));
    }
}

TEST_CASE("availability: in calm no term begins", "[check]") {
    Cluster cluster;
    cluster.boots(n2, 0);
    REQUIRE_FALSE(cluster.heartbeat(n2, 50));
    const auto begin_term = [&] {
        NodeStep asks = Cluster::step(n2, 150, Term{1}, {});
        asks.did.asks_for_pre_votes = 1;
        REQUIRE_FALSE(cluster.see(asks));
        NodeStep granted = Cluster::step(n2, 160, Term{2}, {});
        granted.told = {
            .what = Told::What::pre_vote_granted, .from = n3, .term = Term{2}, .attempt = 1};
        granted.did.wins_pre_votes = true;
        return cluster.see(granted);
    };
    SECTION("it does") {
        cluster.check.settled(Term{1});
        CHECK(cluster.check.settled_moments() == 1);
        CHECK(says(begin_term(),
            "n2 is in term 2, where nothing disturbed anybody and all have "
            "followed the leader of term 1"));
    }
    SECTION("it is not calm any more") {
        cluster.check.settled(Term{1});
        cluster.check.disturbed();
        CHECK_FALSE(begin_term());
    }
    SECTION("the leader wants it") {
        cluster.check.settled(Term{1});
        NodeStep takes = Cluster::step(n2, 60, Term{2}, {});
        takes.did.takes_over = true;
        takes.told = {.what = Told::What::take_over, .from = n1, .term = Term{1}};
        CHECK_FALSE(cluster.see(takes));
    }
}

TEST_CASE(
    "availability: a quiet follower is examined only when it has to prove itself", "[check]") {
    Cluster cluster;
    CHECK(cluster.check.result().verdict == CheckResult::Verdict::idle);
    cluster.boots(n2, 0);
    REQUIRE_FALSE(cluster.see(Cluster::step(n2, 99, Term{1}, {})));
    CHECK(cluster.check.result().examined == 0);
    REQUIRE_FALSE(cluster.see(Cluster::step(n2, 100, Term{1}, {})));
    CHECK(cluster.check.result().examined == 1);
    CHECK(cluster.check.result().name == "availability");
}

}  // namespace ledger::check::test
