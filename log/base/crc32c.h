#pragma once
// CRC-32C (Castagnoli): the checksum of everything we write to disk or put into a frame.

#include <cstdint>

#include "log/base/bytes.h"

namespace ledger {

// Extends `crc` (0 to begin) over `data`. Hardware where the machine has it, tables elsewhere;
// both give the same value (RFC 3720, appendix B.4 has the test vectors).
std::uint32_t crc32c(ByteSpan data, std::uint32_t crc = 0);

// The table-driven form alone, for the test that compares both.
std::uint32_t crc32c_portable(ByteSpan data, std::uint32_t crc = 0);

}  // namespace ledger
