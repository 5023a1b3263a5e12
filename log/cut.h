#pragma once
// Cut: what is said of a replicated state at one index: its place, its parts, its root.

#include <cstdint>
#include <vector>

#include "log/base/bytes.h"
#include "log/base/entry.h"
#include "log/base/result.h"
#include "log/base/sha256.h"
#include "log/base/time.h"

namespace ledger::log {

// A cut has at most this many chunks; its manifest stays below 5 MiB.
inline constexpr std::uint32_t cut_chunks_max = 128u << 10;
// What a manifest may hold of configuration and control together, in bytes.
inline constexpr std::uint32_t cut_notes_bytes_max = 64u << 10;
inline constexpr std::uint64_t manifest_bytes_max =
    256 + std::uint64_t{cut_notes_bytes_max} + std::uint64_t{cut_chunks_max} * 32;

// DESIGN section 4. Replicas that applied the same log make equal manifests, byte for byte.
struct CutManifest {
    LogId id;                  // the last entry that the state contains
    ClusterTime cluster_time;  // stamps of that entry
    WallTime wall_time;
    Digest entry_hash;         // of the chain at it
    ByteVector configuration;  // body of the one in force there (raft/configuration_body.h)
    ByteVector control;        // what the replica itself has to remember (node/snapshotter.h)
    std::vector<Digest> chunks;  // SHA-256 of each, in order
    std::uint64_t bytes = 0;     // of all chunks

    // The cut's identity: SHA-256 over all of the above.
    Digest root() const;
    friend bool operator==(const CutManifest&, const CutManifest&) = default;
};

// Little-endian: u32 version (1), u64 term, u64 index, i64 cluster time, i64 wall time, 32 bytes
// entry hash, configuration and control each with a u32 length, u64 bytes, u32 count, 32 bytes each
// chunk.
void encode_manifest(const CutManifest& manifest, ByteVector& out);
// Errors: corrupt_record (names the field), unsupported.
Result<CutManifest> decode_manifest(ByteSpan bytes);

}  // namespace ledger::log
