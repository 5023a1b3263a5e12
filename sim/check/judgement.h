#pragma once
// Judgement: what a checker says of a whole recorded history, with what a person needs to see why.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/check/verdict.h"

namespace ledger::check {

// One thing that is wrong.
struct Anomaly {
    std::string name;      // the field's name: "stale-read", "G-single-realtime", "lost-append"
    std::string sentence;  // what is wrong, in domain words, with operations, values and times
    // Why, one line each: the edges of a cycle, the two intervals. May be empty.
    std::vector<std::string> steps;
    // The witness: ids of operations in the order in which they are to be looked at. Not empty
    // unless the anomaly concerns no single operation.
    std::vector<std::uint64_t> operations;
    friend bool operator==(const Anomaly&, const Anomaly&) = default;
};

// Of a search that found no order: the longest order that it got to, and what it could not add.
struct PartialOrder {
    struct Step {
        std::uint64_t operation = 0;
        std::string state;  // after it
    };
    struct Refused {
        std::uint64_t operation = 0;
        std::string why;  // "a read of 2, but the register held 4"
    };
    std::string part;    // "key 7"; empty = the history was not parted
    std::string before;  // the state in front of the first step
    std::vector<Step> steps;
    std::vector<Refused> refused;
};

struct Judgement {
    Verdict verdict = Verdict::inconclusive;
    std::string model;   // "cas-register(init=nil)"
    std::string level;   // "linearizable"
    std::string reason;  // why it is inconclusive; empty otherwise
    std::vector<Anomaly> anomalies;      // worst first, at most `anomalies_max`
    std::uint64_t anomalies_total = 0;   // found, shown or not
    std::vector<PartialOrder> partial;   // of searches only
    // What was looked at, in this order: "ok appends" -> 120. A judgement that examined nothing is
    // inconclusive, never ok.
    std::vector<std::pair<std::string, std::uint64_t>> coverage;
    // Transactions: the strongest level that holds and the weakest that is violated; else empty.
    std::string strongest_held;
    std::string weakest_violated;

    static constexpr std::uint64_t anomalies_max = 100;
};

// What a judgement may use. Checkers have no clock: the program brings one.
class Budget {
  public:
    virtual ~Budget() = default;
    // True once time is over or `bytes`, what the checker holds now, is too much. Cheap, but asked
    // every few thousand steps only.
    [[nodiscard]] virtual bool spent(std::uint64_t bytes) = 0;
    // "the time limit of 10s was reached"; only after spent() was true.
    virtual std::string why() const = 0;
};

}  // namespace ledger::check
