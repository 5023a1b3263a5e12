#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/examination.h"
#include "log/hard_state_file.h"
#include "tests/log/conformance/case.h"
#include "tests/log/conformance/damage_sample.h"
#include "tests/log/conformance/describe.h"

namespace ledger::log::conformance {
namespace {

using Harm = std::function<void(Image&, const DamageSample&)>;

// --- what is done to the files -------------------------------------------------------------------

ByteVector& bytes_of(Image& image, const std::string& file) {
    LEDGER_ASSERT(image.contains(file));
    return image[file];
}

void flip(Image& image, const std::string& file, std::uint64_t offset) {
    ByteVector& bytes = bytes_of(image, file);
    LEDGER_ASSERT(offset < bytes.size());
    bytes[static_cast<std::size_t>(offset)] ^= std::byte{0x10};
}

void zero(Image& image, const std::string& file, std::uint64_t offset, std::uint64_t count) {
    ByteVector& bytes = bytes_of(image, file);
    LEDGER_ASSERT(offset + count <= bytes.size());
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset),
        static_cast<std::ptrdiff_t>(count), std::byte{0});
}

void zero_sector_of(Image& image, const Spot& spot) {
    zero(image, spot.file, spot.offset / sector_bytes * sector_bytes, sector_bytes);
}

void cut_short(Image& image, const std::string& file, std::uint64_t bytes) {
    LEDGER_ASSERT(bytes < bytes_of(image, file).size());
    image[file].resize(static_cast<std::size_t>(bytes));
}

void extend(Image& image, const std::string& file, std::uint64_t count, bool zeros) {
    ByteVector& bytes = bytes_of(image, file);
    const ByteVector more = zeros ? ByteVector(static_cast<std::size_t>(count))
                                  : sample_bytes(99, static_cast<std::size_t>(count));
    bytes.insert(bytes.end(), more.begin(), more.end());
}

// The bytes of one place over another one.
void copy(Image& image, const Spot& from, const Spot& to) {
    const ByteVector source = bytes_of(image, from.file);
    ByteVector& target = bytes_of(image, to.file);
    const std::uint64_t count = std::min(from.end - from.offset, to.end - to.offset);
    std::copy_n(source.begin() + static_cast<std::ptrdiff_t>(from.offset),
        static_cast<std::ptrdiff_t>(count),
        target.begin() + static_cast<std::ptrdiff_t>(to.offset));
}

void remove(Image& image, const std::string& file) {
    LEDGER_ASSERT(image.erase(file) == 1);
}

// --- what comes of it ----------------------------------------------------------------------------

// What the opening makes of it is compared between the file systems only, and what can be read then.
void tell_opening(Outcome& outcome, FileSystem& files) {
    const Options options = sample_options(damage_segment_bytes);
    const auto opened = open(files, options, sample_identity());
    outcome.details += "opened: " + describe(opened) + "\n";
    if (opened) {
        const Recovered& found = opened->recovered;
        for (Index index = found.first; index <= found.last; index = index.next()) {
            const auto entry = opened->storage->read(index, index, UINT64_MAX);
            outcome.details += entry ? to_hex(entry->front().hash).substr(0, 16)
                                     : "index " + std::to_string(index.value) + ": " +
                                           describe(entry.error());
            outcome.details += "\n";
        }
    }
    outcome.details += "then " + describe(examine(files, options.directory)) + "\n";
}

Outcome run(Arm& arm, bool sealed, const Harm& harm) {
    const DamageSample& sample = damage_sample(sealed);
    const std::string directory = sample_options().directory;
    Image image = sample.image;
    harm(image, sample);
    LEDGER_ASSERT(image != sample.image);
    LEDGER_ASSERT(put_image(arm.files(), directory, image));
    const auto examined = examine(arm.files(), directory);
    Outcome outcome{words_of(examined), describe(examined) + "\n"};
    const auto untouched = read_image(arm.files(), directory);
    LEDGER_ASSERT(untouched && *untouched == image);  // whoever examines changes nothing
    tell_opening(outcome, arm.files());
    const auto after = read_image(arm.files(), directory);
    outcome.details += after ? "files:" + describe(*after) : describe(after.error());
    return outcome;
}

Case damage(const std::string& name, bool sealed, Harm harm, const std::string& words) {
    return {"damage: " + name,
        [sealed, harm = std::move(harm)](Arm& arm) { return run(arm, sealed, harm); }, words};
}

