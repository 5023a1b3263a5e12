#pragma once
// Scrubber: when which part of the log and of its cuts is read only to see whether it still can be.
// Most bad sectors are found by nobody else (storage reference, trap T19).

#include <algorithm>
#include <cstdint>
#include <optional>

#include "log/base/entry.h"
#include "log/base/ids.h"
#include "log/base/time.h"
#include "node/limits.h"

namespace ledger::node {

// A chunk of a complete cut.
struct CutChunk {
    LogId cut;
    std::uint32_t number = 0;
    friend bool operator==(const CutChunk&, const CutChunk&) = default;
};

// One pass: all entries, then all chunks, ascending.
class Scrubber {
  public:
    explicit Scrubber(const Limits& limits) : limits_(limits) {}

    void boot(Instant now) {
        due_ = limits_.scrub_bytes_per_second == 0 ? never : now + limits_.scrub_start;
    }

    // The entry from which to read now, of a log that holds [first, last]; nothing if it is not time,
    // or if chunks come next. After that done() or failed() comes, and until then nothing is due.
    std::optional<Index> next(Instant now, Index first, Index last) {
        if (reading_ || now < due_ || chunk_) {
            return std::nullopt;
        }
        at_ = std::max(at_, first);
        if (at_ > last) {  // all of it, or there is nothing
            chunk_ = CutChunk{};
            return std::nullopt;
        }
        reading_ = true;
        return at_;
    }
    // From where on a chunk is to be read now. Whoever has the cuts answers with reads(), after which
    // chunk_done() comes, or with finish() if none is left.
    std::optional<CutChunk> next_chunk(Instant now) const {
        return reading_ || now < due_ ? std::nullopt : chunk_;
    }
    void reads(const CutChunk& chunk) {
        chunk_ = chunk;
        reading_ = true;
    }
    // 0 bytes: it could not be read.
    void chunk_done(Instant now, std::uint64_t bytes) {
        go_on(now, bytes == 0 ? limits_.scrub_read_bytes : bytes);
        ++chunk_->number;
    }
    void finish(Instant now) {
        ++passes_;
        at_ = {};
        chunk_.reset();
        due_ = now + limits_.scrub_pause;
    }
    // Entries up to `last`, of so many bytes, can be read.
    void done(Instant now, Index last, std::uint64_t bytes) {
        go_on(now, bytes);
        at_ = std::max(at_.next(), last.next());
    }
    // The first one cannot, nor perhaps what follows in the hash chain.
    void failed(Instant now) {
        go_on(now, limits_.scrub_read_bytes);
        ++at_;
    }

    Instant deadline() const { return reading_ ? never : due_; }
    // How often everything has been read.
    std::uint64_t passes() const { return passes_; }

  private:
    void go_on(Instant now, std::uint64_t bytes) {
        constexpr std::uint64_t second = 1'000'000'000;
        reading_ = false;
        const std::uint64_t time = bytes * second / limits_.scrub_bytes_per_second;
        due_ = now + nanoseconds(static_cast<std::int64_t>(time));
    }

    const Limits& limits_;
    Index at_;
    std::optional<CutChunk> chunk_;  // behind the entries
    Instant due_ = never;
    bool reading_ = false;
    std::uint64_t passes_ = 0;
};

}  // namespace ledger::node
