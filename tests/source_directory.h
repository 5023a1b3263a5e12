#pragma once
// SourceDirectory: where the sources lie, for the files that tests read and rewrite.

#include <string>

namespace ledger {

// Without a slash at its end.
std::string source_directory();

}  // namespace ledger
