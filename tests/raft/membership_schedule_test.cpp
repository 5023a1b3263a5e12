// Membership schedule: random schedules that also change the membership, move leadership and empty
// disks, over a group with spare nodes.
#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "tests/raft/cluster.h"
#include "tests/raft/schedule.h"

namespace ledger::raft {
namespace {

Member member_of(const Cluster& cluster, std::uint32_t id) {
    return {.node = NodeId{id}, .incarnation = cluster.incarnation(id)};
}

// A membership of two to five voters, chosen by the bits of `mask`.
Configuration any_target(
    const Cluster& cluster, const Configuration& current, std::uint32_t mask) {
    Configuration target;
    for (std::uint32_t id = 1; id <= cluster.size(); ++id) {
        const bool known = current.is_member(NodeId{id});
        const bool usable = !known || cluster.is_member(current, id);
        const std::uint32_t place = mask >> (2 * id) & 3;
        if (!usable || (place == 3 && id > 1)) {
            continue;
        }
        (place == 2 ? target.learners : target.voters).insert(NodeId{id});
        Member member = known ? current.member(NodeId{id}) : member_of(cluster, id);
        member.promote = false;
        member.replaces = NodeId{};
        member.priority = static_cast<std::uint8_t>((mask + id) % 3);
        target.set_member(member);
    }
    return target;
}

Configuration next_target(const Cluster& cluster, const Action& action) {
    const Configuration current = cluster.committed_configuration();
    const std::uint32_t node = 1 + action.a % cluster.size();
    for (NodeId member : current.members()) {
        if (!cluster.is_member(current, member.value)) {
            return without(current, member);  // its disk was emptied: that comes first
        }
    }
    switch (action.b % 6) {
        case 0: return any_target(cluster, current, action.b);
        case 1: return current.voters.size() > 2 ? without(current, NodeId{node}) : current;
        case 2: {
            const std::uint32_t old = 1 + action.b / 8 % cluster.size();
            return with_replacement(current, NodeId{old}, member_of(cluster, node));
        }
        case 3: {
            Member witness = member_of(cluster, node);
            witness.witness = action.b % 4 == 0;
            witness.promote = true;
            return with_learner(current, witness);
        }
        default: {
            Member fresh = member_of(cluster, node);
            fresh.promote = action.b % 4 != 0;
            return with_learner(current, fresh);
        }
    }
}

void change_or_wipe(Cluster& cluster, const Action& action) {
    const std::uint32_t node = 1 + action.a % cluster.size();
    if (action.b % 16 == 0 && cluster.may_lose_disk(node)) {
        cluster.wipe(node);
        return;
    }
    if (cluster.leader() != NodeId{}) {
        cluster.change(cluster.leader().value, next_target(cluster, action));
    }
}

void run_schedule(std::uint64_t seed, const std::vector<Action>& schedule) {
    Cluster cluster({.nodes = 6,
        .seed = seed,
        .keep_entries = seed % 3 == 0 ? 1'000'000u : seed % 5,
        .append_entries_max = seed % 2 == 0 ? 64u : 2u,
        .inflight_messages_max = 1u + static_cast<std::uint32_t>(seed % 4),
        .voters = 1 + static_cast<std::uint32_t>(seed % 4),
        .incarnations = seed % 4 != 0});
    std::uint64_t step = 0;
    for (const Action& action : schedule) {
        if (action.kind % 100 < 2) {
            change_or_wipe(cluster, action);
        } else {
            perform(cluster, action);
        }
        if (++step % 16 == 0) {
            cluster.check_logs();
        }
    }
    cluster.must_recover();
}

}  // namespace

TEST_CASE("membership_schedule: a changing group stays safe and recovers", "[raft]") {
    CHECK(rc::check("safety at every step, liveness after healing", [] {
        const auto seed = *rc::gen::arbitrary<std::uint64_t>();
        const auto steps = *rc::gen::inRange<std::uint64_t>(500, 2500);
        run_schedule(seed, schedule_from(seed, steps));
    }));
}

TEST_CASE("membership_schedule: the rare situations occur", "[raft]") {
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
        CAPTURE(seed);
        REQUIRE_NOTHROW(run_schedule(seed, schedule_from(seed, 3000)));
    }
    for (const char* name : {"raft.change_before_own_commit", "raft.change_during_change",
             "raft.configuration_rolled_back", "raft.joint_left_by_successor",
             "raft.removed_leader_hands_over", "raft.removed_node_told",
             "raft.told_of_removal", "raft.voter_replaced",
             "raft.answer_of_other_disk",
             "raft.forgetful_does_not_vote", "raft.message_of_stranger",
             "raft.campaigns_later"}) {
        CAPTURE(name);
        CHECK(hits(name) > 0);
    }
}

TEST_CASE("membership_schedule: many long schedules stay safe and recover", "[raft][.slow]") {
    for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
        CAPTURE(seed);
        REQUIRE_NOTHROW(run_schedule(seed, schedule_from(seed, seed % 10 == 0 ? 10'000 : 2'000)));
    }
}

}  // namespace ledger::raft
