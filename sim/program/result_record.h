#pragma once
// ResultRecord: a run's result as bytes, from a campaign's workers to its parent.

#include "log/base/bytes.h"
#include "log/base/result.h"
#include "sim/world.h"

namespace ledger::sim {

// Everything that a campaign adds up or shows. Both ends are the same program.
void encode_result(const RunResult& result, ByteVector& out);
// Nothing if the bytes are not whole.
std::optional<RunResult> decode_result(ByteSpan bytes);

}  // namespace ledger::sim
