#pragma once
// CutWork: carries out a StoreCut, on whatever thread a host has for it.

#include <cstdint>

#include "log/cut_store.h"
#include "node/effect.h"

namespace ledger::node {

// The number that CutStored::chunks reports. Errors are those of the store.
Result<std::uint32_t> perform_on(log::CutStore& store, const StoreCut& work);

}  // namespace ledger::node
