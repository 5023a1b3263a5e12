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
    explicit Group(std::uint32_t voters, std::uint32_t catch_up_entries_max = 16'384) {
        Config config;
        config.catch_up_entries_max = catch_up_entries_max;
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
        commit_at(nodes_.back(), commits, batch);
    }
    void commit_without_last(std::uint64_t commits) { commit_at(leader(), commits, 32); }

    // Nothing reaches the last node until hear_again(), which waits until it has everything.
    void be_deaf() { deaf_ = nodes_.back().self(); }
    void hear_again() {
        deaf_ = NodeId{};
        groups_of_last = 0;
        requests_to_last = 0;
        while (nodes_.back().log().last() < leader().log().last()) {
            now_ = std::max(now_ + microseconds(100), leader().deadline());
            leader().time(now_);
            drain(leader());
            settle();
        }
    }

    std::uint64_t requests_to_last = 0;  // with entries
    std::uint64_t groups_of_last = 0;    // with entries: each is one flush
    std::uint64_t steps = 0;
    std::uint64_t messages = 0;
    std::uint64_t entries_sent = 0;

  private:
    struct InFlight {
        NodeId from;
        Outgoing out;
    };

    void commit_at(const Raft& follower, std::uint64_t commits, std::uint32_t batch) {
        const Index target = leader().commit() + commits;
        while (follower.commit() < target) {
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

    void elect() {
        now_ = leader().deadline();
        leader().time(now_);
        drain(leader());
        settle();
    }
    // The disk stores at once, so that every message may leave.
    void drain(Raft& node) {
        const bool stores = node.ready().hard_state || !node.ready().entries.empty();
        const bool last = node.self() == nodes_.back().self();
        groups_of_last += last && !node.ready().entries.empty() ? 1u : 0u;
        const std::vector<LoadWanted> loads = std::move(node.ready().loads);
        for (Outgoing& out : node.ready().messages) {
            ++messages;
            if (const auto* append = std::get_if<AppendRequest>(&out.message)) {
                entries_sent += append->entries.size();
                requests_to_last +=
                    out.to == nodes_.back().self() && !append->entries.empty() ? 1u : 0u;
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
        for (const LoadWanted& load : loads) {
            node.loaded(now_, load.peer, read(node, load));
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
            if (one.out.to == deaf_) {
                continue;
            }
            Raft& node = nodes_[one.out.to.value - 1];
            node.receive(now_, one.from, std::move(one.out.message));
            ++steps;
            drain(node);
        }
    }

    static std::vector<EntryRef> read(const Raft& node, const LoadWanted& load) {
        std::vector<EntryRef> entries;
        std::uint64_t bytes = 0;
        for (Index i = load.first; i <= load.last && bytes < load.bytes_max; ++i) {
            EntryRef entry;
            entry.index = i;
            entry.term = *node.log().term_at(i);
            entry.kind = EntryKind::command;
            entry.bytes = body_bytes;
            bytes += body_bytes;
            entries.push_back(entry);
        }
        return entries;
    }

    NodeId deaf_;
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

// What a follower that lacks 10 000 entries costs, read from the leader's disk.
void measure_catch_up(std::uint32_t catch_up_entries_max) {
    Group group(3, catch_up_entries_max);
    group.commit(100, 1);
    group.be_deaf();
    group.commit_without_last(10'000);
    group.hear_again();
    std::printf("catch-up of 10000 entries, at most %5u in one load: %llu requests, %llu flushes\n",
        catch_up_entries_max, static_cast<unsigned long long>(group.requests_to_last),
        static_cast<unsigned long long>(group.groups_of_last));
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
    for (const std::uint32_t entries_max : {512u, 16'384u}) {
        ledger::raft::measure_catch_up(entries_max);
    }
    return 0;
}
