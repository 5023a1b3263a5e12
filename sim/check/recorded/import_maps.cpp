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

// `wrong`: what is wrong with the map; empty otherwise.
struct MapEvent {
    RecordedEvent event;
    std::string lane;  // of a process that is no client
    std::string wrong;
};

// Takes apart one operation map; unknown keys are passed.
MapEvent map_event(const Value& map) {
    MapEvent out;
    if (map.map() == nullptr) {
        out.wrong = fmt::format("expected an operation map, found {}", to_text(map, 60));
        return out;
    }
    const Value* type = nullptr;
    const Value* process = nullptr;
    const Value* value = nullptr;
    const Value* key = nullptr;
    const Value* error = nullptr;
    const Value* exception = nullptr;
    for (const auto& [name, member] : *map.map()) {
        if (name.text() == nullptr) {
            continue;
        }
        const std::string_view is = name.text()->characters;
        if (is == "type") {
            type = &member;
        } else if (is == "process") {
            process = &member;
        } else if (is == "f") {
            out.event.f = text_or_nothing(&member);
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
    if (process != nullptr && process->text() != nullptr) {
        out.lane = process->text()->characters;
        out.event.value = value == nullptr ? Value() : *value;
        return out;
    }
    if (process != nullptr && !process->is_nil() && !process->integer()) {
        out.wrong =
            fmt::format("expected an integer as the process, found {}", to_text(*process, 60));
        return out;
    }
    out.event.process = process == nullptr ? std::nullopt : process->integer();
    const auto known = type == nullptr || type->text() == nullptr
                           ? std::nullopt
                           : event_type(type->text()->characters);
    if (!known) {
        out.wrong = fmt::format("expected a type, which is invoke, ok, fail or info; found {}",
            type == nullptr ? "an operation map without one" : to_text(*type, 60));
        return out;
    }
    out.event.type = *known;
    out.event.value = value == nullptr ? Value() : *value;
    if (key != nullptr) {
        out.event.value = Value(ValueList{*key, std::move(out.event.value)});
    }
    out.event.error = text_or_nothing(error != nullptr ? error : exception);
    return out;
}

template <typename Values>
Result<void> read_maps(std::string_view text, const ReadLimits& limits, Pairing& pairing) {
    Values values(text, limits);
    LineCounter lines(text);
    for (;;) {
        LEDGER_TRY(std::optional<Value> map, values.next());
        if (!map) {
            return {};
        }
        MapEvent read = map_event(*map);
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
