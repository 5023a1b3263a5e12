#pragma once
// Edit distance: how many letters two words are apart, for "did you mean".

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <vector>

namespace ledger {

// Levenshtein's: letters added, taken away or replaced. Time grows with both lengths: bound what comes
// from outside.
inline std::uint64_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::uint64_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::uint64_t{0});
    for (std::uint64_t i = 1; i <= a.size(); ++i) {
        std::uint64_t diagonal = row[0];
        row[0] = i;
        for (std::uint64_t j = 1; j <= b.size(); ++j) {
            const std::uint64_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0u : 1u);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row.back();
}

}  // namespace ledger
