#pragma once
// Report: what a run did and what was found, for a terminal and as one page that needs nothing.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "log/base/time.h"
#include "sim/check/verdict.h"

namespace ledger::check {

struct FaultCount {
    std::string kind;
    std::uint64_t fired = 0;     // injected
    std::uint64_t consumed = 0;  // noticed by the code under test
};

// A span or (from == to) a moment in a lane of the timeline.
struct Mark {
    enum class Kind : std::uint8_t { leader = 1, crash, partition, disk, pause, other };
    std::string lane;  // "n1"; "network"
    Kind kind = Kind::other;
    Instant from;
    Instant to;
    std::string text;  // "leader of term 4"
};

// An operation as a box in its client's lane.
struct OperationBox {
    std::string lane;  // "client 3"
    std::uint64_t operation = 0;
    Instant from;
    Instant to;            // until the end of the window if there was no answer
    std::string text;      // "append 40..41"
    std::string outcome;   // "ok", "conflict", "unknown", ...
    bool witness = false;  // one of the operations that the violation names
};

struct Report {
    std::string title;  // "ledgersim run"
    Verdict verdict = Verdict::inconclusive;
    std::string verdict_reason;  // why inconclusive; empty otherwise
    std::vector<Violation> violations;
    std::uint64_t seed = 0;
    std::string trace_hash;
    std::string build;  // version, compiler
    std::uint64_t virtual_milliseconds = 0;
    std::uint64_t wall_milliseconds = 0;  // 0 = it is not said
    std::uint64_t events = 0;
    std::uint64_t operations_ok = 0;
    std::uint64_t operations_failed = 0;
    std::uint64_t operations_unknown = 0;
    std::vector<FaultCount> faults;
    std::vector<CheckResult> checks;
    // Further facts, shown in this order: "leader changes" -> "12".
    std::vector<std::pair<std::string, std::string>> facts;
    std::string repro;               // one line that repeats the run
    std::string capsule;             // path; empty = none
    std::string page;                // path of this page; empty = none
    std::string scenario;            // its text
    std::string story;               // what happened, line by line; of a small run
    std::vector<std::string> lanes;  // timeline lanes, from top to bottom
    std::vector<Mark> marks;
    std::vector<OperationBox> operations;  // a window around the witness, not all
};

// Lines for a terminal; ends with verdict, seed, repro command, capsule and page (in this order).
std::string summary_text(const Report& report);
// One self-contained page without scripts, fonts, links or images from elsewhere, at most
// report_bytes_max long: marks and operations beyond that are left out, and the page says so.
std::string report_html(const Report& report);

// Two of its sections, for other pages.
std::string checks_html(std::span<const CheckResult> checks);
std::string faults_html(std::span<const FaultCount> faults);

inline constexpr std::uint64_t report_bytes_max = 2u << 20;

}  // namespace ledger::check
