#pragma once
// BootTable: what to think of one place of the log after a restart, as a pure function.

#include <cstdint>

namespace ledger::log {

// What boot sees of one record that stood, or should stand, in the log.
struct Observation {
    bool record = false;    // R: verifies at its place, in its epoch, and continues the hash chain
    bool identity = false;  // D: an identity block of its own group names it
    bool equal = false;     // the identity says the same as the record; only if both are there
    bool witness = false;   // W: a sync_index, footer or durable commit of someone else covers it
    bool later = false;     // a later group has a valid record or identity block
};

enum class Verdict : std::uint8_t {
    clean,     // keep
    faulty,    // may have been promised: never cut
    unsealed,  // the last group, without a witness: torn by the crash, or rotten before its seal
};

// "A later group is valid" proves nothing by itself, since un-synced sectors land in any order; but
// it makes the case ambiguous, and what is ambiguous is never cut.
constexpr Verdict classify(const Observation& seen) {
    if (seen.record) {
        return seen.identity && !seen.equal ? Verdict::faulty : Verdict::clean;
    }
    return seen.witness || seen.later ? Verdict::faulty : Verdict::unsealed;
}

}  // namespace ledger::log
