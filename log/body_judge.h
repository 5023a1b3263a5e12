#pragma once
// BodyJudge: the boot table applied to an unsealed segment, group after group.

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "log/boot_table.h"
#include "log/open_log.h"
#include "log/scan.h"

namespace ledger::log {

// Witnesses from outside the segment that is being judged.
struct Outside {
    bool later = false;                         // a later segment has been begun
    std::optional<SegmentHeader> next;          // its header
    Index witness;                              // durable commit
    bool begun = false;                         // the hard state knows its first group as durable
    // The full hash at an index of the log, read from sealed segments; nothing if it is lost.
    std::function<std::optional<Digest>(Index)> read_hash = [](Index) { return std::nullopt; };
};

// Applies the groups of one unsealed segment, in order, to the open log, whose last segment and
// active segment it is. Changes no file.
class BodyJudge {
  public:
    BodyJudge(OpenLog& log, const Outside& outside, std::uint64_t header_epoch,
        const std::vector<ScannedGroup>& groups)
        : log_(log), outside_(outside), header_epoch_(header_epoch), groups_(groups) {}

    struct Fault {
        std::uint64_t offset = 0;
        Index index;
        const char* why = "";
    };

    // Nothing if every place is clean, known by name or cut. The log then holds what is kept, with
    // the damaged entries among its faulty ones.
    std::optional<Fault> judge();

    // Bytes of the file that stay.
    std::uint64_t keep() const { return keep_; }
    // Entries behind those that are kept: named, damaged, without a witness.
    const std::vector<EntryIdentity>& unsealed() const { return unsealed_; }
    // The block that the last group lacks, if it does; all but its commit.
    const std::optional<IdentityBlock>& identity() const { return identity_; }
    // The highest commit and sync_index that its intact blocks witness.
    Index commit() const { return commit_; }
    Index sync_index() const { return sync_index_; }

  private:
    void look_ahead();
    std::optional<Fault> judge_group(std::size_t number);
    Verdict judge_slot(std::size_t number, const Slot& slot) const;
    bool continues(const ScannedGroup& group, const Slot& slot) const;
    bool entry_continues(const RecordHeader& header) const;
    bool truncation_continues(const RecordView& record) const;
    void apply(const Slot& slot);
    bool apply_by_name(const Slot& slot);
    bool truncate_by_name(const EntryIdentity& name);
    void begin_identity(const ScannedGroup& group);
    void note_applied(const Slot& slot, const EntryIdentity& name);
    void cut(const ScannedGroup& group, std::size_t slot);
    bool is_superseded();
    // Null behind an entry that is damaged, until a block names it.
    const Digest* last_hash() const { return log_.map.find_hash(log_.map.last()); }

    OpenLog& log_;
    const Outside& outside_;
    const std::uint64_t header_epoch_;
    const std::vector<ScannedGroup>& groups_;
    std::vector<Index> later_sync_index_;  // by group: the highest in the groups after it
    std::vector<bool> later_evidence_;     // by group: a group after it has something intact
    std::uint64_t keep_ = segment_header_bytes;
    std::vector<EntryIdentity> unsealed_;
    bool ended_ = false;
    std::optional<IdentityBlock> identity_;
    IdentityBlock begun_;  // of the group at hand, from its records alone
    Index commit_;
    Index sync_index_;
};

}  // namespace ledger::log
