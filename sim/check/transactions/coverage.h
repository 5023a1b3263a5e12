#pragma once
// Coverage: what an examination of transactions has looked at.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ledger::check {

struct Coverage {
    // In the order in which they are told.
    std::vector<std::pair<std::string, std::uint64_t>> counts;
    // What could have been wrong: 0 = the history shows nothing that could be compared.
    std::uint64_t examined = 0;

    void add(std::string what, std::uint64_t count) { counts.emplace_back(std::move(what), count); }
};

}  // namespace ledger::check
