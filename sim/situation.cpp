#include "sim/situation.h"

#include <algorithm>
#include <array>

#include "log/base/hash128.h"
#include "raft/invariants.h"

namespace ledger::sim {
namespace {

// 0, 1, a few, many.
std::uint64_t coarse(std::uint64_t distance) {
    return distance < 2 ? distance : distance < 8 ? 2 : 3;
}

struct Horizon {
    Term term;
    Index last;
    Index commit;
    const raft::Raft* leader = nullptr;
};

Horizon horizon_of(std::span<const std::unique_ptr<Host>> hosts) {
    Horizon horizon;
    for (const auto& host : hosts) {
        if (!host->up() || !host->observed()) {
            continue;
        }
        const raft::Raft& raft = host->replica().raft();
        const raft::Observation& seen = *host->observed();
        if (seen.role == raft::Role::leader && seen.term >= horizon.term) {
            horizon.leader = &raft;
        }
        horizon.term = std::max(horizon.term, seen.term);
        horizon.last = std::max(horizon.last, raft.log().last());
        horizon.commit = std::max(horizon.commit, seen.commit);
    }
    return horizon;
}

std::uint64_t place_of(const raft::Configuration& members, NodeId node) {
    const std::uint64_t voter = members.voters.contains(node) ? 1 : 0;
    const std::uint64_t leaves = members.outgoing.contains(node) ? 2 : 0;
    const std::uint64_t learns = members.learners.contains(node) ? 4 : 0;
    return voter | leaves | learns | (members.joint() ? 8u : 0u);
}

// What leads and what this node ends in are of one history.
bool agrees(const raft::Raft& raft, const Horizon& horizon) {
    const Index last = raft.log().last();
    if (horizon.leader == nullptr || last > horizon.leader->log().last()) {
        return horizon.leader == nullptr;
    }
    return horizon.leader->log().term_at(last) == raft.log().term_at(last);
}

std::uint64_t shape_of(const Host& host, const Horizon& horizon) {
    if (!host.up() || !host.observed()) {
        return 1;
    }
    const raft::Raft& raft = host.replica().raft();
    const raft::Observation& seen = *host.observed();
    std::uint64_t shape = 2 + static_cast<std::uint64_t>(seen.role);
    const auto add = [&shape](std::uint64_t bits, std::uint64_t value) {
        shape = shape << bits | value;
    };
    add(1, host.halted() ? 1 : 0);
    add(2, coarse(horizon.term.value - seen.term.value));
    add(2, coarse(horizon.last - raft.log().last()));
    add(2, coarse(horizon.commit - seen.commit));
    add(2, coarse(raft.log().last() - std::min(raft.log().last(), seen.commit)));
    add(1, raft.log().first() > Index{1} ? 1 : 0);
    add(1, agrees(raft, horizon) ? 1 : 0);
    add(1, host.quiet() ? 1 : 0);
    add(4, place_of(raft.configuration(), host.node()));
    return shape;
}

}  // namespace

std::uint64_t situation_of(std::span<const std::unique_ptr<Host>> hosts) {
    constexpr std::size_t hosts_max = 16;
    std::array<std::uint64_t, hosts_max> shapes{};
    const Horizon horizon = horizon_of(hosts);
    const std::size_t count = std::min(hosts.size(), hosts_max);
    for (std::size_t i = 0; i < count; ++i) {
        shapes[i] = shape_of(*hosts[i], horizon);
    }
    std::sort(shapes.begin(), shapes.begin() + static_cast<std::ptrdiff_t>(count));
    Hash128 hash;
    for (std::size_t i = 0; i < count; ++i) {
        hash.add(shapes[i]);
    }
    return hash.low();
}

}  // namespace ledger::sim
