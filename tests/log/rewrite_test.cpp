#include "log/rewrite.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "log/base/crc32c.h"
#include "log/examination.h"
#include "log/scan.h"
#include "log/upkeep.h"
#include "tests/log/erasing.h"
#include "tests/log/failing_file_system.h"

namespace ledger::log {

namespace {

constexpr std::uint64_t segment_bytes = 8192;

void store(Storage& storage, TwinLog& twin, const Group& plain) {
    const Group group = with_own_payloads(plain);
    REQUIRE(storage.write(group));
    REQUIRE(storage.sync());
    twin.apply(group);
}

// Groups of three entries in a few segments, the last one active; all of them are committed.
struct Log {
    MemoryFileSystem files;
    Options options = sample_options(segment_bytes);
    TwinLog twin;
    std::optional<Opened> opened;
    SharedMap before;  // as it was written

    Log() {
        REQUIRE(format(files, options, sample_identity()));
        reopen();
        twin.hard_state = {Term{1}, NodeId{2}};
        for (std::uint64_t i = 0; i < 10; ++i) {
            Group group = twin.group(30 + 3 * i, 3, 5000);
            group.hard_state = twin.hard_state;
            group.commit = twin.last();
            put(group);
        }
        put(Group{.hard_state = {}, .truncate_to = {}, .entries = {}, .commit = twin.last()});
        before = storage().published();
        REQUIRE(segments().size() > 2);
    }

