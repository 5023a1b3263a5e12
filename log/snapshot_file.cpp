#include "log/snapshot_file.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/base/crc32c.h"
#include "log/base/format.h"
#include "log/record.h"

namespace ledger::log {

// A snapshot is sections, little-endian, each at a multiple of 8:
//   0  u32 magic      4  u32 type       8  u64 bytes of the content
//  16  u32 number    20  u32 crc32c(content)   24  u32 zero
//  28  u32 crc32c(u64 0, u64 offset in the file, bytes 0..27)
//  32  content, zeros to 8
namespace {

constexpr std::uint32_t magic = 0x6e534c45;  // "ELSn"
constexpr std::uint32_t version = 1;
constexpr std::uint64_t header_bytes = 32;
constexpr std::uint64_t alignment = 8;
static_assert(header_bytes % record_alignment == 0);

enum SectionType : std::uint32_t { head_type = 1, cut_type, chunk_type, entries_type, end_type };

const char* to_text(std::uint32_t type) {
    switch (type) {
        case head_type: return "head";
        case cut_type: return "manifest of the cut";
        case chunk_type: return "chunk of the cut";
        case entries_type: return "entries";
        case end_type: return "end";
        default: return "section";
    }
}

Error corrupt(std::string what) {
    return failure(Errc::corrupt_record, std::move(what));
}

Digest read_digest(ByteReader& reader) {
    Digest digest;
    const ByteSpan bytes = reader.bytes(digest.bytes.size());
    std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
    return digest;
}

LogId read_id(ByteReader& reader) {
    LogId id;
    id.term = Term{reader.u64()};
    id.index = Index{reader.u64()};
    return id;
}

void write_id(ByteWriter& writer, const LogId& id) {
    writer.u64(id.term.value);
    writer.u64(id.index.value);
}

void encode_head(const SnapshotHead& head, ByteVector& out) {
    ByteWriter writer(out);
    writer.u32(version);
    writer.u32(head.node.value);
    writer.u64(head.cluster.high);
    writer.u64(head.cluster.low);
    writer.i64(head.saved_at.nanoseconds);
    write_id(writer, head.start.id);
    writer.bytes(head.start.hash.span());
    writer.i64(head.start.cluster_time.nanoseconds);
    writer.i64(head.start.wall_time.nanoseconds);
    write_id(writer, head.last);
    writer.bytes(head.last_hash.span());
}

Result<SnapshotHead> decode_head(ByteSpan bytes) {
    ByteReader reader(bytes);
    if (const std::uint32_t found = reader.u32(); found != version) {
        return failure(Errc::unsupported,
            fmt::format("a snapshot of version {}, this build reads {}", found, version));
    }
    SnapshotHead head;
    head.node = NodeId{reader.u32()};
    head.cluster.high = reader.u64();
    head.cluster.low = reader.u64();
    head.saved_at.nanoseconds = reader.i64();
    head.start.id = read_id(reader);
    head.start.hash = read_digest(reader);
    head.start.cluster_time.nanoseconds = reader.i64();
    head.start.wall_time.nanoseconds = reader.i64();
    head.last = read_id(reader);
    head.last_hash = read_digest(reader);
    const bool whole = reader.ok() && reader.at_end() && head.last >= head.start.id &&
                       head.last.index >= head.start.id.index;
    return whole ? Result<SnapshotHead>(head) : corrupt("it makes no sense");
}

struct SectionHeader {
    std::uint32_t type = 0;
    std::uint64_t bytes = 0;  // of the content
    std::uint32_t number = 0;
    std::uint32_t content_crc = 0;

    std::uint64_t padded() const { return (bytes + alignment - 1) / alignment * alignment; }
};

void encode_section_header(
    std::span<std::byte> out, const SectionHeader& header, std::uint64_t offset) {
    LEDGER_ASSERT(out.size() == header_bytes);
    std::byte* at = out.data();
    store_little_endian(at, magic);
    store_little_endian(at + 4, header.type);
    store_little_endian(at + 8, header.bytes);
    store_little_endian(at + 16, header.number);
    store_little_endian(at + 20, header.content_crc);
    store_little_endian(at + 24, std::uint32_t{0});
    store_little_endian(at + 28, crc32c(out.first(28), location_crc({SegmentId{}, offset})));
}

std::optional<SectionHeader> decode_section_header(ByteSpan bytes, std::uint64_t offset) {
    ByteReader reader(bytes);
    const std::uint32_t found_magic = reader.u32();
    SectionHeader header;
    header.type = reader.u32();
    header.bytes = reader.u64();
    header.number = reader.u32();
    header.content_crc = reader.u32();
    const std::uint32_t zero = reader.u32();
    const std::uint32_t crc = reader.u32();
    const bool holds = reader.ok() && found_magic == magic && zero == 0 &&
                       crc == crc32c(bytes.first(28), location_crc({SegmentId{}, offset}));
    return holds ? std::optional(header) : std::nullopt;
}

class SnapshotReader {
  public:
    SnapshotReader(File& file, const SnapshotTaker& taker) : file_(file), taker_(taker) {}

