#pragma once
// Play: runs a script from the first line to the last and says where it fails.

#include <string>
#include <vector>

#include "tests/raft/interaction/script.h"

namespace ledger::raft::interaction {

struct Played {
    Script script;  // with the output of today
    // Facts that do not hold and broken promises, each with file and line. New golden text does
    // not silence them.
    std::vector<std::string> failures;
    // Where the output of today differs from the golden text; the script's end after a violation
    // is not compared.
    std::vector<std::string> differences;
};

Played play(const Script& script);

}  // namespace ledger::raft::interaction
