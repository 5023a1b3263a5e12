#pragma once
// DataDirectory: where one node keeps its data, for one process at a time.

#include <cstdint>
#include <memory>
#include <string>

#include "log/cut_store.h"
#include "log/storage.h"

namespace ledger::node::asio {

struct DataOptions {
    std::string path;
    log::Identity identity;
    std::uint64_t segment_bytes = 64ull << 20;
    // As in log::Options; 0 = none.
    std::uint64_t reserve_bytes = 0;
    std::uint64_t soft_limit_bytes = 0;
};

class DataDirectory {
  public:
    // Takes the directory, which is created if need be; already_exists while another process has
    // it. Held until the object is destroyed.
    static Result<std::unique_ptr<DataDirectory>> take(const DataOptions& options);
    ~DataDirectory();
    DataDirectory(const DataDirectory&) = delete;
    DataDirectory& operator=(const DataDirectory&) = delete;

    // As log::format and log::open; errors name the directory and what was expected there. The
    // incarnation is drawn anew for every disk.
    Result<void> format(Incarnation incarnation);
    Result<log::Opened> open();
    // As log::CutStore::open, after open().
    Result<log::CutStore> open_cuts();

    // Where the log lies, for readers; may be used by several threads.
    static constexpr char log_directory[] = "log";
    log::FileSystem& files() { return *files_; }

  private:
    DataDirectory(const DataOptions& options, std::unique_ptr<log::FileSystem> files, int lock);
    Error named(const Error& error) const;

    const DataOptions options_;
    const std::unique_ptr<log::FileSystem> files_;
    const int lock_;
};

}  // namespace ledger::node::asio
