#include "log/recovery.h"

#include <catch2/catch.hpp>

#include "log/base/crc32c.h"
#include "log/examination.h"
#include "log/scan.h"
#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::log {

namespace {

constexpr std::uint64_t segment_bytes = 4096;

std::vector<std::string> segments_of(const MemoryFileSystem& files) {
    std::vector<std::string> segments;
    for (const std::string& name : files.names()) {
        if (name.ends_with(".segment")) {
            segments.push_back(name);
        }
    }
    return segments;
}

SegmentId id_of(const std::string& path) {
    const auto id = parse_segment_name(path.substr(path.rfind('/') + 1));
    REQUIRE(id);
    return *id;
}

struct Written {
    MemoryFileSystem files;
    TwinLog twin;
    std::uint64_t before_last_group = 0;  // entries
};

void store(Storage& storage, TwinLog& twin, const Group& group) {
    REQUIRE(storage.write(group));
    REQUIRE(storage.sync());
    twin.apply(group);
}

// A dozen groups over several segments, with one truncation; sealed or not.
void fill(Written& written, bool sealed, bool commit) {
    const Options options = sample_options(segment_bytes);
    REQUIRE(format(written.files, options, sample_identity()));
    auto opened = open(written.files, options, sample_identity());
    REQUIRE(opened);
    TwinLog& twin = written.twin;
    Group first;
    first.hard_state = HardState{Term{1}, NodeId{2}};
    store(*opened->storage, twin, first);
    for (std::uint64_t i = 0; i < 12; ++i) {
        std::optional<Index> truncate_to;
        if (i == 7) {
            truncate_to = twin.last() - 2;
        }
        written.before_last_group = twin.last().value;
        Group group = twin.group(i, 3, 1200, truncate_to);
        group.commit = commit && twin.last().value > 3 ? twin.last() - 3 : Index{0};
        store(*opened->storage, twin, group);
    }
    // The last group is not the first one of its segment, for which the hard state is a witness.
    written.before_last_group = twin.last().value;
    store(*opened->storage, twin, twin.group(12, 3, 200));
    if (sealed) {
        Group seal;
        seal.commit = commit ? twin.last() : Index{0};
        store(*opened->storage, twin, seal);
    }
}

// The same bytes in files of their own.
MemoryFileSystem copy_of(const MemoryFileSystem& files) {
    MemoryFileSystem copy;
    for (const auto& [name, bytes] : files.image()) {
        REQUIRE(copy.create(name));
        copy.bytes(name) = bytes;
    }
    return copy;
}

enum class Harm { flip, zero, garbage };

void harm(ByteVector& bytes, std::uint64_t sector, Harm how) {
    for (std::uint64_t i = 0; i < sector_bytes && sector * sector_bytes + i < bytes.size(); ++i) {
        std::byte& b = bytes[sector * sector_bytes + i];
        switch (how) {
            case Harm::flip: b ^= i == 40 ? std::byte{4} : std::byte{0}; break;
            case Harm::zero: b = std::byte{0}; break;
            case Harm::garbage:
                b = static_cast<std::byte>(keyed_bits(7, Site::test_a, sector, i));
                break;
        }
    }
}

// Every entry is equal or is reported; nothing is missing. Returns those that cannot be read.
std::vector<Index> check_nothing_lost(Opened& opened, const TwinLog& twin) {
    REQUIRE(opened.recovered.last == twin.last());
    std::vector<Index> unreadable;
    for (Index index{1}; index <= twin.last(); ++index) {
        auto read = opened.storage->read(index, index, UINT64_MAX);
        if (!read) {
            REQUIRE(read.error().code == Errc::faulty_entry);
            REQUIRE(read.error().place.find("index ") != std::string::npos);
            unreadable.push_back(index);
            continue;
        }
        REQUIRE(read->size() == 1);
        REQUIRE(read->front() == twin.at(index));
    }
    return unreadable;
}

// With copies of what is damaged or unsealed the log is whole again, also for the next opening.
void check_repair(MemoryFileSystem& files, Opened& opened, const TwinLog& twin,
    const std::vector<Index>& unreadable) {
    const Recovered& recovered = opened.recovered;
    Group group;
    group.commit = recovered.commit;
    for (const Index index : unreadable) {
        group.repairs.push_back(twin.at(index).entry);
    }
    for (Index index = recovered.last.next(); index <= twin.last(); ++index) {
        group.entries.push_back(twin.at(index));
    }
    REQUIRE(opened.storage->write(group));
    REQUIRE(opened.storage->sync());
    for (Index index{1}; index <= twin.last(); ++index) {
        auto read = opened.storage->read(index, index, UINT64_MAX);
        REQUIRE(read);
        REQUIRE(read->front() == twin.at(index));
    }
    files.crash([] { return false; });
    auto again = open(files, sample_options(segment_bytes), sample_identity());
    REQUIRE(again);
    REQUIRE(again->recovered.faulty.empty());
    REQUIRE(again->recovered.unsealed.empty());
    REQUIRE(again->recovered.last == twin.last());
    REQUIRE(check_nothing_lost(*again, twin).empty());
}

struct Counts {
    std::uint64_t faulty = 0;    // known at boot
    std::uint64_t found_later = 0;
    std::uint64_t unsealed = 0;
    std::uint64_t whole = 0;
};

Counts harm_each_sector(bool sealed, bool commit, Harm how) {
    Counts counts;
    Written original;
    fill(original, sealed, commit);
    for (const auto& [name, image] : original.files.image()) {
        for (std::uint64_t sector = 0; sector * sector_bytes < image.size(); ++sector) {
            INFO(name << " sector " << sector);
            Written written;
            fill(written, sealed, commit);
            harm(written.files.bytes(name), sector, how);
            auto opened = open(written.files, sample_options(segment_bytes), sample_identity());
            REQUIRE(opened);
            const Recovered& recovered = opened->recovered;
            REQUIRE(recovered.hard_state == written.twin.hard_state);
            TwinLog left = written.twin;
            if (recovered.last < written.twin.last()) {
                // Only the last group, only while it has no witness, and every entry is named.
                REQUIRE(!sealed);
                REQUIRE(recovered.last.value >= written.before_last_group);
                REQUIRE(recovered.last + recovered.unsealed.size() == written.twin.last());
                for (const EntryIdentity& name_of : recovered.unsealed) {
                    const HashedEntry& entry = written.twin.at(name_of.index);
                    REQUIRE(LogId{name_of.term, name_of.index} == entry.entry.id());
                }
                left.entries.resize(recovered.last.value);
                ++counts.unsealed;
            }
            const std::vector<Index> unreadable = check_nothing_lost(*opened, left);
            for (const EntryIdentity& name_of : recovered.faulty) {
                REQUIRE(std::binary_search(unreadable.begin(), unreadable.end(), name_of.index));
            }
            counts.faulty += recovered.faulty.empty() ? 0u : 1u;
            counts.found_later += recovered.faulty.empty() && !unreadable.empty() ? 1u : 0u;
            counts.whole += unreadable.empty() && recovered.unsealed.empty() ? 1u : 0u;
            check_repair(written.files, *opened, written.twin, unreadable);
        }
    }
    return counts;
}

}  // namespace

