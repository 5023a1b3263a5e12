#include "sim/check/html_text.h"

#include "sim/check/utf8.h"

namespace ledger::check {
namespace {

void append_character(std::string& out, char c) {
    switch (c) {
        case '&': out += "&amp;"; return;
        case '<': out += "&lt;"; return;
        case '>': out += "&gt;"; return;
        case '"': out += "&quot;"; return;
        case '\'': out += "&#39;"; return;
        default: break;
    }
    const bool control = (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f;
    out += control ? ' ' : c;
}

}  // namespace

std::string escape_html(std::string_view text, std::uint64_t bytes_max) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::size_t taken = length == 0 ? 1 : length;
        if (taken > bytes_max) {
            return out + "...";
        }
        if (length == 0) {
            out += utf8_replacement;
        } else if (length == 1) {
            append_character(out, text.front());
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(taken);
        bytes_max -= taken;
    }
    return out;
}

}  // namespace ledger::check
