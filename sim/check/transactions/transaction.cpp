#include "sim/check/transactions/transaction.h"

#include <fmt/format.h>

#include "sim/check/errc.h"

namespace ledger::check {
namespace {

constexpr std::string_view expected_micro(WriteKind writes) {
    return writes == WriteKind::append ? "micro-operations [:append key value] and [:r key list]"
                                       : "micro-operations [:w key value] and [:r key value]";
}

// The parts of [name key value], or why they are not.
struct Parts {
    bool is_read = false;
    const Value* key = nullptr;
    const Value* value = nullptr;
};
std::optional<Parts> parts_of(const Value& micro, WriteKind writes) {
    static const Value nothing;
    const ValueList* list = micro.list();
    if (list == nullptr || list->size() < 2 || list->size() > 3) {
        return std::nullopt;
    }
    const Value& name = (*list)[0];
    Parts out;
    out.is_read = name.is("r") || name.is("read");
    const bool is_write = writes == WriteKind::append ? name.is("append") || name.is("a")
                                                      : name.is("w") || name.is("write");
    // A read that is only asked may say nothing of its answer.
    if (!(out.is_read || (is_write && list->size() == 3))) {
        return std::nullopt;
    }
    out.key = &(*list)[1];
    out.value = list->size() == 3 ? &(*list)[2] : &nothing;
    return out;
}

bool answers_a_read(const Value& value, WriteKind writes) {
    return writes == WriteKind::write || value.is_nil() || value.list() != nullptr;
}

// The value that counts: what an ok operation answered, and what any other one asked.
const Value& value_of(const RecordedOperation& operation) {
    const bool answer = operation.outcome == Outcome::ok || operation.asked.list() == nullptr;
    return answer ? operation.answered : operation.asked;
}

}  // namespace

std::string operation_name(std::string_view what, const RecordedOperation& operation) {
    return operation.called_line == 0
               ? fmt::format("{} {}", what, operation.id)
               : fmt::format("{} {} (line {})", what, operation.id, operation.called_line);
}

std::string Transactions::name(std::uint32_t transaction) const {
    return operation_name("transaction", history->operations[all[transaction].id]);
}

Error malformed_operation(const RecordedOperation& operation, bool answer,
    std::string_view expected, const Value& found) {
    const std::uint64_t line = answer ? operation.returned_line : operation.called_line;
    return failure(
        Errc::malformed_history, fmt::format("operation {}{}: expected {}, found {}", operation.id,
                                     line == 0 ? std::string() : fmt::format(" (line {})", line),
                                     expected, to_text(found, 100)));
}

Result<Transactions> read_transactions(const RecordedHistory& history, WriteKind writes) {
    Transactions out;
    out.history = &history;
    for (const RecordedOperation& operation : history.operations) {
        const Value& value = value_of(operation);
        const bool answer = &value == &operation.answered;
        const bool ok = operation.outcome == Outcome::ok;
        Transaction transaction{operation.id, operation.outcome, operation.process,
            operation.called, ok ? operation.returned : RecordedOperation::never,
            static_cast<std::uint32_t>(out.micros.size()), 0};
        const ValueList* list = value.list();
        if (list == nullptr) {
            return malformed_operation(
                operation, answer, fmt::format("a list of {}", expected_micro(writes)), value);
        }
        for (const Value& micro : *list) {
            const std::optional<Parts> parts = parts_of(micro, writes);
            if (!parts) {
                return malformed_operation(operation, answer, expected_micro(writes), micro);
            }
            if (ok && parts->is_read && !answers_a_read(*parts->value, writes)) {
                return malformed_operation(
                    operation, answer, "a list or nil as the answer of a read", micro);
            }
            out.micros.push_back({parts->is_read, out.keys.number(*parts->key), parts->value});
        }
        transaction.micros =
            static_cast<std::uint32_t>(out.micros.size()) - transaction.first_micro;
        out.all.push_back(transaction);
    }
    return out;
}

}  // namespace ledger::check
