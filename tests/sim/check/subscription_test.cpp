#include "sim/check/subscription.h"

#include <catch2/catch.hpp>

#include "tests/sim/check/ledger_builder.h"

namespace ledger::check::test {
namespace {

// Events 100, 101, ... of streams a, b, a, b, ... at positions 0, 1, ...
struct Ledger {
    explicit Ledger(std::uint64_t length) { grow(length); }

    void grow(std::uint64_t length) {
        while (order.length() < length) {
            push(order, {{100 + order.length(), order.length() % 2 == 0 ? "a" : "b"}});
        }
    }
    static state::RecordedEvent at(std::uint64_t position) {
        return {.position = Position{position},
            .revision = Revision{position / 2},
            .stream = position % 2 == 0 ? "a" : "b",
            .id = event(100 + position),
            .type = {},
            .metadata = {},
            .payload = {}};
    }
    // Subscriber 1 is handed these positions by n2.
    Finding hand(std::vector<std::uint64_t> positions, std::uint64_t next) {
        std::vector<state::RecordedEvent> events;
        for (const std::uint64_t position : positions) {
            events.push_back(at(position));
        }
        return check.delivered(1, NodeId{2}, events, Position{next});
    }
    bool finds(const Finding& finding, const std::string& words) {
        INFO(finding.value_or("nothing"));
        CHECK(check.result().verdict == CheckResult::Verdict::violated);
        return finding && finding->find(words) != std::string::npos;
    }

