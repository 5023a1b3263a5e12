#include "node/subscriber.h"

#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "tests/node/edge_stage.h"

namespace ledger::node::subscriber {
namespace {

constexpr NodeId n1{1};
constexpr NodeId n2{2};
constexpr NodeId n3{3};

// Every pause is the shortest that is one.
class Kind final : public ChoiceSource {
  public:
    std::uint64_t choose(Site site, std::uint64_t entity, std::uint64_t sequence,
        std::uint64_t domain) override {
        REQUIRE(site == Site::subscriber_backoff);
        REQUIRE(entity == 5);
        REQUIRE(sequence == ++draws);
        REQUIRE(domain > 1);
        return 0;
    }
    std::uint64_t draws = 0;
};

Options three_nodes(std::optional<Position> from = Position{0}) {
    return {.nodes = {n1, n2, n3}, .entity = 5, .from = from, .stream = "",
        .window_bytes = 1u << 20, .give_up_after = seconds(5)};
}

// A page of positions [from, length), as an edge sends it.
Page page_of(std::uint64_t from, std::uint64_t length, const std::string& stream = "") {
    Page page{.next = Position{length}, .caught_up = true, .answer = {}};
    const state::Answer answer = edge::answer_of(
        {.from = Position{from}, .stream = stream, .count = 1000, .bytes_max = 1u << 20}, length);
    if (!answer.events.empty()) {
        state::encode_answer(answer, page.answer);
    }
    return page;
}

class Stage {
  public:
    explicit Stage(const Options& options = three_nodes()) : subscriber(options, choices) {
        step(Begin{});
    }

    void step(Event&& event) {
        for (const Effect& effect : subscriber.step(now, std::move(event))) {
            if (const auto* send = std::get_if<SendRequest>(&effect)) {
                sent.push_back(*send);
            } else if (const auto* wake_at = std::get_if<WakeAt>(&effect)) {
                wake = wake_at->deadline;
            } else if (const auto* events = std::get_if<Events>(&effect)) {
                next = events->next;
                caught_up = events->caught_up;
                for (const state::RecordedEvent& one : events->events) {
                    positions.push_back(one.position.value);
                }
            } else if (const auto* end = std::get_if<Finished>(&effect)) {
                REQUIRE_FALSE(finished);
                finished = *end;
            }
        }
    }
    void wait() {
        REQUIRE(wake != never);
        now = wake;
        step(Timer{});
    }
    // The last request was a subscription; its node and what was asked.
    Subscribe subscribed(NodeId to) {
        REQUIRE(sent.back().to == to);
        const auto* subscribe = std::get_if<Subscribe>(&sent.back().request.operation);
        REQUIRE(subscribe != nullptr);
        subscription = sent.back().request.id;
        return *subscribe;
    }
    void receive(NodeId from, decltype(ClientReply::outcome) outcome) {
        step(Received{from, {subscription, std::move(outcome)}});
    }

