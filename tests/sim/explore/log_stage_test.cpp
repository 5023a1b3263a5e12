#include "sim/explore/log_stage.h"

#include <catch2/catch.hpp>

namespace ledger::sim {
namespace {

HashedEntry entry_after(const LogState& state, Term term) {
    HashedEntry hashed;
    hashed.entry.index = state.last().next();
    hashed.entry.term = term;
    hashed.entry.cluster_time = {static_cast<std::int64_t>(hashed.entry.index.value * 10)};
    hashed.hash = entry_hash(state.start_at(state.last()).hash, hashed.entry);
    return hashed;
}

// So many entries of term 2, four of them committed.
LogState log_of(std::uint64_t entries) {
    LogState state;
    state.hard_state = {Term{2}, NodeId{1}};
    for (std::uint64_t i = 0; i < entries; ++i) {
        state.entries.push_back(entry_after(state, Term{2}));
    }
    state.commit = Index{4};
    return state;
}

// An opening that came to the part of `state` up to `last`.
FoundLog found(const LogState& state, Index last) {
    FoundLog found;
    found.hard_state = state.hard_state;
    found.previous = state.start.id;
    found.first = state.first();
    found.last = last;
    const log::LogStart end = state.start_at(last);
    found.last_hash = end.hash;
    found.cluster_time = end.cluster_time;
    found.wall_time = end.wall_time;
    found.commit = std::min(state.commit, last);
    found.commit_hash = state.start_at(found.commit).hash;
    for (Index index = found.first; index <= last; ++index) {
        found.left.push_back(state.left(index));
    }
    return found;
}
FoundLog found(const LogState& state) {
    return found(state, state.last());
}

// A log of eight; under way are two more entries after a truncation to 6, in term 3.
LogStage stage_of_group() {
    LogStage stage;
    stage.before = log_of(8);
    stage.after = stage.before;
    stage.after->hard_state = {Term{3}, NodeId{2}};
    stage.after->cut(Index{6});
    for (int i = 0; i < 2; ++i) {
        stage.after->entries.push_back(entry_after(*stage.after, Term{3}));
    }
    stage.kept = Index{6};
    stage.commit_max = Index{4};
    return stage;
}

}  // namespace

TEST_CASE("log stage: what is erased stays erased, and nothing else is", "[explore]") {
    LogStage stage;
    stage.before = log_of(6);
    stage.commit_max = Index{4};
    for (HashedEntry& held : stage.before.entries) {
        held.entry.handle = EntryHandle::make(as_bytes("envelope"), as_bytes("payload"));
    }
    log::Group group;
    for (const Index index : {Index{2}, Index{3}}) {
        EntryRef form = stage.before.entry(index).entry;
        form.handle = form.handle.erased();
        group.erasures.push_back(form);
    }
    stage.after = stage.before;
    stage.after->apply(group);
    stage.kept = Index{6};
    // Under way each of them may be there or not.
    FoundLog half = found(stage.before);
    half.left[1] = 0;
    for (const FoundLog& one : {found(stage.before), half, found(*stage.after)}) {
        CHECK(explain(stage, one) == "");
    }
    CHECK(settle(stage, half).left(Index{2}) == 0);
    CHECK(settle(stage, half).left(Index{3}) == 7);
    FoundLog wrong = found(*stage.after);
    wrong.left[4] = 0;
    CHECK(explain(stage, wrong) != "");
    stage.before = *stage.after;
    stage.after.reset();
    CHECK(explain(stage, found(stage.before)) == "");
    CHECK(explain(stage, half) != "");
}

TEST_CASE("log stage: between calls only what was promised is allowed", "[explore]") {
    LogStage stage;
    stage.before = log_of(8);
    stage.commit_max = Index{4};
    CHECK(explain(stage, found(stage.before)) == "");
    CHECK(explain(stage, found(stage.before, Index{7})) != "");
    CHECK(explain(stage, found(log_of(9))) != "");
    FoundLog older = found(stage.before);
    older.hard_state.term = Term{1};
    CHECK(explain(stage, older) != "");
    older = found(stage.before);
    older.hard_state.vote = NodeId{2};
    CHECK(explain(stage, older) != "");
    FoundLog lower = found(stage.before);
    lower.commit = Index{2};  // a witness is no promise
    lower.commit_hash = stage.before.start_at(Index{2}).hash;
    CHECK(explain(stage, lower) == "");
    lower.commit = Index{5};
    lower.commit_hash = stage.before.start_at(Index{5}).hash;
    CHECK(explain(stage, lower).find("5 for committed") != std::string::npos);
}

TEST_CASE("log stage: bytes, hashes and stamps of the end must be those written", "[explore]") {
    LogStage stage;
    stage.before = log_of(8);
    stage.commit_max = Index{4};
    FoundLog other = found(stage.before);
    other.last_hash.bytes[3] ^= std::byte{1};
    CHECK(explain(stage, other) != "");
    other = found(stage.before);
    other.commit_hash.bytes[3] ^= std::byte{1};
    CHECK(explain(stage, other) != "");
    other = found(stage.before);
    other.cluster_time.nanoseconds += 1;
    CHECK(explain(stage, other) != "");
    other = found(stage.before);
    other.stranger = "entry 3 has other bytes than were written";
    CHECK(explain(stage, other) == other.stranger);
    FoundLog refused;
    refused.error = failure(log::Errc::faulty_entry, "segment 2 at byte 1024");
    CHECK(explain(stage, refused).find("segment 2 at byte 1024") != std::string::npos);
}

TEST_CASE("log stage: a group under way comes in part, but never before its term", "[explore]") {
    const LogStage stage = stage_of_group();
    CHECK(explain(stage, found(stage.before)) == "");
    FoundLog voted = found(stage.before);
    voted.hard_state = stage.after->hard_state;
    CHECK(explain(stage, voted) == "");
    for (std::uint64_t last = 6; last <= 8; ++last) {
        CHECK(explain(stage, found(*stage.after, Index{last})) == "");
        FoundLog early = found(*stage.after, Index{last});
        early.hard_state = stage.before.hard_state;
        CHECK(explain(stage, early) != "");
    }
    CHECK(explain(stage, found(*stage.after, Index{5})) != "");
    CHECK(explain(stage, found(stage.before, Index{7})) != "");
    const LogState left = settle(stage, found(*stage.after, Index{7}));
    CHECK(left.last() == Index{7});
    CHECK(left.hard_state == stage.after->hard_state);
}

TEST_CASE("log stage: before format() has returned there may be no log", "[explore]") {
    LogStage stage;
    FoundLog none;
    none.error = failure(log::Errc::not_found, "hard_state");
    CHECK(explain(stage, none) != "");
    stage.formatted = false;
    CHECK(explain(stage, none) == "");
    CHECK(explain(stage, found(LogState{})) == "");
    none.error = failure(log::Errc::corrupt_record, "hard_state");
    CHECK(explain(stage, none) != "");
}

TEST_CASE("log stage: no crash makes an entry faulty; unsealed is what is missing", "[explore]") {
    const LogStage stage = stage_of_group();
    FoundLog faulty = found(*stage.after);
    faulty.faulty.push_back({Term{2}, Index{5}});
    CHECK(explain(stage, faulty).find("entry 5 faulty") != std::string::npos);
    FoundLog torn = found(*stage.after, Index{6});
    torn.unsealed = {{Term{3}, Index{7}}, {Term{3}, Index{8}}};
    CHECK(explain(stage, torn) == "");
    torn.unsealed = {{Term{3}, Index{8}}};
    CHECK(explain(stage, torn) != "");
    torn.unsealed = {{Term{2}, Index{7}}};
    CHECK(explain(stage, torn) != "");
    FoundLog promised = found(stage.before);
    promised.unsealed = {{Term{2}, Index{9}}};
    CHECK(explain(stage, promised) != "");
}

TEST_CASE("log stage: a restart is one log or the other", "[explore]") {
    LogStage stage;
    stage.before = log_of(8);
    stage.after = LogState{};
    stage.after->hard_state = {Term{5}, NodeId{0}};
    stage.after->start = {{Term{5}, Index{20}}, sha256(as_bytes("cut")), {77}, {78}};
    stage.after->commit = Index{20};
    stage.after->entries.push_back(entry_after(*stage.after, Term{5}));
    stage.kept = Index{20};
    stage.commit_max = Index{20};
    CHECK(explain(stage, found(stage.before)) == "");
    CHECK(explain(stage, found(*stage.after)) == "");
    CHECK(explain(stage, found(*stage.after, Index{20})) == "");
    FoundLog mixed = found(stage.before);
    mixed.hard_state = stage.after->hard_state;
    CHECK(explain(stage, mixed) != "");
    mixed = found(*stage.after);
    mixed.hard_state = stage.before.hard_state;
    CHECK(explain(stage, mixed) != "");
}

TEST_CASE("log stage: a discard is done or not begun", "[explore]") {
    LogStage stage;
    stage.before = log_of(8);
    stage.after = stage.before;
    stage.after->forget(Index{4});
    stage.kept = Index{8};
    stage.discards = true;
    stage.commit_max = Index{4};
    CHECK(stage.after->first() == Index{4});
    CHECK(stage.after->start.id == LogId{Term{2}, Index{3}});
    CHECK(explain(stage, found(stage.before)) == "");
    CHECK(explain(stage, found(*stage.after)) == "");
    LogState half = stage.before;
    half.forget(Index{3});
    CHECK(explain(stage, found(half)) != "");
}

}  // namespace ledger::sim
