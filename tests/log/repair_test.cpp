#include "log/repair.h"

#include <functional>

#include <catch2/catch.hpp>

#include "log/examination.h"
#include "log/footer.h"
#include "log/reader.h"
#include "log/scan.h"
#include "tests/log/failing_file_system.h"
#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::log {

namespace {

constexpr std::uint64_t segment_bytes = 4096;

// Four groups of three entries in each of a few segments, the last one active.
struct Log {
    MemoryFileSystem files;
    TwinLog twin;
    SharedMap map;

    explicit Log(bool witness = false) {
        const Options options = sample_options(segment_bytes);
        REQUIRE(format(files, options, sample_identity()));
        auto opened = open(files, options, sample_identity());
        REQUIRE(opened);
        twin.hard_state = {Term{1}, NodeId{2}};
        for (std::uint64_t i = 0; i < 12; ++i) {
            Group group = twin.group(i, 3, 700);
            group.hard_state = twin.hard_state;
            for (HashedEntry& entry : group.entries) {
                if (witness) {
                    entry.entry.handle = entry.entry.handle.erased();
                    entry.entry.bytes =
                        static_cast<std::uint32_t>(entry.entry.handle.envelope().size());
                }
            }
            REQUIRE(opened->storage->write(group));
            REQUIRE(opened->storage->sync());
            twin.apply(group);
        }
        REQUIRE(opened->storage->write({}));  // the seal
        REQUIRE(opened->storage->sync());
        map = opened->storage->published();
        REQUIRE(map->segment_of(Index{1}) != map->segment_of(twin.last()));
        REQUIRE(segment_of(Index{4}) == segment_of(Index{2}));
        REQUIRE(segment_of(Index{5}) == segment_of(Index{2}));
    }

    Opened reopen() {
        auto opened = open(files, sample_options(segment_bytes), sample_identity());
        REQUIRE(opened);
        return std::move(*opened);
    }
    std::string segment_of(Index index) const {
        return "wal/" + segment_name(map->segment_of(index));
    }
    // A byte of the entry's header is another one from now on, also after a crash.
    void damage(Index index) {
        const Place place = place_in(files, *map, index);
        const auto file = files.open(segment_of(index));
        REQUIRE(file);
        std::byte byte{};
        REQUIRE((*file)->read(place.offset + 20, std::span(&byte, 1)));
        byte ^= std::byte{0x40};
        REQUIRE((*file)->write(place.offset + 20, std::span(&byte, 1)));
        REQUIRE((*file)->sync());
    }
    // Puts what an earlier opening might have left in the place of the identity block of the group
    // that has this entry. Its names are those of entries that were never promised.
    void show_stale_block(Index index, const std::function<void(EntryIdentity&)>& other) {
        const SegmentId segment = map->segment_of(index);
        ByteVector& bytes = files.bytes(segment_of(index));
        for (const ScannedGroup& group : scan_groups(bytes, segment)) {
            if (!group.block || index <= group.block->base || index > group.block->last) {
                continue;
            }
            IdentityBlock stale = *group.block;
            stale.epoch = 0;
            std::for_each(stale.names.begin(), stale.names.end(), other);
            const std::uint64_t size = identity_block_bytes(stale.names.size());
            encode_identity_block(std::span(bytes).subspan(
                                      static_cast<std::size_t>(group.end - size),
                                      static_cast<std::size_t>(size)),
                stale, {segment, group.end - size});
        }
    }
    // Both copies of its segment's footer say something else of this entry.
    void falsify_footers(Index index) {
        const SegmentId segment = map->segment_of(index);
        ByteVector& bytes = files.bytes(segment_of(index));
        auto copies = find_footers(bytes, segment);
        REQUIRE(copies);
        Footer& footer = copies->footer;
        footer.names[index - footer.first].envelope_crc ^= 1;
        const ByteVector both = encode_footers(footer);
        std::copy(both.begin(), both.end(),
            bytes.begin() + static_cast<std::ptrdiff_t>(footer.body_end));
    }
    EntryRef copy(Index index) const { return twin.at(index).entry; }
    std::vector<EntryRef> copies_of(Index first, Index last_index) const {
        std::vector<EntryRef> copies;
        for (Index index = first; index <= last_index; ++index) {
            copies.push_back(copy(index));
        }
        return copies;
    }
    Result<Repaired> repair(FileSystem& through, const std::vector<EntryRef>& copies) {
        SegmentEntries live{map->segment_of(Index{2}), Index{1}, Index{2}};
        while (map->segment_of(live.last.next()) == live.segment) {
            ++live.last;
        }
        std::vector<const EntryRef*> pointers;
        for (const EntryRef& one : copies) {
            pointers.push_back(&one);
        }
        return repair_segment(through, "wal", *map, live, pointers);
    }
    bool readable(Index index) {
        Reader reader(files, "wal");
        const auto entry = reader.read_unchained(*map, index);
        return entry && *entry == twin.at(index).entry;
    }
    void write(Storage& storage, std::vector<EntryRef> repairs) {
        Group group;
        group.repairs = std::move(repairs);
        REQUIRE(storage.write(group));
        REQUIRE(storage.sync());
    }
};

// The same entry, but for its content.
EntryRef with_other_content(const EntryRef& entry) {
    EntryRef other = entry;
    ByteVector envelope(other.handle.envelope().begin(), other.handle.envelope().end());
    envelope.back() ^= std::byte{1};
    const ByteVector erasable(entry.handle.erasable().begin(), entry.handle.erasable().end());
    other.handle = EntryHandle::make(envelope, erasable);
    return other;
}

// What a stale block may say: of the same entries, of older ones, of longer ones.
const std::vector<std::function<void(EntryIdentity&)>> stale_names = {
    [](EntryIdentity& name) { name.envelope_crc ^= 1; },
    [](EntryIdentity& name) { name.term = Term{0}; },
    [](EntryIdentity& name) { ++name.index; },
    [](EntryIdentity& name) { name.envelope_bytes += 8; },
};

Errc code_of(const Result<Repaired>& result) {
    REQUIRE_FALSE(result);
    REQUIRE(result.error().code.category() == log_category());
    return static_cast<Errc>(result.error().code.value());
}

}  // namespace

