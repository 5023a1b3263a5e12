#include "sim/check/chain.h"

#include <catch2/catch.hpp>

#include "log/base/entry.h"

namespace ledger::check::test {
namespace {

std::vector<HashedEntry> make_log(std::uint64_t count) {
    std::vector<HashedEntry> entries;
    Digest previous;
    for (std::uint64_t i = 1; i <= count; ++i) {
        EntryRef entry{.index = Index{i}, .term = Term{1}, .kind = EntryKind::noop};
        entry.cluster_time = {static_cast<std::int64_t>(i)};
        previous = entry_hash(previous, entry);
        entries.push_back({entry, previous});
    }
    return entries;
}

}  // namespace

TEST_CASE("chain: an unbroken chain that others applied too is fine", "[check]") {
    CommittedLog committed;
    Chain chain(committed);
    for (const HashedEntry& one : make_log(5)) {
        REQUIRE_FALSE(committed.applied(NodeId{1}, one.entry.index, one.entry.term, one.entry.kind,
            one.hash, Hash128{}, &one.entry, {}));
        CHECK_FALSE(chain.entry(NodeId{2}, one));
    }
    CHECK(chain.result() == CheckResult{"chain", CheckResult::Verdict::ok, 5});
}

TEST_CASE("chain: changed bytes break it and the node and index are named", "[check]") {
    CommittedLog committed;
    Chain chain(committed);
    std::vector<HashedEntry> entries = make_log(3);
    entries[1].entry.cluster_time = {99};
    REQUIRE_FALSE(chain.entry(NodeId{3}, entries[0]));
    const Finding broken = chain.entry(NodeId{3}, entries[1]);
    REQUIRE(broken);
    CHECK(broken->find("hash chain of n3 breaks at index 2") != std::string::npos);
}

TEST_CASE("chain: another entry than the committed one is found", "[check]") {
    CommittedLog committed;
    Chain chain(committed);
    const std::vector<HashedEntry> entries = make_log(1);
    EntryRef other = entries[0].entry;
    other.cluster_time = {7};
    REQUIRE_FALSE(committed.applied(NodeId{1}, Index{1}, Term{1}, EntryKind::noop, entries[0].hash,
        Hash128{}, &entries[0].entry, {}));
    const Finding foreign = chain.entry(NodeId{2}, {other, entry_hash(Digest{}, other)});
    REQUIRE(foreign);
    CHECK(foreign->find("log of n2 holds another entry at index 1 than n1") != std::string::npos);
}

TEST_CASE("chain: a gap is found, and a cut log begins where it says", "[check]") {
    CommittedLog committed;
    Chain chain(committed);
    const std::vector<HashedEntry> entries = make_log(4);
    const Finding gap = chain.entry(NodeId{1}, entries[1]);
    REQUIRE(gap);
    CHECK(gap->find("n1 holds index 2 where index 1 belongs") != std::string::npos);
    chain.begins(NodeId{2}, Index{3}, entries[1].hash);
    CHECK_FALSE(chain.entry(NodeId{2}, entries[2]));
    CHECK_FALSE(chain.entry(NodeId{2}, entries[3]));
}

}  // namespace ledger::check::test
