#pragma once
// Golden: bytes of a format compared with a file of hex digits that was checked in.

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "log/base/format.h"
#include "tests/source_directory.h"

namespace ledger {

// Rows of 32 bytes. LEDGER_REWRITE_GOLDEN=1 writes the file anew instead of comparing.
inline void check_golden(const std::string& name, ByteSpan bytes) {
    const std::string path = source_directory() + "/tests/golden/" + name;
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 32) {
        text += to_hex(bytes.subspan(at, std::min<std::size_t>(32, bytes.size() - at))) + "\n";
    }
    if (std::getenv("LEDGER_REWRITE_GOLDEN") != nullptr) {
        std::ofstream(path) << text;
        return;
    }
    std::ifstream file(path);
    INFO("golden file " << path);
    REQUIRE(file.is_open());
    std::ostringstream expected;
    expected << file.rdbuf();
    CHECK(text == expected.str());
}

}  // namespace ledger
