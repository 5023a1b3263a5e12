#pragma once
// Finding: one place in the files of a log that is not as it was written, and what that means.

#include <cstdint>
#include <optional>
#include <string>

#include "log/base/ids.h"
#include "log/segment.h"

namespace ledger::log {

// DESIGN section 5, as far as one disk can tell by itself.
enum class Condition : std::uint8_t {
    clean,     // as it was written
    faulty,    // damaged, and something says that it was promised
    unsealed,  // damaged in the last group, which nothing vouches for: torn or rotten, peers know
    torn,      // left by a crash, as the order of flushes allows; nothing that was promised
};
// "CLEAN", "FAULTY", "UNSEALED", "TORN".
const char* to_text(Condition condition);

enum class FoundAt : std::uint8_t {
    file,
    hard_state_copy,
    hard_state,
    segment_header_copy,
    segment_header,
    record_header,
    record_envelope,
    record_erasable,
    record,           // every checksum holds, but it does not belong there
    identity_block,
    footer_copy,
    footer,
    tail,             // behind the last group
    padding,          // zeros that are none; no checksum covers them
    cut_manifest_copy,
    cut_manifest,
    cut_chunk,
    sector,           // cannot be read
    promise,          // the log ends before something that was promised
};
// "record header", "footer copy".
const char* to_text(FoundAt place);

struct Finding {
    Condition condition = Condition::faulty;
    FoundAt place = FoundAt::file;
    std::string file;           // its name in the directory
    std::uint64_t offset = 0;   // of the place in the file
    std::uint64_t bytes = 0;    // of the place
    SegmentId segment{};        // 0 = in no segment
    std::optional<Index> index{};  // the entry, or the cut
    bool covered = false;       // nothing is lost: what it says stands elsewhere on this disk
    std::string why;

    std::uint64_t sector() const { return offset / sector_bytes; }
};

// "FAULTY 00000001.segment byte 4096 (sector 8), 160 bytes, index 17, record header: ...".
std::string to_text(const Finding& finding);

}  // namespace ledger::log