TEST_CASE("recovery: one bad sector never loses a sealed entry, and a copy mends it", "[log]") {
    const Harm how = GENERATE(Harm::flip, Harm::zero, Harm::garbage);
    const bool commit = GENERATE(false, true);
    const Counts counts = harm_each_sector(true, commit, how);
    CHECK(counts.unsealed == 0);
    CHECK(counts.faulty > 0);
    CHECK((counts.found_later > 0) == commit);  // what is committed is not read at boot
    CHECK(counts.whole > 10);
}

TEST_CASE("recovery: without a seal one bad sector puts at most the last group in doubt", "[log]") {
    const Harm how = GENERATE(Harm::flip, Harm::zero, Harm::garbage);
    const Counts counts = harm_each_sector(false, false, how);
    CHECK(counts.unsealed > 0);
    CHECK(counts.faulty > 0);
}

// The first segment has groups of one entry each; the second one begins by taking the last two of them
// out of the log.
TEST_CASE("recovery: a truncation is known when it and an entry before its target are damaged",
    "[log]") {
    Written written;
    const Options options = sample_options(segment_bytes);
    REQUIRE(format(written.files, options, sample_identity()));
    TwinLog& twin = written.twin;
    {
        auto opened = open(written.files, options, sample_identity());
        REQUIRE(opened);
        Group first;
        first.hard_state = HardState{Term{1}, NodeId{2}};
        store(*opened->storage, twin, first);
        for (std::uint64_t i = 0; i < 3; ++i) {
            store(*opened->storage, twin, twin.group(i, 1, 40));
        }
        REQUIRE(segments_of(written.files).size() == 1);
        store(*opened->storage, twin, twin.group(9, 40, 400, twin.last() - 1));
        REQUIRE(segments_of(written.files).size() == 2);
        Group seal;
        seal.commit = twin.last();
        store(*opened->storage, twin, seal);
    }
    const std::vector<std::string> segments = segments_of(written.files);
    const ByteVector image = written.files.bytes(segments[0]);
    const auto groups = scan_groups(image, id_of(segments[0]));
    // The groups of the first segment begin with its entries 1, 2, 3; 2 is the target.
    const std::uint64_t harmed = GENERATE(1u, 2u);
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const ScannedGroup& one) {
        return !one.slots.empty() && one.slots.front().record.header.index == Index{harmed};
    });
    REQUIRE(group != groups.end());
    harm(written.files.bytes(segments[0]), group->slots.front().offset / sector_bytes, Harm::zero);
    harm(written.files.bytes(segments[1]), segment_header_bytes / sector_bytes, Harm::flip);
    auto opened = open(written.files, options, sample_identity());
    REQUIRE(opened);
    const std::vector<Index> unreadable = check_nothing_lost(*opened, twin);
    // What follows the damaged one cannot be told from damage either until that has a copy.
    REQUIRE_FALSE(unreadable.empty());
    CHECK(unreadable.front() == Index{harmed});
    CHECK(unreadable.back() <= Index{2});
    check_repair(written.files, *opened, twin, unreadable);
}

