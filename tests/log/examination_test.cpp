#include "log/examination.h"

#include <catch2/catch.hpp>

#include "log/base/crc32c.h"
#include "log/cut_store.h"
#include "log/log_walk.h"
#include "log/segment_examiner.h"
#include "tests/log/written_log.h"

namespace ledger::log {

namespace {

std::string all_of(const Examination& examined) {
    std::string text;
    for (const Finding& finding : examined.findings) {
        text += to_text(finding) + "\n";
    }
    return text;
}

const Finding* find_at(const Examination& examined, FoundAt place) {
    const auto found = std::find_if(examined.findings.begin(), examined.findings.end(),
        [place](const Finding& finding) { return finding.place == place; });
    return found == examined.findings.end() ? nullptr : &*found;
}

bool names_byte(const Examination& examined, const std::string& file, std::uint64_t offset) {
    return std::any_of(
        examined.findings.begin(), examined.findings.end(), [&](const Finding& finding) {
            return in_wal(finding.file) == file && finding.offset <= offset &&
                   offset < finding.offset + finding.bytes;
        });
}

// The places of the records, as the watch sees them.
struct Seen {
    SegmentId segment;
    std::uint64_t offset = 0;
    RecordHeader header;
    std::optional<Digest> hash;
    bool named = false;
};

std::vector<Seen> records_of(FileSystem& files) {
    std::vector<Seen> seen;
    Watch watch;
    watch.record = [&](const RecordNote& note) {
        seen.push_back({note.segment, note.slot.offset, note.slot.record.header, note.hash,
            note.named});
    };
    must_examine(files, watch);
    return seen;
}

// A record with an erasable part of some size that lies in a segment with a footer.
Seen sealed_record(FileSystem& files) {
    const std::vector<Seen> seen = records_of(files);
    for (const Seen& one : seen) {
        if (one.segment < seen.back().segment && one.header.erasable_bytes > 50) {
            return one;
        }
    }
    FAIL("the sample has no such record");
    return {};
}

void flip(Written& written, const std::string& name, std::uint64_t offset) {
    REQUIRE(offset < written.files.bytes(name).size());
    written.files.bytes(name)[offset] ^= std::byte{0x10};
}

// A device that does not read some sectors of one file.
class BadSectors final : public FileSystem {
  public:
    BadSectors(MemoryFileSystem& files, std::string name, std::uint64_t offset)
        : files_(files), name_(std::move(name)), offset_(offset) {}

    Result<std::unique_ptr<File>> open(const std::string& name) override {
        LEDGER_TRY(auto file, files_.open(name));
        return std::unique_ptr<File>(
            std::make_unique<Handle>(std::move(file), name == name_ ? offset_ : UINT64_MAX));
    }
    Result<std::unique_ptr<File>> create(const std::string& name) override {
        return files_.create(name);
    }
    Result<std::vector<std::string>> list(const std::string& directory) override {
        return files_.list(directory);
    }
    Result<void> make_directory(const std::string&) override { return {}; }
    Result<void> rename(const std::string&, const std::string&) override { return {}; }
    Result<void> remove(const std::string&) override { return {}; }
    Result<void> sync_directory(const std::string&) override { return {}; }
    Result<std::uint64_t> free_bytes(const std::string& directory) override {
        return files_.free_bytes(directory);
    }
    Result<bool> has_other_names(const std::string& name) override {
        return files_.has_other_names(name);
    }

  private:
    class Handle final : public File {
      public:
        Handle(std::unique_ptr<File> file, std::uint64_t bad)
            : file_(std::move(file)), bad_(bad) {}
        Result<std::uint64_t> read(std::uint64_t offset, std::span<std::byte> into) override {
            if (offset <= bad_ && bad_ < offset + into.size()) {
                return failure(Errc::io_error, "read");
            }
            return file_->read(offset, into);
        }
        Result<void> write(std::uint64_t, ByteSpan) override { return {}; }
        Result<void> sync() override { return {}; }
        Result<void> resize(std::uint64_t) override { return {}; }
        Result<std::uint64_t> size() override { return file_->size(); }

      private:
        const std::unique_ptr<File> file_;
        const std::uint64_t bad_;
    };

