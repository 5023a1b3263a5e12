#pragma once
// DiskFile: one file of a simulated disk: the page cache, and what of it is not yet durable.

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "log/base/bytes.h"
#include "sim/disk_choices.h"
#include "sim/disk_media.h"
#include "sim/faults.h"

namespace ledger::sim {

// One write or resize that no sync has covered.
struct UnsyncedOperation {
    enum class Kind : std::uint8_t { write, resize };

    Kind kind = Kind::write;
    std::uint64_t issued = 0;  // the disk's numbering of all operations
    std::uint64_t offset = 0;  // of a write; of a resize: the new size
    std::uint64_t bytes = 0;   // of a write; of a resize: 0
    std::uint64_t size_before = 0;
    std::uint64_t saved_at = 0;  // where its bytes begin (see the two users)

    std::uint64_t end() const { return offset + bytes; }
    // The lowest byte whose content or existence it changed.
    std::uint64_t first_changed() const { return offset < size_before ? offset : size_before; }
    // All of them.
    ByteRange changed() const {
        const bool shrinks = kind == Kind::resize && offset < size_before;
        return {first_changed(), shrinks ? size_before : end()};
    }
};

// Bytes that a crash let reach the disk, as they were after this operation.
struct Landing {
    ByteRange range;
    std::uint64_t issued = 0;
};

// A file as a crash finds it: the durable bytes, and what was issued since, with its data.
struct UnsyncedFile {
    ByteVector durable;
    std::vector<UnsyncedOperation> operations;  // in the order issued; saved_at points into data
    ByteVector data;
};

// A place that a crash changed, waiting to be read.
struct FaultMark {
    Fault fault = Fault::disk_lost_write;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
};

// Writes go straight to the page cache and save the bytes they replace; a sync forgets what was
// saved. So an append that is synced costs one copy, and the durable image is the page cache
// with the saved bytes put back.
class DiskFile {
  public:
    ByteSpan cached() const { return cached_; }
    bool clean() const { return operations_.empty() && !diverged_; }

    void write(std::uint64_t offset, ByteSpan data, std::uint64_t issued);
    void resize(std::uint64_t bytes, std::uint64_t issued);

    // Everything issued so far is durable. Returns the lowest byte that changed on the disk, or
    // nothing if nothing did.
    std::optional<std::uint64_t> sync();
    // The device refused: the kernel marks the pages clean, reads go on returning them, but the
    // disk has the old bytes and no later sync will write these.
    void sync_failed();

    ByteVector durable() const;
    std::uint64_t unsynced_bytes() const;
    std::uint64_t unsynced_operations() const { return operations_.size(); }
    void append_issued(std::vector<std::uint64_t>& issued) const;

    // What a crash has to decide about, as if nothing after operation `issued_last` had happened.
    UnsyncedFile unsynced(std::uint64_t issued_last) const;
    void landed(std::span<const Landing> landings);
    // The file after a crash or a restore: all of it durable.
    void replace(ByteVector image, std::vector<FaultMark> marks);

    // Counts the marks that a read of [from, to) touches as consumed, and forgets them.
    void consume(std::uint64_t from, std::uint64_t to, FaultCounts& counts);
    void mark(FaultMark mark) { marks_.push_back(mark); }
    bool marked() const { return !marks_.empty(); }

    // What the device makes of the durable bytes. Ends by itself where something is written.
    DiskMedia media;
    // Of a read of [offset, offset + into.size()), which `into` holds as the cache has it.
    DiskMedia::Sight look(std::uint64_t offset, std::span<std::byte> into) const;
    // These bytes are there, and nothing else is on its way to them.
    bool at_rest(std::uint64_t from, std::uint64_t to) const;

    // From now on so many of the last synced writes are known, newest last; none that was written
    // over since.
    void remember(std::uint64_t writes) { remembered_ = writes; }
    std::span<const PastWrite> past() const { return past_; }

    // The lowest durable byte that changed since the last call, for one observer; UINT64_MAX if
    // none did.
    std::uint64_t take_change() { return std::exchange(changed_from_, UINT64_MAX); }

    std::uint64_t handles = 0;  // open files that refer to it

  private:
    void save(std::uint64_t from, std::uint64_t to);
    void undo(ByteVector& image, const UnsyncedOperation& operation) const;
    void remember(const UnsyncedOperation& operation);

    ByteVector cached_;
    std::vector<UnsyncedOperation> operations_;
    ByteVector saved_;  // the replaced bytes of every operation, one after the other
    // Set by a failed sync: the durable image can no longer be told from the cache and operations.
    std::optional<ByteVector> diverged_;
    std::vector<FaultMark> marks_;
    std::uint64_t remembered_ = 0;
    std::vector<PastWrite> past_;
    std::uint64_t changed_from_ = 0;
};

}  // namespace ledger::sim
