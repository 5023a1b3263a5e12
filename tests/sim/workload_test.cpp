#include "sim/workload.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace ledger::sim {
namespace {

constexpr std::uint32_t drawn = 4000;

WorkloadProfile busy() {
    return {.clients = 2, .streams = 5, .operations_max = drawn, .reads = 300'000,
        .multi_stream = 300'000, .conditional = 500'000, .stale = 200'000, .batch_max = 4,
        .payload_max = 64, .operation_timeout = seconds(3)};
}

class KindChoices final : public ChoiceSource {
  public:
    std::uint64_t choose(Site, std::uint64_t, std::uint64_t, std::uint64_t) override { return 0; }
};

using node::client::Done;
using node::client::Ending;

Done appended(
    const state::Append& append, std::uint64_t first, std::vector<Revision> revisions) {
    Done done{.operation = 1, .what = append, .ending = Ending::done};
    done.outcome = state::Appended{.first = Position{first},
        .events = static_cast<std::uint32_t>(revisions.size()), .revisions = revisions};
    return done;
}

}  // namespace

TEST_CASE("workload: what the swarm draws is always a command that the ledger takes", "[sim]") {
    SeededChoices choices(3);
    SwarmWorkload workload(busy(), choices, nullptr);
    std::map<std::string, std::uint32_t> kinds;
    std::set<std::pair<std::uint64_t, std::uint64_t>> ids;
    std::uint32_t count = 0;
    std::uint32_t lane = 0;
    while (const auto what = workload.next(lane)) {
        ++count;
        lane = 1 - lane;
        if (const auto* query = std::get_if<state::Query>(&*what)) {
            ByteVector bytes;
            state::encode_query(*query, bytes);
            const auto again = state::decode_query(bytes);
            REQUIRE(static_cast<bool>(again));
            REQUIRE(*again == *query);
            ++kinds[query->index() == 0 ? "read stream" : "read all"];
            continue;
        }
        const auto* append = std::get_if<state::Append>(&*what);
        REQUIRE(append != nullptr);
        REQUIRE(static_cast<bool>(state::check_command(*append)));
        REQUIRE(append->session == SessionId{});
        ++kinds[append->events.empty() ? "pure check" : "append"];
        kinds["several streams"] += append->streams.size() > 1 ? 1u : 0u;
        for (const state::StreamCheck& check : append->streams) {
            kinds["expected"] += check.expected.kind != state::Expected::Kind::any ? 1u : 0u;
        }
        for (const state::NewEvent& event : append->events) {
            REQUIRE(ids.emplace(event.id.high, event.id.low).second);
            REQUIRE(event.payload.size() <= 64);
        }
    }
    CHECK(workload.finished());
    CHECK(workload.timeout() == seconds(3));
    CHECK(count == drawn);
    CHECK_FALSE(workload.next(0));
    for (const char* kind : {"read stream", "read all", "pure check", "append",
             "several streams", "expected"}) {
        INFO(kind);
        CHECK(kinds[kind] > drawn / 200);  // a pure check is one of 64 appends
    }
    const std::uint32_t reads = kinds["read stream"] + kinds["read all"];
    CHECK(reads > drawn * 3 / 10 - drawn / 20);
    CHECK(reads < drawn * 3 / 10 + drawn / 20);
}

TEST_CASE("workload: the kind answer is the plainest append", "[sim]") {
    KindChoices kind;
    SwarmWorkload workload(busy(), kind, nullptr);
    const auto what = workload.next(0);
    REQUIRE(what);
    const auto* append = std::get_if<state::Append>(&*what);
    REQUIRE(append != nullptr);
    REQUIRE(append->streams.size() == 1);
    CHECK(append->streams[0].expected == state::Expected{});
    CHECK(append->events.size() == 1);
    CHECK(append->events[0].payload.empty());
}

TEST_CASE("workload: one lane's draws do not move another lane's", "[sim]") {
    const auto lane_one = [](std::uint32_t others) {
        SeededChoices choices(4);
        SwarmWorkload workload(busy(), choices, nullptr);
        std::vector<std::vector<state::StreamCheck>> streams;
        for (int i = 0; i < 100; ++i) {
            for (std::uint32_t other = 0; other < others; ++other) {
                workload.next(0);
            }
            const auto what = workload.next(1);
            const auto* append = std::get_if<state::Append>(&*what);
            streams.push_back(append != nullptr ? append->streams
                                                : std::vector<state::StreamCheck>{});
        }
        return streams;
    };
    CHECK(lane_one(0) == lane_one(3));
}

