#include "log/storage.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/reader.h"
#include "log/recovery.h"
#include "log/repair.h"
#include "log/reserve.h"
#include "log/writer.h"

namespace ledger::log {

namespace {

// Bodies are counted by the thread that steps the replica: what is kept here has its own.
EntryRef clone(const EntryRef& entry) {
    EntryRef copy;
    copy.index = entry.index;
    copy.term = entry.term;
    copy.kind = entry.kind;
    copy.bytes = entry.bytes;
    copy.cluster_time = entry.cluster_time;
    copy.wall_time = entry.wall_time;
    if (entry.handle) {
        copy.handle = EntryHandle::make(
            entry.handle.envelope(), entry.handle.erasable(), entry.handle.erasure());
    }
    return copy;
}

class SegmentedStorage final : public Storage {
  public:
    // `own` are the files with the log's share of the reserve; all that is open was opened by them.
    SegmentedStorage(FileSystem& files, std::unique_ptr<ReservedFiles> own, const Options& options,
        Reserve reserve, std::unique_ptr<OpenLog> log, HardStateFile hard_state)
        : own_(std::move(own)), extras_(files, options, ReserveShare::upper_half),
          reserve_(std::move(reserve)), directory_(options.directory), log_(std::move(log)),
          reader_(files, options.directory), writer_(*own_, options, *log_, std::move(hard_state)),
          published_(log_->map.publish()) {}

    Result<void> write(const Group& group) override {
        extends_ = extends_ || group.restart || group.truncate_to || !group.entries.empty();
        for (const EntryRef& copy : group.repairs) {
            keep(copy);
        }
        return writer_.write(group);
    }
    Result<void> sync() override {
        LEDGER_CHECK(writer_.sync());
        if (extends_) {
            published_ = log_->map.publish();
            extends_ = false;
        }
        if (!copies_.empty()) {
            LEDGER_CHECK(repair());
        }
        LEDGER_CHECK(reserve_.look());
        return writer_.economise(reserve_.crowded());
    }
    bool crowded() const override { return reserve_.crowded(); }
    std::span<const Index> damaged() const override { return damaged_; }
    std::span<const Index> erasing() const override { return {}; }
    Result<void> discard(Index upto) override {
        LEDGER_CHECK(writer_.discard(upto));
        if (log_->map.first() != published_->first()) {
            published_ = log_->map.publish();
        }
        return {};
    }
    SharedMap published() const override { return published_; }
    Result<std::vector<HashedEntry>> read(
        Index first, Index last, std::uint64_t bytes_max) override {
        return reader_.read(*published_, first, last, bytes_max);
    }

  private:
    void keep(const EntryRef& copy);
    Result<void> repair();
    SegmentEntries entries_with(Index index) const;

