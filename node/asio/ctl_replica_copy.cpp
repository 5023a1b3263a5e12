#include "node/asio/ctl_replica_copy.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/footer.h"
#include "log/hard_state_file.h"
#include "log/log_map.h"
#include "log/posix_file_system.h"
#include "log/state/ledger.h"
#include "node/asio/ctl_leftovers.h"

namespace ledger::node::asio {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t read_bytes = 4u << 20;
constexpr int tries_max = 4;
constexpr std::uint32_t page_events = 1024;

Error cannot_copy(const std::string& what, const std::error_code& error) {
    return failure(CtlErrc::cannot_write, fmt::format("{}: {}", what, error.message()));
}

// The names of the files in a directory, sorted.
Result<std::vector<std::string>> names_in(const std::string& directory) {
    std::error_code error;
    std::vector<std::string> names;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        if (entry->is_regular_file(error)) {
            names.push_back(entry->path().filename().string());
        }
    }
    if (error) {
        return cannot_copy(directory, error);
    }
    std::sort(names.begin(), names.end());
    return names;
}

// Somebody else's file, of which every byte was made durable by whoever wrote it.
class SharedFile final : public log::File {
  public:
    explicit SharedFile(std::unique_ptr<log::File> file) : file_(std::move(file)) {}

    Result<std::uint64_t> read(std::uint64_t offset, std::span<std::byte> into) override {
        return file_->read(offset, into);
    }
    Result<std::uint64_t> size() override { return file_->size(); }
    Result<void> sync() override { return {}; }
    Result<void> write(std::uint64_t offset, ByteSpan data) override {
        return file_->write(offset, data);
    }
    Result<void> resize(std::uint64_t bytes) override { return file_->resize(bytes); }

  private:
    const std::unique_ptr<log::File> file_;  // opened for reading: refuses to be changed
};

// The files of a copy. Those that nobody writes any more are the node's own, under another name, so
// that they stay when the node lets go of them; they can only be read here, whatever recovery wants.
class CopyFiles final : public log::FileSystem {
  public:
    explicit CopyFiles(const std::string& directory)
        : directory_(directory), own_(log::make_posix_file_system(directory)),
          shared_files_(log::make_read_only_posix_file_system(directory)) {}

    // False if it is not there any more: what was copied may be what its file was used for since.
    Result<bool> copy(const fs::path& from) {
        std::error_code error;
        fs::copy_file(from, directory_ / from.filename(), error);
        if (error && error != std::errc::no_such_file_or_directory) {
            return cannot_copy(from.string(), error);
        }
        if (!error && !fs::exists(from, error)) {
            fs::remove(directory_ / from.filename(), error);
            return false;
        }
        return !error;
    }
    Result<bool> share(const fs::path& from) {
        std::error_code error;
        fs::create_hard_link(from, directory_ / from.filename(), error);
        if (!error) {
            shared_.insert(from.filename().string());
            return true;
        }
        // Another file system, or one without links.
        return error == std::errc::no_such_file_or_directory ? Result<bool>(false) : copy(from);
    }

    Result<std::unique_ptr<log::File>> open(const std::string& name) override {
        if (!shared_.contains(name)) {
            return own_->open(name);
        }
        LEDGER_TRY(auto file, shared_files_->open(name));
        return std::unique_ptr<log::File>(std::make_unique<SharedFile>(std::move(file)));
    }
    Result<std::unique_ptr<log::File>> create(const std::string& name) override {
        return own_->create(name);
    }
    Result<std::vector<std::string>> list(const std::string& directory) override {
        return own_->list(directory);
    }
    Result<void> make_directory(const std::string& directory) override {
        return own_->make_directory(directory);
    }
    Result<void> rename(const std::string& from, const std::string& to) override {
        return own_->rename(from, to);
    }
    Result<void> remove(const std::string& name) override { return own_->remove(name); }
    Result<void> sync_directory(const std::string& directory) override {
        return own_->sync_directory(directory);
    }
    Result<std::uint64_t> free_bytes(const std::string& directory) override {
        return own_->free_bytes(directory);
    }
    Result<bool> has_other_names(const std::string& name) override {
        return own_->has_other_names(name);
    }

  private:
    const fs::path directory_;
    const std::unique_ptr<log::FileSystem> own_;
    const std::unique_ptr<log::FileSystem> shared_files_;
    std::set<std::string> shared_;
};

