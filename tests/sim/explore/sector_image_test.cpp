#include "sim/explore/sector_image.h"

#include <algorithm>
#include <map>
#include <string>

#include <catch2/catch.hpp>

#include "log/base/choice.h"
#include "sim/explore/recording_disk.h"
#include "tests/log/sample.h"

namespace ledger::sim {
namespace {

// Files as plain bytes.
using Twin = std::map<std::string, ByteVector>;

struct Random {
    std::uint64_t seed = 0;
    std::uint64_t asked = 0;
    std::uint64_t below(std::uint64_t domain) {
        return bounded(keyed_bits(seed, Site::test_a, 0, asked++), domain);
    }
};

ByteVector content_of(const SectorImage& image, NameNumber name) {
    const FileNumber file = image.file_of(name);
    ByteVector bytes(static_cast<std::size_t>(image.size(file)));
    CHECK(image.read(file, 0, bytes) == bytes.size());
    return bytes;
}

Twin content_of(const SectorImage& image) {
    Twin all;
    for (NameNumber name = 0; name < image.names(); ++name) {
        if (image.file_of(name) != no_file) {
            all[image.name(name)] = content_of(image, name);
        }
    }
    return all;
}

// One change of one of three files, done to both.
void change(Random& random, RecordingDisk& disk, Twin& twin) {
    const std::string name(1, static_cast<char>('a' + random.below(3)));
    const std::string other = name == "a" ? "b" : "a";
    const std::uint64_t kind = random.below(10);
    if (!twin.contains(name)) {
        REQUIRE(disk.create(name));
        twin[name];
    } else if (kind < 6) {
        const std::uint64_t offset = random.below(2500);
        const ByteVector data(
            static_cast<std::size_t>(random.below(1500) + 1), std::byte(random.below(3)));
        ByteVector& bytes = twin[name];
        bytes.resize(std::max<std::size_t>(bytes.size(), offset + data.size()));
        std::copy(data.begin(), data.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
        REQUIRE((*disk.open(name))->write(offset, data));
    } else if (kind < 8) {
        const std::uint64_t size = random.below(3000);
        twin[name].resize(size);
        REQUIRE((*disk.open(name))->resize(size));
    } else if (kind == 8) {
        twin.erase(name);
        REQUIRE(disk.remove(name));
    } else {
        twin[other] = twin[name];
        twin.erase(name);
        REQUIRE(disk.rename(name, other));
    }
}

}  // namespace

TEST_CASE("sector image: it holds what plain byte strings hold, and goes back", "[explore]") {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        Random random{seed};
        SectorImage image;
        BlockArena arena;
        OperationLog record;
        RecordingDisk disk(image, arena, record);
        Twin twin;
        std::vector<std::pair<std::uint64_t, std::pair<Twin, Hash128>>> marks;
        for (std::uint64_t step = 0; step < 60; ++step) {
            marks.push_back({image.mark(), {twin, image.hash()}});
            change(random, disk, twin);
            REQUIRE(content_of(image) == twin);
        }
        while (!marks.empty()) {
            image.rollback(marks.back().first);
            REQUIRE(content_of(image) == marks.back().second.first);
            REQUIRE(image.hash() == marks.back().second.second);
            marks.pop_back();
        }
    }
}

TEST_CASE("sector image: equal content has equal hashes, other content has others", "[explore]") {
    // Few kinds of content, so that the same one is often reached on different ways.
    SectorImage image;
    BlockArena arena;
    OperationLog record;
    RecordingDisk disk(image, arena, record);
    Twin twin;
    Random random{7};
    std::map<std::pair<std::uint64_t, std::uint64_t>, Twin> seen;
    std::map<Twin, std::pair<std::uint64_t, std::uint64_t>> hashes;
    std::uint64_t again = 0;
    for (std::uint64_t step = 0; step < 4000; ++step) {
        const std::string name(1, static_cast<char>('a' + random.below(2)));
        if (random.below(8) == 0 && twin.contains(name)) {
            twin.erase(name);
            REQUIRE(disk.remove(name));
        } else if (!twin.contains(name)) {
            twin[name];
            REQUIRE(disk.create(name));
        } else {
            const std::uint64_t size = random.below(3) * image_sector_bytes;
            const std::byte fill{static_cast<unsigned char>(random.below(2))};
            twin[name] = ByteVector(static_cast<std::size_t>(size), fill);
            REQUIRE((*disk.open(name))->resize(0));
            REQUIRE((*disk.open(name))->write(0, twin[name]));
        }
        const auto hash = std::pair{image.hash().high(), image.hash().low()};
        again += hashes.contains(twin) ? 1u : 0u;
        REQUIRE(hashes.emplace(twin, hash).first->second == hash);
        REQUIRE(seen.emplace(hash, twin).first->second == twin);
    }
    CHECK(again > 3000);
    CHECK(seen.size() > 20);
}

TEST_CASE("recording disk: names are taken, found and free as on any file system", "[explore]") {
    SectorImage image;
    BlockArena arena;
    OperationLog record;
    RecordingDisk disk(image, arena, record);
    CHECK(disk.open("a").error().code == log::Errc::not_found);
    CHECK(disk.remove("a").error().code == log::Errc::not_found);
    CHECK(disk.rename("a", "b").error().code == log::Errc::not_found);
    CHECK(record.operations.empty());
    REQUIRE(disk.create("b"));
    REQUIRE(disk.create("a"));
    CHECK(disk.create("a").error().code == log::Errc::already_exists);
    CHECK(*disk.list("") == std::vector<std::string>{"a", "b"});
    REQUIRE(disk.rename("a", "b"));
    CHECK(*disk.list("") == std::vector<std::string>{"b"});
    CHECK(record.operations.size() == 3);
}

}  // namespace ledger::sim
