#pragma once
// Describe: results as canonical texts, equal wherever the same came out.

#include <string>

#include "log/examination.h"
#include "log/storage.h"
#include "tests/log/conformance/arm.h"

namespace ledger::log::conformance {

// The message of the code and, unless it is the file system's own, the place.
std::string describe(const Error& error);
std::string describe(const Result<void>& result);  // "ok", or the error
// Everything that an opening says.
std::string describe(const Result<Opened>& opened);
// Every finding, and what the files hold.
std::string describe(const Result<Examination>& examined);
// "CLEAN", or condition and place of every finding: "FAULTY footer copy (covered)".
std::string words_of(const Result<Examination>& examined);
// Name, size and checksum of each file.
std::string describe(const Image& image);

}  // namespace ledger::log::conformance
