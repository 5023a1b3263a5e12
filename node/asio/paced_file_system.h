#pragma once
// PacedFileSystem: reads no faster than it is told, so that others have the disk as well.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "log/file_system.h"

namespace ledger::node::asio {

// A large read is many small ones with pauses between them. Everything but reading is the other's,
// which must outlive it; so must this its files.
class PacedFileSystem final : public log::FileSystem {
  public:
    // `bytes_per_second`: on the average since it was made; not 0.
    PacedFileSystem(log::FileSystem& files, std::uint64_t bytes_per_second);

    std::uint64_t bytes_read() const { return bytes_; }

    Result<std::unique_ptr<log::File>> open(const std::string& name) override;
    Result<std::unique_ptr<log::File>> create(const std::string& name) override;
    Result<std::vector<std::string>> list(const std::string& directory) override;
    Result<void> make_directory(const std::string& directory) override;
    Result<void> rename(const std::string& from, const std::string& to) override;
    Result<void> remove(const std::string& name) override;
    Result<void> sync_directory(const std::string& directory) override;
    Result<std::uint64_t> free_bytes(const std::string& directory) override;
    Result<bool> has_other_names(const std::string& name) override;

  private:
    class PacedFile;

    // So many bytes more were read: waits until that is not too many.
    void pace(std::uint64_t bytes);

    log::FileSystem& files_;
    const std::uint64_t bytes_per_second_;
    const std::chrono::steady_clock::time_point begin_;
    std::uint64_t bytes_ = 0;
};

}  // namespace ledger::node::asio
