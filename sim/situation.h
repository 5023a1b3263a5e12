#pragma once
// Situation: a run from so far away that few things tell two moments apart: what a search for new
// ones is guided by.

#include <cstdint>
#include <memory>
#include <span>

#include "sim/host.h"

namespace ledger::sim {

// Roles, how far terms and logs are apart, who holds what nobody else has, what is between memory and
// disk, and the shape of the membership; of all nodes, whatever their numbers. Equal situations have
// equal values.
std::uint64_t situation_of(std::span<const std::unique_ptr<Host>> hosts);

}  // namespace ledger::sim
