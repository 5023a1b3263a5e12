#include "log/storage.h"

#include <catch2/catch.hpp>

#include "log/hard_state_file.h"
#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::log {

namespace {

Opened must_open(FileSystem& files, const Options& options) {
    auto opened = open(files, options, sample_identity());
    if (!opened) {
        FAIL(opened.error().code.message() << ": " << opened.error().place);
    }
    return std::move(*opened);
}

void must_store(Storage& storage, TwinLog& twin, const Group& group) {
    REQUIRE(storage.write(group));
    REQUIRE(storage.sync());
    twin.apply(group);
}

void check_same(Opened& opened, const TwinLog& twin) {
    const Recovered& recovered = opened.recovered;
    CHECK(recovered.hard_state == twin.hard_state);
    CHECK(recovered.first == Index{1});
    REQUIRE(recovered.last == twin.last());
    CHECK(recovered.commit <= std::max(twin.commit, Index{0}));
    CHECK(recovered.commit_hash == twin.hash_at(recovered.commit));
    REQUIRE(recovered.tail.size() == twin.last() - recovered.commit);
    for (std::uint64_t i = 0; i < recovered.tail.size(); ++i) {
        REQUIRE(recovered.tail[i] == twin.entries[recovered.commit.value + i]);
    }
    if (twin.last() > Index{0}) {
        auto all = opened.storage->read(Index{1}, twin.last(), UINT64_MAX);
        REQUIRE(all);
        REQUIRE(*all == twin.entries);
    }
}

}  // namespace

TEST_CASE("storage: what was synced is there after reopening", "[log]") {
    MemoryFileSystem files;
    const Options options = sample_options(GENERATE(4096u, 16384u, 1u << 20));
    REQUIRE(format(files, options, sample_identity()));
    TwinLog twin;
    Opened opened = must_open(files, options);
    check_same(opened, twin);
    for (std::uint64_t i = 1; i <= 40; ++i) {
        twin.commit = twin.last();
        Group group = twin.group(i, i % 5, 300);
        if (i % 7 == 1) {
            group.hard_state = HardState{Term{i}, NodeId{1}};
            for (HashedEntry& hashed : group.entries) {
                hashed.entry.term = Term{i};
            }
            twin.hard_state = *group.hard_state;
            const auto entries = twin.group(i, i % 5, 300).entries;
            group.entries = entries;
        }
        must_store(*opened.storage, twin, group);
        if (i % 4 == 0) {
            opened = must_open(files, options);
            check_same(opened, twin);
        }
    }
    CHECK(opened.recovered.torn_bytes == 0);
}

}  // namespace ledger::log
