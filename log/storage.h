#pragma once
// Storage: one replica's log and hard state on disk: opened by recovery, extended by groups.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "log/base/entry.h"
#include "log/base/result.h"
#include "log/file_system.h"
#include "log/record.h"

namespace ledger::log {

// Whose data lies in a directory. Written by format(); every open checks cluster and node.
struct Identity {
    ClusterId cluster;
    NodeId node;
    // Of the disk: drawn by whoever formats it, not 0. Whoever opens it need not know it.
    Incarnation incarnation{};
    friend bool operator==(const Identity&, const Identity&) = default;

    bool same_node(const Identity& other) const {
        return cluster == other.cluster && node == other.node;
    }
};
// "node 3 of cluster 0123456789abcdef0123456789abcdef".
std::string to_text(const Identity& identity);
// What is said of data that is not this node's: whose it is, and who asked for it.
Error wrong_identity(const std::string& name, const Identity& found, const Identity& expected);

struct Options {
    std::string directory;                     // relative to the file system's root
    std::uint64_t segment_bytes = 64ull << 20;  // a segment is sealed when it would grow beyond
    // Small groups have zeros written behind them, so many bytes at once: the flushes of those that
    // follow need not change the file's length, nor what of the disk is the file's. 0 = never.
    std::uint64_t allocate_bytes = 1u << 20;
    // Discarded segments that are kept, to become new ones whose every byte has its place on the disk
    // already. What stands in them is void, but not erased.
    std::uint32_t spare_segments = 2;
    // A sealed segment is rewritten for its space when more of it than this is dead, and so much.
    std::uint64_t dead_percent = 50;
    std::uint64_t dead_bytes_min = 64ull << 10;
    // For a full disk (log/reserve.h): what a file `reserve` keeps, and the free space below which
    // the log counts as crowded. 0 = none; a reserve that is there is used all the same.
    std::uint64_t reserve_bytes = 0;
    std::uint64_t soft_limit_bytes = 0;
};

// The entry that an emptied log goes on after: the log begins anew behind a cut.
struct LogStart {
    LogId id;
    Digest hash;  // of the chain at it
    ClusterTime cluster_time;
    WallTime wall_time;
    friend bool operator==(const LogStart&, const LogStart&) = default;
};

// One Store effect: one group commit, one ticket. Parts are durable together or not at all only
// in this sense: nothing of the group may be relied upon before sync() has returned. When there
// is a hard state it is durable before any entry of the group is.
struct Group {
    std::optional<HardState> hard_state;
    // The log is emptied and goes on after this, beyond all that is committed in it. Durable
    // together with the hard state, before any entry of the group; a crash before that leaves the
    // log as it was, hard state included.
    std::optional<LogStart> restart{};
    std::optional<Index> truncate_to;  // the log ends here before `entries` are appended
    // The hash at `truncate_to`. Zero if the log knows it by itself: always, but behind an entry
    // that was damaged.
    Digest truncate_hash{};
    std::vector<HashedEntry> entries;  // contiguous, starting right after the log's end
    // Intact copies of entries that are damaged here, ascending; what is not (or no longer) in the
    // log is passed over. They are in their places again when sync() returns, unless there is no
    // space to do it in, or more is damaged beside them: see damaged(). A copy of which something was
    // erased counts among `erasures`.
    std::vector<EntryRef> repairs{};
    // Entries in the form in which they are to stay: the same envelope, with less (or nothing) of the
    // erasable part, ascending. What is not, or no longer, in the log is passed over, and so is what
    // has that form already. When sync() has returned nothing of what was erased can be read from the
    // log's files any more, unless Storage::erasing() names it: then it waits (damaged beside it, no
    // space) and is done with the next sync() that can, without being asked again in this life of the
    // process.
    std::vector<EntryRef> erasures{};
    Index commit;                      // committed as far as known: a durable witness, no promise
    // None of these but the commit: an idle seal. It makes the sync_index of the last group durable,
    // so that this group has a witness.
    bool seal_only() const {
        return !hard_state && !restart && !truncate_to && entries.empty() && repairs.empty() &&
               erasures.empty();
    }
};

// What the disk knows at boot (DESIGN section 5).
struct Recovered {
    Incarnation incarnation;         // of the disk, given to format()
    HardState hard_state;
    LogId previous;                  // of the entry before `first`; {0, 0} = there is none
    Index first;                     // the first index held; 1 unless earlier ones are gone
    Index last;                      // first.previous() = the log holds no entry
    std::vector<TermRun> terms;      // of [first, last]
    Index commit;                    // durable witness: committed at least up to here; <= last
    Digest commit_hash;              // entry hash at `commit`; zero when commit is 0
    // Entries (commit, last], bodies loaded. A faulty one has but index, term and kind; its hash is
    // zero if it is unknown, and so may be those of the entries that follow it.
    std::vector<HashedEntry> tail;
    std::optional<EntryRef> configuration;  // the newest readable one in [first, commit]
    Index faulty_configuration;      // the newest one there, if it is not readable; else 0
    ClusterTime last_cluster_time;   // stamps of the last entry that is readable; if there is
    WallTime last_wall_time;         // none, of `previous`
    // Damaged entries of [first, last], ascending, as far as known: FAULTY (log/README.md). They
    // may have been promised, so they are in the log; their bytes have to come from elsewhere.
    std::vector<EntryIdentity> faulty;
    // UNSEALED: entries behind `last`, contiguous, that were named but are not whole, and nothing
    // vouches for them: torn by a crash, or rotten before their seal. They are not in the log, but
    // stay on the disk until another group is written. Whoever has peers asks them first.
    std::vector<EntryIdentity> unsealed;
    bool crowded = false;  // as Storage::crowded()
    // What a crash had left behind the end and recovery removed: for traces and tests.
    std::uint64_t torn_bytes = 0;
    std::uint64_t torn_entries = 0;  // entries named by an identity block of the torn group
};

class SegmentMap;  // log/log_map.h

// For one thread, the writer's. What others want to read they read through published().
class Storage {
  public:
    virtual ~Storage() = default;

