#include "log/snapshot_file.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "tests/log/golden.h"
#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::log {
namespace {

constexpr char name[] = "ledger.snapshot";

struct Sample {
    SnapshotHead head;
    std::optional<CutManifest> cut;
    std::vector<ByteVector> chunks;
    std::vector<HashedEntry> entries;
    friend bool operator==(const Sample&, const Sample&) = default;
};

// `count` entries behind `start`, each of at most `bytes`.
Sample sample_of(const LogStart& start, std::uint64_t count, std::size_t bytes) {
    TwinLog log;
    log.hard_state.term = Term{4};
    log.start = start;
    log.apply(log.group(count, count, bytes));
    Sample sample;
    sample.entries = log.entries;
    sample.head = {.cluster = sample_identity().cluster,
        .node = sample_identity().node,
        .saved_at = WallTime{1'700'000'000'000'000'000},
        .start = start,
        .last = log.end().id,
        .last_hash = log.end().hash};
    return sample;
}

Sample whole_log(std::uint64_t count, std::size_t bytes) {
    return sample_of({}, count, bytes);
}

// A log that begins after index 40; the cut in front of it is `ahead` entries further on.
Sample behind_cut(std::uint64_t ahead, std::uint64_t count, std::size_t bytes) {
    Sample sample = sample_of({{Term{3}, Index{40}}, sha256(as_bytes("40")), ClusterTime{40'000},
                                  WallTime{1'699'999'999}},
        count, bytes);
    const bool at_start = ahead == 0;
    sample.cut = CutManifest{
        .id = at_start ? sample.head.start.id : sample.entries[ahead - 1].entry.id(),
        .cluster_time = ClusterTime{5},
        .wall_time = WallTime{6},
        .entry_hash = at_start ? sample.head.start.hash : sample.entries[ahead - 1].hash,
        .configuration = {std::byte{1}},
        .control = {},
        .chunks = {}};
    for (std::size_t number = 0; number < 3; ++number) {
        sample.chunks.push_back(sample_bytes(number, 40 * number + 3));
        sample.cut->chunks.push_back(sha256(sample.chunks.back()));
        sample.cut->bytes += sample.chunks.back().size();
    }
    return sample;
}

Result<SnapshotSeal> write_all(File& file, const Sample& sample) {
    LEDGER_TRY(SnapshotWriter writer, SnapshotWriter::begin(file, sample.head));
    if (sample.cut) {
        LEDGER_CHECK(writer.write(*sample.cut));
    }
    for (const ByteVector& chunk : sample.chunks) {
        LEDGER_CHECK(writer.write_chunk(chunk));
    }
    for (const HashedEntry& entry : sample.entries) {
        LEDGER_CHECK(writer.write(entry));
    }
    return writer.finish();
}

ByteVector file_of(const Sample& sample) {
    MemoryFileSystem files;
    auto file = files.create(name);
    REQUIRE(file.has_value());
    const Result<SnapshotSeal> written = write_all(**file, sample);
    REQUIRE(written.has_value());
    const Result<SnapshotContents> read = read_snapshot(**file);
    REQUIRE(read.has_value());
    CHECK(read->seal == *written);
    CHECK(written->bytes == files.bytes(name).size());
    return files.bytes(name);
}

struct ReadBack {
    Sample sample;
    Result<SnapshotContents> contents;
};

ReadBack read_back(const ByteVector& bytes) {
    MemoryFileSystem files;
    auto file = files.create(name);
    RC_ASSERT(file.has_value());
    files.bytes(name) = bytes;
    Sample seen;
    const SnapshotTaker taker{
        .head = [&](const SnapshotHead& head) -> Result<void> {
            seen.head = head;
            return {};
        },
        .cut = [&](const CutManifest& cut) -> Result<void> {
            seen.cut = cut;
            return {};
        },
        .chunk = [&](std::uint32_t number, ByteSpan chunk) -> Result<void> {
            RC_ASSERT(number == seen.chunks.size());
            seen.chunks.emplace_back(chunk.begin(), chunk.end());
            return {};
        },
        .entry = [&](const HashedEntry& entry) -> Result<void> {
            seen.entries.push_back(entry);
            return {};
        },
        .progress = {}};
    Result<SnapshotContents> contents = read_snapshot(**file, taker);
    return {std::move(seen), std::move(contents)};
}

bool is_refused(const ByteVector& bytes) {
    const Result<SnapshotContents> contents = read_back(bytes).contents;
    return !contents && (contents.error().code == make_error_code(Errc::corrupt_record) ||
                            contents.error().code == make_error_code(Errc::unsupported));
}

std::string refusal_of(const ByteVector& bytes) {
    const Result<SnapshotContents> contents = read_back(bytes).contents;
    REQUIRE_FALSE(contents.has_value());
    CHECK(contents.error().code == make_error_code(Errc::corrupt_record));
    return contents.error().place;
}

Error writing_error(const Sample& sample) {
    MemoryFileSystem files;
    auto file = files.create(name);
    REQUIRE(file.has_value());
    const Result<SnapshotSeal> written = write_all(**file, sample);
    REQUIRE_FALSE(written.has_value());
    return written.error();
}

}  // namespace

TEST_CASE("snapshot_file: what was written is read again", "[log]") {
    rc::prop("round trip", [] {
        const auto count = *rc::gen::inRange<std::uint64_t>(1, 40);
        const auto bytes = *rc::gen::element<std::size_t>(1, 200, 4000);
        const auto ahead = *rc::gen::inRange<std::uint64_t>(0, count + 1);
        Sample sample = *rc::gen::arbitrary<bool>() ? behind_cut(ahead, count, bytes)
                                                    : whole_log(count, bytes);
        const ByteVector file = file_of(sample);
        const ReadBack back = read_back(file);
        RC_ASSERT(back.contents.has_value());
        RC_ASSERT(back.sample == sample);
        RC_ASSERT(back.contents->head == sample.head);
        RC_ASSERT(back.contents->cut == sample.cut);
        RC_ASSERT(back.contents->seal.bytes == file.size());
    });
}

TEST_CASE("snapshot_file: an empty log, and one that has only its cut", "[log]") {
    const Sample nothing = whole_log(0, 0);
    CHECK(read_back(file_of(nothing)).sample == nothing);
    const Sample only_cut = behind_cut(0, 0, 0);
    CHECK(read_back(file_of(only_cut)).sample == only_cut);
}

TEST_CASE("snapshot_file: erased entries stay erased", "[log]") {
    Sample sample = whole_log(3, 500);
    for (HashedEntry& hashed : sample.entries) {
        hashed.entry.handle = hashed.entry.handle.erased();
        hashed.entry.bytes = hashed.entry.handle ? hashed.entry.handle->size() : 0;
    }
    const ReadBack back = read_back(file_of(sample));
    REQUIRE(back.contents.has_value());
    CHECK(back.sample == sample);
    CHECK(back.sample.entries.back().entry.handle.is_erased());
}

TEST_CASE("snapshot_file: partly erased entries keep what is left of them", "[log]") {
    Sample sample = whole_log(3, 500);
    for (HashedEntry& hashed : sample.entries) {
        const EntryHandle& whole = hashed.entry.handle;
        if (!whole.erasable().empty()) {
            hashed.entry.handle =
                EntryHandle::make_partly_erased(whole.envelope(), whole.erasable().first(1));
            hashed.entry.bytes = hashed.entry.handle->size();
        }
    }
    const ReadBack back = read_back(file_of(sample));
    REQUIRE(back.contents.has_value());
    CHECK(back.sample == sample);
    CHECK(back.sample.entries.back().entry.handle.erasure() == Erasure::part);
}

TEST_CASE("snapshot_file: many entries lie in several sections, each below its limit", "[log]") {
    const Sample sample = whole_log(700, 20'000);
    const ByteVector file = file_of(sample);
    REQUIRE(file.size() > 2 * snapshot_section_bytes);
    CHECK(read_back(file).sample == sample);
}

TEST_CASE("snapshot_file: the bytes are the golden ones", "[log]") {
    check_golden("log/snapshot.hex", file_of(behind_cut(1, 2, 30)));
}

TEST_CASE("snapshot_file: no other file is taken for this one", "[log]") {
    const ByteVector good = file_of(behind_cut(2, 5, 60));
    REQUIRE(read_back(good).contents.has_value());
    SECTION("cut short anywhere, or longer") {
        for (std::size_t length = 0; length < good.size(); ++length) {
            REQUIRE(is_refused(ByteVector(good.begin(), good.begin() +
                static_cast<std::ptrdiff_t>(length))));
        }
        ByteVector longer = good;
        longer.resize(good.size() + 8);
        CHECK(refusal_of(longer).find("8 bytes behind the end") != std::string::npos);
    }
    SECTION("any bit flipped") {
        for (std::size_t at = 0; at < good.size(); ++at) {
            ByteVector bad = good;
            bad[at] ^= std::byte(1u << (at % 8));
            REQUIRE(is_refused(bad));
        }
    }
    SECTION("bytes overwritten, removed or put in") {
        rc::prop("edits", [&good] {
            ByteVector bad = good;
            const auto at = *rc::gen::inRange<std::size_t>(0, good.size());
            const auto count = *rc::gen::inRange<std::size_t>(1, 80);
            const auto here = bad.begin() + static_cast<std::ptrdiff_t>(at);
            const auto to = static_cast<std::ptrdiff_t>(std::min(at + count, good.size()));
            if (*rc::gen::arbitrary<bool>()) {
                bad.erase(here, bad.begin() + to);
            } else {
                bad.insert(here, count, std::byte{*rc::gen::arbitrary<std::uint8_t>()});
            }
            RC_PRE(bad != good);
            RC_ASSERT(is_refused(bad));
        });
    }
    SECTION("anything at all, without an abort and without much memory") {
        rc::prop("arbitrary bytes", [] {
            const auto noise = *rc::gen::container<std::vector<std::uint8_t>>(
                rc::gen::arbitrary<std::uint8_t>());
            ByteVector bytes(noise.size());
            std::copy(reinterpret_cast<const std::byte*>(noise.data()),
                reinterpret_cast<const std::byte*>(noise.data()) + noise.size(), bytes.begin());
            RC_ASSERT(is_refused(bytes));
        });
    }
}

TEST_CASE("snapshot_file: damage is named where it lies", "[log]") {
    const Sample sample = whole_log(4, 400);
    const ByteVector good = file_of(sample);
    // The head has 144 bytes and a header of 32.
    constexpr std::size_t entries_at = 32 + 144;
    ByteVector bad = good;
    bad[entries_at + 3] ^= std::byte{1};
    CHECK(refusal_of(bad).find("byte 176, section 1, section: its header does not hold") == 0);
    bad = good;
    bad[entries_at + 200] ^= std::byte{1};
    CHECK(refusal_of(bad).find("byte 176, section 1, entries: its checksum does not hold") == 0);
}

TEST_CASE("snapshot_file: what does not belong together is not written", "[log]") {
    const auto says = [](const Error& error, const std::string& what) {
        CHECK(error.code == make_error_code(Errc::corrupt_record));
        INFO(error.place);
        CHECK(error.place.find(what) != std::string::npos);
    };
    Sample sample = behind_cut(2, 5, 60);
    SECTION("an entry is missing") {
        sample.entries.erase(sample.entries.begin() + 2);
        says(writing_error(sample), "does not follow 42");
    }
    SECTION("the last one is missing") {
        sample.entries.pop_back();
        says(writing_error(sample), "the chain ends at 44");
    }
    SECTION("an entry that is another one") {
        sample.entries[2].entry.wall_time.nanoseconds += 1;
        says(writing_error(sample), "entry 43 does not continue the chain");
    }
    SECTION("a cut of another chain") {
        sample.cut->entry_hash = sha256(as_bytes("other"));
        says(writing_error(sample), "the cut at 42 is not one of this chain");
    }
    SECTION("a chunk of another cut") {
        sample.chunks[1] = sample.chunks[0];
        says(writing_error(sample), "chunk 1 is not what");
    }
    SECTION("a chunk is missing") {
        sample.chunks.pop_back();
        says(writing_error(sample), "does not follow 40");
    }
    SECTION("no cut in front of a log that needs one") {
        sample.cut.reset();
        sample.chunks.clear();
        says(writing_error(sample), "does not follow 40");
    }
    SECTION("a cut beyond the end") {
        sample.cut->id.index = Index{46};
        says(writing_error(sample), "a cut at 46 has no place here");
    }
    SECTION("a cut before the beginning") {
        sample.cut->id.index = Index{39};
        says(writing_error(sample), "a cut at 39 has no place here");
    }
}

TEST_CASE("snapshot_file: an error of the disk or of whoever takes it ends the work", "[log]") {
    const Sample sample = whole_log(4, 400);
    MemoryFileSystem files;
    auto file = files.create(name);
    REQUIRE(file.has_value());
    for (std::uint64_t steps = 0; steps < 4; ++steps) {  // three sections, one sync
        files.fail_after(steps);
        CHECK(write_all(**file, sample).error().code == make_error_code(Errc::io_error));
    }
    files.fail_after(4);
    CHECK(write_all(**file, sample).has_value());
    std::uint64_t taken = 0;
    const SnapshotTaker taker{.head = {}, .cut = {}, .chunk = {},
        .entry = [&](const HashedEntry&) -> Result<void> {
            ++taken;
            return failure(Errc::no_space, "no room");
        },
        .progress = {}};
    const Result<SnapshotContents> contents = read_snapshot(**file, taker);
    REQUIRE_FALSE(contents.has_value());
    CHECK(contents.error().code == make_error_code(Errc::no_space));
    CHECK(contents.error().place == "no room");
    CHECK(taken == 1);
}

}  // namespace ledger::log
