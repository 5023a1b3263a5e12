#include "sim/check/exactly_once.h"

#include <catch2/catch.hpp>

#include "tests/sim/check/ledger_builder.h"

namespace ledger::check::test {
namespace {

class Clients {
  public:
    Order order;
    ExactlyOnce check{order};

    std::uint64_t call(AppendCall asked, std::uint64_t sequence = 1) {
        Operation op = operation(++last_, 3, std::move(asked));
        op.session = SessionId{12};
        op.sequence = Sequence{sequence};
        check.called(op);
        open_.push_back(op);
        return last_;
    }
    Finding answer(std::uint64_t id, Answer told) {
        Operation op = open_[id - 1];
        op.answer = std::move(told);
        return check.returned(op);
    }

  private:
    std::vector<Operation> open_;
    std::uint64_t last_ = 0;
};

bool says(const Finding& finding, std::string_view part) {
    return finding && finding->find(part) != std::string::npos;
}

Acknowledged at(std::uint64_t position, std::vector<Revision> revisions = {}) {
    return {Position{position}, std::move(revisions)};
}

const std::string actor = "client 3 (session 12, sequence 1)";

}  // namespace

TEST_CASE("exactly once: an append that lands where its reply says is fine", "[check]") {
    Clients clients;
    const std::uint64_t first = clients.call(append_call({1, 2}, {none("a")}));
    push(clients.order, {{1, "a"}, {2, "a"}});
    CHECK_FALSE(clients.check.advance());
    CHECK_FALSE(clients.answer(first, at(0, {Revision{0}, Revision{1}})));
    CHECK_FALSE(clients.check.finish());
    CHECK(clients.check.result() == CheckResult{"exactly_once", CheckResult::Verdict::ok, 2});
}

TEST_CASE("exactly once: an append that took effect twice is named with both places", "[check]") {
    Clients clients;
    clients.call(append_call({1}, {any("a")}));
    push(clients.order, {{1, "a"}});
    CHECK_FALSE(clients.check.advance());
    push(clients.order, {{1, "a"}});
    const Finding twice = clients.check.advance();
    CHECK(says(twice, "event 1 stands at positions 0 and 1"));
    CHECK(says(twice, actor));
    CHECK(says(twice, "log indexes 1 and 2"));
}

TEST_CASE("exactly once: an acknowledged append that is nowhere is lost", "[check]") {
    Clients clients;
    const std::uint64_t first = clients.call(append_call({1, 2}, {any("a")}));
    CHECK_FALSE(clients.answer(first, at(4)));
    const Finding lost = clients.check.finish();
    CHECK(says(lost, actor));
    CHECK(says(lost, "positions 4..5"));
    CHECK(says(lost, "lost append"));
}

TEST_CASE("exactly once: an append elsewhere than acknowledged is found", "[check]") {
    Clients clients;
    const std::uint64_t other = clients.call(append_call({9}, {any("a")}), 9);
    CHECK_FALSE(clients.answer(other, Unknown{}));
    const std::uint64_t first = clients.call(append_call({1}, {any("a")}));
    push(clients.order, {{9, "a"}});
    push(clients.order, {{1, "a"}});
    SECTION("answer after effect") {
        CHECK_FALSE(clients.check.advance());
        CHECK(says(clients.answer(first, at(0)),
            "acknowledged at position 0, but its events stand "
            "at position 1"));
    }
    SECTION("answer before effect") {
        CHECK_FALSE(clients.answer(first, at(0)));
        CHECK(says(clients.check.advance(), actor));
    }
    SECTION("wrong revision") {
        CHECK_FALSE(clients.check.advance());
        CHECK(says(clients.answer(first, at(1, {Revision{0}})), "told revision 0 for event 1"));
    }
}

TEST_CASE("exactly once: a torn batch is found whichever part is missing", "[check]") {
    Clients clients;
    clients.call(append_call({1, 2, 3}, {any("a")}));
    SECTION("the end") {
        push(clients.order, {{1, "a"}, {2, "a"}});
        CHECK(says(clients.check.advance(), "of its 3 events the ledger holds 2"));
    }
    SECTION("the beginning") {
        push(clients.order, {{2, "a"}, {3, "a"}});
        const Finding torn = clients.check.advance();
        CHECK(says(torn, actor));
        CHECK(says(torn, "not its first event 1"));
    }
    SECTION("another order") {
        push(clients.order, {{1, "a"}, {3, "a"}, {2, "a"}});
        CHECK(says(clients.check.advance(), "position 1 holds event 3"));
    }
    SECTION("another stream") {
        push(clients.order, {{1, "b"}, {2, "a"}, {3, "a"}});
        CHECK(says(clients.check.advance(), "stands in stream b instead of a"));
    }
}

TEST_CASE("exactly once: an event that nobody wrote is garbage", "[check]") {
    Clients clients;
    push(clients.order, {{77, "a"}});
    CHECK(says(
        clients.check.advance(), "event 77 at position 0 (log index 1) was written by nobody"));
}

TEST_CASE("exactly once: nothing of a refused append is visible", "[check]") {
    Clients clients;
    const std::uint64_t first = clients.call(append_call({1}, {any("a")}));
    SECTION("refused, then there") {
        CHECK_FALSE(clients.answer(first, Refused{"busy"}));
        push(clients.order, {{1, "a"}});
        CHECK(says(clients.check.advance(), actor + " was definitely refused"));
    }
    SECTION("there, then refused") {
        push(clients.order, {{1, "a"}});
        CHECK_FALSE(clients.check.advance());
        CHECK(says(clients.answer(first, Refused{"busy"}), "its events stand at position 0"));
    }
    SECTION("a conflict speaks for all attempts") {
        const std::uint64_t retry = clients.call(append_call({1}, {any("a")}));
        CHECK_FALSE(clients.answer(first, Unknown{}));
        CHECK_FALSE(clients.answer(retry, Conflicted{}));
        push(clients.order, {{1, "a"}});
        CHECK(says(clients.check.advance(), "because of a conflict"));
    }
    SECTION("one refused attempt of two is no promise") {
        const std::uint64_t retry = clients.call(append_call({1}, {any("a")}));
        CHECK_FALSE(clients.answer(first, Unknown{}));
        CHECK_FALSE(clients.answer(retry, Refused{"busy"}));
        push(clients.order, {{1, "a"}});
        CHECK_FALSE(clients.check.advance());
    }
}

TEST_CASE("exactly once: conditions hold at the position", "[check]") {
    Clients clients;
    clients.call(append_call({1}, {any("a")}), 8);
    push(clients.order, {{1, "a"}});
    REQUIRE_FALSE(clients.check.advance());
    SECTION("a stream that must be empty is not") {
        clients.call(append_call({2}, {none("a")}));
        push(clients.order, {{2, "a"}});
        const Finding ignored = clients.check.advance();
        CHECK(says(ignored, actor));
        CHECK(says(ignored, "expected stream a to be empty: stream a had 1 event at length 1"));
    }
    SECTION("a length") {
        AppendCall call = append_call({2}, {any("a")});
        call.expected_length = 0;
        clients.call(call);
        push(clients.order, {{2, "a"}});
        CHECK(says(clients.check.advance(), "expected the ledger to have 0 events"));
    }
}

TEST_CASE("exactly once: every retry gets the same answer", "[check]") {
    Clients clients;
    const std::uint64_t first = clients.call(append_call({1}, {any("a")}));
    push(clients.order, {{1, "a"}});
    REQUIRE_FALSE(clients.answer(first, at(0)));
    const std::uint64_t retry = clients.call(append_call({1}, {any("a")}));
    SECTION("the same") {
        CHECK_FALSE(clients.answer(retry, at(0)));
    }
    SECTION("another position") {
        CHECK(says(clients.answer(retry, at(3)),
            actor + " was acknowledged at position 0 and, when it was retried, at position 3"));
    }
    SECTION("a conflict") {
        CHECK(says(clients.answer(retry, Conflicted{}), "after it had been acknowledged"));
    }
    SECTION("other events under the same sequence") {
        const std::uint64_t other = clients.call(append_call({2}, {any("a")}));
        CHECK(says(clients.answer(other, at(0)), "sent again with other events"));
    }
    SECTION("other events, refused") {
        const std::uint64_t other = clients.call(append_call({2}, {any("a")}));
        CHECK_FALSE(clients.answer(other, Refused{"mismatch"}));
    }
    SECTION("after its effect was seen") {
        CHECK_FALSE(clients.check.advance());
        const std::uint64_t other = clients.call(append_call({2}, {any("a")}));
        CHECK(says(clients.answer(other, at(0)), "sent again with other events"));
    }
}

}  // namespace ledger::check::test
