#include "log/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "log/base/assert.h"

namespace ledger::log {

namespace {

constexpr mode_t file_mode = 0600;
constexpr mode_t directory_mode = 0700;

Errc errc_of(int number) {
    switch (number) {
        case ENOENT: return Errc::not_found;
        case EEXIST: return Errc::already_exists;
        case ENOSPC:
        case EDQUOT:
        case EFBIG: return Errc::no_space;  // the last: a limit on the length of files
        case EACCES:
        case EPERM:
        case EROFS: return Errc::permission_denied;
        case EINVAL:
        case ENAMETOOLONG:
        case ENOTDIR:
        case EISDIR: return Errc::invalid_argument;
        default: return Errc::io_error;
    }
}

// Called right after the failed call, while errno is its.
Error last_error(const char* operation, const std::string& path) {
    const int number = errno;
    return failure(errc_of(number), std::string(operation) + " " + path + ": errno " +
                                        std::to_string(number) + " (" +
                                        strerrordesc_np(number) + ")");
}

class PosixFile final : public File {
  public:
    PosixFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
    PosixFile(const PosixFile&) = delete;
    PosixFile& operator=(const PosixFile&) = delete;
    ~PosixFile() override { ::close(descriptor_); }

    Result<std::uint64_t> read(std::uint64_t offset, std::span<std::byte> into) override {
        std::uint64_t done = 0;
        while (done < into.size()) {
            const ssize_t got = ::pread(descriptor_, into.data() + done, into.size() - done,
                static_cast<off_t>(offset + done));
            if (got < 0 && errno == EINTR) {
                continue;
            }
            if (got < 0) {
                return last_error("read", path_);
            }
            if (got == 0) {
                break;
            }
            done += static_cast<std::uint64_t>(got);
        }
        return done;
    }

    Result<void> write(std::uint64_t offset, ByteSpan data) override {
        std::uint64_t done = 0;
        while (done < data.size()) {
            const ssize_t put = ::pwrite(descriptor_, data.data() + done, data.size() - done,
                static_cast<off_t>(offset + done));
            if (put < 0 && errno == EINTR) {
                continue;
            }
            if (put < 0) {
                return last_error("write", path_);
            }
            done += static_cast<std::uint64_t>(put);
        }
        return {};
    }

    // Not even EINTR is retried: after a failed flush the kernel may count the pages as clean
    // (Rebello et al., ATC'20).
    Result<void> sync() override {
        if (::fdatasync(descriptor_) != 0) {
            return last_error("fdatasync", path_);
        }
        return {};
    }

    Result<void> resize(std::uint64_t bytes) override {
        int done = 0;
        do {
            done = ::ftruncate(descriptor_, static_cast<off_t>(bytes));
        } while (done != 0 && errno == EINTR);
        if (done != 0) {
            return last_error("truncate", path_);
        }
        return {};
    }

    Result<std::uint64_t> size() override {
        struct stat status {};
        if (::fstat(descriptor_, &status) != 0) {
            return last_error("stat", path_);
        }
        return static_cast<std::uint64_t>(status.st_size);
    }

  private:
    const int descriptor_;
    const std::string path_;
};

class PosixFileSystem final : public FileSystem {
  public:
    explicit PosixFileSystem(std::string root) : root_(std::move(root)) {}

    Result<std::unique_ptr<File>> open(const std::string& name) override {
        LEDGER_TRY(auto file, open_file("open", name, O_RDWR));
        return std::unique_ptr<File>(std::move(file));
    }
    Result<std::unique_ptr<File>> create(const std::string& name) override {
        LEDGER_TRY(auto file, open_file("create", name, O_RDWR | O_CREAT | O_EXCL));
        return std::unique_ptr<File>(std::move(file));
    }
    Result<std::vector<std::string>> list(const std::string& directory) override;
    Result<void> make_directory(const std::string& directory) override;

    Result<void> rename(const std::string& from, const std::string& to) override {
        if (::rename(path(from).c_str(), path(to).c_str()) != 0) {
            return last_error("rename", path(from) + " to " + path(to));
        }
        return {};
    }
    Result<void> remove(const std::string& name) override {
        if (::unlink(path(name).c_str()) != 0) {
            return last_error("remove", path(name));
        }
        return {};
    }
    Result<void> sync_directory(const std::string& directory) override;
    Result<std::uint64_t> free_bytes(const std::string& directory) override;
    Result<bool> has_other_names(const std::string& name) override;

    Result<std::unique_ptr<PosixFile>> open_file(
        const char* operation, const std::string& name, int flags);

  private:
    std::string path(const std::string& name) const {
        return name.empty() ? root_ : root_ + "/" + name;
    }