TEST_CASE("recovery: zeros after the middle of a group do not end a promised log", "[log]") {
    Written original;
    fill(original, true, true);
    const std::string name = segments_of(original.files).back();
    const ByteVector image = original.files.bytes(name);
    const std::uint64_t size = image.size();
    const auto groups = scan_groups(image, id_of(name));
    for (std::uint64_t from = segment_header_bytes; from < size; from += sector_bytes) {
        for (const bool shorten : {false, true}) {
            Written written;
            fill(written, true, true);
            ByteVector& bytes = written.files.bytes(name);
            bytes.resize(from);
            bytes.resize(shorten ? from : size);
            auto opened = open(written.files, sample_options(segment_bytes), sample_identity());
            INFO("from byte " << from << " of " << size);
            if (!opened) {
                CHECK(opened.error().code == Errc::faulty_entry);
                continue;
            }
            Index whole;  // the last index of the groups that end before the zeros
            for (const ScannedGroup& group : groups) {
                whole = group.end <= from ? group.block->last : whole;
            }
            CHECK(opened->recovered.last >= whole);
            CHECK(opened->recovered.commit <= opened->recovered.last);
        }
    }
}

TEST_CASE("recovery: a commit in the hard state is a witness", "[log]") {
    Written written;
    fill(written, true, true);
    const Options options = sample_options(segment_bytes);
    {
        auto opened = open(written.files, options, sample_identity());  // writes the commit
        REQUIRE(opened);
        REQUIRE(opened->recovered.commit == written.twin.last());
    }
    ByteVector& bytes = written.files.bytes(segments_of(written.files).back());
    bytes.resize(segment_header_bytes);
    bytes.resize(6 * sector_bytes);
    const auto damaged = written.files.image();
    auto opened = open(written.files, options, sample_identity());
    REQUIRE(!opened);
    CHECK(opened.error().code == Errc::faulty_entry);
    CHECK(written.files.image() == damaged);
}

