#include "log/base/entry.h"

#include <catch2/catch.hpp>

#include "log/base/format.h"

namespace ledger {

namespace {

EntryRef sample() {
    EntryRef entry;
    entry.index = Index{12};
    entry.term = Term{3};
    entry.kind = EntryKind::command;
    entry.cluster_time = {5'000};
    entry.wall_time = {1'700'000'000};
    entry.handle = EntryHandle::make(as_bytes("envelope"), as_bytes("payload"));
    entry.bytes = entry.handle->size();
    return entry;
}

}  // namespace

TEST_CASE("entry: the hash is the golden one", "[base]") {
    // The chain of every ledger hangs on this layout.
    CHECK(to_hex(entry_hash({}, sample())) ==
          "2d0464d27c6eed31bac63924dafa666a9e2183622e717741600d59c6445cff3d");
    EntryRef noop;
    noop.index = Index{1};
    noop.term = Term{1};
    CHECK(to_hex(entry_hash(sha256(as_bytes("x")), noop)) ==
          "f8c27f0ffeac26344baac7c9a9bd2f91d4318ecb5bd779a804d359998296953d");
}

TEST_CASE("entry: the hash is SHA-256 over the documented fields", "[base]") {
    const EntryRef entry = sample();
    const Digest previous = sha256(as_bytes("previous"));
    ByteVector bytes;
    ByteWriter out(bytes);
    out.bytes(previous.span());
    out.u64(12);
    out.u64(3);
    out.i64(5'000);
    out.i64(1'700'000'000);
    out.u8(2);
    out.u32(8);
    out.bytes(sha256(as_bytes("envelope")).span());
    CHECK(entry_hash(previous, entry) == sha256(bytes));
}

TEST_CASE("entry: every hashed field changes the hash, the payload does not", "[base]") {
    const Digest original = entry_hash({}, sample());
    EntryRef entry = sample();
    SECTION("index") { entry.index = Index{13}; }
    SECTION("term") { entry.term = Term{4}; }
    SECTION("kind") { entry.kind = EntryKind::noop; }
    SECTION("cluster time") { entry.cluster_time.nanoseconds += 1; }
    SECTION("wall time") { entry.wall_time.nanoseconds += 1; }
    SECTION("envelope") { entry.handle = EntryHandle::make(as_bytes("Envelope"), {}); }
    CHECK(entry_hash({}, entry) != original);
    EntryRef erased = sample();
    erased.handle = EntryHandle::make(as_bytes("envelope"), {});
    CHECK(entry_hash({}, erased) == original);
    CHECK(entry_hash(sha256({}), sample()) != original);
}

TEST_CASE("entry: handles share one body and the last one frees it", "[base]") {
    EntryHandle first = EntryHandle::make(as_bytes("a"), as_bytes("bc"));
    {
        EntryHandle second = first;
        CHECK(&*second == &*first);
        const EntryHandle third = std::move(second);
        CHECK(!second);
        CHECK(&*third == &*first);
        first = EntryHandle{};
        CHECK(as_text(third->bytes()) == "abc");
        CHECK(as_text(third.erasable()) == "bc");
        CHECK(third->envelope_size() == 1);
    }
    CHECK(!first);
    CHECK(first.envelope().empty());
    CHECK(first.envelope_digest() == sha256({}));
}

TEST_CASE("entry: without its erasable part it is another value with the same hash", "[base]") {
    const EntryRef whole = sample();
    EntryRef bare = whole;
    bare.handle = whole.handle.erased();
    bare.bytes = bare.handle->size();
    CHECK(bare.handle.is_erased());
    CHECK(bare.bytes == 8);
    CHECK_FALSE(bare == whole);
    CHECK(entry_hash({}, bare) == entry_hash({}, whole));
    CHECK(bare.handle->envelope_digest() == whole.handle->envelope_digest());
    EntryRef again = bare;
    again.handle = EntryHandle::make_erased(as_bytes("envelope"));
    CHECK(again == bare);
    again.handle = EntryHandle::make(as_bytes("envelope"), {});
    CHECK_FALSE(again == bare);
    CHECK_FALSE(again.handle.erased().is_erased());  // it never had one
    CHECK_FALSE(EntryHandle{}.erased().is_erased());
}

TEST_CASE("entry: partly erased it is a third value with the same hash", "[base]") {
    const EntryRef whole = sample();
    EntryRef part = whole;
    part.handle = EntryHandle::make_partly_erased(whole.handle.envelope(), as_bytes("left"));
    part.bytes = part.handle->size();
    CHECK(part.handle.erasure() == Erasure::part);
    CHECK_FALSE(part.handle.is_erased());
    CHECK(as_text(part.handle.erasable()) == "left");
    CHECK(entry_hash({}, part) == entry_hash({}, whole));
    EntryRef same_bytes = part;
    same_bytes.handle = EntryHandle::make(whole.handle.envelope(), as_bytes("left"));
    CHECK_FALSE(same_bytes == part);
    CHECK(part.handle.erased().erasure() == Erasure::whole);
    CHECK(EntryHandle::make(as_bytes("e"), as_bytes("p"), Erasure::none).erasure() ==
          Erasure::none);
    CHECK(EntryHandle{}.erasure() == Erasure::none);
}

TEST_CASE("entry: known kinds are those with a name", "[base]") {
    for (unsigned number = 0; number < 256; ++number) {
        const auto kind = static_cast<std::uint8_t>(number);
        CHECK(known_entry_kind(kind) == (to_text(EntryKind{kind}) != "unknown"));
    }
}

}  // namespace ledger
