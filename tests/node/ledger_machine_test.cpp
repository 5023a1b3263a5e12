#include "node/ledger_machine.h"

#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

namespace ledger::node {
namespace {

EntryRef command_entry(std::uint64_t index, const state::Command& command) {
    EntryRef entry;
    entry.index = Index{index};
    entry.term = Term{1};
    entry.kind = EntryKind::command;
    entry.handle = state::encode_command(command);
    entry.bytes = entry.handle->size();
    return entry;
}

state::Append append_of(const char* stream, const char* payload) {
    state::Append append;
    append.streams.push_back({stream, {}});
    state::NewEvent event;
    event.id = {1, as_bytes(payload).size()};
    event.type = "test";
    const ByteSpan bytes = as_bytes(payload);
    event.payload.assign(bytes.begin(), bytes.end());
    append.events.push_back(event);
    return append;
}

}  // namespace

TEST_CASE("ledger machine: an answer is made of the entries that the plan named", "[node]") {
    LedgerMachine machine;
    const std::vector<EntryRef> log = {command_entry(1, append_of("a", "one")),
        command_entry(2, append_of("b", "three")), command_entry(3, append_of("a", "fourth"))};
    for (const EntryRef& entry : log) {
        ByteVector outcome;
        machine.apply({entry, {}}, outcome);
        CHECK_FALSE(outcome.empty());
    }
    CHECK(machine.summary().length == Position{3});
    ByteVector question;
    state::encode_query(
        state::ReadStream{"a", Revision{0}, state::Direction::forward, 10}, question);
    const Result<QueryPlan> plan = machine.query(question);
    REQUIRE(plan.has_value());
    CHECK(plan->entries == std::vector<Index>{Index{1}, Index{3}});
    // The state may move on before the entries are there: the answer is of the plan's moment.
    ByteVector ignored;
    machine.apply({command_entry(4, append_of("a", "later")), {}}, ignored);
    const Result<ByteVector> bytes = machine.answer(*plan, std::vector<EntryRef>{log[0], log[2]});
    REQUIRE(bytes.has_value());
    const Result<state::Answer> answer = state::decode_answer(*bytes);
    REQUIRE(answer.has_value());
    CHECK(answer->length == Position{3});
    CHECK(answer->stream_length == 2);
    REQUIRE(answer->events.size() == 2);
    CHECK(as_text(answer->events[0].payload) == "one");
    CHECK(as_text(answer->events[1].payload) == "fourth");
}

TEST_CASE("ledger machine: a page with a filter says how far it looked, and when things happened",
    "[node]") {
    LedgerMachine machine;
    std::vector<EntryRef> log = {command_entry(1, append_of("a-1", "one")),
        command_entry(2, append_of("b-1", "two")), command_entry(3, append_of("a-2", "three"))};
    for (EntryRef& entry : log) {
        entry.cluster_time = ClusterTime{static_cast<std::int64_t>(entry.index.value) * 10};
        entry.wall_time = WallTime{static_cast<std::int64_t>(entry.index.value) * 100};
        ByteVector outcome;
        machine.apply({entry, {}}, outcome);
    }
    const auto ask = [&](const state::Query& query, std::size_t fitting) {
        ByteVector question;
        state::encode_query(query, question);
        const Result<QueryPlan> plan = machine.query(question);
        REQUIRE(plan.has_value());
        std::vector<EntryRef> entries;
        for (std::size_t i = 0; i < std::min(fitting, plan->entries.size()); ++i) {
            entries.push_back(log[plan->entries[i].value - 1]);
        }
        const Result<ByteVector> bytes = machine.answer(*plan, entries);
        REQUIRE(bytes.has_value());
        const Result<state::Answer> answer = state::decode_answer(*bytes);
        REQUIRE(answer.has_value());
        REQUIRE(answer->detail.has_value());
        return *answer;
    };
    using state::Direction;
    const state::Filter of_a{.types = {}, .stream_prefix = "a-"};
    const state::Answer whole = ask(state::ReadAll{{}, Direction::forward, 10, of_a}, 10);
    REQUIRE(whole.events.size() == 2);
    CHECK(whole.events[1].cluster_time == ClusterTime{30});
    CHECK(whole.events[1].wall_time == WallTime{300});
    CHECK(whole.end);
    CHECK(whole.detail->next == 3);
    // A page on which nothing passes still moves on.
    const state::Answer none = ask(state::ReadAll{Position{1}, Direction::forward, 1, of_a}, 10);
    CHECK(none.events.empty());
    CHECK_FALSE(none.end);
    CHECK(none.detail->next == 2);
    const state::Answer cut = ask(state::ReadAll{{}, Direction::forward, 10, of_a}, 2);
    CHECK(cut.events.size() == 1);
    CHECK_FALSE(cut.end);
    CHECK(cut.detail->next == 2);
    const state::Answer back =
        ask(state::ReadAll{Position{UINT64_MAX}, Direction::backward, 10, of_a}, 10);
    REQUIRE(back.events.size() == 2);
    CHECK(back.events[0].position == Position{2});
    CHECK(back.end);
    CHECK(back.detail->next == UINT64_MAX);
    // What has expired is passed over, and said.
    machine.retain(Index{2});
    const state::Answer late = ask(state::ReadAll{{}, Direction::forward, 10, of_a}, 10);
    REQUIRE(late.events.size() == 1);
    CHECK(late.detail->first == 2);
    const state::Answer below = ask(state::ReadAll{Position{1}, Direction::backward, 10, of_a}, 10);
    CHECK(below.events.empty());
    CHECK_FALSE(below.end);
    CHECK(below.detail->first == 2);
    CHECK(ask(state::ReadStream{"a-2", {}, Direction::forward, 10, state::Filter{}}, 10)
              .detail->next == 1);
}

TEST_CASE("ledger machine: a redaction is admitted once its version is in force", "[node]") {
    LedgerMachine machine;
    state::Redact redact;
    redact.positions = {Position{0}};
    const EntryHandle body = state::encode_command(state::Command{redact});
    CHECK(machine.admit(*body).error().code ==
          make_error_code(state::Errc::unsupported_version));
    CHECK(machine.needed() == Feature::base);
    ByteVector outcome;
    EntryRef feature = feature_entry(Feature::erasure);
    feature.index = Index{1};
    machine.apply({feature, {}}, outcome);
    CHECK(machine.admit(*body).has_value());
    CHECK(machine.needed() == Feature::erasure);
}

TEST_CASE("ledger machine: what is redacted is named, and no body keeps it", "[node]") {
    LedgerMachine machine({.knows_redact = true});
    const EntryRef entry = command_entry(1, append_of("a", "payload"));
    ByteVector outcome;
    machine.apply({entry, {}}, outcome);
    CHECK(machine.just_erased().empty());
    CHECK(machine.erased_from(Index{1}) == Index{});
    CHECK_FALSE(machine.as_it_stays(Index{1}, entry.handle).is_erased());
    state::Redact redact;
    redact.positions = {Position{0}};
    machine.apply({command_entry(2, state::Command{redact}), {}}, outcome);
    REQUIRE(machine.just_erased().size() == 1);
    CHECK(machine.just_erased()[0] == Index{1});
    CHECK(machine.erased_from(Index{1}) == Index{1});
    CHECK(machine.erased_from(Index{2}) == Index{});
    CHECK(machine.as_it_stays(Index{1}, entry.handle).is_erased());
    // A body that lacks payloads is no command that may enter the log.
    CHECK_FALSE(machine.admit(*entry.handle.erased()).has_value());
}

TEST_CASE("ledger machine: only whole commands with true commitments are admitted", "[node]") {
    const LedgerMachine machine;
    const EntryHandle good = state::encode_command(append_of("a", "payload"));
    CHECK(machine.admit(*good).has_value());
    CHECK_FALSE(machine.admit(*EntryHandle::make(as_bytes("nonsense"), {})).has_value());
    ByteVector erasable(good->erasable().begin(), good->erasable().end());
    erasable.back() ^= std::byte{1};
    CHECK_FALSE(machine.admit(*EntryHandle::make(good->envelope(), erasable)).has_value());
    CHECK_FALSE(machine.query(as_bytes("?")).has_value());
}

}  // namespace ledger::node
