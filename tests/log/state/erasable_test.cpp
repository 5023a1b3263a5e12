#include "log/state/erasable.h"

#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "log/state/query.h"
#include "log/state/redactions.h"
#include "tests/log/state/examples.h"

namespace ledger::state {
namespace {

rc::Gen<std::vector<Slot>> any_slots() {
    return rc::gen::map(rc::gen::container<std::vector<Slot>>(rc::gen::inRange<Slot>(0, 10)),
        [](std::vector<Slot> slots) {
            std::sort(slots.begin(), slots.end());
            slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
            return slots;
        });
}

std::vector<Slot> together(const std::vector<Slot>& a, const std::vector<Slot>& b) {
    std::vector<Slot> all;
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(all));
    return all;
}

bool same(const EntryHandle& a, const EntryHandle& b) {
    return entry_with(1, a) == entry_with(1, b);
}

Append three_events() {
    Append append;
    append.streams = {{"s", {}}};
    append.events = {event_in(0, "first"), event_in(0, ""), event_in(0, "third")};
    return append;
}

Result<RecordedEvent> event_at(const EntryHandle& body, std::uint32_t slot) {
    return extract_event(*body, {.index = Index{1}, .slot = slot});
}

TEST_CASE("erasable: the order and the number of erasures do not matter", "[state]") {
    rc::prop("two sets of events", [] {
        const Append append = *any::append();
        const EntryHandle body = encode_command(append);
        const std::vector<Slot> first = *any_slots();
        const std::vector<Slot> second = *any_slots();
        const EntryHandle once = erase_events(body, together(first, second));
        RC_ASSERT(same(erase_events(erase_events(body, first), second), once));
        RC_ASSERT(same(erase_events(erase_events(body, second), first), once));
        RC_ASSERT(same(erase_events(once, first), once));
        RC_ASSERT(once.envelope_digest() == body.envelope_digest());
    });
}

TEST_CASE("erasable: what is left is whole, what is erased is gone", "[state]") {
    rc::prop("any set of events", [] {
        const Append append = *any::append();
        const EntryHandle body = encode_command(append);
        const std::vector<Slot> slots = *any_slots();
        const EntryHandle left = erase_events(body, slots);
        std::uint32_t erased = 0;
        for (std::uint32_t slot = 0; slot < append.events.size(); ++slot) {
            const bool gone = std::binary_search(slots.begin(), slots.end(), slot);
            erased += gone ? 1u : 0u;
            const auto event = event_at(left, slot);
            RC_ASSERT(event.has_value());
            RC_ASSERT(event->erased == gone);
            RC_ASSERT(event->payload == (gone ? ByteVector{} : append.events[slot].payload));
            RC_ASSERT(event->metadata == append.events[slot].metadata);
            RC_ASSERT(event->id == append.events[slot].id);
        }
        const Erasure expected = erased == 0                      ? Erasure::none
                                 : erased == append.events.size() ? Erasure::whole
                                                                  : Erasure::part;
        RC_ASSERT(left.erasure() == expected);
        const auto verified = verify_commitments(*left);
        RC_ASSERT(verified.has_value() == (erased == 0));
        RC_ASSERT((erased == 0 || verified.error().code == make_error_code(Errc::erased)));
        RC_ASSERT(decode_command(*left).has_value() == (erased == 0));
    });
}

TEST_CASE("erasable: every flipped bit of what is left is found", "[state]") {
    const Slot second[] = {1};
    const EntryHandle left = erase_events(encode_command(three_events()), second);
    REQUIRE(left.erasure() == Erasure::part);
    REQUIRE(left.erasable().size() == 1 + 16 + 5 + 16 + 5);
    for (std::uint64_t bit = 0; bit < left.erasable().size() * 8; ++bit) {
        ByteVector flipped = to_bytes(left.erasable());
        flipped[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        const EntryHandle damaged = EntryHandle::make_partly_erased(left.envelope(), flipped);
        const auto verified = verify_commitments(*damaged);
        REQUIRE(verified.has_error());
        REQUIRE(verified.error().code != make_error_code(Errc::erased));
    }
}

TEST_CASE("erasable: a body that is not what its envelope promises loses all of it", "[state]") {
    const EntryHandle body = encode_command(three_events());
    const Slot first[] = {0};
    ByteVector longer = to_bytes(body.erasable());
    longer.push_back({});
    CHECK(erase_events(EntryHandle::make(body.envelope(), longer), first).is_erased());
    const EntryHandle odd = EntryHandle::make_partly_erased(body.envelope(), body.erasable());
    CHECK(erase_events(odd, first).is_erased());
    CHECK(event_at(odd, 0).error().place.find("entry 1: erasable part") == 0);
    CHECK(erase_events(EntryHandle::make(as_bytes("rubbish"), as_bytes("x")), first).is_erased());
}

TEST_CASE("erasable: a bitmap has one form", "[state]") {
    const EntryHandle body = encode_command(three_events());
    const auto partly = [&](std::uint8_t bitmap, std::size_t bytes) {
        ByteVector erasable(1 + bytes);
        erasable[0] = static_cast<std::byte>(bitmap);
        const auto verified =
            verify_commitments(*EntryHandle::make_partly_erased(body.envelope(), erasable));
        return verified.error().place;
    };
    CHECK(partly(0b000, 16 * 3 + 10) == "erasable part: not partly erased");
    CHECK(partly(0b111, 0) == "erasable part: not partly erased");
    CHECK(partly(0b1001, 16 * 2 + 5) == "erasable part: a bit behind the last event");
    CHECK(partly(0b001, 20) == "erasable part: 21 bytes where the envelope names 38");
    CHECK(partly(0b001, 16 * 2 + 5) == "event 2");  // the other is empty, and its salt is 0
}

TEST_CASE("erasable: what has nothing to lose stays as it is", "[state]") {
    const Slot first[] = {0};
    const EntryHandle check = encode_command(Append{});
    CHECK(same(erase_events(check, first), check));
    const EntryHandle body = encode_command(three_events());
    const Slot none_there[] = {3, 4095};
    CHECK(same(erase_events(body, none_there), body));
    CHECK(same(erase_events(body.erased(), first), body.erased()));
    CHECK_FALSE(bool(erase_events(EntryHandle{}, first)));
}

}  // namespace
}  // namespace ledger::state
