// sim_bench: what a simulated step and a committed append cost, with all checks on.

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "node/wire_size.h"
#include "sim/program/frame_check.h"
#include "sim/world.h"
#include "tests/bench/counting.h"

namespace ledger::sim {
namespace {

// Adds up what the replicas send and store.
class Traffic final : public StepObserver {
  public:
    void stepping(std::uint64_t, Instant, NodeId, const node::Event&) override {}
    void stepped(const node::Replica&, std::span<const node::Effect> effects) override {
        for (const node::Effect& effect : effects) {
            if (const auto* send = std::get_if<node::Send>(&effect)) {
                ++messages;
                sent_bytes += node::wire_size(send->message);
            } else if (const auto* store = std::get_if<node::Store>(&effect)) {
                ++groups;
                for (const HashedEntry& entry : store->group->entries) {
                    stored_bytes += entry.entry.bytes;
                }
            }
        }
    }
    std::uint64_t messages = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t groups = 0;
    std::uint64_t stored_bytes = 0;
};

// Of this process: what other processes do on the machine does not count.
double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Row {
    std::string name;
    RunResult sum;
    double seconds = 0;
    std::uint64_t committed = 0;  // client commands in the log
    bench::Counts counts;
    Traffic traffic;
};

struct Case {
    std::string name;
    std::uint64_t seeds = 1;
    bool frames = false;
    bool full_load = false;
    std::uint32_t payload = 128;
    std::uint32_t clients = 64;  // of full load: appends that are outstanding
};

Profile full_load(const Case& what) {
    Profile profile;
    profile.nemesis.crashes = false;
    profile.nemesis.partitions = false;
    profile.nemesis.one_way = false;
    profile.faults_for = seconds(3600);
    profile.segment_bytes = 16u << 20;
    profile.workload.clients = what.clients;
    profile.workload.operations_max = 100'000;
    profile.workload.think_mean = {};
    profile.workload.reads = 0;
    profile.workload.multi_stream = 0;
    profile.workload.conditional = 0;
    profile.workload.batch_max = 1;
    profile.workload.payload_max = what.payload;
    profile.workload.streams = 64;
    return profile;
}

Row measure(const Case& what) {
    Row row;
    row.name = what.name;
    for (std::uint64_t seed = 1; seed <= what.seeds; ++seed) {
        SeededChoices choices(seed);
        FrameCheck frames;
        const Profile profile =
            what.full_load ? full_load(what) : draw_profile(choices, check::Scenario{});
        const bench::Counts before = bench::counts();
        const double start = cpu_seconds();
        World world(profile,
            {.seed = seed,
                .input = nullptr,
                .frames = what.frames ? &frames : nullptr,
                .observer = bench::counting() ? &row.traffic : nullptr},
            choices);
        const RunResult result = world.run();
        row.seconds += cpu_seconds() - start;
        row.counts.add(bench::counts(), before);
        if (result.verdict != check::Verdict::ok) {
            std::fprintf(stderr, "sim_bench: seed %llu is not ok\n",
                static_cast<unsigned long long>(seed));
            std::exit(1);
        }
        row.sum.steps += result.steps;
        row.sum.acknowledged_appends += result.acknowledged_appends;
        row.sum.virtual_time = row.sum.virtual_time + result.virtual_time;
        row.committed += world.judge().committed().order().appends().size();
    }
    return row;
}

void print_times(const Row& row) {
    std::printf("%-34s %12.0f %14.0f %12.1f\n", row.name.c_str(),
        static_cast<double>(row.sum.steps) / row.seconds,
        static_cast<double>(row.committed) / row.seconds,
        static_cast<double>(row.sum.virtual_time.nanoseconds) * 1e-9 / row.seconds);
}

void print_counts(const Row& row) {
    const auto per = [&](std::uint64_t value) {
        return static_cast<double>(value) / static_cast<double>(row.committed);
    };
    std::printf("%-34s %8.1f %8.1f %10.0f %10.0f %8.1f %8.0f %8.1f %8.0f\n", row.name.c_str(),
        per(row.sum.steps), per(row.counts.allocations), per(row.counts.allocated_bytes),
        per(row.counts.copied_bytes), per(row.traffic.messages), per(row.traffic.sent_bytes),
        per(row.traffic.groups), per(row.traffic.stored_bytes));
}

}  // namespace

int run_bench() {
    const std::vector<Case> cases = {
        {"full load, 3 replicas, 128 B", 1, false, true, 128},
        {"full load, with real frames", 1, true, true, 128},
        {"full load, 3 replicas, 1 KiB", 1, false, true, 1024},
        {"8 at once, 3 replicas, 128 B", 1, false, true, 128, 8},
        {"swarm seeds 1..60, with faults", 60, false, false, 0},
        {"swarm seeds, with real frames", 60, true, false, 0},
    };
    if (bench::counting()) {
        std::printf("%-34s %8s %8s %10s %10s %8s %8s %8s %8s\n", "per committed append", "steps",
            "allocs", "heap B", "copied B", "messages", "sent B", "groups", "stored B");
    } else {
        std::printf("%-34s %12s %14s %12s\n", "all checks on, one core", "steps/s", "commits/s",
            "virtual/cpu");
    }
    for (const Case& what : cases) {
        const Row row = measure(what);
        if (bench::counting()) {
            print_counts(row);
        } else {
            print_times(row);
        }
        std::fflush(stdout);
    }
    return 0;
}

}  // namespace ledger::sim

int main() {
    return ledger::sim::run_bench();
}
