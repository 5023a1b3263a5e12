#include <catch2/catch.hpp>

#include "tests/log/state/allocations.h"
#include "tests/log/state/examples.h"
#include "log/state/ledger.h"

namespace ledger::state {
namespace {

TEST_CASE("ledger: apply allocates only for what it keeps", "[state]") {
    Ledger ledger;
    ByteVector outcome;
    ledger.apply(entry_with(1, encode_command(RegisterSession{})), {}, outcome);
    std::vector<EntryRef> entries;
    for (std::uint64_t i = 2; i <= 4001; ++i) {
        Append append{.session = SessionId{1}, .sequence = Sequence{i}};
        append.acknowledged_through = Sequence{i - 1};
        append.streams = {{"orders", {}}, {"audit", {}}};
        append.events = {event_in(0, "payload"), event_in(1, "payload")};
        entries.push_back(entry_with(i, encode_command(append), static_cast<std::int64_t>(i)));
    }
    const std::uint64_t warm = 2000;
    std::uint64_t before = 0;
    for (std::uint64_t i = 0; i < entries.size(); ++i) {
        if (i == warm) {
            before = allocations();
        }
        outcome.clear();
        ledger.apply(entries[i], {}, outcome);
    }
    CHECK(ledger.length() == Position{8000});
    // Tables grow by chunks of 512 bytes: one per 32 entries and one per 64 events, two events
    // each, and the positions of two streams double. Nothing else.
    const std::uint64_t applied = entries.size() - warm;
    CHECK(allocations() - before <= applied / 32 + 2 * applied / 64 + 16);
}

TEST_CASE("command: encoding allocates a buffer and the body, however many events", "[state]") {
    Append append{.streams = {{"orders", {}}}};
    append.events.assign(1000, event_in(0, "payload"));
    const std::uint64_t before = allocations();
    const EntryHandle body = encode_command(append);
    CHECK(allocations() - before <= 3);
    CHECK(body->envelope_size() > 0);
}

}  // namespace
}  // namespace ledger::state
