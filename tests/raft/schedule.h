#pragma once
// Schedule: decisions drawn from a seed, and what each of them does to a cluster.

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "log/base/choice.h"
#include "log/base/sometimes.h"
#include "tests/raft/cluster.h"

namespace ledger::raft {

// One decision of a schedule; `a` and `b` select among what is possible at that moment.
struct Action {
    std::uint32_t kind = 0;
    std::uint32_t a = 0;
    std::uint32_t b = 0;
};

// Decision i depends on seed and i only, so a shorter schedule is a prefix of a longer one.
inline std::vector<Action> schedule_from(std::uint64_t seed, std::uint64_t length) {
    SeededChoices choices(seed);
    std::vector<Action> schedule;
    for (std::uint64_t i = 0; i < length; ++i) {
        schedule.push_back({static_cast<std::uint32_t>(choices.choose(Site::test_a, 0, i, 1000)),
            static_cast<std::uint32_t>(choices.choose(Site::test_a, 1, i, 1u << 20)),
            static_cast<std::uint32_t>(choices.choose(Site::test_a, 2, i, 1u << 20))});
    }
    return schedule;
}

inline void disturb(Cluster& cluster, const Action& action, std::uint32_t node) {
    const std::uint32_t other = 1 + action.b % cluster.size();
    switch (action.a % 8) {
        case 0: cluster.crash(node); return;
        case 1:
        case 2: cluster.restart(node); return;
        case 3: cluster.cut(node, other); return;
        case 4: cluster.cut_one_way(node, other); return;
        case 5: cluster.isolate(node); return;
        default: cluster.heal(); return;
    }
}

inline void client(Cluster& cluster, const Action& action, std::uint32_t node) {
    const std::uint32_t target =
        cluster.leader() == NodeId{} || action.b % 4 == 0 ? node : cluster.leader().value;
    if (action.b % 3 == 0) {
        cluster.read(target, action.b % 5 < 2 ? ReadPath::leader : ReadPath::anywhere);
    } else {
        cluster.propose(target, 1 + action.b % 3);
    }
}

inline void perform(Cluster& cluster, const Action& action) {
    const std::uint32_t node = 1 + action.a % cluster.size();
    const std::size_t any = cluster.messages() == 0 ? 0 : action.b % cluster.messages();
    const std::size_t early =
        cluster.messages() == 0 ? 0 : action.b % std::min<std::size_t>(4, cluster.messages());
    if (action.kind < 480 && cluster.messages() > 0) {
        cluster.deliver(action.a % 4 == 0 ? any : early, action.kind < 20);
    } else if (action.kind < 510 && cluster.messages() > 0) {
        cluster.drop(any);
    } else if (action.kind < 680) {
        cluster.store(node);
    } else if (action.kind < 730) {
        cluster.load(node, action.b % 8 != 0);
    } else if (action.kind < 738) {
        cluster.ship(node, action.b % 4 != 0);
    } else if (action.kind < 745) {
        cluster.make_cut(node, action.b % 4);
    } else if (action.kind < 860) {
        cluster.pass(node, milliseconds(1 + action.b % 80));
    } else if (action.kind < 870) {
        cluster.pass(node, milliseconds(100 + action.b % 500));
    } else if (action.kind < 975) {
        client(cluster, action, node);
    } else if (action.kind < 980) {
        cluster.peer_down(node, 1 + action.b % cluster.size());
    } else if (action.kind < 996) {
        disturb(cluster, action, node);
    } else if (cluster.leader() != NodeId{}) {
        cluster.transfer(cluster.leader().value, action.b % 2 == 0 ? 0 : node);
    }
    if (cluster.messages() > 60) {
        cluster.drop(any % cluster.messages());
    }
}

inline std::uint64_t hits(std::string_view name) {
    for (const SometimesMark* mark = first_sometimes_mark(); mark != nullptr; mark = mark->next) {
        if (mark->name == name) {
            return mark->hits;
        }
    }
    return 0;
}

}  // namespace ledger::raft
