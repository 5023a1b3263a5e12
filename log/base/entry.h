#pragma once
// Entry: one element of the replicated log: an envelope that is hashed and kept for ever, and an
// erasable part (salts and payloads) that can be destroyed without touching a proof.

#include <compare>
#include <cstdint>
#include <utility>

#include "log/base/bytes.h"
#include "log/base/ids.h"
#include "log/base/sha256.h"
#include "log/base/time.h"

namespace ledger {

// What an entry is to Raft. Numbers are on disk and on the wire: never reused.
enum class EntryKind : std::uint8_t {
    noop = 1,           // a new leader's first entry (Raft §8); empty body
    command = 2,        // a command of the state machine
    configuration = 3,  // a membership
    cut = 4,            // freeze the state at this index
    cut_root = 5,       // the agreed root of a cut
    retain = 6,         // segments below a cut may go
    feature = 7,        // a version of what nodes may say is in force from here on
    recovery = 8,       // a quorum was lost and given up: what an operator did, in words
};

bool known_entry_kind(std::uint8_t number);

// The place of an entry; orders logs (Raft §5.4.1: term first, then index).
struct LogId {
    Term term;
    Index index;
    friend auto operator<=>(const LogId&, const LogId&) = default;
};

// What has been destroyed of an erasable part. Numbers order what less is left of.
enum class Erasure : std::uint8_t {
    none,
    part,   // it is a shorter one now, whose layout belongs to whoever owns the envelope's
    whole,  // no byte of it is left, or it has never been here
};

// The largest body (envelope plus erasable part), in bytes.
inline constexpr std::uint32_t entry_bytes_max = 8u << 20;

// The bytes of one entry: written once, never changed, shared by handle. The envelope's layout
// belongs to whoever writes the command (log/state/command.h for the ledger).
class EntryBody {
  public:
    ByteSpan envelope() const { return {data(), envelope_size_}; }
    ByteSpan erasable() const { return {data() + envelope_size_, erasable_size_}; }
    ByteSpan bytes() const { return {data(), envelope_size_ + erasable_size_}; }
    std::uint32_t envelope_size() const { return envelope_size_; }
    std::uint32_t erasable_size() const { return erasable_size_; }
    std::uint32_t size() const { return envelope_size_ + erasable_size_; }
    Erasure erasure() const { return erasure_; }
    // The erasable part was destroyed as a whole, or has never been here.
    bool is_erased() const { return erasure_ == Erasure::whole; }
    // SHA-256 of the envelope, computed once when the body is made.
    const Digest& envelope_digest() const { return envelope_digest_; }

  private:
    friend class EntryHandle;

    const std::byte* data() const { return reinterpret_cast<const std::byte*>(this + 1); }

    std::uint32_t references_ = 1;
    std::uint32_t envelope_size_ = 0;
    std::uint32_t erasable_size_ = 0;
    // Invariant: erasable_size_ is 0 if whole, and is not if part.
    Erasure erasure_ = Erasure::none;
    Digest envelope_digest_;
};

// A counted reference to an EntryBody. Copies cost one increment. Counting is not thread-safe:
// handles are copied and dropped only on the thread that steps the replica; other threads may
// read a body that the replica keeps for them (Store). Empty handle = empty body.
class EntryHandle {
  public:
    EntryHandle() = default;
    EntryHandle(const EntryHandle& other) : body_(other.body_) { acquire(); }
    EntryHandle(EntryHandle&& other) noexcept : body_(std::exchange(other.body_, nullptr)) {}
    EntryHandle& operator=(EntryHandle other) noexcept {
        std::swap(body_, other.body_);
        return *this;
    }
    ~EntryHandle() { release(); }

    // Copies both parts into a new body. Their sizes add up to at most entry_bytes_max.
    static EntryHandle make(ByteSpan envelope, ByteSpan erasable);
    // A body that has lost its erasable part.
    static EntryHandle make_erased(ByteSpan envelope);
    // A body that has lost some of its erasable part; `erasable`, not empty, is what took its place.
    static EntryHandle make_partly_erased(ByteSpan envelope, ByteSpan erasable);
    // Any of the three.
    static EntryHandle make(ByteSpan envelope, ByteSpan erasable, Erasure erasure);
    // The same body without its erasable part; itself if it has none.
    EntryHandle erased() const;

    explicit operator bool() const { return body_ != nullptr; }
    const EntryBody& operator*() const { return *body_; }
    const EntryBody* operator->() const { return body_; }

    ByteSpan envelope() const { return body_ ? body_->envelope() : ByteSpan{}; }
    ByteSpan erasable() const { return body_ ? body_->erasable() : ByteSpan{}; }
    Erasure erasure() const { return body_ ? body_->erasure() : Erasure::none; }
    bool is_erased() const { return erasure() == Erasure::whole; }
    // The digest of the envelope; for an empty body the digest of no bytes.
    const Digest& envelope_digest() const;

  private:
    // All but the digest of the envelope.
    static EntryHandle without_digest(ByteSpan envelope, ByteSpan erasable);
    void acquire() {
        if (body_ != nullptr) {
            ++body_->references_;
        }
    }
    void release();

    EntryBody* body_ = nullptr;
};

// What Raft, the log and the wire know of an entry. The payload stays behind the handle; Raft
// never looks through it.
struct EntryRef {
    Index index;
    Term term;
    EntryKind kind = EntryKind::noop;
    std::uint32_t bytes = 0;  // size of the body
    ClusterTime cluster_time;
    WallTime wall_time;
    EntryHandle handle;

    LogId id() const { return {term, index}; }
};

// Same place, kind, stamps and bytes.
bool operator==(const EntryRef& a, const EntryRef& b);

// The one hash chain over the log: SHA-256 over the previous entry's hash, the header fields and
// the envelope digest; erasable bytes and everything local to a replica stay outside.
Digest entry_hash(const Digest& previous, const EntryRef& entry);

// An entry with its place in the hash chain.
struct HashedEntry {
    EntryRef entry;
    Digest hash;
    friend bool operator==(const HashedEntry&, const HashedEntry&) = default;
};

// Terms of a log without its entries: each run begins at `first` and lasts to the next run.
struct TermRun {
    Index first;
    Term term;
    friend auto operator<=>(const TermRun&, const TermRun&) = default;
};

// What a node must never forget (Raft fig. 2): always stored together.
struct HardState {
    Term term;
    NodeId vote;  // 0 = none in this term
    // Entries of this log came without their erasable parts, as a witness gets them: this disk is
    // no source of data. Ends with the log that it speaks of.
    bool trimmed = false;
    friend auto operator<=>(const HardState&, const HardState&) = default;
};

}  // namespace ledger
