#pragma once
// Import: reads recorded histories in the formats of other tools.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/base/result.h"
#include "sim/check/recorded/recorded_history.h"
#include "sim/check/recorded/value_text.h"

namespace ledger::check {

// What a text looks like by its beginning. A text that looks like nothing is taken for EDN, whose
// reader says what is wrong with it.
HistoryFormat detect_format(std::string_view text);
// "native", "edn", "json", "jepsen-log", "kv-text", "list-append-cases", "kafka-cases",
// "start-finish": what --format understands.
std::optional<HistoryFormat> format_of(std::string_view name);
std::string_view format_name(HistoryFormat format);

// One history (reference: checking, section 14). What the formats mean is the same in all of them:
// - `asked` and `answered` are the values of call and return as they were recorded. An operation
//   on a key that stands beside its value (key-value lines, `:key`) has both as [key value], the
//   tuple that Jepsen's independent keys have.
// - The order of the text is the order of events; times are for people.
// - Processes that are no integers are no clients: their events become annotations.
// Errors name line and column and what was expected; a history without any operation is one, and so
// are formats of many cases. Histories in our own format have a reader of their own.
Result<RecordedHistory> import_history(std::string_view text,
    std::optional<HistoryFormat> format = std::nullopt, const ReadLimits& limits = {});

// One of the many small histories of a file, with what is known of it.
struct RecordedCase {
    std::string id;
    std::uint64_t line = 0;
    Value options;  // nil if there are none
    // Names of anomalies that must be found. Nothing: some variant that concerns sessions or real
    // time must be.
    std::optional<std::vector<std::string>> expected;
    std::vector<std::string> also_allowed;  // names that may be found besides
    RecordedHistory history;
};

// list_append_cases and kafka_cases. Operations of the mini-language (`rx12ay3`) come out as the
// micro-operations of EDN: [["r" "x" [1 2]] ["append" "y" 3]].
Result<std::vector<RecordedCase>> import_cases(std::string_view text,
    std::optional<HistoryFormat> format = std::nullopt, const ReadLimits& limits = {});

// The history as operation maps of Jepsen in one EDN vector, so that other checkers can read it;
// import_history reads it as the same history.
std::string export_edn(const RecordedHistory& history);

}  // namespace ledger::check