// A complete cut: its chunks, then the manifest that vouches for them.
Result<void> take_cuts(
    const fs::path& from, const std::vector<std::string>& names, CopyFiles& to) {
    for (const std::string& name : names) {
        if (!name.ends_with(".cut")) {
            continue;
        }
        LEDGER_TRY(const bool chunks,
            to.share((from / name).replace_extension(".chunks")));
        if (chunks) {
            LEDGER_TRY([[maybe_unused]] const bool manifest, to.share(from / name));
        }
    }
    return {};
}

// With its footer it will not be written again.
bool is_sealed(log::FileSystem& files, const std::string& name) {
    const std::optional<SegmentId> segment = log::parse_segment_name(name);
    auto file = files.open(name);
    if (!segment || !file) {
        return false;
    }
    const auto footer = log::read_footer(**file, *segment);
    return footer && *footer;
}

// In the order in which they were written; the last two may still be.
Result<void> take_segments(
    const fs::path& from, const std::vector<std::string>& names, CopyFiles& to) {
    const std::unique_ptr<log::FileSystem> live = log::make_read_only_posix_file_system(from.string());
    std::vector<std::string> segments;
    for (const std::string& name : names) {
        if (log::parse_segment_name(name)) {
            segments.push_back(name);
        }
    }
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const bool done = i + 2 < segments.size() && is_sealed(*live, segments[i]);
        LEDGER_TRY([[maybe_unused]] const bool there,
            done ? to.share(from / segments[i]) : to.copy(from / segments[i]));
    }
    return {};
}

// The hard state before the segments: what an earlier file promises about a later one is then in the
// later one's copy. The cuts before both: a log that begins later than a cut can still be told.
Result<void> take_files(const std::string& from, CopyFiles& to) {
    LEDGER_TRY(const std::vector<std::string> first, names_in(from));
    LEDGER_CHECK(take_cuts(from, first, to));
    LEDGER_TRY([[maybe_unused]] const bool there, to.copy(fs::path(from) / log::hard_state_name));
    LEDGER_TRY(const std::vector<std::string> names, names_in(from));
    return take_segments(from, names, to);
}

// The events of one entry after the other, in order of position; the ledger may grow meanwhile.
class EventWalk {
  public:
    explicit EventWalk(const state::Ledger& ledger) : ledger_(ledger), next_(ledger.retained()) {}

    Result<void> pass(
        const EntryRef& entry, const std::function<void(const state::RecordedEvent&)>& take) {
        while (true) {
            LEDGER_TRY(const bool more, look_ahead());
            if (!more || page_[at_].index > entry.index) {
                return {};
            }
            // Otherwise its entry was given up since the cut was made.
            if (page_[at_].index == entry.index) {
                LEDGER_TRY(const state::RecordedEvent event,
                    state::extract_event(*entry.handle, page_[at_]));
                take(event);
            }
            ++at_;
            ++next_;
        }
    }

  private:
    // False if the ledger has no further event.
    Result<bool> look_ahead() {
        if (at_ == page_.size() && next_ < ledger_.length()) {
            LEDGER_TRY(state::Located located,
                ledger_.locate(state::ReadAll{next_, state::Direction::forward, page_events}));
            page_ = std::move(located.events);
            at_ = 0;
        }
        return at_ < page_.size();
    }

    const state::Ledger& ledger_;
    Position next_;
    std::vector<state::EventLocation> page_;
    std::size_t at_ = 0;
};

}  // namespace

Result<CtlReplicaCopy> CtlReplicaCopy::make(const CtlCluster& cluster, NodeId node) {
    return make(cluster.directory, cluster.log_directory(node), {cluster.id, node});
}

Result<CtlReplicaCopy> CtlReplicaCopy::make(
    const std::string& place, const std::string& log_directory, const log::Identity& identity) {
    remove_leftovers(place, fmt::format("copy{}", identity.node));
    // A node may let go of old segments while they are being copied: then the next copy is whole.
    Result<CtlReplicaCopy> copy = make_once(place, log_directory, identity);
    for (int tries = 1; !copy && tries < tries_max; ++tries) {
        copy = make_once(place, log_directory, identity);
    }
    return copy;
}

