#include "sim/network.h"

#include <algorithm>
#include <array>

#include "log/base/assert.h"
#include "node/wire_size.h"

namespace ledger::sim {
namespace {

// Quantiles of the exponential distribution with mean 1024, at (i + 1/2) / 64. A table, because
// the standard library's logarithm may differ in the last bit.
constexpr std::array<std::uint16_t, 64> exponential_quantiles = {8, 24, 41, 58, 75, 92, 110, 128,
    146, 165, 184, 203, 223, 243, 263, 284, 305, 327, 349, 372, 395, 419, 444, 469, 494, 520, 547,
    575, 603, 633, 663, 694, 726, 759, 793, 828, 865, 903, 942, 983, 1026, 1070, 1117, 1166, 1217,
    1271, 1328, 1388, 1452, 1520, 1594, 1672, 1758, 1851, 1953, 2067, 2195, 2342, 2513, 2719,
    2976, 3320, 3844, 4968};

}  // namespace

Duration draw_latency(LatencyFamily family, Duration min, Duration mean, std::uint64_t bits) {
    const auto scale = [&](std::int64_t thousandths) {
        return Duration{mean.nanoseconds * thousandths / 1024};
    };
    const std::uint64_t quantile = bits >> 58;
    // Inside a quantile's step: up to mean/32 more, so that times do not fall on a grid.
    const Duration fine{static_cast<std::int64_t>(
        bounded(bits << 6, static_cast<std::uint64_t>(mean.nanoseconds / 32 + 1)))};
    switch (family) {
        case LatencyFamily::constant: return min + mean;
        case LatencyFamily::uniform:
            return min + Duration{static_cast<std::int64_t>(
                             bounded(bits, static_cast<std::uint64_t>(2 * mean.nanoseconds + 1)))};
        case LatencyFamily::exponential: return min + scale(exponential_quantiles[quantile]) + fine;
        case LatencyFamily::bimodal:
            // One message in 1000 takes forty times as long.
            return bounded(bits, 1000) == 999 ? min + mean * 40 + fine : min + mean + fine;
        case LatencyFamily::heavy_tail: {
            // Square of the exponential: mean 2, rare values far out.
            const std::int64_t q = exponential_quantiles[quantile];
            return min + scale(q * q / 2048) + fine;
        }
    }
    return min + mean;
}

Duration latency_max(const NetworkProfile& network) {
    return latency_max(network.family, network.latency_min, network.latency_mean) +
           network.latency_mean * network.spread / 100;
}

Duration latency_max(LatencyFamily family, Duration min, Duration mean) {
    const Duration fine = mean / 32 + nanoseconds(1);
    const std::int64_t longest = exponential_quantiles.back();
    switch (family) {
        case LatencyFamily::constant: return min + mean;
        case LatencyFamily::uniform: return min + mean * 2;
        case LatencyFamily::exponential: return min + mean * longest / 1024 + fine;
        case LatencyFamily::bimodal: return min + mean * 40 + fine;
        case LatencyFamily::heavy_tail:
            return min + mean * (longest * longest / 2048) / 1024 + fine;
    }
    return min + mean;
}

Network::Network(std::uint32_t nodes, const NetworkProfile& profile, ChoiceSource& choices,
    FaultCounts& faults)
    : nodes_(nodes), profile_(profile), choices_(choices), faults_(faults),
      links_(static_cast<std::size_t>(nodes) * nodes) {
    const auto most =
        static_cast<std::uint64_t>((profile.latency_mean * profile.spread / 100).nanoseconds);
    for (std::uint32_t from = 1; most > 0 && from <= nodes; ++from) {
        for (std::uint32_t to = 1; to <= nodes; ++to) {
            link(NodeId{from}, NodeId{to}).offset = Duration{static_cast<std::int64_t>(
                choices.choose(Site::network_profile, (std::uint64_t{from} << 32) | to, 0, most + 1))};
        }
    }
}

Instant Network::arrival(Instant now, Link& on, std::uint64_t entity, std::uint64_t bytes) {
    const std::uint64_t bits =
        choices_.choose(Site::network_latency, entity, on.sent, UINT64_MAX);
    const Duration on_wire{static_cast<std::int64_t>(
        bytes * 1'000'000 / profile_.bytes_per_millisecond)};
    const Instant start = std::max(now, on.free_at);
    on.free_at = start + on_wire;
    Instant at = on.free_at + on.offset +
                 draw_latency(profile_.family, profile_.latency_min, profile_.latency_mean, bits);
    if (now < on.slow_until) {
        ++on.touched;
        at = at + on.slower;
    }
    if (at < on.clogged_until) {
        ++on.touched;
        at = on.clogged_until;
    }
    if (profile_.in_order) {
        at = std::max(at, on.last_arrival);
    } else if (at < on.last_arrival) {
        faults_.fire(Fault::message_reordered);
        faults_.consume(Fault::message_reordered);
    }
    on.last_arrival = std::max(on.last_arrival, at);
    return at;
}

Transit Network::send(Instant now, const node::PeerMessage& message, FrameModel* frames) {
    LEDGER_ASSERT(message.from != message.to);
    Link& on = link(message.from, message.to);
    const std::uint64_t entity =
        (static_cast<std::uint64_t>(message.from.value) << 32) | message.to.value;
    ++on.sent;
    if (on.cuts > 0) {
        ++on.touched;
        faults_.fire(Fault::message_cut);
        faults_.consume(Fault::message_cut);
        return {};
    }
    // What the wire has not taken yet fills the buffer.
    const Duration waiting = on.free_at > now ? on.free_at - now : Duration{};
    const auto buffered = static_cast<std::uint64_t>(waiting.nanoseconds) / 1000 *
                          profile_.bytes_per_millisecond / 1000;
    if (buffered > profile_.buffer_bytes) {
        faults_.fire(Fault::message_overflow);
        faults_.consume(Fault::message_overflow);
        return {};
    }
    if (choices_.strikes(Site::network_loss, entity, on.sent, profile_.loss)) {
        faults_.fire(Fault::message_lost);
        faults_.consume(Fault::message_lost);
        return {};
    }
    if (choices_.strikes(Site::network_damage, entity, on.sent, profile_.damage)) {
        faults_.fire(Fault::message_damaged);
        faults_.consume(Fault::message_damaged);
        if (frames != nullptr) {
            frames->damaged(message, keyed_bits(on.sent, Site::network_damage, entity, 1));
        }
        return {.first = {}, .again = {}, .reset = true};
    }
    if (frames != nullptr) {
        frames->intact(message);
    }
    Transit transit;
    transit.first = {arrival(now, on, entity, node::wire_size(message)), on.epoch};
    if (choices_.strikes(Site::network_duplicate, entity, on.sent, profile_.duplicate)) {
        faults_.fire(Fault::message_duplicated);
        faults_.consume(Fault::message_duplicated);
        // A late repetition: up to 64 times the mean latency after the first.
        const std::uint64_t late =
            choices_.choose(Site::network_duplicate_delay, entity, on.sent, 64);
        transit.again = {
            transit.first->at + profile_.latency_mean * static_cast<std::int64_t>(late + 1),
            on.epoch};
    }
    return transit;
}

bool Network::arrives(NodeId from, NodeId to, std::uint64_t epoch) {
    Link& on = link(from, to);
    if (on.epoch == epoch && on.cuts == 0) {
        return true;
    }
    on.touched += on.cuts > 0 ? 1u : 0u;
    faults_.fire(Fault::message_cut);
    faults_.consume(Fault::message_cut);
    return false;
}

void Network::cut(NodeId from, NodeId to) {
    ++link(from, to).cuts;
}

void Network::heal(NodeId from, NodeId to) {
    Link& on = link(from, to);
    if (on.cuts > 0) {
        --on.cuts;
    }
}

void Network::clog(NodeId from, NodeId to, Instant until) {
    Link& on = link(from, to);
    on.clogged_until = std::max(on.clogged_until, until);
}

void Network::slow(NodeId from, NodeId to, Instant until, Duration by) {
    Link& on = link(from, to);
    on.slow_until = until;
    on.slower = by;
}

void Network::heal_all(Instant now) {
    for (Link& on : links_) {
        on.cuts = 0;
        on.slow_until = {};
        if (on.clogged_until > now) {
            // What was held back is gone with its connection, or everything would wait behind it.
            on.clogged_until = {};
            on.free_at = {};
            on.last_arrival = {};
            ++on.epoch;
        }
    }
}

void Network::reset(NodeId from, NodeId to) {
    Link& on = link(from, to);
    ++on.epoch;
    on.last_arrival = {};
}

void Network::calm() {
    profile_.loss = 0;
    profile_.duplicate = 0;
    profile_.damage = 0;
    profile_.client_loss = 0;
    profile_.buffer_bytes = UINT64_MAX;
    profile_.bytes_per_millisecond = NetworkProfile{}.bytes_per_millisecond;
    for (Link& on : links_) {
        on.offset = {};
        on.free_at = {};
    }
    profile_.family = LatencyFamily::constant;
    profile_.latency_mean = std::min(profile_.latency_mean, milliseconds(1));
    profile_.latency_min = std::min(profile_.latency_min, milliseconds(1));
}

Duration Network::client_latency(std::uint64_t client, std::uint64_t sequence) {
    const std::uint64_t bits = choices_.choose(
        Site::network_latency, (std::uint64_t{1} << 63) | client, sequence, UINT64_MAX);
    return draw_latency(LatencyFamily::uniform, microseconds(50), microseconds(150), bits);
}

Duration Network::client_notice(std::uint64_t client, std::uint64_t sequence) {
    // A process that dies has its connections closed; a machine that dies leaves a silence.
    const std::uint64_t silent = choices_.choose(
        Site::network_client_notice, (std::uint64_t{1} << 63) | client, sequence, 2);
    return silent == 0 ? milliseconds(1) : milliseconds(500);
}

bool Network::client_message_lost(std::uint64_t client, std::uint64_t sequence) {
    return choices_.strikes(
        Site::network_loss, (std::uint64_t{1} << 63) | client, sequence, profile_.client_loss);
}

}  // namespace ledger::sim
