#pragma once
// DamageSample: the files of a log and a cut, and where in them each structure lies.

#include <cstdint>
#include <string>
#include <vector>

#include "log/footer.h"
#include "log/record.h"
#include "log/segment.h"
#include "tests/log/conformance/arm.h"
#include "tests/log/sample.h"

namespace ledger::log::conformance {

// The bytes [offset, end) of a file.
struct Spot {
    std::string file;
    std::uint64_t offset = 0;
    std::uint64_t end = 0;
};

struct RecordSpot : Spot {
    RecordHeader header;
};

struct GroupSpot : Spot {
    std::vector<RecordSpot> records;
    Spot block;
};

struct SegmentSpot {
    std::string file;
    std::vector<GroupSpot> groups;
    std::vector<Spot> footers;  // two, or none if it is the last segment
};

struct DamageSample {
    Image image;
    TwinLog twin;
    std::vector<HashedEntry> replaced;  // written once, and truncated since
    std::vector<SegmentSpot> segments;  // at least four; the last has at least three groups
    Spot hard_state_newest;             // its first copy; the second one is 8192 bytes behind
    Spot hard_state_oldest;
    std::string manifest = "00000000000000000004.cut";
    std::string chunks = "00000000000000000004.chunks";  // three, the first of one sector

    const SegmentSpot& active() const { return segments.back(); }
    // Of a segment in the middle: the first group and its first record with an erasable part.
    const SegmentSpot& sealed() const { return segments[1]; }
    const RecordSpot& sealed_record() const;
    // The last group with records; in the log without a seal nothing vouches for it.
    const GroupSpot& last_group() const;
    const GroupSpot& first_group_of_active() const { return active().groups.front(); }
};

inline constexpr std::uint64_t damage_segment_bytes = 8192;

// Two openings, two terms, a truncation, a cut at index 4. `sealed`: everything is committed, and
// an idle seal says so; else the last group has no witness. Made once.
const DamageSample& damage_sample(bool sealed);

}  // namespace ledger::log::conformance