    Result<SnapshotContents> run() {
        LEDGER_TRY(size_, file_.size());
        while (!ended_) {
            const Result<void> read = read_section();
            if (!read) {
                return located(read.error());
            }
            at_ += header_bytes + header_.padded();
            ++sections_;
            if (taker_.progress) {
                taker_.progress(at_, size_);
            }
        }
        if (at_ != size_) {
            return located(corrupt(fmt::format("{} bytes behind the end", size_ - at_)));
        }
        contents_.cut = check_->manifest();
        contents_.seal.bytes = size_;
        return std::move(contents_);
    }

  private:
    // Says where it was found.
    Error located(const Error& error) const {
        const bool ours = error.code == make_error_code(Errc::corrupt_record) ||
                          error.code == make_error_code(Errc::unsupported);
        return ours ? Error{error.code, fmt::format("byte {}, section {}, {}: {}", at_, sections_,
                                            to_text(header_.type), error.place)}
                    : error;
    }

    Result<void> read_section() {
        header_ = {};
        section_.resize(header_bytes);
        LEDGER_TRY(const std::uint64_t got, file_.read(at_, section_));
        if (got < header_bytes) {
            return corrupt(fmt::format("the file ends after {} bytes", size_));
        }
        const std::optional<SectionHeader> header = decode_section_header(section_, at_);
        if (!header) {
            return corrupt("its header does not hold");
        }
        header_ = *header;
        if (header_.number != sections_ || (sections_ == 0) != (header_.type == head_type)) {
            return corrupt("it does not belong here");
        }
        // Before anything is allocated for it.
        if (header_.bytes > snapshot_section_bytes_max ||
            header_.padded() > size_ - at_ - header_bytes) {
            return corrupt(fmt::format(
                "it has {} bytes, the file ends after {}", header_.bytes, size_));
        }
        LEDGER_CHECK(read_content());
        LEDGER_CHECK(take());
        digest_.update(section_);
        return {};
    }

    Result<void> read_content() {
        section_.resize(static_cast<std::size_t>(header_bytes + header_.padded()));
        const auto rest = std::span(section_).subspan(header_bytes);
        LEDGER_TRY(const std::uint64_t got, file_.read(at_ + header_bytes, rest));
        if (got < rest.size()) {
            return corrupt(fmt::format("the file ends after {} bytes", at_ + header_bytes + got));
        }
        const bool padded = std::all_of(content().end(), ByteSpan(rest).end(),
            [](std::byte byte) { return byte == std::byte{0}; });
        return padded && crc32c(content()) == header_.content_crc
                   ? Result<void>()
                   : corrupt("its checksum does not hold");
    }

    ByteSpan content() const {
        return ByteSpan(section_).subspan(header_bytes, static_cast<std::size_t>(header_.bytes));
    }

    Result<void> take() {
        switch (header_.type) {
            case head_type: return take_head();
            case cut_type: return take_cut();
            case chunk_type: return take_chunk();
            case entries_type: return take_entries();
            case end_type: return take_end();
            default:
                return failure(Errc::unsupported,
                    fmt::format("type {} is not known to this build", header_.type));
        }
    }

    Result<void> take_head() {
        LEDGER_TRY(contents_.head, decode_head(content()));
        check_.emplace(contents_.head);
        return taker_.head ? taker_.head(contents_.head) : Result<void>();
    }

    Result<void> take_cut() {
        LEDGER_TRY(const CutManifest manifest, decode_manifest(content()));
        LEDGER_CHECK(check_->cut(manifest));
        return taker_.cut ? taker_.cut(manifest) : Result<void>();
    }

    Result<void> take_chunk() {
        LEDGER_TRY(const std::uint32_t number, check_->chunk(content()));
        return taker_.chunk ? taker_.chunk(number, content()) : Result<void>();
    }

