#pragma once
// Limits: every bound of a replica and of the edge in front of it, with what reaching it means.

#include <cstdint>

#include "log/base/time.h"

namespace ledger::node {

// Memory in bytes that a replica needs for what it keeps, its caches (below) beside; measured, tables
// that double included (tests/node/memory_test.cpp). Names of streams come on top.
inline constexpr std::uint32_t memory_per_event = 20;
inline constexpr std::uint32_t memory_per_entry = 24;  // those of the active segment need 20 more
inline constexpr std::uint32_t memory_per_stream = 136;

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
    // left to the client's next read. An answer and one more body must fit into a frame. One step
    // begins no further answer beyond it; the rest follows at once, after other events.
    std::uint64_t answer_bytes_max = 4u << 20;
    // Bytes that wait for the own disk; commands beyond are refused as Overloaded.
    std::uint64_t pending_bytes_max = 64u << 20;
    // The largest question, in bytes; a longer one is Refused.
    std::uint32_t question_bytes_max = 64u << 10;
    // What a client is told to wait after Overloaded.
    Duration retry_after = milliseconds(20);
    // Commands are proposed together with what comes while more entries than they are on their
    // way, but wait for those no longer than this.
    Duration proposal_delay_max = milliseconds(2);
    // Cuts (DESIGN section 4). The leader proposes one after so many entries; 0 = only on request.
    std::uint64_t cut_entries = 0;
    // A chunk of a cut, in bytes. The same on all replicas for ever: it is part of a cut's root.
    std::uint64_t cut_chunk_bytes = 64u << 10;
    // The leader gives up what lies below an agreed cut that is older than so many entries; 0 =
    // everything is kept for ever.
    std::uint64_t retain_entries = 0;
    // Entries in front of what was given up that stay for followers that are a little behind, and
    // for those that answer and catch up.
    std::uint64_t kept_entries_min = 1024;
    std::uint64_t kept_entries_max = 65'536;
    // The disk is asked to forget so many entries at once; it forgets whole segments.
    std::uint64_t discard_entries = 256;
    // Followers that are sent a cut at the same time, one part of at most cut_chunk_bytes under
    // way to each, and the rate of all together in bytes per second.
    std::uint32_t cut_transfers_max = 2;
    std::uint64_t cut_bytes_per_second = 64u << 20;
    // A part that was asked for and did not come is asked for again after this; who has asked for
    // nothing so long is not sent anything more until Raft offers again.
    Duration cut_retry = milliseconds(400);
    Duration cut_patience = seconds(4);
    // Damaged entries that are asked for at the same time, and how long nobody is asked again.
    std::uint32_t fetch_entries_max = 16;
    Duration fetch_retry = milliseconds(200);
    // Scrubbing: the rate (0 = never), what one read asks for (one entry always fits), the time after a
    // start before it begins, and that between two passes.
    std::uint64_t scrub_bytes_per_second = 4u << 20;
    std::uint64_t scrub_read_bytes = 256u << 10;
    Duration scrub_start = seconds(60);
    Duration scrub_pause = seconds(3600);
    // What the state wants destroyed is out of memory and answers at once, and is erased on this
    // node's disk this much later, so that what lies close together costs one rewrite; then at most so
    // many entries, of so many bytes in the form in which they stay (one always fits), at a time.
    Duration erase_delay = seconds(5);
    std::uint32_t erase_entries_max = 256;
    std::uint64_t erase_bytes_max = 4u << 20;
    // While the log's newest entry is younger than this by the cluster's own time, the cluster is
    // new: its leader puts the newest feature version that all members know in force by itself.
    Duration founding_time = seconds(60);
    // A node whose disk is crowded looks so often whether it still is, and clients whose commands are
    // refused for that are told to wait so long.
    Duration crowded_look = milliseconds(200);
    // After the last group of a burst the log is sealed when nothing follows for this long:
    // from then on that group has a witness (DESIGN section 5).
    Duration seal_delay = milliseconds(2);
};

// What the clients of a node may have in hand. Bytes are those of wire_size.
struct EdgeLimits {
    // Requests of one client that are not yet answered, or whose answer has not left; then nothing
    // more is read from it until half of them have.
    std::uint32_t client_requests_max = 1024;
    // Answers and pages that wait for one client to read them; beyond, it is closed as too slow.
    // No page is fetched for it while half of this waits.
    std::uint64_t client_output_bytes_max = 24u << 20;
    // Requests of all clients that the replica has in hand, and their bytes; one more is refused
    // as Overloaded before anything is sequenced. How a node stands may always be asked.
    std::uint32_t requests_max = 65'536;
    std::uint64_t request_bytes_max = 128u << 20;
    // Subscriptions of one client and of all; one more is refused as Overloaded.
    std::uint32_t client_subscriptions_max = 16;
    std::uint32_t subscriptions_max = 1024;
    // The window of one subscription; a larger one is Refused. Pages hold no more than their
    // window has left, except that one entry always fits.
    std::uint64_t window_bytes_max = 1u << 20;
    // Pages that are fetched at the same time, one at most for each subscription, and their size.
    std::uint32_t pages_max = 64;
    std::uint32_t page_events_max = 1024;
    std::uint64_t page_bytes_max = 256u << 10;
    // What a client is told to wait after Overloaded.
    Duration retry_after = milliseconds(20);
};

}  // namespace ledger::node
