#pragma once
// Words: the text of a definition or a predicate, read from left to right, with columns.

#include <cstdint>
#include <string>
#include <string_view>

#include "log/base/result.h"
#include "log/projection/definition.h"
#include "log/projection/errc.h"

namespace ledger::projection {

class Words {
  public:
    explicit Words(std::string_view text) : text_(text) {}

    bool at_end();
    // Takes the word if it comes next; words end at blanks, commas, quotes and comparisons.
    bool take(std::string_view word);
    bool take_comma();
    // "column 7: expected ..., found ...".
    Error expected(std::string_view what);

    Result<Field> field();
    Result<Fold> fold();
    Result<Comparison> comparison();
    Result<Value> literal();
    Result<std::uint32_t> count();

  private:
    void skip_blanks();
    std::string_view peek();
    Result<std::string> quoted_text();
    Result<Field> member_field(Field::Kind kind);

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace ledger::projection
