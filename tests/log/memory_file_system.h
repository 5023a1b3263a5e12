#pragma once
// MemoryFileSystem: a test double of FileSystem that loses and tears what was not synced.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "log/base/choice.h"
#include "log/file_system.h"

namespace ledger::log {

// Directories exist by themselves. A crash decides for each un-synced sector whether it stays;
// directory operations that were not synced stay up to some point, in order.
class MemoryFileSystem final : public FileSystem {
  public:
    // Answers "does this un-synced thing survive the crash?".
    using Keep = std::function<bool()>;

    Result<std::unique_ptr<File>> open(const std::string& name) override {
        const auto found = names_.find(name);
        if (found == names_.end()) {
            return failure(Errc::not_found, "open " + name);
        }
        return std::unique_ptr<File>(std::make_unique<Handle>(*this, found->second));
    }
    Result<std::unique_ptr<File>> create(const std::string& name) override {
        LEDGER_CHECK(step());
        if (names_.contains(name)) {
            return failure(Errc::already_exists, "create " + name);
        }
        names_[name] = std::make_shared<Data>();
        remember();
        return open(name);
    }
    Result<std::vector<std::string>> list(const std::string& directory) override {
        std::vector<std::string> found;
        const std::string prefix = directory.empty() ? "" : directory + "/";
        for (const auto& [name, data] : names_) {
            if (name.starts_with(prefix) && name.find('/', prefix.size()) == std::string::npos) {
                found.push_back(name.substr(prefix.size()));
            }
        }
        return found;
    }
    Result<void> make_directory(const std::string&) override { return {}; }
    Result<void> rename(const std::string& from, const std::string& to) override {
        LEDGER_CHECK(step());
        if (!names_.contains(from)) {
            return failure(Errc::not_found, "rename " + from);
        }
        names_[to] = names_[from];
        names_.erase(from);
        remember();
        return {};
    }
    Result<void> remove(const std::string& name) override {
        LEDGER_CHECK(step());
        if (names_.erase(name) == 0) {
            return failure(Errc::not_found, "remove " + name);
        }
        remember();
        return {};
    }
    Result<void> sync_directory(const std::string&) override {
        LEDGER_CHECK(step());
        durable_names_ = names_;
        unsynced_names_.clear();
        return {};
    }
    Result<std::uint64_t> free_bytes(const std::string&) override { return free; }
    Result<bool> has_other_names(const std::string&) override { return false; }

    // What is said to be free; nothing is refused for want of it.
    std::uint64_t free = UINT64_MAX;

    // The power fails after `steps` more operations that change something.
    void fail_after(std::uint64_t steps) { steps_left_ = steps; }
    bool has_failed() const { return steps_left_ == 0; }
    std::uint64_t steps() const { return steps_; }
    std::uint64_t reads() const { return reads_; }

    void crash(const Keep& keep) {
        for (const Names& names : unsynced_names_) {
            if (!keep()) {
                break;
            }
            durable_names_ = names;
        }
        unsynced_names_.clear();
        names_ = durable_names_;
        for (auto& [name, data] : names_) {
            data->crash(keep);
        }
        steps_left_ = UINT64_MAX;
    }

    // The bytes of a file as they are now, to be looked at or damaged. Damage is durable only after
    // a sync of the file.
    ByteVector& bytes(const std::string& name) { return names_[name]->live; }
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& [name, data] : names_) {
            all.push_back(name);
        }
        return all;
    }
    // Every file with its bytes, to see whether anything changed.
    std::map<std::string, ByteVector> image() const {
        std::map<std::string, ByteVector> all;
        for (const auto& [name, data] : names_) {
            all[name] = data->live;
        }
        return all;
    }

  private:
    static constexpr std::uint64_t sector = 512;

    struct Data {
        ByteVector live;
        ByteVector durable;
        std::set<std::uint64_t> dirty;  // sectors

        void settle() {
            durable = live;
            dirty.clear();
        }
        void crash(const Keep& keep) {
            const bool new_size = live.size() != durable.size() && keep();
            // What never reached a new part of the file reads as zeros or as something old.
            const std::byte unwritten = live.size() > durable.size() && keep() ? std::byte{0x5a}
                                                                               : std::byte{0};
            ByteVector after = durable;
            after.resize(std::max(live.size(), durable.size()), unwritten);
            for (std::uint64_t number : dirty) {
                if (keep()) {
                    const std::uint64_t from = number * sector;
                    const std::uint64_t to = std::min<std::uint64_t>(from + sector, live.size());
                    std::copy(live.begin() + static_cast<std::ptrdiff_t>(std::min(from, to)),
                        live.begin() + static_cast<std::ptrdiff_t>(to),
                        after.begin() + static_cast<std::ptrdiff_t>(std::min(from, to)));
                }
            }
            after.resize(new_size ? live.size() : durable.size());
            live = after;
            settle();
        }
    };

    class Handle final : public File {
      public:
        Handle(MemoryFileSystem& files, std::shared_ptr<Data> data)
            : files_(files), data_(std::move(data)) {}

        Result<std::uint64_t> read(std::uint64_t offset, std::span<std::byte> into) override {
            ++files_.reads_;
            const ByteVector& live = data_->live;
            const std::uint64_t from = std::min<std::uint64_t>(offset, live.size());
            const std::uint64_t count = std::min<std::uint64_t>(into.size(), live.size() - from);
            std::copy_n(live.begin() + static_cast<std::ptrdiff_t>(from),
                static_cast<std::ptrdiff_t>(count), into.begin());
            return count;
        }
        Result<void> write(std::uint64_t offset, ByteSpan bytes) override {
            LEDGER_CHECK(files_.step());
            if (offset + bytes.size() > data_->live.size()) {
                data_->live.resize(offset + bytes.size());
            }
            std::copy(bytes.begin(), bytes.end(),
                data_->live.begin() + static_cast<std::ptrdiff_t>(offset));
            for (std::uint64_t at = offset / sector; at * sector < offset + bytes.size(); ++at) {
                data_->dirty.insert(at);
            }
            return {};
        }
        Result<void> sync() override {
            LEDGER_CHECK(files_.step());
            data_->settle();
            return {};
        }
        Result<void> resize(std::uint64_t bytes) override {
            LEDGER_CHECK(files_.step());
            data_->live.resize(bytes);
            return {};
        }
        Result<std::uint64_t> size() override { return std::uint64_t{data_->live.size()}; }

      private:
        MemoryFileSystem& files_;
        std::shared_ptr<Data> data_;
    };

    using Names = std::map<std::string, std::shared_ptr<Data>>;

    Result<void> step() {
        if (steps_left_ == 0) {
            return failure(Errc::io_error, "the power is off");
        }
        --steps_left_;
        ++steps_;
        return {};
    }
    void remember() { unsynced_names_.push_back(names_); }

    Names names_;
    Names durable_names_;
    std::vector<Names> unsynced_names_;
    std::uint64_t steps_left_ = UINT64_MAX;
    std::uint64_t steps_ = 0;
    std::uint64_t reads_ = 0;
};

// Crashes of many kinds: 0 keeps nothing, 1 everything, others some of it.
inline MemoryFileSystem::Keep keeping(std::uint64_t mode) {
    if (mode < 2) {
        return [mode] { return mode == 1; };
    }
    return [mode, count = std::uint64_t{0}]() mutable {
        return bounded(keyed_bits(mode, Site::test_b, 0, count++), 100) < 20 + mode * 10 % 70;
    };
}

}  // namespace ledger::log
