#include "sim/profile.h"

#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace ledger::sim {
namespace {

// Remembers which questions were asked.
class Asking final : public ChoiceSource {
  public:
    explicit Asking(std::uint64_t seed) : seeded_(seed) {}
    std::uint64_t choose(Site site, std::uint64_t entity, std::uint64_t sequence,
        std::uint64_t domain) override {
        REQUIRE(site == Site::nemesis_profile);
        REQUIRE(domain >= 1);
        REQUIRE(asked.insert(entity).second);
        return seeded_.choose(site, entity, sequence, domain);
    }
    std::set<std::uint64_t> asked;

  private:
    SeededChoices seeded_;
};

// Every number of a profile that a scenario can set, in no particular order of keys.
std::vector<std::int64_t> numbers(const Profile& p) {
    const auto n = [](auto value) { return static_cast<std::int64_t>(value); };
    return {p.faults_for.nanoseconds, p.election_timeout.nanoseconds, n(p.append_entries_max),
        n(p.inflight_messages_max), n(p.uncommitted_bytes_max), n(p.segment_bytes),
        n(p.allocate_bytes), n(p.spare_segments),
        n(p.sessions_max), n(p.stored_replies_max), n(p.limits.entry_cache_entries),
        n(p.limits.apply_entries_max), n(p.network.family), p.network.latency_min.nanoseconds,
        p.network.latency_mean.nanoseconds, n(p.network.loss), n(p.network.duplicate),
        n(p.network.damage), n(p.network.in_order), n(p.network.client_loss),
        p.disk.sync_mean.nanoseconds, n(p.disk.slow_node), n(p.disk.slow_factor), n(p.disk.keep),
        n(p.disk.tear), n(p.disk.together), n(p.disk.split_size), n(p.disk.lose_entry),
        p.nemesis.interval_mean.nanoseconds, p.nemesis.duration_mean.nanoseconds,
        n(p.nemesis.crashes), n(p.nemesis.crash_storms), n(p.nemesis.partitions),
        n(p.nemesis.one_way), n(p.nemesis.aim_at_leader), n(p.nemesis.hunt), n(p.workload.clients),
        n(p.workload.streams), n(p.workload.operations_max), p.workload.think_mean.nanoseconds,
        n(p.workload.reads), n(p.workload.conditional), n(p.workload.payload_max),
        p.workload.operation_timeout.nanoseconds, p.workload.attempt_timeout.nanoseconds,
        p.workload.slow_back_off.nanoseconds, n(p.workload.subscribers),
        n(p.workload.subscriber_window), n(p.edge.requests_max), n(p.edge.client_requests_max),
        n(p.edge.page_events_max), p.clock.skew.nanoseconds, n(p.clock.drift),
        n(p.nemesis.bridges), n(p.nemesis.pauses), n(p.nemesis.disk_stalls),
        n(p.nemesis.disk_errors), n(p.nemesis.clock_jumps), n(p.leases),
        p.apply_time.nanoseconds, n(p.workload.read_anywhere), n(p.workload.pinned),
        n(p.disk.limp), n(p.canary), n(p.network.spread),
        n(p.network.bytes_per_millisecond), n(p.network.buffer_bytes), n(p.nemesis.rings),
        n(p.nemesis.flapping), n(p.nemesis.clogs), n(p.nemesis.slow_links), n(p.nemesis.half_open),
        n(p.limits.cut_entries), n(p.limits.cut_chunk_bytes), n(p.limits.retain_entries),
        n(p.limits.kept_entries_min), n(p.old_nodes), n(p.catch_up_entries_max),
        n(p.catch_up_bytes_per_second), n(p.limits.cut_bytes_per_second),
        n(p.limits.cut_transfers_max),
        n(p.membership.changes), n(p.membership.transfers), n(p.membership.wipes),
        n(p.membership.spares), p.membership.interval.nanoseconds, n(p.disk.whole_pages),
        n(p.media.rot), n(p.media.sector_error), n(p.media.phantom_write),
        n(p.media.misdirected_write), n(p.media.misdirected_read), n(p.media.stale_read),
        n(p.media.crowd), n(p.media.at_records), n(p.media.at_blocks), n(p.media.at_headers),
        n(p.media.at_footers), n(p.media.at_hard_state), n(p.media.at_cuts),
        n(p.media.at_anything), n(p.media.unsealed), n(p.media.unrestricted),
        n(p.media.use), n(p.limits.scrub_bytes_per_second), n(p.reserve_bytes),
        n(p.soft_limit_bytes), n(p.workload.redactions), p.limits.erase_delay.nanoseconds,
        n(p.limits.erase_entries_max), n(p.nemesis.aim_at_roles), n(p.unsteady), n(p.marathon)};
}

check::Scenario scenario_with(const check::KnownKey& key, check::Range range) {
    check::Scenario scenario;
    scenario.set(key.section, key.key, key.unit, std::move(range));
    return scenario;
}

std::string error_of(const std::string& text) {
    const Result<check::Scenario> parsed = check::parse_scenario(text, scenario_keys());
    REQUIRE_FALSE(static_cast<bool>(parsed));
    return parsed.error().place;
}

}  // namespace