TEST_CASE("recovery: a last group without its block is cut once and reported", "[log]") {
    Written written;
    fill(written, false, false);
    const std::string name = segments_of(written.files).back();
    ByteVector& bytes = written.files.bytes(name);
    const auto groups = scan_groups(bytes, id_of(name));
    REQUIRE(groups.back().block);
    harm(bytes, groups.back().start / sector_bytes, Harm::garbage);
    harm(bytes, bytes.size() / sector_bytes - 1, Harm::garbage);  // its block
    const Options options = sample_options(segment_bytes);
    auto opened = open(written.files, options, sample_identity());
    REQUIRE(opened);
    CHECK(opened->recovered.last.value == written.before_last_group);
    CHECK(opened->recovered.unsealed.empty());
    CHECK(opened->recovered.torn_bytes > 0);
    auto again = open(written.files, options, sample_identity());
    REQUIRE(again);
    CHECK(again->recovered.torn_bytes == 0);
    CHECK(again->recovered.last.value == written.before_last_group);
}

TEST_CASE("recovery: an unsealed group stays in doubt until another one is written", "[log]") {
    Written written;
    fill(written, false, false);
    const std::string name = segments_of(written.files).back();
    const auto groups = scan_groups(written.files.bytes(name), id_of(name));
    harm(written.files.bytes(name), groups.back().start / sector_bytes, Harm::garbage);
    const Options options = sample_options(segment_bytes);
    for (int opening = 0; opening < 3; ++opening) {
        auto opened = open(written.files, options, sample_identity());
        REQUIRE(opened);
        CHECK(opened->recovered.last.value == written.before_last_group);
        CHECK(opened->recovered.unsealed.size() == 3);
        // A vote is no answer to it.
        Group vote;
        vote.hard_state = HardState{Term{9}, NodeId{1}};
        REQUIRE(opened->storage->write(vote));
        REQUIRE(opened->storage->sync());
    }
    {
        auto opened = open(written.files, options, sample_identity());
        REQUIRE(opened);
        TwinLog& twin = written.twin;
        twin.entries.resize(written.before_last_group);
        twin.hard_state = {Term{9}, NodeId{1}};
        store(*opened->storage, twin, twin.group(77, 2, 300));
    }
    written.files.crash([] { return false; });
    auto opened = open(written.files, options, sample_identity());
    REQUIRE(opened);
    CHECK(opened->recovered.unsealed.empty());
    CHECK(opened->recovered.faulty.empty());
    CHECK(check_nothing_lost(*opened, written.twin).empty());
}

TEST_CASE("recovery: data of another cluster or node is refused", "[log]") {
    Written written;
    fill(written, true, true);
    const auto before = written.files.image();
    Identity other_node = sample_identity();
    other_node.node = NodeId{4};
    Identity other_cluster = sample_identity();
    other_cluster.cluster.low ^= 1;
    for (const Identity& identity : {other_node, other_cluster}) {
        auto opened = open(written.files, sample_options(segment_bytes), identity);
        REQUIRE(!opened);
        CHECK(opened.error().code == Errc::wrong_identity);
        // Both sides are named: whose data it is, and who asked for it.
        const std::string& place = opened.error().place;
        INFO(place);
        CHECK(place.find("belongs to " + to_text(sample_identity())) != std::string::npos);
        CHECK(place.find("not to " + to_text(identity)) != std::string::npos);
        CHECK(written.files.image() == before);
    }
    // A segment that was put here from another node's directory.
    MemoryFileSystem files;
    const Options options = sample_options(segment_bytes);
    REQUIRE(format(files, options, other_node));
    for (const auto& [name, bytes] : before) {
        if (name.ends_with(".segment")) {
            REQUIRE(files.create(name));
            files.bytes(name) = bytes;
        }
    }
    auto opened = open(files, options, other_node);
    REQUIRE(!opened);
    CHECK(opened.error().code == Errc::wrong_identity);
    CHECK(opened.error().place.find("belongs to " + to_text(sample_identity()) + ", not to " +
                                    to_text(other_node)) != std::string::npos);
}

