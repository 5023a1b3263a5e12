#pragma once
// Examination: every byte in the files of a log read and judged, and nothing changed.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "log/cut.h"
#include "log/finding.h"
#include "log/footer.h"
#include "log/hard_state_file.h"
#include "log/scan.h"

namespace ledger::log {

struct ExaminedSegment {
    SegmentId id;
    std::string file;
    std::uint64_t bytes = 0;
    std::optional<SegmentHeader> header;
    std::array<bool, 2> header_copies{};  // which are intact
    std::array<bool, 2> footer_copies{};
    bool sealed = false;                  // a copy of the footer is intact
    // The entries that the segment held at its end; first.previous() = none.
    Index first;
    Index last;
    std::vector<TermRun> terms;           // of them
    std::vector<std::uint64_t> epochs;    // of its records, in their order, each once in a row
    std::uint64_t groups = 0;
    std::uint64_t records = 0;            // truncations among them
    std::uint64_t truncations = 0;
    std::uint64_t erased = 0;             // entries without their erasable part
    std::uint64_t partly_erased = 0;      // entries with a shorter one
    std::uint64_t envelope_bytes = 0;     // of all records of entries
    std::uint64_t erasable_bytes = 0;

    std::uint64_t entries() const { return last.next() - first; }
    std::uint64_t overhead_bytes() const { return bytes - envelope_bytes - erasable_bytes; }
};

struct ExaminedCut {
    Index index;
    std::string file;                     // the manifest, or the chunks if that is all there is
    std::optional<CutManifest> manifest;  // nothing: it is unfinished, or cannot be read
    std::uint64_t bytes = 0;              // of both files
};

// What stands behind the last group that is whole.
struct ExaminedTail {
    Condition condition = Condition::clean;
    SegmentId segment;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::uint64_t entries = 0;  // named there, and lost with it unless peers have them
};

// The counterpart of `Recovered` for a disk that may be damaged.
struct Examination {
    std::vector<Finding> findings;        // in the order of the files
    std::optional<HardStateSlot> hard_state;  // the newest copy that is intact
    // By place in the file: slot 0 and 1, then their second copies.
    std::array<std::optional<HardStateSlot>, hard_state_slots * hard_state_copies> slots;
    std::vector<ExaminedSegment> segments;
    std::vector<ExaminedCut> cuts;
    std::vector<std::string> leftovers;   // files that the next opening removes or passes over
    LogId previous;                       // of the entry before `first`
    Index first;
    Index last;
    std::optional<Digest> last_hash;      // the chain at `last`, unless damage hides it
    Index commit;                         // durable witness
    ExaminedTail tail;
    std::uint64_t bytes = 0;              // read

    // The worst of the findings: faulty before unsealed before torn before clean.
    Condition condition() const;
};

// One record, or the place where one should stand, as it is passed by.
struct RecordNote {
    SegmentId segment;
    const Slot& slot;                 // valid during the call
    Condition condition;
    std::optional<Digest> hash;       // of the chain at the entry, if it is known
    bool named = false;               // by its group's identity block, with the same words
};

// What a caller wants to see meanwhile; each may be empty.
struct Watch {
    std::function<void(const RecordNote&)> record;
    std::function<void(std::uint64_t done, std::uint64_t all)> progress;  // bytes of segments
};

// Damage is what it finds, not an error. Errors: not_found (no node was ever formatted here),
// unsupported (a later format version), io_error if the directory or a file cannot be opened.
Result<Examination> examine(
    FileSystem& files, const std::string& directory, const Watch& watch = {});

}  // namespace ledger::log
