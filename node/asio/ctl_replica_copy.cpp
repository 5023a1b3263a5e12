#include "node/asio/ctl_replica_copy.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/posix_file_system.h"
#include "log/state/ledger.h"

namespace ledger::node::asio {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t read_bytes = 4u << 20;

Error cannot_copy(const std::string& what, const std::error_code& error) {
    return failure(CtlErrc::cannot_write, fmt::format("{}: {}", what, error.message()));
}

// The hard state first, then the segments as they were written: what an earlier file promises
// about a later one is then in the later one's copy.
Result<std::vector<std::string>> files_in_order(const std::string& from) {
    std::error_code error;
    std::vector<std::string> names;
    for (fs::directory_iterator entry(from, error), end; !error && entry != end;
         entry.increment(error)) {
        if (entry->is_regular_file(error)) {
            names.push_back(entry->path().filename().string());
        }
    }
    if (error) {
        return cannot_copy(from, error);
    }
    std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
        const bool a_later = a.ends_with(".segment");
        const bool b_later = b.ends_with(".segment");
        return a_later == b_later ? a < b : b_later;
    });
    return names;
}

Result<void> copy_files(const std::string& from, const std::string& to) {
    LEDGER_TRY(const std::vector<std::string> names, files_in_order(from));
    for (const std::string& name : names) {
        std::error_code error;
        fs::copy_file(fs::path(from) / name, fs::path(to) / name, error);
        if (error && error != std::errc::no_such_file_or_directory) {
            return cannot_copy((fs::path(from) / name).string(), error);
        }
    }
    return {};
}

}  // namespace

Result<CtlReplicaCopy> CtlReplicaCopy::make(const CtlCluster& cluster, NodeId node) {
    return make(cluster.directory, cluster.log_directory(node), {cluster.id, node});
}

Result<CtlReplicaCopy> CtlReplicaCopy::make(
    const std::string& place, const std::string& log_directory, const log::Identity& identity) {
    CtlReplicaCopy copy;
    std::string name = (fs::path(place) / fmt::format("copy{}.XXXXXX", identity.node)).string();
    if (::mkdtemp(name.data()) == nullptr) {
        return cannot_copy(name, std::error_code(errno, std::generic_category()));
    }
    copy.directory_ = name;
    LEDGER_CHECK(copy_files(log_directory, name));
    copy.files_ = log::make_posix_file_system(name);
    LEDGER_TRY(
        log::Opened opened, log::open(*copy.files_, log::Options{.directory = ""}, identity));
    copy.storage_ = std::move(opened.storage);
    copy.recovered_ = std::move(opened.recovered);
    return copy;
}

CtlReplicaCopy::CtlReplicaCopy(CtlReplicaCopy&& other) noexcept
    : directory_(std::exchange(other.directory_, {})), files_(std::move(other.files_)),
      storage_(std::move(other.storage_)), recovered_(std::move(other.recovered_)) {}

CtlReplicaCopy::~CtlReplicaCopy() {
    storage_.reset();
    if (!directory_.empty()) {
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }
}

Result<void> CtlReplicaCopy::read(
    Index last, const std::function<void(const HashedEntry&)>& take) {
    LEDGER_ASSERT(last <= recovered_.last);
    for (Index next{1}; next <= last;) {
        LEDGER_TRY(const std::vector<HashedEntry> page, storage_->read(next, last, read_bytes));
        LEDGER_ASSERT(!page.empty());
        for (const HashedEntry& entry : page) {
            take(entry);
        }
        next = page.back().entry.index.next();
    }
    return {};
}

Result<void> CtlReplicaCopy::read_events(
    Index last, const std::function<void(const state::RecordedEvent&)>& take) {
    state::Ledger ledger;
    Result<void> extracted;
    const auto apply = [&](const HashedEntry& hashed) {
        ByteVector outcome;
        const Position before = ledger.length();
        ledger.apply(hashed.entry, hashed.hash, outcome);
        const auto added = static_cast<std::uint32_t>(ledger.length() - before);
        if (added == 0 || !extracted) {
            return;
        }
        const Result<state::Located> located = ledger.locate(
            state::ReadAll{before, state::Direction::forward, added});
        if (!located) {
            extracted = located.error();
            return;
        }
        for (const state::EventLocation& location : located->events) {
            auto event = state::extract_event(*hashed.entry.handle, location);
            if (!event) {
                extracted = event.error();
                return;
            }
            take(*event);
        }
    };
    LEDGER_CHECK(read(last, apply));
    return extracted;
}

}  // namespace ledger::node::asio
