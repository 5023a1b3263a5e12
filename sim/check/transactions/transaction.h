#pragma once
// Transaction: the micro-operations of one recorded operation, on keys with numbers.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "log/base/result.h"
#include "sim/check/recorded/recorded_history.h"
#include "sim/check/transactions/interner.h"

namespace ledger::check {

enum class WriteKind : std::uint8_t {
    append = 1,  // [:append k v], and a read shows the list of all that was appended
    write,       // [:w k v], and a read shows the last value
};

struct MicroOperation {
    bool is_read = false;
    std::uint32_t key = 0;
    // What was written or, if the transaction is ok, read. Of others the answer is not known, even
    // if it was recorded.
    const Value* value = nullptr;
};

struct Transaction {
    std::uint64_t id = 0;  // of the operation
    Outcome outcome = Outcome::unknown;
    std::int64_t process = 0;
    std::uint64_t called = 0;
    std::uint64_t returned = RecordedOperation::never;
    std::uint32_t first_micro = 0;
    std::uint32_t micros = 0;
};

struct Transactions {
    const RecordedHistory* history = nullptr;
    std::vector<Transaction> all;  // in the order of their calls
    std::vector<MicroOperation> micros;
    Interner keys;

    std::span<const MicroOperation> of(const Transaction& transaction) const {
        return std::span(micros).subspan(transaction.first_micro, transaction.micros);
    }
    std::string key_text(std::uint32_t key) const { return to_text(keys.value(key), 60); }
    // "transaction 4 (line 12)": as sentences name it.
    std::string name(std::uint32_t transaction) const;
};

// What took effect is the answer of an ok operation and the call of any other. An error names
// operation and line, says what was expected and what stood there. `history` must outlive the
// result.
Result<Transactions> read_transactions(const RecordedHistory& history, WriteKind writes);

// "transaction 4 (line 12)" of any operation.
std::string operation_name(std::string_view what, const RecordedOperation& operation);

// The error of one operation: "operation 4 (line 12): expected ..., found ...".
Error malformed_operation(
    const RecordedOperation& operation, bool answer, std::string_view expected, const Value& found);

}  // namespace ledger::check