// --- one bit of every field ----------------------------------------------------------------------

struct Field {
    const char* name;
    std::uint64_t offset;
};

// One case for each field: a bit of it is flipped in the structure that `spot` finds.
void add_flips(std::vector<Case>& cases, const std::string& structure, bool sealed,
    std::function<Spot(const DamageSample&)> spot, const std::vector<Field>& fields,
    const std::string& words) {
    for (const Field& field : fields) {
        cases.push_back(damage(structure + ", " + field.name, sealed,
            [spot, offset = field.offset](Image& image, const DamageSample& sample) {
                const Spot at = spot(sample);
                LEDGER_ASSERT(at.offset + offset < at.end);
                flip(image, at.file, at.offset + offset);
            },
            words));
    }
}

std::vector<Field> record_header_fields() {
    return {{"magic", 0}, {"kind", 4}, {"flags", 5},
    {"reserved", 6}, {"epoch", 8}, {"index", 16}, {"term", 24}, {"cluster time", 32},
    {"wall time", 40}, {"envelope bytes", 48}, {"erasable bytes", 52}, {"previous hash", 56},
    {"sync index", 64}, {"checksum", 72}};
}

// The parts behind a record's header, whose places depend on its lengths.
void add_parts(std::vector<Case>& cases, const std::string& structure, bool sealed,
    std::function<RecordSpot(const DamageSample&)> find, const std::string& condition) {
    const auto add = [&](const char* part, auto offset, const char* place) {
        cases.push_back(damage(structure + ", " + part, sealed,
            [find, offset](Image& image, const DamageSample& sample) {
                const RecordSpot at = find(sample);
                flip(image, at.file, at.offset + offset(at.header));
            },
            condition + " " + place));
    };
    const auto envelope_end = [](const RecordHeader& header) {
        return record_header_bytes + header.envelope_bytes;
    };
    const auto erasable_end = [=](const RecordHeader& header) {
        return envelope_end(header) + 4 + header.erasable_bytes;
    };
    add("envelope", [](const RecordHeader&) { return record_header_bytes + 3; },
        "record envelope");
    add("envelope checksum", [=](const RecordHeader& h) { return envelope_end(h); },
        "record envelope");
    add("erasable part", [=](const RecordHeader& h) { return envelope_end(h) + 4 + 3; },
        "record erasable part");
    add("erasable checksum", [=](const RecordHeader& h) { return erasable_end(h); },
        "record erasable part");
}

std::vector<Case> records() {
    std::vector<Case> cases;
    const auto sealed = [](const DamageSample& sample) { return sample.sealed_record(); };
    add_flips(cases, "record of a sealed segment", true, sealed, record_header_fields(),
        "FAULTY record header");
    add_parts(cases, "record of a sealed segment", true, sealed, "FAULTY");
    const auto promised = [](const DamageSample& sample) {
        return sample.first_group_of_active().records.front();
    };
    add_flips(cases, "record of the active segment", true, promised,
        {{"magic", 0}, {"index", 16}, {"checksum", 72}}, "FAULTY record header");
    const auto last = [](const DamageSample& sample) {
        return sample.last_group().records.front();
    };
    add_flips(cases, "record of the last group", false, last, record_header_fields(),
        "UNSEALED record header");
    add_parts(cases, "record of the last group", false, last, "UNSEALED");
    add_flips(cases, "record of the last group behind a seal", true, last,
        {{"magic", 0}, {"term", 24}}, "FAULTY record header");
    const auto truncation = [](const DamageSample& sample) {
        for (const SegmentSpot& segment : sample.segments) {
            for (const GroupSpot& group : segment.groups) {
                if (!group.records.empty() && group.records.front().header.is_truncation()) {
                    return group.records.front();
                }
            }
        }
        LEDGER_ASSERT(false);
        return RecordSpot{};
    };
    add_flips(cases, "truncation", true, truncation, {{"kind", 4}, {"index", 16}},
        "FAULTY record header (covered)");
    add_flips(cases, "truncation", true, truncation, {{"hash", 80}}, "FAULTY record envelope (covered)");
    return cases;
}

