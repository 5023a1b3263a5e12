#pragma once
// PosixFileSystem: the files of a real directory, behind the seam of file_system.h.

#include <memory>
#include <string>

#include "log/file_system.h"

namespace ledger::log {

// Everything happens below `root`, which is created (0700) if it does not exist. Files are made
// readable for their owner only (0600). Errors name the operation and the path. May be used by
// several threads at once; a file that it opened, by one at a time.
std::unique_ptr<FileSystem> make_posix_file_system(std::string root);
// The same for whoever only looks: files are opened for reading, and whatever would change one, or
// the directory, is permission_denied.
std::unique_ptr<FileSystem> make_read_only_posix_file_system(std::string root);

}  // namespace ledger::log
