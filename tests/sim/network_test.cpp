#include "sim/network.h"

#include <algorithm>
#include <map>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "node/wire_size.h"

namespace ledger::sim {
namespace {

constexpr NodeId n1{1};
constexpr NodeId n2{2};
constexpr NodeId n3{3};

// Always the kind answer.
class KindChoices final : public ChoiceSource {
  public:
    std::uint64_t choose(Site, std::uint64_t, std::uint64_t, std::uint64_t) override { return 0; }
};

// Counts what the frame check would be shown.
class CountingFrames final : public FrameModel {
  public:
    void intact(const node::PeerMessage&) override { ++whole; }
    void intact(const node::ClientRequest&) override { ++whole; }
    void intact(const node::ClientReply&) override { ++whole; }
    void damaged(const node::PeerMessage&, std::uint64_t) override { ++broken; }
    int whole = 0;
    int broken = 0;
};

node::PeerMessage message(NodeId from, NodeId to) {
    return {.cluster = {1, 1}, .group = {}, .from = from, .to = to,
        .body = raft::Heartbeat{.term = Term{1}}};
}

Instant at_ms(std::int64_t n) {
    return Instant{} + milliseconds(n);
}

constexpr std::uint32_t sent_count = 20'000;
constexpr PartsPerMillion tenth = 100'000;

// Within a tenth of the expectation: far more than chance moves 20 000 draws.
bool about(std::uint64_t count, std::uint64_t expected) {
    return count > expected - expected / 10 && count < expected + expected / 10;
}

// The longest of many, and of the longest that bits can ask for.
Duration longest(LatencyFamily family, Duration min, Duration mean) {
    Duration most;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        const std::uint64_t bits = i * 0x9e3779b97f4a7c15;
        most = std::max(most, draw_latency(family, min, mean, bits));
    }
    return std::max(most, draw_latency(family, min, mean, UINT64_MAX));
}

struct Traffic {
    std::uint64_t arrived = 0;
    std::uint64_t twice = 0;
    std::uint64_t resets = 0;
    std::vector<Instant> times;
    FaultCounts faults;
    CountingFrames frames;
};

Traffic send_many(const NetworkProfile& profile, ChoiceSource& choices) {
    Traffic traffic;
    Network network(3, profile, choices, traffic.faults);
    for (std::uint32_t i = 0; i < sent_count; ++i) {
        const Transit transit =
            network.send(Instant{} + microseconds(10 * i), message(n1, n2), &traffic.frames);
        traffic.arrived += transit.first ? 1u : 0u;
        traffic.twice += transit.again ? 1u : 0u;
        traffic.resets += transit.reset ? 1u : 0u;
        if (transit.first) {
            traffic.times.push_back(transit.first->at);
        }
        if (transit.again) {
            REQUIRE(transit.first);
            REQUIRE(transit.again->at > transit.first->at);
        }
        REQUIRE_FALSE((transit.reset && transit.first));
    }
    return traffic;
}

}  // namespace

TEST_CASE("network: no latency is longer than the longest, which is not far off", "[sim]") {
    for (const LatencyFamily family :
        {LatencyFamily::constant, LatencyFamily::uniform, LatencyFamily::exponential,
            LatencyFamily::bimodal, LatencyFamily::heavy_tail}) {
        const Duration most = latency_max(family, milliseconds(1), milliseconds(2));
        const Duration seen = longest(family, milliseconds(1), milliseconds(2));
        CHECK(seen <= most);
        CHECK(seen * 10 > most * 9);
    }
}

