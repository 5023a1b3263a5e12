// Schedule: random schedules of deliveries, disks, crashes and partitions over whole clusters.
#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "tests/raft/cluster.h"
#include "tests/raft/schedule.h"

namespace ledger::raft {
namespace {

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

// Disks damage what they hold while their nodes are down; and those ask, at any time, in any order.
void run_damaging_schedule(
    std::uint32_t nodes, std::uint64_t seed, const std::vector<Action>& schedule) {
    Cluster cluster({.nodes = nodes,
        .seed = seed,
        .keep_entries = seed % 3 == 0 ? 1'000'000u : seed % 5,
        .append_entries_max = seed % 2 == 0 ? 64u : 2u});
    std::uint64_t step = 0;
    for (const Action& action : schedule) {
        perform(cluster, action);
        const std::uint32_t node = 1 + action.b % cluster.size();
        switch (action.b / 8 % 16) {
            case 0:
                if (action.a % 4 == 0) {
                    cluster.crash(node);
                    cluster.damage(node, action.a / 4);
                    cluster.pass(node, milliseconds(1));  // starting again takes time
                    cluster.restart(node);
                }
                break;
            case 1:
            case 2: cluster.ask(node, 1 + action.a % cluster.size()); break;
            case 3:
            case 4: cluster.hear(action.a); break;
            default: break;
        }
        if (++step % 16 == 0) {
            cluster.check_logs();
        }
    }
    cluster.must_recover();
    CHECK_FALSE(cluster.any_damaged());
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

TEST_CASE("schedule: damaged disks lose nothing that one of them still has", "[raft]") {
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        CAPTURE(seed);
        REQUIRE_NOTHROW(run_damaging_schedule(
            static_cast<std::uint32_t>(2 + seed % 4), seed, schedule_from(seed, 1500)));
    }
    for (const char* name : {"raft.hole_dropped", "raft.hole_asked_for", "raft.hole_mended_by_leader",
             "raft.commit_waits_for_hole"}) {
        CAPTURE(name);
        CHECK(hits(name) > 0);
    }
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
             "raft.stalled_disk_step_down", "raft.read_asked_again", "raft.forwarded_read_dropped",
             "raft.read_request_repeated", "raft.read_response_too_late",
             "raft.read_request_to_other", "raft.offered_cut_not_needed", "raft.conflict_at_cut",
             "raft.snapshot_too_late", "raft.offer_superseded", "raft.snapshot_failed",
             "raft.newer_cut_waits", "raft.snapshot_not_needed", "raft.cut_again_meanwhile"}) {
        CAPTURE(name);
        CHECK(hits(name) > 0);
    }
}

TEST_CASE("schedule: many schedules with damaged disks stay safe and recover", "[raft][.slow]") {
    for (std::uint64_t seed = 1000; seed < 20'000; ++seed) {
        CAPTURE(seed);
        REQUIRE_NOTHROW(run_damaging_schedule(
            static_cast<std::uint32_t>(2 + seed % 5), seed, schedule_from(seed, 1500)));
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