TEST_CASE("recovery: a segment that is missing in the middle is noticed", "[log]") {
    Written written;
    fill(written, true, true);
    const std::vector<std::string> segments = segments_of(written.files);
    REQUIRE(segments.size() >= 3);
    REQUIRE(written.files.remove(segments[1]));
    auto opened = open(written.files, sample_options(segment_bytes), sample_identity());
    REQUIRE(!opened);
    CHECK(opened.error().code == Errc::faulty_entry);
}

TEST_CASE("recovery: a log whose begin is missing is noticed", "[log]") {
    Written written;
    fill(written, true, true);
    REQUIRE(written.files.remove(segments_of(written.files).front()));
    auto opened = open(written.files, sample_options(segment_bytes), sample_identity());
    REQUIRE(!opened);
    CHECK(opened.error().code == Errc::faulty_entry);
    CHECK(opened.error().place.find("the segments before it are missing") != std::string::npos);
}

namespace {

// Refused with these words, and no file has changed.
void check_refused(MemoryFileSystem& files, const std::string& words) {
    const auto before = files.image();
    const auto opened = open(files, sample_options(segment_bytes), sample_identity());
    REQUIRE(!opened);
    CHECK(opened.error().code == Errc::faulty_entry);
    INFO(opened.error().place);
    CHECK(opened.error().place.find(words) != std::string::npos);
    CHECK(files.image() == before);
    const auto examined = examine(files, "wal");
    REQUIRE(examined);
    CHECK(examined->condition() == Condition::faulty);
}

// A log whose last segment holds one group, which nothing else witnesses: no seal, no commit.
Written one_group_in_the_last_segment() {
    Written written;
    fill(written, true, false);
    auto opened = open(written.files, sample_options(segment_bytes), sample_identity());
    REQUIRE(opened);
    const std::size_t before = segments_of(written.files).size();
    while (segments_of(written.files).size() == before) {
        written.before_last_group = written.twin.last().value;
        store(*opened->storage, written.twin, written.twin.group(40, 3, 1200));
    }
    return written;
}

std::string next_after(std::uint64_t index) {
    return "index " + std::to_string(index + 1) + ": ";
}

}  // namespace

TEST_CASE("recovery: a newest segment that is missing is refused by name", "[log]") {
    Written written = one_group_in_the_last_segment();
    const std::string last = segments_of(written.files).back();
    REQUIRE(written.files.remove(last));
    check_refused(written.files, "segment " + std::to_string(id_of(last).value) + " at byte 0: " +
                                     next_after(written.before_last_group) +
                                     "the newest segment is missing");
    // Also if it was the only one.
    for (const std::string& name : segments_of(written.files)) {
        REQUIRE(written.files.remove(name));
    }
    check_refused(written.files, next_after(0) + "the newest segment is missing");
}

