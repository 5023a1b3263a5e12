#include "node/hash_window.h"

#include <catch2/catch.hpp>

namespace ledger::node {
namespace {

EntryRef entry_at(std::uint64_t index) {
    EntryRef entry;
    entry.index = Index{index};
    entry.term = Term{1};
    return entry;
}

}  // namespace

TEST_CASE("hash window: the chain goes on from its base, and back to any place", "[node]") {
    HashWindow window;
    const Digest base = sha256(as_bytes("five"));
    window.reset(Index{5}, base);
    const HashedEntry six = window.append(entry_at(6));
    const HashedEntry seven = window.append(entry_at(7));
    CHECK(six.hash == entry_hash(base, entry_at(6)));
    CHECK(seven.hash == entry_hash(six.hash, entry_at(7)));
    window.truncate(Index{6});
    CHECK(window.last() == Index{6});
    CHECK(window.append(entry_at(7)).hash == seven.hash);
    window.release(Index{6});
    CHECK(window.base() == Index{6});
    CHECK(window.at(Index{6}) == six.hash);
}

TEST_CASE("hash window: behind a damaged entry nothing is known until it is learnt", "[node]") {
    HashWindow window;
    window.reset(Index{0}, {});
    CHECK(window.knows(Index{0}));  // the chain begins with zeros
    const Digest one = window.append(entry_at(1)).hash;
    window.append_as_found({});
    window.append_as_found({});
    const Digest four = sha256(as_bytes("as a block names it"));
    window.append_as_found(four);
    CHECK_FALSE(window.knows(Index{2}));
    CHECK_FALSE(window.knows(Index{3}));
    CHECK(window.knows(Index{4}));
    const Digest five = window.append(entry_at(5)).hash;
    CHECK(five == entry_hash(four, entry_at(5)));
    const Digest two = entry_hash(one, entry_at(2));
    window.learn(Index{2}, two);
    window.learn(Index{2}, two);  // once more is no news
    CHECK(window.knows(Index{2}));
    CHECK_FALSE(window.knows(Index{3}));
    CHECK(window.at(Index{2}) == two);
}

TEST_CASE("hash window: a gap is cut away or released like everything else", "[node]") {
    HashWindow window;
    window.reset(Index{0}, {});
    const Digest one = window.append(entry_at(1)).hash;
    window.append_as_found({});
    window.append_as_found({});
    window.truncate(Index{1});
    CHECK(window.knows(window.last()));
    CHECK(window.append(entry_at(2)).hash == entry_hash(one, entry_at(2)));
}

}  // namespace ledger::node