Result<CtlReplicaCopy> CtlReplicaCopy::make_once(
    const std::string& place, const std::string& log_directory, const log::Identity& identity) {
    CtlReplicaCopy copy;
    const std::string prefix = name_of_this_process(fmt::format("copy{}", identity.node));
    std::string name = (fs::path(place) / (prefix + ".XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) {
        return cannot_copy(name, std::error_code(errno, std::generic_category()));
    }
    copy.directory_ = name;
    auto files = std::make_unique<CopyFiles>(name);
    LEDGER_CHECK(take_files(log_directory, *files));
    copy.files_ = std::move(files);
    const log::Options options{.directory = ""};
    LEDGER_TRY(log::Opened opened, log::open(*copy.files_, options, identity));
    copy.storage_ = std::move(opened.storage);
    copy.recovered_ = std::move(opened.recovered);
    LEDGER_TRY(log::CutStore cuts, log::CutStore::open(*copy.files_, options, identity));
    copy.cuts_ = std::make_unique<log::CutStore>(std::move(cuts));
    return copy;
}

CtlReplicaCopy::CtlReplicaCopy(CtlReplicaCopy&& other) noexcept
    : directory_(std::exchange(other.directory_, {})), files_(std::move(other.files_)),
      storage_(std::move(other.storage_)), cuts_(std::move(other.cuts_)),
      recovered_(std::move(other.recovered_)) {}

CtlReplicaCopy& CtlReplicaCopy::operator=(CtlReplicaCopy&& other) noexcept {
    std::swap(directory_, other.directory_);
    std::swap(files_, other.files_);
    std::swap(storage_, other.storage_);
    std::swap(cuts_, other.cuts_);
    std::swap(recovered_, other.recovered_);
    return *this;
}

CtlReplicaCopy::~CtlReplicaCopy() {
    cuts_.reset();
    storage_.reset();
    if (!directory_.empty()) {
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }
}

log::LogStart CtlReplicaCopy::start() const {
    const Index before = recovered_.first.previous();
    return {.id = recovered_.previous,
        .hash = storage_->published()->mark_at_or_before(before).hash,
        .cluster_time = {},
        .wall_time = {}};
}

Result<void> CtlReplicaCopy::read_from(
    Index first, Index last, const std::function<Result<void>(const HashedEntry&)>& take) {
    LEDGER_ASSERT(first >= recovered_.first && last <= recovered_.last);
    for (Index next = first; next <= last;) {
        LEDGER_TRY(const std::vector<HashedEntry> page, storage_->read(next, last, read_bytes));
        LEDGER_ASSERT(!page.empty());
        for (const HashedEntry& entry : page) {
            LEDGER_CHECK(take(entry));
        }
        next = page.back().entry.index.next();
    }
    return {};
}

std::optional<log::CutManifest> CtlReplicaCopy::cut_in_front() const {
    for (const log::CutManifest& cut : cuts_->cuts()) {
        if (cut.id.index >= recovered_.first.previous() && cut.id.index <= recovered_.last) {
            return cut;
        }
    }
    return std::nullopt;
}

Result<void> CtlReplicaCopy::restore(const log::CutManifest& cut, state::Ledger& ledger) {
    ledger.begin_restore();
    for (std::uint32_t number = 0; number < cut.chunks.size(); ++number) {
        LEDGER_TRY(const ByteVector chunk, cuts_->read(cut.id, number));
        LEDGER_CHECK(ledger.restore_chunk(chunk));
    }
    return ledger.end_restore();
}

Result<void> CtlReplicaCopy::read(
    Index last, const std::function<void(const HashedEntry&)>& take) {
    return read_from(recovered_.first, last, [&take](const HashedEntry& entry) -> Result<void> {
        take(entry);
        return {};
    });
}

Result<Position> CtlReplicaCopy::read_events(
    Index last, const std::function<void(const state::RecordedEvent&)>& take) {
    state::Ledger ledger;
    if (recovered_.first > Index{1}) {
        const std::optional<log::CutManifest> cut = cut_in_front();
        if (!cut || cut->id.index > last) {
            return failure(log::Errc::out_of_range,
                fmt::format("the log begins at index {}, and no cut up to {} is in front of it",
                    recovered_.first, last));
        }
        LEDGER_CHECK(restore(*cut, ledger));
    }
    const Index cut = ledger.applied();
    EventWalk walk(ledger);
    ByteVector outcome;
    LEDGER_CHECK(read_from(recovered_.first, last, [&](const HashedEntry& hashed) -> Result<void> {
        if (hashed.entry.index > cut) {
            outcome.clear();
            ledger.apply(hashed.entry, hashed.hash, outcome);
        }
        return walk.pass(hashed.entry, take);
    }));
    return ledger.length();
}

}  // namespace ledger::node::asio