TEST_CASE("recovery: a newest segment without its first group is refused", "[log]") {
    const Written written = one_group_in_the_last_segment();
    const std::string name = segments_of(written.files).back();
    const std::uint64_t whole = written.files.image().at(name).size();
    const std::string next = next_after(written.before_last_group);
    for (std::uint64_t size = 0; size <= segment_header_bytes; size += sector_bytes) {
        Written cut;
        cut.files = copy_of(written.files);
        cut.files.bytes(name).resize(static_cast<std::size_t>(size));
        check_refused(cut.files, next);
    }
    // Zeros in the place of all of it are no end of the log either.
    Written zeroed;
    zeroed.files = copy_of(written.files);
    ByteVector& bytes = zeroed.files.bytes(name);
    REQUIRE(bytes.size() == whole);
    std::fill(bytes.begin() + segment_header_bytes, bytes.end(), std::byte{0});
    check_refused(zeroed.files, next);
}

TEST_CASE("recovery: damage in the first group of a segment has a witness in the hard state",
    "[log]") {
    const Written written = one_group_in_the_last_segment();
    const std::string name = segments_of(written.files).back();
    Written harmed;
    harmed.files = copy_of(written.files);
    harmed.twin = written.twin;
    harm(harmed.files.bytes(name), segment_header_bytes / sector_bytes, Harm::flip);
    auto opened = open(harmed.files, sample_options(segment_bytes), sample_identity());
    REQUIRE(opened);
    CHECK(opened->recovered.unsealed.empty());
    REQUIRE(opened->recovered.faulty.size() == 1);
    CHECK(opened->recovered.faulty.front().index == Index{written.before_last_group + 1});
    CHECK(opened->recovered.last == written.twin.last());
}

TEST_CASE("recovery: a segment that a crash kept from its first group may be missing", "[log]") {
    Written written = one_group_in_the_last_segment();
    const Index last = written.twin.last();
    const std::size_t segments = segments_of(written.files).size();
    {
        auto opened = open(written.files, sample_options(segment_bytes), sample_identity());
        REQUIRE(opened);
        Group group = written.twin.group(41, 9, 1200);
        REQUIRE(opened->storage->write(group));
        REQUIRE(segments_of(written.files).size() > segments);
    }
    written.files.crash([] { return false; });
    auto opened = open(written.files, sample_options(segment_bytes), sample_identity());
    REQUIRE(opened);
    CHECK(opened->recovered.last == last);
    // It goes on under the next number, which counts from then on.
    store(*opened->storage, written.twin, written.twin.group(42, 9, 1200));
    auto again = open(written.files, sample_options(segment_bytes), sample_identity());
    REQUIRE(again);
    check_nothing_lost(*again, written.twin);
    REQUIRE(written.files.remove(segments_of(written.files).back()));
    check_refused(written.files, "the newest segment is missing");
}

TEST_CASE("recovery: a log cut back to before a durable commit is refused, index by index", "[log]") {
    // Whatever group it is cut back to: the hard state, written last, knows the commit.
    Written written;
    fill(written, true, true);
    {
        auto opened = open(written.files, sample_options(segment_bytes), sample_identity());
        REQUIRE(opened);
        for (std::uint64_t i = 0; i < 3; ++i) {
            Group group = written.twin.group(60 + i, 2, 100);
            group.commit = written.twin.last();
            store(*opened->storage, written.twin, group);
        }
        Group vote;
        vote.hard_state = HardState{Term{2}, NodeId{1}};
        store(*opened->storage, written.twin, vote);
    }
    const std::string name = segments_of(written.files).back();
    const auto groups = scan_groups(written.files.image().at(name), id_of(name));
    REQUIRE(groups.size() > 2);
    const Index commit = written.twin.commit;
    for (std::size_t kept = 1; kept < groups.size(); ++kept) {
        Written cut;
        cut.files = copy_of(written.files);
        cut.files.bytes(name).resize(static_cast<std::size_t>(groups[kept].start));
        const Index last = groups[kept - 1].block->last;
        if (last < commit) {
            check_refused(cut.files, next_after(last.value) + "committed, but the log ends before it");
            continue;
        }
        // Not provable: it looks like a log that ended there.
        auto opened = open(cut.files, sample_options(segment_bytes), sample_identity());
        REQUIRE(opened);
        CHECK(opened->recovered.last == last);
        CHECK(kept + 1 == groups.size());
    }
}