TEST_CASE("repair: a copy restores every byte of the segment", "[log]") {
    Log log;
    const ByteVector whole = log.files.bytes(log.segment_of(Index{2}));
    log.damage(Index{2});
    log.damage(Index{4});
    CHECK_FALSE(log.readable(Index{2}));
    REQUIRE(log.repair(log.files, {log.copy(Index{2}), log.copy(Index{4})}));
    log.files.crash([] { return false; });
    CHECK((log.files.bytes(log.segment_of(Index{2})) == whole));
    CHECK(log.readable(Index{2}));
}

TEST_CASE("repair: nothing is written while a neighbour lacks a copy", "[log]") {
    Log log;
    const ByteVector whole = log.files.bytes(log.segment_of(Index{2}));
    log.damage(Index{2});
    log.damage(Index{4});
    const auto before = log.files.image();
    const auto some = log.repair(log.files, {log.copy(Index{2})});
    REQUIRE(some);
    CHECK(some->missing == std::vector<Index>{Index{4}});
    CHECK(log.files.image() == before);
    REQUIRE(log.repair(log.files, {log.copy(Index{2}), log.copy(Index{4})}));
    CHECK((log.files.bytes(log.segment_of(Index{2})) == whole));
}

TEST_CASE("repair: blocks, headers and footers are written anew from what stands", "[log]") {
    Log log;
    const std::string name = log.segment_of(Index{2});
    const ByteVector whole = log.files.bytes(name);
    const auto groups = scan_groups(whole, log.map->segment_of(Index{2}));
    const auto copies = find_footers(whole, log.map->segment_of(Index{2}));
    REQUIRE(copies);
    const std::uint64_t block = groups.front().end - 100;
    for (const std::uint64_t at : {std::uint64_t{20}, block, copies->offsets[0] + 16,
             copies->offsets[1] + 16}) {
        log.files.bytes(name)[at] ^= std::byte{1};
        log.damage(Index{2});
        REQUIRE(log.repair(log.files, {log.copy(Index{2})}));
        INFO("byte " << at);
        const ByteVector& after = log.files.bytes(name);
        // A block that is written anew knows of no commit.
        CHECK((after == whole || at == block));
        const auto again = scan_groups(after, log.map->segment_of(Index{2}));
        REQUIRE(again.front().block);
        CHECK(again.front().block->names == groups.front().block->names);
        CHECK(again.front().block->last_hash == groups.front().block->last_hash);
        log.files.bytes(name) = whole;
    }
}

