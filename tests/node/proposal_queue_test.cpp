#include "node/proposal_queue.h"

#include <catch2/catch.hpp>

namespace ledger::node {
namespace {

constexpr Duration wait_max = milliseconds(2);

Instant at(std::int64_t microseconds_since) {
    return Instant{} + Duration{microseconds_since * 1000};
}

EntryHandle body() {
    const std::byte bytes[3] = {};
    return EntryHandle::make(bytes, {});
}

void add(ProposalQueue& queue, Instant now, std::uint64_t request) {
    queue.add(now, {ClientId{1}, RequestId{request}}, body());
}

}  // namespace

TEST_CASE("proposal queue: nothing is due before the turn is over", "[node]") {
    ProposalQueue queue(wait_max);
    CHECK(queue.deadline() == never);
    add(queue, at(5), 1);
    add(queue, at(7), 2);
    CHECK_FALSE(queue.due(at(7), 0));
    CHECK(queue.deadline() == at(5));  // now, as the host understands it
    queue.turn_over();
    CHECK(queue.due(at(7), 0));
    add(queue, at(8), 3);
    CHECK_FALSE(queue.due(at(8), 0));
}

TEST_CASE("proposal queue: fewer than are on their way wait, but not for ever", "[node]") {
    ProposalQueue queue(wait_max);
    add(queue, at(0), 1);
    add(queue, at(0), 2);
    queue.turn_over();
    CHECK(queue.due(at(1), 2));
    CHECK_FALSE(queue.due(at(1), 3));
    CHECK(queue.deadline() == at(0) + wait_max);
    CHECK(queue.due(at(0) + wait_max, 3));
}

TEST_CASE("proposal queue: the longest wait counts, also when more comes", "[node]") {
    ProposalQueue queue(wait_max);
    add(queue, at(0), 1);
    queue.turn_over();
    add(queue, at(1500), 2);
    queue.turn_over();
    CHECK(queue.deadline() == at(0) + wait_max);
}

TEST_CASE("proposal queue: it keeps order, askers and bytes until it is cleared", "[node]") {
    ProposalQueue queue(wait_max);
    add(queue, at(0), 1);
    add(queue, at(0), 2);
    REQUIRE(queue.size() == 2);
    CHECK(queue.bytes() == 6);
    CHECK(queue.askers()[1].request == RequestId{2});
    CHECK(queue.entries()[0].kind == EntryKind::command);
    CHECK(queue.entries()[0].bytes == 3);
    queue.clear();
    CHECK(queue.empty());
    CHECK(queue.bytes() == 0);
    CHECK(queue.deadline() == never);
}

}  // namespace ledger::node
