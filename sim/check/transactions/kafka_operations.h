#pragma once
// Kafka operations: sends, polls and assignments of a recorded history, on numbered keys and
// records.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "log/base/lookup_table.h"
#include "log/base/result.h"
#include "sim/check/recorded/recorded_history.h"
#include "sim/check/transactions/interner.h"

namespace ledger::check {

// A value under a key: what the logs hold.
struct KafkaRecord {
    static constexpr std::uint32_t none = UINT32_MAX;
    std::uint32_t key = 0;
    const Value* value = nullptr;
    // The operation that sent it: one that may have taken effect if there is one, else one that
    // failed; none = nobody did.
    std::uint32_t sender = none;
};

// That a record was sent to, or polled from, its log.
struct KafkaSight {
    std::uint32_t record = 0;
    std::optional<std::int64_t> offset;  // always known of polls
};

struct KafkaOperation {
    enum class Kind : std::uint8_t { work = 1, assignment };
    std::uint64_t id = 0;
    Kind kind = Kind::work;
    Outcome outcome = Outcome::unknown;
    std::int64_t process = 0;
    std::uint64_t called = 0;
    std::uint64_t returned = RecordedOperation::never;
    std::vector<KafkaSight> sends;
    std::vector<KafkaSight> polls;        // in the order in which they were handed out
    std::vector<std::uint32_t> assigned;  // keys, of an assignment
};

struct KafkaHistory {
    const RecordedHistory* recorded = nullptr;
    std::vector<KafkaOperation> operations;  // in the order of their calls
    std::vector<KafkaRecord> records;
    std::vector<std::string> keys;  // as text: a map key is one where an integer was sent
    std::uint64_t skipped = 0;      // operations that are none of these

    // "operation 4 (line 12)".
    std::string name(std::uint32_t operation) const;
    std::string value_text(std::uint32_t record) const {
        return to_text(*records[record].value, 60);
    }
    std::string key_text(std::uint32_t record) const { return keys[records[record].key]; }
};

// What an operation answered counts, also if it failed or its outcome is unknown; what it asked, if
// there is no answer. Errors as of read_transactions. `history` must outlive the result.
Result<KafkaHistory> read_kafka_operations(const RecordedHistory& history);

}  // namespace ledger::check