std::vector<Case> segment_headers() {
    std::vector<Case> cases;
    const std::vector<Field> fields = {{"magic", 0}, {"version", 4}, {"cluster", 8}, {"node", 24},
        {"reserved", 28}, {"segment", 32}, {"previous", 40}, {"epoch", 48}, {"first", 56},
        {"sync index", 64}, {"incarnation", 72}, {"term", 80}, {"cluster time", 88},
        {"wall time", 96}, {"hash", 104}, {"checksum", 136}};
    const auto first = [](const DamageSample& sample) {
        return Spot{sample.active().file, 0, sector_bytes};
    };
    const auto second = [](const DamageSample& sample) {
        return Spot{sample.active().file, sector_bytes, 2 * sector_bytes};
    };
    const std::string words = "FAULTY segment header copy (covered)";
    add_flips(cases, "segment header", true, first, fields, words);
    add_flips(cases, "second copy of a segment header", true, second,
        {{"magic", 0}, {"first", 56}}, words);
    add_flips(cases, "segment header", true, first, {{"zeros behind it", 300}},
        "FAULTY padding (covered)");
    const auto both = [](const std::string& file, Image& image) {
        flip(image, file, 56);
        flip(image, file, sector_bytes + 60);
    };
    cases.push_back(damage("both copies of the header of a sealed segment", true,
        [both](Image& image, const DamageSample& sample) { both(sample.sealed().file, image); },
        "FAULTY segment header"));
    cases.push_back(damage("both copies of the header of the active segment", true,
        [both](Image& image, const DamageSample& sample) { both(sample.active().file, image); },
        "FAULTY segment header"));
    return cases;
}

std::vector<Case> identity_blocks() {
    std::vector<Case> cases;
    const auto middle = [](const DamageSample& sample) {
        return sample.first_group_of_active().block;
    };
    add_flips(cases, "identity block", true, middle,
        {{"magic", 0}, {"number of names", 4}, {"epoch", 8}, {"group start", 16}, {"base", 24},
            {"base hash", 32}, {"sync index", 40}, {"commit", 48}, {"last", 56}, {"hash", 64},
            {"checksum of names", 96}, {"checksum", 100}, {"index of a name", 104},
            {"term of a name", 112}, {"envelope bytes of a name", 120},
            {"erasable bytes of a name", 124}, {"envelope checksum of a name", 128},
            {"kind of a name", 132}, {"flags of a name", 133}},
        "FAULTY identity block (covered)");
    add_flips(cases, "identity block", true, middle, {{"zeros behind it", 500}},
        "FAULTY padding (covered)");
    const auto sealed = [](const DamageSample& sample) {
        return sample.sealed().groups.front().block;
    };
    add_flips(cases, "identity block of a sealed segment", true, sealed, {{"commit", 48}},
        "FAULTY identity block (covered)");
    const auto last = [](const DamageSample& sample) { return sample.last_group().block; };
    add_flips(cases, "identity block of the last group", false, last,
        {{"magic", 0}, {"last", 56}, {"index of a name", 104}}, "TORN tail");
    const auto seal = [](const DamageSample& sample) { return sample.active().groups.back().block; };
    add_flips(cases, "seal", true, seal, {{"magic", 0}, {"commit", 48}, {"checksum", 100}},
        "TORN tail");
    return cases;
}

std::vector<Case> footers() {
    std::vector<Case> cases;
    const std::string words = "FAULTY footer copy (covered)";
    const auto copy_number = [](std::size_t number) {
        return [number](const DamageSample& sample) { return sample.sealed().footers[number]; };
    };
    add_flips(cases, "footer", true, copy_number(0),
        {{"magic", 0}, {"version", 4}, {"segment", 8}, {"epoch", 16}, {"body end", 24},
            {"first", 32}, {"last", 40}, {"sync index", 48}, {"commit", 56}, {"start hash", 64},
            {"last hash", 96}, {"number of sections", 128}, {"type of a section", 136},
            {"version of a section", 140}, {"bytes of a section", 144}, {"first of a run", 152},
            {"term of a run", 160}},
        words);
    const auto trailer = [](std::size_t number) {
        return [number](const DamageSample& sample) {
            const Spot footer = sample.sealed().footers[number];
            return Spot{footer.file, footer.end - 64, footer.end};
        };
    };
    add_flips(cases, "footer trailer", true, trailer(0),
        {{"magic", 0}, {"checksum of the copy", 4}, {"offset", 8}, {"bytes", 16}, {"zeros", 30},
            {"checksum", 60}},
        words);
    add_flips(cases, "second footer", true, copy_number(1), {{"magic", 0}, {"last", 40}}, words);
    add_flips(cases, "second footer trailer", true, trailer(1), {{"offset", 8}, {"checksum", 60}},
        words);
    cases.push_back(damage("both footers", true,
        [](Image& image, const DamageSample& sample) {
            for (const Spot& footer : sample.sealed().footers) {
                flip(image, footer.file, footer.offset + 40);
            }
        },
        "FAULTY footer (covered)"));
    return cases;
}

