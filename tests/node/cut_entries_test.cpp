#include "node/cut_entries.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

namespace ledger::node {
namespace {

AgreedCut cut_at(std::uint64_t index) {
    return {{Term{3}, Index{index}}, sha256(as_bytes(std::to_string(index)))};
}

ByteVector any_bytes() {
    ByteVector bytes;
    for (const std::uint8_t byte : *rc::gen::container<std::vector<std::uint8_t>>(
             rc::gen::inRange<std::uint8_t>(0, 4))) {
        bytes.push_back(std::byte{byte});
    }
    return bytes;
}

}  // namespace

TEST_CASE("cut_entries: an entry says what it was made for, and nothing else", "[node]") {
    const EntryRef root = cut_root_entry(cut_at(12));
    const EntryRef retain = retain_entry(Index{12});
    CHECK(agreed_cut_of(root) == cut_at(12));
    CHECK(retained_of(retain) == Index{12});
    CHECK_FALSE(retained_of(root).has_value());
    CHECK_FALSE(agreed_cut_of(retain).has_value());
    CHECK_FALSE(agreed_cut_of(cut_entry()).has_value());
    CHECK(root.bytes == root.handle->size());
}

TEST_CASE("cut_entries: bytes that are no body are none", "[node]") {
    rc::prop("arbitrary bodies", [] {
        const ByteVector bytes = any_bytes();
        EntryRef entry{.kind = *rc::gen::element(EntryKind::cut_root, EntryKind::retain),
            .handle = EntryHandle::make(bytes, {})};
        if (const auto agreed = agreed_cut_of(entry)) {
            RC_ASSERT(cut_root_entry(*agreed).handle.envelope().size() == bytes.size());
        }
        if (const auto upto = retained_of(entry)) {
            RC_ASSERT(retain_entry(*upto).handle.envelope().size() == bytes.size());
        }
        if (const auto control = decode_control(bytes)) {
            ByteVector again;
            encode_control(*control, again);
            RC_ASSERT(again == bytes);
        }
    });
}

TEST_CASE("cut_entries: a root is agreed upon once, in order, for cuts that exist", "[node]") {
    CutControl control;
    control.last_cut = Index{20};
    CHECK(control.agree(cut_at(10)));
    CHECK_FALSE(control.agree({cut_at(10).cut, sha256(as_bytes("another"))}));
    CHECK_FALSE(control.agree(cut_at(9)));
    CHECK_FALSE(control.agree(cut_at(21)));
    REQUIRE(control.find(Index{10}) != nullptr);
    CHECK(control.find(Index{10})->root == cut_at(10).root);
}

TEST_CASE("cut_entries: only an agreed cut may be retained from, and only forwards", "[node]") {
    CutControl control;
    control.last_cut = Index{100};
    CHECK_FALSE(control.retain(Index{10}));
    CHECK(control.agree(cut_at(10)));
    CHECK(control.agree(cut_at(20)));
    CHECK_FALSE(control.retain(Index{15}));
    CHECK(control.retain(Index{20}));
    CHECK(control.retained == Index{20});
    CHECK(control.find(Index{10}) == nullptr);
    CHECK_FALSE(control.retain(Index{10}));
    CHECK_FALSE(control.retain(Index{20}));
}

TEST_CASE("cut_entries: what is remembered is bounded and survives its bytes", "[node]") {
    CutControl control;
    control.last_cut = Index{1000};
    for (std::uint64_t index = 1; index <= 100; ++index) {
        CHECK(control.agree(cut_at(index)));
    }
    CHECK(control.agreed.size() == CutControl::agreed_max);
    CHECK(control.find(Index{100}) != nullptr);
    CHECK(control.find(Index{1}) == nullptr);
    ByteVector bytes;
    encode_control(control, bytes);
    CHECK(decode_control(bytes) == control);
    bytes.pop_back();
    CHECK_FALSE(decode_control(bytes).has_value());
}

}  // namespace ledger::node
