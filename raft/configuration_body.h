#pragma once
// ConfigurationBody: a configuration as the body of its log entry, the only body that Raft reads.

#include <optional>

#include "log/base/bytes.h"
#include "log/base/entry.h"
#include "raft/membership.h"

namespace ledger::raft {

// No well-formed body is larger: three full sets of nodes, each member described.
inline constexpr std::uint32_t configuration_bytes_max = 9 + members_max * (3 * 4 + 18);

// Little-endian; part of the log's format. Version 1 (u8), then voters, outgoing and learners, each
// a count (u8) and node numbers (u32) in ascending order, then a count (u8) of members with, for
// each in ascending order: node (u32), incarnation (u64), priority (u8), flags (u8: 1 witness,
// 2 promote), replaced node (u32). Version 2 has the number of recoveries (u32, not 0) behind it.
void encode_configuration(const Configuration& configuration, ByteVector& out);
// Nothing if the bytes are no well-formed configuration in exactly this form.
std::optional<Configuration> decode_configuration(ByteSpan bytes);

// An entry of kind configuration, without place and stamps.
EntryRef configuration_entry(const Configuration& configuration);
// The configuration of such an entry; nothing if it has none.
std::optional<Configuration> configuration_of(const EntryRef& entry);

}  // namespace ledger::raft
