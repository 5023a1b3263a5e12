#include "sim/check/recorded/operation_text.h"

#include <fmt/format.h>

namespace ledger::check {

std::string operation_text(const RecordedOperation& operation, std::uint64_t bytes_max) {
    const std::string f = operation.f.empty() ? "operation" : operation.f;
    // [key nil] answered by [key value]: the key once.
    const ValueList* key_asked = operation.asked.list();
    const ValueList* key_told = operation.answered.list();
    const bool by_key = key_asked != nullptr && key_asked->size() == 2 && (*key_asked)[1].is_nil() &&
                        key_asked->front().list() == nullptr;
    if (by_key) {
        const std::string key = to_text(key_asked->front(), bytes_max);
        const bool told = operation.outcome == Outcome::ok && key_told != nullptr &&
                          key_told->size() == 2 && key_told->front() == key_asked->front();
        return told ? fmt::format("{} {} -> {}", f, key, to_text(key_told->back(), bytes_max))
                    : fmt::format("{} {} -> {}", f, key, to_text(operation.outcome));
    }
    const std::string asked =
        operation.asked.is_nil() ? std::string() : " " + to_text(operation.asked, bytes_max);
    switch (operation.outcome) {
        case Outcome::failed: return fmt::format("{}{} -> failed", f, asked);
        case Outcome::unknown: return fmt::format("{}{} -> unknown", f, asked);
        case Outcome::ok: break;
    }
    if (operation.answered == operation.asked) {
        return fmt::format("{}{} -> {}", f, asked, operation.asked.is_nil() ? "nil" : "ok");
    }
    return fmt::format("{}{} -> {}", f, asked, to_text(operation.answered, bytes_max));
}

std::string operation_with_place(const RecordedOperation& operation) {
    std::string place;
    if (operation.called_line != 0) {
        const bool two =
            operation.returned_line != 0 && operation.returned_line != operation.called_line;
        place =
            two ? fmt::format(" (lines {} and {})", operation.called_line, operation.returned_line)
                : fmt::format(" (line {})", operation.called_line);
    }
    return fmt::format(
        "client {}'s {}{}", operation.process, operation_text(operation, 120), place);
}

}  // namespace ledger::check