    Result<void> take_entries() {
        for (std::uint64_t at = 0; at < header_.bytes;) {
            const RecordView view =
                decode_record(content().subspan(static_cast<std::size_t>(at)),
                    {SegmentId{}, at_ + header_bytes + at});
            const bool is_entry = view.damage == Damage::none && !view.header.is_truncation() &&
                                  view.bytes() <= header_.bytes - at &&
                                  view.header.prev_hash64 == check_->hash().truncated();
            if (!is_entry) {
                return corrupt(fmt::format("no entry {} at byte {}",
                    check_->last().index.next(), at_ + header_bytes + at));
            }
            LEDGER_TRY(const HashedEntry entry, check_->entry(entry_of(view)));
            ++entries_;
            if (taker_.entry) {
                LEDGER_CHECK(taker_.entry(entry));
            }
            at += view.bytes();
        }
        return {};
    }

    Result<void> take_end() {
        ByteReader reader(content());
        const std::uint64_t bytes = reader.u64();
        const std::uint64_t entries = reader.u64();
        const Digest digest = read_digest(reader);
        contents_.seal.digest = Sha256(digest_).finish();
        const bool holds = reader.ok() && reader.at_end() && bytes == at_ && entries == entries_ &&
                           digest == contents_.seal.digest;
        if (!holds) {
            return corrupt("it does not speak of the bytes before it");
        }
        ended_ = true;
        return check_->end();
    }

