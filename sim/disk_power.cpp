// The part of Disk that runs when the power fails.

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "sim/disk.h"
#include "sim/disk_crash.h"

namespace ledger::sim {
namespace {

template <typename Names>
std::uint32_t number_in(const Names& names, const std::string& name) {
    const auto at = names.find(name);
    return at == names.end() ? 0 : at->second;
}

}  // namespace

void Disk::crash_after_operations(std::uint64_t operations) {
    std::vector<std::uint64_t> issued;
    for (const auto& each : files_) {
        if (each != nullptr) {
            each->append_issued(issued);
        }
    }
    for (const EntryOperation& operation : entries_) {
        issued.push_back(operation.issued);
    }
    LEDGER_ASSERT(operations <= issued.size());
    std::sort(issued.begin(), issued.end());  // numbers are unique: a total order
    issued_last_ = operations == 0 ? 0 : issued[operations - 1];
}

CrashReport Disk::crash(ChoiceSource& choices, const CrashProfile& profile) {
    CrashReport report;
    // What was not issued never happened, neither to names nor to files.
    std::erase_if(entries_,
        [this](const EntryOperation& operation) { return operation.issued > issued_last_; });
    crash_entries(choices, profile.lose_entry, report);
    crash_files(choices, profile, report);
    start_new_life();
    last_crash_ = report;
    return report;
}

// Each change of a name survives by itself (ALICE: no order between directory operations may be
// assumed without a sync of the directory).
void Disk::crash_entries(ChoiceSource& choices, std::uint32_t lose, CrashReport& report) {
    const Names before = durable_names_;
    Names expected = before;
    for (const EntryOperation& operation : entries_) {
        apply(expected, operation);
    }
    Questions questions(choices, std::uint64_t{node_.value} << 32, life_);
    std::vector<const EntryOperation*> struck;
    for (const EntryOperation& operation : entries_) {
        if (settle_entry(operation, questions, lose)) {
            struck.push_back(&operation);
        }
    }
    const bool renamed = std::any_of(entries_.begin(), entries_.end(),
        [](const EntryOperation& each) { return each.kind == EntryOperation::Kind::rename; });
    if (renamed) {
        keep_renamed(before, expected);
    }
    harmed_names_.clear();
    for (const EntryOperation* operation : struck) {
        report.lost_entries += judge_entry(*operation, expected) ? 1u : 0u;
    }
    report.operations += entries_.size();
    count_lost_files(expected, report);
}

// Renames may be undone but never lose a file: what had a name, and was to keep one, has one. (Of
// b -> c and then a -> b the second alone may survive: then the file of b is found as c.)
void Disk::keep_renamed(const Names& before, const Names& expected) {
    const auto named = [](const Names& names, std::uint32_t number) {
        return std::any_of(names.begin(), names.end(),
            [number](const auto& entry) { return entry.second == number; });
    };
    // Every round gives one name its final owner, and as a rule nothing is to be done at all.
    bool changed = true;
    for (std::size_t round = 0; changed && round < expected.size(); ++round) {
        changed = false;
        for (const auto& [name, number] : expected) {
            if (!named(durable_names_, number) && named(before, number)) {
                durable_names_[name] = number;
                changed = true;
            }
        }
    }
}

// Returns whether the operation did not survive whole.
bool Disk::settle_entry(const EntryOperation& operation, Questions& questions, std::uint32_t lose) {
    if (!questions.strikes(Site::disk_crash_directory, lose)) {
        apply(durable_names_, operation);
        return false;
    }
    const bool rename = operation.kind == EntryOperation::Kind::rename;
    if (rename && !operation.to_durable && questions.choose(Site::disk_crash_directory, 2) == 1) {
        durable_names_[operation.name] = operation.number;  // both names stand
    }
    return true;
}

// Counts the fault if the names differ from "everything arrived".
bool Disk::judge_entry(const EntryOperation& operation, const Names& expected) {
    const bool rename = operation.kind == EntryOperation::Kind::rename;
    const auto differs = [&](const std::string& name) {
        return number_in(durable_names_, name) != number_in(expected, name);
    };
    if (!differs(operation.name) && !(rename && differs(operation.from))) {
        return false;
    }
    const Fault fault = rename ? Fault::disk_rename_undone : Fault::disk_lost_directory_entry;
    if (harmed_names_.emplace(operation.name, fault).second) {
        faults_.fire(fault);
    }
    return true;
}

// A file without a name is lost with everything that was in it, synced or not.
void Disk::count_lost_files(const Names& expected, CrashReport& report) const {
    std::vector<bool> named(files_.size(), false);
    for (const auto& [name, number] : durable_names_) {
        named[number] = true;
    }
    for (const auto& [name, number] : expected) {
        if (!named[number]) {
            const UnsyncedFile lost = file(number).unsynced(issued_last_);
            report.lost_bytes += lost.durable.size() + lost.data.size();
        }
    }
}

void Disk::crash_files(ChoiceSource& choices, const CrashProfile& profile, CrashReport& report) {
    std::vector<bool> named(files_.size(), false);
    for (const auto& [name, number] : durable_names_) {
        named[number] = true;
    }
    std::vector<FateOnDisk> fates;
    for (std::uint32_t number = 1; number < files_.size(); ++number) {
        if (!named[number] || file(number).clean()) {
            continue;
        }
        DiskFile& crashing = file(number);
        const UnsyncedFile unsynced = crashing.unsynced(issued_last_);
        const std::uint64_t entity = std::uint64_t{node_.value} << 32 | number;
        Questions questions(choices, entity, life_);
        CrashedFile crashed = crash_file(unsynced, questions, profile);
        report.operations += unsynced.operations.size();
        report.lost_bytes += crashed.lost_bytes;
        for (const FaultMark& mark : crashed.marks) {
            faults_.fire(mark.fault);
        }
        for (const OperationFate& fate : crashed.fates) {
            fates.push_back({number, fate.issued, fate.from, fate.to, fate.survived, fate.harmed});
        }
        if (!crashing.media.empty()) {
            crashing.landed(crashed.landed);
        }
        crashing.replace(std::move(crashed.image), std::move(crashed.marks));
    }
    count_reordered(fates);
}

// Reordering is an effect over all files: something is there although something issued before it
// is not.
void Disk::count_reordered(const std::vector<FateOnDisk>& fates) {
    std::uint64_t first_harmed = UINT64_MAX;
    for (const FateOnDisk& fate : fates) {
        first_harmed = fate.harmed ? std::min(first_harmed, fate.issued) : first_harmed;
    }
    for (const FateOnDisk& fate : fates) {
        if (fate.survived && fate.issued > first_harmed) {
            faults_.fire(Fault::disk_reordered_write);
            file(fate.number).mark({Fault::disk_reordered_write, fate.from, fate.to});
        }
    }
}

// The machine is on again: the page cache is the durable image, nothing is open, nothing unsynced.
void Disk::start_new_life() {
    ++life_;
    names_ = durable_names_;
    entries_.clear();
    for (auto& each : files_) {
        if (each != nullptr) {
            each->handles = 0;
        }
    }
    drop_unreachable();
    issued_last_ = UINT64_MAX;
    names_changed_ = true;
    give_space_back();
    power_budget_.reset();
    powered_off_ = false;
    injections_.clear();
    changes_ += remembered_changes + 1;  // whoever follows the changes has to look at everything
    LEDGER_ASSERT(unsynced_operations() == 0);
}

}  // namespace ledger::sim
