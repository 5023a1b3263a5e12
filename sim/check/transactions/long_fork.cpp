#include "sim/check/transactions/long_fork.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace ledger::check {
namespace {

constexpr std::uint32_t none = RegisterVersion::none;

// What a transaction read: registers, and of which of them a value, both sorted.
struct GroupRead {
    std::uint32_t transaction = 0;
    std::vector<std::uint32_t> keys;
    std::vector<std::uint32_t> seen;
};

std::vector<GroupRead> group_reads(
    const Transactions& transactions, const RegisterVersions& versions) {
    std::vector<std::uint32_t> writes(transactions.keys.size(), 0);
    for (const RegisterView& view : versions.views()) {
        writes[view.key] += view.write != none ? 1u : 0u;
    }
    std::vector<GroupRead> reads(transactions.all.size());
    // By key, so that those of each transaction are sorted.
    for (const RegisterView& view : versions.views()) {
        const bool counts = view.read != none && view.write == none && writes[view.key] <= 1 &&
                            versions.version(view.read).is_final;
        if (counts) {
            GroupRead& read = reads[view.transaction];
            read.transaction = view.transaction;
            read.keys.push_back(view.key);
            if (versions.version(view.read).writer != none) {
                read.seen.push_back(view.key);
            }
        }
    }
    std::erase_if(reads, [](const GroupRead& read) { return read.keys.size() < 2; });
    std::sort(reads.begin(), reads.end(), [](const GroupRead& a, const GroupRead& b) {
        const std::uint64_t seen_by_a = a.seen.size();
        const std::uint64_t seen_by_b = b.seen.size();
        return std::tie(a.keys, seen_by_a, a.seen, a.transaction) <
               std::tie(b.keys, seen_by_b, b.seen, b.transaction);
    });
    return reads;
}

// The first of `seen` that `other` has not seen, or none.
std::uint32_t first_missing(
    const std::vector<std::uint32_t>& seen, const std::vector<std::uint32_t>& other) {
    for (const std::uint32_t key : seen) {
        if (!std::binary_search(other.begin(), other.end(), key)) {
            return key;
        }
    }
    return none;
}

}  // namespace

bool find_long_forks(const Transactions& transactions, const RegisterVersions& versions,
    Anomalies& anomalies, Effort& effort) {
    bool found = false;
    const std::vector<GroupRead> reads = group_reads(transactions, versions);
    for (std::uint64_t i = 1; i < reads.size() && effort.step(); ++i) {
        const GroupRead& a = reads[i - 1];
        const GroupRead& b = reads[i];
        const std::uint32_t only_a = first_missing(a.seen, b.seen);
        if (a.keys != b.keys || only_a == none) {
            continue;
        }
        // `b` saw as many, so it saw one that `a` did not.
        const std::uint32_t only_b = first_missing(b.seen, a.seen);
        found = true;
        anomalies.add({{{"long-fork", {Level::repeatable_read, Level::snapshot_isolation}}},
            fmt::format("{} saw the write of {} and not that of {}, {} saw them the other way "
                        "round",
                transactions.name(a.transaction), transactions.key_text(only_a),
                transactions.key_text(only_b), transactions.name(b.transaction)),
            {}, {transactions.all[a.transaction].id, transactions.all[b.transaction].id}});
    }
    return found;
}

}  // namespace ledger::check
