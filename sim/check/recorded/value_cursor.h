#pragma once
// Value cursor: what reading EDN and reading JSON have in common.

#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "sim/check/errc.h"
#include "sim/check/recorded/value_text.h"
#include "sim/check/utf8.h"

namespace ledger::check {

class ValueCursor {
  public:
    ValueCursor(std::string_view text, const ReadLimits& limits, std::uint64_t at)
        : text_(text), limits_(limits), at_(at) {}

    std::uint64_t at() const { return at_; }
    int peek(std::uint64_t ahead = 0) const {
        return at_ + ahead < text_.size() ? static_cast<unsigned char>(text_[at_ + ahead]) : -1;
    }
    bool take(char c) {
        const bool is = peek() == static_cast<unsigned char>(c);
        at_ += is ? 1 : 0;
        return is;
    }
    void skip(std::uint64_t bytes) { at_ += bytes; }
    std::string_view from(std::uint64_t begin) const { return text_.substr(begin, at_ - begin); }

    Error wrong(std::string_view what) const { return error_at(text_, at_, what); }
    Error wrong_at(std::uint64_t offset, std::string_view what) const {
        return error_at(text_, offset, what);
    }
    // "expected ..., found ..."
    Error expected(std::string_view what) const;
    // A text, list or map that does not end.
    Error open_ended(std::string_view what, std::uint64_t began) const;
    Error too_deep() const {
        return error_at(
            text_, at_, fmt::format("more than {} values in each other", limits_.depth_max));
    }
    Error too_many(std::uint64_t began) const {
        return error_at(text_, began,
            fmt::format("more than {} elements, which is the limit", limits_.elements_max));
    }

    // Four hex digits behind \u.
    Result<std::uint32_t> hex4();
    // The code point behind \u, with the second half of a surrogate pair if one follows.
    Result<void> unicode_escape(std::string& out);

  protected:
    const ReadLimits& limits() const { return limits_; }

    std::string_view text_;
    const ReadLimits& limits_;
    std::uint64_t at_;
};

// An integer of 64 bits, or the text itself as a number.
Value number_value(std::string_view digits);
// The key that is in the map twice, or nullptr.
const Value* doubled_key(const ValueMap& map);

}  // namespace ledger::check
