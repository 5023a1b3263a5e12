#include "node/asio/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/posix_file_system.h"

namespace ledger::node::asio {

namespace {

log::Options storage_options(const DataOptions& options) {
    return {.directory = DataDirectory::log_directory,
        .segment_bytes = options.segment_bytes,
        .reserve_bytes = options.reserve_bytes,
        .soft_limit_bytes = options.soft_limit_bytes};
}

}  // namespace

DataDirectory::DataDirectory(
    const DataOptions& options, std::unique_ptr<log::FileSystem> files, int lock)
    : options_(options), files_(std::move(files)), lock_(lock) {
    LEDGER_ASSERT(lock_ >= 0);
}

DataDirectory::~DataDirectory() {
    ::close(lock_);
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::take(const DataOptions& options) {
    std::unique_ptr<log::FileSystem> files = log::make_posix_file_system(options.path);
    LEDGER_CHECK(files->make_directory(""));
    const int lock = ::open(options.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0) {
        return failure(log::Errc::io_error, options.path + ": " + strerrordesc_np(errno));
    }
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        const int number = errno;
        ::close(lock);
        return number == EWOULDBLOCK
                   ? failure(log::Errc::already_exists,
                         options.path + " is in use by another process")
                   : failure(log::Errc::io_error, options.path + ": " + strerrordesc_np(number));
    }
    return std::unique_ptr<DataDirectory>(new DataDirectory(options, std::move(files), lock));
}

Error DataDirectory::named(const Error& error) const {
    std::string place = options_.path + ": " + error.place;
    if (error.code == make_error_code(log::Errc::not_found)) {
        place = fmt::format("{} holds no node; `ledgerd format` makes it {}", options_.path,
            to_text(options_.identity));
    } else if (error.code == make_error_code(log::Errc::already_exists)) {
        place = fmt::format("{} is not empty: {}", options_.path, error.place);
    }
    return {error.code, std::move(place)};
}

Result<void> DataDirectory::format(Incarnation incarnation) {
    log::Identity identity = options_.identity;
    identity.incarnation = incarnation;
    const Result<void> formatted = log::format(*files_, storage_options(options_), identity);
    if (!formatted) {
        return named(formatted.error());
    }
    return {};
}

Result<log::Opened> DataDirectory::open() {
    Result<log::Opened> opened =
        log::open(*files_, storage_options(options_), options_.identity);
    if (!opened) {
        return named(opened.error());
    }
    return opened;
}

Result<log::CutStore> DataDirectory::open_cuts() {
    Result<log::CutStore> opened =
        log::CutStore::open(*files_, storage_options(options_), options_.identity);
    if (!opened) {
        return named(opened.error());
    }
    return opened;
}

}  // namespace ledger::node::asio
