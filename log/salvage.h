#pragma once
// Salvage: what a device still gives of a file in which some sectors cannot be read.

#include <cstdint>
#include <vector>

#include "log/file_system.h"

namespace ledger::log {

struct Salvaged {
    ByteVector bytes;                       // zeros where the device refused
    std::vector<std::uint64_t> unreadable;  // offsets of sectors, ascending
};

// The whole file. A read error is bisected down to the sector (trap T19). Beyond `refusals_max`
// sectors it is the device that fails, not a sector: its error.
Result<Salvaged> salvage(File& file, std::uint64_t refusals_max);
// The same into memory that was used before. After an error there is anything in it.
Result<void> salvage(File& file, std::uint64_t refusals_max, Salvaged& into);

// What an opening bears: 2 MiB.
inline constexpr std::uint64_t opening_refusals_max = 4096;

}  // namespace ledger::log
