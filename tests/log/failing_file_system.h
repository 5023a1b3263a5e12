#pragma once
// FailingFileSystem: another file system whose device does not read some sectors, or is full.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "log/file_system.h"
#include "log/segment.h"

namespace ledger::log {

class FailingFileSystem final : public FileSystem {
  public:
    explicit FailingFileSystem(FileSystem& inner) : inner_(inner) {}

    // Numbers of sectors of a file, by its name at the time of the read's open(). What is renamed to
    // that name lies elsewhere on the device.
    std::map<std::string, std::set<std::uint64_t>> bad_sectors;
    // How many more bytes fit.
    std::uint64_t space = UINT64_MAX;
    std::uint64_t bytes_read = 0;

    Result<std::unique_ptr<File>> open(const std::string& name) override {
        LEDGER_TRY(std::unique_ptr<File> file, inner_.open(name));
        return std::unique_ptr<File>(
            std::make_unique<Handle>(*this, std::move(file), bad_sectors[name]));
    }
    Result<std::unique_ptr<File>> create(const std::string& name) override {
        LEDGER_TRY(std::unique_ptr<File> file, inner_.create(name));
        return std::unique_ptr<File>(
            std::make_unique<Handle>(*this, std::move(file), std::set<std::uint64_t>{}));
    }
    Result<std::vector<std::string>> list(const std::string& directory) override {
        return inner_.list(directory);
    }
    Result<void> make_directory(const std::string& directory) override {
        return inner_.make_directory(directory);
    }
    Result<void> rename(const std::string& from, const std::string& to) override {
        LEDGER_CHECK(inner_.rename(from, to));
        bad_sectors.erase(to);
        return {};
    }
    Result<void> remove(const std::string& name) override { return inner_.remove(name); }
    Result<void> sync_directory(const std::string& directory) override {
        return inner_.sync_directory(directory);
    }
    Result<std::uint64_t> free_bytes(const std::string&) override { return space; }
    Result<bool> has_other_names(const std::string& name) override {
        return inner_.has_other_names(name);
    }

  private:
    class Handle final : public File {
      public:
        Handle(FailingFileSystem& files, std::unique_ptr<File> file, std::set<std::uint64_t> bad)
            : files_(files), file_(std::move(file)), bad_(std::move(bad)) {}

        Result<std::uint64_t> read(std::uint64_t offset, std::span<std::byte> into) override {
            const auto first = bad_.lower_bound(offset / sector_bytes);
            if (first != bad_.end() && *first * sector_bytes < offset + into.size()) {
                return failure(Errc::io_error, "sector " + std::to_string(*first));
            }
            files_.bytes_read += into.size();
            return file_->read(offset, into);
        }
        Result<void> write(std::uint64_t offset, ByteSpan bytes) override {
            if (bytes.size() > files_.space) {
                return failure(Errc::no_space, "write");
            }
            files_.space -= bytes.size();
            return file_->write(offset, bytes);
        }
        Result<void> sync() override { return file_->sync(); }
        Result<void> resize(std::uint64_t bytes) override { return file_->resize(bytes); }
        Result<std::uint64_t> size() override { return file_->size(); }

      private:
        FailingFileSystem& files_;
        const std::unique_ptr<File> file_;
        const std::set<std::uint64_t> bad_;
    };

    FileSystem& inner_;
};

}  // namespace ledger::log
