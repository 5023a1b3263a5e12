#pragma once
// Queue drain: an operation that takes values until nothing is left, as the takes that it is.

#include <cstdint>
#include <vector>

#include "log/base/result.h"
#include "sim/check/judgement.h"
#include "sim/check/recorded/recorded_history.h"

namespace ledger::check {

bool has_drains(const RecordedHistory& history);

struct Drained {
    RecordedHistory history;
    std::vector<std::uint64_t> originals;  // by id: the operation of the recording

    // Puts the ids of the recording into a judgement of `history`.
    void name_originals(Judgement& judgement) const;
};

// Every drain becomes a take for each of its values and one that finds nothing, all at the time of
// the drain. In which order it took them is not said, so an order of its values among themselves is
// not judged. A drain that has failed took nothing; one of unknown outcome may have taken anything
// and is an error.
Result<Drained> without_drains(const RecordedHistory& history);

}  // namespace ledger::check
