#pragma once
// Reader: entries by a published map of the log, verified against every checksum, the terms and
// the hash chain. It shares nothing with the writer but the files, and opens those for itself.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log/log_map.h"

namespace ledger::log {

// For one thread at a time; any number of readers may read while the log is being written.
//
// A map may be older than the log. What it names stays where it was, since the log appends and
// never writes to a place twice: a reader gets the entries of which the map was made, even those
// that a truncation has since removed, as it would have got them had it read a moment earlier.
// Whoever acts on an entry compares its (index, term) with the log it believes in; a committed
// entry is never truncated, so for those an older map is as good as the newest. Should bytes be
// gone after all (a segment removed, rewritten or rotten), then no record verifies at its place
// (segment id, offset), in its term and behind its predecessor's hash: the answer is an error,
// and the caller tries the newest map before it believes in damage. Where a segment was rewritten
// the error says that the map is outdated, and there is a newer one, or will be at once.
//
// A file that was replaced exists for as long as somebody has it open: with a newer map the reader
// opens all files anew, so that what was erased is freed and cannot be read.
class Reader {
  public:
    // The file system outlives the reader and is used by it alone while a call is under way,
    // unless it says that it may be shared.
    Reader(FileSystem& files, std::string directory)
        : files_(files), directory_(std::move(directory)) {}

    // Entries [first, last] in order, cut off before `bytes_max` is exceeded, but never before the
    // first one, and in front of one that is damaged. out_of_range if the map does not hold `first`;
    // faulty_entry names the segment, the offset and the index that cannot be read: `first`, or one
    // in front of it where the chain comes from.
    // `previous_hash` at the index before `first`, if it is known: then nothing in front is read.
    Result<std::vector<HashedEntry>> read(const SegmentMap& map, Index first, Index last,
        std::uint64_t bytes_max, const std::optional<Digest>& previous_hash = std::nullopt);
    // The full hash at an index of the map, or just before it.
    Result<Digest> hash_at(const SegmentMap& map, Index index);
    // One held entry by its own checksums, place and term alone: for what stands behind a damaged
    // entry, which breaks the chain.
    Result<EntryRef> read_unchained(const SegmentMap& map, Index index);
    // Closes the files that were replaced before the map was made, as every call with the map does.
    void follow(const SegmentMap& map);
    // The entry that the last call could not read, if it failed for that; else 0.
    Index damaged() const { return damaged_; }
    // The last call failed because a segment was rewritten since the map was made: nothing is known
    // to be damaged, and damaged() is 0.
    bool is_outdated() const { return outdated_; }

  private:
    struct Chunk;
    struct OpenFile {
        SegmentId segment;
        std::unique_ptr<File> file;
        SharedMap placed;  // what its footer says, if somebody asked and it is sealed
    };
    // How far the hash chain is known, and where that entry lies.
    struct Known {
        HashMark mark;
        Place place;
    };

    template <typename Attempt>
    auto with_fresh_files(const SegmentMap& map, Attempt&& attempt);
    bool lies_elsewhere(const SegmentMap& map, Index index);
    Error faulty(const SegmentMap& at, Index index, const char* why);
    Result<RecordView> view_of(const SegmentMap& map, const Chunk& chunk, Index index);
    Result<std::vector<HashedEntry>> read_held(const SegmentMap& map, Index first, Index last,
        std::uint64_t bytes_max, const std::optional<Digest>& previous_hash);
    Result<HashMark> start_for(const SegmentMap& map, Index first);
    Result<Chunk> load(
        const SegmentMap& map, Index from, Index to, std::uint64_t bytes_wanted);
    Result<HashedEntry> decode(
        const SegmentMap& map, const Chunk& chunk, const HashMark& previous);
    Result<Chunk> load_record_alone(File& file, Chunk&& chunk);
    Result<OpenFile*> file_of(SegmentId segment);
    Result<SharedMap> placed(const SegmentMap& map, Index index);
    void remember(const SegmentMap& map, const SegmentMap& at, const HashMark& mark);

    FileSystem& files_;
    const std::string directory_;
    std::vector<OpenFile> open_;  // the one used last comes last
    // Where the last read ended; index 0 = nowhere. Valid in any map that has the same entry,
    // that is an entry at the same place, there.
    Known cursor_;
    Index damaged_;
    bool outdated_ = false;
    std::uint64_t rewrites_ = 0;  // of the newest map that was read with: files are as new as that
    std::uint64_t cursor_rewrites_ = 0;  // of the map that the cursor is from
};

}  // namespace ledger::log
