#include "log/mending.h"

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "log/base/crc32c.h"
#include "tests/log/written_log.h"

namespace ledger::log {
namespace {

using Image = std::map<std::string, ByteVector>;

std::vector<Finding> must_mend(FileSystem& files) {
    const Examination seen = must_examine(files);
    auto mended = mend(files, sample_options().directory, seen);
    REQUIRE(mended.has_value());
    return std::move(*mended);
}

std::uint64_t mendable_of(const Examination& seen) {
    return static_cast<std::uint64_t>(
        std::count_if(seen.findings.begin(), seen.findings.end(), is_mendable));
}

// One bit in each of these copies: hard state, header, footers, manifest.
std::vector<std::pair<std::string, std::uint64_t>> one_byte_of_each_copy(const Image& image) {
    const std::string first = in_wal(segment_name(SegmentId{1}));
    const std::string second = in_wal(segment_name(SegmentId{2}));
    const std::string manifest = in_wal("00000000000000000004.cut");
    const auto one = find_footers(image.find(first)->second, SegmentId{1});
    const auto two = find_footers(image.find(second)->second, SegmentId{2});
    REQUIRE(one);
    REQUIRE(two);
    return {{in_wal(hard_state_name), hard_state_offset(0, 0) + 40},
        {in_wal(hard_state_name), hard_state_offset(1, 1) + 60}, {first, 20},
        {second, sector_bytes + 20}, {first, one->offsets[0] + 10}, {second, two->offsets[1] + 30},
        {manifest, image.find(manifest)->second.size() / 2 + 50}};
}

MemoryFileSystem with_damage(const Image& image) {
    MemoryFileSystem files = copy_of(image);
    for (const auto& [name, offset] : one_byte_of_each_copy(image)) {
        files.bytes(name)[offset] ^= std::byte{4};
    }
    return files;
}

}  // namespace

TEST_CASE("mending: every damaged copy is as it was written, and the log is clean", "[log]") {
    const Image image = write_log(true).files.image();
    MemoryFileSystem files = with_damage(image);
    CHECK(must_examine(files).condition() == Condition::faulty);
    CHECK(must_mend(files).size() == one_byte_of_each_copy(image).size());
    CHECK(files.image() == image);
    CHECK(must_examine(files).condition() == Condition::clean);
    CHECK(must_mend(files).empty());
}

// What one damaged byte costs is either made good to the last byte, or left alone.
TEST_CASE("mending: whatever byte is damaged, nothing but copies is touched", "[log]") {
    const Image image = write_log(true).files.image();
    std::uint64_t whole = 0;
    std::uint64_t left = 0;
    for (const auto& [name, bytes] : image) {
        for (std::uint64_t offset = bytes.size() % 11; offset < bytes.size(); offset += 11) {
            MemoryFileSystem files = copy_of(image);
            files.bytes(name)[offset] ^= std::byte{static_cast<unsigned char>(1 << offset % 8)};
            const Image damaged = files.image();
            const Examination seen = must_examine(files);
            const std::vector<Finding> mended = must_mend(files);
            INFO(name << " byte " << offset);
            REQUIRE(mended.size() == mendable_of(seen));
            if (mended.size() == seen.findings.size()) {
                ++whole;
                REQUIRE(files.image() == image);
            } else if (mended.empty()) {
                ++left;
                REQUIRE(files.image() == damaged);
            }
            REQUIRE(mendable_of(must_examine(files)) == 0);
        }
    }
    CHECK(whole > 500);
    CHECK(left > 500);
}

TEST_CASE("mending: a crash at any step leaves what there was, or less damage", "[log]") {
    const Image image = write_log(true).files.image();
    const std::uint64_t all = one_byte_of_each_copy(image).size();
    bool finished = false;
    for (std::uint64_t steps = 0; !finished; ++steps) {
        for (std::uint64_t mode = 0; mode < 6; ++mode) {
            MemoryFileSystem files = with_damage(image);
            for (const std::string& name : files.names()) {
                REQUIRE((*files.open(name))->sync());
            }
            REQUIRE(files.sync_directory(""));
            const Examination seen = must_examine(files);
            files.fail_after(steps);
            finished = mend(files, sample_options().directory, seen).has_value();
            files.crash(keeping(mode));
            const Examination after = must_examine(files);
            INFO("after " << steps << " steps, mode " << mode);
            REQUIRE(after.findings.size() <= all);
            REQUIRE(mendable_of(after) == after.findings.size());
            must_mend(files);
            Image again = files.image();
            again.erase(in_wal("manifest.new"));  // left over: the next cut takes it away
            REQUIRE(again == image);
        }
        REQUIRE(steps < 100);
    }
}

TEST_CASE("mending: where no copy stands nothing is written", "[log]") {
    Written written = write_log(true);
    const std::string segment = in_wal(segment_name(SegmentId{1}));
    const std::string manifest = in_wal("00000000000000000004.cut");
    const auto footers = find_footers(written.files.bytes(segment), SegmentId{1});
    REQUIRE(footers);
    for (const std::size_t copy : {0u, 1u}) {
        written.files.bytes(in_wal(hard_state_name))[hard_state_offset(1, copy) + 60] ^= std::byte{1};
        written.files.bytes(segment)[copy * sector_bytes + 20] ^= std::byte{1};
        written.files.bytes(segment)[footers->offsets[copy] + 10] ^= std::byte{1};
        ByteVector& bytes = written.files.bytes(manifest);
        bytes[copy * bytes.size() / 2 + 50] ^= std::byte{1};
    }
    const Image damaged = written.files.image();
    CHECK(must_mend(written.files).empty());
    CHECK(written.files.image() == damaged);
}

TEST_CASE("mending: a slot that a crash left half written becomes what counts", "[log]") {
    Written written = write_log(true);
    ByteVector& bytes = written.files.bytes(in_wal(hard_state_name));
    const Examination before = must_examine(written.files);
    const std::uint64_t slot = before.hard_state->generation % hard_state_slots;
    HardStateSlot newer = *before.hard_state;
    newer.generation += hard_state_slots;
    newer.hard_state.vote = NodeId{7};
    const std::uint64_t offset = hard_state_offset(slot, 0);
    encode_hard_state_slot(
        std::span(bytes).subspan(offset, hard_state_slot_bytes), newer, offset);
    REQUIRE(must_examine(written.files).condition() == Condition::torn);
    REQUIRE(must_mend(written.files).size() == 1);
    const Examination after = must_examine(written.files);
    CHECK(after.condition() == Condition::clean);
    CHECK(after.hard_state == newer);
    CHECK(after.slots[slot] == after.slots[slot + hard_state_slots]);
}

TEST_CASE("mending: two manifests that contradict are left to others", "[log]") {
    Written written = write_log(true);
    MemoryFileSystem other = copy_of(written.files.image());
    const std::string name = in_wal("00000000000000000004.cut");
    REQUIRE(other.remove(name));
    REQUIRE(other.remove(in_wal("00000000000000000004.chunks")));
    {
        auto opened = CutStore::open(other, sample_options(), sample_identity());
        REQUIRE(opened.has_value());
        CutManifest manifest = *must_examine(written.files).cuts[0].manifest;
        manifest.wall_time = {7};
        for (std::uint32_t number = 0; number < 3; ++number) {
            const ByteVector chunk(300 * (number + 1), std::byte{7});
            REQUIRE(opened->write(manifest.id, number, chunk).has_value());
        }
        REQUIRE(opened->complete(manifest).has_value());
    }
    ByteVector& bytes = written.files.bytes(name);
    const ByteVector& others = other.bytes(name);
    REQUIRE(bytes.size() == others.size());
    std::copy(others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2), others.end(),
        bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 2));
    const Image damaged = written.files.image();
    CHECK(must_examine(written.files).condition() == Condition::faulty);
    CHECK(must_mend(written.files).empty());
    CHECK(written.files.image() == damaged);
}

