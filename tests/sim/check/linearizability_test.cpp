#include "sim/check/linearizability.h"

#include <catch2/catch.hpp>

#include "tests/sim/check/ledger_builder.h"

namespace ledger::check::test {
namespace {

// Clients whose every call and return is the next step, one millisecond after the last one.
class Clients {
  public:
    Order order;
    Linearizability kernel{order};

    std::uint64_t call(
        std::uint64_t client, Call asked, SessionId session = {}, Sequence sequence = {}) {
        Operation op = operation(++last_, client, std::move(asked));
        op.session = session;
        op.sequence = sequence;
        op.called = now();
        kernel.called(op);
        open_.push_back(op);
        return last_;
    }
    Finding answer(std::uint64_t id, Answer told) {
        Operation op = open_[id - 1];
        op.answer = std::move(told);
        op.returned = now();
        return kernel.returned(op);
    }
    // Call and answer with nothing in between.
    Finding at_once(std::uint64_t client, Call asked, Answer told) {
        const std::uint64_t id = call(client, std::move(asked));
        return answer(id, std::move(told));
    }

  private:
    When now() {
        ++step_;
        return {step_, Instant{static_cast<std::int64_t>(step_) * 1'000'000}};
    }
    std::vector<Operation> open_;
    std::uint64_t last_ = 0;
    std::uint64_t step_ = 0;
};

Acknowledged at(std::uint64_t position) {
    return {Position{position}, {}};
}

bool says(const Finding& finding, std::string_view part) {
    return finding && finding->find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("linearizability: sequential appends and reads are fine and counted", "[check]") {
    Clients clients;
    push(clients.order, {{1, "a"}, {2, "b"}});
    CHECK_FALSE(clients.at_once(1, append_call({1, 2}, {any("a")}), at(0)));
    CHECK_FALSE(clients.at_once(2, read_all(0), page_at(2, {1, 2}, true)));
    CHECK_FALSE(clients.at_once(2, read_stream("b", 0), page({2}, true)));
    CHECK_FALSE(clients.at_once(3, TailCall{}, tail(2)));
    CHECK_FALSE(clients.kernel.finish());
    CHECK(clients.kernel.result() == CheckResult{"linearizability", CheckResult::Verdict::ok, 4});
}

TEST_CASE("linearizability: nothing examined is idle", "[check]") {
    Clients clients;
    CHECK_FALSE(clients.at_once(1, read_all(0), Unknown{}));
    CHECK_FALSE(clients.kernel.finish());
    CHECK(clients.kernel.result().verdict == CheckResult::Verdict::idle);
}

TEST_CASE(
    "linearizability: a stale read names both operations and the first lost event", "[check]") {
    Clients clients;
    push(clients.order, {{1, "a"}});
    push(clients.order, {{2, "a"}, {3, "a"}});
    REQUIRE_FALSE(clients.at_once(3, append_call({2, 3}, {any("a")}), at(1)));
    const Finding stale = clients.at_once(7, read_all(0), page_at(1, {1}, true));
    REQUIRE(stale);
    CHECK(says(stale, "client 7 read all events forward from 0 (operation 2"));
    CHECK(says(stale, "client 3 had been told at 2ms that its 2 events stand at positions 1..2"));
    CHECK(says(stale, "stale by 2 events"));
    CHECK(says(stale, "event 2 at position 1"));
    CHECK(clients.kernel.result().verdict == CheckResult::Verdict::violated);
}

TEST_CASE(
    "linearizability: an old answer is fine while the newer one is still on its way", "[check]") {
    Clients clients;
    push(clients.order, {{1, "a"}});
    const std::uint64_t append = clients.call(1, append_call({1}, {any("a")}));
    CHECK_FALSE(clients.at_once(2, read_all(0), page_at(1, {1}, true)));
    const std::uint64_t late = clients.call(3, TailCall{});
    CHECK_FALSE(clients.answer(append, at(0)));
    // Called after client 2 had seen the event.
    CHECK(clients.answer(late, tail(0)));
}

TEST_CASE("linearizability: reads that go back in time are found without any append", "[check]") {
    Clients clients;
    push(clients.order, {{1, "a"}});
    push(clients.order, {{2, "a"}});
    REQUIRE_FALSE(clients.at_once(1, TailCall{}, tail(2)));
    const Finding stale = clients.at_once(2, TailCall{}, tail(1));
    CHECK(says(stale, "client 2 asked for the length"));
    CHECK(says(stale, "client 1 had been told"));
    CHECK(says(stale, "at least 2 events"));
}

TEST_CASE("linearizability: a stream read is judged by the versions that fit it", "[check]") {
    Clients clients;
    push(clients.order, {{1, "a"}});
    push(clients.order, {{2, "b"}});
    push(clients.order, {{3, "a"}});
    REQUIRE_FALSE(clients.at_once(1, TailCall{}, tail(2)));
    // At length 2 stream a still had one event.
    CHECK_FALSE(clients.at_once(2, read_stream("a", 0), page({1}, true)));
    REQUIRE_FALSE(clients.at_once(1, TailCall{}, tail(3)));
    const Finding stale = clients.at_once(2, read_stream("a", 0), page({1}, true));
    CHECK(says(stale, "client 2 read stream a"));
    CHECK(says(stale, "event 3 at position 2"));
}

TEST_CASE("linearizability: between the events of one append there is nothing to see", "[check]") {
    Clients clients;
    push(clients.order, {{1, "a"}, {2, "a"}});
    const Finding torn = clients.at_once(4, read_all(0), page({1}, true));
    CHECK(says(torn, "client 4"));
    CHECK(says(torn, "torn read"));
    CHECK(says(torn, "positions 0..1"));
}

TEST_CASE(
    "linearizability: an append behind what was seen before its call entered the past", "[check]") {
    Clients clients;
    push(clients.order, {{1, "a"}});
    push(clients.order, {{2, "a"}});
    REQUIRE_FALSE(clients.at_once(5, TailCall{}, tail(2)));
    SECTION("acknowledged") {
        const Finding future = clients.at_once(6, append_call({1}, {any("a")}), at(0));
        CHECK(says(future, "client 6"));
        CHECK(says(future, "position 0 (event 1)"));
        CHECK(says(future, "client 5 had been told"));
    }
    SECTION("never answered") {
        clients.call(6, append_call({1}, {any("a")}));
        CHECK(says(clients.kernel.finish(), "client 6"));
    }
    SECTION("given up") {
        CHECK_FALSE(clients.at_once(6, append_call({1}, {any("a")}), Unknown{}));
        CHECK(says(clients.kernel.finish(), "entered the past"));
    }
}

TEST_CASE("linearizability: an unknown append that never took effect says nothing", "[check]") {
    Clients clients;
    push(clients.order, {{1, "a"}});
    CHECK_FALSE(clients.at_once(1, append_call({9}, {any("a")}), Unknown{}));
    CHECK_FALSE(clients.at_once(1, TailCall{}, tail(1)));
    CHECK_FALSE(clients.kernel.finish());
}

TEST_CASE("linearizability: wrong content is found where it stands", "[check]") {
    Clients clients;
    push(clients.order, {{1, "a"}});
    push(clients.order, {{2, "b"}});
    CHECK(says(clients.at_once(1, read_all(0), page_at(2, {1, 7}, true)),
        "shown event 7 where position 1 holds event 2"));
    CHECK(
        says(clients.at_once(1, append_call({5}, {any("a")}), at(1)), "position 1 holds event 2"));
    ReadAnswer moved = page_at(2, {2}, true);
    moved.positions = true;
    moved.events[0].position = Position{5};
    CHECK(says(clients.at_once(1, read_stream("b", 0), moved), "stands at position 1"));
    ReadAnswer counted = page_at(2, {1}, true);
    counted.stream_length = 3;
    CHECK(says(clients.at_once(1, read_stream("a", 0), counted), "told of 3 events"));
    CHECK(says(clients.at_once(1, TailCall{}, tail(4)), "has only 2"));
    CHECK(clients.kernel.result().examined == 5);
}

TEST_CASE(
    "linearizability: a conflict must be true at the length at which it was judged", "[check]") {
    Clients clients;
    push(clients.order, {{1, "a"}});
    push(clients.order, {{2, "a"}});
    const AppendCall call = append_call({9}, {exact("a", 1), any("b")});
    Conflicted told;
    told.at = 1;
    told.checks = {{"a", call.streams[0].expected, true, Revision{0}}};
    CHECK_FALSE(clients.at_once(1, call, told));
    SECTION("spurious: the condition held") {
        told.at = 2;
        const Finding wrong = clients.at_once(8, call, told);
        CHECK(says(wrong, "client 8"));
        CHECK(says(wrong, "stream a had 2 events at length 2"));
    }
    SECTION("wrong detail") {
        told.checks[0].actual = Revision{4};
        CHECK(says(clients.at_once(8, call, told), "stream a to end at revision 4"));
    }
    SECTION("stale: judged before what had been seen") {
        REQUIRE_FALSE(clients.at_once(2, TailCall{}, tail(2)));
        const Finding stale = clients.at_once(8, call, told);
        CHECK(says(stale, "client 8"));
        CHECK(says(stale, "client 2 had been told"));
    }
}

TEST_CASE("linearizability: attempts of one session and sequence are one append", "[check]") {
    Clients clients;
    push(clients.order, {{1, "a"}});
    push(clients.order, {{2, "a"}});
    const SessionId session{12};
    const Sequence sequence{5};
    const AppendCall call = append_call({1}, {any("a")});
    SECTION("the first attempt opens the window, though a retry brings the answer") {
        clients.call(3, call, session, sequence);
        REQUIRE_FALSE(clients.at_once(4, TailCall{}, tail(2)));
        const std::uint64_t retry = clients.call(3, call, session, sequence);
        CHECK_FALSE(clients.answer(retry, at(0)));
    }
    SECTION("a refused attempt opens nothing") {
        const std::uint64_t first = clients.call(3, call, session, sequence);
        CHECK_FALSE(clients.answer(first, Refused{"not leader"}));
        REQUIRE_FALSE(clients.at_once(4, TailCall{}, tail(2)));
        const std::uint64_t retry = clients.call(3, call, session, sequence);
        const Finding future = clients.answer(retry, at(0));
        CHECK(says(future, "client 3 (session 12, sequence 5)"));
        CHECK(says(future, "client 4 had been told"));
    }
    SECTION("a later answer repeats the first one") {
        const std::uint64_t first = clients.call(3, call, session, sequence);
        const std::uint64_t second = clients.call(3, call, session, sequence);
        CHECK_FALSE(clients.answer(first, at(0)));
        REQUIRE_FALSE(clients.at_once(4, TailCall{}, tail(2)));
        CHECK_FALSE(clients.answer(second, at(0)));
        CHECK_FALSE(clients.kernel.finish());
    }
}

TEST_CASE("linearizability: the witness is the operation that is evidence by itself", "[check]") {
    Clients clients;
    push(clients.order, {{1, "a"}});
    push(clients.order, {{2, "a"}});
    REQUIRE_FALSE(clients.at_once(1, append_call({2}, {any("a")}), at(1)));
    // A full page from 0 alone proves one event; only its floor makes it later.
    REQUIRE_FALSE(clients.at_once(2, read_all(0, 1), page({1}, false)));
    const Finding stale = clients.at_once(3, TailCall{}, tail(1));
    CHECK(says(stale, "client 1 had been told"));
}

}  // namespace ledger::check::test