std::vector<Case> hard_states() {
    std::vector<Case> cases;
    const std::vector<Field> fields = {{"magic", 0}, {"version", 4}, {"cluster", 8}, {"node", 24},
        {"vote", 28}, {"generation", 32}, {"epoch", 40}, {"segments", 48}, {"term", 56},
        {"commit", 64}, {"incarnation", 72}, {"oldest", 80}, {"flags", 88},
        {"newest", 96}, {"checksum", 104}};
    const std::string words = "FAULTY hard state copy (covered)";
    add_flips(cases, "hard state", true,
        [](const DamageSample& sample) { return sample.hard_state_newest; }, fields, words);
    const auto second = [](const DamageSample& sample) {
        Spot spot = sample.hard_state_newest;
        spot.offset += 8192;
        spot.end += 8192;
        return spot;
    };
    add_flips(cases, "second copy of a hard state", true, second, {{"term", 56}, {"vote", 28}},
        words);
    add_flips(cases, "hard state", true,
        [](const DamageSample& sample) { return sample.hard_state_newest; },
        {{"zeros behind it", 200}}, "FAULTY padding (covered)");
    const auto both = [](Image& image, const Spot& spot) {
        flip(image, spot.file, spot.offset + 56);
        flip(image, spot.file, spot.offset + 8192 + 56);
    };
    cases.push_back(damage("both copies of the older hard state", true,
        [both](Image& image, const DamageSample& sample) { both(image, sample.hard_state_oldest); },
        "FAULTY hard state copy + FAULTY hard state copy"));
    cases.push_back(damage("both copies of the newest hard state", true,
        [both](Image& image, const DamageSample& sample) { both(image, sample.hard_state_newest); },
        "FAULTY hard state copy + FAULTY hard state copy"));
    cases.push_back(damage("every copy of the hard state", true,
        [both](Image& image, const DamageSample& sample) {
            both(image, sample.hard_state_oldest);
            both(image, sample.hard_state_newest);
        },
        "FAULTY hard state"));
    cases.push_back(damage("two intact copies of a hard state that contradict", true,
        [](Image& image, const DamageSample& sample) {
            // As a write of another process to this file would leave it.
            const Spot& spot = sample.hard_state_newest;
            const std::uint64_t other = spot.offset + 8192;
            ByteVector& bytes = bytes_of(image, spot.file);
            auto slot = decode_hard_state_slot(
                ByteSpan(bytes).subspan(static_cast<std::size_t>(other), 512), other);
            LEDGER_ASSERT(slot);
            slot->hard_state.vote = NodeId{1};
            encode_hard_state_slot(
                std::span(bytes).subspan(static_cast<std::size_t>(other), 512), *slot, other);
        },
        "FAULTY hard state copy + FAULTY hard state copy"));
    return cases;
}

std::vector<Case> cuts() {
    std::vector<Case> cases;
    const auto manifest = [](const DamageSample& sample) {
        return Spot{sample.manifest, 0, sector_bytes};
    };
    add_flips(cases, "cut manifest", true, manifest,
        {{"magic", 0}, {"version", 4}, {"cluster", 8}, {"node", 24}, {"bytes", 32},
            {"checksum of the header", 44}, {"version of the manifest", 48}, {"term", 52},
            {"index", 60}, {"cluster time", 68}, {"entry hash", 84}, {"configuration", 130}, {"chunk digest", 240},
            {"bytes of a chunk", 334}, {"checksum", 346}, {"zeros behind it", 400}},
        "FAULTY cut manifest copy (covered)");
    const auto chunk = [](const DamageSample& sample) {
        return Spot{sample.chunks, sector_bytes, 3 * sector_bytes};  // of 600 bytes
    };
    add_flips(cases, "cut chunk", true, chunk,
        {{"magic", 0}, {"number", 4}, {"term", 8}, {"index", 16}, {"bytes", 24}, {"checksum", 28},
            {"reserved", 32}, {"checksum of the header", 36}, {"first byte", 40},
            {"last byte", 40 + 599}, {"zeros behind it", 1000}},
        "FAULTY cut chunk");
    return cases;
}

