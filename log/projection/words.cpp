#include "log/projection/words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace ledger::projection {
namespace {

constexpr std::array<std::pair<std::string_view, Field::Kind>, 4> envelope_fields = {{
    {"stream", Field::Kind::stream},
    {"category", Field::Kind::category},
    {"type", Field::Kind::type},
    {"id", Field::Kind::id},
}};
constexpr std::array<std::pair<std::string_view, Fold::Kind>, 7> fold_names = {{
    {"count", Fold::Kind::count},
    {"sum", Fold::Kind::sum},
    {"min", Fold::Kind::min},
    {"max", Fold::Kind::max},
    {"first", Fold::Kind::first},
    {"last", Fold::Kind::last},
    {"set", Fold::Kind::set},
}};
// Longer ones first: the first that fits is taken.
constexpr std::array<std::pair<std::string_view, Comparison>, 7> comparisons = {{
    {"!=", Comparison::different},
    {"<=", Comparison::at_most},
    {">=", Comparison::at_least},
    {"=", Comparison::equal},
    {"<", Comparison::less},
    {">", Comparison::more},
    {"~", Comparison::begins_with},
}};

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool ends_word(char c) {
    return is_blank(c) || c == ',' || c == '"' || c == '=' || c == '!' || c == '<' || c == '>' ||
           c == '~';
}

template <typename Table, typename Kind>
std::string_view name_in(const Table& table, Kind kind) {
    const auto found = std::find_if(
        table.begin(), table.end(), [kind](const auto& row) { return row.second == kind; });
    return found->first;
}

// A member's name that needs no quotes.
bool is_plain(std::string_view member) {
    return !member.empty() && std::none_of(member.begin(), member.end(), [](char c) {
        return ends_word(c) || c == '.' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
    });
}

}  // namespace

void Words::skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) {
        ++at_;
    }
}

bool Words::at_end() {
    skip_blanks();
    return at_ == text_.size();
}

std::string_view Words::peek() {
    skip_blanks();
    std::size_t end = at_;
    while (end < text_.size() && !ends_word(text_[end])) {
        ++end;
    }
    return text_.substr(at_, end - at_);
}

bool Words::take(std::string_view word) {
    if (peek() != word) {
        return false;
    }
    at_ += word.size();
    return true;
}

bool Words::take_comma() {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != ',') {
        return false;
    }
    ++at_;
    return true;
}

Error Words::expected(std::string_view what) {
    skip_blanks();
    std::string found = "the end";
    if (at_ < text_.size()) {
        const std::string_view word = peek();
        found = "'" + std::string(word.empty() ? text_.substr(at_, 1) : word.substr(0, 40)) + "'";
    }
    return failure(Errc::malformed_text, "column " + std::to_string(at_ + 1) + ": expected " +
                                             std::string(what) + ", found " + found);
}

Result<std::string> Words::quoted_text() {
    const std::size_t begin = at_;
    ++at_;
    std::string out;
    while (at_ < text_.size() && text_[at_] != '"') {
        if (static_cast<unsigned char>(text_[at_]) < 0x20) {
            return expected("no control character in a text (\\n, \\t and \\r are escapes)");
        }
        char c = text_[at_++];
        if (c == '\\' && at_ < text_.size()) {
            c = text_[at_++];
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
        }
        out.push_back(c);
    }
    if (at_ == text_.size()) {
        at_ = begin;
        return expected("a text that ends with a quote");
    }
    ++at_;
    if (out.size() > text_bytes_max) {
        return failure(Errc::beyond_limit, "column " + std::to_string(begin + 1) +
                                               ": a text of " + std::to_string(out.size()) +
                                               " bytes, at most " + std::to_string(text_bytes_max));
    }
    return out;
}

// From its first sign on, which is not a dot only for the first member of metadata.
Result<Field> Words::member_field(Field::Kind kind) {
    Field field{.kind = kind, .path = {}};
    do {
        ++at_;
        if (field.path.size() == path_parts_max) {
            return expected("at most " + std::to_string(path_parts_max) + " members");
        }
        if (at_ < text_.size() && text_[at_] == '"') {
            LEDGER_TRY(std::string member, quoted_text());
            field.path.push_back(std::move(member));
            continue;
        }
        const std::size_t begin = at_;
        while (at_ < text_.size() && text_[at_] != '.' && !ends_word(text_[at_])) {
            ++at_;
        }
        if (at_ == begin) {
            return expected(std::string("the name of a member after '") + text_[begin - 1] + "'");
        }
        field.path.emplace_back(text_.substr(begin, at_ - begin));
    } while (at_ < text_.size() && text_[at_] == '.');
    return field;
}

Result<Field> Words::field() {
    skip_blanks();
    if (at_ < text_.size() && (text_[at_] == '.' || text_[at_] == '@')) {
        return member_field(text_[at_] == '.' ? Field::Kind::payload : Field::Kind::metadata);
    }
    for (const auto& [name, kind] : envelope_fields) {
        if (take(name)) {
            return Field{.kind = kind, .path = {}};
        }
    }
    return expected("a field: stream, category, type, id, .member of the payload, or @member of the "
                    "metadata");
}

Result<Fold> Words::fold() {
    for (const auto& [name, kind] : fold_names) {
        if (!take(name)) {
            continue;
        }
        Fold fold{.kind = kind, .field = {}};
        if (kind != Fold::Kind::count) {
            LEDGER_TRY(fold.field, field());
        }
        return fold;
    }
    return expected("count, sum, min, max, first, last or set");
}

Result<Comparison> Words::comparison() {
    skip_blanks();
    for (const auto& [sign, comparison] : comparisons) {
        if (text_.substr(at_, sign.size()) == sign) {
            at_ += sign.size();
            return comparison;
        }
    }
    return expected("one of = != < <= > >= ~");
}

Result<Value> Words::literal() {
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '"') {
        LEDGER_TRY(std::string text, quoted_text());
        return Value(std::move(text));
    }
    const std::string_view word = peek();
    if (word.empty()) {
        return expected("a number, a word, true, false, null or a text in quotes");
    }
    const char first = word.front() == '-' && word.size() > 1 ? word[1] : word.front();
    Value value = std::string(word);
    if (word == "null") {
        value = std::monostate{};
    } else if (word == "true" || word == "false") {
        value = word == "true";
    } else if (const auto number = Number::parse(word)) {
        value = *number;
    } else if (first >= '0' && first <= '9') {
        return expected("a number below 10^20 with at most 18 decimals, or a text in quotes");
    }
    at_ += word.size();
    return value;
}

Result<std::uint32_t> Words::count() {
    const std::string_view word = peek();
    std::uint32_t count = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), count);
    if (error != std::errc{} || end != word.data() + word.size() || count == 0) {
        return expected("a number from 1");
    }
    at_ += word.size();
    return count;
}

std::string_view text_of(Comparison comparison) {
    return name_in(comparisons, comparison);
}

std::string text_of(const Field& field) {
    if (field.path.empty()) {
        return std::string(name_in(envelope_fields, field.kind));
    }
    std::string text;
    for (const std::string& member : field.path) {
        text += field.kind == Field::Kind::metadata && text.empty() ? '@' : '.';
        text += is_plain(member) ? member : quoted(member);
    }
    return text;
}

std::string text_of(const Fold& fold) {
    std::string text(name_in(fold_names, fold.kind));
    if (fold.kind != Fold::Kind::count) {
        text += ' ' + text_of(fold.field);
    }
    return text;
}

}  // namespace ledger::projection
