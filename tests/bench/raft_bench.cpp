// RaftBench: what the bare core costs: steps per second, and per commit the messages, bytes and
// allocations; and what a copy of a core costs. Not a test. raft_bench times, raft_bench_counting
// counts.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "log/base/choice.h"
#include "raft/raft.h"
#include "tests/bench/counting.h"

namespace ledger::raft {
namespace {

constexpr std::uint64_t entries_kept = 64;
constexpr std::uint32_t body_bytes = 128;

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Nodes whose network and disks take no time. One step is one call that may change a core.
class Group {
  public:
    explicit Group(std::uint32_t voters) {
        Config config;
        for (std::uint32_t id = 1; id <= voters; ++id) {
            config.configuration.voters.insert(NodeId{id});
        }
        config.choices = &choices_;
        for (std::uint32_t id = 1; id <= voters; ++id) {
            config.self = NodeId{id};
            nodes_.emplace_back(config, Boot{}, now_);
        }
        elect();
    }

    Raft& leader() { return nodes_.front(); }
    // Batches of `batch` proposals until `commits` more are committed everywhere.
    void commit(std::uint64_t commits, std::uint32_t batch) {
        const Index target = leader().commit() + commits;
        while (nodes_.back().commit() < target) {
            now_ = now_ + microseconds(100);
            for (std::uint32_t i = 0; i < batch; ++i) {
                EntryRef entry;
                entry.kind = EntryKind::command;
                entry.bytes = body_bytes;
                leader().propose(now_, std::span(&entry, 1));
                ++steps;
                drain(leader());
            }
            settle();
            leader().time(now_);
            ++steps;
            drain(leader());
            settle();
        }
    }

    std::uint64_t steps = 0;
    std::uint64_t messages = 0;
    std::uint64_t entries_sent = 0;

  private:
    struct InFlight {
        NodeId from;
        Outgoing out;
    };

    void elect() {
        now_ = leader().deadline();
        leader().time(now_);
        drain(leader());
        settle();
    }
    // The disk stores at once, so that every message may leave.
    void drain(Raft& node) {
        const bool stores = node.ready().hard_state || !node.ready().entries.empty();
        for (Outgoing& out : node.ready().messages) {
            ++messages;
            if (const auto* append = std::get_if<AppendRequest>(&out.message)) {
                entries_sent += append->entries.size();
            }
            network_.push_back({node.self(), std::move(out)});
        }
        node.advance();
        if (stores) {
            const Status status = node.status();
            node.stored(now_, node.log().last_id(), {status.term, status.vote});
            ++steps;
            drain(node);
        }
        if (node.commit().value > entries_kept) {
            node.release_entries(node.commit() - entries_kept);
        }
    }
    void settle() {
        while (!network_.empty()) {
            InFlight one = std::move(network_.front());
            network_.pop_front();
            Raft& node = nodes_[one.out.to.value - 1];
            node.receive(now_, one.from, std::move(one.out.message));
            ++steps;
            drain(node);
        }
    }

    SeededChoices choices_{1};
    Instant now_;
    std::vector<Raft> nodes_;
    std::deque<InFlight> network_;
};

void measure(std::uint32_t voters, std::uint32_t batch, std::uint64_t commits) {
    Group group(voters);
    group.commit(1000, batch);
    const std::uint64_t steps = group.steps;
    const std::uint64_t messages = group.messages;
    const std::uint64_t entries = group.entries_sent;
    const bench::Counts before = bench::counts();
    const auto begin = std::chrono::steady_clock::now();
    group.commit(commits, batch);
    const double seconds = seconds_since(begin);
    bench::Counts used;
    used.add(bench::counts(), before);
    const auto per_commit = [commits](std::uint64_t count) {
        return static_cast<double>(count) / static_cast<double>(commits);
    };
    std::printf("%u voters, %2u at once: %5.2f messages, %5.2f entries sent", voters, batch,
        per_commit(group.messages - messages), per_commit(group.entries_sent - entries));
    if (bench::counting()) {
        std::printf(", %7.0f bytes copied, %5.2f allocations per commit\n",
            per_commit(used.copied_bytes), per_commit(used.allocations));
    } else {
        std::printf(" per commit, %9.0f steps/s, %9.0f commits/s\n",
            static_cast<double>(group.steps - steps) / seconds,
            static_cast<double>(commits) / seconds);
    }
}

void measure_copy(std::uint32_t voters, std::uint64_t copies) {
    Group group(voters);
    group.commit(1000, 1);
    const bench::Counts before = bench::counts();
    const auto begin = std::chrono::steady_clock::now();
    std::uint64_t seen = 0;
    for (std::uint64_t i = 0; i < copies; ++i) {
        const Raft copy = group.leader();
        seen += copy.commit().value;
    }
    const double seconds = seconds_since(begin);
    bench::Counts used;
    used.add(bench::counts(), before);
    std::printf("copy of a leader of %u with %llu entries in memory: ", voters,
        static_cast<unsigned long long>(
            group.leader().log().last() - group.leader().log().first_in_memory() + 1));
    if (bench::counting()) {
        std::printf("%.1f allocations of %.0f bytes in all, %zu bytes of its own\n",
            static_cast<double>(used.allocations) / static_cast<double>(copies),
            static_cast<double>(used.allocated_bytes) / static_cast<double>(copies), sizeof(Raft));
    } else {
        std::printf("%.0f ns\n", seconds * 1e9 / static_cast<double>(copies));
    }
    if (seen == 0) {
        std::printf("nothing was committed\n");
    }
}

}  // namespace
}  // namespace ledger::raft

int main(int argc, char** argv) {
    const std::uint64_t commits = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 200'000;
    for (const std::uint32_t voters : {1u, 3u, 5u, 7u}) {
        for (const std::uint32_t batch : {1u, 32u}) {
            ledger::raft::measure(voters, batch, commits);
        }
    }
    for (const std::uint32_t voters : {1u, 3u, 5u, 7u}) {
        ledger::raft::measure_copy(voters, commits);
    }
    return 0;
}
