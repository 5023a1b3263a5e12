#pragma once
// Golden: named byte strings as a text of hex lines, compared with a file in tests/golden.
// LEDGER_REWRITE_GOLDEN=1 in the environment writes the file anew.

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "log/base/bytes.h"
#include "log/base/format.h"
#include "tests/source_directory.h"

namespace ledger::node::test {

struct NamedBytes {
    std::string name;
    ByteVector bytes;
};

inline std::string golden_text(const std::vector<NamedBytes>& all) {
    std::string text;
    for (const NamedBytes& one : all) {
        text += one.name + '\n';
        for (ByteSpan rest = one.bytes; !rest.empty();) {
            const ByteSpan line = rest.first(std::min<std::uint64_t>(rest.size(), 32));
            text += "  " + to_hex(line) + '\n';
            rest = rest.subspan(line.size());
        }
    }
    return text;
}

inline ByteVector from_hex(std::string_view digits) {
    ByteVector bytes;
    for (; digits.size() >= 2; digits.remove_prefix(2)) {
        unsigned number = 0;
        std::from_chars(digits.data(), digits.data() + 2, number, 16);
        bytes.push_back(static_cast<std::byte>(number));
    }
    return bytes;
}

inline std::vector<NamedBytes> parse_golden(const std::string& text) {
    std::vector<NamedBytes> all;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("  ")) {
            REQUIRE_FALSE(all.empty());
            const ByteVector more = from_hex(std::string_view(line).substr(2));
            all.back().bytes.insert(all.back().bytes.end(), more.begin(), more.end());
        } else {
            all.push_back({line, {}});
        }
    }
    return all;
}

// The bytes that the file holds, after checking that they are what we would write today.
inline std::vector<NamedBytes> check_golden(
    const std::string& file, const std::vector<NamedBytes>& today) {
    const std::string path = source_directory() + "/tests/golden/" + file;
    const std::string text = golden_text(today);
    if (std::getenv("LEDGER_REWRITE_GOLDEN") != nullptr) {
        std::ofstream(path, std::ios::binary) << text;
    }
    std::ifstream in(path, std::ios::binary);
    REQUIRE(in);
    std::ostringstream stored;
    stored << in.rdbuf();
    CHECK(stored.str() == text);
    return parse_golden(stored.str());
}

}  // namespace ledger::node::test