    // Appends the group's bytes without waiting. Groups are strictly one after the other:
    // write, sync, write, sync (the writer thread of a real node; the simulated one alike). Where
    // there is no space the reserve is given up; no_space says that this was not enough.
    virtual Result<void> write(const Group& group) = 0;
    // Makes all groups written so far durable with one flush of the log (and one of the hard
    // state's file if it changed). An error is final: the node halts.
    virtual Result<void> sync() = 0;
    // Entries that the last sync() found damaged in the segments of its repairs and rewrites,
    // without having a copy of them: those wait for one. Valid until the next call.
    virtual std::span<const Index> damaged() const = 0;
    // The entries whose erasure waits, ascending. Valid until the next call.
    virtual std::span<const Index> erasing() const = 0;
    // As of the last sync(): less is free than Options::soft_limit_bytes, or the reserve is not there
    // and there is no room for it. Whoever can should store no more than has to be.
    virtual bool crowded() const = 0;
    // Entries up to `upto`, which are committed and durable in a cut, may go: removes sealed
    // segments that hold nothing else, as far as the log may begin behind them (log/README.md);
    // durable when it returns. Between groups only. An error is final, as that of sync().
    // `reuse`: nothing in them waits for its erasure, so their files may become other segments.
    virtual Result<void> discard(Index upto, bool reuse = true) = 0;
    // The entries that are durable: a new value after open(), after every sync() that made some
    // so or that made a truncation durable, and after a discard(). Any thread may have it, with a
    // log::Reader of its own.
    virtual std::shared_ptr<const SegmentMap> published() const = 0;
    // As Reader::read with the newest map, for whoever has no thread for reading.
    virtual Result<std::vector<HashedEntry>> read(
        Index first, Index last, std::uint64_t bytes_max) = 0;
};

// Gives an empty directory an identity and hard state {0, none}, durable when it returns.
// Refuses a directory that has data (already_exists). The identity's incarnation is not 0. Makes the
// reserve, too, if there is room for it; else an opening does.
Result<void> format(FileSystem& files, const Options& options, const Identity& identity);

struct Opened {
    std::unique_ptr<Storage> storage;
    Recovered recovered;
};

// Verifies and classifies what is there (log/README.md, boot table), removes what was torn by a
// crash and was never promised, and readies the log for appending. Errors, nothing changed:
// not_found (never formatted), wrong_identity, corrupt_record (hard state unreadable),
// faulty_entry (what stood somewhere is not even known by name; the message says segment, offset and
// index). An entry that is damaged but known is no error: see Recovered::faulty.
// The file system must outlive the storage.
Result<Opened> open(FileSystem& files, const Options& options, const Identity& identity);

}  // namespace ledger::log
