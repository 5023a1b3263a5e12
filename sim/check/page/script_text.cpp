#include "sim/check/page/script_text.h"

#include "log/base/bytes.h"
#include "log/base/sha256.h"
#include "sim/check/json.h"
#include "sim/check/utf8.h"

namespace ledger::check {
namespace {

constexpr std::string_view dots = "...";

std::string base64(ByteSpan bytes) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = group << 8;
            group |= i + k < bytes.size() ? static_cast<std::uint32_t>(bytes[i + k]) : 0;
        }
        for (std::size_t k = 0; k < 4; ++k) {
            const std::uint32_t digit = (group >> (18 - 6 * k)) & 0x3f;
            text += i + k <= bytes.size() ? digits[digit] : '=';
        }
    }
    return text;
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

}  // namespace

std::string cut_text(std::string_view text, std::uint64_t bytes_max) {
    std::string out;
    std::size_t fits = 0;  // of `out`, with the dots behind it
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) {
            out += utf8_replacement;
        } else if (length == 1 && is_control(text.front())) {
            out += ' ';
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
        if (out.size() > bytes_max) {
            out.resize(fits);
            return out.append(dots.substr(0, static_cast<std::size_t>(bytes_max)));
        }
        fits = out.size() + dots.size() <= bytes_max ? out.size() : fits;
    }
    return out;
}

std::string script_json(std::string_view json) {
    std::string out;
    out.reserve(json.size() + json.size() / 16);
    while (!json.empty()) {
        std::size_t taken = 1;
        if (json.front() == '<') {
            out += "\\u003c";  // "<" stands in strings only
        } else if (json.starts_with("\xe2\x80\xa8")) {
            out += "\\u2028";
            taken = 3;
        } else if (json.starts_with("\xe2\x80\xa9")) {
            out += "\\u2029";
            taken = 3;
        } else {
            out += json.front();
        }
        json.remove_prefix(taken);
    }
    return out;
}

std::uint64_t script_bytes(std::string_view text) {
    std::string json;
    append_json_string(json, text);
    return script_json(json).size();
}

std::string script_source(std::string_view script) {
    return "'sha256-" + base64(sha256(as_bytes(script)).span()) + "'";
}

}  // namespace ledger::check
