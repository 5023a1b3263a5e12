#pragma once
// CutStage: what a crash may leave of the cuts beside a log, by what was asked of their store.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/cut_store.h"

namespace ledger::sim {

// A cut as it is handed to the store.
struct KnownCut {
    log::CutManifest manifest;
    std::vector<ByteVector> chunks;
};
// Cuts are called by their places in a list of all that were ever begun, ascending by index.
using CutNumber = std::uint32_t;

// The time from one return of a call on the store to the return of the next one.
struct CutStage {
    std::vector<CutNumber> complete;      // ascending; promised
    std::optional<CutNumber> completing;  // the call under way makes it complete
    Index removing;                       // the call under way removes the complete ones below
};

// What an opening of the store came to.
struct FoundCuts {
    std::optional<Error> error;
    std::string stranger;  // a sentence on a cut that is not as it was written, or empty
    std::vector<CutNumber> complete;

    friend bool operator==(const FoundCuts& a, const FoundCuts& b);
};

// Opens the store and reads every chunk of every complete cut.
FoundCuts look_at_cuts(log::FileSystem& files, const log::Options& options,
    const log::Identity& identity, const std::vector<KnownCut>& known);
// Why a pure crash in this stage cannot have left this; empty = it is allowed.
std::string explain(
    const CutStage& stage, const FoundCuts& found, const std::vector<KnownCut>& known);

}  // namespace ledger::sim
