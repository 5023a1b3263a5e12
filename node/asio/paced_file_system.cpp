#include "node/asio/paced_file_system.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "log/base/assert.h"

namespace ledger::node::asio {
namespace {

// Read at once.
constexpr std::uint64_t piece_bytes = 256u << 10;

}  // namespace

class PacedFileSystem::PacedFile final : public log::File {
  public:
    PacedFile(PacedFileSystem& files, std::unique_ptr<log::File> file)
        : files_(files), file_(std::move(file)) {}

    Result<std::uint64_t> read(std::uint64_t offset, std::span<std::byte> into) override {
        std::uint64_t done = 0;
        while (done < into.size()) {
            const std::uint64_t count = std::min(piece_bytes, into.size() - done);
            LEDGER_TRY(const std::uint64_t got,
                file_->read(offset + done, into.subspan(done, count)));
            done += got;
            files_.pace(got);
            if (got < count) {
                break;
            }
        }
        return done;
    }
    Result<void> write(std::uint64_t offset, ByteSpan data) override {
        return file_->write(offset, data);
    }
    Result<void> sync() override { return file_->sync(); }
    Result<void> resize(std::uint64_t bytes) override { return file_->resize(bytes); }
    Result<std::uint64_t> size() override { return file_->size(); }

  private:
    PacedFileSystem& files_;
    const std::unique_ptr<log::File> file_;
};

PacedFileSystem::PacedFileSystem(log::FileSystem& files, std::uint64_t bytes_per_second)
    : files_(files), bytes_per_second_(bytes_per_second),
      begin_(std::chrono::steady_clock::now()) {
    LEDGER_ASSERT(bytes_per_second > 0);
}

Result<std::unique_ptr<log::File>> PacedFileSystem::open(const std::string& name) {
    LEDGER_TRY(auto file, files_.open(name));
    return std::unique_ptr<log::File>(std::make_unique<PacedFile>(*this, std::move(file)));
}

Result<std::unique_ptr<log::File>> PacedFileSystem::create(const std::string& name) {
    LEDGER_TRY(auto file, files_.create(name));
    return std::unique_ptr<log::File>(std::make_unique<PacedFile>(*this, std::move(file)));
}

Result<std::vector<std::string>> PacedFileSystem::list(const std::string& directory) {
    return files_.list(directory);
}

Result<void> PacedFileSystem::make_directory(const std::string& directory) {
    return files_.make_directory(directory);
}

Result<void> PacedFileSystem::rename(const std::string& from, const std::string& to) {
    return files_.rename(from, to);
}

Result<void> PacedFileSystem::remove(const std::string& name) {
    return files_.remove(name);
}

Result<void> PacedFileSystem::sync_directory(const std::string& directory) {
    return files_.sync_directory(directory);
}

Result<std::uint64_t> PacedFileSystem::free_bytes(const std::string& directory) {
    return files_.free_bytes(directory);
}

Result<bool> PacedFileSystem::has_other_names(const std::string& name) {
    return files_.has_other_names(name);
}

void PacedFileSystem::pace(std::uint64_t bytes) {
    bytes_ += bytes;
    const std::chrono::duration<double> due(
        static_cast<double>(bytes_) / static_cast<double>(bytes_per_second_));
    std::this_thread::sleep_until(
        begin_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(due));
}

}  // namespace ledger::node::asio
