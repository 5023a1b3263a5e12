#include <algorithm>

#include <fmt/format.h>

#include "sim/check/errc.h"
#include "sim/check/recorded/import.h"
#include "sim/check/recorded/import_events.h"

namespace ledger::check {
namespace {

Value text_value(std::string_view characters) {
    return Value(ValueText{std::string(characters), ValueText::Sort::string});
}

bool is_key(char c) {
    return c >= 'a' && c <= 'z';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// "rx12ay3": a letter for the function, one for the key, then digits: one element each.
struct MicroOperations {
    ValueList asked;
    ValueList answered;
};
std::optional<MicroOperations> parse_mini(std::string_view text) {
    MicroOperations out;
    std::size_t at = 0;
    while (at < text.size()) {
        const char f = text[at];
        if ((f != 'a' && f != 'r') || at + 1 == text.size() || !is_key(text[at + 1])) {
            return std::nullopt;
        }
        const Value key = text_value(text.substr(at + 1, 1));
        ValueList elements;
        for (at += 2; at < text.size() && is_digit(text[at]); ++at) {
            elements.push_back(Value(std::int64_t{text[at] - '0'}));
        }
        if (f == 'r') {
            const Value name = text_value("r");
            out.asked.push_back(Value(ValueList{name, key, Value()}));
            out.answered.push_back(Value(ValueList{name, key, Value(std::move(elements))}));
        } else if (elements.size() == 1) {
            out.asked.push_back(Value(ValueList{text_value("append"), key, elements[0]}));
            out.answered.push_back(out.asked.back());
        } else {
            return std::nullopt;
        }
    }
    return out.asked.empty() ? std::nullopt : std::optional(std::move(out));
}

std::optional<EventType> type_of(const Value& value) {
    return value.text() == nullptr ? std::nullopt : event_type(value.text()->characters);
}

// [type, text] or [process, type, text] as call and return.
struct MiniOperation {
    RecordedEvent called;
    RecordedEvent returned;
};
std::optional<MiniOperation> mini_operation(
    const Value& value, bool sequential, std::int64_t place) {
    const ValueList* parts = value.list();
    if (parts == nullptr || parts->size() != (sequential ? 3u : 2u)) {
        return std::nullopt;
    }
    const auto process = sequential ? (*parts)[0].integer() : std::optional(place);
    const auto type = type_of((*parts)[sequential ? 1 : 0]);
    const Value& text = parts->back();
    if (!process || !type || *type == EventType::invoke || text.text() == nullptr) {
        return std::nullopt;
    }
    auto operations = parse_mini(text.text()->characters);
    if (!operations) {
        return std::nullopt;
    }
    MiniOperation out;
    out.called.process = process;
    out.called.f = "txn";
    out.called.value = Value(std::move(operations->asked));
    out.returned = out.called;
    out.returned.type = *type;
    if (*type == EventType::ok) {
        out.returned.value = Value(std::move(operations->answered));
    }
    return out;
}

// Nothing = the operations have not this form; the message says which one.
Error wrong_operation(std::uint64_t place, const Value& operation, std::string_view expected) {
    return failure(Errc::malformed_history, fmt::format("operation {}: expected {}, found {}",
                                                place + 1, expected, to_text(operation, 80)));
}

// Concurrent: every operation is called before any completes. Sequential: each completes before
// the next one is called.
Result<void> add_mini_operations(
    const ValueList& operations, bool sequential, std::uint64_t line, Pairing& pairing) {
    std::vector<RecordedEvent> returns;
    for (std::uint64_t i = 0; i < operations.size(); ++i) {
        auto operation = mini_operation(operations[i], sequential, static_cast<std::int64_t>(i));
        if (!operation) {
            return wrong_operation(i, operations[i],
                sequential ? "[process, type, \"rx12ay3\"]" : "[type, \"rx12ay3\"]");
        }
        operation->called.line = line;
        operation->returned.line = line;
        LEDGER_CHECK(pairing.add(std::move(operation->called)));
        if (sequential) {
            LEDGER_CHECK(pairing.add(std::move(operation->returned)));
        } else {
            returns.push_back(std::move(operation->returned));
        }
    }
    for (RecordedEvent& event : returns) {
        LEDGER_CHECK(pairing.add(std::move(event)));
    }
    return {};
}

// [process, type, f, value] in the order of events.
Result<void> add_kafka_events(const ValueList& events, std::uint64_t line, Pairing& pairing) {
    for (std::uint64_t i = 0; i < events.size(); ++i) {
        const ValueList* parts = events[i].list();
        const bool four = parts != nullptr && parts->size() == 4;
        const auto process = four ? (*parts)[0].integer() : std::nullopt;
        const auto type = four ? type_of((*parts)[1]) : std::nullopt;
        const ValueText* f = four ? (*parts)[2].text() : nullptr;
        if (!process || !type || f == nullptr) {
            return wrong_operation(i, events[i], "[process, type, f, micro-operations]");
        }
        RecordedEvent event;
        event.process = process;
        event.type = *type;
        event.f = f->characters;
        event.value = (*parts)[3];
        event.line = line;
        LEDGER_CHECK(pairing.add(std::move(event)));
    }
    return {};
}

// The names of a list of texts or the keys of a map.
std::vector<std::string> names_of(const Value* value) {
    std::vector<std::string> out;
    if (value != nullptr && value->list() != nullptr) {
        for (const Value& name : *value->list()) {
            out.push_back(to_text(name));
        }
    }
    if (value != nullptr && value->map() != nullptr) {
        for (const auto& [name, instances] : *value->map()) {
            out.push_back(to_text(name));
        }
    }
    return out;
}

Result<RecordedCase> make_case(const Value& object, HistoryFormat format, std::uint64_t line) {
    const Value* id = object.find("id");
    const Value* operations = object.find("ops");
    if (id == nullptr || id->text() == nullptr || operations == nullptr ||
        operations->list() == nullptr) {
        return failure(Errc::malformed_history,
            "expected a case, an object with a text \"id\" and an array \"ops\"");
    }
    const bool kafka = format == HistoryFormat::kafka_cases;
    RecordedCase out;
    out.id = id->text()->characters;
    out.line = line;
    if (const Value* options = object.find("opts")) {
        out.options = *options;
    }
    const Value* expected = object.find(kafka ? "expected_errors" : "expected_anomalies");
    if (expected != nullptr && !expected->is_nil()) {
        out.expected = names_of(expected);
    }
    out.also_allowed = names_of(object.find("graph_findings"));
    Pairing pairing;
    const Value* layout = object.find("layout");
    const ValueList* first =
        operations->list()->empty() ? nullptr : operations->list()->front().list();
    const bool sequential =
        layout != nullptr ? layout->is("sequential") : first != nullptr && first->size() == 3;
    if (const auto added =
            kafka ? add_kafka_events(*operations->list(), line, pairing)
                  : add_mini_operations(*operations->list(), sequential, line, pairing);
        !added) {
        return failure(
            Errc::malformed_history, fmt::format("case {}: {}", out.id, added.error().place));
    }
    out.history = std::move(pairing).history(format);
    if (out.history.operations.empty()) {
        return failure(
            Errc::malformed_history, fmt::format("case {}: it holds no operation", out.id));
    }
    return out;
}

}  // namespace

Result<std::vector<RecordedCase>> import_cases(
    std::string_view text, std::optional<HistoryFormat> format, const ReadLimits& limits) {
    const HistoryFormat known = format ? *format : detect_format(text);
    if (known != HistoryFormat::list_append_cases && known != HistoryFormat::kafka_cases) {
        return error_at(
            text, 0, fmt::format("expected an array of cases, found {}", to_text(known)));
    }
    text = without_byte_order_mark(text);
    std::vector<RecordedCase> out;
    JsonValues values(text, limits);
    LineCounter lines(text);
    for (;;) {
        LEDGER_TRY(const std::optional<Value> object, values.next());
        if (!object) {
            break;
        }
        auto made = make_case(*object, known, lines.line_of(values.offset()));
        if (!made) {
            return placed(text, values.offset(), made.error());
        }
        const auto twin = std::find_if(out.begin(), out.end(),
            [&](const RecordedCase& other) { return other.id == made->id; });
        if (twin != out.end()) {
            return error_at(
                text, values.offset(), fmt::format("the case {} is there twice", made->id));
        }
        out.push_back(std::move(*made));
    }
    if (out.empty()) {
        return error_at(text, text.size(), "expected a case: the array holds none");
    }
    return out;
}

}  // namespace ledger::check