    const std::string root_;
};

Result<std::unique_ptr<PosixFile>> PosixFileSystem::open_file(
    const char* operation, const std::string& name, int flags) {
    int descriptor = -1;
    do {
        descriptor = ::open(path(name).c_str(), flags | O_CLOEXEC, file_mode);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) {
        return last_error(operation, path(name));
    }
    return std::make_unique<PosixFile>(descriptor, path(name));
}

Result<std::vector<std::string>> PosixFileSystem::list(const std::string& directory) {
    std::vector<std::string> names;
    DIR* stream = ::opendir(path(directory).c_str());
    if (stream == nullptr && errno == ENOENT) {
        return names;
    }
    if (stream == nullptr) {
        return last_error("list", path(directory));
    }
    errno = 0;
    while (const dirent* found = ::readdir(stream)) {
        struct stat status {};
        const std::string full = path(directory) + "/" + found->d_name;
        if (::lstat(full.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
            names.emplace_back(found->d_name);
        }
        errno = 0;
    }
    if (errno != 0) {
        const Error error = last_error("list", path(directory));
        ::closedir(stream);
        return error;
    }
    ::closedir(stream);
    std::sort(names.begin(), names.end());
    return names;
}

Result<void> PosixFileSystem::make_directory(const std::string& directory) {
    const std::string full = path(directory);
    for (std::size_t slash = full.find('/', 1);; slash = full.find('/', slash + 1)) {
        const std::string part = full.substr(0, slash);
        struct stat status {};
        const bool made = ::mkdir(part.c_str(), directory_mode) == 0;
        if (!made && errno == EEXIST && ::stat(part.c_str(), &status) == 0 &&
            !S_ISDIR(status.st_mode)) {
            errno = ENOTDIR;  // EEXIST is fine, but not for a file in the way
        }
        if (!made && errno != EEXIST) {
            return last_error("make directory", part);
        }
        if (slash == std::string::npos) {
            return {};
        }
    }
}

Result<void> PosixFileSystem::sync_directory(const std::string& directory) {
    const std::string full = path(directory);
    const int descriptor = ::open(full.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return last_error("open directory", full);
    }
    if (::fsync(descriptor) != 0) {
        const Error error = last_error("fsync directory", full);
        ::close(descriptor);
        return error;
    }
    ::close(descriptor);
    return {};
}

// What the administrator's share leaves: we need not be root.
Result<std::uint64_t> PosixFileSystem::free_bytes(const std::string& directory) {
    const std::string full = path(directory);
    struct statvfs status {};
    int done = 0;
    do {
        done = ::statvfs(full.c_str(), &status);
    } while (done != 0 && errno == EINTR);
    if (done != 0) {
        return last_error("free space of", full);
    }
    return std::uint64_t{status.f_bavail} * std::uint64_t{status.f_frsize};
}

Result<bool> PosixFileSystem::has_other_names(const std::string& name) {
    const std::string full = path(name);
    struct stat status {};
    if (::stat(full.c_str(), &status) != 0) {
        return last_error("names of", full);
    }
    return status.st_nlink > 1;
}

class ReadOnlyFile final : public File {
  public:
    explicit ReadOnlyFile(std::unique_ptr<PosixFile> file) : file_(std::move(file)) {}

    Result<std::uint64_t> read(std::uint64_t offset, std::span<std::byte> into) override {
        return file_->read(offset, into);
    }
    Result<std::uint64_t> size() override { return file_->size(); }
    Result<void> write(std::uint64_t, ByteSpan) override { return refused(); }
    Result<void> sync() override { return refused(); }
    Result<void> resize(std::uint64_t) override { return refused(); }

  private:
    static Error refused() {
        return failure(Errc::permission_denied, "a file that was opened for reading");
    }

    const std::unique_ptr<PosixFile> file_;
};

class ReadOnlyFileSystem final : public FileSystem {
  public:
    explicit ReadOnlyFileSystem(std::string root) : files_(std::move(root)) {}

    Result<std::unique_ptr<File>> open(const std::string& name) override {
        LEDGER_TRY(auto file, files_.open_file("open", name, O_RDONLY));
        return std::unique_ptr<File>(std::make_unique<ReadOnlyFile>(std::move(file)));
    }
    Result<std::vector<std::string>> list(const std::string& directory) override {
        return files_.list(directory);
    }
    Result<std::unique_ptr<File>> create(const std::string& name) override {
        return refused(name);
    }
    Result<void> make_directory(const std::string& name) override { return refused(name); }
    Result<void> rename(const std::string& name, const std::string&) override {
        return refused(name);
    }
    Result<void> remove(const std::string& name) override { return refused(name); }
    Result<void> sync_directory(const std::string& name) override { return refused(name); }
    Result<std::uint64_t> free_bytes(const std::string& directory) override {
        return files_.free_bytes(directory);
    }
    Result<bool> has_other_names(const std::string& name) override {
        return files_.has_other_names(name);
    }

  private:
    static Error refused(const std::string& name) {
        return failure(Errc::permission_denied, "change " + name + ": it is only looked at");
    }

    PosixFileSystem files_;
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system(std::string root) {
    LEDGER_ASSERT(!root.empty());
    return std::make_unique<PosixFileSystem>(std::move(root));
}

std::unique_ptr<FileSystem> make_read_only_posix_file_system(std::string root) {
    LEDGER_ASSERT(!root.empty());
    return std::make_unique<ReadOnlyFileSystem>(std::move(root));
}

}  // namespace ledger::log
