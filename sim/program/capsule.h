#pragma once
// Capsule: a run as a small text file: its scenario, its seed, and what came of it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "log/base/result.h"
#include "sim/check/scenario.h"
#include "sim/world.h"

namespace ledger::sim {

enum class CapsuleErrc { damaged = 1, unsupported };
const boost::system::error_category& capsule_category();
boost::system::error_code make_error_code(CapsuleErrc errc);

struct Capsule {
    check::Scenario scenario;
    std::uint64_t seed = 0;
    std::string guest;       // the machine beside the ledger, by its name; empty = none
    std::string input;       // the imported file, as it was named; "-" if there was none
    std::string input_hash;  // its SHA-256 in hex; "-" without input
    std::string verdict;     // ok, violated, inconclusive
    std::string check;       // of the violation; "-" if none
    std::string kind;        // the same
    std::string fingerprint; // the same; what a run must find to have found it again
    std::string trace_hash;  // 32 hex digits; "-" if the run died
    std::string sentence;    // of the violation; for people
};

// Of a run of the swarm. `died`: it has no hash.
Capsule capsule_of(const check::Scenario& scenario, const RunResult& result, bool died);

// Why a program that knows no machine but the ledger cannot run it; nothing if it can.
std::optional<std::string> foreign(const Capsule& capsule, const std::string& path);

// Text lines; the last one is a CRC-32C over all before it.
std::string print_capsule(const Capsule& capsule);
// Errors name the line and what was expected there.
Result<Capsule> parse_capsule(std::string_view text);

}  // namespace ledger::sim

template <>
struct boost::system::is_error_code_enum<ledger::sim::CapsuleErrc> : std::true_type {};
