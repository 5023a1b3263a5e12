#pragma once
// Growing set: whether reads of a set to which elements are only added fit real time, in one sweep.

#include <optional>
#include <vector>

#include "sim/check/judgement.h"
#include "sim/check/recorded/recorded_history.h"

namespace ledger::check {

// What is wrong with the reads, worst first; empty = the history is linearizable. Nothing at all:
// the sweep cannot tell, since an element was removed, looked for, or added by two operations that
// may both have taken effect.
//
// Reads must be ordered by inclusion, for the set only grows. So every read has a version, the
// place of its set in that order, and every add has one, that of the first read that shows it: the
// rule of the log kernel (sim/check/linearizability.h) applies with these as ranks. An
// acknowledged add that no read shows comes behind all reads, an unknown one never took effect.
std::optional<std::vector<Anomaly>> growing_set_anomalies(const RecordedHistory& history);

}  // namespace ledger::check
