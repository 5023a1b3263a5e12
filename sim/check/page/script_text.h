#pragma once
// Script text: foreign text that is carried inside a script element of a page.

#include <cstdint>
#include <string>
#include <string_view>

namespace ledger::check {

// The text in valid UTF-8 without control characters, cut after `bytes_max` bytes; a cut text ends
// in "...", which is counted in.
std::string cut_text(std::string_view text, std::uint64_t bytes_max);

// Makes JSON safe between <script> and </script>: no "<" is left, so that nothing in it can end the
// element or begin a comment, and no U+2028 or U+2029. It stays the same JSON.
std::string script_json(std::string_view json);

// Bytes that `text` takes as a string in script_json, with its quotes.
std::uint64_t script_bytes(std::string_view text);

// The source expression of a content security policy that allows this one inline script, byte for
// byte: 'sha256-...' with its quotes (W3C CSP 3, section 2.3.1).
std::string script_source(std::string_view script);

}  // namespace ledger::check