TEST_CASE("repair: what the device does not read is mended", "[log]") {
    Log log;
    FailingFileSystem files(log.files);
    const Place second = place_in(log.files, *log.map, Index{2});
    const Place last = place_in(log.files, *log.map, Index{5});
    files.bad_sectors[log.segment_of(Index{2})] = {
        second.offset / sector_bytes, last.offset / sector_bytes};
    std::vector<EntryRef> copies;
    for (Index index{1}; index <= Index{6}; ++index) {
        copies.push_back(log.copy(index));
    }
    const auto repaired = log.repair(files, copies);
    REQUIRE(repaired);
    CHECK(repaired->missing.empty());
    CHECK(log.readable(Index{2}));
    CHECK(log.readable(Index{5}));
    CHECK(files.bad_sectors.empty());  // the new file lies elsewhere
}

TEST_CASE("repair: a crash at any moment leaves the old file or the whole new one", "[log]") {
    std::uint64_t kept_old = 0;
    std::uint64_t had_new = 0;
    for (std::uint64_t mode = 0; mode < 6; ++mode) {
        for (std::uint64_t steps = 0;; ++steps) {
            Log log;
            const std::string name = log.segment_of(Index{2});
            const ByteVector whole = log.files.bytes(name);
            log.damage(Index{2});
            log.damage(Index{5});
            const ByteVector damaged = log.files.bytes(name);
            log.files.fail_after(steps);
            const bool done =
                log.repair(log.files, {log.copy(Index{2}), log.copy(Index{5})}).has_value();
            log.files.crash(keeping(mode));
            const ByteVector& after = log.files.bytes(name);
            REQUIRE((after == whole || (after == damaged && !done)));
            kept_old += after == damaged ? 1u : 0u;
            had_new += after == whole && !done ? 1u : 0u;
            // Opening and doing it again ends well whatever was left.
            Opened opened = log.reopen();
            CHECK(opened.recovered.last == log.twin.last());
            log.write(*opened.storage, {log.twin.at(Index{2}).entry, log.twin.at(Index{5}).entry});
            REQUIRE((log.files.bytes(name) == whole));
            for (const std::string& left : log.files.names()) {
                CHECK_FALSE(left.ends_with(temporary_suffix));
            }
            if (done) {
                break;
            }
        }
    }
    CHECK(kept_old > 0);
    CHECK(had_new > 0);
}

TEST_CASE("repair: a copy of something else is refused, and nothing has changed", "[log]") {
    Log log;
    log.damage(Index{2});
    const auto before = log.files.image();
    const EntryRef other_bytes = with_other_content(log.copy(Index{2}));
    EntryRef without_payload = log.copy(Index{2});
    without_payload.handle = without_payload.handle.erased();
    EntryRef other_term = log.copy(Index{2});
    other_term.term = other_term.term.next();
    for (const EntryRef& wrong : {other_bytes, without_payload, other_term}) {
        CHECK(code_of(log.repair(log.files, {wrong})) == Errc::corrupt_record);
        // Nor is a right one written together with it.
        CHECK(code_of(log.repair(log.files, {wrong, log.copy(Index{4})})) == Errc::corrupt_record);
        CHECK(log.files.image() == before);
    }
}

TEST_CASE("repair: a block that is older than the records of its group does not count", "[log]") {
    for (const auto& names : stale_names) {
        Log log;
        const ByteVector whole = log.files.bytes(log.segment_of(Index{2}));
        log.show_stale_block(Index{2}, names);
        log.damage(Index{2});
        REQUIRE(log.repair(log.files, {log.copy(Index{2})}));
        CHECK(log.readable(Index{2}));
        // The first group knew of no commit: it is as it was to the last byte.
        CHECK((log.files.bytes(log.segment_of(Index{2})) == whole));
    }
}

