#include "sim/subscriber_host.h"

#include <vector>

#include <catch2/catch.hpp>

namespace ledger::sim {
namespace {

class Stage final : public LinkPort, public SubscriberPort {
  public:
    Stage() : host(3, 7, profile, choices, *this, *this) {
        host.start();
        CHECK(connects.empty());  // it begins at a moment of its own
        fire();
    }

    Instant now() const override { return time; }
    void connect(std::uint32_t lane, NodeId to) override {
        CHECK(lane == 7);
        connects.push_back(to);
    }
    void request(std::uint32_t lane, NodeId to, std::uint64_t connection,
        node::ClientRequest&& request) override {
        CHECK(lane == 7);
        CHECK(host.links().carries(to, connection));
        requests.push_back(std::move(request));
    }
    void timer(std::uint32_t lane, Instant at, std::uint64_t generation) override {
        CHECK(lane == 7);
        timer_at = at;
        timer_generation = generation;
    }
    void delivered(std::uint32_t subscriber, const node::subscriber::Events& events) override {
        CHECK(subscriber == 3);
        next = events.next;
    }
    void finished(std::uint32_t subscriber, const node::subscriber::Finished&) override {
        CHECK(subscriber == 3);
        ended = true;
    }
    void fire() {
        time = timer_at;
        host.on_timer(timer_generation);
    }

    Profile profile;
    SeededChoices choices{1};
    Instant time{5};
    std::vector<NodeId> connects;
    std::vector<node::ClientRequest> requests;
    Instant timer_at;
    std::uint64_t timer_generation = 0;
    Position next;
    bool ended = false;
    SubscriberHost host;
};

}  // namespace

TEST_CASE("subscriber host: it connects, subscribes and shows what it is handed", "[sim]") {
    Stage stage;
    REQUIRE(stage.connects.size() == 1);
    CHECK(stage.connects[0] == NodeId{2});  // each lane begins with another node
    CHECK(stage.requests.empty());
    stage.host.on_connected(NodeId{2});
    REQUIRE(stage.requests.size() == 1);
    const auto* subscribe = std::get_if<node::Subscribe>(&stage.requests[0].operation);
    REQUIRE(subscribe != nullptr);
    CHECK(subscribe->window == stage.profile.workload.subscriber_window);
    CHECK(subscribe->now == !stage.host.options().from);
    const Position next = stage.host.options().from.value_or(Position{4});
    stage.host.on_reply(NodeId{2}, {stage.requests[0].id, node::Page{next, true, {}}});
    CHECK(stage.next == next);
}

TEST_CASE("subscriber host: a refused or broken connection sends it to the next node", "[sim]") {
    Stage stage;
    stage.host.on_refused(NodeId{2});
    stage.fire();
    REQUIRE(stage.connects.size() == 2);
    CHECK(stage.connects[1] == NodeId{3});
    stage.host.on_connected(NodeId{3});
    const std::uint64_t connection = stage.host.links().cut(NodeId{3});
    CHECK(connection == 1);
    CHECK_FALSE(stage.host.links().carries(NodeId{3}, connection));
    stage.host.on_disconnected(NodeId{3}, connection + 1);  // not this one
    stage.host.on_disconnected(NodeId{3}, connection);
    stage.fire();
    REQUIRE(stage.connects.size() == 3);
    CHECK(stage.connects[2] == NodeId{1});
    CHECK_FALSE(stage.ended);
}

TEST_CASE("subscriber host: the first one begins at once and sees everything", "[sim]") {
    Stage stage;
    for (std::uint32_t lane = 0; lane < 20; ++lane) {
        SubscriberHost host(1, 7, stage.profile, stage.choices, stage, stage);
        CHECK(host.options().from == Position{0});
        host.start();
        CHECK(stage.timer_at == stage.time);
    }
}

TEST_CASE("subscriber host: over many lanes every beginning and filter comes up", "[sim]") {
    Stage stage;
    std::uint32_t now = 0;
    std::uint32_t filtered = 0;
    for (std::uint32_t lane = 0; lane < 200; ++lane) {
        const SubscriberHost host(2, lane, stage.profile, stage.choices, stage, stage);
        now += host.options().from ? 0u : 1u;
        filtered += host.options().stream.empty() ? 0u : 1u;
    }
    CHECK(now > 60);
    CHECK(now < 140);
    CHECK(filtered > 30);
    CHECK(filtered < 80);
}

}  // namespace ledger::sim
