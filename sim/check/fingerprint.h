#pragma once
// Fingerprint: what makes two findings the same one, whatever seed, time and names they come with.

#include <string>

#include "sim/check/verdict.h"

namespace ledger::check {

// Check, kind, and the shape of the sentence: its words without numbers, hashes, what stands in
// parentheses, and how many of the same stand in a row. "n1 and n3 lack entry 7" and "n2 and n1 lack entry 12" are the same finding.
std::string fingerprint(const Violation& violation);

}  // namespace ledger::check
