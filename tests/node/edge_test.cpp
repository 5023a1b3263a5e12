#include "node/edge.h"

#include <set>

#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "tests/node/edge_stage.h"

namespace ledger::node::edge {
namespace {

Query question() {
    return {ByteVector(8)};
}

Subscribe all_from(std::uint64_t position, std::uint64_t window = 1u << 20) {
    return {.now = false, .from = Position{position}, .stream = "", .window = window};
}

std::vector<std::uint64_t> numbers(std::uint64_t from, std::uint64_t end, std::uint64_t step = 1) {
    std::vector<std::uint64_t> all;
    for (std::uint64_t at = from; at < end; at += step) {
        all.push_back(at);
    }
    return all;
}

template <typename Outcome>
const Outcome* last_outcome(EdgeStage& stage, std::uint64_t client) {
    const auto& replies = stage.to(client);
    return replies.empty() ? nullptr : std::get_if<Outcome>(&replies.back().outcome);
}

}  // namespace

// --- requests -----------------------------------------------------------------------------------

TEST_CASE("edge: a request goes to the replica and its answer back under its own id", "[node]") {
    EdgeStage stage;
    stage.request(7, 500, question());
    stage.request(8, 500, question());
    REQUIRE(stage.asked.size() == 2);
    CHECK(stage.asked[0].client == ClientId{7});
    CHECK(stage.asked[0].request.id != stage.asked[1].request.id);
    CHECK(stage.edge.requests() == 2);
    stage.reply(stage.take_asked(1), Answered{Index{2}, {}});
    stage.reply(stage.take_asked(0), Redirect{NodeId{3}});
    REQUIRE(stage.to(8).size() == 1);
    CHECK(stage.to(8)[0] == ClientReply{RequestId{500}, Answered{Index{2}, {}}});
    REQUIRE(stage.to(7).size() == 1);
    CHECK(stage.to(7)[0] == ClientReply{RequestId{500}, Redirect{NodeId{3}}});
    CHECK(stage.edge.requests() == 0);
    CHECK(stage.edge.request_bytes() == 0);
}

TEST_CASE("edge: a client that uses an id twice gets two answers", "[node]") {
    EdgeStage stage;
    stage.request(1, 5, question());
    stage.request(1, 5, question());
    stage.reply(stage.take_asked(), Redirect{NodeId{2}});
    stage.reply(stage.take_asked(), Redirect{NodeId{3}});
    REQUIRE(stage.to(1).size() == 2);
    CHECK(stage.to(1)[1] == ClientReply{RequestId{5}, Redirect{NodeId{3}}});
}

TEST_CASE("edge: a client with too much in hand is paused until half of it has left", "[node]") {
    EdgeStage stage({.client_requests_max = 4});
    for (std::uint64_t id = 1; id <= 4; ++id) {
        CHECK_FALSE(stage.paused[ClientId{1}]);
        stage.request(1, id, question());
    }
    CHECK(stage.paused[ClientId{1}]);
    for (int left = 4; left > 0; --left) {
        stage.reply(stage.take_asked(), Indeterminate{});
    }
    CHECK(stage.paused[ClientId{1}]);  // answered, but not taken
    stage.drain(1, 1);
    CHECK(stage.paused[ClientId{1}]);
    stage.drain(1, 1);
    CHECK_FALSE(stage.paused[ClientId{1}]);
}

TEST_CASE("edge: beyond the bound over all clients requests are refused at once", "[node]") {
    EdgeStage stage({.requests_max = 2, .retry_after = milliseconds(7)});
    stage.request(1, 1, question());
    stage.request(2, 1, question());
    stage.request(3, 9, question());
    CHECK(stage.asked.size() == 2);
    REQUIRE(stage.to(3).size() == 1);
    CHECK(stage.to(3)[0] == ClientReply{RequestId{9}, Overloaded{milliseconds(7)}});
    stage.request(3, 10, StatusQuery{});  // how a node stands may always be asked
    CHECK(stage.asked.size() == 3);
    stage.reply(stage.take_asked(2), Indeterminate{});
    stage.reply(stage.take_asked(0), Indeterminate{});
    stage.request(3, 11, question());
    CHECK(stage.asked.size() == 2);
}

TEST_CASE("edge: beyond the bound on bytes requests are refused at once", "[node]") {
    EdgeStage stage({.request_bytes_max = 200});
    stage.request(1, 1, Query{ByteVector(100)});
    stage.request(1, 2, Query{ByteVector(100)});
    CHECK(stage.asked.size() == 1);
    REQUIRE(last_outcome<Overloaded>(stage, 1) != nullptr);
    stage.reply(stage.take_asked(), Indeterminate{});
    stage.request(1, 3, Query{ByteVector(100)});
    CHECK(stage.asked.size() == 1);
}

TEST_CASE("edge: a client that reads nothing is closed, but one answer always fits", "[node]") {
    EdgeStage stage({.client_output_bytes_max = 1000});
    stage.request(1, 1, question());
    stage.request(1, 2, question());
    stage.reply(stage.take_asked(), Answered{Index{1}, ByteVector(2000)});
    CHECK(stage.to(1).size() == 1);
    CHECK(stage.closed.empty());
    stage.reply(stage.take_asked(), Answered{Index{1}, ByteVector(8)});
    CHECK(stage.to(1).size() == 1);
    CHECK(stage.closed[ClientId{1}] == "it is too slow: 1 answers of 2080 bytes wait for it");
    stage.drain(1, 1);  // the host had not heard of it
    stage.step(Closed{ClientId{1}});
    CHECK(stage.edge.requests() == 0);
}

TEST_CASE("edge: what a client asked before it went counts until it is answered", "[node]") {
    EdgeStage stage({.requests_max = 1});
    stage.request(1, 1, question());
    stage.step(Closed{ClientId{1}});
    stage.request(2, 1, question());
    REQUIRE(last_outcome<Overloaded>(stage, 2) != nullptr);
    stage.reply(stage.take_asked(), Indeterminate{});
    CHECK(stage.to(1).empty());
    CHECK(stage.edge.requests() == 0);
}

// --- subscriptions ------------------------------------------------------------------------------

TEST_CASE("edge: a subscription is sent what is there, then what comes", "[node]") {
    EdgeStage stage;
    stage.advance(3);
    stage.request(1, 40, all_from(1));
    CHECK(stage.edge.pages() == 1);
    stage.answer_pages();
    REQUIRE(stage.to(1).size() == 1);
    CHECK(stage.to(1)[0].id == RequestId{40});
    CHECK(stage.page(1, 0)->next == Position{3});
    CHECK(stage.page(1, 0)->caught_up);
    stage.advance(5);
    stage.answer_pages();
    REQUIRE(stage.to(1).size() == 2);
    CHECK(stage.page(1, 1)->next == Position{5});
    CHECK(stage.positions(1) == numbers(1, 5));
}

TEST_CASE("edge: who is at the end is told so at once, and who is beyond waits", "[node]") {
    EdgeStage stage;
    stage.advance(3);
    stage.request(1, 1, all_from(3));
    REQUIRE(stage.page(1, 0) != nullptr);
    CHECK(*stage.page(1, 0) == Page{Position{3}, true, {}});
    stage.request(2, 1, Subscribe{.now = true, .from = {}, .stream = "", .window = 1000});
    CHECK(*stage.page(2, 0) == Page{Position{3}, true, {}});
    stage.request(3, 1, all_from(5));
    stage.advance(4);
    CHECK(stage.to(3).empty());
    stage.advance(5);
    CHECK(*stage.page(3, 0) == Page{Position{5}, true, {}});
    stage.advance(6);
    stage.answer_pages();
    CHECK(stage.positions(1) == numbers(3, 6));
    CHECK(stage.positions(2) == numbers(3, 6));
    CHECK(stage.positions(3) == numbers(5, 6));
}

TEST_CASE("edge: what is applied while a page is fetched comes with the next one", "[node]") {
    EdgeStage stage({.page_events_max = 2});
    stage.advance(3);
    stage.request(1, 1, all_from(0));
    const Ask first = stage.take_asked();
    CHECK(stage.asked.empty());  // one page at a time
    stage.answer_page(first);    // planned before, sent after
    stage.advance(4);
    stage.answer_pages();
    CHECK(stage.positions(1) == numbers(0, 4));
    CHECK_FALSE(stage.page(1, 0)->caught_up);
    CHECK(stage.page(1, 1)->caught_up);
}

TEST_CASE("edge: a subscription to one stream moves on through all the others", "[node]") {
    EdgeStage stage;
    stage.advance(6);
    stage.request(1, 1, Subscribe{.now = false, .from = Position{1}, .stream = "odd",
                            .window = 1000});
    stage.answer_pages();
    CHECK(stage.positions(1) == numbers(1, 6, 2));
    CHECK(stage.page(1, 0)->next == Position{6});
    stage.advance(7);  // an event of the other stream: nothing to say
    stage.answer_pages();
    CHECK(stage.to(1).size() == 1);
    CHECK(stage.asked.empty());
    stage.advance(8);
    stage.answer_pages();
    CHECK(stage.positions(1) == numbers(1, 8, 2));
}

TEST_CASE("edge: a window that is used up stops the pages until there is a grant", "[node]") {
    EdgeStage stage;
    stage.advance(100);
    stage.request(1, 1, all_from(0, 1000));
    stage.answer_pages();
    std::uint64_t sent = 0;
    for (const ClientReply& reply : stage.to(1)) {
        sent += wire_size(reply);
    }
    CHECK(sent >= 1000);
    CHECK(sent < 2000);
    const std::size_t pages = stage.to(1).size();
    stage.advance(110);
    stage.drain(1, pages);
    CHECK(stage.asked.empty());
    // More than it took does not open a larger window.
    stage.request(1, 2, Grant{RequestId{1}, 1u << 30});
    stage.answer_pages();
    CHECK(stage.to(1).size() > pages);
    while (stage.positions(1).size() < 110) {
        stage.request(1, 3, Grant{RequestId{1}, 1000});
        stage.answer_pages();
    }
    CHECK(stage.positions(1) == numbers(0, 110));
}

TEST_CASE("edge: no page is fetched for a client that does not read", "[node]") {
    EdgeStage stage({.client_output_bytes_max = 2000, .page_bytes_max = 1});
    stage.advance(100);
    stage.request(1, 1, all_from(0));
    stage.answer_pages();
    CHECK(stage.closed.empty());
    const std::size_t waiting = stage.to(1).size();
    CHECK(waiting < 20);
    stage.drain(1, waiting);
    CHECK(stage.edge.pages() == 1);
}

TEST_CASE("edge: an overloaded replica is asked again after the pause", "[node]") {
    EdgeStage stage;
    stage.advance(2);
    stage.request(1, 1, all_from(0));
    stage.reply(stage.take_asked(), Overloaded{milliseconds(5)});
    CHECK(stage.asked.empty());
    CHECK(stage.wake == stage.now + milliseconds(5));
    stage.advance(3);
    CHECK(stage.asked.empty());
    stage.now = stage.wake;
    stage.step(Timer{});
    stage.answer_pages();
    CHECK(stage.positions(1) == numbers(0, 3));
    CHECK(stage.wake == never);
}

TEST_CASE("edge: pages beyond the bound wait for their turn", "[node]") {
    EdgeStage stage({.pages_max = 2});
    stage.advance(1);
    for (std::uint64_t client = 1; client <= 5; ++client) {
        stage.request(client, 1, all_from(0));
        CHECK(stage.edge.pages() <= 2);
    }
    CHECK(stage.asked.size() == 2);
    stage.answer_pages();
    for (std::uint64_t client = 1; client <= 5; ++client) {
        CHECK(stage.positions(client) == numbers(0, 1));
    }
}

TEST_CASE("edge: a subscription that the node cannot serve ends, one that nobody can is refused",
    "[node]") {
    EdgeStage stage;
    stage.advance(1);
    stage.request(1, 3, all_from(0));
    stage.reply(stage.take_asked(), Refused{"expired: the ledger begins at position 7"});
    REQUIRE(stage.to(1).size() == 1);
    CHECK(stage.to(1)[0] ==
          ClientReply{RequestId{3}, Refused{"expired: the ledger begins at position 7"}});
    CHECK(stage.edge.subscriptions() == 0);
    stage.request(1, 4, all_from(0));
    stage.reply(stage.take_asked(), Redirect{});
    REQUIRE(stage.to(1).size() == 2);
    CHECK(stage.to(1)[1] == ClientReply{RequestId{4}, Ended{"this node cannot serve it"}});
    CHECK(stage.edge.subscriptions() == 0);
    stage.request(1, 5, all_from(0));
    stage.reply(stage.take_asked(), Answered{Index{1}, ByteVector(3)});
    CHECK(last_outcome<Ended>(stage, 1) != nullptr);
}

TEST_CASE("edge: an end that was asked for is confirmed, and no page follows it", "[node]") {
    EdgeStage stage;
    stage.advance(1);
    stage.request(1, 4, all_from(0));
    const Ask page = stage.take_asked();
    stage.request(1, 5, Unsubscribe{RequestId{4}});
    REQUIRE(last_outcome<Ended>(stage, 1) != nullptr);
    CHECK(stage.to(1)[0].id == RequestId{4});
    stage.request(1, 4, all_from(1));  // the same name once more
    stage.answer_page(page);
    REQUIRE(stage.to(1).size() == 2);
    CHECK(*stage.page(1, 1) == Page{Position{1}, true, {}});
    stage.request(1, 6, Unsubscribe{RequestId{99}});
    stage.request(1, 7, Grant{RequestId{99}, 5});
    CHECK(stage.to(1).size() == 2);
    const std::uint64_t before = stage.edge.subscriptions();
    stage.step(Closed{ClientId{1}});
    CHECK(before == 1);
    CHECK(stage.edge.subscriptions() == 0);
}

TEST_CASE("edge: subscriptions that cannot be are refused, too many are overload", "[node]") {
    EdgeStage stage({.client_subscriptions_max = 2, .subscriptions_max = 3,
        .window_bytes_max = 1000});
    stage.request(1, 1, all_from(0, 0));
    CHECK(last_outcome<Refused>(stage, 1)->reason == "a window has 1 to 1000 bytes");
    stage.request(1, 2, all_from(0, 1001));
    CHECK(last_outcome<Refused>(stage, 1) != nullptr);
    stage.request(1, 3,
        Subscribe{.now = false, .from = {}, .stream = std::string(1025, 'n'), .window = 10});
    CHECK(last_outcome<Refused>(stage, 1)->reason == "the name of the stream is too long");
    stage.request(1, 4, all_from(0, 1000));
    stage.request(1, 4, all_from(0, 1000));
    CHECK(last_outcome<Refused>(stage, 1)->reason == "there is a subscription 4 already");
    stage.request(1, 5, all_from(0, 1000));
    stage.request(1, 6, all_from(0, 1000));
    CHECK(last_outcome<Overloaded>(stage, 1) != nullptr);
    stage.request(2, 1, all_from(0, 1000));
    stage.request(2, 2, all_from(0, 1000));
    CHECK(last_outcome<Overloaded>(stage, 2) != nullptr);
    CHECK(stage.edge.subscriptions() == 3);
}

// --- properties ---------------------------------------------------------------------------------

namespace {

// What a dumb twin knows of one client.
struct Twin {
    std::multiset<std::uint64_t> unanswered;  // ids, as the client calls them
    std::vector<std::uint64_t> unread;        // bytes
    std::size_t seen = 0;                     // of what was delivered
    bool gone = false;
};

class Crowd {
  public:
    explicit Crowd(const EdgeLimits& limits) : limits_(limits), stage_(limits) {}

