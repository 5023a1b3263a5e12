#pragma once
// Recorded history: who called what and was told what, as it came from any system in any format.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/check/recorded/value.h"

namespace ledger::check {

// What a client knows at the end of its operation.
enum class Outcome : std::uint8_t {
    ok = 1,   // it took effect between call and return
    failed,   // definitely without effect; whether it is an observation, the model knows
    unknown,  // it takes effect at most once, at any time from the call on, or never
};
std::string_view to_text(Outcome outcome);

struct RecordedOperation {
    std::uint64_t id = 0;      // place in RecordedHistory::operations
    std::int64_t process = 0;  // one operation at a time
    std::string f;             // "read", "txn"; empty = the history does not name functions
    Value asked;               // value of the call
    Value answered;            // value of the return; nil if there was none
    Outcome outcome = Outcome::unknown;
    // Places in the order of events. Intervals are closed: equal = concurrent.
    std::uint64_t called = 0;
    std::uint64_t returned = never;  // `never` while unknown, also if the recording says when
    // Nanoseconds, for people only.
    std::optional<std::int64_t> called_ns;
    std::optional<std::int64_t> returned_ns;
    // Lines of the file, from 1; 0 = none.
    std::uint64_t called_line = 0;
    std::uint64_t returned_line = 0;
    std::string error;  // of a failed or unknown one, as it was recorded

    static constexpr std::uint64_t never = UINT64_MAX;
};

// What went on beside the operations: a fault, a leader. Ignored by models, shown on pages.
struct Annotation {
    std::string lane;  // "nemesis", "leader"
    std::string text;
    std::uint64_t from = 0;  // places in the order of events
    std::uint64_t to = 0;
};

enum class HistoryFormat : std::uint8_t {
    native_log = 1,     // our JSON lines
    edn,                // operation maps of Jepsen
    json,               // the same as an array of JSON objects
    jepsen_log,         // "INFO jepsen.util - 3 :invoke :read nil"
    kv_text,            // one map per line, always the same four keys
    list_append_cases,  // JSON array of cases in the operation mini-language
    kafka_cases,        // JSON array of cases of sends and polls
    start_finish,       // JSON lines of starts and finishes, as s2-verification writes them
};
std::string_view to_text(HistoryFormat format);

struct RecordedHistory {
    HistoryFormat format = HistoryFormat::edn;
    std::vector<RecordedOperation> operations;  // in the order of their calls
    std::vector<Annotation> annotations;
};

}  // namespace ledger::check
