#include "log/projection/value.h"

#include "log/base/assert.h"

namespace ledger::projection {
namespace {

constexpr std::uint8_t nothing_tag = 0;
constexpr std::uint8_t false_tag = 1;
constexpr std::uint8_t true_tag = 2;
constexpr std::uint8_t number_tag = 3;
constexpr std::uint8_t text_tag = 4;

void append_escaped(std::string& out, char c) {
    static constexpr char digits[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
        out += {'\\', c};
    } else if (c == '\n') {
        out += "\\n";
    } else if (c == '\t') {
        out += "\\t";
    } else if (c == '\r') {
        out += "\\r";
    } else if (byte < 0x20) {
        out += {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
    } else {
        out.push_back(c);
    }
}

}  // namespace

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        append_escaped(out, c);
    }
    out.push_back('"');
    return out;
}

std::string text_of(const Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) {
        return *text;
    }
    return is_nothing(value) ? "-" : json_of(value);
}

std::string json_of(const Value& value) {
    if (const auto* truth = std::get_if<bool>(&value)) {
        return *truth ? "true" : "false";
    }
    if (const auto* number = std::get_if<Number>(&value)) {
        return number->text();
    }
    const auto* text = std::get_if<std::string>(&value);
    return text == nullptr ? "null" : quoted(*text);
}

std::uint64_t bytes_of(const Value& value) {
    const auto* text = std::get_if<std::string>(&value);
    return text == nullptr ? 0 : text->size();
}

void encode_value(const Value& value, ByteVector& out) {
    ByteWriter writer(out);
    if (const auto* truth = std::get_if<bool>(&value)) {
        writer.u8(*truth ? true_tag : false_tag);
    } else if (const auto* number = std::get_if<Number>(&value)) {
        writer.u8(number_tag);
        writer.u64(number->high());
        writer.u64(number->low());
    } else if (const auto* text = std::get_if<std::string>(&value)) {
        LEDGER_ASSERT(text->size() <= text_bytes_max);
        writer.u8(text_tag);
        writer.u16(static_cast<std::uint16_t>(text->size()));
        writer.bytes(as_bytes(*text));
    } else {
        writer.u8(nothing_tag);
    }
}

Value decode_value(state::FieldReader& in) {
    const std::uint8_t tag = in.u8("type of a value");
    in.require(tag <= text_tag, state::Errc::malformed, "type of a value");
    if (tag == false_tag || tag == true_tag) {
        return tag == true_tag;
    }
    if (tag == number_tag) {
        const std::uint64_t high = in.u64("number");
        return Number::of_halves(high, in.u64("number"));
    }
    if (tag == text_tag) {
        return std::string(in.text(text_bytes_max, "text"));
    }
    return std::monostate{};
}

}  // namespace ledger::projection
