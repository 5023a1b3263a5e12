#include "log/state/streams.h"

#include <catch2/catch.hpp>

#include "log/state/positions.h"

namespace ledger::state {
namespace {

TEST_CASE("streams: revisions are dense in each stream", "[state]") {
    Streams streams;
    CHECK_FALSE(streams.find("a"));
    const StreamNumber a = streams.create("a");
    CHECK(streams.append(a, Position{0}) == Revision{0});
    const StreamNumber b = streams.create("b");
    CHECK(streams.append(b, Position{1}) == Revision{0});
    CHECK(streams.append(a, Position{4}) == Revision{1});
    CHECK(*streams.find("a") == a);
    CHECK(*streams.find("b") == b);
    CHECK(streams.count() == 2);
    CHECK(streams.length(a) == 2);
    CHECK(streams.position(a, Revision{1}) == Position{4});
    CHECK(streams.position(b, Revision{0}) == Position{1});
    CHECK(streams.revision_from(a, Position{0}) == Revision{0});
    CHECK(streams.revision_from(a, streams.position(a, Revision{1})) == Revision{1});
    CHECK(streams.revision_from(a, Position{5}) == Revision{2});
}

TEST_CASE("streams: an expectation holds for the lengths it names", "[state]") {
    const auto lengths = [](const Expected& expected) {
        std::string out;
        for (std::uint64_t length = 0; length < 4; ++length) {
            out += holds(expected, length) ? 'y' : '-';
        }
        return out;
    };
    CHECK(lengths({Expected::Kind::any, {}}) == "yyyy");
    CHECK(lengths({Expected::Kind::no_stream, {}}) == "y---");
    CHECK(lengths({Expected::Kind::exists, {}}) == "-yyy");
    CHECK(lengths({Expected::Kind::exact, Revision{0}}) == "-y--");
    CHECK(lengths({Expected::Kind::exact, Revision{2}}) == "---y");
    // No revision stands for "no stream", not even the one before the first.
    CHECK(lengths({Expected::Kind::exact, Revision{~std::uint64_t{0}}}) == "----");
}

TEST_CASE("positions: every position has its entry, slot and revision", "[state]") {
    Positions positions;
    positions.add(Index{3}, StreamNumber{1}, Revision{5});
    positions.add(Index{3}, StreamNumber{1}, Revision{6});
    positions.add(Index{9}, StreamNumber{0}, Revision{0});
    CHECK(positions.length() == Position{3});
    CHECK(positions.locate(Position{0}) == EventLocation{Position{0}, Revision{5}, Index{3}, 0});
    CHECK(positions.locate(Position{1}) == EventLocation{Position{1}, Revision{6}, Index{3}, 1});
    CHECK(positions.locate(Position{2}) == EventLocation{Position{2}, Revision{0}, Index{9}, 0});
}

}  // namespace
}  // namespace ledger::state
