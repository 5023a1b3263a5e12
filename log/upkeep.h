#pragma once
// Upkeep: what is done to segments that nobody writes to any more: damaged entries are put back,
// erased ones destroyed, and dead bytes freed.

#include <cstdint>
#include <string>
#include <vector>

#include "log/open_log.h"
#include "log/reader.h"
#include "log/repair.h"
#include "log/rewrite.h"
#include "log/writer.h"

namespace ledger::log {

class Upkeep {
  public:
    Upkeep(FileSystem& files, const Options& options, OpenLog& log, Writer& writer)
        : files_(files), options_(options), log_(log), writer_(writer),
          reader_(files, options.directory) {}

    // What the group wants done, at the next run() that can.
    void want(const Group& group);
    // Segments are gone: what waits for space need not wait any more.
    void freed() { waiting_.clear(); }
    // Between groups, after each sync(). `published` is the log's map; the result is the newest one.
    // Erasures and repairs are all carried out, and at most one segment is rewritten for its space.
    // Errors as Storage::sync().
    Result<SharedMap> run(const SharedMap& published);

    // As Storage's, of the last run().
    std::span<const Index> damaged() const { return damaged_; }
    std::span<const Index> erasing() const { return erasing_; }

  private:
    struct Erasure {
        EntryRef form;
        bool done = false;  // by the entry itself; superseded records may be left
    };
    // A segment that could not be replaced: the next attempt comes after twice as many runs.
    struct Waiting {
        SegmentId segment;
        std::uint64_t runs = 1;
        std::uint64_t next_run = 0;
    };

    bool is_idle() const;
    void keep(const EntryRef& copy);
    void keep_erasure(const EntryRef& form);
    void leave_out_gone();
    Result<void> weigh();
    bool is_wasteful(const OpenSegment& segment) const;
    Result<void> check_erasures();
    std::vector<SegmentId> to_rewrite() const;
    Result<void> rewrite_all();
    Result<void> rewrite(SegmentId id);
    Result<void> repair_all();
    Result<void> repair(SegmentId id);
    Result<void> save_space();
    Result<void> close_if_active(SegmentId id);
    std::vector<const EntryRef*> copies_in(const SegmentEntries& live) const;
    void finish(const SegmentEntries& live);
    void note_erasing();
    OpenSegment* find(SegmentId id);
    bool may_try(SegmentId id) const;
    void wait(SegmentId id);
    SegmentId segment_of(Index index) const { return map_->segment_of(index); }

    FileSystem& files_;
    const Options options_;
    OpenLog& log_;
    Writer& writer_;
    Reader reader_;
    SharedMap map_;
    std::uint64_t runs_ = 0;
    std::vector<EntryRef> copies_;     // of damaged entries, ascending, until they are put back
    std::vector<Erasure> erasures_;    // ascending, until nothing of them is left
    std::vector<SegmentId> wasteful_;
    std::vector<Waiting> waiting_;
    std::vector<Index> damaged_;
    std::vector<Index> erasing_;
};

}  // namespace ledger::log
