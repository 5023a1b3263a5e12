#include "log/log_map.h"

#include <catch2/catch.hpp>

namespace ledger::log {

namespace {

Digest digest_of(std::uint64_t number) {
    return sha256(as_bytes(std::to_string(number)));
}

}  // namespace

TEST_CASE("log map: it knows places, terms and the last hash", "[log]") {
    LogMap map(Index{5}, digest_of(4));
    CHECK(map.last() == Index{4});
    CHECK(map.hash_at(Index{4}) == digest_of(4));
    CHECK(map.last_term() == Term{0});
    for (std::uint64_t i = 5; i < 20; ++i) {
        map.append(Term{i / 4}, {1, static_cast<std::uint32_t>(i * 16)}, digest_of(i));
    }
    CHECK(map.holds(Index{5}));
    CHECK(!map.holds(Index{4}));
    CHECK(!map.holds(Index{20}));
    CHECK(map.place(Index{7}).offset() == 7 * 128);
    const std::vector<TermRun> runs = {
        {Index{5}, Term{1}}, {Index{8}, Term{2}}, {Index{12}, Term{3}}, {Index{16}, Term{4}}};
    CHECK(map.terms() == runs);
    map.truncate(Index{11}, digest_of(11));
    CHECK(map.last() == Index{11});
    CHECK(map.last_term() == Term{2});
    CHECK(map.hash_at(Index{11}) == digest_of(11));
}

TEST_CASE("log map: below the commit hashes get sparse, above none is lost", "[log]") {
    LogMap map;
    for (std::uint64_t i = 1; i <= 5000; ++i) {
        map.append(Term{1}, {0, static_cast<std::uint32_t>(i)}, digest_of(i));
        if (i > 300) {
            map.committed(Index{i - 300});
        }
    }
    for (std::uint64_t i = 4700; i <= 5000; ++i) {
        CHECK(map.hash_at(Index{i}) == digest_of(i));
    }
    std::uint64_t exact = 0;
    for (std::uint64_t i = 0; i <= 3000; ++i) {
        const HashMark& mark = map.mark_at_or_before(Index{i});
        CHECK(mark.index <= Index{i});
        CHECK(mark.index + hash_mark_interval > Index{i});
        CHECK((mark.index == Index{0} || mark.hash == digest_of(mark.index.value)));
        exact += mark.index == Index{i} ? 1u : 0u;
    }
    CHECK(exact < 3000 / hash_mark_interval + 5);
}

TEST_CASE("log map: hashes of unhashed entries are learnt later", "[log]") {
    LogMap map;
    map.append_unhashed(Term{1}, {0, 1});
    map.append_unhashed(Term{1}, {0, 2});
    CHECK(map.mark_at_or_before(Index{2}).index == Index{0});
    map.learn(Index{2}, digest_of(2));
    map.learn(Index{1}, digest_of(1));
    map.learn(Index{1}, digest_of(1));
    CHECK(map.hash_at(Index{1}) == digest_of(1));
    CHECK(map.marks(Index{1}, Index{2}).size() == 2);
}

}  // namespace ledger::log
