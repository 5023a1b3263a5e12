#pragma once
// Disk: one node's simulated disk. What was not synced may be lost, torn or reordered by a crash.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "log/base/choice.h"
#include "log/base/hash128.h"
#include "log/base/ids.h"
#include "log/file_system.h"
#include "sim/disk_choices.h"
#include "sim/disk_file.h"
#include "sim/faults.h"

namespace ledger::sim {

enum class DiskOperation : std::uint8_t {
    read,
    write,  // and resize
    sync,   // and sync_directory
    entry,  // create, rename, remove, make_directory
};

// The `after`-th next operation of this kind (0 = the next one) fails with `error`. A failing
// sync drops the dirty pages: they count as clean, and are lost. A failing write may have got as
// far as `bytes_done`.
struct Injection {
    DiskOperation operation = DiskOperation::write;
    std::uint64_t after = 0;
    log::Errc error = log::Errc::io_error;
    std::uint64_t bytes_done = 0;
};

// What a device does to bytes that it has taken, at one or more places.
struct Harm {
    struct Place {
        std::uint32_t number = 0;  // of the file
        std::uint64_t from = 0;
        std::uint64_t to = 0;
        ByteVector bytes;  // what reads give there; empty: they fail
    };
    Fault fault = Fault::disk_bit_rot;
    bool once = false;  // the first read that sees it is the only one
    std::vector<Place> places;
};

// What one crash did.
struct CrashReport {
    std::uint64_t operations = 0;    // unsynced writes, resizes and directory operations at stake
    std::uint64_t lost_bytes = 0;    // bytes that were readable before and are not any more
    std::uint64_t lost_entries = 0;  // names that are not what the node had seen
};

// What survives a power failure, as a value.
struct DiskImage {
    struct File {
        std::string name;
        ByteVector bytes;
        friend bool operator==(const File&, const File&) = default;
    };
    std::vector<File> files;               // by name
    std::vector<std::string> directories;  // sorted
    friend bool operator==(const DiskImage&, const DiskImage&) = default;
};

// A completed sync changed the durable image: of file `number` from byte `from` on, or (number 0)
// which names there are.
struct DurableChange {
    std::uint32_t number = 0;
    std::uint64_t from = 0;
};

// The fault model is in sim/README.md. Deterministic: whatever a crash decides is asked of the
// ChoiceSource, with entity = node << 32 | file number (0 = the directories).
class Disk final : public log::FileSystem {
  public:
    explicit Disk(NodeId node) : node_(node) {}
    ~Disk() override = default;
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    Result<std::unique_ptr<log::File>> open(const std::string& name) override;
    Result<std::unique_ptr<log::File>> create(const std::string& name) override;
    Result<std::vector<std::string>> list(const std::string& directory) override;
    Result<void> make_directory(const std::string& directory) override;
    Result<void> rename(const std::string& from, const std::string& to) override;
    Result<void> remove(const std::string& name) override;
    Result<void> sync_directory(const std::string& directory) override;
    Result<std::uint64_t> free_bytes(const std::string& directory) override;
    Result<bool> has_other_names(const std::string&) override { return false; }

    // Power failure. For every operation that no completed sync covers the choices decide what of
    // it survives; then the page cache is gone. Files opened before are dead: the owner drops
    // them, before or after. Ends power_off_after() and forgets injections.
    CrashReport crash(ChoiceSource& choices, const CrashProfile& profile);
    // For the next crash: of the unsynced operations only the first `operations`, in the order
    // issued over all files and directories, had been issued; the others never happened.
    void crash_after_operations(std::uint64_t operations);
    // The next `operations` changes (writes, resizes, syncs, directory operations) still happen;
    // from then on everything fails with io_error until crash(). This is how a node dies in the
    // middle of Storage::write or sync, between two of their steps.
    void power_off_after(std::uint64_t operations) { power_budget_ = operations; }
    // Forgets power_off_after() if it has not struck.
    void keep_power();
    bool powered_off() const { return powered_off_; }

    void inject(const Injection& injection) { injections_.push_back(injection); }
    // An injection has not struck yet.
    bool armed() const { return !injections_.empty(); }
    // Growth beyond this many bytes over all files fails with no_space.
    void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }

