#pragma once
// FileSystem: the one seam to the operating system. Production: log/posix_file_system. Tests and
// simulation: sim/disk, whose crashes keep any subset of what was not synced.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "log/base/bytes.h"
#include "log/base/result.h"

namespace ledger::log {

enum class Errc {
    io_error = 1,       // the device or the operating system failed
    not_found,          // no file of this name
    already_exists,     // create() found one
    no_space,           // the device is full
    permission_denied,
    corrupt_record,     // bytes that fail their checksum or make no sense
    wrong_identity,     // data of another cluster or another node
    unsupported,        // a format version that we do not know
    faulty_entry,       // an entry that may have been promised cannot be read: never cut
    out_of_range,       // an index that the log does not hold
    invalid_argument,
};

// `name` inside `directory`, which may be empty.
std::string path_in(const std::string& directory, const std::string& name);

const boost::system::error_category& log_category();
boost::system::error_code make_error_code(Errc errc);

// One open file. Owned by whoever opened it; closed by its destructor. Reads and writes are
// whole: short ones are continued inside. After an error from write() or sync() nothing is known
// about what reached the disk, and the caller must stop using the file (fsync is never retried).
class File {
  public:
    virtual ~File() = default;

    // Fills `into` from byte `offset` and returns the number of bytes read; fewer only at the end.
    virtual Result<std::uint64_t> read(std::uint64_t offset, std::span<std::byte> into) = 0;
    // Visible to read() at once, durable only after sync(). Extends the file when needed.
    virtual Result<void> write(std::uint64_t offset, ByteSpan data) = 0;
    // Everything written to this file so far is on the disk when it returns (fdatasync).
    virtual Result<void> sync() = 0;
    // Sets the length; new bytes read as zero. Durable only after sync().
    virtual Result<void> resize(std::uint64_t bytes) = 0;
    virtual Result<std::uint64_t> size() = 0;
};

// Names are relative to a root that the file system was made with: "wal/00000001.segment"; "" is the
// root. Folder entries become durable only by sync_directory(). A file where a directory is meant,
// or the other way round, a part of more than 255 bytes and an offset beyond 2^63 are
// invalid_argument.
class FileSystem {
  public:
    virtual ~FileSystem() = default;

    virtual Result<std::unique_ptr<File>> open(const std::string& name) = 0;
    // Fails with already_exists if the name is taken.
    virtual Result<std::unique_ptr<File>> create(const std::string& name) = 0;
    // The names of the files in `directory`, sorted, without the directory's own name. A
    // directory that does not exist is empty.
    virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
    // Creates the directory and its parents; fine if it exists.
    virtual Result<void> make_directory(const std::string& directory) = 0;
    // Replaces `to` if it exists. Durable after sync_directory() of both directories.
    virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
    virtual Result<void> remove(const std::string& name) = 0;
    virtual Result<void> sync_directory(const std::string& directory) = 0;
    // So many bytes may still be written to files in `directory`, as far as can be told: others may
    // take them, and quotas are not known.
    virtual Result<std::uint64_t> free_bytes(const std::string& directory) = 0;
    // Whether the file has another name besides this one, under which somebody may go on reading it.
    virtual Result<bool> has_other_names(const std::string& name) = 0;
};

// A file that is to take the place of another one, written piece by piece under a temporary name.
// A crash leaves the old file or the new one, and perhaps "NAME.temporary". With no_space nothing
// has changed, and the temporary file is gone; after any other error it stays behind. The file whose
// place is taken must never be handed to anybody for its blocks: they may hold what was destroyed.
class Replacement {
  public:
    static Result<Replacement> begin(
        FileSystem& files, const std::string& directory, const std::string& name);

    Result<void> write(std::uint64_t offset, ByteSpan bytes);
    // Sync, rename, sync of the directory: the last call.
    Result<void> commit();
    // Instead of commit().
    Result<void> abandon();

  private:
    Replacement(FileSystem& files, const std::string& directory, const std::string& name);
    Result<void> unless_full(Result<void> done);

    FileSystem* files_;
    std::string directory_;
    std::string name_;
    std::string temporary_;
    std::unique_ptr<File> file_;
};

// The same with all bytes at once.
Result<void> replace_file(FileSystem& files, const std::string& directory, const std::string& name,
    ByteSpan bytes);
inline constexpr std::string_view temporary_suffix = ".temporary";

}  // namespace ledger::log

template <>
struct boost::system::is_error_code_enum<ledger::log::Errc> : std::true_type {};
