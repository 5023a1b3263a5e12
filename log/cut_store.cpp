#include "log/cut_store.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/base/crc32c.h"
#include "log/base/format.h"
#include "log/base/sometimes.h"
#include "log/segment.h"

namespace ledger::log {
namespace {

constexpr std::uint32_t chunk_magic = 0x6b434c45;     // "ELCk"
constexpr std::uint32_t manifest_magic = 0x6d434c45;  // "ELCm"
constexpr std::uint32_t manifest_file_version = 1;
constexpr std::uint64_t chunk_header_bytes = 40;
constexpr std::uint64_t manifest_header_bytes = 48;
constexpr std::uint64_t manifest_crc_offset = manifest_header_bytes - 4;
constexpr std::uint64_t manifest_copies = 2;
constexpr char temporary_name[] = "manifest.new";
constexpr std::string_view manifest_suffix = ".cut";
constexpr std::string_view chunks_suffix = ".chunks";

// Wide enough for every index, so that names sort as indexes do.
std::string name_of(Index index, std::string_view suffix) {
    return fmt::format("{:020}{}", index.value, suffix);
}

std::optional<Index> index_of(std::string_view name, std::string_view suffix) {
    constexpr std::size_t digits = 20;
    if (name.size() != digits + suffix.size() || !name.ends_with(suffix)) {
        return std::nullopt;
    }
    std::uint64_t index = 0;
    for (const char digit : name.substr(0, digits)) {
        if (digit < '0' || digit > '9') {
            return std::nullopt;
        }
        index = index * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    return Index{index};
}

std::uint64_t chunk_span(std::uint64_t bytes) {
    return sector_ceiling(chunk_header_bytes + bytes);
}

// Header, chunk, zeros to the sector. The checksum of the header begins with its place.
ByteVector encode_chunk(LogId cut, std::uint32_t number, ByteSpan chunk, std::uint64_t offset) {
    ByteVector out;
    ByteWriter writer(out);
    writer.u32(chunk_magic);
    writer.u32(number);
    writer.u64(cut.term.value);
    writer.u64(cut.index.value);
    writer.u32(static_cast<std::uint32_t>(chunk.size()));
    writer.u32(crc32c(chunk));
    writer.u32(0);
    writer.u32(crc32c(out, location_crc({SegmentId{0}, offset})));
    LEDGER_ASSERT(out.size() == chunk_header_bytes);
    writer.bytes(chunk);
    writer.zeros(static_cast<std::size_t>(chunk_span(chunk.size()) - out.size()));
    return out;
}

// The chunk at `offset`, if it is this one, intact. A read error is damage (trap T19).
std::optional<ByteVector> read_chunk(
    File& file, LogId cut, std::uint32_t number, std::uint64_t offset) {
    constexpr std::uint64_t checked = chunk_header_bytes - 4;
    ByteVector header(chunk_header_bytes);
    const Result<std::uint64_t> got = file.read(offset, header);
    if (!got || *got < header.size()) {
        return std::nullopt;
    }
    ByteReader reader(header);
    const bool ours = reader.u32() == chunk_magic && reader.u32() == number &&
                      reader.u64() == cut.term.value && reader.u64() == cut.index.value;
    const std::uint32_t size = reader.u32();
    const std::uint32_t body_crc = reader.u32();
    reader.u32();
    const std::uint32_t crc = reader.u32();
    if (!ours || crc != crc32c(ByteSpan(header).first(checked),
                            location_crc({SegmentId{0}, offset}))) {
        return std::nullopt;
    }
    ByteVector chunk(size);
    const Result<std::uint64_t> bytes = file.read(offset + chunk_header_bytes, chunk);
    if (!bytes || *bytes < size || crc32c(chunk) != body_crc) {
        return std::nullopt;
    }
    return chunk;
}

struct ManifestFile {
    bool unsupported = false;  // of a later version: nothing else is known
    Identity identity;
    CutManifest manifest;
    std::vector<std::uint32_t> sizes;  // of the chunks
};

// One copy, in whole sectors: header, manifest, sizes, checksum, zeros.
ByteVector encode_manifest_file(const Identity& identity, const CutManifest& manifest,
    std::span<const std::uint32_t> sizes) {
    LEDGER_ASSERT(sizes.size() == manifest.chunks.size());
    ByteVector body;
    encode_manifest(manifest, body);
    ByteVector out;
    ByteWriter writer(out);
    writer.u32(manifest_magic);
    writer.u32(manifest_file_version);
    writer.u64(identity.cluster.high);
    writer.u64(identity.cluster.low);
    writer.u32(identity.node.value);
    writer.u32(0);
    writer.u64(body.size());
    writer.u32(0);
    writer.u32(crc32c(out));
    LEDGER_ASSERT(out.size() == manifest_header_bytes);
    writer.bytes(body);
    for (const std::uint32_t size : sizes) {
        writer.u32(size);
    }
    writer.u32(crc32c(out));
    writer.zeros(static_cast<std::size_t>(sector_ceiling(out.size()) - out.size()));
    return out;
}

// Both copies, under their own name when they are durable; the directory is the caller's to sync.
Result<void> write_manifest_file(
    FileSystem& files, const std::string& directory, const ByteVector& copy, Index index) {
    const std::string temporary = path_in(directory, temporary_name);
    const Result<void> removed = files.remove(temporary);  // an earlier crash may have left one
    if (!removed && removed.error().code != make_error_code(Errc::not_found)) {
        return removed;
    }
    LEDGER_TRY(const auto file, files.create(temporary));
    for (std::uint64_t number = 0; number < manifest_copies; ++number) {
        LEDGER_CHECK(file->write(number * copy.size(), copy));
    }
    LEDGER_CHECK(file->sync());
    return files.rename(temporary, path_in(directory, name_of(index, manifest_suffix)));
}

// Nothing if the copy is not intact.
std::optional<ManifestFile> decode_manifest_file(ByteSpan bytes) {
    ByteReader reader(bytes);
    ManifestFile found;
    const bool ours = bytes.size() >= manifest_header_bytes && reader.u32() == manifest_magic &&
                      load_little_endian<std::uint32_t>(bytes.data() + manifest_crc_offset) ==
                          crc32c(bytes.first(manifest_crc_offset));
    found.unsupported = ours && reader.u32() != manifest_file_version;
    if (found.unsupported) {
        return found;
    }
    found.identity.cluster.high = reader.u64();
    found.identity.cluster.low = reader.u64();
    found.identity.node = NodeId{reader.u32()};
    reader.u32();
    const std::uint64_t size = reader.u64();
    reader.u64();
    if (!ours || !reader.ok() || size > manifest_bytes_max) {
        return std::nullopt;
    }
    const Result<CutManifest> manifest = decode_manifest(reader.bytes(size));
    if (!manifest) {
        return std::nullopt;
    }
    found.manifest = *manifest;
    while (reader.ok() && found.sizes.size() < found.manifest.chunks.size()) {
        found.sizes.push_back(reader.u32());
    }
    const std::uint64_t checked = reader.offset();
    const std::uint32_t crc = reader.u32();
    if (!reader.ok() || crc != crc32c(bytes.first(static_cast<std::size_t>(checked)))) {
        return std::nullopt;
    }
    return found;
}

// The first of both copies that is intact; each takes half of the file.
Result<std::optional<ManifestFile>> read_manifest_file(File& file) {
    LEDGER_TRY(const std::uint64_t size, file.size());
    if (size > manifest_copies * (manifest_bytes_max * 2)) {
        return std::optional<ManifestFile>{};
    }
    ByteVector bytes(static_cast<std::size_t>(size / manifest_copies));
    std::optional<ManifestFile> unsupported;
    for (std::uint64_t copy = 0; copy < manifest_copies; ++copy) {
        const Result<std::uint64_t> got = file.read(copy * bytes.size(), bytes);
        if (!got) {
            continue;  // a bad sector takes one copy
        }
        auto found = decode_manifest_file(ByteSpan(bytes).first(static_cast<std::size_t>(*got)));
        if (found && !found->unsupported) {
            LEDGER_SOMETIMES(copy > 0, "log.cut.second_copy_of_manifest");
            return found;
        }
        if (found) {
            unsupported = std::move(found);
        }
    }
    return unsupported;
}

}  // namespace

CutStore::CutStore(FileSystem& files, const Options& options, const Identity& identity)
    : files_(std::make_unique<ReservedFiles>(files, options, ReserveShare::upper_half)),
      directory_(options.directory), identity_(identity) {}

std::string CutStore::path(const std::string& name) const {
    return path_in(directory_, name);
}

Result<CutStore> CutStore::open(
    FileSystem& files, const Options& options, const Identity& identity) {
    CutStore store(files, options, identity);
    LEDGER_CHECK(store.find());
    return store;
}

Result<void> CutStore::find() {
    // The log will be cut on the strength of what is found: it must not go with the next crash.
    LEDGER_CHECK(files_->sync_directory(directory_));
    LEDGER_TRY(const std::vector<std::string> names, files_->list(directory_));
    for (const std::string& name : names) {
        if (index_of(name, manifest_suffix)) {
            LEDGER_CHECK(find_complete(name));
        }
    }
    for (const std::string& name : names) {
        const auto manifest = index_of(name, manifest_suffix);
        const auto index = manifest ? manifest : index_of(name, chunks_suffix);
        const auto is_it = [&](const CutManifest& one) { return one.id.index == *index; };
        const bool known = !index || std::any_of(manifests_.begin(), manifests_.end(), is_it);
        if (!known && (strays_.empty() || strays_.back() != *index)) {
            strays_.push_back(*index);  // both files of one index follow each other
        }
    }
    LEDGER_ASSERT(complete_.size() == manifests_.size());
    return {};
}

Result<void> CutStore::find_complete(const std::string& name) {
    LEDGER_TRY(const auto file, files_->open(path(name)));
    LEDGER_CHECK(file->sync());
    LEDGER_TRY(std::optional<ManifestFile> found, read_manifest_file(*file));
    LEDGER_SOMETIMES(!found, "log.cut.manifest_unreadable");
    if (found && found->unsupported) {
        return failure(Errc::unsupported, path(name) + ": a later format version");
    }
    if (!found || name_of(found->manifest.id.index, manifest_suffix) != name) {
        return {};
    }
    if (!found->identity.same_node(identity_)) {
        return wrong_identity(path(name), found->identity, identity_);
    }
    auto chunks = files_->open(path(name_of(found->manifest.id.index, chunks_suffix)));
    if (!chunks) {
        return chunks.error().code == make_error_code(Errc::not_found) ? Result<void>{}
                                                                       : chunks.error();
    }
    LEDGER_CHECK((*chunks)->sync());
    add(found->manifest, std::move(*chunks), found->sizes);
    return {};
}

void CutStore::add(const CutManifest& manifest, std::unique_ptr<File> chunks,
    std::span<const std::uint32_t> sizes) {
    Complete complete{manifest.id.index, std::move(chunks), {0}};
    for (const std::uint32_t size : sizes) {
        complete.offsets.push_back(complete.offsets.back() + chunk_span(size));
    }
    const auto at = std::find_if(manifests_.begin(), manifests_.end(),
        [&](const CutManifest& other) { return other.id.index > manifest.id.index; });
    complete_.insert(complete_.begin() + (at - manifests_.begin()), std::move(complete));
    manifests_.insert(at, manifest);
}

Result<void> CutStore::remove_if_there(const std::string& name) {
    Result<void> removed = files_->remove(path(name));
    if (!removed && removed.error().code == make_error_code(Errc::not_found)) {
        return {};
    }
    return removed;
}

bool CutStore::holds(const CutManifest& manifest) const {
    return std::find(manifests_.begin(), manifests_.end(), manifest) != manifests_.end();
}

void CutStore::forget(Index index) {
    const auto at = std::find_if(manifests_.begin(), manifests_.end(),
        [index](const CutManifest& one) { return one.id.index == index; });
    if (at != manifests_.end()) {
        complete_.erase(complete_.begin() + (at - manifests_.begin()));
        manifests_.erase(at);
    }
}

// Only `index` may be unfinished, and it is not complete: no manifest may come back for chunks that
// are not its own.
Result<void> CutStore::make_way(Index index) {
    unfinished_.reset();
    LEDGER_CHECK(remove_if_there(name_of(index, manifest_suffix)));
    for (const Index stray : strays_) {
        if (stray != index) {
            LEDGER_SOMETIMES(true, "log.cut.stray_removed");
            LEDGER_CHECK(remove_if_there(name_of(stray, manifest_suffix)));
            LEDGER_CHECK(remove_if_there(name_of(stray, chunks_suffix)));
        }
    }
    strays_.assign(1, index);
    forget(index);
    return files_->sync_directory(directory_);
}

Result<void> CutStore::begin(LogId cut) {
    LEDGER_CHECK(make_way(cut.index));
    const std::string name = name_of(cut.index, chunks_suffix);
    LEDGER_CHECK(remove_if_there(name));
    LEDGER_TRY(auto file, files_->create(path(name)));
    unfinished_ = Unfinished{.cut = cut, .chunks = std::move(file), .sizes = {}};
    return {};
}

Result<void> CutStore::write(LogId cut, std::uint32_t number, ByteSpan chunk) {
    Result<void> written = write_chunk(cut, number, chunk);
    return written ? written : give_up_without_space(written.error(), cut.index);
}

// The space that the unfinished cut has taken is needed by others.
Result<void> CutStore::give_up_without_space(const Error& error, Index index) {
    const bool full = error.code == make_error_code(Errc::no_space);
    if (!full || !unfinished_ || unfinished_->cut.index != index) {
        return error;
    }
    LEDGER_SOMETIMES(true, "log.cut.no_space");
    unfinished_.reset();
    LEDGER_CHECK(remove_if_there(temporary_name));
    LEDGER_CHECK(remove_if_there(name_of(index, chunks_suffix)));
    std::erase(strays_, index);
    LEDGER_CHECK(files_->sync_directory(directory_));
    return error;
}

Result<void> CutStore::write_chunk(LogId cut, std::uint32_t number, ByteSpan chunk) {
    if (number == 0) {
        LEDGER_CHECK(begin(cut));
    }
    LEDGER_ASSERT(unfinished_ && unfinished_->cut == cut);
    LEDGER_ASSERT(unfinished_->sizes.size() == number);
    const ByteVector bytes = encode_chunk(cut, number, chunk, unfinished_->end);
    LEDGER_CHECK(unfinished_->chunks->write(unfinished_->end, bytes));
    unfinished_->end += bytes.size();
    unfinished_->sizes.push_back(static_cast<std::uint32_t>(chunk.size()));
    return {};
}

Result<void> CutStore::complete(const CutManifest& manifest) {
    if (holds(manifest)) {
        return {};
    }
    Result<void> completed = complete_unfinished(manifest);
    return completed ? completed : give_up_without_space(completed.error(), manifest.id.index);
}

Result<void> CutStore::complete_unfinished(const CutManifest& manifest) {
    if (manifest.chunks.empty()) {
        LEDGER_CHECK(begin(manifest.id));
    }
    LEDGER_ASSERT(unfinished_ && unfinished_->cut == manifest.id);
    LEDGER_ASSERT(unfinished_->sizes.size() == manifest.chunks.size());
    LEDGER_CHECK(unfinished_->chunks->sync());
    // The chunks' name is durable before the manifest's can be.
    LEDGER_CHECK(files_->sync_directory(directory_));
    LEDGER_CHECK(write_manifest(manifest));
    LEDGER_CHECK(files_->sync_directory(directory_));
    add(manifest, std::move(unfinished_->chunks), unfinished_->sizes);
    unfinished_.reset();
    strays_.clear();
    return {};
}

Result<void> CutStore::write_manifest(const CutManifest& manifest) {
    return write_manifest_file(*files_, directory_,
        encode_manifest_file(identity_, manifest, unfinished_->sizes), manifest.id.index);
}

Result<CutStore::Unfinished> CutStore::read_leading(
    const CutManifest& manifest, std::unique_ptr<File> chunks) {
    Unfinished found{.cut = manifest.id, .chunks = std::move(chunks), .sizes = {}};
    for (const Digest& digest : manifest.chunks) {
        const auto number = static_cast<std::uint32_t>(found.sizes.size());
        const std::optional<ByteVector> chunk =
            read_chunk(*found.chunks, manifest.id, number, found.end);
        if (!chunk || sha256(*chunk) != digest) {
            break;
        }
        found.end += chunk_span(chunk->size());
        found.sizes.push_back(static_cast<std::uint32_t>(chunk->size()));
    }
    return found;
}

Result<std::uint32_t> CutStore::resume(const CutManifest& manifest) {
    auto file = files_->open(path(name_of(manifest.id.index, chunks_suffix)));
    if (!file && file.error().code != make_error_code(Errc::not_found)) {
        return file.error();
    }
    Unfinished found{.cut = manifest.id, .chunks = nullptr, .sizes = {}};
    if (file) {
        LEDGER_TRY(found, read_leading(manifest, std::move(*file)));
    }
    const auto count = static_cast<std::uint32_t>(found.sizes.size());
    const bool complete = holds(manifest) && count == manifest.chunks.size();
    if (!complete) {
        LEDGER_CHECK(make_way(manifest.id.index));
    }
    if (!complete && count > 0) {
        LEDGER_CHECK(found.chunks->resize(found.end));
        unfinished_ = std::move(found);
    }
    return count;
}

Result<ByteVector> CutStore::read(LogId cut, std::uint32_t number) {
    const auto manifest = std::find_if(manifests_.begin(), manifests_.end(),
        [cut](const CutManifest& one) { return one.id == cut; });
    if (manifest == manifests_.end() || number >= manifest->chunks.size()) {
        return failure(Errc::out_of_range,
            fmt::format("chunk {} of a cut at index {} is not here", number, cut.index));
    }
    const Complete& complete =
        complete_[static_cast<std::size_t>(manifest - manifests_.begin())];
    std::optional<ByteVector> chunk =
        read_chunk(*complete.chunks, cut, number, complete.offsets[number]);
    if (!chunk || sha256(*chunk) != manifest->chunks[number]) {
        return failure(Errc::corrupt_record,
            fmt::format("{}: chunk {} of the cut at index {}, byte {}",
                path(name_of(cut.index, chunks_suffix)), number, cut.index,
                complete.offsets[number]));
    }
    return std::move(*chunk);
}

Result<void> CutStore::mend(LogId cut, std::uint32_t number, ByteSpan chunk) {
    const auto manifest = std::find_if(manifests_.begin(), manifests_.end(),
        [cut](const CutManifest& one) { return one.id == cut; });
    if (manifest == manifests_.end() || number >= manifest->chunks.size()) {
        return {};
    }
    Complete& complete = complete_[static_cast<std::size_t>(manifest - manifests_.begin())];
    const std::string name = name_of(cut.index, chunks_suffix);
    const std::uint64_t offset = complete.offsets[number];
    const ByteVector bytes = encode_chunk(cut, number, chunk, offset);
    if (sha256(chunk) != manifest->chunks[number] ||
        bytes.size() != complete.offsets[number + 1] - offset) {
        return failure(Errc::corrupt_record,
            fmt::format("{}: another chunk {} is offered than the cut at index {} has",
                path(name), number, cut.index));
    }
    LEDGER_SOMETIMES(true, "log.cut.chunk_mended");
    LEDGER_CHECK(complete.chunks->write(offset, bytes));
    return complete.chunks->sync();
}

Result<void> CutStore::remove_before(Index index) {
    std::vector<Index> gone;
    for (const CutManifest& manifest : manifests_) {
        if (manifest.id.index < index) {
            gone.push_back(manifest.id.index);
        }
    }
    for (const Index stray : strays_) {
        if (stray < index && !(unfinished_ && unfinished_->cut.index == stray)) {
            gone.push_back(stray);
        }
    }
    if (gone.empty()) {
        return {};
    }
    for (const Index old : gone) {
        LEDGER_CHECK(remove_if_there(name_of(old, manifest_suffix)));
        forget(old);
        std::erase(strays_, old);
    }
    // A manifest without its chunks must not come back.
    LEDGER_CHECK(files_->sync_directory(directory_));
    for (const Index old : gone) {
        LEDGER_CHECK(remove_if_there(name_of(old, chunks_suffix)));
    }
    return files_->sync_directory(directory_);
}

namespace {

// Null if there is no file of this name.
Result<std::unique_ptr<File>> open_if_there(FileSystem& files, const std::string& name) {
    auto file = files.open(name);
    if (!file && file.error().code == make_error_code(Errc::not_found)) {
        return std::unique_ptr<File>();
    }
    return file;
}

Result<std::optional<ByteVector>> read_if_there(FileSystem& files, const std::string& name) {
    LEDGER_TRY(const auto file, open_if_there(files, name));
    if (!file) {
        return std::optional<ByteVector>();
    }
    LEDGER_TRY(const std::uint64_t size, file->size());
    ByteVector bytes(static_cast<std::size_t>(size));
    for (std::uint64_t at = 0; at < size; at += sector_bytes) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(sector_bytes, size - at));
        // What cannot be read stays zero: then no checksum over it holds.
        static_cast<void>(
            file->read(at, std::span(bytes).subspan(static_cast<std::size_t>(at), count)));
    }
    return std::optional<ByteVector>(std::move(bytes));
}

const char* const later_version = "a later format version";

void judge_manifest(ByteSpan file, CutFiles& cut, std::vector<std::uint32_t>& sizes) {
    const std::uint64_t half = file.size() / manifest_copies;
    for (std::uint64_t copy = 0; copy < manifest_copies; ++copy) {
        CutPlace& place = cut.copies.emplace_back(CutPlace{copy * half, half});
        const ByteSpan bytes = file.subspan(
            static_cast<std::size_t>(place.offset), static_cast<std::size_t>(half));
        auto found = decode_manifest_file(bytes);
        if (!found || found->unsupported) {
            place.damage = found ? later_version : "a checksum does not hold";
            continue;
        }
        const ByteVector written = encode_manifest_file(found->identity, found->manifest,
            found->sizes);
        if (!std::equal(bytes.begin(), bytes.end(), written.begin(), written.end())) {
            place.damage = "bytes behind it that are not zero, or not its own";
        } else if (cut.manifest && *cut.manifest != found->manifest) {
            place.damage = "the other copy says something else";
        }
        if (!cut.manifest) {
            cut.identity = found->identity;
            cut.manifest = std::move(found->manifest);
            sizes = std::move(found->sizes);
        }
    }
    if (half * manifest_copies < file.size()) {
        cut.copies.push_back({half * manifest_copies, 1, "nothing of the cut belongs here"});
    }
}

const char* damage_of_chunk(File& file, const CutManifest& manifest, std::uint32_t number,
    const CutPlace& place, std::uint32_t bytes_of_chunk) {
    ByteVector there(static_cast<std::size_t>(place.bytes));
    const Result<std::uint64_t> read = file.read(place.offset, there);
    if (!read) {
        return "it cannot be read";
    }
    if (*read < place.bytes) {
        return "the file is too short";
    }
    const ByteSpan chunk = ByteSpan(there).subspan(chunk_header_bytes, bytes_of_chunk);
    if (sha256(chunk) != manifest.chunks[number]) {
        return "it has another hash than its manifest says";
    }
    return there == encode_chunk(manifest.id, number, chunk, place.offset)
               ? nullptr
               : "its header does not verify, or bytes behind it are not zero";
}

}  // namespace