// --- files cut short, extended, zeroed, missing or exchanged -------------------------------------

std::vector<Case> truncated_tails() {
    const auto short_of = [](auto offset) {
        return [offset](Image& image, const DamageSample& sample) {
            cut_short(image, sample.active().file, offset(sample));
        };
    };
    const auto group = [](const DamageSample& sample) { return sample.last_group(); };
    return {
        damage("the last group without its last byte", false,
            short_of([=](const DamageSample& s) { return group(s).end - 1; }),
            "TORN tail"),
        damage("the last group without its block", false,
            short_of([=](const DamageSample& s) { return group(s).block.offset; }),
            "TORN tail"),
        damage("the last group in the zeros before its block", false,
            short_of([=](const DamageSample& s) { return group(s).records.back().end; }),
            "TORN identity block (covered)"),
        damage("the last group in its last record", false,
            short_of([=](const DamageSample& s) { return group(s).records.back().end - 12; }),
            "TORN tail"),
        damage("the last group between two records", false,
            short_of([=](const DamageSample& s) { return group(s).records.front().end; }),
            "TORN identity block (covered)"),
        damage("the last group in the header of its first record", false,
            short_of([=](const DamageSample& s) { return group(s).offset + 10; }), "TORN tail"),
        damage("the log without its last group", false,
            short_of([=](const DamageSample& s) { return group(s).offset; }), "CLEAN"),
        damage("the group before the last", false,
            short_of([](const DamageSample& s) {
                return s.active().groups[s.active().groups.size() - 2].offset + 100;
            }),
            "TORN tail"),
        damage("a sealed log in its seal", true,
            short_of([](const DamageSample& s) { return s.active().groups.back().end - 100; }),
            "TORN tail"),
        damage("a sealed log without its seal", true,
            short_of([](const DamageSample& s) { return s.active().groups.back().offset; }), "CLEAN"),
        damage("the active segment behind its header", true,
            short_of([](const DamageSample&) { return segment_header_bytes; }), "FAULTY file"),
        damage("the active segment in its header", true,
            short_of([](const DamageSample&) { return sector_bytes; }),
            "FAULTY segment header copy (covered) + FAULTY file"),
        damage("the active segment with nothing", true,
            short_of([](const DamageSample&) { return std::uint64_t{0}; }), "FAULTY segment header"),
    };
}

std::vector<Case> truncated_files() {
    const auto sealed = [](auto offset) {
        return [offset](Image& image, const DamageSample& sample) {
            cut_short(image, sample.sealed().file, offset(sample.sealed()));
        };
    };
    const auto named = [](auto file, std::uint64_t bytes) {
        return [file, bytes](Image& image, const DamageSample& sample) {
            cut_short(image, sample.*file, bytes);
        };
    };
    const auto hard_state = [](std::uint64_t bytes) {
        return [bytes](Image& image, const DamageSample& sample) {
            cut_short(image, sample.hard_state_newest.file, bytes);
        };
    };
    return {
        damage("a sealed segment without its last byte", true,
            sealed([](const SegmentSpot& s) { return s.footers[1].end - 1; }), "FAULTY footer copy (covered)"),
        damage("a sealed segment in its second footer", true,
            sealed([](const SegmentSpot& s) { return s.footers[1].offset + 100; }), "FAULTY footer copy (covered)"),
        damage("a sealed segment without its second footer", true,
            sealed([](const SegmentSpot& s) { return s.footers[1].offset; }), "FAULTY footer copy (covered)"),
        damage("a sealed segment in its first footer", true,
            sealed([](const SegmentSpot& s) { return s.footers[0].offset + 100; }), "FAULTY footer (covered)"),
        damage("a sealed segment without its footers", true,
            sealed([](const SegmentSpot& s) { return s.footers[0].offset; }), "FAULTY footer (covered)"),
        damage("a sealed segment in its last group", true,
            sealed([](const SegmentSpot& s) { return s.groups.back().offset + 50; }), "FAULTY record header + FAULTY footer (covered)"),
        damage("a sealed segment with nothing", true,
            sealed([](const SegmentSpot&) { return std::uint64_t{0}; }), "FAULTY segment header + FAULTY footer (covered) + FAULTY segment header"),
        damage("the hard state without its last copy", true, hard_state(3 * 4096), "FAULTY hard state copy (covered)"),
        damage("the hard state with one copy", true, hard_state(512), "FAULTY hard state copy + FAULTY hard state copy (covered) + FAULTY hard state copy"),
        damage("the hard state in its first copy", true, hard_state(100), "FAULTY hard state + FAULTY padding (covered)"),
        damage("an empty hard state", true, hard_state(0), "FAULTY hard state"),
        damage("a manifest with one copy", true, named(&DamageSample::manifest, 512), "FAULTY cut manifest copy + FAULTY cut manifest copy + FAULTY cut manifest"),
        damage("an empty manifest", true, named(&DamageSample::manifest, 0),
            "FAULTY cut manifest copy + FAULTY cut manifest copy + FAULTY cut manifest"),
        damage("chunks in the last one", true, named(&DamageSample::chunks, 512 * 3 + 700),
            "FAULTY cut chunk"),
        damage("no chunks in their file", true, named(&DamageSample::chunks, 0), "FAULTY cut chunk + FAULTY cut chunk + FAULTY cut chunk"),
    };
}

