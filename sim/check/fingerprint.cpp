#include "sim/check/fingerprint.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ledger::check {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

// A hash is a number too: at least 8 digits, of which one is decimal.
bool is_hash(std::string_view word) {
    bool decimal = false;
    for (const char c : word) {
        if (!is_hex(c)) {
            return false;
        }
        decimal = decimal || is_digit(c);
    }
    return word.size() >= 8 && decimal;
}

std::string without_numbers(std::string_view word) {
    std::string core(word);
    while (!core.empty() && (core.back() == ',' || core.back() == '.' || core.back() == ':')) {
        core.pop_back();
    }
    if (is_hash(core)) {
        return "#";
    }
    std::string shape;
    for (const char c : word) {
        if (!is_digit(c)) {
            shape.push_back(c);
        } else if (shape.empty() || shape.back() != '#') {
            shape.push_back('#');
        }
    }
    return shape;
}

std::string without_asides(std::string_view text) {
    std::string kept;
    std::uint32_t depth = 0;
    for (const char c : text) {
        depth += c == '(' ? 1u : 0u;
        if (depth == 0) {
            kept.push_back(c);
        }
        depth -= c == ')' && depth > 0 ? 1u : 0u;
    }
    return kept;
}

}  // namespace

std::string fingerprint(const Violation& violation) {
    std::vector<std::string> shape;
    const std::string sentence = without_asides(violation.sentence);
    std::string_view rest = sentence;
    while (!rest.empty()) {
        const std::size_t space = std::min(rest.find(' '), rest.size());
        std::string word = without_numbers(rest.substr(0, space));
        rest.remove_prefix(std::min(space + 1, rest.size()));
        // A list of alike things is as good as one of them.
        const auto plain = [](std::string text) {
            while (!text.empty() && (text.back() == ',' || text.back() == ':')) {
                text.pop_back();
            }
            return text;
        };
        if (!shape.empty() && plain(shape.back()) == plain(word)) {
            shape.back() = std::move(word);
            continue;
        }
        if (shape.size() > 1 && shape.back() == "and" && plain(shape[shape.size() - 2]) == plain(word)) {
            shape.pop_back();
            shape.back() = std::move(word);
            continue;
        }
        shape.push_back(std::move(word));
    }
    std::string text = violation.check + " (" + std::string(to_text(violation.kind)) + "):";
    for (const std::string& word : shape) {
        text += ' ' + word;
    }
    return text;
}

}  // namespace ledger::check