std::optional<Index> cut_of_file(std::string_view name) {
    const auto manifest = index_of(name, manifest_suffix);
    return manifest ? manifest : index_of(name, chunks_suffix);
}

Result<CutFiles> look_at_cut(FileSystem& files, const std::string& directory, Index index) {
    CutFiles cut;
    cut.manifest_name = name_of(index, manifest_suffix);
    cut.chunks_name = name_of(index, chunks_suffix);
    LEDGER_TRY(const auto manifest, read_if_there(files, path_in(directory, cut.manifest_name)));
    LEDGER_TRY(const auto chunks, open_if_there(files, path_in(directory, cut.chunks_name)));
    std::uint64_t chunks_bytes = 0;
    if (chunks) {
        LEDGER_TRY(chunks_bytes, chunks->size());
    }
    cut.has_manifest = manifest.has_value();
    cut.has_chunks = chunks != nullptr;
    cut.bytes = (manifest ? manifest->size() : 0) + chunks_bytes;
    std::vector<std::uint32_t> sizes;
    if (manifest) {
        judge_manifest(*manifest, cut, sizes);
    }
    const bool later = !cut.manifest &&
        std::any_of(cut.copies.begin(), cut.copies.end(),
            [](const CutPlace& copy) { return copy.damage == later_version; });
    if (later) {
        return failure(Errc::unsupported, cut.manifest_name + ": " + later_version);
    }
    if (!cut.manifest || !chunks) {
        return cut;
    }
    std::uint64_t at = 0;
    for (std::uint32_t number = 0; number < sizes.size(); ++number) {
        CutPlace& place = cut.chunks.emplace_back(CutPlace{at, chunk_span(sizes[number])});
        place.damage = damage_of_chunk(*chunks, *cut.manifest, number, place, sizes[number]);
        at += place.bytes;
    }
    if (at < chunks_bytes) {
        cut.chunks.push_back({at, chunks_bytes - at, "nothing of the cut belongs here"});
    }
    return cut;
}

Result<bool> mend_manifest(FileSystem& files, const std::string& directory, Index index) {
    LEDGER_TRY(const auto bytes,
        read_if_there(files, path_in(directory, name_of(index, manifest_suffix))));
    if (!bytes) {
        return false;
    }
    const auto half = bytes->size() / manifest_copies;
    std::optional<ManifestFile> stands;
    for (std::uint64_t copy = 0; copy < manifest_copies; ++copy) {
        auto found = decode_manifest_file(
            ByteSpan(*bytes).subspan(static_cast<std::size_t>(copy * half), half));
        const bool contradicts = found && (found->unsupported || (stands &&
            (stands->manifest != found->manifest || stands->sizes != found->sizes)));
        if (contradicts) {
            return false;  // not ours to say which one is right
        }
        if (found) {
            stands = std::move(found);
        }
    }
    if (!stands || stands->manifest.id.index != index) {
        return false;
    }
    LEDGER_CHECK(write_manifest_file(files, directory,
        encode_manifest_file(stands->identity, stands->manifest, stands->sizes), index));
    LEDGER_CHECK(files.sync_directory(directory));
    return true;
}

}  // namespace ledger::log
