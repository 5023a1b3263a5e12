#pragma once
// Page assets: the page's own script and style, which the build puts here from *.js and page.css.

#include <string_view>

namespace ledger::check {

extern const std::string_view page_script;
extern const std::string_view page_style;

}  // namespace ledger::check