TEST_CASE("network: latencies are these, on every machine", "[sim]") {
    // bits of three quantiles: lowest, middle, highest.
    const std::uint64_t bits[] = {0, std::uint64_t{1} << 63, UINT64_MAX};
    const auto drawn = [&](LatencyFamily family) {
        std::vector<std::int64_t> all;
        for (const std::uint64_t b : bits) {
            all.push_back(
                draw_latency(family, microseconds(100), milliseconds(1), b).nanoseconds);
        }
        return all;
    };
    using Values = std::vector<std::int64_t>;
    CHECK(drawn(LatencyFamily::constant) == Values{1'100'000, 1'100'000, 1'100'000});
    CHECK(drawn(LatencyFamily::uniform) == Values{100'000, 1'100'000, 2'100'000});
    CHECK(drawn(LatencyFamily::exponential) == Values{107'812, 808'984, 4'982'812});
    CHECK(drawn(LatencyFamily::bimodal) == Values{1'100'000, 1'100'000, 40'131'250});
    CHECK(drawn(LatencyFamily::heavy_tail) == Values{100'000, 350'976, 11'899'804});
}

TEST_CASE("network: a latency is never below the minimum and has about its mean", "[sim]") {
    const auto family = GENERATE(LatencyFamily::constant, LatencyFamily::uniform,
        LatencyFamily::exponential, LatencyFamily::bimodal, LatencyFamily::heavy_tail);
    constexpr std::int64_t draws = 20'000;
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < draws; ++i) {
        const Duration latency = draw_latency(family, microseconds(100), milliseconds(1),
            keyed_bits(5, Site::test_a, 0, static_cast<std::uint64_t>(i)));
        REQUIRE(latency >= microseconds(100));
        sum += (latency - microseconds(100)).nanoseconds;
    }
    INFO("family " << static_cast<int>(family) << ", mean " << sum / draws);
    CHECK(sum / draws > 850'000);
    CHECK(sum / draws < 1'150'000);
    CHECK(draw_latency(family, {}, {}, 77) == Duration{});
}

TEST_CASE("network: the kind answer to every question is no fault", "[sim]") {
    KindChoices kind;
    const Traffic traffic = send_many(
        {.loss = 900'000, .duplicate = 900'000, .damage = 900'000, .client_loss = 900'000}, kind);
    CHECK(traffic.arrived == sent_count);
    CHECK(traffic.twice == 0);
    CHECK(traffic.resets == 0);
    CHECK(traffic.frames.whole == sent_count);
    for (const FaultCount& count : traffic.faults.counts) {
        CHECK(count.fired == 0);
    }
    FaultCounts faults;
    Network network(3, {.client_loss = 900'000}, kind, faults);
    CHECK_FALSE(network.client_message_lost(1, 1));
}

TEST_CASE("network: loss, repetition and damage come as often as the profile says", "[sim]") {
    SeededChoices choices(11);
    const Traffic lossy = send_many({.loss = tenth}, choices);
    CHECK(about(sent_count - lossy.arrived, sent_count / 10));
    CHECK(lossy.faults.of(Fault::message_lost).fired == sent_count - lossy.arrived);

    const Traffic doubled = send_many({.duplicate = tenth}, choices);
    CHECK(doubled.arrived == sent_count);
    CHECK(about(doubled.twice, sent_count / 10));
    CHECK(doubled.faults.of(Fault::message_duplicated).fired == doubled.twice);

    const Traffic damaged = send_many({.damage = tenth}, choices);
    CHECK(about(damaged.resets, sent_count / 10));
    CHECK(damaged.arrived == sent_count - damaged.resets);
    CHECK(damaged.faults.of(Fault::message_damaged).fired == damaged.resets);
    // The real codec is shown every message once, as the model decided.
    CHECK(static_cast<std::uint64_t>(damaged.frames.broken) == damaged.resets);
    CHECK(static_cast<std::uint64_t>(damaged.frames.whole) == damaged.arrived);
}

TEST_CASE("network: a link in order delivers in order, another one counts its swaps", "[sim]") {
    SeededChoices choices(12);
    const NetworkProfile ordered{.family = LatencyFamily::heavy_tail, .in_order = true};
    const Traffic straight = send_many(ordered, choices);
    CHECK(std::is_sorted(straight.times.begin(), straight.times.end()));
    CHECK(straight.faults.of(Fault::message_reordered).fired == 0);

    NetworkProfile loose = ordered;
    loose.in_order = false;
    const Traffic swapped = send_many(loose, choices);
    CHECK_FALSE(std::is_sorted(swapped.times.begin(), swapped.times.end()));
    CHECK(swapped.faults.of(Fault::message_reordered).fired > 1000);
}

TEST_CASE("network: a link carries its bytes one after the other", "[sim]") {
    KindChoices kind;
    FaultCounts faults;
    Network network(3, {.family = LatencyFamily::constant, .latency_min = {},
        .latency_mean = milliseconds(1), .bytes_per_millisecond = 1}, kind, faults);
    const Duration on_wire =
        milliseconds(static_cast<std::int64_t>(node::wire_size(message(n1, n2))));
    Instant last;
    for (std::int64_t i = 1; i <= 5; ++i) {
        const Transit transit = network.send({}, message(n1, n2), nullptr);
        REQUIRE(transit.first);
        CHECK(transit.first->at == Instant{} + on_wire * i + milliseconds(1));
        last = transit.first->at;
    }
    // The way back and other links are free.
    CHECK(network.send({}, message(n2, n1), nullptr).first->at < last);
    CHECK(network.send({}, message(n1, n3), nullptr).first->at < last);
}

TEST_CASE("network: a clog holds back what is sent and lets it go in order", "[sim]") {
    KindChoices kind;
    FaultCounts faults;
    Network network(3, {.family = LatencyFamily::constant, .latency_min = {},
        .latency_mean = milliseconds(1)}, kind, faults);
    const Instant open = Instant{} + milliseconds(50);
    network.clog(n1, n2, open);
    CHECK(network.troubled({}, n1, n2));
    CHECK_FALSE(network.troubled({}, n2, n1));
    CHECK_FALSE(network.troubled(open, n1, n2));
    for (int i = 0; i < 3; ++i) {
        const Transit transit = network.send({}, message(n1, n2), nullptr);
        REQUIRE(transit.first);
        CHECK(transit.first->at >= open);
        CHECK(network.arrives(n1, n2, transit.first->epoch));
    }
    CHECK(network.touched(n1, n2) == 3);
    CHECK(network.send({}, message(n2, n1), nullptr).first->at < open);
    CHECK(network.send(open, message(n1, n2), nullptr).first->at > open);
    // What a clog still holds when everything heals is gone, and holds up nothing.
    network.clog(n1, n2, open + seconds(10));
    const Transit held = network.send(open, message(n1, n2), nullptr);
    network.heal_all(open);
    CHECK_FALSE(network.arrives(n1, n2, held.first->epoch));
    CHECK(network.send(open, message(n1, n2), nullptr).first->at < open + seconds(1));
}

TEST_CASE("network: a slow link adds its time while it is slow", "[sim]") {
    KindChoices kind;
    FaultCounts faults;
    Network network(3, {.family = LatencyFamily::constant, .latency_min = {},
        .latency_mean = milliseconds(1)}, kind, faults);
    const Instant begin = Instant{} + seconds(1);
    const Instant plain = network.send(begin, message(n1, n2), nullptr).first->at;
    network.slow(n1, n2, begin + milliseconds(10), milliseconds(30));
    const Instant later = network.send(begin, message(n1, n2), nullptr).first->at;
    CHECK(later - plain >= milliseconds(30));
    CHECK(later - plain < milliseconds(31));
    CHECK(network.touched(n1, n2) == 1);
    CHECK(network.touched(n2, n1) == 0);
}

TEST_CASE("network: a thin wire loses what its buffer cannot hold", "[sim]") {
    KindChoices kind;
    FaultCounts faults;
    Network network(3, {.family = LatencyFamily::constant, .latency_min = {},
        .latency_mean = milliseconds(1), .bytes_per_millisecond = 1, .buffer_bytes = 200}, kind,
        faults);
    const std::uint64_t bytes = node::wire_size(message(n1, n2));
    std::uint64_t carried = 0;
    while (network.send({}, message(n1, n2), nullptr).first) {
        ++carried;
        REQUIRE(carried < 1000);
    }
    CHECK(faults.of(Fault::message_overflow).fired == 1);
    CHECK(carried * bytes > 200);
    CHECK((carried - 1) * bytes <= 200);
    // When the wire has taken them there is room again.
    CHECK(network.send(Instant{} + seconds(10), message(n1, n2), nullptr).first);
}

TEST_CASE("network: each link has its own distance, and keeps it", "[sim]") {
    SeededChoices choices(3);
    FaultCounts faults;
    const NetworkProfile profile{.family = LatencyFamily::constant, .latency_min = {},
        .latency_mean = milliseconds(1), .spread = 500};
    Network network(3, profile, choices, faults);
    const auto distance = [&](NodeId from, NodeId to, Instant at) {
        return network.send(at, message(from, to), nullptr).first->at - at;
    };
    const Duration there = distance(n1, n2, {});
    CHECK(there >= milliseconds(1));
    CHECK(there <= latency_max(profile) + milliseconds(1));
    CHECK(distance(n1, n2, Instant{} + seconds(1)) == there);
    CHECK(distance(n2, n1, {}) != there);
    CHECK(distance(n1, n3, {}) != there);
    network.calm();
    CHECK(distance(n1, n2, Instant{} + seconds(2)) <= milliseconds(2));
}

TEST_CASE("network: a cut is one way, overlaps, and takes what is in flight", "[sim]") {
    SeededChoices choices(13);
    FaultCounts faults;
    Network network(3, {}, choices, faults);
    const Transit before = network.send({}, message(n1, n2), nullptr);
    REQUIRE(before.first);
    network.cut(n1, n2);
    network.cut(n1, n2);
    CHECK(network.is_cut(n1, n2));
    CHECK_FALSE(network.is_cut(n2, n1));
    CHECK_FALSE(network.send({}, message(n1, n2), nullptr).first);
    CHECK(network.send({}, message(n2, n1), nullptr).first);
    CHECK(network.send({}, message(n1, n3), nullptr).first);
    CHECK_FALSE(network.arrives(n1, n2, before.first->epoch));
    CHECK(faults.of(Fault::message_cut).fired == 2);
    network.heal(n1, n2);
    CHECK(network.is_cut(n1, n2));  // one of two partitions ended
    network.heal(n1, n2);
    CHECK_FALSE(network.is_cut(n1, n2));
    network.heal(n1, n2);
    CHECK_FALSE(network.is_cut(n1, n2));  // a late end does not open a debt
    network.cut(n1, n2);
    CHECK(network.is_cut(n1, n2));
    network.cut(n3, n1);
    network.heal_all({});
    CHECK_FALSE(network.is_cut(n1, n2));
    CHECK_FALSE(network.is_cut(n3, n1));
}

TEST_CASE("network: a reset loses what is in flight and nothing that comes after", "[sim]") {
    SeededChoices choices(14);
    FaultCounts faults;
    Network network(3, {}, choices, faults);
    const Transit old = network.send({}, message(n1, n2), nullptr);
    network.reset(n1, n2);
    const Transit young = network.send({}, message(n1, n2), nullptr);
    REQUIRE((old.first && young.first));
    CHECK_FALSE(network.arrives(n1, n2, old.first->epoch));
    CHECK(network.arrives(n1, n2, young.first->epoch));
}

TEST_CASE("network: after the calm nothing is lost, repeated, damaged or late", "[sim]") {
    SeededChoices choices(15);
    FaultCounts faults;
    Network network(3, {.family = LatencyFamily::heavy_tail, .latency_mean = seconds(2),
        .loss = 900'000, .duplicate = 900'000, .damage = 900'000, .client_loss = 900'000},
        choices, faults);
    network.calm();
    for (std::uint64_t i = 0; i < 1000; ++i) {
        const Instant now = at_ms(static_cast<std::int64_t>(i));
        const Transit transit = network.send(now, message(n1, n2), nullptr);
        REQUIRE(transit.first);
        REQUIRE_FALSE(transit.again);
        REQUIRE(transit.first->at <= now + milliseconds(3));
        REQUIRE_FALSE(network.client_message_lost(0, i));
    }
}

TEST_CASE("network: a fault more on one link moves nothing on another", "[sim]") {
    // Choices are keyed by link and number: the same message meets the same fate.
    const auto fates = [](std::uint32_t others) {
        SeededChoices choices(16);
        FaultCounts faults;
        Network network(3, {.loss = tenth, .duplicate = tenth}, choices, faults);
        std::vector<std::int64_t> all;
        for (std::int64_t i = 0; i < 200; ++i) {
            for (std::uint32_t other = 0; other < others; ++other) {
                network.send(at_ms(i), message(n2, n3), nullptr);
            }
            const Transit transit = network.send(at_ms(i), message(n1, n2), nullptr);
            all.push_back(transit.first ? transit.first->at.nanoseconds : -1);
        }
        return all;
    };
    CHECK(fates(0) == fates(3));
}

TEST_CASE("network: clients lose as often as the profile says, each on its own", "[sim]") {
    SeededChoices choices(17);
    FaultCounts faults;
    Network network(3, {.client_loss = tenth}, choices, faults);
    std::uint64_t lost = 0;
    bool differ = false;
    for (std::uint64_t i = 0; i < sent_count; ++i) {
        lost += network.client_message_lost(1, i) ? 1u : 0u;
        differ = differ || network.client_message_lost(1, i) != network.client_message_lost(2, i);
        REQUIRE(network.client_latency(1, i) >= microseconds(50));
        REQUIRE(network.client_latency(1, i) <= microseconds(350));
    }
    CHECK(about(lost, sent_count / 10));
    CHECK(differ);
}

TEST_CASE("faults: every kind has a name of its own and sums add up", "[sim]") {
    std::map<std::string_view, int> names;
    FaultCounts sum;
    for (std::size_t i = 0; i < fault_count; ++i) {
        const Fault fault = static_cast<Fault>(i);
        CHECK_FALSE(fault_name(fault).empty());
        ++names[fault_name(fault)];
        FaultCounts one;
        one.fire(fault, i + 1);
        one.consume(fault);
        sum.add(one);
        sum.add(one);
        CHECK(sum.of(fault).fired == 2 * (i + 1));
        CHECK(sum.of(fault).consumed == 2);
    }
    CHECK(names.size() == fault_count);
}

}  // namespace ledger::sim
