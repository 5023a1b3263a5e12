#pragma once
// Level: how strongly an order must agree with time and with sessions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ledger::check {

// Levels of objects that a search judges (reference: checking, sections 1 and 7). In all but the
// first two, writes keep real time and an observation never sees what was called after it returned;
// they differ in what an observation must come after. Every key stands for itself but in
// `sequential`.
struct SearchLevel {
    enum class Kind : std::uint8_t {
        linearizable = 1,   // everything that ended before its call
        sequential,         // the earlier operations of its process; nothing is said of others
        bounded_staleness,  // everything that ended `staleness_ns` before its call
        monotonic_reads,    // the earlier observations of its process
        read_your_writes,   // the earlier writes of its process
        session,            // the earlier operations of its process: the two above together
        monotonic_writes,   // nothing; but writes only follow those of their process
        consistent_prefix,  // nothing
        eventual,           // nothing
    };
    Kind kind = Kind::linearizable;
    std::int64_t staleness_ns = 0;
};

// "linearizable", "bounded-staleness=5ms" (units ns, us, ms, s), "session" or
// "monotonic-reads+read-your-writes"; nothing if it is no such level.
std::optional<SearchLevel> search_level_of(std::string_view name);
// Of all kinds, in their order, for help and for errors.
std::vector<std::string_view> search_level_names();

}  // namespace ledger::check
