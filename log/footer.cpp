#include "log/footer.h"

#include <cstring>

#include "log/base/assert.h"
#include "log/base/crc32c.h"
#include "log/salvage.h"

namespace ledger::log {

// Footer, a whole number of sectors, twice; little-endian:
//   0  u32 magic       4  u32 version    8  u64 segment id    16  u64 epoch      24  u64 body end
//  32  u64 first      40  u64 last      48  u64 sync_index    56  u64 commit
//  64  32 bytes start hash              96  32 bytes last hash
// 128  u32 sections behind the summary   132  u32 bytes of the summary: all before its checksum
// 136  sections: u32 type, u32 version, u64 bytes, content; a reader skips types it does not know
//      1 term runs: u64 first, u64 term      5 configurations: u64 index of each entry that is one
//      6 dead bytes: u64 of superseded records, u64 of truncations and seals; may be missing
// then the end of the summary: u32 crc32c(segment id, offset, summary), u32 zero, and the others:
//      2 entry identities: u32 place, u32 envelope bytes, u32 erasable bytes, u32 crc32c(envelope)
//      3 hash marks: u64 index, 32 bytes hash
//      4 streams: per stream its last record here and the previous segment that holds it; empty
//      in this version
// zeros, then in the last 64 bytes the trailer:
//   0  u32 magic       4  u32 crc32c(segment id, offset, copy without trailer)
//   8  u64 offset of the copy           16  u64 bytes of the copy            24  zeros
//  60  u32 crc32c(segment id, offset of the trailer, trailer bytes 0..59)
namespace {

constexpr std::uint32_t footer_magic = 0x74464c45;   // "ELFt"
constexpr std::uint32_t trailer_magic = 0x72544c45;  // "ELTr"
constexpr std::uint32_t footer_version = 2;
constexpr std::uint32_t section_version = 1;
constexpr std::uint64_t fixed_bytes = 136;
constexpr std::uint64_t summary_bytes_offset = 132;
constexpr std::uint32_t sections_behind = 3;
constexpr std::uint64_t summary_end_bytes = 8;
constexpr std::uint64_t trailer_bytes = 64;
constexpr std::uint64_t trailer_crc_offset = 60;
constexpr std::uint64_t run_bytes = 16;
constexpr std::uint64_t footer_name_bytes = 16;
constexpr std::uint64_t mark_bytes = 40;
constexpr std::uint64_t index_bytes = 8;
constexpr std::uint64_t dead_bytes_bytes = 16;

enum class Section : std::uint32_t {
    terms = 1,
    names = 2,
    marks = 3,
    streams = 4,
    configurations = 5,
    dead = 6,
};
constexpr std::uint32_t sections_known = 6;

void begin_section(ByteWriter& out, Section section, std::uint64_t bytes) {
    out.u32(static_cast<std::uint32_t>(section));
    out.u32(section_version);
    out.u64(bytes);
}

void write_summary_sections(ByteWriter& out, const FooterSummary& footer) {
    begin_section(out, Section::terms, footer.terms.size() * run_bytes);
    for (const TermRun& run : footer.terms) {
        out.u64(run.first.value);
        out.u64(run.term.value);
    }
    begin_section(out, Section::configurations, footer.configurations.size() * index_bytes);
    for (Index index : footer.configurations) {
        out.u64(index.value);
    }
    if (footer.dead) {
        begin_section(out, Section::dead, dead_bytes_bytes);
        out.u64(footer.dead->superseded);
        out.u64(footer.dead->other);
    }
}

void write_sections(ByteWriter& out, const Footer& footer) {
    begin_section(out, Section::names, footer.names.size() * footer_name_bytes);
    for (const FooterName& name : footer.names) {
        out.u32(name.place);
        out.u32(name.envelope_bytes);
        out.u32(name.erasable_bytes);
        out.u32(name.envelope_crc);
    }
    begin_section(out, Section::marks, footer.marks.size() * mark_bytes);
    for (const HashMark& mark : footer.marks) {
        out.u64(mark.index.value);
        out.bytes(mark.hash.span());
    }
    begin_section(out, Section::streams, 0);
}

ByteVector encode_body(const Footer& footer, Location location) {
    ByteVector body;
    ByteWriter out(body);
    out.u32(footer_magic);
    out.u32(footer_version);
    out.u64(footer.segment.value);
    out.u64(footer.epoch);
    out.u64(footer.body_end);
    out.u64(footer.first.value);
    out.u64(footer.last.value);
    out.u64(footer.sync_index.value);
    out.u64(footer.commit.value);
    out.bytes(footer.start_hash.span());
    out.bytes(footer.last_hash.span());
    out.u32(sections_behind);
    LEDGER_ASSERT(body.size() == summary_bytes_offset);
    out.u32(0);
    write_summary_sections(out, footer);
    const std::size_t summary_bytes = body.size();
    out.zeros(summary_end_bytes);
    write_sections(out, footer);
    store_little_endian(
        body.data() + summary_bytes_offset, static_cast<std::uint32_t>(summary_bytes));
    store_little_endian(body.data() + summary_bytes,
        crc32c(ByteSpan(body).first(summary_bytes), location_crc(location)));
    const std::uint64_t whole = sector_ceiling(body.size() + trailer_bytes);
    out.zeros(static_cast<std::size_t>(whole - trailer_bytes - body.size()));
    return body;
}

void append_copy(ByteVector& out, ByteSpan body, Location location) {
    const std::uint64_t bytes = body.size() + trailer_bytes;
    std::byte trailer[trailer_bytes] = {};
    store_little_endian(trailer, trailer_magic);
    store_little_endian(trailer + 4, crc32c(body, location_crc(location)));
    store_little_endian(trailer + 8, location.offset);
    store_little_endian(trailer + 16, bytes);
    const std::uint32_t seed = location_crc({location.segment, location.offset + body.size()});
    store_little_endian(
        trailer + trailer_crc_offset, crc32c({trailer, trailer_crc_offset}, seed));
    ByteWriter writer(out);
    writer.bytes(body);
    writer.bytes(trailer);
}

Digest read_digest(ByteReader& in) {
    Digest digest;
    const ByteSpan bytes = in.bytes(digest.bytes.size());
    if (!bytes.empty()) {
        std::memcpy(digest.bytes.data(), bytes.data(), bytes.size());
    }
    return digest;
}

void read_summary_section(FooterSummary& footer, Section section, ByteSpan content) {
    ByteReader in(content);
    if (section == Section::terms) {
        for (std::uint64_t i = 0; i < content.size() / run_bytes; ++i) {
            const Index first{in.u64()};
            footer.terms.push_back({first, Term{in.u64()}});
        }
    } else if (section == Section::configurations) {
        for (std::uint64_t i = 0; i < content.size() / index_bytes; ++i) {
            footer.configurations.emplace_back(in.u64());
        }
    } else if (section == Section::dead && content.size() == dead_bytes_bytes) {
        const std::uint64_t superseded = in.u64();
        footer.dead = DeadBytes{superseded, in.u64()};
    }
}

void read_section(Footer& footer, Section section, ByteSpan content) {
    ByteReader in(content);
    if (section == Section::names) {
        for (std::uint64_t i = 0; i < content.size() / footer_name_bytes; ++i) {
            FooterName& name = footer.names.emplace_back();
            name.place = in.u32();
            name.envelope_bytes = in.u32();
            name.erasable_bytes = in.u32();
            name.envelope_crc = in.u32();
        }
    } else if (section == Section::marks) {
        for (std::uint64_t i = 0; i < content.size() / mark_bytes; ++i) {
            const Index index{in.u64()};
            footer.marks.push_back({index, read_digest(in)});
        }
    }
}

bool names_are_sensible(const Footer& footer) {
    std::uint64_t after = segment_header_bytes;
    for (const FooterName& name : footer.names) {
        const std::uint64_t offset = std::uint64_t{name.place} * record_alignment;
        const std::uint64_t body = std::uint64_t{name.envelope_bytes} + name.erasable_bytes;
        if (offset < after || body > entry_bytes_max) {
            return false;
        }
        after = offset + record_bytes(name.envelope_bytes, name.erasable_bytes);
    }
    return after <= footer.body_end;
}

bool marks_are_sensible(const Footer& footer) {
    Index after = footer.first;
    for (const HashMark& mark : footer.marks) {
        if (mark.index < after || mark.index > footer.last) {
            return false;
        }
        after = mark.index.next();
        if (mark.index == footer.last && mark.hash != footer.last_hash) {
            return false;
        }
    }
    return !footer.names.empty() || footer.start_hash == footer.last_hash;
}

bool configurations_are_sensible(const FooterSummary& footer) {
    Index after = footer.first;
    for (Index index : footer.configurations) {
        if (index < after || index > footer.last) {
            return false;
        }
        after = index.next();
    }
    return true;
}

bool terms_are_sensible(const FooterSummary& footer) {
    if (footer.last < footer.first) {
        return footer.terms.empty() && footer.start_hash == footer.last_hash;
    }
    for (std::size_t i = 1; i < footer.terms.size(); ++i) {
        const bool grows = footer.terms[i].first > footer.terms[i - 1].first &&
                           footer.terms[i].term > footer.terms[i - 1].term;
        if (!grows) {
            return false;
        }
    }
    return !footer.terms.empty() && footer.terms.front().first == footer.first &&
           footer.terms.back().first <= footer.last;
}

bool summary_is_sensible(const FooterSummary& footer, Location location) {
    return footer.segment == location.segment && footer.body_end <= location.offset &&
           footer.body_end % sector_bytes == 0 && footer.first > Index{0} &&
           footer.last.next() >= footer.first && terms_are_sensible(footer) &&
           configurations_are_sensible(footer);
}

bool is_sensible(const Footer& footer, Location location) {
    return summary_is_sensible(footer, location) &&
           footer.names.size() == footer.last.next() - footer.first &&
           names_are_sensible(footer) && marks_are_sensible(footer);
}

// The fixed fields; nothing if these bytes begin no footer.
struct Front {
    FooterSummary summary;
    std::uint32_t sections = 0;
    std::uint32_t summary_bytes = 0;
};

std::optional<Front> read_front(ByteReader& in) {
    const std::uint32_t magic = in.u32();
    const std::uint32_t version = in.u32();
    Front front;
    front.summary.segment = SegmentId{in.u64()};
    front.summary.epoch = in.u64();
    front.summary.body_end = in.u64();
    front.summary.first = Index{in.u64()};
    front.summary.last = Index{in.u64()};
    front.summary.sync_index = Index{in.u64()};
    front.summary.commit = Index{in.u64()};
    front.summary.start_hash = read_digest(in);
    front.summary.last_hash = read_digest(in);
    front.sections = in.u32();
    front.summary_bytes = in.u32();
    const bool stands = in.ok() && magic == footer_magic && version == footer_version &&
                        front.summary_bytes >= fixed_bytes;
    return stands ? std::optional(front) : std::nullopt;
}

// One section after the other, those of unknown types left out, until `more` says no.
template <typename More, typename Take>
void read_sections(ByteReader& in, More&& more, Take&& take) {
    while (in.ok() && more()) {
        const std::uint32_t type = in.u32();
        const std::uint32_t version = in.u32();
        const ByteSpan content = in.bytes(in.u64());
        const bool known = type >= static_cast<std::uint32_t>(Section::terms) &&
                           type <= sections_known && version == section_version;
        if (known && in.ok()) {
            take(static_cast<Section>(type), content);
        }
    }
}

// `bytes` begin with a copy's summary and its checksum, or with a part of them: then `wanted` says how
// many bytes they are.
std::optional<FooterSummary> decode_summary(
    ByteSpan bytes, Location location, std::uint64_t& wanted) {
    ByteReader in(bytes);
    std::optional<Front> front = read_front(in);
    if (!front) {
        return std::nullopt;
    }
    wanted = std::uint64_t{front->summary_bytes} + summary_end_bytes;
    if (wanted > bytes.size()) {
        return std::nullopt;
    }
    const ByteSpan covered = bytes.first(front->summary_bytes);
    const auto crc = load_little_endian<std::uint32_t>(bytes.data() + covered.size());
    if (crc != crc32c(covered, location_crc(location))) {
        return std::nullopt;
    }
    FooterSummary& summary = front->summary;
    ByteReader sections(covered.subspan(fixed_bytes));
    read_sections(
        sections, [&] { return !sections.at_end(); },
        [&](Section section, ByteSpan content) {
            read_summary_section(summary, section, content);
        });
    const bool sensible = sections.ok() && summary_is_sensible(summary, location);
    return sensible ? std::optional(std::move(summary)) : std::nullopt;
}

std::optional<FooterSummary> read_summary_at(
    File& file, Location location, std::uint64_t bytes_max) {
    ByteVector bytes(sector_bytes);
    std::uint64_t wanted = 0;
    for (;;) {
        const Result<std::uint64_t> read = file.read(location.offset, bytes);
        if (!read || *read != bytes.size()) {
            return std::nullopt;
        }
        auto summary = decode_summary(bytes, location, wanted);
        if (summary || wanted <= bytes.size() || wanted > bytes_max) {
            return summary;
        }
        bytes.resize(static_cast<std::size_t>(sector_ceiling(wanted)));
    }
}

std::optional<Footer> read_copy(File& file, SegmentId segment, FooterExtent extent) {
    ByteVector copy(static_cast<std::size_t>(extent.bytes));
    auto read = file.read(extent.offset, copy);
    if (!read || *read != extent.bytes) {
        return std::nullopt;
    }
    return decode_footer(copy, {segment, extent.offset});
}

std::optional<Footer> footer_that_ends_at(
    File& file, SegmentId segment, std::uint64_t end, ByteSpan sector) {
    const std::optional<FooterExtent> extent = decode_footer_trailer(sector, segment, end);
    if (!extent) {
        return std::nullopt;
    }
    if (auto footer = read_copy(file, segment, *extent)) {
        return footer;
    }
    if (extent->offset < extent->bytes) {
        return std::nullopt;
    }
    return read_copy(file, segment, {extent->offset - extent->bytes, extent->bytes});
}

std::optional<Footer> copy_in(ByteSpan file, SegmentId segment, FooterExtent extent) {
    if (extent.offset > file.size() || extent.bytes > file.size() - extent.offset) {
        return std::nullopt;
    }
    const ByteSpan copy = file.subspan(
        static_cast<std::size_t>(extent.offset), static_cast<std::size_t>(extent.bytes));
    return decode_footer(copy, {segment, extent.offset});
}

std::optional<FooterExtent> trailer_in(ByteSpan file, SegmentId segment, std::uint64_t end) {
    if (end < sector_bytes || end > file.size()) {
        return std::nullopt;
    }
    const ByteSpan sector =
        file.subspan(static_cast<std::size_t>(end - sector_bytes), sector_bytes);
    return decode_footer_trailer(sector, segment, end);
}

// The first copy begins where the body ends, the second one follows it.
FooterCopies judge_copies(ByteSpan file, const Footer& footer, std::uint64_t bytes) {
    FooterCopies copies;
    copies.footer = footer;
    copies.bytes = bytes;
    for (std::size_t i = 0; i < copies.offsets.size(); ++i) {
        const FooterExtent extent{footer.body_end + i * bytes, bytes};
        const auto trailer = trailer_in(file, footer.segment, extent.offset + bytes);
        copies.offsets[i] = extent.offset;
        copies.intact[i] = trailer && trailer->bytes == bytes &&
                           copy_in(file, footer.segment, extent) == footer;
    }
    return copies;
}

}  // namespace

ByteVector encode_footers(const Footer& footer) {
    LEDGER_ASSERT(footer.body_end % sector_bytes == 0);
    LEDGER_ASSERT(is_sensible(footer, {footer.segment, footer.body_end}));
    ByteVector both;
    for (int copy = 0; copy < 2; ++copy) {
        const Location location{footer.segment, footer.body_end + both.size()};
        append_copy(both, encode_body(footer, location), location);
    }
    LEDGER_ASSERT(both.size() % (2 * sector_bytes) == 0);
    return both;
}

std::optional<FooterExtent> decode_footer_trailer(
    ByteSpan sector, SegmentId segment, std::uint64_t end) {
    if (sector.size() != sector_bytes || end < sector_bytes) {
        return std::nullopt;
    }
    const ByteSpan trailer = sector.last(trailer_bytes);
    ByteReader in(trailer);
    const std::uint32_t magic = in.u32();
    in.u32();
    FooterExtent extent;
    extent.offset = in.u64();
    extent.bytes = in.u64();
    const auto crc = load_little_endian<std::uint32_t>(trailer.data() + trailer_crc_offset);
    const std::uint32_t seed = location_crc({segment, end - trailer_bytes});
    const bool intact =
        magic == trailer_magic && crc == crc32c(trailer.first(trailer_crc_offset), seed);
    if (!intact || extent.offset >= end || extent.bytes != end - extent.offset) {
        return std::nullopt;
    }
    return extent;
}

std::optional<Footer> decode_footer(ByteSpan copy, Location location) {
    if (copy.size() < sector_bytes || copy.size() % sector_bytes != 0) {
        return std::nullopt;
    }
    const ByteSpan body = copy.first(copy.size() - trailer_bytes);
    const auto crc = load_little_endian<std::uint32_t>(copy.data() + body.size() + 4);
    if (crc != crc32c(body, location_crc(location))) {
        return std::nullopt;
    }
    std::uint64_t summary_bytes = 0;
    std::optional<FooterSummary> summary = decode_summary(body, location, summary_bytes);
    if (!summary) {
        return std::nullopt;
    }
    ByteReader front(body);
    std::uint32_t left = read_front(front)->sections;
    Footer footer;
    static_cast<FooterSummary&>(footer) = std::move(*summary);
    ByteReader in(body.subspan(static_cast<std::size_t>(summary_bytes)));
    read_sections(
        in, [&] { return left-- > 0; },
        [&](Section section, ByteSpan content) { read_section(footer, section, content); });
    if (!in.ok() || !is_sensible(footer, location)) {
        return std::nullopt;
    }
    return footer;
}

Result<std::optional<Footer>> read_footer(File& file, SegmentId segment) {
    LEDGER_TRY(const std::uint64_t size, file.size());
    const std::uint64_t whole = size / sector_bytes * sector_bytes;
    if (whole <= segment_header_bytes) {
        return std::optional<Footer>{};
    }
    std::byte last[sector_bytes];
    const Result<std::uint64_t> read = file.read(whole - sector_bytes, last);
    if (read && *read == sector_bytes) {
        if (auto footer = footer_that_ends_at(file, segment, whole, last)) {
            return footer;
        }
    }
    // The last sector is not a trailer, or both copies behind it are damaged: the first copy may
    // still stand somewhere before it.
    LEDGER_TRY(const Salvaged all, salvage(file, opening_refusals_max));
    if (auto copies = find_footers(all.bytes, segment)) {
        return std::optional<Footer>(std::move(copies->footer));
    }
    return std::optional<Footer>{};
}

Result<std::optional<FooterSummary>> read_footer_summary(File& file, SegmentId segment) {
    LEDGER_TRY(const std::uint64_t size, file.size());
    const std::uint64_t end = size / sector_bytes * sector_bytes;
    std::byte last[sector_bytes];
    const Result<std::uint64_t> read =
        end > segment_header_bytes ? file.read(end - sector_bytes, last) : std::uint64_t{0};
    if (read && *read == sector_bytes) {
        if (const auto extent = decode_footer_trailer(last, segment, end)) {
            auto summary = read_summary_at(file, {segment, extent->offset}, extent->bytes);
            if (!summary && extent->offset >= extent->bytes) {
                summary = read_summary_at(
                    file, {segment, extent->offset - extent->bytes}, extent->bytes);
            }
            if (summary) {
                return summary;
            }
        }
    }
    LEDGER_TRY(auto footer, read_footer(file, segment));
    return footer ? std::optional<FooterSummary>(std::move(*footer)) : std::nullopt;
}

std::optional<FooterCopies> find_footers(ByteSpan file, SegmentId segment) {
    for (std::uint64_t end = file.size() / sector_bytes * sector_bytes;
         end > segment_header_bytes; end -= sector_bytes) {
        const std::optional<FooterExtent> extent = trailer_in(file, segment, end);
        if (!extent) {
            continue;
        }
        std::optional<Footer> footer = copy_in(file, segment, *extent);
        if (!footer && extent->offset >= extent->bytes) {
            footer = copy_in(file, segment, {extent->offset - extent->bytes, extent->bytes});
        }
        if (footer) {
            return judge_copies(file, *footer, extent->bytes);
        }
    }
    return std::nullopt;
}

}  // namespace ledger::log
