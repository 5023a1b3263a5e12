#include "log/storage.h"

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/reader.h"
#include "log/recovery.h"
#include "log/writer.h"

namespace ledger::log {

namespace {

class SegmentedStorage final : public Storage {
  public:
    SegmentedStorage(FileSystem& files, const Options& options, std::unique_ptr<OpenLog> log,
        HardStateFile hard_state)
        : log_(std::move(log)), reader_(files, options.directory),
          writer_(files, options, *log_, std::move(hard_state)), published_(log_->map.publish()) {}

    Result<void> write(const Group& group) override {
        extends_ = extends_ || group.restart || group.truncate_to || !group.entries.empty();
        return writer_.write(group);
    }
    Result<void> sync() override {
        LEDGER_CHECK(writer_.sync());
        if (extends_) {
            published_ = log_->map.publish();
            extends_ = false;
        }
        return {};
    }
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
    const std::unique_ptr<OpenLog> log_;
    Reader reader_;
    Writer writer_;
    SharedMap published_;
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
        if (!name.ends_with(".temporary")) {
            return failure(Errc::already_exists, path_in(options.directory, name));
        }
    }
    return HardStateFile::create(files, options.directory, identity);
}

Result<Opened> open(FileSystem& files, const Options& options, const Identity& identity) {
    LEDGER_TRY(auto recovered, recover(files, options, identity));
    Opened opened;
    opened.recovered = std::move(recovered.recovered);
    opened.storage = std::make_unique<SegmentedStorage>(
        files, options, std::move(recovered.log), std::move(recovered.hard_state));
    return opened;
}

}  // namespace ledger::log
