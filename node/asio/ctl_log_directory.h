#pragma once
// CtlLogDirectory: the files of one stopped node, held so that it cannot start meanwhile.

#include <memory>
#include <string>

#include "log/base/result.h"
#include "log/file_system.h"

namespace ledger::node::asio {

// Takes part in the lock that a running node has on its data (data_directory.h), for reading:
// several may look at once, and nothing in the directory changes, its times of modification included.
class CtlLogDirectory {
  public:
    // `path`: a node's data directory, or the log in it. Errors: not_found (there is no such
    // directory), already_exists (a node is running on it), permission_denied, io_error.
    static Result<CtlLogDirectory> take(const std::string& path);
    CtlLogDirectory(CtlLogDirectory&& other) noexcept;
    CtlLogDirectory& operator=(CtlLogDirectory&&) = delete;
    ~CtlLogDirectory();

    // Read only; the log is its root.
    log::FileSystem& files() { return *files_; }
    // Where the log lies.
    const std::string& path() const { return path_; }

  private:
    CtlLogDirectory() = default;

    std::string path_;
    std::unique_ptr<log::FileSystem> files_;
    int lock_ = -1;
};

}  // namespace ledger::node::asio
