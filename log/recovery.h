#pragma once
// Recovery: from the files of a directory to an open log, by the boot table.

#include <memory>

#include "log/hard_state_file.h"
#include "log/open_log.h"
#include "log/storage.h"

namespace ledger::log {

struct RecoveredLog {
    std::unique_ptr<OpenLog> log;
    HardStateFile hard_state;
    Recovered recovered;
};

// As open(): first everything is read, verified and classified; only if nothing is faulty are the
// files changed, and each change may be interrupted by a crash and done again.
Result<RecoveredLog> recover(
    FileSystem& files, const Options& options, const Identity& identity);

}  // namespace ledger::log