// A later build may say more in a footer; what we do not understand we could not write again.
TEST_CASE("mending: a footer with more in it than we know stays as it is", "[log]") {
    constexpr std::size_t summary_bytes_at = 132;
    constexpr std::size_t summary_end = 8;
    constexpr std::size_t trailer = 64;
    Written written = write_log(true);
    ByteVector& bytes = written.files.bytes(in_wal(segment_name(SegmentId{1})));
    const auto footers = find_footers(bytes, SegmentId{1});
    REQUIRE(footers);
    for (const std::uint64_t offset : footers->offsets) {
        std::byte* const copy = bytes.data() + offset;
        std::byte* section =
            copy + load_little_endian<std::uint32_t>(copy + summary_bytes_at) + summary_end;
        while (load_little_endian<std::uint32_t>(section) != 4) {  // streams, empty in this version
            section += 16 + load_little_endian<std::uint64_t>(section + 8);
        }
        store_little_endian(section + 4, std::uint32_t{2});
        const std::uint64_t body = footers->bytes - trailer;
        std::byte* const end = copy + body;
        store_little_endian(end + 4, crc32c({copy, body}, location_crc({SegmentId{1}, offset})));
        store_little_endian(
            end + 60, crc32c({end, 60}, location_crc({SegmentId{1}, offset + body})));
    }
    REQUIRE(must_examine(written.files).condition() == Condition::clean);
    bytes[footers->offsets[0] + 10] ^= std::byte{1};
    const Image damaged = written.files.image();
    CHECK(mendable_of(must_examine(written.files)) == 1);
    CHECK(must_mend(written.files).empty());
    CHECK(written.files.image() == damaged);
}

}  // namespace ledger::log
