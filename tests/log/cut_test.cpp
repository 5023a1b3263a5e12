#include "log/cut.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "log/file_system.h"
#include "tests/log/golden.h"

namespace ledger::log {

namespace {

ByteVector bytes_of(std::string_view text) {
    const ByteSpan bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

CutManifest sample_manifest() {
    return {.id = {Term{7}, Index{1234}},
        .cluster_time = ClusterTime{55},
        .wall_time = WallTime{1'700'000'000'000'000'000},
        .entry_hash = sha256(as_bytes("entry 1234")),
        .configuration = bytes_of("who votes"),
        .control = bytes_of("what the replica notes"),
        .chunks = {sha256(as_bytes("first")), sha256(as_bytes("second"))},
        .bytes = 11};
}

ByteVector encoded(const CutManifest& manifest) {
    ByteVector bytes;
    encode_manifest(manifest, bytes);
    return bytes;
}

}  // namespace

TEST_CASE("cut: a manifest says what was written", "[log]") {
    rc::prop("round trip", [] {
        CutManifest manifest = sample_manifest();
        manifest.id = {Term{*rc::gen::arbitrary<std::uint64_t>()},
            Index{*rc::gen::arbitrary<std::uint64_t>()}};
        manifest.bytes = *rc::gen::arbitrary<std::uint64_t>();
        const auto count = *rc::gen::inRange<std::size_t>(0, 40);
        manifest.chunks.resize(count, sha256(as_bytes("chunk")));
        const Result<CutManifest> decoded = decode_manifest(encoded(manifest));
        RC_ASSERT(static_cast<bool>(decoded));
        RC_ASSERT(*decoded == manifest);
        RC_ASSERT(decoded->root() == manifest.root());
    });
}

TEST_CASE("cut: the bytes and the root of a manifest are the golden ones", "[log]") {
    ByteVector bytes = encoded(sample_manifest());
    const Digest root = sample_manifest().root();
    bytes.insert(bytes.end(), root.bytes.begin(), root.bytes.end());
    check_golden("log/cut_manifest.bin", bytes);
}

TEST_CASE("cut: every field of a manifest is in its root", "[log]") {
    const CutManifest sample = sample_manifest();
    std::vector<CutManifest> others(9, sample);
    others[0].id.term = Term{8};
    others[1].id.index = Index{1235};
    others[2].cluster_time = ClusterTime{56};
    others[3].wall_time = WallTime{1};
    others[4].entry_hash = sha256(as_bytes("another entry"));
    others[5].configuration = bytes_of("who vote");
    others[6].control = bytes_of("swhat the replica notes");
    others[7].chunks.pop_back();
    others[8].bytes = 12;
    for (const CutManifest& other : others) {
        CHECK(other.root() != sample.root());
    }
}

TEST_CASE("cut: no bytes that are no manifest are taken for one", "[log]") {
    const ByteVector good = encoded(sample_manifest());
    SECTION("cut short anywhere, or longer") {
        for (std::size_t length = 0; length < good.size(); ++length) {
            CHECK_FALSE(decode_manifest(ByteSpan(good).first(length)).has_value());
        }
        ByteVector longer = good;
        longer.push_back({});
        CHECK_FALSE(decode_manifest(longer).has_value());
    }
    SECTION("of another version") {
        ByteVector newer = good;
        newer[0] = std::byte{2};
        const Result<CutManifest> decoded = decode_manifest(newer);
        REQUIRE_FALSE(decoded.has_value());
        CHECK(decoded.error().code == make_error_code(Errc::unsupported));
    }
    SECTION("anything at all, without an abort and without much memory") {
        rc::prop("arbitrary bytes", [] {
            const auto noise = *rc::gen::container<std::vector<std::uint8_t>>(
                rc::gen::arbitrary<std::uint8_t>());
            ByteVector bytes(noise.size());
            std::copy(reinterpret_cast<const std::byte*>(noise.data()),
                reinterpret_cast<const std::byte*>(noise.data()) + noise.size(), bytes.begin());
            if (const Result<CutManifest> decoded = decode_manifest(bytes)) {
                ByteVector again;
                encode_manifest(*decoded, again);
                RC_ASSERT(again == bytes);
            }
        });
    }
}

}  // namespace ledger::log