    void act() {
        const std::uint64_t client = *rc::gen::inRange<std::uint64_t>(1, 5);
        switch (*rc::gen::inRange(0, 10)) {
            case 0: close(client); break;
            case 1:
            case 2: drain(client); break;
            case 3:
            case 4:
            case 5: answer(); break;
            default: ask(client); break;
        }
        check();
    }
    void settle() {
        while (!stage_.asked.empty()) {
            stage_.reply(stage_.take_asked(), Indeterminate{});
            check();
        }
        for (auto& [client, twin] : twins_) {
            if (!twin.gone) {
                stage_.drain(client, twin.unread.size());
                twin.unread.clear();
                RC_ASSERT(twin.unanswered.empty());
                RC_ASSERT(!stage_.paused[ClientId{client}]);
            }
        }
        RC_ASSERT(stage_.edge.requests() == 0u);
        RC_ASSERT(stage_.edge.request_bytes() == 0u);
    }

  private:
    void ask(std::uint64_t client) {
        Twin& twin = twins_[client];
        if (twin.gone || stage_.paused[ClientId{client}]) {
            return;
        }
        const std::uint64_t id = *rc::gen::inRange<std::uint64_t>(1, 4);
        twin.unanswered.insert(id);
        const bool status = *rc::gen::inRange(0, 4) == 0;
        if (status) {
            stage_.request(client, id, StatusQuery{});
        } else {
            stage_.request(client, id, Query{ByteVector(*rc::gen::inRange<std::size_t>(0, 200))});
        }
    }
    void answer() {
        if (stage_.asked.empty()) {
            return;
        }
        const auto place = *rc::gen::inRange<std::size_t>(0, stage_.asked.size());
        const Ask ask = stage_.take_asked(place);
        stage_.reply(ask, Answered{Index{1}, ByteVector(*rc::gen::inRange<std::size_t>(0, 400))});
    }
    void drain(std::uint64_t client) {
        Twin& twin = twins_[client];
        const auto count = *rc::gen::inRange<std::size_t>(0, twin.unread.size() + 1);
        stage_.drain(client, twin.gone ? 0 : count);
        twin.unread.erase(
            twin.unread.begin(), twin.unread.begin() + static_cast<std::ptrdiff_t>(count));
    }
    void close(std::uint64_t client) {
        stage_.step(Closed{ClientId{client}});
        twins_[client].gone = true;
    }
    void check() {
        for (auto& [client, twin] : twins_) {
            twin.gone = twin.gone || stage_.closed.contains(ClientId{client});
            const auto& replies = stage_.to(client);
            for (; twin.seen < replies.size(); ++twin.seen) {
                const auto at = twin.unanswered.find(replies[twin.seen].id.value);
                RC_ASSERT(at != twin.unanswered.end());  // answered once, and only if asked
                twin.unanswered.erase(at);
                twin.unread.push_back(wire_size(replies[twin.seen]));
            }
            std::uint64_t bytes = 0;
            for (const std::uint64_t unread : twin.unread) {
                bytes += unread;
            }
            RC_ASSERT((bytes <= limits_.client_output_bytes_max || twin.unread.size() == 1));
            RC_ASSERT(twin.unread.size() + twin.unanswered.size() <= limits_.client_requests_max);
        }
        RC_ASSERT(stage_.edge.request_bytes() <= limits_.request_bytes_max + 4 * 72 * 8);
        std::uint64_t queries = 0;
        for (const Ask& ask : stage_.asked) {
            queries += std::holds_alternative<Query>(ask.request.operation) ? 1u : 0u;
        }
        RC_ASSERT(queries <= limits_.requests_max);
        RC_ASSERT(stage_.edge.requests() == stage_.asked.size());
    }