    Order order;
    Subscription check{order};
};

}  // namespace

TEST_CASE("subscription: everything committed, once and in order, is fine", "[check]") {
    Ledger ledger(5);
    CHECK(ledger.check.result().verdict == CheckResult::Verdict::idle);
    ledger.check.begins(1, Position{1}, "");
    CHECK_FALSE(ledger.hand({1, 2}, 3));
    CHECK_FALSE(ledger.check.complete(1));
    CHECK_FALSE(ledger.hand({3, 4}, 5));
    CHECK_FALSE(ledger.hand({}, 5));
    CHECK(ledger.check.all_complete());
    ledger.grow(6);
    CHECK_FALSE(ledger.check.all_complete());
    CHECK_FALSE(ledger.hand({5}, 6));
    CHECK_FALSE(ledger.check.finish());
    CHECK(ledger.check.result() == CheckResult{"subscription", CheckResult::Verdict::ok, 5});
}

TEST_CASE("subscription: one that begins now begins where it is told", "[check]") {
    Ledger ledger(4);
    ledger.check.begins(1, std::nullopt, "");
    CHECK_FALSE(ledger.check.complete(1));
    CHECK_FALSE(ledger.hand({}, 3));
    CHECK_FALSE(ledger.hand({3}, 4));
    CHECK(ledger.check.complete(1));
}

TEST_CASE("subscription: one stream alone, with nothing of it left out", "[check]") {
    Ledger ledger(7);
    ledger.check.begins(1, Position{0}, "b");
    CHECK_FALSE(ledger.hand({1, 3}, 5));
    CHECK_FALSE(ledger.check.complete(1));
    CHECK_FALSE(ledger.hand({5}, 6));
    CHECK(ledger.check.complete(1));  // position 6 is of the other stream
    ledger.check.begins(2, Position{0}, "nobody");
    CHECK(ledger.check.complete(2));
}

TEST_CASE("subscription: a gap is found, within a page and between pages", "[check]") {
    Ledger ledger(6);
    ledger.check.begins(1, Position{0}, "");
    SECTION("within") {
        CHECK(ledger.finds(ledger.hand({0, 1, 3}, 4),
            "subscriber 1 was handed position 3 where position 2 was due: events are missing by n2"));
    }
    SECTION("between") {
        CHECK_FALSE(ledger.hand({0, 1}, 2));
        CHECK(ledger.finds(ledger.hand({3}, 4), "position 3 where position 2 was due"));
    }
    SECTION("at the end of a page") {
        CHECK(ledger.finds(ledger.hand({0, 1}, 3), "everything below position 3"));
    }
    SECTION("without any event") {
        CHECK(ledger.finds(ledger.hand({}, 3), "everything below position 3"));
    }
}

TEST_CASE("subscription: who lacks expired events may be refused, nobody else", "[check]") {
    Ledger ledger(6);
    ledger.check.begins(1, Position{0}, "");
    CHECK_FALSE(ledger.hand({0, 1}, 2));
    SECTION("it lacks some") {
        CHECK_FALSE(ledger.check.expired(1, NodeId{3}, Position{3}));
        CHECK(ledger.check.all_complete());
        CHECK_FALSE(ledger.check.finish());
    }
    SECTION("it lacks none of them") {
        CHECK(ledger.finds(ledger.check.expired(1, NodeId{3}, Position{2}),
            "subscriber 1 lacks what lies at position 2 or after, and n3 refused it as expired"));
    }
    SECTION("nothing may be gone") {
        CHECK(ledger.finds(ledger.check.expired(1, NodeId{3}, Position{0}),
            "only what lies below position 0 is"));
    }
}

TEST_CASE("subscription: a gap in one stream is found", "[check]") {
    Ledger ledger(8);
    ledger.check.begins(1, Position{0}, "b");
    SECTION("an event is left out") {
        CHECK(ledger.finds(ledger.hand({1, 5}, 6), "position 5 where position 3 was due"));
    }
    SECTION("the last one is left out") {
        CHECK(ledger.finds(ledger.hand({1, 3}, 6), "everything below position 6"));
    }
    SECTION("an event of another stream") {
        CHECK(ledger.finds(ledger.hand({1, 2}, 3), "position 2 where position 3 was due"));
    }
}

TEST_CASE("subscription: repetitions and what was never committed are found", "[check]") {
    Ledger ledger(4);
    ledger.check.begins(1, Position{0}, "");
    SECTION("again") {
        CHECK_FALSE(ledger.hand({0, 1}, 2));
        CHECK(ledger.finds(ledger.hand({1}, 2), "position 1 where position 2 was due: events are "
                                                "repeated"));
    }
    SECTION("all of it again") {
        CHECK_FALSE(ledger.hand({0, 1, 2, 3}, 4));
        CHECK(ledger.finds(ledger.hand({3}, 4), "position 3 where nothing was due"));
    }
    SECTION("beyond the end") {
        CHECK_FALSE(ledger.hand({0, 1, 2, 3}, 4));
        CHECK(ledger.finds(ledger.hand({4}, 5), "position 4, which is not committed"));
    }
    SECTION("told too much") {
        CHECK(ledger.finds(ledger.hand({0, 1, 2, 3}, 5), "everything below position 5"));
    }
}

TEST_CASE("subscription: another event than the committed one is found", "[check]") {
    Ledger ledger(2);
    ledger.check.begins(1, Position{0}, "");
    state::RecordedEvent other = Ledger::at(0);
    const auto handed = [&] { return ledger.check.delivered(1, NodeId{3}, {&other, 1}, Position{1}); };
    SECTION("id") {
        other.id = event(7);
        CHECK(ledger.finds(handed(), "position 0 as event 7 as revision 0 of a"));
    }
    SECTION("revision") {
        other.revision = Revision{1};
        CHECK(ledger.finds(handed(), "as revision 1 of a, where event 100 was committed as "
                                     "revision 0"));
    }
    SECTION("stream") {
        other.stream.assign(1, 'b');
        CHECK(ledger.finds(handed(), "as revision 0 of b"));
    }
}

TEST_CASE("subscription: who lacks the end when everything is quiet is found", "[check]") {
    Ledger ledger(3);
    ledger.check.begins(1, Position{0}, "");
    CHECK_FALSE(ledger.hand({0, 1}, 2));
    CHECK(ledger.finds(ledger.check.finish(),
        "subscriber 1 has only what lies below position 2 of 3 at the end of the run"));
}

}  // namespace ledger::check::test
