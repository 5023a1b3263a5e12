#pragma once
// DiskMedia: what a device does to the bytes of one file that it has taken: overlays over the
// durable bytes, which only the reads of the node see.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "log/base/bytes.h"
#include "sim/faults.h"

namespace ledger::sim {

// Bytes [from, to) of a file, for which the device gives something else.
struct Overlay {
    std::uint64_t harm = 0;  // which one it belongs to: one harm may have several overlays
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    ByteVector bytes;   // to - from of them; empty: reads that touch the place fail
    bool once = false;  // gone after the first read that sees it

    bool unreadable() const { return bytes.empty(); }
};

struct ByteRange {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    friend bool operator==(const ByteRange&, const ByteRange&) = default;

    bool touches(std::uint64_t other_from, std::uint64_t other_to) const {
        return from < other_to && other_from < to;
    }
};

// What one write replaced on the disk. Where the file did not reach so far there were zeros.
struct PastWrite {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    ByteVector before;  // at most `bytes` of them

    std::uint64_t end() const { return offset + bytes; }
};

// Overlays of one file never overlap. What is written and not synced hides them; what a sync or a
// crash brings to the disk ends them: byte for byte where bytes were wrong, and where nothing could
// be read, sector for sector, since only a whole new sector makes it readable again.
class DiskMedia {
  public:
    bool empty() const { return overlays_.empty(); }
    std::span<const Overlay> overlays() const { return overlays_; }
    bool touches(std::uint64_t from, std::uint64_t to) const;

    // Precondition: touches no other overlay.
    void add(Overlay&& overlay);
    // The disk has new bytes here; the file has `size` bytes.
    void written(ByteRange range, std::uint64_t size);
    // The file ends here now.
    void cut(std::uint64_t size);
    // Nothing of this harm is left.
    void end(std::uint64_t harm);

    struct Sight {
        bool unreadable = false;
        std::vector<std::uint64_t> harms;       // that were seen, each once
        std::vector<std::uint64_t> seen_once;   // those of them that are over with that
    };
    // A read of [offset, offset + into.size()), which `into` holds as it was meant to be. `hidden`:
    // what is written and not synced.
    Sight look(std::uint64_t offset, std::span<std::byte> into, std::span<const ByteRange> hidden,
        std::uint64_t size) const;

  private:
    std::vector<Overlay> overlays_;
};

}  // namespace ledger::sim
