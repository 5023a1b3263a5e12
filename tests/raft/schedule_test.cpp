// Schedule: random schedules of deliveries, disks, crashes and partitions over whole clusters.
#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "log/base/sometimes.h"
#include "tests/raft/cluster.h"

namespace ledger::raft {
namespace {

// One decision of a schedule; `a` and `b` select among what is possible at that moment.
struct Action {
    std::uint32_t kind = 0;
    std::uint32_t a = 0;
    std::uint32_t b = 0;
};

// Decision i depends on seed and i only, so a shorter schedule is a prefix of a longer one.
std::vector<Action> schedule_from(std::uint64_t seed, std::uint64_t length) {
    SeededChoices choices(seed);
    std::vector<Action> schedule;
    for (std::uint64_t i = 0; i < length; ++i) {
        schedule.push_back({static_cast<std::uint32_t>(choices.choose(Site::test_a, 0, i, 1000)),
            static_cast<std::uint32_t>(choices.choose(Site::test_a, 1, i, 1u << 20)),
            static_cast<std::uint32_t>(choices.choose(Site::test_a, 2, i, 1u << 20))});
    }
    return schedule;
}

void disturb(Cluster& cluster, const Action& action, std::uint32_t node) {
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

void client(Cluster& cluster, const Action& action, std::uint32_t node) {
    const std::uint32_t target =
        cluster.leader() == NodeId{} || action.b % 4 == 0 ? node : cluster.leader().value;
    if (action.b % 3 == 0) {
        cluster.read(target);
    } else {
        cluster.propose(target, 1 + action.b % 3);
    }
}

void perform(Cluster& cluster, const Action& action) {
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
        cluster.drop(any);
    }
}

void run_schedule(std::uint32_t nodes, std::uint64_t seed, const std::vector<Action>& schedule) {
    Cluster cluster({.nodes = nodes,
        .seed = seed,
        .keep_entries = seed % 3 == 0 ? 1'000'000u : seed % 5,
        .append_entries_max = seed % 2 == 0 ? 64u : 2u,
        .inflight_messages_max = 1u + static_cast<std::uint32_t>(seed % 4)});
    std::uint64_t step = 0;
    for (const Action& action : schedule) {
        perform(cluster, action);
        if (++step % 16 == 0) {
            cluster.check_logs();
        }
    }
    cluster.must_recover();
}

std::uint64_t hits(std::string_view name) {
    for (const SometimesMark* mark = first_sometimes_mark(); mark != nullptr; mark = mark->next) {
        if (mark->name == name) {
            return mark->hits;
        }
    }
    return 0;
}

void check_random_schedules(std::uint32_t nodes, std::uint64_t length) {
    const bool held = rc::check("safety at every step, liveness after healing", [=] {
        const auto seed = *rc::gen::arbitrary<std::uint64_t>();
        const auto steps = *rc::gen::inRange<std::uint64_t>(length / 4, length);
        run_schedule(nodes, seed, schedule_from(seed, steps));
    });
    CHECK(held);
}

}  // namespace

TEST_CASE("schedule: three nodes under random faults stay safe and recover", "[raft]") {
    check_random_schedules(3, 1500);
}

TEST_CASE("schedule: five nodes under random faults stay safe and recover", "[raft]") {
    check_random_schedules(5, 1500);
}

TEST_CASE("schedule: the rare situations occur", "[raft]") {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        run_schedule(static_cast<std::uint32_t>(2 + seed % 4), seed, schedule_from(seed, 2500));
    }
    for (const char* name : {"raft.conflict_truncation", "raft.several_terms_truncated",
             "raft.backtrack_by_hint", "raft.split_vote", "raft.leader_deposed_with_uncommitted",
             "raft.check_quorum_step_down", "raft.stickiness_refusal", "raft.pre_vote_refused",
             "raft.pre_vote_refused_for_old_log", "raft.pre_vote_too_late",
             "raft.vote_refused_for_old_log", "raft.load_for_lagging_peer", "raft.load_failed",
             "raft.load_too_late", "raft.window_full", "raft.read_dropped",
             "raft.read_before_own_commit", "raft.reads_granted_together", "raft.stale_rejection",
             "raft.probe_repeated", "raft.nudge", "raft.retransmission",
             "raft.old_term_not_counted", "raft.proposal_during_transfer", "raft.transfer_to_lagging",
             "raft.read_during_transfer", "raft.transfer_too_late", "raft.transfer_given_up",
             "raft.stalled_disk_step_down"}) {
        CAPTURE(name);
        CHECK(hits(name) > 0);
    }
}

TEST_CASE("schedule: many long schedules stay safe and recover", "[raft][.slow]") {
    for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
        CAPTURE(seed);
        const auto nodes = static_cast<std::uint32_t>(1 + seed % 7);
        REQUIRE_NOTHROW(
            run_schedule(nodes, seed, schedule_from(seed, seed % 10 == 0 ? 10'000 : 1'500)));
    }
}

}  // namespace ledger::raft
