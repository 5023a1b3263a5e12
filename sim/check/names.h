#pragma once
// Names: how checkers write nodes, clients, events and moments in their sentences.

#include <span>
#include <string>

#include "log/base/hash128.h"
#include "log/base/ids.h"
#include "log/base/sha256.h"
#include "sim/check/history.h"

namespace ledger::check {

std::string node_name(NodeId node);  // "n3"
std::string node_names(std::span<const NodeId> nodes);  // "n1, n3"; "nobody"
// "17" for small ids, otherwise 32 hex digits.
std::string event_name(const EventId& id);
// "client 3", "client 3 (session 12, sequence 5)".
std::string client_name(ClientId client, SessionId session, Sequence sequence);
// "position 4", "positions 4..6"; count >= 1.
std::string positions_name(std::uint64_t first, std::uint64_t count);
std::string plural(std::uint64_t count, const char* noun);  // "1 event", "2 events"
std::string time_name(Instant time);                        // "1.25s"
std::string short_hash(const Digest& digest);               // first 12 digits
std::string short_hash(const Hash128& hash);

}  // namespace ledger::check