    // Another consumer of the same device takes all that is free but `left` bytes. Also ended by a
    // crash: somebody looks after the machine.
    void take_space(std::uint64_t left);
    void give_space_back() { room_.reset(); }
    bool crowded() const { return room_.has_value(); }

    // Only the node's own reads see a harm: everything below that says "durable" has the bytes as
    // they were written. It outlives crashes and follows the file, whatever its name; it ends where
    // something new reaches the disk, and with the file. False, and nothing happens, where there is
    // nothing durable, something unsynced or another harm, if no byte would differ, or if only a
    // part of a sector could not be read.
    bool harm(Harm&& harm);
    // The places of a file that are harmed now.
    std::span<const Overlay> overlays(std::uint32_t number) const;
    bool any_harm() const;
    // All harms are over: a device that reads what was written.
    void end_harms();
    // From now on past_writes() knows so many of each file; 0 = none, and nothing is spent on it.
    void remember_writes(std::uint64_t count);
    // The last synced writes of the file that nothing was written over since, newest last.
    std::span<const PastWrite> past_writes(std::uint32_t number) const;

    std::uint64_t unsynced_bytes() const;
    // Writes, resizes and directory operations.
    std::uint64_t unsynced_operations() const;
    std::uint64_t used_bytes() const;
    const CrashReport& last_crash() const { return last_crash_; }
    bool last_crash_lost_bytes() const { return last_crash_.lost_bytes > 0; }
    // Changes issued so far; what power_off_after() counts.
    std::uint64_t operations() const { return issued_; }
    // Of crashes: fired = the image differs from "everything arrived", consumed = the place was
    // read, or the name looked for, afterwards. Of harms: fired = made, consumed = the node read
    // what it should not. Short writes, and what failed for another consumer, are felt at once.
    const FaultCounts& faults() const { return faults_; }

    // The durable image: what the node would find if it lost its power now and nothing unsynced
    // survived. Names that do not exist there read as empty files.
    std::vector<std::string> durable_files() const;
    bool durable_exists(const std::string& name) const;
    ByteVector durable(const std::string& name) const;
    // The same without a copy when the file is clean, else in `scratch`; valid until the disk
    // changes.
    ByteSpan durable_view(const std::string& name, ByteVector& scratch) const;
    // Fills `into` from `offset` of the durable file; false if it does not reach that far.
    bool read_durable(
        const std::string& name, std::uint64_t offset, std::span<std::byte> into) const;
    // The same of the file of this number, which is there.
    ByteSpan durable_view(std::uint32_t number, ByteVector& scratch) const;
    bool read_durable(std::uint32_t number, std::uint64_t offset, std::span<std::byte> into) const;
    // The number of the durable file of this name; 0 if there is none. Never reused.
    std::uint32_t durable_number(const std::string& name) const;
    // The durable image as a hash: equal on every compiler and build.
    Hash128 hash() const;
    DiskImage snapshot() const;
    // The disk as it was; everything unsynced is gone, files opened before are dead.
    void restore(const DiskImage& image);

    // Counts the changes to the durable image. change(i) says what the i-th was (from 0), unless
    // that is too long ago to know: then the reader has to look at everything again.
    std::uint64_t changes() const { return changes_; }
    std::optional<DurableChange> change(std::uint64_t i) const;
    // For one observer: the lowest byte of the durable file that changed since it asked last, and
    // whether names did; UINT64_MAX = nothing did.
    std::uint64_t take_change(std::uint32_t number) { return file(number).take_change(); }
    bool take_names_changed() { return std::exchange(names_changed_, false); }

  private:
    class OpenFile;
    using Names = std::map<std::string, std::uint32_t, std::less<>>;
    // A change of names that is not durable yet, or (rename) durable at one of its ends.
    struct EntryOperation {
        enum class Kind : std::uint8_t { create, remove, rename };
        Kind kind = Kind::create;
        bool to_durable = false;  // of a rename: the new name is durable, the old one not yet gone
        std::uint32_t number = 0;
        std::uint64_t issued = 0;
        std::string name;  // of a rename: the new one
        std::string from;  // of a rename only
    };
    struct FateOnDisk {
        std::uint32_t number = 0;
        std::uint64_t issued = 0;
        std::uint64_t from = 0;
        std::uint64_t to = 0;
        bool survived = false;
        bool harmed = false;
    };

