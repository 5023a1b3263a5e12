#include "sim/check/json.h"

#include <fmt/format.h>

#include "log/base/assert.h"
#include "sim/check/utf8.h"

namespace ledger::check {
namespace {

void append_escaped(std::string& out, char c) {
    switch (c) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: break;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
        out += c;
    }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) {
            out += utf8_replacement;
        } else if (length == 1) {
            append_escaped(out, text.front());
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    out += '"';
}

void JsonWriter::comma() {
    if (after_key_) {
        after_key_ = false;
        return;
    }
    if (!started_.empty()) {
        if (started_.back()) {
            out_ += ',';
        }
        started_.back() = true;
    }
}

JsonWriter& JsonWriter::begin_object() {
    comma();
    out_ += '{';
    started_.push_back(false);
    return *this;
}

JsonWriter& JsonWriter::end_object() {
    LEDGER_ASSERT(!started_.empty());
    LEDGER_ASSERT(!after_key_);
    started_.pop_back();
    out_ += '}';
    return *this;
}

JsonWriter& JsonWriter::begin_array() {
    comma();
    out_ += '[';
    started_.push_back(false);
    return *this;
}

JsonWriter& JsonWriter::end_array() {
    LEDGER_ASSERT(!started_.empty());
    LEDGER_ASSERT(!after_key_);
    started_.pop_back();
    out_ += ']';
    return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    LEDGER_ASSERT(!after_key_);
    comma();
    append_json_string(out_, name);
    out_ += ':';
    after_key_ = true;
    return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
    comma();
    append_json_string(out_, value);
    return *this;
}

JsonWriter& JsonWriter::number(std::uint64_t value) {
    comma();
    fmt::format_to(std::back_inserter(out_), "{}", value);
    return *this;
}

JsonWriter& JsonWriter::signed_number(std::int64_t value) {
    comma();
    fmt::format_to(std::back_inserter(out_), "{}", value);
    return *this;
}

JsonWriter& JsonWriter::fixed(std::int64_t value, std::uint32_t decimals) {
    LEDGER_ASSERT(decimals >= 1);
    LEDGER_ASSERT(decimals <= 18);
    comma();
    std::uint64_t scale = 1;
    for (std::uint32_t i = 0; i < decimals; ++i) {
        scale *= 10;
    }
    const std::uint64_t size =
        value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    fmt::format_to(std::back_inserter(out_), "{}{}.{:0{}}", value < 0 ? "-" : "", size / scale,
        size % scale, decimals);
    return *this;
}

JsonWriter& JsonWriter::number_text(std::string_view text) {
    comma();
    out_ += text;
    return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
    comma();
    out_ += value ? "true" : "false";
    return *this;
}

JsonWriter& JsonWriter::null() {
    comma();
    out_ += "null";
    return *this;
}

JsonValue::JsonValue() = default;
JsonValue::JsonValue(Variant value) : value_(std::move(value)) {}
JsonValue::JsonValue(const JsonValue& other) = default;
JsonValue::JsonValue(JsonValue&& other) noexcept = default;
JsonValue& JsonValue::operator=(const JsonValue& other) = default;
JsonValue& JsonValue::operator=(JsonValue&& other) noexcept = default;
JsonValue::~JsonValue() = default;

std::optional<std::uint64_t> JsonValue::number() const {
    const auto* value = std::get_if<std::uint64_t>(&value_);
    return value == nullptr ? std::nullopt : std::optional(*value);
}

std::optional<std::int64_t> JsonValue::signed_number() const {
    if (const auto* value = std::get_if<std::int64_t>(&value_)) {
        return *value;
    }
    const std::optional<std::uint64_t> value = number();
    if (!value || *value > static_cast<std::uint64_t>(INT64_MAX)) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(*value);
}

const JsonValue* JsonValue::find(std::string_view key) const {
    if (const JsonObject* members = object()) {
        for (const auto& [name, value] : *members) {
            if (name == key) {
                return &value;
            }
        }
    }
    return nullptr;
}

namespace {

struct WriteValue {
    JsonWriter& json;

    void operator()(std::nullptr_t) const { json.null(); }
    void operator()(bool value) const { json.boolean(value); }
    void operator()(std::int64_t value) const { json.signed_number(value); }
    void operator()(std::uint64_t value) const { json.number(value); }
    void operator()(const std::string& value) const { json.text(value); }
    void operator()(const JsonDecimal& value) const { json.number_text(value.text); }
    void operator()(const JsonArray& values) const {
        json.begin_array();
        for (const JsonValue& value : values) {
            value.write(json);
        }
        json.end_array();
    }
    void operator()(const JsonObject& members) const {
        json.begin_object();
        for (const auto& [name, value] : members) {
            json.key(name);
            value.write(json);
        }
        json.end_object();
    }
};

}  // namespace

void JsonValue::write(JsonWriter& writer) const {
    std::visit(WriteValue{writer}, value_);
}

}  // namespace ledger::check
