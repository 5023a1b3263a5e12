#include <charconv>

#include <fmt/format.h>

#include "sim/check/errc.h"
#include "sim/check/recorded/import_events.h"

namespace ledger::check {
namespace {

std::string text_or_nothing(const Value* value) {
    if (value == nullptr || value->is_nil()) {
        return {};
    }
    return value->text() != nullptr ? value->text()->characters : to_text(*value);
}

std::string_view without_colon(std::string_view word) {
    return word.starts_with(':') ? word.substr(1) : word;
}

std::optional<EventType> type_of(const Value* value) {
    return value == nullptr || value->text() == nullptr
               ? std::nullopt
               : event_type(without_colon(value->text()->characters));
}

// Also if it was written as a text.
std::optional<std::int64_t> integer_of(const Value& value) {
    if (value.text() == nullptr) {
        return value.integer();
    }
    const std::string& digits = value.text()->characters;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return error == std::errc{} && end == digits.data() + digits.size() ? std::optional(number)
                                                                        : std::nullopt;
}

// `wrong`: what is wrong with the event; empty otherwise.
struct ReadEvent {
    RecordedEvent event;
    std::string lane;  // of a process that is no client
    std::string wrong;
};

constexpr std::string_view types = "expected a type, which is invoke, ok, fail or info";

// Who and how, which maps and lists have alike.
void set_process_and_type(const Value* process, const Value* type, const Value* value,
    std::string_view of_what, ReadEvent& out) {
    out.event.value = value == nullptr ? Value() : *value;
    if (process != nullptr && !process->is_nil()) {
        out.event.process = integer_of(*process);
        if (!out.event.process && process->text() != nullptr) {
            out.lane = process->text()->characters;
            return;
        }
        if (!out.event.process) {
            out.wrong =
                fmt::format("expected an integer as the process, found {}", to_text(*process, 60));
            return;
        }
    }
    if (const auto known = type_of(type)) {
        out.event.type = *known;
    } else {
        out.wrong = fmt::format("{}; found {}", types,
            type == nullptr ? fmt::format("{} without one", of_what) : to_text(*type, 60));
    }
}

// Takes apart one operation map; unknown keys are passed.
ReadEvent map_event(const ValueMap& map) {
    ReadEvent out;
    const Value* type = nullptr;
    const Value* process = nullptr;
    const Value* value = nullptr;
    const Value* key = nullptr;
    const Value* error = nullptr;
    const Value* exception = nullptr;
    for (const auto& [name, member] : map) {
        if (name.text() == nullptr) {
            continue;
        }
        const std::string_view is = without_colon(name.text()->characters);
        if (is == "type") {
            type = &member;
        } else if (is == "process") {
            process = &member;
        } else if (is == "f") {
            out.event.f = without_colon(text_or_nothing(&member));
        } else if (is == "value") {
            value = &member;
        } else if (is == "key") {
            key = &member;
        } else if (is == "time") {
            out.event.time_ns = member.integer();
        } else if (is == "error") {
            error = &member;
        } else if (is == "exception") {
            exception = &member;
        }
    }
    set_process_and_type(process, type, value, "an operation map", out);
    if (key != nullptr && out.lane.empty()) {
        out.event.value = Value(ValueList{*key, std::move(out.event.value)});
    }
    out.event.error = text_or_nothing(error != nullptr ? error : exception);
    return out;
}

// [process type f value], as lists of a Kafka workload have it; the value may be missing.
ReadEvent tuple_event(const ValueList& tuple) {
    ReadEvent out;
    if (tuple.size() != 3 && tuple.size() != 4) {
        out.wrong = fmt::format("expected an operation map or [process type f value], found {}",
            to_text(Value(tuple), 60));
        return out;
    }
    out.event.f = without_colon(text_or_nothing(&tuple[2]));
    set_process_and_type(
        &tuple[0], &tuple[1], tuple.size() == 4 ? &tuple[3] : nullptr, "an operation", out);
    return out;
}

ReadEvent event_of(const Value& value) {
    if (value.map() != nullptr) {
        return map_event(*value.map());
    }
    if (value.list() != nullptr) {
        return tuple_event(*value.list());
    }
    ReadEvent out;
    out.wrong = fmt::format("expected an operation map, found {}", to_text(value, 60));
    return out;
}

template <typename Values>
Result<void> read_maps(std::string_view text, const ReadLimits& limits, Pairing& pairing) {
    Values values(text, limits, !begins_with_tuple(text));
    LineCounter lines(text);
    for (;;) {
        LEDGER_TRY(std::optional<Value> value, values.next());
        if (!value) {
            return {};
        }
        ReadEvent read = event_of(*value);
        if (!read.wrong.empty()) {
            return error_at(text, values.offset(), read.wrong);
        }
        if (!read.lane.empty()) {
            pairing.annotate(read.lane, read.event.f, read.event.value);
            continue;
        }
        read.event.line = lines.line_of(values.offset());
        if (const auto added = pairing.add(std::move(read.event)); !added) {
            return placed(text, values.offset(), added.error());
        }
    }
}

}  // namespace

Error placed(std::string_view text, std::uint64_t offset, const Error& error) {
    return error_at(text, offset, error.place);
}

Result<void> read_edn_maps(std::string_view text, const ReadLimits& limits, Pairing& pairing) {
    return read_maps<EdnValues>(text, limits, pairing);
}

Result<void> read_json_maps(std::string_view text, const ReadLimits& limits, Pairing& pairing) {
    return read_maps<JsonValues>(text, limits, pairing);
}

}  // namespace ledger::check
