#include "sim/gate.h"

#include <vector>

#include <catch2/catch.hpp>

namespace ledger::sim {
namespace {

const Instant now = Instant{} + seconds(1);

Item item(ItemKind kind, std::uint64_t number) {
    return {.a = number, .kind = kind};
}

std::vector<std::uint64_t> passing(Gate& gate, Instant at) {
    std::vector<std::uint64_t> numbers;
    while (const auto next = gate.next(at)) {
        numbers.push_back(next->a);
    }
    return numbers;
}

}  // namespace

TEST_CASE("gate: an open one keeps nothing", "[sim]") {
    Gate gate;
    CHECK(gate.admits(now, item(ItemKind::deliver, 1)));
    CHECK(gate.admits(now, item(ItemKind::stored, 2)));
    CHECK_FALSE(gate.next(now));
    CHECK_FALSE(needs_process(ItemKind::restart));
    CHECK_FALSE(needs_process(ItemKind::client_reply));
}

TEST_CASE("gate: a paused process finds everything in its order", "[sim]") {
    Gate gate;
    gate.pause();
    CHECK_FALSE(gate.admits(now, item(ItemKind::deliver, 1)));
    CHECK_FALSE(gate.admits(now, item(ItemKind::stored, 2)));
    CHECK_FALSE(gate.next(now));
    CHECK(gate.keeps_process());
    gate.resume();
    CHECK_FALSE(gate.admits(now, item(ItemKind::wake, 3)));  // not before those that wait
    CHECK(passing(gate, now) == std::vector<std::uint64_t>{1, 2, 3});
    CHECK(gate.admits(now, item(ItemKind::wake, 4)));
}

TEST_CASE("gate: a disk that hangs keeps its own operations only", "[sim]") {
    Gate gate;
    gate.stall();
    CHECK_FALSE(gate.admits(now, item(ItemKind::stored, 1)));
    CHECK_FALSE(gate.admits(now, item(ItemKind::loaded, 2)));
    CHECK(gate.admits(now, item(ItemKind::deliver, 3)));
    CHECK_FALSE(gate.next(now));
    CHECK(gate.keeps_disk());
    gate.pause();
    gate.flow();
    CHECK_FALSE(gate.next(now));  // they have ended, and nobody has heard of it
    gate.resume();
    CHECK(passing(gate, now) == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("gate: a process that computes takes the next thing when it is done", "[sim]") {
    Gate gate;
    gate.work_until(now + milliseconds(2));
    CHECK_FALSE(gate.admits(now, item(ItemKind::deliver, 1)));
    CHECK_FALSE(gate.admits(now + milliseconds(1), item(ItemKind::deliver, 2)));
    CHECK_FALSE(gate.next(now + milliseconds(1)));
    REQUIRE(gate.next(now + milliseconds(2)));
    gate.work_until(now + milliseconds(3));
    CHECK_FALSE(gate.next(now + milliseconds(2)));
    CHECK(passing(gate, now + milliseconds(3)) == std::vector<std::uint64_t>{2});
}

TEST_CASE("gate: a machine that is gone hands back what waited, and is open again", "[sim]") {
    Gate gate;
    gate.pause();
    gate.stall();
    gate.admits(now, item(ItemKind::stored, 1));
    gate.admits(now, item(ItemKind::deliver, 2));
    const std::vector<Item> kept = gate.clear();
    REQUIRE(kept.size() == 2);
    CHECK(kept[0].a == 2);
    CHECK(kept[1].a == 1);
    CHECK(gate.admits(now, item(ItemKind::stored, 3)));
}

}  // namespace ledger::sim
