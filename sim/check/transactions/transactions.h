#pragma once
// Transactions: judges recorded histories of transactions by a model and a level of isolation.

#include <cstdint>
#include <string>
#include <string_view>

#include "log/base/result.h"
#include "sim/check/judgement.h"
#include "sim/check/page/history_page.h"
#include "sim/check/recorded/recorded_history.h"

namespace ledger::check {

struct TransactionOptions {
    // "list-append", "rw-register", "long-fork", "kafka-log"; also as lists of known verdicts name
    // them: "list-append (JSON form)"; "list-append / serializable", which fixes the level;
    // "rw-register (default anomalies)" and "rw-register (JSON form)", which look for G0 alone; and
    // "kafka-log(batches=interleaved)" and "kafka-log(end=polled)" (kafka_log.h).
    std::string model;
    // One of level.h; empty = strict-serializable, of kafka-log read-committed. kafka-log knows
    // read-uncommitted and read-committed only.
    std::string level;
};

// Whether `model` is one of these.
bool is_transaction_model(std::string_view model);
// All of them, as a sentence lists them.
std::string transaction_models();

// What the level does not forbid is no violation, but is told by strongest_held and
// weakest_violated. A history in which nothing could be compared is inconclusive, and so is one for
// which the budget did not suffice, unless something was found. The cost is linear in the history
// but for sorting and the bounded search for short cycles.
//
// Errors: malformed_history (which operation and line, what was expected and what was found) and
// unknown_option (the model or the level; the known ones).
Result<Judgement> judge_transactions(
    const RecordedHistory& history, const TransactionOptions& options, Budget& budget);

// A transaction as pages show it: its micro-operations in one line.
PageOperation transaction_page_operation(const RecordedHistory& history, std::uint64_t id);

}  // namespace ledger::check
