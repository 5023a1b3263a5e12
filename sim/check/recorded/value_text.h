#pragma once
// Value text: reads data written as EDN or as JSON, one value after another, and writes EDN.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "log/base/result.h"
#include "sim/check/recorded/value.h"

namespace ledger::check {

struct ReadLimits {
    std::uint32_t depth_max = 64;             // of values in values
    std::uint64_t bytes_max = 8'000'000'000;  // of the whole text
    std::uint64_t elements_max = 16'000'000;  // of one list, set or map
};

// "line 3, column 17: ..."; lines and columns count from 1, columns in bytes.
Error error_at(std::string_view text, std::uint64_t offset, std::string_view what);

// Which line an offset lies in, for offsets that never fall.
class LineCounter {
  public:
    explicit LineCounter(std::string_view text) : text_(text) {}
    std::uint64_t line_of(std::uint64_t offset);

  private:
    std::string_view text_;
    std::uint64_t at_ = 0;
    std::uint64_t line_ = 1;
};

// The values of a text, which must stay alive: one after another, or, if the text is one list (in
// EDN a vector as well), its elements. So a large history need not be in memory as a whole.
//
// EDN (github.com/edn-format/edn) with what Clojure's printer adds: commas are blanks, comments run
// from `;` to the end of the line, `#_` discards the value behind it, the value of a tagged literal
// stands for it, metadata (`^`) is dropped, characters are texts, ratios and numbers with a point
// or of more than 64 bits are texts of the sort `number`.
class EdnValues {
  public:
    // Not `elements`: a text that is one list is one value, too.
    explicit EdnValues(std::string_view text, const ReadLimits& limits = {}, bool elements = true)
        : text_(text), limits_(limits), elements_(elements) {}

    // Nothing at the end. After an error no further call is allowed.
    Result<std::optional<Value>> next();
    // Where the value of the last next() begins.
    std::uint64_t offset() const { return began_; }

  private:
    std::string_view text_;
    ReadLimits limits_;
    bool elements_;
    std::uint64_t at_ = 0;
    std::uint64_t began_ = 0;
    std::optional<std::uint64_t> list_;  // where the list began whose elements are given
    bool started_ = false;
    bool ended_ = false;
};

// The same for JSON (RFC 8259). Numbers that are no 64-bit integers are texts of the sort `number`.
class JsonValues {
  public:
    // Not `elements`: a text that is one list is one value, too.
    explicit JsonValues(std::string_view text, const ReadLimits& limits = {}, bool elements = true)
        : text_(text), limits_(limits), elements_(elements) {}

    Result<std::optional<Value>> next();
    std::uint64_t offset() const { return began_; }

  private:
    std::string_view text_;
    ReadLimits limits_;
    bool elements_;
    std::uint64_t at_ = 0;
    std::uint64_t began_ = 0;
    std::optional<std::uint64_t> list_;
    bool started_ = false;
    bool ended_ = false;
};

// The EDN value that begins at `begin` or behind blanks there, and where it ends. Errors count
// lines and columns in the whole text.
struct ReadValue {
    Value value;
    std::uint64_t end = 0;
};
Result<ReadValue> read_edn_at(
    std::string_view text, std::uint64_t begin, const ReadLimits& limits = {});

// Exactly one value.
Result<Value> parse_edn(std::string_view text, const ReadLimits& limits = {});
Result<Value> parse_json_value(std::string_view text, const ReadLimits& limits = {});

// As EDN, so that parse_edn gives an equal value again. Strings in the keys of maps that can be
// keywords become keywords.
std::string to_edn(const Value& value);

}  // namespace ledger::check