    Result<std::uint64_t> read(
        std::uint32_t number, std::uint64_t offset, std::span<std::byte> into);
    Result<std::uint64_t> read_harmed(
        std::uint32_t number, std::uint64_t offset, std::span<std::byte> into);
    void feel(const DiskMedia::Sight& sight);
    bool can_harm(const Harm::Place& place) const;
    void end_harm(std::uint64_t number);
    Result<void> write(std::uint32_t number, std::uint64_t offset, ByteSpan data);
    Result<void> sync(std::uint32_t number);
    Result<void> resize(std::uint32_t number, std::uint64_t bytes);
    Result<std::uint64_t> size(std::uint32_t number);
    std::unique_ptr<log::File> opened(std::uint32_t number);
    void closed(std::uint32_t number, std::uint64_t life);

    DiskFile& file(std::uint32_t number);
    const DiskFile& file(std::uint32_t number) const;
    std::uint32_t new_file();
    std::string name_of(std::uint32_t number) const;
    Error refusal(const Injection& injection, std::string_view what) const;
    // What this operation has to fail with, if anything.
    std::optional<Injection> obstacle(DiskOperation operation);
    std::optional<Injection> armed_obstacle(DiskOperation operation);
    bool fits(std::uint64_t growth);
    bool fits_beside_others(std::uint64_t growth);
    bool directory_exists(std::string_view directory) const;
    // What is wrong with a name that a file has or is to have; nothing if it may have one.
    std::optional<Error> wrong_name(std::string_view name) const;
    std::optional<Error> wrong_directory(std::string_view directory) const;
    void changed(std::uint32_t number, std::uint64_t from);
    static void apply(Names& names, const EntryOperation& operation);
    void drop_unreachable();
    void touch_entry(std::string_view name);

    std::vector<bool> reachable() const;
    void crash_files(ChoiceSource& choices, const CrashProfile& profile, CrashReport& report);
    void count_lost_files(const Names& expected, CrashReport& report) const;
    void count_reordered(const std::vector<FateOnDisk>& fates);
    void crash_entries(ChoiceSource& choices, std::uint32_t lose, CrashReport& report);
    void keep_renamed(const Names& before, const Names& expected);
    bool settle_entry(const EntryOperation& operation, Questions& questions, std::uint32_t lose);
    bool judge_entry(const EntryOperation& operation, const Names& expected);
    void start_new_life();

    const NodeId node_;
    // By number; [0] stays empty, since it stands for the directories.
    std::vector<std::unique_ptr<DiskFile>> files_ = std::vector<std::unique_ptr<DiskFile>>(1);
    Names names_;                                     // as the node sees them
    Names durable_names_;                             // as a crash finds them
    std::set<std::string, std::less<>> directories_;  // durable at once; see the README
    std::vector<EntryOperation> entries_;             // in the order issued

    std::uint64_t issued_ = 0;
    std::uint64_t issued_last_ = UINT64_MAX;  // for the next crash
    std::uint64_t life_ = 1;                  // files opened in an earlier one are dead
    std::optional<std::uint64_t> power_budget_;
    bool powered_off_ = false;
    std::vector<Injection> injections_;
    std::optional<std::uint64_t> capacity_;

    struct KnownHarm {
        Fault fault = Fault::disk_bit_rot;
        bool felt = false;
    };
    std::vector<KnownHarm> harms_;  // all there ever were; an overlay's number is one more
    std::uint64_t remembered_writes_ = 0;
    std::optional<std::uint64_t> room_;  // of all files together, while somebody else has the rest
    bool crowd_felt_ = false;
    bool names_changed_ = true;

    FaultCounts faults_;
    // Names that a crash harmed and nobody has looked for yet.
    std::map<std::string, Fault, std::less<>> harmed_names_;
    CrashReport last_crash_;

    static constexpr std::uint64_t remembered_changes = 64;
    std::vector<DurableChange> recent_changes_ = std::vector<DurableChange>(remembered_changes);
    std::uint64_t changes_ = 0;
};

}  // namespace ledger::sim
