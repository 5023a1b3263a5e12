#include "node/load_work.h"

#include <catch2/catch.hpp>

#include "log/log_map.h"
#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::node {

TEST_CASE("load_work: an entry alone is read behind a damaged one, others are not", "[node]") {
    log::MemoryFileSystem files;
    const log::Options options = log::sample_options();
    REQUIRE(log::format(files, options, log::sample_identity()));
    auto opened = log::open(files, options, log::sample_identity());
    REQUIRE(opened);
    log::TwinLog twin;
    const log::Group group = twin.group(1, 5, 300);
    REQUIRE(opened->storage->write(group));
    REQUIRE(opened->storage->sync());
    twin.apply(group);
    const log::SharedMap map = opened->storage->published();
    files.bytes("wal/00000001.segment")[map->place(Index{2}).offset + 20] ^= std::byte{1};
    log::Reader reader(files, "wal");
    const Load in_a_row{.request = 1, .first = Index{3}, .last = Index{4}, .bytes_max = 1u << 20};
    CHECK_FALSE(perform_on(reader, *map, in_a_row));
    CHECK(reader.damaged() == Index{2});
    Load alone{.request = 2, .first = Index{3}, .last = Index{3}, .bytes_max = Load::alone};
    const auto entries = perform_on(reader, *map, alone);
    REQUIRE(entries);
    REQUIRE(entries->size() == 1);
    CHECK((entries->front().entry == twin.at(Index{3}).entry));
    CHECK(entries->front().hash == Digest{});
    alone.first = alone.last = Index{2};
    CHECK_FALSE(perform_on(reader, *map, alone));
    CHECK(reader.damaged() == Index{2});
    alone.first = alone.last = Index{9};
    const auto beyond = perform_on(reader, *map, alone);
    REQUIRE_FALSE(beyond);
    CHECK(beyond.error().code == make_error_code(log::Errc::out_of_range));
    // Where the chain is known nothing in front need be readable.
    Load chained = in_a_row;
    chained.previous_hash = twin.hash_at(Index{2});
    const auto both = perform_on(reader, *map, chained);
    REQUIRE(both);
    CHECK(both->back() == twin.at(Index{4}));
}

}  // namespace ledger::node
