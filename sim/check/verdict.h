#pragma once
// Verdict: what checks say about a run, in the one vocabulary of JSON, exit codes and reports.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "log/base/time.h"

namespace ledger::check {

// What kind of promise a violation breaks.
enum class Kind : std::uint8_t { safety = 1, liveness, crash, determinism, resource };

struct Violation {
    std::string check;
    Kind kind = Kind::safety;
    std::uint64_t step = 0;
    Instant time;
    std::string sentence;  // what is wrong, in domain words, naming the actors
    friend bool operator==(const Violation&, const Violation&) = default;
};

// What one examining call of a checker has found: the sentence of its first violation, or nothing.
// Whoever calls knows step and time and makes a Violation of it.
using Finding = std::optional<std::string>;

// What one check says. `idle` = it examined nothing: never a pass.
struct CheckResult {
    enum class Verdict : std::uint8_t { ok = 1, violated, idle };
    std::string name;
    Verdict verdict = Verdict::idle;
    std::uint64_t examined = 0;
    friend bool operator==(const CheckResult&, const CheckResult&) = default;
};

// The counters behind a CheckResult; every checker has one.
class Tally {
  public:
    explicit Tally(std::string_view name) : name_(name) {}

    void examined(std::uint64_t count = 1) { examined_ += count; }
    // Remembers that the check failed; hands the sentence on.
    Finding violated(std::string sentence) {
        ++violations_;
        return sentence;
    }
    std::uint64_t violations() const { return violations_; }
    CheckResult result() const;

  private:
    const std::string_view name_;  // a literal
    std::uint64_t examined_ = 0;
    std::uint64_t violations_ = 0;
};

enum class Verdict : std::uint8_t { ok = 1, violated, inconclusive };

// The verdict of a run. Nothing violated is not enough: each check named in `required` must have
// examined something, else the run is inconclusive. A name without a result counts as idle.
Verdict overall(
    std::span<const CheckResult> checks, bool violated, std::span<const std::string_view> required);

// 0 ok, 1 violated, 3 inconclusive.
int exit_code(Verdict verdict);

std::string_view to_text(Kind kind);
std::string_view to_text(CheckResult::Verdict verdict);
std::string_view to_text(Verdict verdict);

}  // namespace ledger::check
