#pragma once
// ImportProgress: how far an import has come, kept in a file so that another run can go on.

#include <cstdint>
#include <optional>
#include <string>

#include "log/base/ids.h"
#include "log/base/result.h"

namespace ledger::node::asio {

// All appends of an import are made in one session, in order, one at a time. Whoever goes on makes
// the next append under the next sequence; had it been executed already, the session answers from
// what it remembers.
struct ImportProgress {
    std::string cluster;
    std::string input;           // SHA-256 of the lines that are done, in hex
    SessionId session;
    Sequence sequence;           // the last whose outcome is known
    std::uint64_t lines = 0;     // done, blank ones included
    std::uint32_t batch = 1;     // at most this many appends of the input in one of ours
    // The next append is made of this many lines; 0 = as many as fit. Noted before an append whose
    // end is not plain from its lines: there the input ended, or was wrong, when it was sent.
    std::uint64_t next_lines = 0;
};

// Nothing if there is no such file.
Result<std::optional<ImportProgress>> load_progress(const std::string& file);
// Replaces the file in one step.
Result<void> save_progress(const std::string& file, const ImportProgress& progress);

}  // namespace ledger::node::asio
