#include "log/state/ledger.h"

#include <string>

#include <catch2/catch.hpp>

namespace ledger::state {
namespace {

EntryRef entry_of(std::uint64_t index, const Command& command) {
    EntryRef entry;
    entry.index = Index{index};
    entry.term = Term{1};
    entry.kind = EntryKind::command;
    entry.handle = encode_command(command);
    entry.bytes = entry.handle->size();
    return entry;
}

TEST_CASE("ledger: an append gets the first position and revision", "[state]") {
    Ledger ledger;
    ByteVector outcome;
    ledger.apply(entry_of(1, Append{.streams = {{"a", {}}}, .events = {NewEvent{}}}), {}, outcome);
    const auto decoded = decode_outcome(outcome);
    REQUIRE(decoded.has_value());
    CHECK(*decoded ==
          Outcome{Appended{.first = Position{0}, .events = 1, .revisions = {Revision{0}}}});
    CHECK(ledger.length() == Position{1});
}

}  // namespace
}  // namespace ledger::state