    const EdgeLimits limits_;
    EdgeStage stage_;
    std::map<std::uint64_t, Twin> twins_;
};

}  // namespace

TEST_CASE("edge: every request is answered once or its client closed, within bounds", "[node]") {
    rc::prop("any order of requests, answers, drains and closes", [] {
        const EdgeLimits limits{
            .client_requests_max = *rc::gen::inRange<std::uint32_t>(1, 8),
            .client_output_bytes_max = *rc::gen::inRange<std::uint64_t>(100, 2000),
            .requests_max = *rc::gen::inRange<std::uint32_t>(1, 12),
            .request_bytes_max = *rc::gen::inRange<std::uint64_t>(300, 2000)};
        Crowd crowd(limits);
        for (int left = *rc::gen::inRange(0, 120); left > 0; --left) {
            crowd.act();
        }
        crowd.settle();
    });
}

TEST_CASE("edge: subscriptions lose nothing and hold no more than their windows", "[node]") {
    rc::prop("any order of growth, pages, overload, grants and drains", [] {
        constexpr std::uint64_t clients = 3;
        // A page holds one entry more than its window at most: 32 bytes and what they come in.
        constexpr std::uint64_t overshoot = 1200;
        EdgeStage stage({.pages_max = *rc::gen::inRange<std::uint32_t>(1, 4),
            .page_events_max = *rc::gen::inRange<std::uint32_t>(1, 6),
            .page_bytes_max = *rc::gen::inRange<std::uint64_t>(1, 600)});
        const char* const streams[clients] = {"", "odd", "even"};
        std::uint64_t window[clients];
        std::uint64_t granted[clients] = {};
        std::size_t drained[clients] = {};
        for (std::uint64_t i = 0; i < clients; ++i) {
            window[i] = *rc::gen::inRange<std::uint64_t>(1, 3000);
            stage.request(i + 1, 1, Subscribe{false, {}, streams[i], window[i]});
        }
        const auto sent = [&](std::uint64_t i) {
            std::uint64_t bytes = 0;
            for (const ClientReply& reply : stage.to(i + 1)) {
                bytes += wire_size(reply);
            }
            return bytes;
        };
        const auto take = [&](std::uint64_t i) {
            stage.drain(i + 1, stage.to(i + 1).size() - drained[i]);
            drained[i] = stage.to(i + 1).size();
            const std::uint64_t bytes = sent(i) - granted[i];
            granted[i] += bytes;
            stage.request(i + 1, 2, Grant{RequestId{1}, bytes});
        };
        for (int left = *rc::gen::inRange(0, 150); left > 0; --left) {
            const auto i = *rc::gen::inRange<std::uint64_t>(0, clients);
            const int action = *rc::gen::inRange(0, 8);
            if (action == 0) {
                take(i);
            } else if (action == 1) {
                stage.now = stage.now + milliseconds(3);
                stage.step(Timer{});
            } else if (action == 2 && !stage.asked.empty()) {
                stage.reply(stage.take_asked(stage.asked.size() - 1), Overloaded{milliseconds(5)});
            } else if (action < 5) {
                stage.advance(stage.length + *rc::gen::inRange<std::uint64_t>(0, 12));
            } else if (!stage.asked.empty()) {
                stage.answer_page(
                    stage.take_asked(*rc::gen::inRange<std::size_t>(0, stage.asked.size())));
            }
            for (std::uint64_t client = 0; client < clients; ++client) {
                RC_ASSERT(sent(client) - granted[client] <= window[client] + overshoot);
            }
        }
        for (int turn = 0; turn < 2000; ++turn) {
            stage.now = stage.now + milliseconds(5);
            stage.step(Timer{});
            stage.answer_pages();
            take(static_cast<std::uint64_t>(turn) % clients);
        }
        RC_ASSERT(stage.positions(1) == numbers(0, stage.length));
        RC_ASSERT(stage.positions(2) == numbers(1, stage.length, 2));
        RC_ASSERT(stage.positions(3) == numbers(0, stage.length, 2));
        const auto* last = std::get_if<Page>(&stage.to(1).back().outcome);
        RC_ASSERT(last != nullptr);
        RC_ASSERT(last->caught_up);
        RC_ASSERT(last->next == Position{stage.length});
    });
}

}  // namespace ledger::node::edge
