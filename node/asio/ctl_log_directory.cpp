#include "node/asio/ctl_log_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "log/hard_state_file.h"
#include "log/posix_file_system.h"
#include "node/asio/data_directory.h"

namespace ledger::node::asio {
namespace {

namespace fs = std::filesystem;

Error cannot_open(const std::string& path, int number) {
    const log::Errc code = number == ENOENT || number == ENOTDIR ? log::Errc::not_found
                           : number == EACCES || number == EPERM ? log::Errc::permission_denied
                                                                 : log::Errc::io_error;
    return failure(code, path + ": " + strerrordesc_np(number));
}

// The directory that a running node locks, for the log in `log`.
fs::path data_of(const fs::path& log) {
    return log.filename() == DataDirectory::log_directory ? log.parent_path() : log;
}

}  // namespace

Result<CtlLogDirectory> CtlLogDirectory::take(const std::string& path, Access access) {
    std::error_code error;
    fs::path given = fs::canonical(path, error);
    if (error) {
        return cannot_open(path, error.value());
    }
    const fs::path inner = given / DataDirectory::log_directory;
    const bool is_log = fs::exists(given / log::hard_state_name, error);
    const fs::path log = !is_log && fs::is_directory(inner, error) ? inner : given;
    const std::string data = data_of(log).string();
    CtlLogDirectory taken;
    taken.path_ = log.string();
    taken.lock_ = ::open(data.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (taken.lock_ < 0) {
        return cannot_open(data, errno);
    }
    const bool alone = access == Access::change;
    if (::flock(taken.lock_, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
        const int number = errno;
        return number == EWOULDBLOCK
                   ? failure(log::Errc::already_exists,
                         data + (alone ? " is in use by a running node, or is being looked at"
                                       : " is in use by a running node: stop it first"))
                   : cannot_open(data, number);
    }
    taken.files_ = alone ? log::make_posix_file_system(taken.path_)
                         : log::make_read_only_posix_file_system(taken.path_);
    return taken;
}

CtlLogDirectory::CtlLogDirectory(CtlLogDirectory&& other) noexcept
    : path_(std::move(other.path_)), files_(std::move(other.files_)),
      lock_(std::exchange(other.lock_, -1)) {}

CtlLogDirectory::~CtlLogDirectory() {
    if (lock_ >= 0) {
        ::close(lock_);
    }
}

}  // namespace ledger::node::asio