std::vector<Case> extended() {
    const auto behind_active = [](std::uint64_t count, bool zeros) {
        return [=](Image& image, const DamageSample& sample) {
            extend(image, sample.active().file, count, zeros);
        };
    };
    const auto behind_sealed = [](std::uint64_t count, bool zeros) {
        return [=](Image& image, const DamageSample& sample) {
            extend(image, sample.sealed().file, count, zeros);
        };
    };
    return {
        damage("a sector of zeros behind the log", true, behind_active(512, true), "CLEAN"),
        damage("a few zeros behind the log", true, behind_active(9, true), "CLEAN"),
        damage("many zeros behind the log", false, behind_active(5000, true), "CLEAN"),
        damage("garbage behind the log", true, behind_active(1000, false), "TORN tail"),
        damage("garbage behind a log without a seal", false, behind_active(1000, false), "TORN tail"),
        damage("zeros behind a sealed segment", true, behind_sealed(512, true), "FAULTY padding (covered)"),
        damage("garbage behind a sealed segment", true, behind_sealed(700, false), "FAULTY padding (covered)"),
        damage("a byte behind the hard state", true,
            [](Image& image, const DamageSample& sample) {
                extend(image, sample.hard_state_newest.file, 1, false);
            },
            "FAULTY padding (covered)"),
        damage("a byte behind the manifest", true,
            [](Image& image, const DamageSample& sample) {
                extend(image, sample.manifest, 1, false);
            },
            "FAULTY cut manifest copy (covered)"),
        damage("a sector behind the chunks", true,
            [](Image& image, const DamageSample& sample) {
                extend(image, sample.chunks, 512, false);
            },
            "FAULTY cut chunk"),
    };
}

std::vector<Case> zeroed() {
    return {
        damage("a zeroed sector of a record in a sealed segment", true,
            [](Image& image, const DamageSample& sample) {
                zero_sector_of(image, sample.sealed_record());
            },
            "FAULTY record header (covered) + FAULTY record header"),
        damage("a zeroed sector in the first group of the active segment", true,
            [](Image& image, const DamageSample& sample) {
                zero_sector_of(image, sample.first_group_of_active());
            },
            "FAULTY record header + FAULTY record header + FAULTY record header"),
        damage("a zeroed first sector of the last group", false,
            [](Image& image, const DamageSample& sample) {
                zero_sector_of(image, sample.last_group());
            },
            "UNSEALED record header"),
        damage("a zeroed first sector of the last group behind a seal", true,
            [](Image& image, const DamageSample& sample) {
                zero_sector_of(image, sample.last_group());
            },
            "FAULTY record header + FAULTY record header + FAULTY record header"),
        damage("a zeroed identity block in the middle", true,
            [](Image& image, const DamageSample& sample) {
                zero_sector_of(image, sample.first_group_of_active().block);
            },
            "FAULTY identity block (covered)"),
        damage("a zeroed last group", false,
            [](Image& image, const DamageSample& sample) {
                const GroupSpot& group = sample.last_group();
                zero(image, group.file, group.offset, group.end - group.offset);
            },
            "CLEAN"),
        damage("a zeroed sector in both footers", true,
            [](Image& image, const DamageSample& sample) {
                for (const Spot& footer : sample.sealed().footers) {
                    zero_sector_of(image, footer);
                }
            },
            "FAULTY footer (covered)"),
        damage("a zeroed hard state", true,
            [](Image& image, const DamageSample& sample) {
                ByteVector& bytes = bytes_of(image, sample.hard_state_newest.file);
                std::fill(bytes.begin(), bytes.end(), std::byte{0});
            },
            "FAULTY hard state"),
        damage("a zeroed chunk", true,
            [](Image& image, const DamageSample& sample) { zero(image, sample.chunks, 0, 512); },
            "FAULTY cut chunk"),
    };
}

