#include <algorithm>

#include <fmt/format.h>

#include "sim/check/log_history/log_reader.h"

// A whole history: objects one on each line, or anyhow.
namespace ledger::check {
namespace {

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// How long the object at the beginning of the text is; all of it if it does not end.
std::size_t object_size(std::string_view text) {
    std::size_t depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            i += c == '\\' ? 1u : 0u;
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return i + 1;
        }
    }
    return text.size();
}

// Objects that do not stand one on each line.
class Objects {
  public:
    explicit Objects(std::string_view text) : text_(text) {}

    Result<void> read(LogReader& reader) {
        skip_space();
        const bool array = take('[');
        bool first = true;
        for (;; first = false) {
            skip_space();
            if (array ? take(']') : at_ == text_.size()) {
                break;
            }
            if (array && !first && !take(',')) {
                return wrong("expected a comma or ] of the array");
            }
            skip_space();
            const std::size_t size = object_size(text_.substr(at_));
            if (at_ == text_.size() || text_[at_] != '{') {
                return wrong("expected an operation as a JSON object");
            }
            LEDGER_CHECK(reader.object(text_.substr(at_, size), line_, column()));
            advance(size);
        }
        skip_space();
        return at_ == text_.size() ? Result<void>{} : wrong("expected nothing behind the array");
    }

  private:
    std::uint64_t column() const { return at_ - line_begin_ + 1; }
    Error wrong(std::string_view what) const {
        return failure(
            Errc::malformed_json, fmt::format("line {}, column {}: {}", line_, column(), what));
    }
    void advance(std::size_t size) {
        for (; size > 0; --size, ++at_) {
            if (text_[at_] == '\n') {
                ++line_;
                line_begin_ = at_ + 1;
            }
        }
    }
    void skip_space() {
        while (at_ < text_.size() && is_space(text_[at_])) {
            advance(1);
        }
    }
    bool take(char c) {
        const bool is = at_ < text_.size() && text_[at_] == c;
        at_ += is ? 1u : 0u;
        return is;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::uint64_t line_ = 1;
    std::size_t line_begin_ = 0;
};

}  // namespace

// The first line that is not blank is a whole object, or something broken.
bool is_in_lines(std::string_view text) {
    const auto begin =
        static_cast<std::size_t>(std::ranges::find_if_not(text, is_space) - text.begin());
    const std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
    return !line.starts_with('[') &&
           (!line.starts_with('{') || object_size(line) < line.size() || line.ends_with('}'));
}

Result<LogHistory> parse_log_history(std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark)) {
        text.remove_prefix(byte_order_mark.size());
    }
    LogReader reader;
    if (!is_in_lines(text)) {
        LEDGER_CHECK(Objects(text).read(reader));
        text = {};
    }
    reader.expect(static_cast<std::uint64_t>(std::ranges::count(text, '\n')) + 1);
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        LEDGER_CHECK(reader.line(line));
    }
    if (reader.history().operations.empty()) {
        return failure(Errc::malformed_json, "line 1, column 1: the history has no operation");
    }
    return reader.take();
}

}  // namespace ledger::check
