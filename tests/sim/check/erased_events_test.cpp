#include "sim/check/erased_events.h"

#include <catch2/catch.hpp>

namespace ledger::check::test {
namespace {

Operation read_at(std::uint64_t called, std::vector<SeenEvent> events) {
    Operation read{.id = OperationId{1}, .client = ClientId{3}, .node = NodeId{2}, .session = {},
        .sequence = {}, .called = {called, {}}, .returned = {called + 1, {}},
        .call = state::ReadAll{{}, state::Direction::forward, 10}, .answer = Pending{}};
    ReadAnswer answer;
    answer.events = std::move(events);
    read.answer = std::move(answer);
    return read;
}

SeenEvent seen(std::uint64_t position, bool erased) {
    return {Position{position}, Revision{position}, EventId{1, position}, erased};
}

std::vector<ErasedEvents::Mark> marks() {
    const auto ending_in = [](int last) {
        ByteVector bytes(7, std::byte{1});
        bytes.push_back(static_cast<std::byte>(last));
        return bytes;
    };
    return {{Position{4}, ending_in(3)}, {Position{6}, ending_in(4)}};
}

}  // namespace

TEST_CASE("erased events: a later question is answered without the payload", "[check]") {
    ErasedEvents check;
    check.acknowledged(Position{4}, {10, {}});
    check.acknowledged(Position{4}, {20, {}});  // once more: nothing new
    CHECK_FALSE(check.answered(read_at(11, {seen(3, false), seen(4, true)})));
    CHECK(check.result().examined == 1);
    const Finding finding = check.answered(read_at(11, {seen(4, false)}));
    REQUIRE(finding);
    CHECK(finding->find("at position 4") != std::string::npos);
    CHECK(check.result().name == "erasure");
    CHECK(check.result().verdict == CheckResult::Verdict::violated);
}

TEST_CASE("erased events: who asked before may be answered either way", "[check]") {
    ErasedEvents check;
    check.committed(Position{4});
    CHECK_FALSE(check.answered(read_at(50, {seen(4, false)})));  // nobody was told
    check.acknowledged(Position{4}, {10, {}});
    CHECK_FALSE(check.answered(read_at(10, {seen(4, false)})));
    CHECK_FALSE(check.answered(read_at(10, {seen(4, true)})));
    CHECK(check.result().examined == 0);
}

TEST_CASE("erased events: a mark on a disk is named", "[check]") {
    ErasedEvents check;
    const ByteVector clean(100, std::byte{1});
    CHECK_FALSE(check.file(NodeId{2}, "ledger/1.log", clean, marks()));
    CHECK(check.result().examined == 2);
    ByteVector dirty = clean;
    dirty[99] = std::byte{4};
    const Finding finding = check.file(NodeId{2}, "ledger/1.log", dirty, marks());
    REQUIRE(finding);
    CHECK(*finding == "the disk of n2 holds the payload of the redacted event at position 6: "
                      "file ledger/1.log, byte 92");
    CHECK_FALSE(check.file(NodeId{2}, "empty", {}, marks()));
    CHECK_FALSE(check.file(NodeId{2}, "any", dirty, {}));
}

TEST_CASE("erased events: what is committed has to be gone, told or not", "[check]") {
    ErasedEvents check;
    check.committed(Position{9});
    check.acknowledged(Position{2}, {1, {}});
    check.committed(Position{2});
    CHECK(check.positions() == std::vector<Position>{Position{2}, Position{9}});
}

}  // namespace ledger::check::test