    const std::unique_ptr<ReservedFiles> own_;
    ReservedFiles extras_;
    Reserve reserve_;
    const std::string directory_;
    const std::unique_ptr<OpenLog> log_;
    Reader reader_;
    Writer writer_;
    SharedMap published_;
    bool extends_ = false;  // what was written since the last sync changes the map
    // Of damaged entries, ascending, until all that is damaged in their segment has one.
    std::vector<EntryRef> copies_;
    std::vector<Index> damaged_;
};

void SegmentedStorage::keep(const EntryRef& copy) {
    const auto at = std::lower_bound(copies_.begin(), copies_.end(), copy.index,
        [](const EntryRef& other, Index index) { return other.index < index; });
    if (at != copies_.end() && at->index == copy.index) {
        *at = clone(copy);
    } else {
        copies_.insert(at, clone(copy));
    }
}

Result<void> SegmentedStorage::repair() {
    damaged_.clear();
    std::vector<SegmentEntries> finished;
    std::erase_if(copies_, [&](const EntryRef& copy) {
        return !published_->holds(copy.index) || published_->term_at(copy.index) != copy.term;
    });
    for (std::size_t at = 0; at < copies_.size();) {
        const SegmentEntries live = entries_with(copies_[at].index);
        std::vector<const EntryRef*> mine;
        while (at < copies_.size() && copies_[at].index <= live.last) {
            mine.push_back(&copies_[at]);
            ++at;
        }
        if (log_->active && log_->segments.back().id == live.segment) {
            LEDGER_CHECK(writer_.close_active());
        }
        auto repaired = repair_segment(extras_, directory_, *published_, live, mine);
        if (!repaired && repaired.error().code == make_error_code(Errc::no_space)) {
            continue;  // whoever reads them finds them once more
        }
        LEDGER_TRY(const Repaired done, std::move(repaired));
        damaged_.insert(damaged_.end(), done.missing.begin(), done.missing.end());
        if (done.missing.empty()) {
            for (const HashMark& known : done.hashes) {
                log_->map.learn(known.index, known.hash);
            }
            finished.push_back(live);
        }
    }
    for (const SegmentEntries& live : finished) {
        const auto repaired = [&](Index index) {
            return index >= live.first && index <= live.last;
        };
        std::erase_if(copies_, [&](const EntryRef& copy) { return repaired(copy.index); });
        std::erase_if(
            log_->faulty, [&](const EntryIdentity& name) { return repaired(name.index); });
    }
    return {};
}

// The live entries that lie in the same segment as this one.
SegmentEntries SegmentedStorage::entries_with(Index index) const {
    const SegmentId segment = published_->place(index).segment;
    SegmentEntries live{segment, index, index};
    while (live.first > published_->first() &&
           published_->place(live.first.previous()).segment == segment) {
        live.first = live.first.previous();
    }
    while (live.last < published_->last() &&
           published_->place(live.last.next()).segment == segment) {
        ++live.last;
    }
    return live;
}

// New directories are entries of their parents, which must be durable too.
Result<void> make_durable_directory(FileSystem& files, const std::string& directory) {
    LEDGER_CHECK(files.make_directory(directory));
    for (std::size_t slash = directory.rfind('/'); slash != std::string::npos && slash > 0;
         slash = directory.rfind('/', slash - 1)) {
        LEDGER_CHECK(files.sync_directory(directory.substr(0, slash)));
    }
    return files.sync_directory("");
}

}  // namespace

std::string to_text(const Identity& identity) {
    return fmt::format("node {} of cluster {}", identity.node, to_text(identity.cluster));
}

Error wrong_identity(const std::string& name, const Identity& found, const Identity& expected) {
    LEDGER_ASSERT(found != expected);
    const std::string owner =
        found.same_node(expected) ? "another disk of " + to_text(found) : to_text(found);
    return failure(
        Errc::wrong_identity, name + " belongs to " + owner + ", not to " + to_text(expected));
}

Result<void> format(FileSystem& files, const Options& options, const Identity& identity) {
    LEDGER_ASSERT(identity.incarnation != Incarnation{0});
    if (!options.directory.empty()) {
        LEDGER_CHECK(make_durable_directory(files, options.directory));
    }
    LEDGER_TRY(const auto names, files.list(options.directory));
    for (const std::string& name : names) {
        if (!name.ends_with(temporary_suffix)) {
            return failure(Errc::already_exists, path_in(options.directory, name));
        }
    }
    LEDGER_CHECK(HardStateFile::create(files, options.directory, identity));
    return Reserve(files, options).look();
}

Result<Opened> open(FileSystem& files, const Options& options, const Identity& identity) {
    auto own = std::make_unique<ReservedFiles>(files, options, ReserveShare::all);
    LEDGER_TRY(auto recovered, recover(*own, options, identity));
    Reserve reserve(files, options);
    LEDGER_CHECK(reserve.look());
    Opened opened;
    opened.recovered = std::move(recovered.recovered);
    opened.recovered.crowded = reserve.crowded();
    opened.storage = std::make_unique<SegmentedStorage>(files, std::move(own), options,
        std::move(reserve), std::move(recovered.log), std::move(recovered.hard_state));
    return opened;
}

}  // namespace ledger::log
