#include "log/boot_table.h"

#include <catch2/catch.hpp>

namespace ledger::log {

namespace {

// The table of log/README.md, row by row; the first row that fits decides.
enum class Is { yes, no, any };

struct Row {
    Is record, identity, equal, witness, later;
    Verdict verdict;
};

constexpr Row table[] = {
    {Is::yes, Is::yes, Is::yes, Is::any, Is::any, Verdict::clean},
    {Is::yes, Is::yes, Is::no, Is::any, Is::any, Verdict::faulty},
    {Is::yes, Is::no, Is::any, Is::any, Is::any, Verdict::clean},
    {Is::no, Is::yes, Is::any, Is::yes, Is::any, Verdict::faulty},
    {Is::no, Is::no, Is::any, Is::yes, Is::any, Verdict::faulty},
    {Is::no, Is::any, Is::any, Is::no, Is::yes, Verdict::faulty},
    {Is::no, Is::any, Is::any, Is::no, Is::no, Verdict::unsealed},
};

bool fits(Is wanted, bool seen) {
    return wanted == Is::any || (wanted == Is::yes) == seen;
}

}  // namespace

TEST_CASE("boot table: all observations get the verdict of their row", "[log]") {
    for (unsigned bits = 0; bits < 32; ++bits) {
        const Observation seen{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0,
            (bits & 16) != 0};
        unsigned rows = 0;
        for (const Row& row : table) {
            const bool fit = fits(row.record, seen.record) && fits(row.identity, seen.identity) &&
                             fits(row.equal, seen.equal) && fits(row.witness, seen.witness) &&
                             fits(row.later, seen.later);
            if (fit) {
                ++rows;
                INFO("observation " << bits);
                CHECK(classify(seen) == row.verdict);
            }
        }
        CHECK(rows == 1);
    }
}

TEST_CASE("boot table: only an unwitnessed place in the last group may be cut", "[log]") {
    for (unsigned bits = 0; bits < 32; ++bits) {
        const Observation seen{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0,
            (bits & 16) != 0};
        if (classify(seen) == Verdict::unsealed) {
            CHECK((!seen.record && !seen.witness && !seen.later));
        }
    }
}

}  // namespace ledger::log
