#pragma once
// CtlLogDirectory: the files of one stopped node, held so that it cannot start meanwhile.

#include <cstdint>
#include <memory>
#include <string>

#include "log/base/result.h"
#include "log/file_system.h"

namespace ledger::node::asio {

// Takes part in the lock that a running node has on its data (data_directory.h).
class CtlLogDirectory {
  public:
    enum class Access : std::uint8_t {
        read,    // several may look at once; nothing changes, times of modification included
        change,  // nobody else, not even to look
    };
    // `path`: a node's data directory, or the log in it. Errors: not_found (there is no such
    // directory), already_exists (a node is running on it, or somebody looks at what is to be
    // changed), permission_denied, io_error.
    static Result<CtlLogDirectory> take(const std::string& path, Access access = Access::read);
    CtlLogDirectory(CtlLogDirectory&& other) noexcept;
    CtlLogDirectory& operator=(CtlLogDirectory&&) = delete;
    ~CtlLogDirectory();

    // The log is its root; read only without Access::change.
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