    Kind choices;
    Subscriber subscriber;
    Instant now{1000};
    Instant wake = never;
    std::vector<SendRequest> sent;
    RequestId subscription;
    std::vector<std::uint64_t> positions;
    Position next;
    bool caught_up = false;
    std::optional<Finished> finished;
};

std::vector<std::uint64_t> numbers(std::uint64_t from, std::uint64_t end) {
    std::vector<std::uint64_t> all;
    for (; from < end; ++from) {
        all.push_back(from);
    }
    return all;
}

}  // namespace

TEST_CASE("subscriber: it asks the first node and hands over what comes", "[node]") {
    Stage stage;
    const Subscribe asked = stage.subscribed(n1);
    CHECK(asked == Subscribe{false, Position{0}, "", 1u << 20});
    stage.receive(n1, page_of(0, 3));
    stage.receive(n1, page_of(3, 5));
    CHECK(stage.positions == numbers(0, 5));
    CHECK(stage.next == Position{5});
    CHECK(stage.caught_up);
    CHECK(stage.sent.size() == 1);
}

TEST_CASE("subscriber: after a disconnect it goes on where it was, on the next node", "[node]") {
    Stage stage;
    stage.subscribed(n1);
    stage.receive(n1, page_of(0, 3));
    stage.step(Disconnected{n2});  // another connection
    CHECK(stage.sent.size() == 1);
    stage.step(Disconnected{n1});
    CHECK(stage.sent.size() == 1);
    stage.wait();
    CHECK(stage.subscribed(n2).from == Position{3});
    stage.receive(n1, page_of(3, 5));  // late, of a node that was left
    CHECK(stage.positions == numbers(0, 3));
    stage.receive(n2, page_of(3, 4));
    CHECK(stage.positions == numbers(0, 4));
}

TEST_CASE("subscriber: now is where the first node says, and stays there", "[node]") {
    Stage stage(three_nodes(std::nullopt));
    CHECK(stage.subscribed(n1).now);
    stage.step(NotSent{stage.subscription});
    stage.wait();
    CHECK(stage.subscribed(n2).now);
    stage.receive(n2, Page{Position{7}, true, {}});
    stage.step(Disconnected{n2});
    stage.wait();
    const Subscribe again = stage.subscribed(n3);
    CHECK_FALSE(again.now);
    CHECK(again.from == Position{7});
    stage.receive(n3, page_of(7, 9));
    CHECK(stage.positions == numbers(7, 9));
}

TEST_CASE("subscriber: what was taken is granted again, by halves of the window", "[node]") {
    Options options = three_nodes();
    options.window_bytes = 1000;
    Stage stage(options);
    stage.subscribed(n1);
    std::uint64_t received = 0;
    std::uint64_t granted = 0;
    for (std::uint64_t at = 0; at < 20; ++at) {
        const Page page = page_of(at, at + 1);
        received += wire_size(ClientReply{stage.subscription, page});
        stage.receive(n1, page);
        if (const auto* grant = std::get_if<Grant>(&stage.sent.back().request.operation)) {
            CHECK(grant->subscription == stage.subscription);
            granted += stage.sent.size() > 1 ? grant->bytes : 0;
            stage.sent.resize(1);
        }
        CHECK(received - granted < 500);
    }
}

TEST_CASE("subscriber: a node that says nothing is asked, and left if it does not answer",
    "[node]") {
    Stage stage;
    stage.subscribed(n1);
    stage.wait();
    REQUIRE(std::holds_alternative<StatusQuery>(stage.sent.back().request.operation));
    StatusAnswer status;
    status.leader = n2;
    stage.step(Received{n1, {stage.sent.back().request.id, status}});
    CHECK(stage.sent.back().to == n1);
    stage.wait();  // quiet again: asked again
    REQUIRE(std::holds_alternative<StatusQuery>(stage.sent.back().request.operation));
    stage.wait();  // no answer
    REQUIRE(std::holds_alternative<Unsubscribe>(stage.sent.back().request.operation));
    stage.wait();
    stage.subscribed(n2);
    stage.wait();
    status.leader = {};  // it knows no leader: nothing new can come to it
    stage.step(Received{n2, {stage.sent.back().request.id, status}});
    stage.wait();
    stage.subscribed(n3);
}

TEST_CASE("subscriber: refusals end it, overload and ends send it on", "[node]") {
    Stage stage;
    stage.subscribed(n1);
    const Instant before = stage.now;
    stage.receive(n1, Overloaded{milliseconds(300)});
    stage.wait();
    CHECK(stage.now == before + milliseconds(300));
    stage.subscribed(n2);
    stage.receive(n2, Ended{"this node cannot read entry 7"});
    stage.wait();
    stage.subscribed(n3);
    stage.receive(n3, Refused{"a window has 1 to 10 bytes"});
    REQUIRE(stage.finished.has_value());
    CHECK(stage.finished->why == Finished::Why::refused);
    CHECK(stage.finished->node == n3);
    CHECK(stage.wake == never);
    const std::size_t sent = stage.sent.size();
    stage.step(Disconnected{n3});
    CHECK(stage.sent.size() == sent);
}

TEST_CASE("subscriber: it gives up when no node has said anything for long enough", "[node]") {
    Stage stage;
    while (!stage.finished) {
        if (std::holds_alternative<Subscribe>(stage.sent.back().request.operation)) {
            stage.step(NotSent{stage.sent.back().request.id});
        }
        stage.wait();
    }
    CHECK(stage.finished->why == Finished::Why::silent);
    CHECK(stage.now == Instant{1000} + seconds(5));
}

TEST_CASE("subscriber: a gap, a repetition and a wrong order are named", "[node]") {
    const auto sentence = [](const std::vector<Page>& pages, const std::string& stream = "") {
        Options options = three_nodes();
        options.stream = stream;
        Stage stage(options);
        stage.subscribed(n1);
        for (const Page& page : pages) {
            stage.receive(n1, page);
        }
        if (!stage.finished) {
            return std::string();
        }
        CHECK(stage.finished->why == Finished::Why::broken);
        CHECK(stage.finished->node == n1);
        return stage.finished->reason;
    };
    CHECK(sentence({page_of(0, 3), page_of(3, 4)}).empty());
    CHECK(sentence({page_of(0, 3), page_of(4, 5)}) == "position 4 came where 3 was due");
    CHECK(sentence({page_of(0, 3), page_of(2, 5)}) == "position 2 came where 3 was due");
    CHECK(sentence({page_of(0, 3), Page{Position{4}, true, {}}}) ==
          "a page goes on with position 4 where 3 was due");
    CHECK(sentence({Page{Position{0}, true, ByteVector(3)}}).substr(0, 22) ==
          "a page that is none: v");
    CHECK(sentence({page_of(0, 4, "odd"), page_of(4, 8, "odd")}, "odd").empty());
    CHECK(sentence({page_of(0, 4, "odd"), page_of(6, 8, "odd")}, "odd") ==
          "revision 3 of the stream came where 2 was due");
    CHECK(sentence({page_of(0, 2, "even")}, "odd") == "position 0 is of stream even");
    CHECK(sentence({page_of(0, 4, "odd"), page_of(2, 6, "odd")}, "odd") ==
          "position 3 came where 4 was due");
}

// --- through edges ------------------------------------------------------------------------------

TEST_CASE("subscriber: across edges that fail it sees every event once, in order", "[node]") {
    rc::prop("any order of growth, pages, deaths and time", [] {
        Options options = three_nodes();
        options.window_bytes = *rc::gen::inRange<std::uint64_t>(1, 4000);
        options.give_up_after = {};
        const EdgeLimits limits{.page_events_max = *rc::gen::inRange<std::uint32_t>(1, 8)};
        Stage stage(options);
        // A node's edge, and how many connections it has had: each is a client of its own.
        std::map<NodeId, std::unique_ptr<edge::EdgeStage>> nodes;
        std::map<NodeId, std::size_t> heard;
        std::uint64_t committed = 0;
        const auto reset = [&](NodeId node) {
            nodes[node] = std::make_unique<edge::EdgeStage>(limits);
            heard[node] = 0;
            stage.sent.erase(std::remove_if(stage.sent.begin(), stage.sent.end(),
                                 [&](const SendRequest& send) { return send.to == node; }),
                stage.sent.end());
            stage.step(Disconnected{node});
        };
        for (const NodeId node : {n1, n2, n3}) {
            nodes[node] = std::make_unique<edge::EdgeStage>(limits);
        }
        const auto work = [&](NodeId node) {
            edge::EdgeStage& at = *nodes[node];
            for (const SendRequest& send : std::exchange(stage.sent, {})) {
                if (send.to != node) {
                    stage.sent.push_back(send);
                } else {
                    at.step(edge::Requested{ClientId{1}, send.request});
                }
            }
            while (!at.asked.empty()) {
                const edge::Ask ask = at.take_asked();
                if (ask.client == ClientId{}) {
                    at.answer_page(ask);
                } else {
                    StatusAnswer status;
                    status.leader = n1;
                    at.reply(ask, status);
                }
            }
            while (heard[node] < at.to(1).size()) {
                at.drain(1, 1);
                stage.step(Received{node, at.to(1)[heard[node]++]});
            }
        };
        const auto turn = [&](int action, NodeId node) {
            if (action == 0) {
                reset(node);
            } else if (action == 1) {
                stage.now = stage.now + milliseconds(100);
                stage.step(Timer{});
            } else if (action < 4) {
                committed += *rc::gen::inRange<std::uint64_t>(0, 6);
            } else if (action < 6) {
                const std::uint64_t applied = nodes[node]->length;
                nodes[node]->advance(
                    applied + *rc::gen::inRange<std::uint64_t>(0, committed - applied + 1));
            } else {
                work(node);
            }
        };
        for (int left = *rc::gen::inRange(0, 120); left > 0; --left) {
            turn(*rc::gen::inRange(0, 10), NodeId{*rc::gen::inRange<std::uint32_t>(1, 4)});
            RC_ASSERT(!stage.finished);
        }
        for (int left = 0; left < 1000; ++left) {
            for (const NodeId node : {n1, n2, n3}) {
                nodes[node]->advance(committed);
                work(node);
            }
            stage.now = stage.now + milliseconds(100);
            stage.step(Timer{});
        }
        RC_ASSERT(stage.positions == numbers(0, committed));
        RC_ASSERT(stage.next == Position{committed});
        RC_ASSERT(stage.caught_up);
    });
}

}  // namespace ledger::node::subscriber
