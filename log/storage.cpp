#include "log/storage.h"

#include <utility>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/reader.h"
#include "log/recovery.h"
#include "log/reserve.h"
#include "log/upkeep.h"
#include "log/writer.h"

namespace ledger::log {

namespace {

class SegmentedStorage final : public Storage {
  public:
    // `own` are the files with the log's share of the reserve; all that is open was opened by them.
    SegmentedStorage(FileSystem& files, std::unique_ptr<ReservedFiles> own, const Options& options,
        Reserve reserve, std::unique_ptr<OpenLog> log, HardStateFile hard_state)
        : own_(std::move(own)), extras_(files, options, ReserveShare::upper_half),
          reserve_(std::move(reserve)), log_(std::move(log)), reader_(files, options.directory),
          writer_(*own_, options, *log_, std::move(hard_state)),
          upkeep_(extras_, options, *log_, writer_), published_(log_->map.publish()) {}

    Result<void> write(const Group& group) override {
        extends_ = extends_ || group.restart || group.truncate_to || !group.entries.empty();
        upkeep_.want(group);
        erases_ = erases_ || !group.erasures.empty();
        return writer_.write(group);
    }
    Result<void> sync() override {
        LEDGER_CHECK(writer_.sync());
        if (extends_) {
            published_ = log_->map.publish();
            extends_ = false;
        }
        LEDGER_TRY(published_, upkeep_.run(published_));
        reader_.follow(*published_);
        if (std::exchange(erases_, false)) {
            LEDGER_CHECK(writer_.forget_discarded());
        }
        LEDGER_CHECK(reserve_.look());
        return writer_.economise(reserve_.crowded());
    }
    bool crowded() const override { return reserve_.crowded(); }
    std::span<const Index> damaged() const override { return upkeep_.damaged(); }
    std::span<const Index> erasing() const override { return upkeep_.erasing(); }
    Result<void> discard(Index upto, bool reuse) override {
        LEDGER_CHECK(writer_.discard(upto, reuse && upkeep_.erasing().empty()));
        if (log_->map.first() != published_->first()) {
            published_ = log_->map.publish();
            upkeep_.freed();
        }
        return {};
    }
    SharedMap published() const override { return published_; }
    Result<std::vector<HashedEntry>> read(
        Index first, Index last, std::uint64_t bytes_max) override {
        return reader_.read(*published_, first, last, bytes_max);
    }

  private:
    const std::unique_ptr<ReservedFiles> own_;
    ReservedFiles extras_;
    Reserve reserve_;
    const std::unique_ptr<OpenLog> log_;
    Reader reader_;
    Writer writer_;
    Upkeep upkeep_;
    SharedMap published_;
    bool erases_ = false;   // something is to be erased since the last sync
    bool extends_ = false;  // what was written since the last sync changes the map
};

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
