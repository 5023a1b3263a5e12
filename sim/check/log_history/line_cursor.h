#pragma once
// Line cursor: walks through one JSON object, most often one line of a history, fast where it is
// plain.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/check/json.h"

namespace ledger::check {

// Numbers, plain strings and arrays of them are read here; all else goes through the strict reader
// of JSON. After a failure everything fails and error() says where: "line 3, column 17: ...".
class LineCursor {
  public:
    // The object begins in this line and column of the file; it may go over several lines.
    LineCursor(std::string_view object, std::uint64_t line, std::uint64_t column = 1)
        : text_(object), line_(line), column_(column) {}

    // The object begins; false: error().
    bool begin();
    // The next key, nothing at the end of the object and after a failure.
    std::optional<std::string_view> key();

    // What the value under the key looks like.
    enum class Shape : std::uint8_t { number, text, array, object, word };
    Shape shape() const;

    std::optional<std::uint64_t> number();
    std::optional<std::int64_t> signed_number();
    // Valid as long as the cursor and the line.
    std::optional<std::string_view> text();
    std::optional<bool> boolean();
    // True if it was there.
    bool null();
    // Any value.
    std::optional<JsonValue> any();

    // `begin_array` enters an array that is not empty, and `next_element` goes on to the next one.
    // Both are false at the end and after a failure.
    bool begin_array();
    bool next_element();

    // Counted from the object's first character on.
    std::uint64_t column() const { return at_ + 1; }
    void fail(std::string_view what) { fail_at(column(), what); }
    void fail_at(std::uint64_t column, std::string_view what);
    bool failed() const { return error_.has_value(); }
    // Only if failed().
    Error error() const;

  private:
    int peek() const { return at_ < text_.size() ? static_cast<unsigned char>(text_[at_]) : -1; }
    void skip_space() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' ||
                                         text_[at_] == '\r' || text_[at_] == '\n')) {
            ++at_;
        }
    }
    struct Place {
        std::uint64_t line;
        std::uint64_t column;
    };
    Place place_of(std::uint64_t column) const;
    std::size_t extent() const;

    std::string_view text_;
    std::uint64_t line_;
    std::uint64_t column_;
    std::size_t at_ = 0;
    bool first_ = true;
    std::optional<Error> error_;
    std::vector<std::string_view> keys_;                 // seen
    std::vector<std::unique_ptr<std::string>> decoded_;  // texts with escapes
};

}  // namespace ledger::check
