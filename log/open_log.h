#pragma once
// OpenLog: the segments of an open log and what is known of them: built by recovery, extended by
// the writer.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "log/log_map.h"
#include "log/segment.h"

namespace ledger::log {

struct OpenSegment {
    SegmentId id;
    Index begin;                 // the index that came next when it was created
    std::unique_ptr<File> file;  // to be written to; none once the segment is sealed
    std::uint64_t end = 0;       // where its last group ends
    // Bytes of the file, of an active segment: behind the end stand zeros, or what it was before.
    std::uint64_t allocated = 0;
    std::uint64_t bytes = 0;     // of the file, once it has footers
    DeadBytes dead;              // what a rewrite would free (rewrite.h)
};

// A sealed segment of which it is not known yet whether it should be rewritten.
struct Unweighed {
    SegmentId segment;
    bool truncated = false;  // a later one has taken entries of it out of the log
};

// The segment that takes the next group: always the last of the list.
struct ActiveSegment {
    Index first;        // as Footer::first
    Digest start_hash;  // at first.previous()
    std::vector<FooterName> names;  // of [first, last of the log]
    bool reused = false;            // behind its end may stand what its file was before
};

struct OpenLog {
    Identity identity;
    std::uint64_t epoch = 0;
    SegmentId segment_max;  // the greatest id ever used
    std::vector<OpenSegment> segments;
    std::optional<ActiveSegment> active;
    LogMap map;
    std::vector<Index> configurations;  // the entries of the map that are one, ascending
    std::vector<EntryIdentity> faulty;  // entries of the map that are damaged, ascending
    std::vector<Unweighed> unweighed;
    Index commit;  // committed as far as known, at most map.last()
    Index sealed;  // a durable sync_index covers entries up to here
    Index witnessed_commit;  // the last commit written to the log
};

// Appends to map and active segment what was written, or found, at `offset` of the last segment.
void append(OpenLog& log, std::uint64_t offset, const EntryIdentity& name, const Digest& hash);
// The same for an entry that is damaged, or stands behind one: its hash may be unknown.
void append_unverified(OpenLog& log, std::uint64_t offset, const EntryIdentity& name,
    const std::optional<Digest>& hash);
// Notes that this entry of the map is damaged.
void note_faulty(OpenLog& log, const EntryIdentity& name);
// Notes that what was written to the last segment, or found there, will never be needed: a
// truncation or a seal.
void note_dead(OpenLog& log, std::uint64_t bytes);
// Ends map and active segment, if there is one, at `last`, whose hash is `hash`.
void truncate(OpenLog& log, Index last, const Digest& hash);
// How many of the oldest segments hold nothing beyond `upto`, such that the log may begin with the
// segment after them: nothing in it reaches back behind its own begin, and nothing ever will, since
// the log holds a committed entry there.
std::size_t count_discardable(OpenLog& log, Index upto);
// The log begins with the segment of this number.
void discard_front(OpenLog& log, std::size_t segments);
// What the footer of the active segment says if it is sealed now.
Footer footer_of(const OpenLog& log);

}  // namespace ledger::log
