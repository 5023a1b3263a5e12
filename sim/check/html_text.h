#pragma once
// Html text: pieces of a page under a budget of bytes.

#include <cstdint>
#include <string>
#include <string_view>

namespace ledger::check {

// Text as it may stand between tags and in attributes: nothing in it can end either. Bytes that
// are no UTF-8 are replaced; control characters become spaces; the text ends after `bytes_max`.
std::string escape_html(std::string_view text, std::uint64_t bytes_max = 2'000);

// Everything in front of a page's first section: style, colours for light and dark, and a policy
// that lets it load nothing. A page with a script of its own names it (script_source of
// page/script_text.h): no other one will run. `more_style` is further CSS.
std::string page_head(
    std::string_view title, std::string_view script_source = {}, std::string_view more_style = {});
inline constexpr std::string_view page_end = "</main></body></html>\n";

// Collects pieces until the budget is spent, then only counts them.
class BudgetedText {
  public:
    explicit BudgetedText(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

    void add(std::string_view piece) {
        if (omitted_ > 0 || text_.size() + piece.size() > bytes_max_) {
            ++omitted_;
        } else {
            text_ += piece;
        }
    }
    const std::string& text() const { return text_; }
    std::uint64_t omitted() const { return omitted_; }

  private:
    const std::uint64_t bytes_max_;
    std::string text_;
    std::uint64_t omitted_ = 0;
};

}  // namespace ledger::check
