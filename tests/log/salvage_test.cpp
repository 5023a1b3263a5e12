#include "log/salvage.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "tests/log/failing_file_system.h"
#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::log {

namespace {

// A file of these bytes in which the device refuses some sectors.
Result<Salvaged> salvaged(
    const ByteVector& bytes, const std::set<std::uint64_t>& bad, std::uint64_t refusals_max) {
    MemoryFileSystem memory;
    FailingFileSystem files(memory);
    {
        const auto made = files.create("file");
        REQUIRE(made);
        REQUIRE((*made)->write(0, bytes));
    }
    files.bad_sectors["file"] = bad;
    const auto file = files.open("file");
    REQUIRE(file);
    return salvage(**file, refusals_max);
}

}  // namespace

TEST_CASE("salvage: a whole file is read as it is", "[log]") {
    for (const std::size_t size : {0u, 1u, 512u, 700u, 3u << 20}) {
        const ByteVector bytes = sample_bytes(size, size);
        const auto got = salvaged(bytes, {}, 0);
        REQUIRE(got);
        CHECK((got->bytes == bytes));
        CHECK(got->unreadable.empty());
    }
}

TEST_CASE("salvage: a read error costs the sector that it came from", "[log]") {
    CHECK(rc::check("zeros in the bad sectors, and all else as it was", [] {
        const auto size = *rc::gen::inRange<std::size_t>(1, 2'500'000);
        const std::uint64_t sectors = (size + sector_bytes - 1) / sector_bytes;
        std::set<std::uint64_t> bad;
        for (int left = *rc::gen::inRange(0, 8); left > 0; --left) {
            bad.insert(*rc::gen::inRange<std::uint64_t>(0, sectors));
        }
        const ByteVector bytes = sample_bytes(size % 7, size);
        ByteVector expected = bytes;
        std::vector<std::uint64_t> offsets;
        for (const std::uint64_t sector : bad) {
            offsets.push_back(sector * sector_bytes);
            const auto from = expected.begin() + static_cast<std::ptrdiff_t>(sector * sector_bytes);
            std::fill(from, from + std::min<std::ptrdiff_t>(sector_bytes, expected.end() - from),
                std::byte{0});
        }
        const auto got = salvaged(bytes, bad, bad.size());
        RC_ASSERT(got.has_value());
        RC_ASSERT(got->unreadable == offsets);
        RC_ASSERT(got->bytes == expected);
    }));
}

TEST_CASE("salvage: beyond the limit it is the device that fails", "[log]") {
    const ByteVector bytes = sample_bytes(1, 20 * sector_bytes);
    CHECK(salvaged(bytes, {1, 5, 19}, 3));
    const auto failed = salvaged(bytes, {1, 5, 19}, 2);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == Errc::io_error);
    CHECK(failed.error().place == "sector 19");
    CHECK_FALSE(salvaged(bytes, {0}, 0));
}

}  // namespace ledger::log