TEST_CASE("recovery: a restarted log is not guessed at without its first segment", "[log]") {
    const Options options = sample_options(segment_bytes);
    for (const bool damaged : {false, true}) {
        Written written;
        fill(written, true, true);
        {
            auto opened = open(written.files, options, sample_identity());
            REQUIRE(opened);
            TwinLog& twin = written.twin;
            store(*opened->storage, twin, twin.restart(50, twin.last() + 9, 2, 300));
            const std::vector<std::string> segments = segments_of(written.files);
            REQUIRE(segments.size() == 1);
            store(*opened->storage, written.twin, written.twin.group(51, 20, 900));
            store(*opened->storage, written.twin, written.twin.group(52, 20, 900));
        }
        const std::string first = segments_of(written.files).front();
        REQUIRE(segments_of(written.files).size() > 1);
        if (damaged) {
            harm(written.files.bytes(first), 0, Harm::garbage);
            harm(written.files.bytes(first), 1, Harm::zero);
        } else {
            REQUIRE(written.files.remove(first));
        }
        const auto before = written.files.image();
        auto opened = open(written.files, options, sample_identity());
        REQUIRE(!opened);
        CHECK(opened.error().code == Errc::faulty_entry);
        CHECK(opened.error().place.find("segment " + std::to_string(id_of(first).value)) == 0);
        CHECK(written.files.image() == before);
    }
}

TEST_CASE("recovery: a hard state from before a restart is an old copy", "[log]") {
    const Options options = sample_options(segment_bytes);
    Written written;
    fill(written, true, true);
    const ByteVector old = written.files.bytes("wal/hard_state");
    auto opened = open(written.files, options, sample_identity());
    REQUIRE(opened);
    TwinLog& twin = written.twin;
    store(*opened->storage, twin, twin.restart(50, twin.last() + 9, 2, 300));
    written.files.bytes("wal/hard_state") = old;
    auto again = open(written.files, options, sample_identity());
    REQUIRE(!again);
    CHECK(again.error().code == Errc::corrupt_record);
    CHECK(again.error().place.find("an old copy") != std::string::npos);
}

TEST_CASE("recovery: a restart that never counted leaves the log as it was", "[log]") {
    const Options options = sample_options(segment_bytes);
    Written written;
    fill(written, false, true);
    SegmentHeader header;
    header.identity = sample_identity();
    header.segment = id_of(segments_of(written.files).back()).next();
    header.epoch = 1;
    header.start = {{Term{1}, Index{500}}, sha256(as_bytes("elsewhere")), {}, {}};
    ByteVector bytes(segment_header_bytes);
    encode_segment_header(bytes, header);
    const std::string name = "wal/" + segment_name(header.segment);
    auto file = written.files.create(name);
    REQUIRE(file);
    REQUIRE((*file)->write(0, bytes));
    auto opened = open(written.files, options, sample_identity());
    REQUIRE(opened);
    check_nothing_lost(*opened, written.twin);
    CHECK(!written.files.open(name));
}

TEST_CASE("recovery: an unknown format version is refused, never guessed", "[log]") {
    Written written;
    fill(written, true, true);
    const std::string name = segments_of(written.files).back();
    const SegmentId id = id_of(name);
    ByteVector& bytes = written.files.bytes(name);
    for (std::uint64_t copy = 0; copy < 2; ++copy) {
        std::byte* at = bytes.data() + copy * sector_bytes;
        store_little_endian(at + 4, segment_version + 1);
        const std::uint32_t seed = location_crc({id, copy * sector_bytes});
        store_little_endian(at + 136, crc32c({at, 136}, seed));
    }
    auto opened = open(written.files, sample_options(segment_bytes), sample_identity());
    REQUIRE(!opened);
    CHECK(opened.error().code == Errc::unsupported);
}

}  // namespace ledger::log