std::vector<Case> missing_and_exchanged() {
    return {
        damage("the first segment is missing", true,
            [](Image& image, const DamageSample& sample) {
                remove(image, sample.segments.front().file);
            },
            "FAULTY file"),
        damage("a segment in the middle is missing", true,
            [](Image& image, const DamageSample& sample) { remove(image, sample.sealed().file); },
            "FAULTY segment header"),
        damage("the last segment is missing", true,
            [](Image& image, const DamageSample& sample) { remove(image, sample.active().file); },
            "FAULTY file"),
        damage("all segments are missing", true,
            [](Image& image, const DamageSample& sample) {
                for (const SegmentSpot& segment : sample.segments) {
                    remove(image, segment.file);
                }
            },
            "FAULTY promise + FAULTY file"),
        damage("the hard state is missing", true,
            [](Image& image, const DamageSample& sample) {
                remove(image, sample.hard_state_newest.file);
            },
            "FAULTY hard state"),
        damage("the manifest is missing", true,
            [](Image& image, const DamageSample& sample) { remove(image, sample.manifest); },
            "CLEAN"),
        damage("the chunks are missing", true,
            [](Image& image, const DamageSample& sample) { remove(image, sample.chunks); }, "FAULTY cut manifest"),
        damage("a segment under the name of another", true,
            [](Image& image, const DamageSample& sample) {
                image[sample.segments[2].file] = image[sample.sealed().file];
            },
            "FAULTY segment header + FAULTY record header + FAULTY footer (covered)"),
        damage("two segments have changed places", true,
            [](Image& image, const DamageSample& sample) {
                std::swap(image[sample.segments[2].file], image[sample.sealed().file]);
            },
            "FAULTY segment header + FAULTY record header + FAULTY footer (covered) + FAULTY segment header + FAULTY record header + FAULTY footer (covered)"),
        damage("a record lies where another belongs", true,
            [](Image& image, const DamageSample& sample) {
                const GroupSpot& group = sample.sealed().groups.front();
                copy(image, group.records[0], group.records[1]);
            },
            "FAULTY record header"),
        damage("a group lies where another belongs", true,
            [](Image& image, const DamageSample& sample) {
                const auto& groups = sample.active().groups;
                copy(image, groups[1], groups[0]);
            },
            "FAULTY record header + FAULTY record header + FAULTY record header + TORN padding (covered)"),
        damage("a sector of one segment lies in another", true,
            [](Image& image, const DamageSample& sample) {
                const Spot from{sample.segments[0].file, 1024, 1536};
                const Spot to{sample.sealed().file, 1024, 1536};
                copy(image, from, to);
            },
            "FAULTY record header (covered) + FAULTY record header"),
        damage("a slot of the hard state lies in another", true,
            [](Image& image, const DamageSample& sample) {
                copy(image, sample.hard_state_oldest, sample.hard_state_newest);
            },
            "FAULTY hard state copy (covered)"),
        damage("a chunk lies where another belongs", true,
            [](Image& image, const DamageSample& sample) {
                copy(image, {sample.chunks, 0, 512}, {sample.chunks, 512, 1024});
            },
            "FAULTY cut chunk"),
    };
}

}  // namespace

std::vector<Case> damage_cases() {
    std::vector<Case> cases;
    for (auto* part : {records, segment_headers, identity_blocks, footers, hard_states, cuts,
             truncated_tails, truncated_files, extended, zeroed, missing_and_exchanged}) {
        for (Case& one : part()) {
            cases.push_back(std::move(one));
        }
    }
    return cases;
}

}  // namespace ledger::log::conformance