    File& file_;
    const SnapshotTaker& taker_;
    std::uint64_t size_ = 0;
    std::uint64_t at_ = 0;        // of the section in hand
    std::uint32_t sections_ = 0;  // before it
    std::uint64_t entries_ = 0;
    SectionHeader header_;
    ByteVector section_;
    Sha256 digest_;
    std::optional<SnapshotCheck> check_;  // from the head on, which is the first section
    SnapshotContents contents_;
    bool ended_ = false;
};

}  // namespace

// ---- what belongs together

SnapshotCheck::SnapshotCheck(const SnapshotHead& head)
    : head_(head), last_(head.start.id), hash_(head.start.hash) {}

Result<void> SnapshotCheck::cut(const CutManifest& manifest) {
    const Index index = manifest.id.index;
    if (manifest_ || !head_.begins_behind_cut() || last_ != head_.start.id ||
        index < head_.start.id.index || index > head_.last.index) {
        return corrupt(fmt::format("a cut at {} has no place here", index));
    }
    manifest_ = manifest;
    return compare_with_cut();
}

Result<std::uint32_t> SnapshotCheck::chunk(ByteSpan bytes) {
    const std::uint32_t number = chunks_;
    const bool expected = manifest_ && last_ == head_.start.id &&
                          number < manifest_->chunks.size() &&
                          manifest_->chunks[number] == sha256(bytes);
    if (!expected) {
        return corrupt(fmt::format("chunk {} is not what the cut's manifest says", number));
    }
    ++chunks_;
    chunk_bytes_ += bytes.size();
    return number;
}

Result<HashedEntry> SnapshotCheck::entry(const EntryRef& entry) {
    const bool follows = entry.index == last_.index.next() && entry.term >= last_.term &&
                         entry.index <= head_.last.index;
    if (!follows || !chunks_are_whole()) {
        return corrupt(fmt::format("entry {} of term {} does not follow {} of term {}",
            entry.index, entry.term, last_.index, last_.term));
    }
    last_ = entry.id();
    hash_ = entry_hash(hash_, entry);
    LEDGER_CHECK(compare_with_cut());
    return HashedEntry{entry, hash_};
}

Result<void> SnapshotCheck::end() const {
    if (!chunks_are_whole()) {
        return corrupt(fmt::format("{} chunks of a cut are not all", chunks_));
    }
    if (last_ != head_.last || hash_ != head_.last_hash) {
        return corrupt(fmt::format("the chain ends at {} of term {} with {}, the head says {} of "
                                   "term {} with {}",
            last_.index, last_.term, to_hex(hash_).substr(0, 16), head_.last.index,
            head_.last.term, to_hex(head_.last_hash).substr(0, 16)));
    }
    return {};
}

bool SnapshotCheck::chunks_are_whole() const {
    return manifest_ ? chunks_ == manifest_->chunks.size() && chunk_bytes_ == manifest_->bytes
                     : !head_.begins_behind_cut();
}

Result<void> SnapshotCheck::compare_with_cut() const {
    const bool there = manifest_ && manifest_->id.index == last_.index;
    if (there && (manifest_->id != last_ || manifest_->entry_hash != hash_)) {
        return corrupt(fmt::format("the cut at {} is not one of this chain", last_.index));
    }
    return {};
}

// ---- writing

Result<SnapshotWriter> SnapshotWriter::begin(File& file, const SnapshotHead& head) {
    LEDGER_ASSERT(head.last >= head.start.id && head.last.index >= head.start.id.index);
    SnapshotWriter writer(file, head);
    writer.begin_section();
    encode_head(head, writer.section_);
    LEDGER_CHECK(writer.end_section(head_type));
    return writer;
}

Result<void> SnapshotWriter::write(const CutManifest& manifest) {
    LEDGER_CHECK(check_.cut(manifest));
    begin_section();
    encode_manifest(manifest, section_);
    return end_section(cut_type);
}

Result<void> SnapshotWriter::write_chunk(ByteSpan chunk) {
    LEDGER_CHECK(check_.chunk(chunk));
    begin_section();
    section_.insert(section_.end(), chunk.begin(), chunk.end());
    return end_section(chunk_type);
}

Result<void> SnapshotWriter::write(const HashedEntry& hashed) {
    const EntryRef& entry = hashed.entry;
    const ByteSpan envelope = entry.handle.envelope();
    const ByteSpan erasable = entry.handle.erasable();
    RecordHeader header;
    header.kind = static_cast<std::uint8_t>(entry.kind);
    header.flags = erasure_flags(entry.handle.erasure());
    header.index = entry.index;
    header.term = entry.term;
    header.cluster_time = entry.cluster_time;
    header.wall_time = entry.wall_time;
    header.envelope_bytes = static_cast<std::uint32_t>(envelope.size());
    header.erasable_bytes = static_cast<std::uint32_t>(erasable.size());
    header.prev_hash64 = check_.hash().truncated();
    LEDGER_TRY(const HashedEntry checked, check_.entry(entry));
    if (checked.hash != hashed.hash) {
        return corrupt(fmt::format("entry {} does not continue the chain", entry.index));
    }
    if (section_.empty()) {
        begin_section();
    }
    const std::uint64_t offset = at_ + section_.size();
    const std::uint64_t bytes = record_bytes(envelope.size(), erasable.size());
    section_.resize(section_.size() + static_cast<std::size_t>(bytes));
    encode_record(std::span(section_).last(static_cast<std::size_t>(bytes)), header,
        {SegmentId{}, offset}, envelope, erasable);
    ++entries_;
    return section_.size() >= snapshot_section_bytes ? flush_entries() : Result<void>();
}

Result<SnapshotSeal> SnapshotWriter::finish() {
    LEDGER_CHECK(flush_entries());
    LEDGER_CHECK(check_.end());
    begin_section();
    ByteWriter end(section_);
    end.u64(at_);
    end.u64(entries_);
    const Digest digest = Sha256(digest_).finish();
    end.bytes(digest.span());
    LEDGER_CHECK(end_section(end_type));
    LEDGER_CHECK(file_.sync());
    return SnapshotSeal{at_, digest};
}

Result<void> SnapshotWriter::flush_entries() {
    return section_.empty() ? Result<void>() : end_section(entries_type);
}

void SnapshotWriter::begin_section() {
    LEDGER_ASSERT(section_.empty());
    section_.resize(header_bytes);
}

Result<void> SnapshotWriter::end_section(std::uint32_t type) {
    const std::uint64_t bytes = section_.size() - header_bytes;
    if (bytes > snapshot_section_bytes_max) {
        return failure(Errc::invalid_argument,
            fmt::format("a {} of {} bytes does not fit into a snapshot", to_text(type), bytes));
    }
    const std::uint32_t crc = crc32c(ByteSpan(section_).subspan(header_bytes));
    const SectionHeader header{type, bytes, sections_, crc};
    section_.resize(static_cast<std::size_t>(header_bytes + header.padded()));
    encode_section_header(std::span(section_).first(header_bytes), header, at_);
    LEDGER_CHECK(file_.write(at_, section_));
    digest_.update(section_);
    at_ += section_.size();
    ++sections_;
    section_.clear();
    return {};
}

Result<SnapshotContents> read_snapshot(File& file, const SnapshotTaker& taker) {
    return SnapshotReader(file, taker).run();
}

}  // namespace ledger::log