TEST_CASE("workload: expectations follow what the lane has learnt", "[sim]") {
    using Kind = state::Expected::Kind;
    WorkloadProfile profile = busy();
    profile.streams = 1;
    profile.reads = 0;
    profile.multi_stream = 0;
    profile.conditional = 1'000'000;
    profile.stale = 0;
    SeededChoices choices(5);
    SwarmWorkload workload(profile, choices, nullptr);
    const auto expected = [&](std::uint32_t lane) {
        const auto what = workload.next(lane);
        return std::get_if<state::Append>(&*what)->streams[0].expected;
    };
    CHECK(expected(0).kind == Kind::no_stream);
    state::Append append;
    append.streams = {{"stream-0", {}}};
    append.events.push_back({.stream = 0, .id = {0, 1}, .type = "swarm"});
    workload.ended(0, appended(append, 0, {Revision{6}}));
    CHECK(expected(1).kind == Kind::no_stream);  // the other lane has not heard of it
    bool exact = false;
    for (int i = 0; i < 50; ++i) {
        const state::Expected now = expected(0);
        CHECK((now.kind == Kind::exists || now == state::Expected{Kind::exact, Revision{6}}));
        exact = exact || now.kind == Kind::exact;
    }
    CHECK(exact);
    // A conflict teaches, too: here that the stream is gone.
    Done conflict{.operation = 2, .what = append, .ending = Ending::failed};
    conflict.outcome = state::Conflict{
        {{"stream-0", {Kind::exact, Revision{6}}, false, {}}}, Position{9}};
    workload.ended(0, conflict);
    CHECK(expected(0).kind == Kind::no_stream);
    // And so does a read.
    Done read{.operation = 3,
        .what = state::Query{state::ReadStream{"stream-0", {}, state::Direction::forward, 1}},
        .ending = Ending::done};
    read.answer = state::Answer{.length = Position{9}, .stream_exists = true, .stream_length = 3,
        .end = true, .events = {}};
    workload.ended(0, read);
    bool learnt = false;
    for (int i = 0; i < 50; ++i) {
        learnt = learnt || expected(0) == state::Expected{Kind::exact, Revision{2}};
    }
    CHECK(learnt);
}

TEST_CASE("workload: a stale expectation is likely wrong", "[sim]") {
    WorkloadProfile profile = busy();
    profile.streams = 1;
    profile.reads = 0;
    profile.multi_stream = 0;
    profile.conditional = 1'000'000;
    profile.stale = 1'000'000;
    SeededChoices choices(6);
    SwarmWorkload workload(profile, choices, nullptr);
    state::Append append;
    append.streams = {{"stream-0", {}}};
    append.events.push_back({.stream = 0, .id = {0, 1}, .type = "swarm"});
    workload.ended(0, appended(append, 0, {Revision{9}}));
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 100; ++i) {
        const auto what = workload.next(0);
        const state::Expected expected = std::get_if<state::Append>(&*what)->streams[0].expected;
        REQUIRE(expected.kind == state::Expected::Kind::exact);
        seen.insert(expected.revision.value);
    }
    CHECK(seen == std::set<std::uint64_t>{6, 7, 8, 9});
}

TEST_CASE("workload: an import hands out each append until it is answered, in order", "[sim]") {
    std::vector<state::Append> appends(3);
    for (std::uint64_t i = 0; i < 3; ++i) {
        appends[i].streams = {{"file-" + std::to_string(i), {}}};
    }
    ImportWorkload import(appends);
    CHECK(import.timeout() > seconds(24 * 3600));
    CHECK_FALSE(import.next(1));  // one lane only: the order counts
    for (std::uint64_t i = 0; i < 3; ++i) {
        CHECK_FALSE(import.finished());
        const auto what = import.next(0);
        REQUIRE(what);
        CHECK(std::get_if<state::Append>(&*what)->streams == appends[i].streams);
        CHECK(import.done() == i);
        import.ended(0, {.operation = i, .what = *what,
                            .ending = i == 1 ? Ending::failed : Ending::done});
    }
    CHECK(import.finished());
    CHECK_FALSE(import.next(0));
    CHECK(import.done() == 3);
    REQUIRE(import.refused().size() == 1);
    CHECK(import.refused()[0].place == 1);
    CHECK(import.refused()[0].conflict);
}

TEST_CASE("workload: the first operation writes, whatever the others do", "[sim]") {
    WorkloadProfile profile = busy();
    profile.reads = 1'000'000;
    SeededChoices choices(8);
    SwarmWorkload workload(profile, choices, nullptr);
    CHECK(std::holds_alternative<state::Append>(*workload.next(1)));
    for (int i = 0; i < 100; ++i) {
        CHECK(std::holds_alternative<state::Query>(*workload.next(0)));
    }
}

}  // namespace ledger::sim