    Storage& storage() { return *opened->storage; }
    void put(const Group& group) { store(storage(), twin, group); }
    void put_as_it_is(const Group& group) {
        REQUIRE(storage().write(group));
        REQUIRE(storage().sync());
        twin.apply(group);
    }
    void reopen(FileSystem* through = nullptr) {
        opened.reset();
        auto again = open(through != nullptr ? *through : files, options, sample_identity());
        REQUIRE(again);
        opened = std::move(*again);
    }
    std::vector<std::string> segments() const {
        std::vector<std::string> names = files.names();
        std::erase(names, "wal/hard_state");
        return names;
    }
    const EntryRef& entry(Index index) const { return twin.at(index).entry; }
    void erase(std::vector<EntryRef> forms) {
        Group group;
        group.erasures = std::move(forms);
        group.commit = twin.commit;
        REQUIRE(storage().write(group));
        REQUIRE(storage().sync());
    }
    // What the log says of the entry, by the newest map.
    Result<EntryRef> now(Index index) {
        Reader reader(files, "wal");
        return reader.read_unchained(*storage().published(), index);
    }
    bool reads_as(Index index, const EntryRef& form) {
        const auto found = now(index);
        return found && *found == form;
    }
    std::vector<Index> erasing() {
        const auto found = storage().erasing();
        return {found.begin(), found.end()};
    }
    std::vector<Index> damaged() {
        const auto found = storage().damaged();
        return {found.begin(), found.end()};
    }
    void check_clean() {
        const auto examined = examine(files, "wal");
        REQUIRE(examined);
        for (const Finding& finding : examined->findings) {
            FAIL(to_text(finding));
        }
        CHECK(examined->last == twin.last());
    }
};

std::vector<Index> indexes(std::initializer_list<std::uint64_t> values) {
    std::vector<Index> all;
    for (const std::uint64_t value : values) {
        all.emplace_back(value);
    }
    return all;
}

}  // namespace

TEST_CASE("rewrite: less of an erasable part is an erasure, more or the same is none", "[log]") {
    const EntryRef whole = sample_entry(Index{1}, Term{1}, {}, 5, 100).entry;
    const EntryRef part = partly_erased_form(whole);
    EntryRef smaller = part;
    smaller.handle = EntryHandle::make_partly_erased(
        whole.handle.envelope(), part.handle.erasable().last(3));
    const EntryRef none = erased_form(whole);
    const std::vector<EntryRef> descending = {whole, part, smaller, none};
    for (std::size_t i = 0; i < descending.size(); ++i) {
        for (std::size_t j = 0; j < descending.size(); ++j) {
            CHECK(erases(descending[j], descending[i]) == (j > i));
        }
    }
    EntryRef bare = whole;
    bare.handle = EntryHandle::make(whole.handle.envelope(), {});
    CHECK_FALSE(erases(none, bare));
}

TEST_CASE("rewrite: an erased payload is in no file, and everything else is as it was", "[log]") {
    Log log;
    const EntryRef second = log.entry(Index{2});
    const EntryRef fifth = log.entry(Index{5});
    const EntryRef last = log.entry(log.twin.last());
    REQUIRE_FALSE(file_with(log.files.image(), marker_of(second, erased_form(second))).empty());
    log.erase({erased_form(second), partly_erased_form(fifth), erased_form(last)});
    CHECK(log.erasing().empty());
    for (int opening = 0; opening < 2; ++opening) {
        CHECK(log.reads_as(Index{2}, erased_form(second)));
        CHECK(log.reads_as(Index{5}, partly_erased_form(fifth)));
        CHECK(log.reads_as(log.twin.last(), erased_form(last)));
        const auto all = log.storage().read(Index{1}, log.twin.last(), UINT64_MAX);
        REQUIRE(all);
        REQUIRE(all->size() == log.twin.entries.size());
        for (std::size_t i = 0; i < all->size(); ++i) {
            CHECK((*all)[i].hash == log.twin.entries[i].hash);
        }
        const auto image = log.files.image();
        CHECK(file_with(image, marker_of(second, erased_form(second))).empty());
        CHECK(file_with(image, marker_of(fifth, partly_erased_form(fifth))).empty());
        CHECK(file_with(image, marker_of(last, erased_form(last))).empty());
        log.check_clean();
        log.opened.reset();
        log.files.crash([] { return false; });
        log.reopen();
    }
    log.put(log.twin.group(50, 3, 300));
    log.reopen();
    CHECK(log.opened->recovered.last == log.twin.last());
}

TEST_CASE("rewrite: what has its form, is not in the log or is another entry is passed over",
    "[log]") {
    Log log;
    log.erase({erased_form(log.entry(Index{2}))});
    const auto before = log.files.image();
    EntryRef other_term = erased_form(log.entry(Index{3}));
    other_term.term = Term{9};
    EntryRef beyond = erased_form(log.entry(Index{3}));
    beyond.index = log.twin.last() + 9;
    log.erase({erased_form(log.entry(Index{2})), other_term, beyond});
    log.erase({partly_erased_form(log.entry(Index{2})), log.entry(Index{4})});
    CHECK(log.files.image() == before);
    CHECK(log.erasing().empty());
}

TEST_CASE("rewrite: a form of another envelope is refused", "[log]") {
    Log log;
    EntryRef other = log.entry(Index{2});
    ByteVector envelope(other.handle.envelope().begin(), other.handle.envelope().end());
    envelope.back() ^= std::byte{1};
    other.handle = EntryHandle::make_erased(envelope);
    Group group;
    group.erasures = {other};
    REQUIRE(log.storage().write(group));
    const auto synced = log.storage().sync();
    REQUIRE_FALSE(synced);
    CHECK(synced.error().code == Errc::corrupt_record);
}

// README, "Erasure": the bytes that are left of an erased entry.
TEST_CASE("rewrite: the bytes that are left of an erased entry are as they are stated", "[log]") {
    constexpr std::uint64_t count = 10 * rewritten_names_max;
    constexpr std::uint64_t envelope_bytes = 201;
    MemoryFileSystem files;
    const Options options = sample_options(64u << 20);
    REQUIRE(format(files, options, sample_identity()));
    auto opened = open(files, options, sample_identity());
    REQUIRE(opened);
    TwinLog twin;
    Group group;
    group.hard_state = HardState{Term{1}, NodeId{2}};
    Digest hash;
    for (Index index{1}; index.value <= count; ++index) {
        HashedEntry hashed = sample_entry(index, Term{1}, hash, index.value * 13 + 1, 8);
        hashed.entry.handle = EntryHandle::make(sample_bytes(index.value, envelope_bytes),
            sample_bytes(index.value + 7, 3000));
        hashed.entry.bytes = hashed.entry.handle->size();
        hashed.hash = entry_hash(hash, hashed.entry);
        hash = hashed.hash;
        group.entries.push_back(hashed);
    }
    store(*opened->storage, twin, group);
    Group erase;
    erase.commit = twin.last();
    for (const HashedEntry& hashed : twin.entries) {
        erase.erasures.push_back(erased_form(hashed.entry));
    }
    REQUIRE(opened->storage->write(erase));
    REQUIRE(opened->storage->sync());
    const std::uint64_t bytes = files.bytes("wal/00000001.segment").size();
    // Record: header, envelope, two checksums, to 8. Block: a name. Two footers: a name each.
    const std::uint64_t each = (76 + envelope_bytes + 8 + 7) / 8 * 8 + 32 + 2 * 16;
    const std::uint64_t groups = count / rewritten_names_max;
    // Headers; of each group a block's head and the rest of its last sector; of each footer its
    // head, sections and marks, one for 64 entries, and the rest of its last sector.
    const std::uint64_t shared_min = 1024 + groups * 128 + 2 * (136 + count / 64 * 40);
    const std::uint64_t shared_max = shared_min + groups * 512 + 2 * (512 + 512);
    CHECK(bytes >= count * each + shared_min);
    CHECK(bytes <= count * each + shared_max);
    // The sum that the README gives: 148 and the envelope, to 8, and less than 5 that are shared.
    CHECK(each == (148 + envelope_bytes + 7) / 8 * 8);
    CHECK(bytes < count * (each + 5));
    CHECK(bytes == 442'368);
}

TEST_CASE("rewrite: a crash at any moment leaves the old file or the whole new one", "[log]") {
    std::uint64_t kept_old = 0;
    std::uint64_t had_new = 0;
    for (std::uint64_t mode = 0; mode < 8; ++mode) {
        for (std::uint64_t steps = 0;; ++steps) {
            Log log;
            INFO("mode " << mode << ", after " << steps);
            const std::vector<Index> targets = {Index{2}, Index{7}, log.twin.last()};
            std::vector<EntryRef> forms;
            for (const Index index : targets) {
                forms.push_back(erased_form(log.entry(index)));
            }
            Group group;
            group.erasures = forms;
            log.files.fail_after(steps);
            const bool done = log.storage().write(group) && log.storage().sync();
            log.opened.reset();
            log.files.crash(keeping(mode));
            const auto examined = examine(log.files, "wal");
            REQUIRE(examined);
            for (const Finding& finding : examined->findings) {
                INFO(to_text(finding));
                REQUIRE(finding.condition != Condition::faulty);
            }
            log.reopen();
            REQUIRE(log.opened->recovered.last == log.twin.last());
            REQUIRE(log.opened->recovered.faulty.empty());
            for (Index index{1}; index <= log.twin.last(); ++index) {
                const auto found = log.now(index);
                REQUIRE(found);
                const auto at = std::find(targets.begin(), targets.end(), index);
                if (at == targets.end()) {
                    REQUIRE(*found == log.entry(index));
                    continue;
                }
                const EntryRef& form = forms[static_cast<std::size_t>(at - targets.begin())];
                REQUIRE((*found == form || (!done && *found == log.entry(index))));
                kept_old += *found == form ? 0u : 1u;
                had_new += *found == form && !done ? 1u : 0u;
            }
            // Asked again it is done, and nothing is left over.
            log.erase(forms);
            for (const EntryRef& form : forms) {
                const ByteVector marker = marker_of(log.entry(form.index), form);
                REQUIRE(file_with(log.files.image(), marker).empty());
            }
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

TEST_CASE("rewrite: it waits while a neighbour is damaged, and is done with its copy", "[log]") {
    Log log;
    const EntryRef form = erased_form(log.entry(Index{2}));
    damage_record(log.files, place_in(log.files, *log.before, Index{4}));
    damage_record(log.files, place_in(log.files, *log.before, Index{5}));
    log.erase({form});
    CHECK(log.erasing() == indexes({2}));
    CHECK(log.damaged() == indexes({4, 5}));
    CHECK(log.reads_as(Index{2}, log.entry(Index{2})));
    Group repair;
    repair.repairs = {log.entry(Index{4})};
    log.put(repair);
    CHECK(log.erasing() == indexes({2}));
    CHECK(log.damaged() == indexes({5}));
    repair.repairs = {log.entry(Index{5})};
    log.put(repair);
    CHECK(log.erasing().empty());
    CHECK(log.damaged().empty());
    CHECK(log.reads_as(Index{2}, form));
    CHECK(log.reads_as(Index{4}, log.entry(Index{4})));
    CHECK(log.reads_as(Index{5}, log.entry(Index{5})));
    log.check_clean();
}

TEST_CASE("rewrite: a damaged entry that is to be erased needs no copy", "[log]") {
    Log log;
    damage_record(log.files, place_in(log.files, *log.before, Index{2}));
    damage_record(log.files, place_in(log.files, *log.before, Index{3}), record_header_bytes + 30);
    log.reopen();
    log.erase({erased_form(log.entry(Index{2})), erased_form(log.entry(Index{3}))});
    CHECK(log.erasing().empty());
    CHECK(log.reads_as(Index{2}, erased_form(log.entry(Index{2}))));
    CHECK(log.reads_as(Index{3}, erased_form(log.entry(Index{3}))));
    log.reopen();
    CHECK(log.opened->recovered.faulty.empty());
    log.check_clean();
}

TEST_CASE("rewrite: a copy of another form than the one that stood here is not taken", "[log]") {
    Log log;
    const EntryRef fourth = log.entry(Index{4});
    log.erase({partly_erased_form(fourth)});
    damage_record(log.files, place_in(log.files, *log.storage().published(), Index{4}));
    Group group;
    group.erasures = {erased_form(log.entry(Index{2}))};
    group.repairs = {fourth};
    log.put(group);
    CHECK(log.erasing() == indexes({2}));
    CHECK(log.damaged() == indexes({4}));
    group.erasures.clear();
    group.repairs = {partly_erased_form(fourth)};
    log.put(group);
    CHECK(log.erasing().empty());
    CHECK(log.reads_as(Index{4}, partly_erased_form(fourth)));
    CHECK(file_with(log.files.image(), marker_of(fourth, partly_erased_form(fourth))).empty());
}

TEST_CASE("rewrite: without space it waits, and is done without being asked again", "[log]") {
    Log log;
    FailingFileSystem files(log.files);
    log.reopen(&files);
    const auto before = log.files.image();
    files.space = 1000;
    log.erase({erased_form(log.entry(Index{2}))});
    CHECK(log.erasing() == indexes({2}));
    CHECK(log.files.image() == before);
    files.space = UINT64_MAX;
    for (int sync = 0; sync < 2; ++sync) {
        log.put({});
    }
    CHECK(log.erasing().empty());
    CHECK(log.reads_as(Index{2}, erased_form(log.entry(Index{2}))));
}

TEST_CASE("rewrite: it is tried again less and less often, but at once if something is given",
    "[log]") {
    Log log;
    FailingFileSystem files(log.files);
    log.reopen(&files);
    files.space = 1000;
    log.erase({erased_form(log.entry(Index{2}))});
    std::uint64_t attempts = 0;
    for (int sync = 0; sync < 100; ++sync) {
        const std::uint64_t steps = log.files.steps();
        log.put({});
        attempts += log.files.steps() > steps ? 1u : 0u;
    }
    CHECK(attempts >= 5);
    CHECK(attempts < 10);
    files.space = UINT64_MAX;
    log.erase({erased_form(log.entry(Index{3}))});
    CHECK(log.erasing().empty());
}

TEST_CASE("rewrite: a sector that the device does not read counts as damage", "[log]") {
    Log log;
    FailingFileSystem files(log.files);
    log.reopen(&files);
    const Place place = place_in(log.files, *log.before, Index{4});
    files.bad_sectors["wal/" + segment_name(place.segment)] = {place.offset / sector_bytes};
    log.erase({erased_form(log.entry(Index{2}))});
    CHECK(log.erasing() == indexes({2}));
    REQUIRE_FALSE(log.damaged().empty());
    Group group;
    for (const Index index : log.damaged()) {
        group.repairs.push_back(log.entry(index));
    }
    log.put(group);
    CHECK(log.erasing().empty());
    log.check_clean();
}

TEST_CASE("rewrite: old maps lead to the entry, or are called outdated", "[log]") {
    Log log;
    Reader with_old_file(log.files, "wal");
    REQUIRE(with_old_file.read(*log.before, Index{1}, Index{1}, 1));
    std::vector<EntryRef> forms;
    for (Index index{2}; index <= log.twin.last(); ++index) {
        if (index.value % 3 == 0) {
            forms.push_back(erased_form(log.entry(index)));
        }
    }
    log.erase(forms);
    const SharedMap now = log.storage().published();
    CHECK(now->rewrites() == log.segments().size());
    CHECK(log.before->rewrites() == 0);
    std::uint64_t outdated = 0;
    for (Index index{1}; index <= log.twin.last(); ++index) {
        Reader fresh(log.files, "wal");
        for (Reader* reader : {&fresh, &with_old_file}) {
            const auto entries = reader->read(*log.before, index, log.twin.last(), 1);
            if (entries) {
                CHECK(entries->front().hash == log.twin.at(index).hash);
            } else {
                CHECK(reader->is_outdated());
                CHECK(reader->damaged() == Index{});
                ++outdated;
            }
        }
        const auto newest = fresh.read(*now, index, log.twin.last(), 1);
        REQUIRE(newest);
        CHECK(newest->front().hash == log.twin.at(index).hash);
        CHECK_FALSE(fresh.is_outdated());
    }
    CHECK(outdated > 0);
}

TEST_CASE("rewrite: a reader lets go of the old files with the first map that is newer", "[log]") {
    Log log;
    Reader reader(log.files, "wal");
    REQUIRE(reader.read(*log.before, Index{1}, Index{3}, UINT64_MAX));
    // The first entry of a file stays in its place: only the file can tell its forms apart.
    const EntryRef form = erased_form(log.entry(Index{1}));
    log.erase({form});
    const auto old = reader.read(*log.before, Index{1}, Index{1}, UINT64_MAX);
    REQUIRE(old);
    CHECK(old->front().entry == log.entry(Index{1}));  // as it would have a moment earlier
    const auto entries = reader.read(*log.storage().published(), Index{1}, Index{1}, UINT64_MAX);
    REQUIRE(entries);
    CHECK(entries->front().entry == form);
}

TEST_CASE("rewrite: damage is called damage, whatever map it is read with", "[log]") {
    Log log;
    log.erase({erased_form(log.entry(Index{2}))});
    damage_record(log.files, place_in(log.files, *log.storage().published(), Index{4}));
    Reader reader(log.files, "wal");
    CHECK_FALSE(reader.read_unchained(*log.storage().published(), Index{4}));
    CHECK_FALSE(reader.is_outdated());
    CHECK(reader.damaged() == Index{4});
}

// ---- structure

TEST_CASE("rewrite: without its footers the new file is judged as what it is", "[log]") {
    Log log;
    std::vector<EntryRef> forms;
    for (Index index{1}; index <= log.twin.last(); ++index) {
        forms.push_back(index.value % 2 == 0 ? erased_form(log.entry(index))
                                             : partly_erased_form(log.entry(index)));
    }
    log.erase(forms);
    const auto written = log.storage().read(Index{1}, log.twin.last(), UINT64_MAX);
    REQUIRE(written);
    log.opened.reset();
    for (const std::string& name : log.segments()) {
        ByteVector& bytes = log.files.bytes(name);
        const auto id = parse_segment_name(name.substr(4));
        REQUIRE(id);
        const auto copies = find_footers(bytes, *id);
        REQUIRE(copies);
        CHECK((copies->intact == std::array{true, true}));
        CHECK(copies->footer.dead == DeadBytes{});
        bytes.resize(copies->footer.body_end);
    }
    log.reopen();
    CHECK(log.opened->recovered.faulty.empty());
    CHECK(log.opened->recovered.torn_bytes == 0);
    const auto again = log.storage().read(Index{1}, log.twin.last(), UINT64_MAX);
    REQUIRE(again);
    CHECK(*again == *written);
}

TEST_CASE("rewrite: long segments get groups of a bounded size", "[log]") {
    MemoryFileSystem files;
    const Options options = sample_options(16u << 20);
    REQUIRE(format(files, options, sample_identity()));
    auto opened = open(files, options, sample_identity());
    REQUIRE(opened);
    TwinLog twin;
    Group group = twin.group(3, 700, 900);
    group.hard_state = HardState{Term{1}, NodeId{2}};
    for (HashedEntry& hashed : group.entries) {
        hashed.entry.term = Term{1};
    }
    Digest hash;
    for (HashedEntry& hashed : group.entries) {
        hashed.hash = entry_hash(hash, hashed.entry);
        hash = hashed.hash;
    }
    store(*opened->storage, twin, group);
    Group large;
    large.commit = twin.last();
    for (std::uint64_t i = 1; i <= 3; ++i) {
        large.entries.push_back(
            sample_entry(twin.last() + i, Term{1}, hash, i * 13 + 1, 1'000'000));
        hash = large.entries.back().hash;
    }
    store(*opened->storage, twin, large);
    Group erase;
    erase.commit = twin.last();
    erase.erasures = {erased_form(twin.at(Index{20}).entry)};
    REQUIRE(opened->storage->write(erase));
    REQUIRE(opened->storage->sync());
    const ByteVector& bytes = files.bytes("wal/00000001.segment");
    const auto groups = scan_groups(bytes, SegmentId{1});
    CHECK(groups.size() > 6);
    for (const ScannedGroup& one : groups) {
        if (one.block) {
            CHECK(one.block->names.size() <= rewritten_names_max);
        }
    }
    const auto all = opened->storage->read(Index{1}, twin.last(), UINT64_MAX);
    REQUIRE(all);
    CHECK(all->size() == 703);
}

TEST_CASE("rewrite: a repair by a copy of which something was erased takes its form", "[log]") {
    for (const auto form : {&erased_form, &partly_erased_form}) {
        Log log;
        log.put(log.twin.group(59, 3, 700));
        log.put(log.twin.group(60, 3, 700));
        const EntryRef copy = form(log.entry(Index{2}));
        damage_record(log.files, place_in(log.files, *log.storage().published(), Index{2}));
        Group group;
        group.repairs = {copy};
        REQUIRE(log.storage().write(group));
        REQUIRE(log.storage().sync());
        CHECK(log.erasing().empty());
        CHECK(log.storage().damaged().empty());
        CHECK(log.reads_as(Index{2}, copy));
        log.twin.entries[1].entry = copy;
        log.check_clean();
        log.reopen();
        CHECK(log.opened->recovered.faulty.empty());
    }
}

TEST_CASE("rewrite: where nothing is left of an entry, a form that has more mends it all the same",
    "[log]") {
    Log log;
    const EntryRef fourth = log.entry(Index{4});
    log.erase({erased_form(fourth)});
    damage_record(log.files, place_in(log.files, *log.storage().published(), Index{4}));
    Group group;
    group.repairs = {partly_erased_form(fourth)};
    REQUIRE(log.storage().write(group));
    REQUIRE(log.storage().sync());
    CHECK(log.storage().damaged().empty());
    CHECK(log.erasing().empty());
    CHECK(log.reads_as(Index{4}, erased_form(fourth)));
    log.twin.entries[3].entry = erased_form(fourth);
    log.check_clean();
}

TEST_CASE("rewrite: a segment without a footer waits until the log goes on elsewhere", "[log]") {
    Log log;
    log.put(log.twin.group(59, 1, 700));
    log.put(log.twin.group(60, 3, 700));
    // The last group, without a witness, is damaged in its second record.
    damage_record(log.files, place_in(log.files, *log.storage().published(), log.twin.last().previous()));
    log.reopen();
    REQUIRE(log.opened->recovered.unsealed.size() == 2);
    log.twin.entries.resize(log.twin.entries.size() - 2);
    REQUIRE(log.opened->recovered.last == log.twin.last());
    const EntryRef last = log.entry(log.twin.last());
    const auto before = log.files.image();
    log.erase({erased_form(last)});
    CHECK(log.erasing() == std::vector<Index>{last.index});
    CHECK(log.files.image() == before);  // peers may have what is in doubt
    log.put(log.twin.group(61, 3, 700));
    CHECK(log.erasing().empty());
    CHECK(log.reads_as(last.index, erased_form(last)));
    CHECK(file_with(log.files.image(), marker_of(last, erased_form(last))).empty());
    log.check_clean();
    log.reopen();
    CHECK(log.opened->recovered.last == log.twin.last());
    CHECK(log.opened->recovered.faulty.empty());
}

// ---- superseded records

namespace {

// Entries 1 to 12 in two segments; then a later segment's truncation reaches into the first ones.
struct Reaching {
    Log log;
    Index kept;
    std::vector<HashedEntry> superseded;

    explicit Reaching(std::uint64_t back) {
        // Without commits, so that there is something to truncate.
        for (std::uint64_t i = 20; i < 24; ++i) {
            log.put(log.twin.group(i, 3, 700));
        }
        kept = log.twin.last() - back;
        for (Index index = kept.next(); index <= log.twin.last(); ++index) {
            superseded.push_back(log.twin.at(index));
        }
        // So that the truncation comes first in a segment of its own.
        Group group = log.twin.group(30, 3, 4000, kept);
        log.put(group);
        Group seal;
        seal.commit = log.twin.last();
        log.put(seal);
    }
};

}  // namespace

TEST_CASE("rewrite: segments that a later truncation reached into still chain", "[log]") {
    for (const std::uint64_t back : {1u, 4u, 9u, 12u}) {
        INFO("back " << back);
        Reaching case_of(back);
        Log& log = case_of.log;
        std::vector<EntryRef> forms;
        for (Index index{1}; index <= log.twin.last(); index = index + 2) {
            forms.push_back(erased_form(log.entry(index)));
        }
        log.erase(forms);
        CHECK(log.erasing().empty());
        log.check_clean();
        // What was superseded is gone too: it may have been the same payload.
        const auto image = log.files.image();
        for (const HashedEntry& old : case_of.superseded) {
            CHECK(file_with(image, marker_of(old.entry, erased_form(old.entry))).empty());
        }
        for (int opening = 0; opening < 2; ++opening) {
            log.reopen();
            CHECK(log.opened->recovered.last == log.twin.last());
            CHECK(log.opened->recovered.faulty.empty());
        }
        // There is nothing left to be rewritten for.
        const auto before = log.files.image();
        log.erase({erased_form(log.entry(Index{1}))});
        CHECK(log.files.image() == before);
    }
}

TEST_CASE("rewrite: a damaged entry that is out of the log does not stop it", "[log]") {
    for (const std::uint64_t at : {20u, 90u}) {
        Reaching case_of(9);
        Log& log = case_of.log;
        const EntryRef& victim = case_of.superseded[1].entry;
        bool found = false;
        for (const std::string& name : log.segments()) {
            ByteVector& bytes = log.files.bytes(name);
            const SegmentId id = *parse_segment_name(name.substr(4));
            for (const ScannedGroup& group : scan_groups(bytes, id)) {
                for (const Slot& slot : group.slots) {
                    if (slot.name && slot.name->index == victim.index &&
                        slot.name->envelope_crc == crc32c(victim.handle.envelope())) {
                        damage_record(log.files, {id, slot.offset, slot.end}, at);
                        found = true;
                    }
                }
            }
        }
        REQUIRE(found);
        std::vector<EntryRef> forms;
        for (Index index{1}; index <= case_of.kept; ++index) {
            forms.push_back(erased_form(log.entry(index)));
        }
        log.erase(forms);
        CHECK(log.erasing().empty());
        log.reopen();
        CHECK(log.opened->recovered.last == log.twin.last());
        const auto all = log.storage().read(Index{1}, log.twin.last(), UINT64_MAX);
        REQUIRE(all);
        CHECK(all->size() == log.twin.entries.size());
    }
}

TEST_CASE("rewrite: what a truncation left in the same or another segment is destroyed with it",
    "[log]") {
    Log log;
    // Proposed, superseded, and proposed again: one payload at two places.
    Group first = log.twin.group(40, 2, 600);
    const ByteVector payload = sample_bytes(999, 200);
    const auto carry = [&](Group& group) {
        HashedEntry& hashed = group.entries.back();
        hashed.entry.handle = EntryHandle::make(hashed.entry.handle.envelope(), payload);
        hashed.entry.bytes = hashed.entry.handle->size();
        hashed.entry.kind = EntryKind::command;
        hashed.hash = entry_hash(group.entries[group.entries.size() - 2].hash, hashed.entry);
    };
    carry(first);
    const Index before = log.twin.last();
    log.put_as_it_is(first);
    for (std::uint64_t i = 41; i < 44; ++i) {
        log.put(log.twin.group(i, 3, 900));
    }
    Group second = log.twin.group(45, 3, 600, before);
    carry(second);
    log.put_as_it_is(second);
    Group seal;
    seal.commit = log.twin.last();
    log.put(seal);
    const bool reopened = GENERATE(false, true);
    if (reopened) {
        log.reopen();
    }
    REQUIRE(file_with(log.files.image(), payload) != "wal/" +
            segment_name(log.storage().published()->segment_of(log.twin.last())));
    log.erase({erased_form(log.entry(log.twin.last()))});
    CHECK(log.erasing().empty());
    CHECK(file_with(log.files.image(), payload).empty());
    log.check_clean();
}

// ---- space

TEST_CASE("rewrite: dead bytes are freed when they are more than their share", "[log]") {
    MemoryFileSystem files;
    Options options = sample_options(64u << 10);
    options.dead_bytes_min = 8u << 10;
    options.dead_percent = 30;
    REQUIRE(format(files, options, sample_identity()));
    auto opened = open(files, options, sample_identity());
    REQUIRE(opened);
    TwinLog twin;
    twin.hard_state = {Term{1}, NodeId{2}};
    Group begin = twin.group(1, 3, 900);
    begin.hard_state = twin.hard_state;
    store(*opened->storage, twin, begin);
    const auto bytes_of = [&] {
        std::uint64_t bytes = 0;
        for (const auto& [name, content] : files.image()) {
            bytes += content.size();
        }
        return bytes;
    };
    // The same few entries again and again.
    std::uint64_t largest = 0;
    for (std::uint64_t i = 2; i < 400; ++i) {
        store(*opened->storage, twin, twin.group(i, 3, 900, Index{3}));
        largest = std::max(largest, bytes_of());
    }
    CHECK(largest < 4 * options.segment_bytes);
    CHECK(opened->storage->published()->rewrites() >= 5);
    opened = open(files, options, sample_identity());
    REQUIRE(opened);
    const auto all = opened->storage->read(Index{1}, twin.last(), UINT64_MAX);
    REQUIRE(all);
    CHECK(*all == twin.entries);

    options.dead_percent = 100;  // never
    for (std::uint64_t i = 500; i < 600; ++i) {
        opened = i == 500 ? open(files, options, sample_identity()) : std::move(opened);
        REQUIRE(opened);
        store(*opened->storage, twin, twin.group(i, 3, 900, Index{3}));
    }
    CHECK(opened->storage->published()->rewrites() == 0);
}

TEST_CASE("rewrite: one segment at a time is rewritten for its space", "[log]") {
    MemoryFileSystem files;
    Options options = sample_options(8u << 10);
    options.dead_percent = 100;
    REQUIRE(format(files, options, sample_identity()));
    auto opened = open(files, options, sample_identity());
    REQUIRE(opened);
    TwinLog twin;
    Group begin;
    begin.hard_state = HardState{Term{1}, NodeId{2}};
    store(*opened->storage, twin, begin);
    for (std::uint64_t i = 2; i < 60; ++i) {
        store(*opened->storage, twin, twin.group(i, 2, 900, i % 5 == 0 ? twin.last() : Index{0}));
    }
    options.dead_percent = 30;
    options.dead_bytes_min = 1;
    opened = open(files, options, sample_identity());
    REQUIRE(opened);
    std::uint64_t rewrites = 0;
    for (int sync = 0; sync < 30; ++sync) {
        store(*opened->storage, twin, {});
        const std::uint64_t now = opened->storage->published()->rewrites();
        CHECK(now <= rewrites + 1);
        rewrites = now;
    }
    CHECK(rewrites > 1);
    CHECK(rewrites < 30);
    const auto all = opened->storage->read(Index{1}, twin.last(), UINT64_MAX);
    REQUIRE(all);
    CHECK(*all == twin.entries);
}

TEST_CASE("rewrite: what is dead is counted alike by the writer and by openings", "[log]") {
    std::vector<DeadBytes> counted;
    for (const bool reopened : {false, true}) {
        MemoryFileSystem files;
        const Options options = sample_options(64u << 10);
        REQUIRE(format(files, options, sample_identity()));
        auto opened = open(files, options, sample_identity());
        REQUIRE(opened);
        TwinLog twin;
        Group begin;
        begin.hard_state = HardState{Term{1}, NodeId{2}};
        store(*opened->storage, twin, begin);
        store(*opened->storage, twin, twin.group(3, 4, 900));
        store(*opened->storage, twin, {});
        store(*opened->storage, twin, twin.group(4, 2, 900, Index{2}));
        store(*opened->storage, twin, {});
        if (reopened) {
            opened = open(files, options, sample_identity());
            REQUIRE(opened);
        }
        for (std::uint64_t i = 5; files.names().size() < 3; ++i) {
            store(*opened->storage, twin, twin.group(i, 5, 9000));
        }
        const auto copies = find_footers(files.bytes("wal/00000001.segment"), SegmentId{1});
        REQUIRE(copies);
        REQUIRE(copies->footer.dead);
        counted.push_back(*copies->footer.dead);
    }
    CHECK(counted[0] == counted[1]);
    CHECK(counted[0].other == 2 * sector_bytes + record_bytes(sizeof(Digest), 0));
    CHECK(counted[0].superseded > 2 * record_bytes(0, 0));
}

TEST_CASE("rewrite: where nobody counted what is dead, there may be some", "[log]") {
    MemoryFileSystem files;
    const auto file = files.create("segment");
    REQUIRE(file);
    FooterSummary footer;
    footer.segment = SegmentId{1};
    footer.first = Index{1};
    footer.last = Index{0};
    LogMap map;
    CHECK(dead_bytes(**file, footer, *map.publish()).superseded == 1);
    footer.dead = DeadBytes{.superseded = 300, .other = 512};
    CHECK(dead_bytes(**file, footer, *map.publish()).total() == 812);
    // An entry of it is out of the log, and the names do not stand.
    footer.dead = DeadBytes{};
    footer.last = Index{1};
    CHECK(dead_bytes(**file, footer, *map.publish()).superseded == 1);
}

// ---- all of it together

namespace {

struct Twin {
    TwinLog log;                            // entries in the form that was asked for
    std::map<Index, EntryRef> on_disk;      // in the form in which they lie there
    std::vector<std::pair<Index, ByteVector>> lost;  // markers of what was erased
    std::set<Index> damaged;
    std::vector<std::pair<SharedMap, TwinLog>> older;  // of this life
};

void check_files(MemoryFileSystem& files, const Twin& twin, std::span<const Index> erasing) {
    const auto image = files.image();
    for (const auto& [index, marker] : twin.lost) {
        if (!std::binary_search(erasing.begin(), erasing.end(), index)) {
            RC_ASSERT(file_with(image, marker).empty());
        }
    }
}

void check_entries(FileSystem& files, Storage& storage, Twin& twin) {
    const SharedMap map = storage.published();
    RC_ASSERT(map->first() == twin.log.first());
    RC_ASSERT(map->last() == twin.log.last());
    const auto erasing = storage.erasing();
    Reader reader(files, "wal");
    for (Index index = map->first(); index <= map->last(); ++index) {
        const EntryRef& wanted = twin.log.at(index).entry;
        if (!std::binary_search(erasing.begin(), erasing.end(), index)) {
            twin.on_disk[index] = wanted;
        }
        const auto found = reader.read_unchained(*map, index);
        if (found) {
            RC_ASSERT((*found == wanted || *found == twin.on_disk[index]));
            twin.on_disk[index] = *found;
            // What is asked to be erased is put back if it is damaged, whether it has anything to
            // lose or not.
            twin.damaged.erase(index);
        } else {
            RC_ASSERT(twin.damaged.contains(index));
            RC_ASSERT(reader.damaged() == index);
        }
    }
    for (const auto& [old, log] : twin.older) {
        for (Index index = old->first(); index <= old->last(); ++index) {
            const auto found = reader.read_unchained(*old, index);
            if (found) {
                RC_ASSERT(found->handle.envelope_digest() ==
                          log.at(index).entry.handle.envelope_digest());
            } else if (reader.damaged() > Index{}) {
                RC_ASSERT(twin.damaged.contains(index));
            }
        }
    }
}

}  // namespace

TEST_CASE("rewrite: erased, damaged, repaired, truncated and reopened it agrees with a vector",
    "[log]") {
    rc::prop("erasures against a twin", [] {
        Options options = sample_options(*rc::gen::element(2048u, 4096u, 16384u));
        options.dead_bytes_min = *rc::gen::element(1u, 2048u, 65536u);
        options.dead_percent = *rc::gen::element(20u, 50u);
        MemoryFileSystem files;
        RC_ASSERT(format(files, options, sample_identity()).has_value());
        Twin twin;
        TwinLog& log = twin.log;
        auto opened = open(files, options, sample_identity());
        RC_ASSERT(opened.has_value());
        const auto run = [&](const Group& plain) {
            const Group group = with_own_payloads(plain);
            RC_ASSERT(opened->storage->write(group).has_value());
            RC_ASSERT(opened->storage->sync().has_value());
            if (group.truncate_to) {
                std::erase_if(twin.damaged, [&](Index at) { return at > *group.truncate_to; });
                std::erase_if(
                    twin.on_disk, [&](const auto& at) { return at.first > *group.truncate_to; });
            }
            log.apply(group);
            const auto erasing = opened->storage->erasing();
            check_files(files, twin, {erasing.begin(), erasing.end()});
        };
        const auto steps = *rc::gen::inRange<std::uint64_t>(5, 45);
        for (std::uint64_t step = 1; step <= steps; ++step) {
            const auto action = *rc::gen::inRange(0, 12);
            Group group;
            group.commit = log.commit;
            if (action == 0) {
                const std::vector<Index> erasing(opened->storage->erasing().begin(),
                    opened->storage->erasing().end());
                // What waited is forgotten, and has to be asked for again.
                for (const Index index : erasing) {
                    log.entries[index - log.first()].entry = twin.on_disk[index];
                    std::erase_if(twin.lost, [&](const auto& one) { return one.first == index; });
                }
                twin.older.clear();
                opened->storage.reset();
                files.crash([] { return false; });
                check_files(files, twin, {});
                opened = open(files, options, sample_identity());
                RC_ASSERT(opened.has_value());
                RC_ASSERT(opened->recovered.last == log.last());
                for (const EntryIdentity& name : opened->recovered.faulty) {
                    RC_ASSERT(twin.damaged.contains(name.index));
                }
            } else if (action <= 4) {
                if (log.hard_state.term == Term{0} || action == 1) {
                    log.hard_state.term = log.hard_state.term.next();
                }
                const auto asked = log.hard_state;
                group = log.group(step, *rc::gen::inRange<std::uint64_t>(0, 5),
                    *rc::gen::element<std::size_t>(50, 300, 2000));
                group.hard_state = asked;
                group.commit = log.last();
                run(group);
            } else if (action == 5 && log.last() > log.commit && twin.damaged.empty()) {
                const Index kept{*rc::gen::inRange(log.commit.value, log.last().value)};
                log.hard_state.term = log.hard_state.term.next();
                const auto asked = log.hard_state;
                group = log.group(step, *rc::gen::inRange<std::uint64_t>(0, 4), 600, kept);
                group.hard_state = asked;
                group.commit = std::min(log.commit, kept);
                run(group);
            } else if (action == 6) {
                group.commit = *rc::gen::element(log.commit, log.last());
                run(group);
            } else if (action <= 8 && log.commit >= log.first()) {
                std::set<Index> chosen;
                for (int i = 0; i < 3; ++i) {
                    chosen.insert(
                        Index{*rc::gen::inRange(log.first().value, log.commit.value + 1)});
                }
                for (const Index index : chosen) {
                    EntryRef& entry = log.entries[index - log.first()].entry;
                    const EntryRef form = entry.handle.erasure() == Erasure::none && index.value % 2
                                              ? partly_erased_form(entry)
                                              : erased_form(entry);
                    group.erasures.push_back(form);
                    if (const ByteVector marker = marker_of(entry, form); !marker.empty()) {
                        twin.lost.emplace_back(index, marker);
                    }
                    twin.on_disk.try_emplace(index, entry);
                    entry = form;
                }
                run(group);
            } else if (action == 9 && log.commit >= log.first() && twin.damaged.size() < 3) {
                group.commit = log.last();
                run(group);
                run(group);  // the seal: from here on there is a witness
                const Index index{*rc::gen::inRange(log.first().value, log.commit.value + 1)};
                if (!twin.damaged.contains(index)) {
                    damage_record(files, place_in(files, *opened->storage->published(), index));
                    twin.damaged.insert(index);
                }
            } else if (action == 10 && !twin.damaged.empty()) {
                // In the form that lies there, or in the one that was asked for.
                for (const Index index : twin.damaged) {
                    group.repairs.push_back(twin.on_disk.contains(index)
                                                ? twin.on_disk[index]
                                                : log.at(index).entry);
                }
                run(group);
                twin.damaged.clear();
                RC_ASSERT(opened->storage->damaged().empty());
                RC_ASSERT(opened->storage->erasing().empty());
            } else if (action == 11 && twin.damaged.empty()) {
                RC_ASSERT(opened->storage->discard(log.commit).has_value());
                const Index first = opened->storage->published()->first();
                log.forget(first);
                std::erase_if(twin.on_disk, [&](const auto& at) { return at.first < first; });
                twin.older.clear();
            } else {
                twin.older.emplace_back(opened->storage->published(), log);
            }
            check_entries(files, *opened->storage, twin);
        }
    });
}

}  // namespace ledger::log
