#pragma once
// SnapshotFile: a ledger as of one committed index in one file, to be kept elsewhere and restored.

#include <cstdint>
#include <functional>
#include <optional>

#include "log/cut.h"
#include "log/file_system.h"
#include "log/storage.h"

namespace ledger::log {

// Entries are put into sections of about this many bytes; no section has more than the other.
inline constexpr std::uint64_t snapshot_section_bytes = 1u << 20;
inline constexpr std::uint64_t snapshot_section_bytes_max = 16u << 20;

struct SnapshotHead {
    ClusterId cluster;
    NodeId node;        // whose disk it was read from
    WallTime saved_at;  // by the clock of whoever saved it
    LogStart start;     // the entry before the first; index 0 = the log is there from its beginning
    LogId last;         // committed; the entries are (start, last]
    Digest last_hash;   // of the chain at it
    friend bool operator==(const SnapshotHead&, const SnapshotHead&) = default;

    // Then a cut in [start, last] is part of it.
    bool begins_behind_cut() const { return start.id.index > Index{0}; }
    std::uint64_t entries() const { return last.index - start.id.index; }
};

// What a snapshot is made of, in the one order that is right: the cut with all its chunks if there
// is one, then every entry. Writer and reader ask the same one. Errors: corrupt_record.
class SnapshotCheck {
  public:
    explicit SnapshotCheck(const SnapshotHead& head);

    Result<void> cut(const CutManifest& manifest);
    // Returns its number.
    Result<std::uint32_t> chunk(ByteSpan bytes);
    // Returns the entry with its place in the chain.
    Result<HashedEntry> entry(const EntryRef& entry);
    // Nothing is missing, and the chain ends where the head says.
    Result<void> end() const;

    const std::optional<CutManifest>& manifest() const { return manifest_; }
    LogId last() const { return last_; }         // so far
    const Digest& hash() const { return hash_; }  // of the chain there

  private:
    bool chunks_are_whole() const;
    Result<void> compare_with_cut() const;

    const SnapshotHead head_;
    std::optional<CutManifest> manifest_;
    std::uint32_t chunks_ = 0;
    std::uint64_t chunk_bytes_ = 0;
    LogId last_;
    Digest hash_;
};

// What a snapshot says of itself in the end.
struct SnapshotSeal {
    std::uint64_t bytes = 0;  // of the file
    Digest digest;  // SHA-256 of the file up to its last section: as good as a name for it
    friend bool operator==(const SnapshotSeal&, const SnapshotSeal&) = default;
};

// Writes one snapshot to an empty file, which must outlive it. An error is final.
class SnapshotWriter {
  public:
    static Result<SnapshotWriter> begin(File& file, const SnapshotHead& head);

    // In the order of SnapshotCheck, with its errors.
    Result<void> write(const CutManifest& manifest);
    Result<void> write_chunk(ByteSpan chunk);
    Result<void> write(const HashedEntry& entry);
    // Everything is written, and durable when it returns.
    Result<SnapshotSeal> finish();

  private:
    SnapshotWriter(File& file, const SnapshotHead& head) : file_(file), check_(head) {}
    void begin_section();
    Result<void> end_section(std::uint32_t type);
    Result<void> flush_entries();

    File& file_;
    SnapshotCheck check_;
    ByteVector section_;          // header and content of the one in hand; empty = none
    std::uint64_t at_ = 0;        // where it goes
    std::uint32_t sections_ = 0;  // before it
    std::uint64_t entries_ = 0;
    Sha256 digest_;               // of the bytes before it
};

// Whoever wants to see what is read; each may be empty. An error ends the reading.
struct SnapshotTaker {
    std::function<Result<void>(const SnapshotHead&)> head;
    std::function<Result<void>(const CutManifest&)> cut;
    std::function<Result<void>(std::uint32_t number, ByteSpan)> chunk;
    std::function<Result<void>(const HashedEntry&)> entry;
    std::function<void(std::uint64_t done, std::uint64_t all)> progress;  // bytes of the file
};

struct SnapshotContents {
    SnapshotHead head;
    std::optional<CutManifest> cut;
    SnapshotSeal seal;
};

// Reads every byte and verifies all there is to verify. What the taker was given before an error is
// right by itself, but not all there was. Errors: corrupt_record names the byte and what lies there,
// unsupported (a later version), of the file, of the taker.
Result<SnapshotContents> read_snapshot(File& file, const SnapshotTaker& taker = {});

}  // namespace ledger::log
