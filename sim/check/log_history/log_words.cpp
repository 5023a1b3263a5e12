#include "sim/check/log_history/log_words.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "sim/check/names.h"

namespace ledger::check {

std::string LogWords::record(std::uint32_t number) const {
    return "record " + history_.record_name(number);
}

std::string LogWords::records(std::span<const std::uint32_t> numbers) const {
    constexpr std::size_t named_max = 8;
    if (numbers.empty()) {
        return "no record";
    }
    std::string text = numbers.size() == 1 ? "record " : "records ";
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (i == named_max) {
            return text + fmt::format(" and {} more", numbers.size() - i);
        }
        text += (i == 0 ? "" : ", ") + history_.record_name(numbers[i]);
    }
    return text;
}

std::string LogWords::records_of(const LogOperation& op) const {
    if (op.has(LogOperation::hashed)) {
        return plural(op.count, "record");
    }
    return records(std::span(history_.records).subspan(op.records, op.count));
}

std::string LogWords::who(std::uint32_t place) const {
    const LogOperation& op = history_.operations[place];
    if (op.subscription != LogOperation::none32) {
        return "subscriber " + history_.subscriptions[op.subscription];
    }
    return fmt::format("client {}", history_.clients[op.client]);
}

std::string LogWords::what(std::uint32_t place) const {
    const LogOperation& op = history_.operations[place];
    const std::string of =
        op.stream == 0 ? "" : fmt::format(" of stream {}", history_.streams[op.stream]);
    const auto number = [](std::uint64_t value) {
        return value == LogOperation::none ? std::string("the beginning")
                                           : fmt::format("{}", value);
    };
    switch (op.kind) {
        case LogKind::append: {
            std::string text =
                op.count == 0 ? "check of conditions" : "append of " + records_of(op);
            text += op.expected == LogOperation::none
                        ? ""
                        : fmt::format(", expecting length {},", op.expected);
            const std::string& key = history_.keys[op.logical];
            return text + (key.empty() ? "" : fmt::format(" with key {}", key)) +
                   (op.attempt > 1 ? fmt::format(" (attempt {})", op.attempt) : "");
        }
        case LogKind::read:
            return fmt::format(
                "read{}{} from {}", of, op.has(LogOperation::backward) ? " backward" : "", op.from);
        case LogKind::tail: return "question for the length";
        case LogKind::subscribe: return fmt::format("subscription{} from {}", of, number(op.from));
        case LogKind::deliver:
            return op.count == 0
                       ? fmt::format("bookmark {}", op.length)
                       : fmt::format("delivery of {} at position {}", records_of(op), op.from);
        case LogKind::ack: return fmt::format("acknowledgement of position {}", op.from);
        case LogKind::nack: return fmt::format("refusal of position {}", op.from);
        case LogKind::unsubscribe: return "end of the subscription";
        case LogKind::caught_up: return "switch to what is new";
        case LogKind::retain: return fmt::format("loss of what lies below position {}", op.from);
        case LogKind::quiescent: return "silence";
    }
    return "operation";
}

std::string LogWords::answer(std::uint32_t place) const {
    const LogOperation& op = history_.operations[place];
    if (op.outcome == Outcome::unknown) {
        return "unknown";
    }
    if (op.outcome == Outcome::failed) {
        const std::string& error = history_.details[op.details].error;
        if (op.has(LogOperation::conflict)) {
            return op.length == LogOperation::none
                       ? "wrong expected"
                       : fmt::format("wrong expected, the length being {}", op.length);
        }
        return error.empty() ? "refused" : "refused: " + error;
    }
    switch (op.kind) {
        case LogKind::append: return fmt::format("ok at {}", op.position);
        case LogKind::tail: return fmt::format("{}", op.length);
        case LogKind::read:
            return records_of(op) + (op.has(LogOperation::end) ? ", the end" : "") +
                   (op.length == LogOperation::none ? "" : fmt::format(" at length {}", op.length));
        default: return "ok";
    }
}

std::string LogWords::name(std::uint32_t place) const {
    const LogOperation& op = history_.operations[place];
    return fmt::format("{}'s {} (operation {}, line {})", who(place), what(place), op.id, op.line);
}

std::string LogWords::interval(std::uint32_t place) const {
    const LogOperation& op = history_.operations[place];
    const std::string from = time_name(Instant{op.called_ns});
    if (op.returned_ns == op.called_ns) {
        return from;
    }
    if (op.returned == LogOperation::never) {
        return fmt::format("from {} on", from);
    }
    const std::string to = time_name(Instant{op.returned_ns});
    // Where rounding would hide it, to the nanosecond.
    return from == to ? fmt::format("{} ns to {} ns", op.called_ns, op.returned_ns)
                      : fmt::format("{} to {}", from, to);
}

std::string LogWords::step(std::uint32_t place) const {
    return fmt::format("operation {}: {}, {}: {} -> {}", history_.operations[place].id, who(place),
        interval(place), what(place), answer(place));
}

}  // namespace ledger::check