TEST_CASE("repair: where a stale block is all that stands of a group the footer decides", "[log]") {
    for (const auto& names : stale_names) {
        Log log;
        const SegmentId segment = log.map->segment_of(Index{4});
        const auto groups = scan_groups(log.files.bytes(log.segment_of(Index{4})), segment);
        log.show_stale_block(Index{4}, names);
        for (Index index{4}; index <= Index{6}; ++index) {
            log.damage(index);
        }
        // With its stale block the group looks as it did once.
        Opened opened = log.reopen();
        CHECK(opened.recovered.last == log.twin.last());
        log.write(*opened.storage, log.copies_of(Index{4}, Index{6}));
        CHECK(opened.storage->damaged().empty());
        for (Index index{4}; index <= Index{6}; ++index) {
            CHECK(log.readable(index));
        }
        const auto again = scan_groups(log.files.bytes(log.segment_of(Index{4})), segment);
        REQUIRE(again.size() == groups.size());
        REQUIRE(again[1].block);
        CHECK(again[1].block->names == groups[1].block->names);
        CHECK(again[1].block->epoch == groups[1].block->epoch);
        CHECK(again[1].block->last_hash == groups[1].block->last_hash);
        const auto examined = examine(log.files, "wal");
        REQUIRE(examined);
        CHECK(examined->findings.empty());
    }
}

TEST_CASE("repair: in doubt it waits for another copy, and fails nothing", "[log]") {
    Log log;
    log.show_stale_block(Index{4}, stale_names.front());
    for (Index index{4}; index <= Index{6}; ++index) {
        log.damage(index);
    }
    Opened opened = log.reopen();
    const auto before = log.files.image();
    std::vector<EntryRef> copies = log.copies_of(Index{4}, Index{6});
    copies[1] = with_other_content(copies[1]);
    log.write(*opened.storage, copies);
    REQUIRE(opened.storage->damaged().size() == 1);
    CHECK(opened.storage->damaged().front() == Index{5});
    CHECK(log.files.image() == before);
    log.write(*opened.storage, {log.copy(Index{5})});
    CHECK(opened.storage->damaged().empty());
    CHECK(log.readable(Index{5}));
}

TEST_CASE("repair: a block counts against the footer where the hash chain proves it", "[log]") {
    Log log;
    Index last = Index{2};
    while (log.segment_of(last.next()) == log.segment_of(Index{2})) {
        ++last;
    }
    for (const Index index : {last, Index{2}}) {
        log.falsify_footers(index);
        log.damage(index);
    }
    const auto before = log.files.image();
    // The map has the hash at the last entry of the segment; nothing speaks for the other one.
    const auto waits = log.repair(log.files, {log.copy(Index{2}), log.copy(last)});
    REQUIRE(waits);
    CHECK(waits->missing.front() == Index{2});
    CHECK(log.files.image() == before);
    log.falsify_footers(Index{2});  // true again
    REQUIRE(log.repair(log.files, {log.copy(Index{2}), log.copy(last)}));
    CHECK(log.readable(Index{2}));
    CHECK(log.readable(last));
}

TEST_CASE("repair: without space nothing has changed, and it can be done later", "[log]") {
    Log log;
    log.damage(Index{2});
    const auto before = log.files.image();
    FailingFileSystem files(log.files);
    files.space = 1000;
    CHECK(code_of(log.repair(files, {log.copy(Index{2})})) == Errc::no_space);
    CHECK(log.files.image() == before);
    files.space = UINT64_MAX;
    REQUIRE(log.repair(files, {log.copy(Index{2})}));
    CHECK(log.readable(Index{2}));
}

TEST_CASE("repair: a witness takes the envelope of a copy that has more", "[log]") {
    Log log(true);
    const Log whole;
    const ByteVector before = log.files.bytes(log.segment_of(Index{2}));
    REQUIRE(log.twin.at(Index{2}).hash == whole.twin.at(Index{2}).hash);
    REQUIRE_FALSE(whole.twin.at(Index{2}).entry.handle.is_erased());
    log.damage(Index{2});
    REQUIRE(log.repair(log.files, {whole.copy(Index{2})}));
    CHECK((log.files.bytes(log.segment_of(Index{2})) == before));
}

// ---- through the storage

