#include "log/writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"

namespace ledger::log {

namespace {

Error stopped() {
    return failure(Errc::io_error, "the log stopped at an earlier error");
}

}  // namespace

Writer::Writer(
    FileSystem& files, const Options& options, OpenLog& log, HardStateFile hard_state)
    : files_(files), options_(options), log_(log), hard_state_(std::move(hard_state)) {}

Result<void> Writer::write(const Group& group) {
    if (failed_) {
        return stopped();
    }
    // Only one group may be un-synced: recovery takes the last group alone for torn.
    LEDGER_ASSERT(!unsynced_);
    auto written = write_group(group);
    failed_ = !written;
    unsynced_ = true;
    return written;
}

Result<void> Writer::sync() {
    if (failed_) {
        return stopped();
    }
    auto synced = sync_group();
    failed_ = !synced;
    unsynced_ = false;
    return synced;
}

Result<void> Writer::discard(Index upto, bool reuse) {
    if (failed_) {
        return stopped();
    }
    LEDGER_ASSERT(!unsynced_);
    auto discarded = discard_segments(upto, reuse);
    failed_ = !discarded;
    return discarded;
}

Result<void> Writer::close_active() {
    if (failed_) {
        return stopped();
    }
    LEDGER_ASSERT(!unsynced_ && !created_);
    if (!log_.active) {
        return {};
    }
    auto sealed = seal_active();
    sealed = sealed ? sync_sealed() : sealed;
    failed_ = !sealed;
    return sealed;
}

Result<void> Writer::economise(bool scarce) {
    scarce_ = scarce;
    return scarce ? remove_spares() : Result<void>();
}

Result<void> Writer::forget_discarded() {
    LEDGER_CHECK(remove_spares());
    return log_.active && log_.active->reused ? close_active() : Result<void>();
}

Result<void> Writer::remove_spares() {
    if (spares_.empty()) {
        return {};
    }
    LEDGER_SOMETIMES(true, "log.spares_given_up");
    for (SegmentId spare : spares_) {
        LEDGER_CHECK(files_.remove(path_in(options_.directory, spare_name(spare))));
    }
    spares_.clear();
    return files_.sync_directory(options_.directory);
}

// The hard state says where the log begins before anything is gone.
Result<void> Writer::discard_segments(Index upto, bool reuse) {
    LEDGER_ASSERT(upto <= log_.map.last());
    LEDGER_ASSERT(!hard_state_.is_dirty() && !sealing_);
    log_.commit = std::max(log_.commit, upto);
    const std::size_t count = count_discardable(log_, upto);
    if (count == 0) {
        return {};
    }
    HardStateSlot next = hard_state_.current();
    next.commit = log_.commit;
    next.oldest = log_.segments[count].id;
    LEDGER_CHECK(hard_state_.write(next));
    LEDGER_CHECK(hard_state_.sync());
    std::vector<SegmentId> gone;
    for (std::size_t i = 0; i < count; ++i) {
        gone.push_back(log_.segments[i].id);
    }
    discard_front(log_, count);
    return retire_segments(gone, reuse);
}

// Under a name that no opening takes for a segment; every opening removes what has one.
Result<void> Writer::retire_segments(
    const std::vector<SegmentId>& segments, bool reuse) {
    for (SegmentId id : segments) {
        const std::string name = path_in(options_.directory, segment_name(id));
        if (!reuse || scarce_ || spares_.size() >= options_.spare_segments) {
            LEDGER_CHECK(files_.remove(name));
            continue;
        }
        const std::string spare = path_in(options_.directory, spare_name(id));
        LEDGER_CHECK(files_.rename(name, spare));
        // Asked under the new name, which nobody gives another one: who has the file keeps it as it is.
        LEDGER_TRY(const bool shared, files_.has_other_names(spare));
        LEDGER_SOMETIMES(shared, "log.discarded_file_is_shared");
        if (shared) {
            LEDGER_CHECK(files_.remove(spare));
        } else {
            spares_.push_back(id);
        }
    }
    return segments.empty() ? Result<void>{} : files_.sync_directory(options_.directory);
}

Result<void> Writer::write_group(const Group& group) {
    if (group.restart) {
        LEDGER_CHECK(restart(group));
    } else if (group.hard_state) {
        LEDGER_CHECK(write_hard_state(*group.hard_state));
    }
    const bool extends = group.truncate_to || !group.entries.empty();
    if (!extends && !(group.seal_only() && needs_seal(group))) {
        return {};
    }
    LEDGER_CHECK(make_room(group));
    encode(group);
    // No entry may reach the disk before the term it was accepted in (Raft fig. 2), nor before the
    // log begins where it belongs.
    if (hard_state_.is_dirty() || restarting_) {
        waiting_ = true;
        return {};
    }
    return write_buffer();
}

Result<void> Writer::write_hard_state(const HardState& hard_state) {
    HardStateSlot next = hard_state_.current();
    next.hard_state = hard_state;
    next.commit = log_.commit;  // of earlier groups: durable
    return hard_state_.write(next);
}

// In memory the log is the new one at once; on disk nothing changes yet but that there is a segment
// that does not count.
Result<void> Writer::restart(const Group& group) {
    const LogStart& start = *group.restart;
    LEDGER_ASSERT(start.id.index > log_.commit);
    LEDGER_ASSERT(!hard_state_.is_dirty() && !sealing_ && obsolete_.empty());
    for (const OpenSegment& segment : log_.segments) {
        obsolete_.push_back(segment.id);
    }
    log_.segments.clear();
    log_.unweighed.clear();
    log_.configurations.clear();
    log_.map = LogMap(start.id, start.hash);
    log_.commit = start.id.index;
    log_.sealed = start.id.index;
    log_.witnessed_commit = start.id.index;
    // An opening must be able to tell that nothing was written behind the header.
    LEDGER_TRY(const SegmentHeader header, create_segment(start, From::nothing));
    LEDGER_ASSERT(header.restarts());
    ByteVector bytes(segment_header_bytes);
    encode_segment_header(bytes, header);
    LEDGER_CHECK(active_file().file->write(0, bytes));
    active_file().end = segment_header_bytes;
    active_file().allocated = segment_header_bytes;
    restarting_ = hard_state_.current();
    restarting_->hard_state = group.hard_state.value_or(restarting_->hard_state);
    restarting_->commit = log_.commit;
    restarting_->oldest = header.segment;
    LEDGER_ASSERT(restarting_->hard_state.term >= start.id.term);
    return {};
}

// The new segment is durable, then it is the log, then the old ones go.
Result<void> Writer::sync_restart() {
    LEDGER_CHECK(active_file().file->sync());
    LEDGER_CHECK(files_.sync_directory(options_.directory));
    created_ = false;
    LEDGER_CHECK(hard_state_.write(*restarting_));
    LEDGER_CHECK(hard_state_.sync());
    restarting_.reset();
    return remove_segments(files_, options_.directory, std::exchange(obsolete_, {}));
}

bool Writer::needs_seal(const Group& group) const {
    if (!log_.active) {
        return false;  // an empty log, or a footer that is witness enough
    }
    const Index last = log_.map.last();
    return log_.sealed < last || log_.witnessed_commit < std::min(group.commit, last);
}

std::uint64_t Writer::records_bytes(const Group& group) const {
    std::uint64_t bytes = group.truncate_to ? record_bytes(sizeof(Digest), 0) : 0;
    for (const HashedEntry& hashed : group.entries) {
        const EntryHandle& handle = hashed.entry.handle;
        bytes += record_bytes(handle.envelope().size(), handle.erasable().size());
    }
    return bytes;
}

Result<void> Writer::make_room(const Group& group) {
    const std::uint64_t names = group.entries.size() + (group.truncate_to ? 1 : 0);
    std::uint64_t bytes = sector_ceiling(records_bytes(group)) + identity_block_bytes(names);
    const bool full =
        log_.active && active_file().end + bytes > options_.segment_bytes && !group.seal_only();
    if (full && active_file().end > segment_header_bytes) {
        LEDGER_CHECK(seal_active());
    }
    new_header_.reset();
    if (!log_.active) {
        const LogMap& map = log_.map;
        const LogStart start{{map.last_term(), map.last()}, map.hash_at(map.last()), {}, {}};
        LEDGER_TRY(new_header_, create_segment(start, From::spare));
        bytes += segment_header_bytes;
    }
    buffer_offset_ = new_header_ ? 0 : active_file().end;
    group_bytes_ = bytes;
    buffer_bytes_ = bytes + zeros_behind(bytes);
    if (buffer_.size() < buffer_bytes_) {
        buffer_.resize(static_cast<std::size_t>(buffer_bytes_));
    }
    return {};
}

// To be written behind a group of so many bytes. For a large group it does not pay: the disk
// would write everything twice to save one of few changes of the file.
std::uint64_t Writer::zeros_behind(std::uint64_t bytes) const {
    constexpr std::uint64_t groups_per_allocation = 8;
    const std::uint64_t end = buffer_offset_ + bytes;
    const std::uint64_t wanted = std::min(end + options_.allocate_bytes, options_.segment_bytes);
    const bool pays = !scarce_ && bytes <= options_.allocate_bytes / groups_per_allocation;
    return pays && end > log_.segments.back().allocated && wanted > end ? wanted - end : 0;
}

Result<void> Writer::seal_active() {
    OpenSegment& segment = active_file();
    const ByteVector footers = encode_footers(footer_of(log_));
    LEDGER_CHECK(segment.file->write(segment.end, footers));
    // They are found from the end of the file.
    if (segment.end + footers.size() < segment.allocated) {
        LEDGER_CHECK(segment.file->resize(segment.end + footers.size()));
    }
    segment.bytes = segment.end + footers.size();
    log_.unweighed.push_back({.segment = segment.id});
    log_.map.seal(segment.id);
    sealing_ = static_cast<std::uint32_t>(log_.segments.size() - 1);
    log_.active.reset();
    return {};
}

Result<void> Writer::sync_sealed() {
    if (sealing_) {
        LEDGER_CHECK(log_.segments[*sealing_].file->sync());
        log_.segments[*sealing_].file.reset();
        sealing_.reset();
    }
    return {};
}

Result<SegmentHeader> Writer::create_segment(const LogStart& start, From from) {
    SegmentHeader header;
    header.identity = log_.identity;
    header.segment = log_.segment_max.next();
    header.previous = log_.segments.empty() ? SegmentId{0} : log_.segments.back().id;
    header.epoch = log_.epoch;
    header.start = start;
    header.sync_index = log_.map.last();
    header.reused = from == From::spare && !spares_.empty();
    std::unique_ptr<File> file;
    std::uint64_t allocated = 0;
    if (header.reused) {
        LEDGER_TRY(file, reuse(spares_.back(), header.segment));
        LEDGER_TRY(allocated, file->size());
        spares_.pop_back();
    } else {
        LEDGER_TRY(
            file, files_.create(path_in(options_.directory, segment_name(header.segment))));
    }
    OpenSegment& segment = log_.segments.emplace_back();
    segment.allocated = allocated;
    segment.id = header.segment;
    segment.begin = header.first();
    segment.file = std::move(file);
    log_.segment_max = header.segment;
    log_.active.emplace();
    log_.active->first = header.first();
    log_.active->start_hash = header.start.hash;
    log_.active->reused = header.reused;
    created_ = true;
    return header;
}

// No checksum of what it was holds in what it becomes: each begins with the segment's id. A crash
// leaves either name, and before the first flush no group that is whole.
Result<std::unique_ptr<File>> Writer::reuse(SegmentId spare, SegmentId segment) {
    const std::string name = path_in(options_.directory, segment_name(segment));
    LEDGER_CHECK(files_.rename(path_in(options_.directory, spare_name(spare)), name));
    LEDGER_SOMETIMES(true, "log.segment_reused");
    return files_.open(name);
}

void Writer::encode(const Group& group) {
    const LogMap& map = log_.map;
    block_.names.clear();
    block_.epoch = log_.epoch;
    block_.base = map.last();
    block_.base_hash64 = map.hash_at(map.last()).truncated();
    std::uint64_t at = 0;
    if (new_header_) {
        encode_segment_header(std::span(buffer_).first(segment_header_bytes), *new_header_);
        at = segment_header_bytes;
    }
    block_.group_start = offset_in_segment(at);
    block_.sync_index = group.truncate_to.value_or(map.last());
    if (group.truncate_to) {
        at = encode_truncation(group, at);
    }
    for (const HashedEntry& hashed : group.entries) {
        at = encode_entry(hashed, at);
    }
    log_.commit = std::max(log_.commit, std::min(group.commit, map.last()));
    at = encode_identity(at);
    LEDGER_ASSERT(at == group_bytes_ && at <= buffer_bytes_);
    std::memset(buffer_.data() + at, 0, static_cast<std::size_t>(buffer_bytes_ - at));
    log_.map.committed(log_.commit);
}

std::uint64_t Writer::encode_truncation(const Group& group, std::uint64_t at) {
    const Index truncate_to = *group.truncate_to;
    // Raft §5.3: a follower removes only what conflicts, and that is never committed.
    LEDGER_ASSERT(truncate_to >= log_.commit && truncate_to <= log_.map.last());
    const Digest* const known = log_.map.find_hash(truncate_to);
    const Digest hash = known != nullptr ? *known : group.truncate_hash;
    LEDGER_ASSERT(known != nullptr || hash != Digest{});
    RecordHeader header;
    header.kind = truncate_kind;
    header.epoch = log_.epoch;
    header.index = truncate_to;
    header.envelope_bytes = sizeof(Digest);
    header.prev_hash64 = hash.truncated();
    header.sync_index = block_.sync_index;
    const std::uint64_t bytes = record_bytes(sizeof(Digest), 0);
    const auto out = std::span(buffer_).subspan(
        static_cast<std::size_t>(at), static_cast<std::size_t>(bytes));
    const Location location{active_file().id, offset_in_segment(at)};
    const std::uint32_t crc = encode_record(out, header, location, hash.span(), {});
    block_.names.push_back(identity_of(header, crc));
    truncate(log_, truncate_to, hash);
    note_dead(log_, bytes);
    return at + bytes;
}

std::uint64_t Writer::encode_entry(const HashedEntry& hashed, std::uint64_t at) {
    const EntryRef& entry = hashed.entry;
    LEDGER_ASSERT(entry.index == log_.map.last().next());
    const ByteSpan envelope = entry.handle.envelope();
    const ByteSpan erasable = entry.handle.erasable();
    RecordHeader header;
    header.kind = static_cast<std::uint8_t>(entry.kind);
    header.flags = erasure_flags(entry.handle.erasure());
    header.epoch = log_.epoch;
    header.index = entry.index;
    header.term = entry.term;
    header.cluster_time = entry.cluster_time;
    header.wall_time = entry.wall_time;
    header.envelope_bytes = static_cast<std::uint32_t>(envelope.size());
    header.erasable_bytes = static_cast<std::uint32_t>(erasable.size());
    header.prev_hash64 = log_.map.hash_at(log_.map.last()).truncated();
    header.sync_index = block_.sync_index;
    const std::uint64_t bytes = record_bytes(envelope.size(), erasable.size());
    const auto out = std::span(buffer_).subspan(
        static_cast<std::size_t>(at), static_cast<std::size_t>(bytes));
    const Location location{active_file().id, offset_in_segment(at)};
    const std::uint32_t crc = encode_record(out, header, location, envelope, erasable);
    block_.names.push_back(identity_of(header, crc));
    append(log_, location.offset, block_.names.back(), hashed.hash);
    return at + bytes;
}

std::uint64_t Writer::encode_identity(std::uint64_t at) {
    const std::uint64_t block_at = sector_ceiling(at);
    std::memset(buffer_.data() + at, 0, static_cast<std::size_t>(block_at - at));
    block_.commit = std::min(log_.commit, block_.sync_index);
    block_.last = log_.map.last();
    block_.last_hash = log_.map.hash_at(block_.last);
    const std::uint64_t bytes = identity_block_bytes(block_.names.size());
    const auto out = std::span(buffer_).subspan(
        static_cast<std::size_t>(block_at), static_cast<std::size_t>(bytes));
    encode_identity_block(out, block_, {active_file().id, offset_in_segment(block_at)});
    if (block_.names.empty()) {
        note_dead(log_, bytes);
    }
    active_file().end = offset_in_segment(block_at + bytes);
    return block_at + bytes;
}

Result<void> Writer::write_buffer() {
    LEDGER_ASSERT(log_.active && !hard_state_.is_dirty() && !restarting_);
    waiting_ = false;
    log_dirty_ = true;
    OpenSegment& segment = active_file();
    const auto group_bytes = static_cast<std::size_t>(group_bytes_);
    const ByteSpan buffer = ByteSpan(buffer_).first(static_cast<std::size_t>(buffer_bytes_));
    LEDGER_CHECK(segment.file->write(buffer_offset_, buffer.first(group_bytes)));
    segment.allocated = std::max(segment.allocated, buffer_offset_ + group_bytes_);
    if (buffer.size() == group_bytes) {
        return {};
    }
    // Where there is no space for zeros there may still be some for groups.
    auto zeros = segment.file->write(buffer_offset_ + group_bytes_, buffer.subspan(group_bytes));
    if (!zeros && zeros.error().code == make_error_code(Errc::no_space)) {
        return {};
    }
    LEDGER_CHECK(zeros);
    segment.allocated = buffer_offset_ + buffer_bytes_;
    return {};
}

Result<void> Writer::sync_group() {
    if (restarting_) {
        LEDGER_CHECK(sync_restart());
    }
    if (hard_state_.is_dirty()) {
        LEDGER_CHECK(hard_state_.sync());
    }
    if (waiting_) {
        LEDGER_CHECK(write_buffer());
    }
    if (!log_dirty_) {
        return {};
    }
    LEDGER_CHECK(sync_sealed());
    LEDGER_CHECK(active_file().file->sync());
    if (created_) {
        LEDGER_CHECK(files_.sync_directory(options_.directory));
        created_ = false;
    }
    log_dirty_ = false;
    log_.sealed = block_.sync_index;
    log_.witnessed_commit = block_.commit;
    return note_begun();
}

// A segment whose first group is durable counts from now on: without this its file could be missing
// at the next opening, and nothing would tell that it ever was there. Once in each segment.
Result<void> Writer::note_begun() {
    if (hard_state_.current().newest >= active_file().id) {
        return {};
    }
    HardStateSlot next = hard_state_.current();
    next.newest = active_file().id;
    next.commit = log_.commit;
    LEDGER_CHECK(hard_state_.write(next));
    return hard_state_.sync();
}

}  // namespace ledger::log
