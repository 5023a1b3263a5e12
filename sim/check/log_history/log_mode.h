#pragma once
// Log mode: what an answer of a log promises about the order of operations: a level of checking.

#include <cstdint>
#include <string>
#include <string_view>

#include "log/base/result.h"

namespace ledger::check {

// One promise or several together, by name joined with '+': "monotonic-reads+read-your-writes".
//
// | name | an observation shows at least |
// |---|---|
// | linearizable, strict-serializable, lease | all that any operation had shown when it was called
// | | bounded-staleness=5ms | the same, 5 ms before its call (ns, us, ms, s) | |
// bounded-staleness=100 | the same less 100 records | | sequential, strong-session-serializable |
// what earlier operations of its session had shown | | monotonic-reads | what earlier reads of its
// session had shown | | read-your-writes | what earlier acknowledged appends of its session had
// made | | monotonic-writes | nothing; appends of a session stand in the order of their calls | |
// consistent-prefix, serializable, snapshot-isolation, any | nothing, but it is one version | |
// eventual | nothing; what was called after a `quiescent` line shows everything |
//
// "session" = monotonic-reads+read-your-writes; "bounded_stale=..." = bounded-staleness=...
struct LogMode {
    enum Promise : std::uint16_t {
        linearizable = 1,
        bounded_time = 2,
        bounded_records = 4,
        sequential = 8,
        monotonic_reads = 16,
        read_your_writes = 32,
        monotonic_writes = 64,
        prefix = 128,
        snapshot = 256,  // of transactions: judged at their snapshot, not at their commit
    };
    std::uint16_t promises = linearizable;
    std::uint64_t bound_ns = 0;
    std::uint64_t bound_records = 0;

    bool has(Promise promise) const { return (promises & promise) != 0; }
    bool needs_sessions() const {
        return (promises & (sequential | monotonic_reads | read_your_writes)) != 0;
    }
    friend bool operator==(const LogMode&, const LogMode&) = default;
};

// The error says which names there are.
Result<LogMode> parse_log_mode(std::string_view text);

}  // namespace ledger::check
