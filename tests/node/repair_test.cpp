#include "node/repair.h"

#include <catch2/catch.hpp>

#include "log/base/crc32c.h"

namespace ledger::node {
namespace {

EntryRef command_at(std::uint64_t index, std::uint64_t term) {
    EntryRef entry;
    entry.index = Index{index};
    entry.term = Term{term};
    entry.kind = EntryKind::command;
    entry.handle = EntryHandle::make(as_bytes("command " + std::to_string(index)), as_bytes("secret"));
    entry.bytes = entry.handle->size();
    return entry;
}

EntryRef erased(EntryRef entry) {
    entry.handle = entry.handle.erased();
    entry.bytes = entry.handle->size();
    return entry;
}

log::EntryIdentity name_of(const EntryRef& entry) {
    return {.index = entry.index,
        .term = entry.term,
        .envelope_bytes = static_cast<std::uint32_t>(entry.handle.envelope().size()),
        .erasable_bytes = static_cast<std::uint32_t>(entry.handle.erasable().size()),
        .envelope_crc = crc32c(entry.handle.envelope()),
        .kind = static_cast<std::uint8_t>(entry.kind)};
}

struct Ask {
    NodeId to;
    FetchEntry what;
};

// Node 1, whose disk holds commands of these terms, with what recovery says of damage.
struct Bench {
    struct Setup {
        std::vector<std::uint64_t> terms = {1, 1, 2, 2};
        std::uint64_t commit = 1;
        std::vector<std::uint64_t> faulty = {};
        std::vector<EntryRef> unsealed = {};
        std::uint32_t voters = 3;
        std::uint64_t first = 1;  // what is in front of it is in a cut
        Incarnation incarnation = {};
        Incarnation bound = {};  // by the configuration
        bool trimmed = false;
        bool witnesses = false;  // all but this one
    };