    MemoryFileSystem& files_;
    const std::string name_;
    const std::uint64_t offset_;
};

}  // namespace

TEST_CASE("examination: an intact log is clean, and is what its opening finds", "[log]") {
    Written written = write_log(true);
    const auto before = written.files.image();
    const std::uint64_t steps = written.files.steps();
    const Examination examined = must_examine(written.files);
    INFO(all_of(examined));
    CHECK(examined.condition() == Condition::clean);
    CHECK(examined.findings.empty());
    CHECK(written.files.image() == before);
    CHECK(written.files.steps() == steps);

    const TwinLog& twin = written.twin;
    CHECK(examined.hard_state->identity == sample_identity());
    CHECK(examined.hard_state->hard_state == twin.hard_state);
    CHECK(examined.first == twin.first());
    CHECK(examined.last == twin.last());
    CHECK(examined.last_hash == twin.hash_at(twin.last()));
    CHECK(examined.commit == twin.commit);
    CHECK(examined.tail.condition == Condition::clean);
    CHECK(examined.leftovers.empty());
    REQUIRE(examined.cuts.size() == 1);
    CHECK(examined.cuts[0].manifest->chunks.size() == 3);
    REQUIRE(examined.segments.size() >= 4);
    std::uint64_t entries = 0;
    for (const ExaminedSegment& segment : examined.segments) {
        CHECK(segment.header_copies == std::array{true, true});
        CHECK(segment.sealed == (&segment != &examined.segments.back()));
        CHECK(segment.footer_copies == std::array{segment.sealed, segment.sealed});
        CHECK(segment.epochs.size() >= 1);
        entries += segment.records - segment.truncations;
    }
    CHECK(entries == twin.last().value + 2 * 2);  // two truncations took two each
}

TEST_CASE("examination: whoever watches sees every record with its hash", "[log]") {
    Written written = write_log(true);
    const std::vector<Seen> seen = records_of(written.files);
    std::map<Index, Digest> newest;
    for (const Seen& one : seen) {
        CHECK(one.named);
        REQUIRE(one.hash);
        if (!one.header.is_truncation()) {
            newest[one.header.index] = *one.hash;
        }
    }
    for (const HashedEntry& entry : written.twin.entries) {
        CHECK(newest[entry.entry.index] == entry.hash);
    }
}

// No byte of any file is free of meaning, and damage never passes for a clean log or for another
// one than that which the opening accepts.
TEST_CASE("examination: whatever byte is damaged is named", "[log]") {
    const bool sealed = GENERATE(true, false);
    Written original = write_log(sealed);
    const auto image = original.files.image();
    std::uint64_t faulty = 0;
    std::uint64_t lost = 0;
    for (const auto& [name, bytes] : image) {
        for (std::uint64_t offset = bytes.size() % 7; offset < bytes.size(); offset += 7) {
            MemoryFileSystem files = copy_of(image);
            files.bytes(name)[offset] ^= std::byte{static_cast<unsigned char>(1 << offset % 8)};
            const Examination examined = must_examine(files);
            INFO(name << " byte " << offset << "\n" << all_of(examined));
            REQUIRE(names_byte(examined, name, offset));
            faulty += examined.condition() == Condition::faulty ? 1u : 0u;
            // Behind the last promise rot looks like a crash; nothing else does.
            const Finding& finding = examined.findings.front();
            REQUIRE((examined.condition() == Condition::faulty || !sealed ||
                     finding.place == FoundAt::padding || finding.place == FoundAt::tail));
            const auto opened = open(files, sample_options(segment_bytes), sample_identity());
            if (!opened) {
                REQUIRE(examined.condition() == Condition::faulty);
                continue;
            }
            REQUIRE(examined.first == opened->recovered.first);
            REQUIRE(examined.last >= opened->recovered.last);
            if (opened->recovered.last < original.twin.last()) {
                ++lost;
                REQUIRE(examined.condition() == Condition::unsealed);
                REQUIRE(examined.last == opened->recovered.last);
                REQUIRE(examined.tail.entries == opened->recovered.unsealed.size());
            }
        }
    }
    CHECK(faulty > 1000);
    CHECK((lost > 0) == !sealed);
}

// Beyond the fault model, where several places are damaged at once.
TEST_CASE("examination: what the opening refuses or loses never looks clean", "[log]") {
    const bool sealed = GENERATE(true, false);
    Written original = write_log(sealed);
    const auto image = original.files.image();
    const std::vector<std::string> names = original.files.names();
    std::uint64_t refused = 0;
    for (std::uint64_t seed = 0; seed < 1500; ++seed) {
        std::uint64_t sequence = 0;
        const auto pick = [&](std::uint64_t below) {
            return bounded(keyed_bits(seed, Site::test_a, 1, sequence++), below);
        };
        MemoryFileSystem files = copy_of(image);
        for (std::uint64_t harms = 1 + pick(4); harms > 0; --harms) {
            const std::string& name = names[pick(names.size())];
            ByteVector& bytes = files.bytes(name);
            const std::uint64_t sector = pick(bytes.size() / sector_bytes + 1) * sector_bytes;
            const std::uint64_t end =
                std::min<std::uint64_t>(sector + sector_bytes, bytes.size());
            const std::uint64_t how = pick(5);
            if (how == 0) {
                bytes.resize(std::min<std::uint64_t>(bytes.size(), sector + pick(sector_bytes)));
            } else if (how == 1) {
                bytes.resize(bytes.size() + pick(2000), std::byte{0x5a});
            }
            for (std::uint64_t at = sector; how >= 2 && at < end; ++at) {
                const std::uint64_t other = pick(2) * sector_bytes + at - sector;
                bytes[at] = how == 2   ? std::byte{0}
                            : how == 3 ? static_cast<std::byte>(pick(256))
                            : other < bytes.size() ? bytes[other] : std::byte{1};
            }
        }
        const Examination examined = must_examine(files);
        INFO("seed " << seed << "\n" << all_of(examined));
        const auto opened = open(files, sample_options(segment_bytes), sample_identity());
        if (!opened) {
            ++refused;
            INFO(opened.error().place);
            REQUIRE(examined.condition() == Condition::faulty);
        } else if (opened->recovered.last < original.twin.last()) {
            REQUIRE((examined.condition() != Condition::clean || examined.tail.bytes > 0 ||
                     examined.last == opened->recovered.last));
        }
    }
    CHECK(refused > 200);
}

TEST_CASE("examination: the parts of a record are told apart", "[log]") {
    struct Case {
        FoundAt place;
        std::uint64_t offset;  // in the record
    };
    Written sample = write_log(true);
    const Seen record = sealed_record(sample.files);
    const std::uint64_t envelope = record.header.envelope_bytes;
    const Case one = GENERATE_COPY(Case{FoundAt::record_header, 20},
        Case{FoundAt::record_envelope, record_header_bytes + 3},
        Case{FoundAt::record_erasable, record_header_bytes + envelope + 4 + 3});
    const std::string name = segment_name(record.segment);
    flip(sample, in_wal(name), record.offset + one.offset);
    const Examination examined = must_examine(sample.files);
    INFO(all_of(examined));
    REQUIRE(examined.findings.size() == 1);
    const Finding& finding = examined.findings[0];
    CHECK(finding.condition == Condition::faulty);
    CHECK(finding.place == one.place);
    CHECK(finding.file == name);
    CHECK(finding.segment == record.segment);
    CHECK(finding.index == record.header.index);
    CHECK_FALSE(finding.covered);
    CHECK(finding.offset <= record.offset + one.offset);
    CHECK(finding.sector() == finding.offset / 512);
    // The chain is taken up again behind it.
    CHECK(examined.last_hash == sample.twin.hash_at(sample.twin.last()));
}

TEST_CASE("examination: of what is kept twice, one damaged copy costs nothing", "[log]") {
    struct Case {
        FoundAt place;
        std::string file;
        std::uint64_t offset;
    };
    Written written = write_log(true);
    const ByteVector& sealed = written.files.bytes(in_wal(segment_name(SegmentId{1})));
    const auto footers = find_footers(sealed, SegmentId{1});
    REQUIRE(footers);
    CHECK(footers->intact == std::array{true, true});
    const std::string cut = "00000000000000000004.cut";
    const Case one = GENERATE_COPY(
        Case{FoundAt::hard_state_copy, hard_state_name, hard_state_offset(1, 1) + 60},
        Case{FoundAt::segment_header_copy, segment_name(SegmentId{1}), 30},
        Case{FoundAt::segment_header_copy, segment_name(SegmentId{1}), 512 + 30},
        Case{FoundAt::footer_copy, segment_name(SegmentId{1}), footers->offsets[0] + 70},
        Case{FoundAt::footer_copy, segment_name(SegmentId{1}), footers->offsets[1] + 70},
        Case{FoundAt::footer_copy, segment_name(SegmentId{1}), sealed.size() - 30},
        Case{FoundAt::cut_manifest_copy, cut, 60}, Case{FoundAt::cut_manifest_copy, cut, 572});
    flip(written, in_wal(one.file), one.offset);
    const Examination examined = must_examine(written.files);
    INFO(all_of(examined));
    REQUIRE(examined.findings.size() == 1);
    CHECK(examined.findings[0].place == one.place);
    CHECK(examined.findings[0].condition == Condition::faulty);
    CHECK(examined.findings[0].covered);
    CHECK(names_byte(examined, in_wal(one.file), one.offset));
}

TEST_CASE("examination: a chunk of a cut is named by its number", "[log]") {
    Written written = write_log(true);
    const std::string name = "00000000000000000004.chunks";
    flip(written, in_wal(name), 512 + 80);
    const Examination examined = must_examine(written.files);
    REQUIRE(examined.findings.size() == 1);
    const Finding& finding = examined.findings[0];
    CHECK(finding.place == FoundAt::cut_chunk);
    CHECK(finding.condition == Condition::faulty);
    CHECK(finding.file == name);
    CHECK(finding.offset == 512);
    CHECK(finding.index == Index{4});
    CHECK(finding.why.find("chunk 1:") == 0);
    // Without a manifest it is an unfinished cut, as a crash leaves it.
    REQUIRE(written.files.remove(in_wal("00000000000000000004.cut")));
    CHECK(must_examine(written.files).condition() == Condition::clean);
}

TEST_CASE("examination: a manifest without its chunks, or of another cut, is no cut", "[log]") {
    for (const bool missing : {true, false}) {
        Written written = write_log(true);
        const std::string manifest = in_wal("00000000000000000004.cut");
        if (missing) {
            REQUIRE(written.files.remove(in_wal("00000000000000000004.chunks")));
        } else {
            REQUIRE(written.files.rename(manifest, in_wal("00000000000000000005.cut")));
        }
        const Examination examined = must_examine(written.files);
        INFO(all_of(examined));
        REQUIRE(find_at(examined, FoundAt::cut_manifest) != nullptr);
        CHECK(examined.condition() == Condition::faulty);
    }
}

TEST_CASE("examination: a file cut short in its last group is torn, in a promise faulty", "[log]") {
    Written written = write_log(false);
    const auto image = written.files.image();
    const std::vector<Seen> seen = records_of(written.files);
    const Seen& last = seen.back();
    const std::string name = in_wal(segment_name(last.segment));
    MemoryFileSystem files = copy_of(image);
    files.bytes(name).resize(last.offset + 10);
    Examination examined = must_examine(files);
    INFO(all_of(examined));
    CHECK(examined.condition() == Condition::torn);
    CHECK(examined.tail.condition == Condition::torn);
    CHECK(examined.tail.segment == last.segment);
    REQUIRE(find_at(examined, FoundAt::tail) != nullptr);
    CHECK(find_at(examined, FoundAt::tail)->index == last.header.index);
    CHECK(examined.last == last.header.index.previous());

    // What is committed cannot have been torn.
    const Written sealed = write_log(true);
    files = copy_of(sealed.files.image());
    const auto opened = open(files, sample_options(segment_bytes), sample_identity());
    REQUIRE(opened);  // notes the commit in the hard state
    REQUIRE(files.bytes(name).size() > last.offset);
    files.bytes(name).resize(segment_header_bytes);
    examined = must_examine(files);
    CHECK(examined.condition() == Condition::faulty);
    REQUIRE(find_at(examined, FoundAt::promise) != nullptr);
}

TEST_CASE("examination: what is missing or does not belong here is named", "[log]") {
    SECTION("a segment in the middle") {
        Written written = write_log(true);
        REQUIRE(written.files.remove(in_wal(segment_name(SegmentId{2}))));
        const Examination examined = must_examine(written.files);
        const Finding* finding = find_at(examined, FoundAt::segment_header);
        REQUIRE(finding != nullptr);
        CHECK(finding->segment == SegmentId{3});
        CHECK(examined.condition() == Condition::faulty);
    }
    SECTION("the first segment") {
        Written written = write_log(true);
        REQUIRE(written.files.remove(in_wal(segment_name(SegmentId{1}))));
        const Examination examined = must_examine(written.files);
        REQUIRE(find_at(examined, FoundAt::file) != nullptr);
        CHECK(find_at(examined, FoundAt::file)->why == "the segments before it are missing");
    }
    SECTION("the hard state") {
        Written written = write_log(true);
        REQUIRE(written.files.remove(in_wal(hard_state_name)));
        const Examination examined = must_examine(written.files);
        REQUIRE(find_at(examined, FoundAt::hard_state) != nullptr);
        CHECK(examined.condition() == Condition::faulty);
        CHECK_FALSE(examined.hard_state);
        CHECK(examined.last == written.twin.last());
    }
    SECTION("an old hard state") {
        Written written = write_log(true);
        Written young;
        REQUIRE(format(young.files, sample_options(), sample_identity()));
        written.files.bytes(in_wal(hard_state_name)) =
            young.files.bytes(in_wal(hard_state_name));
        const Examination examined = must_examine(written.files);
        REQUIRE(find_at(examined, FoundAt::hard_state) != nullptr);
        CHECK(examined.condition() == Condition::faulty);
    }
    SECTION("another node's hard state") {
        Written written = write_log(true);
        Written other;
        Identity identity = sample_identity();
        identity.node = NodeId{9};
        REQUIRE(format(other.files, sample_options(), identity));
        written.files.bytes(in_wal(hard_state_name)) =
            other.files.bytes(in_wal(hard_state_name));
        const Examination examined = must_examine(written.files);
        REQUIRE(find_at(examined, FoundAt::file) != nullptr);
        CHECK(find_at(examined, FoundAt::file)->why.find("belongs to") != std::string::npos);
    }
    SECTION("files of nobody") {
        Written written = write_log(true);
        REQUIRE(written.files.create(in_wal("notes.txt")));
        REQUIRE(written.files.create(in_wal("manifest.new")));
        const Examination examined = must_examine(written.files);
        CHECK(examined.condition() == Condition::clean);
        CHECK(examined.leftovers == std::vector<std::string>{"manifest.new", "notes.txt"});
    }
    SECTION("everything") {
        MemoryFileSystem files;
        const auto examined = examine(files, "wal");
        REQUIRE(!examined);
        CHECK(examined.error().code == Errc::not_found);
    }
}

TEST_CASE("examination: a slot without a copy may have held a later vote", "[log]") {
    Written written = write_log(true);
    const std::uint64_t slot =
        must_examine(written.files).hard_state->generation % hard_state_slots;
    for (std::uint64_t copy = 0; copy < hard_state_copies; ++copy) {
        flip(written, in_wal(hard_state_name), hard_state_offset(slot, copy) + 57);
    }
    const Examination examined = must_examine(written.files);
    REQUIRE(examined.findings.size() >= 2);
    CHECK_FALSE(examined.findings[0].covered);
}

TEST_CASE("examination: a footer that says something else than the records is named", "[log]") {
    Written written = write_log(true);
    const std::string name = in_wal(segment_name(SegmentId{1}));
    ByteVector& bytes = written.files.bytes(name);
    const auto footers = find_footers(bytes, SegmentId{1});
    REQUIRE(footers);
    Footer footer = footers->footer;
    REQUIRE(!footer.names.empty());
    footer.names.back().envelope_crc ^= 1;
    bytes.resize(static_cast<std::size_t>(footer.body_end));
    const ByteVector forged = encode_footers(footer);
    bytes.insert(bytes.end(), forged.begin(), forged.end());
    const Examination examined = must_examine(written.files);
    INFO(all_of(examined));
    REQUIRE(find_at(examined, FoundAt::footer) != nullptr);
    CHECK(find_at(examined, FoundAt::footer)->why.find("the identity of index") !=
          std::string::npos);
}

TEST_CASE("examination: both footers gone from a segment with a promised successor", "[log]") {
    Written written = write_log(true);
    const std::string name = in_wal(segment_name(SegmentId{1}));
    ByteVector& bytes = written.files.bytes(name);
    const auto footers = find_footers(bytes, SegmentId{1});
    REQUIRE(footers);
    for (std::uint64_t at = footers->offsets[0]; at < bytes.size(); at += sector_bytes) {
        bytes[at + 100] ^= std::byte{1};
        bytes[at + 500] ^= std::byte{1};
    }
    const Examination examined = must_examine(written.files);
    INFO(all_of(examined));
    REQUIRE(examined.findings.size() == 1);
    CHECK(examined.findings[0].place == FoundAt::footer);
    CHECK(examined.findings[0].condition == Condition::faulty);
    CHECK(examined.findings[0].covered);
    CHECK_FALSE(examined.segments[0].sealed);
}

TEST_CASE("examination: a sector that the device does not read is found alone", "[log]") {
    Written written = write_log(true);
    const Seen record = sealed_record(written.files);
    const std::string name = segment_name(record.segment);
    const std::uint64_t sector = record.offset / sector_bytes;
    BadSectors files(written.files, in_wal(name), sector * sector_bytes + 17);
    const Examination examined = must_examine(files);
    INFO(all_of(examined));
    const Finding* finding = find_at(examined, FoundAt::sector);
    REQUIRE(finding != nullptr);
    CHECK(finding->sector() == sector);
    CHECK(finding->bytes == sector_bytes);
    CHECK(std::count_if(examined.findings.begin(), examined.findings.end(),
              [](const Finding& one) { return one.place == FoundAt::sector; }) == 1);
    CHECK(examined.condition() == Condition::faulty);
    CHECK(examined.last == written.twin.last());
    CHECK_FALSE(finding->covered);

    // Where a copy stands, nothing is lost.
    BadSectors others(written.files, in_wal(hard_state_name), hard_state_offset(0, 1));
    const Examination another = must_examine(others);
    REQUIRE(find_at(another, FoundAt::sector) != nullptr);
    CHECK(find_at(another, FoundAt::sector)->covered);
    CHECK(find_at(another, FoundAt::hard_state_copy)->covered);
}

TEST_CASE("examination: an unreadable sector of a manifest ends nothing", "[log]") {
    Written written = write_log(true);
    flip(written, in_wal(hard_state_name), hard_state_offset(0, 1) + 57);
    BadSectors files(written.files, in_wal("00000000000000000004.cut"), 40);
    const Examination examined = must_examine(files);
    INFO(all_of(examined));
    REQUIRE(find_at(examined, FoundAt::cut_manifest_copy) != nullptr);
    CHECK(find_at(examined, FoundAt::cut_manifest_copy)->covered);
    CHECK(find_at(examined, FoundAt::hard_state_copy) != nullptr);
    REQUIRE(examined.cuts.size() == 1);
    CHECK(examined.cuts[0].manifest);
}

TEST_CASE("examination: a manifest of a later version is none of ours, and not damaged", "[log]") {
    Written written = write_log(true);
    ByteVector& bytes = written.files.bytes(in_wal("00000000000000000004.cut"));
    const std::size_t half = bytes.size() / 2;
    for (const std::size_t copy : {std::size_t{0}, half}) {
        store_little_endian(bytes.data() + copy + 4, std::uint32_t{9});
        store_little_endian(bytes.data() + copy + 44, crc32c(ByteSpan(bytes).subspan(copy, 44)));
    }
    const auto examined = examine(written.files, sample_options().directory);
    REQUIRE(!examined);
    CHECK(examined.error().code == Errc::unsupported);
    CHECK(examined.error().place.find("00000000000000000004.cut") != std::string::npos);
}

TEST_CASE("log_walk: hashes are known, unknown and known again", "[log]") {
    LogWalk walk;
    const Digest one = sha256(as_bytes("one"));
    const Digest two = sha256(as_bytes("two"));
    walk.append(Term{1}, one);
    walk.append(Term{2}, std::nullopt);
    walk.append(Term{2}, std::nullopt);
    CHECK(walk.last() == Index{3});
    CHECK(walk.term_at(Index{1}) == Term{1});
    CHECK(walk.term_at(Index{2}) == Term{2});
    CHECK_FALSE(walk.hash());
    CHECK(walk.hash_at(Index{1}) == one);
    walk.truncate(Index{1}, one);
    CHECK(walk.last_term() == Term{1});
    CHECK(walk.hash() == one);
    walk.append(Term{3}, two);
    walk.committed(Index{2});
    CHECK_FALSE(walk.hash_at(Index{1}));
    CHECK(walk.hash() == two);
    walk.stand_at({Term{5}, Index{9}}, std::nullopt);
    CHECK(walk.last() == Index{9});
    CHECK(walk.last_term() == Term{5});
    CHECK_FALSE(walk.hash_at(Index{2}));
    CHECK(walk.term_at(Index{2}) == Term{3});
}

}  // namespace ledger::log
