#include "sim/check/recorded/operation_text.h"

#include <fmt/format.h>

namespace ledger::check {

std::string operation_text(const RecordedOperation& operation, std::uint64_t bytes_max) {
    const std::string f = operation.f.empty() ? "operation" : operation.f;
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
