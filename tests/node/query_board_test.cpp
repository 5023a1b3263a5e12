#include "node/query_board.h"

#include <catch2/catch.hpp>

namespace ledger::node {

TEST_CASE("query board: a granted query comes up once its index is applied, and only once",
    "[node]") {
    QueryBoard board;
    const std::uint64_t first = board.open(ClientId{1}, RequestId{10}, {});
    const std::uint64_t second = board.open(ClientId{2}, RequestId{20}, {});
    CHECK(board.size() == 2);
    board.granted(first, Index{5});
    board.granted(second, Index{7});
    CHECK_FALSE(board.next_answerable(Index{4}));
    CHECK(board.next_answerable(Index{5}) == first);
    CHECK_FALSE(board.next_answerable(Index{6}));
    CHECK(board.next_answerable(Index{9}) == second);
    CHECK_FALSE(board.next_answerable(Index{9}));
    CHECK(board.find(first)->request == RequestId{10});
    board.close(first);
    CHECK(board.find(first) == nullptr);
}

TEST_CASE("query board: what lies beyond an end is given up, the rest still comes up", "[node]") {
    QueryBoard board;
    const std::uint64_t first = board.open(ClientId{1}, RequestId{10}, {});
    const std::uint64_t second = board.open(ClientId{2}, RequestId{20}, {});
    board.granted(first, Index{5});
    board.granted(second, Index{6});
    CHECK(board.give_up_beyond(Index{5}) == std::vector{second});
    CHECK(board.find(second) != nullptr);  // until it is closed
    CHECK(board.give_up_beyond(Index{5}).empty());
    CHECK(board.next_answerable(Index{9}) == first);
    CHECK_FALSE(board.next_answerable(Index{9}));
}

}  // namespace ledger::node
