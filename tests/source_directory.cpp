#include "tests/source_directory.h"

namespace ledger {

std::string source_directory() {
    return LEDGER_SOURCE_DIRECTORY;
}

}  // namespace ledger
