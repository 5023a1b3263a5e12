#pragma once
// Writer: appends groups to the active segment and makes them durable in the right order.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/hard_state_file.h"
#include "log/open_log.h"
#include "log/storage.h"

namespace ledger::log {

class Writer {
  public:
    Writer(FileSystem& files, const Options& options, OpenLog& log, HardStateFile hard_state);

    // As Storage::write, sync and discard. `reuse`: the files may become other segments.
    Result<void> write(const Group& group);
    Result<void> sync();
    Result<void> discard(Index upto, bool reuse);
    // Between groups only: the active segment, if there is one, is sealed, durably; the next group
    // begins another one.
    Result<void> close_active();
    // Between groups only. While space is scarce no zeros are written ahead, and there are no spares.
    Result<void> economise(bool scarce);
    // Between groups only. What was discarded may hold what has been erased: no file of it is kept, and
    // of one that is used again nothing is left that it was before.
    Result<void> forget_discarded();

  private:
    Result<void> discard_segments(Index upto, bool reuse);
    Result<void> remove_spares();
    Result<void> write_group(const Group& group);
    Result<void> write_hard_state(const HardState& hard_state);
    Result<void> restart(const Group& group);
    Result<void> sync_restart();
    Result<void> sync_group();
    Result<void> note_begun();
    Result<void> make_room(const Group& group);
    Result<void> seal_active();
    Result<void> sync_sealed();
    enum class From { nothing, spare };
    Result<SegmentHeader> create_segment(const LogStart& start, From from);
    Result<std::unique_ptr<File>> reuse(SegmentId spare, SegmentId segment);
    Result<void> retire_segments(const std::vector<SegmentId>& segments, bool reuse);
    std::uint64_t zeros_behind(std::uint64_t bytes) const;
    Result<void> write_buffer();
    std::uint64_t records_bytes(const Group& group) const;
    bool needs_seal(const Group& group) const;
    void encode(const Group& group);
    std::uint64_t encode_truncation(const Group& group, std::uint64_t at);
    std::uint64_t encode_entry(const HashedEntry& entry, std::uint64_t at);
    std::uint64_t encode_identity(std::uint64_t at);
    OpenSegment& active_file() { return log_.segments.back(); }
    std::uint64_t offset_in_segment(std::uint64_t at) const { return buffer_offset_ + at; }

    FileSystem& files_;
    const Options options_;
    OpenLog& log_;
    HardStateFile hard_state_;

    ByteVector buffer_;  // one group and zeros behind it; reused
    std::uint64_t group_bytes_ = 0;
    std::uint64_t buffer_bytes_ = 0;
    std::uint64_t buffer_offset_ = 0;  // where in the active segment it belongs
    IdentityBlock block_;              // of the group in the buffer; reused
    std::optional<SegmentHeader> new_header_;  // the group begins a segment
    std::optional<std::uint32_t> sealing_;     // number of the segment with an un-synced footer
    // The log begins anew with the active segment as soon as the hard state says so.
    std::optional<HardStateSlot> restarting_;
    std::vector<SegmentId> obsolete_;          // what the log was before
    std::vector<SegmentId> spares_;            // files under spare names, by what they were
    bool created_ = false;     // the directory entry of the active segment is not durable
    bool waiting_ = false;     // the buffer waits for the hard state or for the restart
    bool log_dirty_ = false;
    bool unsynced_ = false;    // a group was written and not synced
    bool scarce_ = false;      // see economise()
    bool failed_ = false;      // after an error nothing is known about the disk
};

}  // namespace ledger::log