TEST_CASE("repair: an active segment is sealed first, and the log goes on", "[log]") {
    Log log;
    Opened opened = log.reopen();
    Group group = log.twin.group(77, 3, 300);
    REQUIRE(opened.storage->write(group));
    REQUIRE(opened.storage->sync());
    log.twin.apply(group);
    log.map = opened.storage->published();
    const Index damaged = group.entries[1].entry.index;
    log.damage(damaged);
    CHECK_FALSE(opened.storage->read(damaged, damaged, UINT64_MAX));
    Group next = log.twin.group(78, 2, 300);
    next.repairs = {log.twin.at(damaged).entry};
    REQUIRE(opened.storage->write(next));
    REQUIRE(opened.storage->sync());
    log.twin.apply(next);
    const auto read = opened.storage->read(damaged, log.twin.last(), UINT64_MAX);
    REQUIRE(read);
    CHECK(read->front() == log.twin.at(damaged));
    Group last = log.twin.group(79, 2, 300);
    REQUIRE(opened.storage->write(last));
    REQUIRE(opened.storage->sync());
    log.twin.apply(last);
    log.map = opened.storage->published();
    CHECK(log.map->segment_of(log.twin.last()) != log.map->segment_of(damaged));
    log.files.crash([] { return false; });
    const Opened again = log.reopen();
    CHECK(again.recovered.faulty.empty());
    CHECK(again.recovered.last == log.twin.last());
}

TEST_CASE("repair: an entry is damaged until it has been verified itself, opening after opening",
    "[log]") {
    Log log;
    log.damage(log.twin.last());
    log.damage(log.twin.last().previous());
    for (int opening = 0; opening < 3; ++opening) {
        const Opened opened = log.reopen();
        CHECK(opened.recovered.last == log.twin.last());
        REQUIRE(opened.recovered.faulty.size() == 2);
    }
    {
        Opened opened = log.reopen();
        log.write(*opened.storage, {log.twin.at(log.twin.last().previous()).entry});
        REQUIRE(opened.storage->damaged().size() == 1);
        CHECK(opened.storage->damaged().front() == log.twin.last());
    }
    {
        Opened opened = log.reopen();
        REQUIRE(opened.recovered.faulty.size() == 2);  // the copy had to wait, and was lost
        log.write(*opened.storage, {log.twin.at(log.twin.last().previous()).entry});
        log.write(*opened.storage, {log.twin.at(log.twin.last()).entry});
        CHECK(opened.storage->damaged().empty());
    }
    CHECK(log.reopen().recovered.faulty.empty());
}

TEST_CASE("repair: a copy comes with what replaces the entries behind it", "[log]") {
    Log log;
    const Index damaged = log.twin.last() - 2;
    log.damage(damaged);
    Opened opened = log.reopen();
    REQUIRE(opened.recovered.faulty.size() == 1);
    log.twin.hard_state.term = Term{2};
    // The log does not know the hash there: the chain is broken by what is damaged.
    Group group = log.twin.group(77, 2, 300, damaged.next());
    group.hard_state = log.twin.hard_state;
    group.truncate_hash = log.twin.hash_at(damaged.next());
    group.repairs = {log.twin.at(damaged).entry};
    REQUIRE(opened.storage->write(group));
    REQUIRE(opened.storage->sync());
    log.twin.apply(group);
    for (const bool again : {false, true}) {
        if (again) {
            log.files.crash([] { return false; });
            opened = log.reopen();
        }
        CHECK(opened.recovered.faulty.empty() == again);
        const auto read = opened.storage->read(Index{1}, log.twin.last(), UINT64_MAX);
        REQUIRE(read);
        CHECK(*read == log.twin.entries);
    }
}

TEST_CASE("repair: copies of what is not in the log are passed over", "[log]") {
    Log log;
    Opened opened = log.reopen();
    const auto before = log.files.image();
    EntryRef beyond = log.twin.at(Index{2}).entry;
    beyond.index = log.twin.last() + 5;
    EntryRef other_term = log.twin.at(Index{2}).entry;
    other_term.term = Term{9};
    log.write(*opened.storage, {other_term, beyond});
    CHECK(log.files.image() == before);
}

TEST_CASE("repair: a group without the space for its copies is stored all the same", "[log]") {
    Log log;
    log.damage(Index{2});
    FailingFileSystem files(log.files);
    auto opened = open(files, sample_options(segment_bytes), sample_identity());
    REQUIRE(opened);
    files.space = segment_bytes / 2;
    Group group = log.twin.group(77, 1, 100);
    group.repairs = {log.twin.at(Index{2}).entry};
    REQUIRE(opened->storage->write(group));
    REQUIRE(opened->storage->sync());
    log.twin.apply(group);
    CHECK_FALSE(log.readable(Index{2}));
    CHECK(opened->storage->read(log.twin.last(), log.twin.last(), UINT64_MAX));
    files.space = UINT64_MAX;
    log.write(*opened->storage, {log.twin.at(Index{2}).entry});
    CHECK(log.readable(Index{2}));
}

}  // namespace ledger::log
