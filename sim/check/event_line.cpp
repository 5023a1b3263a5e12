#include "sim/check/event_line.h"

namespace ledger::check {

void write_json_or_text(JsonWriter& writer, ByteSpan bytes) {
    if (const auto value = parse_json(as_text(bytes), any_json)) {
        value->write(writer);
    } else {
        writer.text(as_text(bytes));
    }
}

void append_event_line(const state::RecordedEvent& event, std::string& out) {
    JsonWriter writer(out);
    writer.begin_object().key("position").number(event.position.value);
    writer.key("stream").text(event.stream);
    writer.key("revision").number(event.revision.value);
    writer.key("type").text(event.type);
    if (!event.metadata.empty()) {
        write_json_or_text(writer.key("metadata"), event.metadata);
    }
    write_json_or_text(writer.key("data"), event.payload);
    writer.end_object();
    out.push_back('\n');
}

ByteVector bytes_of(const JsonValue& value) {
    std::string text;
    JsonWriter writer(text);
    value.write(writer);
    const ByteSpan bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

Result<ByteVector> metadata_in(const JsonValue& event) {
    const JsonValue* value = event.find("metadata");
    if (value == nullptr) {
        return ByteVector();
    }
    if (const std::string* text = value->text()) {
        const ByteSpan bytes = as_bytes(*text);
        return ByteVector(bytes.begin(), bytes.end());
    }
    if (value->object() == nullptr) {
        return failure(Errc::malformed_json, R"("metadata" must be an object or a text)");
    }
    return bytes_of(*value);
}

}  // namespace ledger::check
