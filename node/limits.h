#pragma once
// Limits: every bound of a replica in one place, with what reaching it means.

#include <cstdint>

#include "log/base/time.h"

namespace ledger::node {

struct Limits {
    // One step applies at most this many entries; the rest follows at once, after other events.
    std::uint32_t apply_entries_max = 256;
    // One Load asks for at most this many bytes (one entry always fits).
    std::uint64_t load_bytes_max = 1u << 20;
    // Applied entries kept in memory for followers and readers; older ones are read from disk.
    std::uint64_t entry_cache_entries = 4096;
    // Commands in the log that wait for their outcome; one more is refused as Overloaded.
    std::uint32_t waiters_max = 65'536;
    // Queries waiting for their read index or for entries; one more is refused as Overloaded.
    std::uint32_t queries_max = 4096;
    // The bodies of entries that one answer is made of; the first always fits. What is beyond is
    // left to the client's next read. An answer and one more body must fit into a frame.
    std::uint64_t answer_bytes_max = 4u << 20;
    // Bytes that wait for the own disk; commands beyond are refused as Overloaded.
    std::uint64_t pending_bytes_max = 64u << 20;
    // The largest question, in bytes; a longer one is Refused.
    std::uint32_t question_bytes_max = 64u << 10;
    // What a client is told to wait after Overloaded.
    Duration retry_after = milliseconds(20);
    // After the last group of a burst the log is sealed when nothing follows for this long:
    // from then on that group has a witness (DESIGN section 5).
    Duration seal_delay = milliseconds(2);
};

}  // namespace ledger::node