    Limits limits;
    Repair repair{limits, milliseconds(300)};
    SeededChoices choices{1};
    std::optional<raft::Raft> raft;
    std::vector<Effect> effects;
    PeerMessage envelope;
    Instant now{1'000'000'000};

    explicit Bench(const Setup& setup) {
        raft::Config config;
        config.self = NodeId{1};
        config.incarnation = setup.incarnation;
        config.choices = &choices;
        for (std::uint32_t voter = 1; voter <= setup.voters; ++voter) {
            config.configuration.voters.insert(NodeId{voter});
        }
        if (setup.bound != Incarnation{}) {
            config.configuration.set_member({.node = NodeId{1}, .incarnation = setup.bound});
        }
        for (std::uint32_t voter = 2; voter <= setup.voters && setup.witnesses; ++voter) {
            config.configuration.set_member({.node = NodeId{voter}, .witness = true});
        }
        raft::Boot boot;
        boot.hard_state = {Term{3}, NodeId{}, setup.trimmed};
        boot.first = Index{setup.first};
        boot.last = Index{setup.terms.size()};
        boot.commit = Index{setup.commit};
        log::Recovered found;
        for (std::uint64_t index = 1; index <= setup.terms.size(); ++index) {
            EntryRef entry = command_at(index, setup.terms[index - 1]);
            const bool damaged =
                std::count(setup.faulty.begin(), setup.faulty.end(), index) > 0;
            if (index < setup.first) {
                boot.previous = entry.id();
                continue;
            }
            if (boot.terms.empty() || boot.terms.back().term != entry.term) {
                boot.terms.push_back({entry.index, entry.term});
            }
            if (damaged) {
                found.faulty.push_back(name_of(entry));
                entry.handle = {};
                entry.bytes = 0;
            }
            if (index > setup.commit) {
                boot.tail.push_back(entry);
                if (damaged) {
                    boot.holes.push_back(entry.index);
                }
            }
        }
        if (setup.first > 1) {
            boot.cut = raft::Cut{boot.previous, {}, {}, config.configuration};
        }
        for (const EntryRef& entry : setup.unsealed) {
            found.unsealed.push_back(name_of(entry));
        }
        raft.emplace(config, boot, now);
        repair.boot(found, now);
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;

    Repair::Step step() { return {now, *raft, effects, envelope}; }
    void work() { repair.work(step()); }
    void settle() { repair.settle(step()); }

    // What has been asked since the last time.
    std::vector<Ask> asked() {
        std::vector<Ask> all;
        for (const Effect& effect : std::exchange(effects, {})) {
            const auto* send = std::get_if<Send>(&effect);
            const auto* ask = send ? std::get_if<FetchEntry>(&send->message.body) : nullptr;
            if (ask != nullptr) {
                CHECK(send->after == Ticket{});
                all.push_back({send->message.to, *ask});
            }
        }
        return all;
    }
    std::optional<EntryRef> hear(std::uint32_t from, FetchedEntry fetched) {
        fetched.term = fetched.term == Term{} ? raft->status().term : fetched.term;
        return repair.received(step(), NodeId{from}, fetched);
    }
    std::optional<EntryRef> hear(std::uint32_t from, const EntryRef& copy) {
        return hear(from, {.entry = copy.id(), .result = FetchResult::have, .cut = {}, .copy = copy});
    }
    void hear(std::uint32_t from, LogId entry, FetchResult result) {
        CHECK_FALSE(hear(from, {.entry = entry, .result = result, .cut = {}, .copy = {}}));
    }
    // The answer to a question, which need not be read from the disk.
    FetchedEntry answer_to(const FetchEntry& ask, std::uint32_t from = 2) {
        effects.clear();
        REQUIRE(repair.received(step(), NodeId{from}, ask));
        return sent_answer();
    }
    FetchedEntry sent_answer() {
        repair.send_answers(step(), Ticket{4});
        REQUIRE(effects.size() == 1);
        const auto& send = std::get<Send>(effects.front());
        CHECK(send.after == Ticket{4});
        return std::get<FetchedEntry>(send.message.body);
    }
    // What Raft would compare a candidate's log with.
    bool votes_for(LogId last) {
        raft->advance();
        const Term term = std::max(raft->status().term, last.term).next();
        raft->receive(now, NodeId{2}, raft::VoteRequest{term, last, true});
        for (const raft::Outgoing& out : raft->ready().messages) {
            if (const auto* vote = std::get_if<raft::VoteResponse>(&out.message)) {
                return vote->granted;
            }
        }
        FAIL("no answer to a vote request");
        return false;
    }
};

LogId id(std::uint64_t index, std::uint64_t term) {
    return {Term{term}, Index{index}};
}

}  // namespace

// ---- FAULTY

TEST_CASE("repair: it asks all others for what is damaged, and asks again", "[node]") {
    Bench bench({.faulty = {1, 3}});
    bench.work();
    const std::vector<Ask> asked = bench.asked();
    REQUIRE(asked.size() == 4);
    CHECK(asked[0].to == NodeId{2});
    CHECK(asked[1].to == NodeId{3});
    CHECK(asked[0].what == FetchEntry{Term{3}, id(1, 1), name_of(command_at(1, 1)).envelope_crc});
    CHECK(asked[2].what.entry == id(3, 2));
    bench.work();
    CHECK(bench.asked().empty());
    CHECK(bench.repair.deadline() == bench.now + bench.limits.fetch_retry);
    bench.now = bench.repair.deadline();
    bench.work();
    CHECK(bench.asked().size() == 4);
}

TEST_CASE("repair: only so many entries are asked for at a time, and all in the end", "[node]") {
    Bench::Setup setup;
    setup.terms.assign(40, 2);
    for (std::uint64_t index = 2; index <= 40; ++index) {
        setup.faulty.push_back(index);
    }
    Bench bench(setup);
    bench.work();
    CHECK(bench.asked().size() == 2u * bench.limits.fetch_entries_max);
    std::uint64_t ticket = 0;
    while (bench.repair.damaged() > 0) {
        const std::uint64_t before = bench.repair.damaged();
        for (std::uint64_t index = 2; index <= 40; ++index) {
            if (bench.hear(2, command_at(index, 2))) {
                bench.repair.mending(Index{index}, Ticket{++ticket});
            }
        }
        bench.repair.stored(bench.now, Ticket{ticket});
        REQUIRE(bench.repair.damaged() < before);
        bench.work();
    }
    CHECK(bench.repair.deadline() == never);
}

TEST_CASE("repair: an entry is blocked once a round of asking has brought no copy", "[node]") {
    Bench bench({.faulty = {2, 3}});
    bench.work();
    CHECK(bench.repair.blocked() == Index{});
    bench.hear(2, id(2, 1), FetchResult::faulty);
    CHECK(bench.repair.blocked() == Index{});
    bench.now = bench.now + bench.limits.fetch_retry;
    bench.work();
    CHECK(bench.repair.blocked() == Index{2});
    bench.repair.mending(Index{2}, Ticket{1});
    CHECK(bench.repair.blocked() == Index{3});
}

TEST_CASE("repair: an entry is damaged until its copy is on the disk", "[node]") {
    Bench bench({.faulty = {2, 3}});
    REQUIRE(bench.hear(2, command_at(2, 1)));
    bench.repair.mending(Index{2}, Ticket{5});
    CHECK_FALSE(bench.hear(3, command_at(2, 1)));  // one copy will do
    CHECK(bench.repair.wants(Index{2}));
    bench.repair.stored(bench.now, Ticket{4});
    CHECK(bench.repair.damaged() == 2);
    bench.repair.stored(bench.now, Ticket{6});
    CHECK_FALSE(bench.repair.wants(Index{2}));
    CHECK(bench.repair.wants(Index{3}));
}

TEST_CASE("repair: a copy that is not what stood there is refused", "[node]") {
    Bench bench({.faulty = {3}});
    EntryRef other_bytes = command_at(3, 2);
    other_bytes.handle = EntryHandle::make(as_bytes("command 9"), as_bytes("secret"));
    EntryRef longer = command_at(3, 2);
    longer.handle = EntryHandle::make(as_bytes("command 3 "), as_bytes("secret"));
    EntryRef other_kind = command_at(3, 2);
    other_kind.kind = EntryKind::configuration;  // which its envelope is not
    for (const EntryRef& wrong : {other_bytes, longer, other_kind, erased(command_at(3, 2)),
             command_at(3, 1), command_at(4, 2)}) {
        CHECK_FALSE(bench.hear(2, wrong));
    }
    CHECK_FALSE(bench.hear(9, command_at(3, 2)));  // a stranger's
    CHECK(bench.hear(2, command_at(3, 2)));
}

TEST_CASE("repair: what a read has found is asked for by place alone", "[node]") {
    Bench bench({.commit = 4});
    bench.repair.found(bench.step(), Index{2});
    bench.repair.found(bench.step(), Index{2});
    bench.repair.found(bench.step(), Index{9});  // is not in the log
    CHECK(bench.repair.damaged() == 1);
    bench.work();
    const std::vector<Ask> asked = bench.asked();
    REQUIRE(asked.size() == 2);
    CHECK(asked[0].what == FetchEntry{Term{3}, id(2, 1), 0});
    CHECK_FALSE(bench.hear(2, erased(command_at(2, 1))));  // a witness's is not enough
    CHECK(bench.hear(2, command_at(2, 1)));
}

TEST_CASE("repair: what everybody has erased is a copy, from whoever holds data", "[node]") {
    Bench bench({.commit = 4});
    bench.repair.found(bench.step(), Index{2});
    FetchedEntry fetched{.entry = id(2, 1), .result = FetchResult::have, .cut = {},
        .copy = erased(command_at(2, 1))};
    CHECK_FALSE(bench.hear(2, fetched));
    fetched.whole = true;
    CHECK(bench.hear(2, fetched));
    // Also where the own disk knows that there were payloads.
    Bench named({.faulty = {3}});
    fetched.entry = id(3, 2);
    fetched.copy = erased(command_at(3, 2));
    CHECK(named.hear(2, fetched));
    fetched.whole = false;
    CHECK_FALSE(named.hear(2, fetched));
}

TEST_CASE("repair: a witness does not say that its copies are whole", "[node]") {
    Bench data({.faulty = {4}});
    CHECK(data.answer_to({Term{3}, id(3, 2), 0}).whole);
    Bench witness({.faulty = {4}, .trimmed = true});
    CHECK_FALSE(witness.answer_to({Term{3}, id(3, 2), 0}).whole);
}

TEST_CASE("repair: a witness takes what it would have got", "[node]") {
    Bench bench({.commit = 4, .trimmed = true});
    bench.repair.found(bench.step(), Index{2});
    CHECK(bench.hear(2, erased(command_at(2, 1))));
}

TEST_CASE("repair: what the log no longer has is asked for no more", "[node]") {
    Bench bench({.faulty = {3, 4}});
    raft::AppendRequest conflict{.term = Term{5}, .previous = id(2, 1), .sequence = 1};
    conflict.entries.push_back(command_at(3, 5));
    bench.raft->receive(bench.now, NodeId{2}, std::move(conflict));
    bench.work();
    CHECK(bench.asked().empty());
    CHECK(bench.repair.damaged() == 0);
}

TEST_CASE("repair: a node says that it never had something in its own term only", "[node]") {
    // A lone voter beside whom node 2 is asked would drop at once; here two of three are needed.
    Bench bench({.faulty = {3}});
    raft::Raft& raft = *bench.raft;
    bench.now = raft.deadline();
    raft.time(bench.now);
    const Term term = raft.status().term;
    raft.receive(bench.now, NodeId{2}, raft::PreVoteResponse{term, term.next(), 1, true});
    raft.stored(bench.now, raft.log().last_id(), {raft.status().term, raft.status().vote});
    raft.receive(bench.now, NodeId{2}, raft::VoteResponse{raft.status().term, true});
    REQUIRE(raft.settling());
    const auto never_had = [&](std::uint32_t from, Term in) {
        CHECK_FALSE(bench.hear(from, {.term = in,
                                         .entry = id(3, 2),
                                         .result = FetchResult::never_had,
                                         .cut = {},
                                         .copy = {}}));
    };
    never_had(2, Term{3});
    never_had(3, Term{3});
    CHECK(raft.settling());
    never_had(2, raft.status().term);
    CHECK(raft.settling());
    for (const FetchResult other : {FetchResult::faulty, FetchResult::compacted, FetchResult::known}) {
        bench.hear(3, id(3, 2), other);
        CHECK(raft.settling());
    }
    never_had(3, raft.status().term);
    CHECK_FALSE(raft.settling());
    CHECK(raft.log().last_id() == LogId{raft.status().term, Index{3}});
    // And a later term ends this one.
    never_had(2, Term{9});
    CHECK(raft.status().role == raft::Role::follower);
    CHECK(raft.status().term == Term{9});
}

// ---- UNSEALED

TEST_CASE("repair: who is alone cuts what is in doubt at once", "[node]") {
    Bench bench({.unsealed = {command_at(5, 2)}, .voters = 1});
    CHECK_FALSE(bench.repair.settled());
    bench.settle();
    CHECK(bench.repair.settled());
    CHECK(bench.asked().empty());
    CHECK(bench.raft->log().last() == Index{4});
}

TEST_CASE("repair: what is in doubt is cut once a quorum has answered", "[node]") {
    Bench bench({.unsealed = {command_at(5, 2), command_at(6, 2)}});
    bench.settle();
    const std::vector<Ask> asked = bench.asked();
    REQUIRE(asked.size() == 4);
    CHECK(asked[0].what.entry == id(5, 2));
    CHECK(asked[2].what.entry == id(6, 2));
    bench.settle();
    CHECK(bench.asked().empty());
    bench.hear(2, id(5, 2), FetchResult::faulty);
    bench.settle();
    CHECK_FALSE(bench.repair.settled());  // of the second one nothing has been heard
    bench.hear(3, id(6, 2), FetchResult::never_had);
    bench.settle();
    CHECK(bench.repair.settled());
    CHECK(bench.raft->log().last() == Index{4});
    CHECK(bench.votes_for(id(4, 2)));
}

TEST_CASE("repair: what is in doubt is cut when nobody answers for one timeout", "[node]") {
    Bench bench({.unsealed = {command_at(5, 2)}});
    const Instant end = bench.now + milliseconds(300);
    CHECK(bench.repair.deadline() == end);
    bench.now = Instant{end.nanoseconds - 1};
    bench.settle();
    CHECK_FALSE(bench.repair.settled());
    bench.now = end;
    bench.settle();
    CHECK(bench.repair.settled());
    CHECK(bench.repair.deadline() == never);
}

TEST_CASE("repair: a stranger's answer settles nothing", "[node]") {
    Bench bench({.unsealed = {command_at(5, 2)}});
    for (std::uint32_t stranger = 4; stranger < 40; ++stranger) {
        CHECK_FALSE(bench.hear(stranger, command_at(5, 2)));
        bench.settle();
    }
    CHECK_FALSE(bench.repair.settled());
}

TEST_CASE("repair: any copy restores what is in doubt", "[node]") {
    Bench bench({.unsealed = {command_at(5, 2), command_at(6, 3)}});
    bench.settle();
    CHECK_FALSE(bench.hear(2, command_at(5, 2)));
    bench.settle();
    CHECK_FALSE(bench.repair.settled());
    CHECK_FALSE(bench.hear(3, command_at(6, 3)));
    bench.settle();
    CHECK(bench.repair.settled());
    REQUIRE(bench.raft->ready().entries.size() == 2);
    CHECK((bench.raft->ready().entries[1] == command_at(6, 3)));
    CHECK(bench.raft->log().last_id() == id(6, 3));
}

TEST_CASE("repair: what somebody knows of is not voted away", "[node]") {
    const FetchResult result = GENERATE(FetchResult::known, FetchResult::compacted);
    Bench bench({.unsealed = {command_at(5, 2)}});
    bench.settle();
    bench.hear(2, id(5, 2), result);
    bench.settle();
    CHECK(bench.repair.settled());
    CHECK(bench.raft->log().last() == Index{4});
    CHECK_FALSE(bench.votes_for(id(4, 2)));
    CHECK(bench.votes_for(id(5, 2)));
    // It was here: that is not denied, until it is here again.
    CHECK(bench.answer_to({Term{3}, id(5, 2), 0}).result == FetchResult::faulty);
    CHECK(bench.answer_to({Term{3}, id(5, 1), 0}).result == FetchResult::never_had);
}

TEST_CASE("repair: a copy that does not fit shows that there was something", "[node]") {
    Bench bench({.unsealed = {command_at(5, 2)}});
    bench.settle();
    CHECK_FALSE(bench.hear(2, erased(command_at(5, 2))));
    bench.settle();
    CHECK(bench.repair.settled());
    CHECK(bench.raft->log().last() == Index{4});
    CHECK_FALSE(bench.votes_for(id(4, 2)));
}

TEST_CASE("repair: a copy behind what cannot be restored is claimed", "[node]") {
    // The first one is in a cut of node 2's, which has the second one in its log.
    Bench bench({.unsealed = {command_at(5, 2), command_at(6, 2)}});
    bench.settle();
    bench.hear(2, id(5, 2), FetchResult::compacted);
    bench.settle();
    CHECK_FALSE(bench.repair.settled());
    CHECK_FALSE(bench.hear(2, command_at(6, 2)));
    bench.settle();
    CHECK(bench.repair.settled());
    CHECK(bench.raft->log().last() == Index{4});
    CHECK_FALSE(bench.votes_for(id(5, 2)));
}

TEST_CASE("repair: copies do not follow a log with holes, but are claimed", "[node]") {
    Bench bench({.faulty = {3}, .unsealed = {command_at(5, 2)}});
    bench.settle();
    CHECK_FALSE(bench.hear(2, command_at(5, 2)));
    bench.settle();
    CHECK(bench.repair.settled());
    CHECK(bench.raft->ready().entries.empty());
    CHECK_FALSE(bench.votes_for(id(4, 2)));
}

TEST_CASE("repair: what was to replace entries of the log is claimed", "[node]") {
    // The truncation of the same group is damaged too: what it removed is still there.
    Bench bench({.unsealed = {command_at(4, 3), command_at(5, 3)}});
    bench.settle();
    CHECK_FALSE(bench.hear(2, command_at(4, 3)));
    CHECK_FALSE(bench.hear(2, command_at(5, 3)));
    bench.settle();
    CHECK(bench.repair.settled());
    CHECK(bench.raft->log().last_id() == id(4, 2));
    CHECK_FALSE(bench.votes_for(id(9, 2)));
    CHECK_FALSE(bench.votes_for(id(4, 3)));
    CHECK(bench.votes_for(id(5, 3)));
}

// ---- answering

TEST_CASE("repair: it gives what it has", "[node]") {
    Bench bench({.faulty = {4}});
    const FetchedEntry have = bench.answer_to({Term{3}, id(3, 2), 0});
    CHECK(have.result == FetchResult::have);
    REQUIRE(have.copy);
    CHECK((*have.copy == command_at(3, 2)));
    CHECK(have.entry == id(3, 2));
    CHECK(have.term == Term{3});
    const std::uint32_t crc = name_of(command_at(3, 2)).envelope_crc;
    CHECK(bench.answer_to({Term{3}, id(3, 2), crc}).result == FetchResult::have);
    // Other bytes under the same name: neither a copy, nor a denial.
    CHECK(bench.answer_to({Term{3}, id(3, 2), crc + 1}).result == FetchResult::faulty);
}

TEST_CASE("repair: it denies only what it never had", "[node]") {
    Bench bench({.faulty = {4}, .unsealed = {command_at(5, 2)}});
    CHECK(bench.answer_to({Term{3}, id(3, 1), 0}).result == FetchResult::never_had);
    CHECK(bench.answer_to({Term{3}, id(3, 3), 0}).result == FetchResult::never_had);
    CHECK(bench.answer_to({Term{3}, id(6, 2), 0}).result == FetchResult::never_had);
    CHECK(bench.answer_to({Term{3}, id(4, 2), 0}).result == FetchResult::faulty);
    // In doubt, whatever stood there.
    CHECK(bench.answer_to({Term{3}, id(5, 2), 0}).result == FetchResult::faulty);
    CHECK(bench.answer_to({Term{3}, id(5, 3), 0}).result == FetchResult::faulty);
}

TEST_CASE("repair: it adopts the asker's term before it answers", "[node]") {
    Bench bench({});
    CHECK(bench.answer_to({Term{7}, id(9, 2), 0}).term == Term{7});
    REQUIRE(bench.raft->ready().hard_state);
    CHECK(bench.raft->ready().hard_state->term == Term{7});
    // Who asks in an older term learns the newer one, in which nothing counts for it.
    CHECK(bench.answer_to({Term{4}, id(9, 2), 0}).term == Term{7});
    CHECK(bench.answer_to({Term{UINT64_MAX}, id(9, 2), 0}).term == Term{7});
}

TEST_CASE("repair: what is below a cut was committed", "[node]") {
    Bench bench({.commit = 3, .first = 3});
    const FetchedEntry answer = bench.answer_to({Term{3}, id(2, 1), 0});
    CHECK(answer.result == FetchResult::compacted);
    CHECK(answer.cut == id(2, 1));
    CHECK(bench.answer_to({Term{3}, id(1, 9), 0}).result == FetchResult::compacted);
}

TEST_CASE("repair: a disk that took the place of another one denies nothing", "[node]") {
    Bench bench({.incarnation = Incarnation{5}, .bound = Incarnation{4}});
    CHECK(bench.answer_to({Term{3}, id(9, 2), 0}).result == FetchResult::faulty);
}

TEST_CASE("repair: a stranger gets no answer, and its term is not adopted", "[node]") {
    Bench bench({});
    CHECK(bench.repair.received(bench.step(), NodeId{9}, FetchEntry{Term{8}, id(3, 2), 0}));
    bench.repair.send_answers(bench.step(), Ticket{});
    CHECK(bench.effects.empty());
    CHECK(bench.raft->status().term == Term{3});
}

TEST_CASE("repair: a witness knows of an entry, and gives it to other witnesses only", "[node]") {
    for (const bool asked_by_witness : {false, true}) {
        Bench bench({.commit = 3, .trimmed = true, .witnesses = asked_by_witness});
        const FetchEntry ask{Term{3}, id(2, 1), 0};
        REQUIRE_FALSE(bench.repair.received(bench.step(), NodeId{2}, ask));
        const EntryRef envelope = erased(command_at(2, 1));
        bench.repair.answer(bench.step(), NodeId{2}, ask, {&envelope, 1});
        const FetchedEntry answer = bench.sent_answer();
        CHECK(answer.result == (asked_by_witness ? FetchResult::have : FetchResult::known));
        CHECK(answer.copy.has_value() == asked_by_witness);
        bench.effects.clear();
        // What never had an erasable part is whole here too.
        const EntryRef whole = command_at(2, 1);
        bench.repair.answer(bench.step(), NodeId{2}, ask, {&whole, 1});
        CHECK(bench.sent_answer().result == FetchResult::have);
        bench.effects.clear();
        // Another entry than the one that was asked for is none that it knows.
        bench.repair.answer(bench.step(), NodeId{2}, {Term{3}, id(2, 1), 7}, {&envelope, 1});
        CHECK(bench.sent_answer().result == FetchResult::faulty);
    }
}

TEST_CASE("repair: a damaged entry that a witness knows of is neither repaired nor voted away",
    "[node]") {
    Bench bench({.commit = 1, .faulty = {3}});
    bench.work();
    bench.asked();
    bench.hear(2, id(3, 2), FetchResult::known);
    bench.hear(3, id(3, 2), FetchResult::known);
    CHECK(bench.repair.wants(Index{3}));
    CHECK(bench.raft->log().contains(id(3, 2)));
    REQUIRE(bench.hear(3, command_at(3, 2)));  // another node has it whole
}

TEST_CASE("repair: what is not in memory is read before it is given", "[node]") {
    Bench bench({.commit = 3});
    const FetchEntry ask{Term{3}, id(2, 1), 0};
    REQUIRE_FALSE(bench.repair.received(bench.step(), NodeId{2}, ask));
    const EntryRef read = command_at(2, 1);
    bench.repair.answer(bench.step(), NodeId{2}, ask, {&read, 1});
    CHECK(bench.sent_answer().result == FetchResult::have);
    bench.effects.clear();
    bench.repair.answer(bench.step(), NodeId{2}, ask, {});  // the disk did not give it
    CHECK(bench.sent_answer().result == FetchResult::faulty);
    bench.effects.clear();
    bench.repair.found(bench.step(), Index{2});
    CHECK(bench.answer_to(ask).result == FetchResult::faulty);
}

}  // namespace ledger::node
