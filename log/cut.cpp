#include "log/cut.h"

#include <algorithm>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/file_system.h"

namespace ledger::log {
namespace {

constexpr std::uint32_t manifest_version = 1;

Digest read_digest(ByteReader& reader) {
    Digest digest;
    const ByteSpan bytes = reader.bytes(digest.bytes.size());
    std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
    return digest;
}

ByteVector read_sized(ByteReader& reader) {
    const ByteSpan bytes = reader.sized();
    return {bytes.begin(), bytes.end()};
}

}  // namespace

Digest CutManifest::root() const {
    ByteVector encoded;
    encode_manifest(*this, encoded);
    return Sha256().update(as_bytes("event ledger cut")).update(encoded).finish();
}

void encode_manifest(const CutManifest& manifest, ByteVector& out) {
    LEDGER_ASSERT(manifest.chunks.size() <= cut_chunks_max);
    LEDGER_ASSERT(
        manifest.configuration.size() + manifest.control.size() <= cut_notes_bytes_max);
    ByteWriter writer(out);
    writer.u32(manifest_version);
    writer.u64(manifest.id.term.value);
    writer.u64(manifest.id.index.value);
    writer.i64(manifest.cluster_time.nanoseconds);
    writer.i64(manifest.wall_time.nanoseconds);
    writer.bytes(manifest.entry_hash.span());
    writer.sized(manifest.configuration);
    writer.sized(manifest.control);
    writer.u64(manifest.bytes);
    writer.u32(static_cast<std::uint32_t>(manifest.chunks.size()));
    for (const Digest& chunk : manifest.chunks) {
        writer.bytes(chunk.span());
    }
}

Result<CutManifest> decode_manifest(ByteSpan bytes) {
    ByteReader reader(bytes);
    const std::uint32_t version = reader.u32();
    if (reader.ok() && version != manifest_version) {
        return failure(Errc::unsupported,
            fmt::format("manifest of a cut: version {}, this build reads {}", version,
                manifest_version));
    }
    CutManifest manifest;
    manifest.id.term = Term{reader.u64()};
    manifest.id.index = Index{reader.u64()};
    manifest.cluster_time = ClusterTime{reader.i64()};
    manifest.wall_time = WallTime{reader.i64()};
    manifest.entry_hash = read_digest(reader);
    manifest.configuration = read_sized(reader);
    manifest.control = read_sized(reader);
    manifest.bytes = reader.u64();
    const std::uint32_t count = reader.u32();
    // Before anything is allocated for them: the rest of the bytes is exactly the chunks.
    const bool fits = reader.ok() && count <= cut_chunks_max &&
                      reader.remaining() == std::uint64_t{count} * sizeof(Digest::bytes);
    if (!fits) {
        return failure(Errc::corrupt_record,
            fmt::format("manifest of a cut: {} bytes do not hold {} chunks", bytes.size(), count));
    }
    if (manifest.configuration.size() + manifest.control.size() > cut_notes_bytes_max) {
        return failure(Errc::corrupt_record,
            fmt::format("manifest of a cut: more than {} bytes of notes", cut_notes_bytes_max));
    }
    manifest.chunks.reserve(count);
    while (manifest.chunks.size() < count) {
        manifest.chunks.push_back(read_digest(reader));
    }
    return manifest;
}

}  // namespace ledger::log
