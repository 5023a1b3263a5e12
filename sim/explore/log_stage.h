#pragma once
// LogStage: what a crash may leave of a log, by what was asked of its storage before the crash.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/storage.h"
#include "sim/explore/cut_stage.h"

namespace ledger::sim {

// A log as a plain value: what the storage must agree with.
struct LogState {
    HardState hard_state;
    log::LogStart start;               // before the first entry
    std::vector<HashedEntry> entries;  // entries[0] has index first()
    Index commit;
    // What an earlier opening called unsealed: it stays so until another group is written.
    std::vector<LogId> in_doubt;

    Index first() const { return start.id.index.next(); }
    Index last() const { return start.id.index + entries.size(); }
    const HashedEntry& entry(Index index) const { return entries[index - first()]; }
    // What a log begins with that goes on after `index`, which is start.id.index or is held.
    log::LogStart start_at(Index index) const;

    bool holds(Index index) const { return index >= first() && index <= last(); }
    // Bytes of its erasable part.
    std::uint32_t left(Index index) const {
        return static_cast<std::uint32_t>(entry(index).entry.handle.erasable().size());
    }

    void apply(const log::Group& group);
    // Entries before `begin`, which is held, are gone.
    void forget(Index begin);
    void cut(Index last) { entries.resize(last - start.id.index); }
};

// What an opening came to. Entries stand for themselves by the hash of the last one; that each was
// read with the bytes with which it was written is seen to by whoever makes this.
struct FoundLog {
    std::optional<Error> error;  // nothing was opened
    std::string stranger;        // a sentence on an entry that is not as it was written, or empty
    HardState hard_state;
    LogId previous;
    Index first;
    Index last;
    Digest last_hash;  // of the chain at `last`
    Index commit;
    Digest commit_hash;
    ClusterTime cluster_time;
    WallTime wall_time;
    // Bytes of the erasable part of each entry from `first` to `last`; none if some are damaged.
    std::vector<std::uint32_t> left;
    std::vector<LogId> faulty;    // damaged, and in the log
    std::vector<LogId> unsealed;  // damaged, and behind its end

    friend bool operator==(const FoundLog& a, const FoundLog& b);
};

// The time from one return of a call on the storage to the return of the next one.
struct LogStage {
    bool formatted = true;  // false = format() has not returned: there may be no log at all
    LogState before;        // all of it was promised
    // What the call under way makes of it; none = nothing that could be seen.
    std::optional<LogState> after;
    // Of a group: its entries come one by one, and its log ends here at least.
    Index kept;
    bool discards = false;  // the call is a discard: all or nothing
    Index commit_max;       // no commit beyond it was ever told to the storage
    CutStage cuts;
};

// Why a pure crash in this stage cannot have left this; empty = it is allowed.
std::string explain(const LogStage& stage, const FoundLog& found);
// The log with which the node goes on. Precondition: allowed, and no error.
LogState settle(const LogStage& stage, const FoundLog& found);

}  // namespace ledger::sim