TEST_CASE("profile: every key of the table is drawn once, and nothing else", "[sim]") {
    Asking choices(1);
    draw_profile(choices, {});
    CHECK(choices.asked.size() == scenario_keys().size());
    CHECK(*choices.asked.rbegin() == scenario_keys().size() - 1);
    CHECK(numbers({}).size() == scenario_keys().size());
}

TEST_CASE("profile: every key sets one number, and moves no other draw", "[sim]") {
    for (const check::KnownKey& key : scenario_keys()) {
        INFO(key.key);
        std::set<std::size_t> changed;
        for (const std::int64_t value : {key.min, key.max}) {
            SeededChoices choices(7);
            const std::vector<std::int64_t> own = numbers(draw_profile(choices, {}));
            const std::vector<std::int64_t> set = numbers(
                draw_profile(choices, scenario_with(key, check::Range::one(value))));
            for (std::size_t i = 0; i < own.size(); ++i) {
                if (own[i] != set[i]) {
                    changed.insert(i);
                }
            }
        }
        // A marathon is one by four more: how long it is, and what is cut meanwhile.
        CHECK(changed.size() == (key.key == "run.marathon" ? 5 : 1));
    }
}

TEST_CASE("profile: what is drawn lies inside the scenario's range", "[sim]") {
    for (const check::KnownKey& key : scenario_keys()) {
        INFO(key.key);
        const std::int64_t high = std::min(key.max, key.min + 3);
        for (std::uint64_t seed = 1; seed <= 60; ++seed) {
            SeededChoices choices(seed);
            const auto with = [&](check::Range range) {
                return numbers(draw_profile(choices, scenario_with(key, std::move(range))));
            };
            const std::vector<std::int64_t> now = with(check::Range::between(key.min, high));
            bool inside = false;
            for (std::int64_t value = key.min; value <= high; ++value) {
                inside = inside || now == with(check::Range::one(value));
            }
            REQUIRE(inside);
        }
    }
}

TEST_CASE("profile: seeds differ, the same seed does not", "[sim]") {
    std::set<std::vector<std::int64_t>> all;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        SeededChoices choices(seed);
        const std::vector<std::int64_t> drawn = numbers(draw_profile(choices, {}));
        CHECK(drawn == numbers(draw_profile(choices, {})));
        all.insert(drawn);
    }
    CHECK(all.size() == 100);
}

TEST_CASE("profile: its own ranges lie within what a scenario may say", "[sim]") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        SeededChoices choices(seed);
        const Profile profile = draw_profile(choices, {});
        REQUIRE(profile.nodes == 3);
        REQUIRE(profile.workload.clients >= 1);
        REQUIRE(profile.workload.streams >= 1);
        REQUIRE(profile.append_entries_max >= 1);
        REQUIRE(profile.inflight_messages_max >= 1);
        REQUIRE(profile.segment_bytes >= 4096);
        REQUIRE(profile.network.loss <= 900'000);
        REQUIRE(profile.disk.slow_factor >= 1);
        REQUIRE(profile.election_timeout >= milliseconds(10));
    }
}

TEST_CASE("profile: the scenario says how many replicas there are", "[sim]") {
    check::Scenario scenario;
    scenario.voters = 5;
    SeededChoices choices(1);
    CHECK(draw_profile(choices, scenario).nodes == 5);
}

TEST_CASE("profile: unknown keys and numbers beyond a bound are refused with their place",
    "[sim]") {
    CHECK(error_of("scenario 1\n[swarm]\nnet.los = 1%\n") ==
          "line 3, column 1: unknown key net.los, did you mean net.loss?");
    CHECK(error_of("scenario 1\n[swarm]\nclients = 3\n") ==
          "line 3, column 1: unknown key clients in [swarm], it belongs to [workload]");
    CHECK(error_of("scenario 1\n[swarm]\nnet.loss = 95%\n").starts_with("line 3, column 12: "));
    for (const check::KnownKey& key : scenario_keys()) {
        INFO(key.key);
        const std::string section = key.section == check::Section::swarm ? "swarm" : "workload";
        const std::string text =
            "scenario 1\n[" + section + "]\n" + std::string(key.key) + " = off\n";
        // Off is zero: where zero is too little, off is, too.
        CHECK(static_cast<bool>(check::parse_scenario(text, scenario_keys())) == (key.min == 0));
    }
    CHECK(error_of("scenario 1\n[workload]\nstreams = off\n") ==
          "line 3, column 11: streams cannot be off, it is at least 1");
}

TEST_CASE("profile: keys are there once each", "[sim]") {
    std::set<std::string> names;
    for (const check::KnownKey& key : scenario_keys()) {
        CHECK(names.emplace(key.key).second);
        CHECK(key.min >= 0);
        CHECK(key.min <= key.max);
    }
}

}  // namespace ledger::sim
