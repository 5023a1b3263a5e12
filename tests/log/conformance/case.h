#pragma once
// Case: a name, steps on one file system, and what they must come to on every one.

#include <functional>
#include <string>
#include <vector>

#include "tests/log/conformance/arm.h"

namespace ledger::log::conformance {

// What a case came to.
struct Outcome {
    std::string words;    // equal to what the table says
    std::string details;  // equal on both file systems
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

struct Case {
    std::string name;  // "seam: ...", "storage: ...", "cut: ...", "damage: ...", "erasure: ..."
    std::function<Outcome(Arm&)> run;
    std::string words;
};

// The tables, each in the file of its name. All names differ.
std::vector<Case> seam_cases();
std::vector<Case> storage_cases();
std::vector<Case> restart_cases();
std::vector<Case> cut_cases();
std::vector<Case> damage_cases();
std::vector<Case> erasure_cases();

}  // namespace ledger::log::conformance
