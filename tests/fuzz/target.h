#pragma once
// Target: one decoder of bytes from disk, and what must hold whatever bytes it is given.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "log/base/bytes.h"

namespace ledger::fuzz {

// What a decoder made of some bytes.
struct Verdict {
    // The canonical bytes of what they mean; nothing = they were refused.
    std::optional<ByteVector> meaning;
    // A promise that was broken; empty if none was.
    std::string wrong;
};

struct Target {
    std::string name;
    // Checksums cover everything that has a meaning: a damaged seed is refused or means the same.
    bool checksummed = false;
    std::vector<ByteVector> seeds;  // accepted
    std::function<Verdict(ByteSpan)> judge;
    // Bytes under a valid checksum are what was written: who forges one has what he asks for. A
    // fuzzer must not be helped to, which it is by looking at what is compared.
    bool trusts_checksums = false;
};

std::vector<Target> log_targets();
std::vector<Target> cut_targets();
std::vector<Target> state_targets();
std::vector<Target> node_targets();
std::vector<Target> history_targets();
std::vector<Target> log_history_targets();

std::vector<Target> all_targets();

}  // namespace ledger::fuzz
