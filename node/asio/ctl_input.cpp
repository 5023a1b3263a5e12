#include "node/asio/ctl_input.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "log/base/choice.h"
#include "log/base/format.h"
#include "log/base/lookup_table.h"
#include "node/asio/ctl_cluster.h"
#include "node/asio/ctl_moment.h"
#include "sim/check/event_line.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

struct Place {
    std::uint64_t line = 0;
    std::uint64_t event = 0;  // from 1; 0 = the line itself

    Error wrong(const std::string& what) const {
        return failure(CtlErrc::bad_input,
            event == 0 ? fmt::format("line {}: {}", line, what)
                       : fmt::format("line {}, event {}: {}", line, event, what));
    }
};

Result<std::string> text_of(
    const check::JsonValue& object, const char* key, const Place& place) {
    const check::JsonValue* value = object.find(key);
    if (value == nullptr || value->text() == nullptr) {
        return place.wrong(fmt::format("expected \"{}\" with a text", key));
    }
    return *value->text();
}

Result<state::Expected> expected_of(const check::JsonValue& event, const Place& place) {
    const check::JsonValue* value = event.find("expected");
    if (value == nullptr) {
        return state::Expected{};
    }
    if (const check::JsonValue* exact = value->find("exact"); exact && exact->number()) {
        return state::Expected{state::Expected::Kind::exact, Revision{*exact->number()}};
    }
    if (value->text() != nullptr && *value->text() != "") {
        if (Result<state::Expected> expected = parse_expected(*value->text());
            expected && expected->kind != state::Expected::Kind::exact) {
            return expected;
        }
    }
    return place.wrong(R"("expected" must be "any", "none", "exists" or {"exact": REVISION})");
}

Result<void> add_event(const check::JsonValue& value, const Place& place,
    LookupTable<std::string, std::uint32_t>& streams, state::Append& append) {
    LEDGER_TRY(const std::string stream, text_of(value, "stream", place));
    LEDGER_TRY(std::string type, text_of(value, "type", place));
    LEDGER_TRY(const state::Expected expected, expected_of(value, place));
    const check::JsonValue* data = value.find("data");
    if (data == nullptr) {
        return place.wrong("expected \"data\"");
    }
    state::NewEvent event;
    if (const std::uint32_t* known = streams.find(stream)) {
        event.stream = *known;  // the expectation of a stream is that of its first event
    } else {
        event.stream = static_cast<std::uint32_t>(append.streams.size());
        streams[stream] = event.stream;
        append.streams.push_back({stream, expected});
    }
    event.id = {place.line, place.event};
    event.type = std::move(type);
    event.salt = {keyed_bits(place.line, Site::event_salt, place.event, 0),
        keyed_bits(place.line, Site::event_salt, place.event, 1)};
    Result<ByteVector> metadata = check::metadata_in(value);
    if (!metadata) {
        return place.wrong(metadata.error().place);
    }
    event.metadata = std::move(*metadata);
    event.payload = check::bytes_of(*data);
    append.events.push_back(std::move(event));
    return {};
}

}  // namespace

Result<state::Append> parse_append_line(std::string_view text, std::uint64_t line) {
    LEDGER_TRY(const check::JsonValue value, check::parse_json(text, check::any_json, line));
    Place place{.line = line, .event = 0};
    const check::JsonValue* events = value.find("events");
    if (events == nullptr || events->array() == nullptr || events->array()->empty()) {
        return place.wrong("expected {\"events\": [...]} with at least one event");
    }
    state::Append append;
    LookupTable<std::string, std::uint32_t> streams;
    for (const check::JsonValue& event : *events->array()) {
        ++place.event;
        LEDGER_CHECK(add_event(event, place, streams, append));
    }
    if (const Result<void> checked = state::check_command(append); !checked) {
        return place.wrong(checked.error().place);
    }
    return append;
}

Result<ByteVector> metadata_of(const std::string& text, const Members& further) {
    check::JsonObject object;
    if (!text.empty()) {
        LEDGER_TRY(const check::JsonValue value, check::parse_json(text, check::any_json));
        if (value.object() == nullptr) {
            return failure(CtlErrc::bad_input, "expected a JSON object");
        }
        object = *value.object();
    }
    for (const auto& [name, value] : further) {
        const bool known = std::any_of(object.begin(), object.end(),
            [&name = name](const auto& member) { return member.first == name; });
        if (known && !value.empty()) {
            return failure(CtlErrc::bad_input, fmt::format("'{}' is given twice", name));
        }
        if (!value.empty()) {
            object.emplace_back(name, check::JsonValue(value));
        }
    }
    return object.empty() && text.empty() ? ByteVector()
                                          : check::bytes_of(check::JsonValue(std::move(object)));
}

Result<state::Expected> parse_expected(const std::string& text) {
    using Kind = state::Expected::Kind;
    if (text == "any") {
        return state::Expected{Kind::any, {}};
    }
    if (text == "none") {
        return state::Expected{Kind::no_stream, {}};
    }
    if (text == "exists") {
        return state::Expected{Kind::exists, {}};
    }
    Revision revision;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, revision.value);
    if (error != std::errc{} || stop != end) {
        return failure(CtlErrc::bad_input,
            fmt::format("expected any, none, exists or a revision, found '{}'", text));
    }
    return state::Expected{Kind::exact, revision};
}

std::string line_of(const state::RecordedEvent& event) {
    return fmt::format("{}\t{}\t{}\t{}\t{}\n", event.position, event.stream, event.revision,
        event.type, event.erased ? std::string_view("(erased)") : as_text(event.payload));
}

void write_event(check::JsonWriter& writer, const state::RecordedEvent& event) {
    writer.begin_object().key("schema").text("ledger.recorded/1");
    writer.key("position").number(event.position.value);
    writer.key("stream").text(event.stream).key("revision").number(event.revision.value);
    writer.key("id").text(fmt::format("{:016x}{:016x}", event.id.high, event.id.low));
    writer.key("type").text(event.type);
    if (event.wall_time != WallTime{}) {
        writer.key("time").text(text_of(event.wall_time));
    }
    if (!event.metadata.empty()) {
        writer.key("metadata");
        check::write_json_or_text(writer, event.metadata);
    }
    writer.key("data");
    if (event.erased) {
        writer.null().key("erased").boolean(true);
    } else {
        check::write_json_or_text(writer, event.payload);
    }
    writer.end_object();
}

}  // namespace ledger::node::asio
