#include "log/base/sha256.h"

#include <openssl/sha.h>

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "log/base/format.h"

namespace ledger {

namespace {

Digest by_openssl(ByteSpan data) {
    Digest digest;
    SHA256(reinterpret_cast<const unsigned char*>(data.data()), data.size(),
        reinterpret_cast<unsigned char*>(digest.bytes.data()));
    return digest;
}

ByteVector counted(std::size_t size) {
    ByteVector bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<std::byte>(i * 7 % 253);
    }
    return bytes;
}

}  // namespace

TEST_CASE("sha256: the vectors of FIPS 180-4", "[base]") {
    CHECK(to_hex(sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(to_hex(sha256(as_bytes("abc"))) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(to_hex(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))) ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("sha256: agrees with OpenSSL at every length around the block borders", "[base]") {
    for (std::size_t size = 0; size < 300; ++size) {
        const ByteVector bytes = counted(size);
        CHECK(sha256(bytes) == by_openssl(bytes));
    }
    const ByteVector large = counted(1'000'003);
    CHECK(sha256(large) == by_openssl(large));
}

TEST_CASE("sha256: the pieces do not matter", "[base]") {
    rc::prop("three updates", [](const std::vector<std::uint8_t>& a,
                                  const std::vector<std::uint8_t>& b,
                                  const std::vector<std::uint8_t>& c) {
        ByteVector whole;
        ByteWriter out(whole);
        Sha256 hash;
        for (const auto* part : {&a, &b, &c}) {
            hash.update(std::as_bytes(std::span(*part)));
            out.bytes(std::as_bytes(std::span(*part)));
        }
        RC_ASSERT(hash.finish() == by_openssl(whole));
    });
}

TEST_CASE("sha256: the portable compression gives the same digest", "[base]") {
    // FIPS 180-4 by hand: padding, then the portable compression from the initial state.
    rc::prop("twin", [](const std::vector<std::uint8_t>& numbers) {
        const ByteSpan data = std::as_bytes(std::span(numbers));
        ByteVector padded(data.begin(), data.end());
        padded.push_back(std::byte{0x80});
        while (padded.size() % 64 != 56) {
            padded.push_back(std::byte{0});
        }
        for (int shift = 56; shift >= 0; shift -= 8) {
            padded.push_back(static_cast<std::byte>((data.size() * 8) >> shift));
        }
        std::array<std::uint32_t, 8> state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
        sha256_compress_portable(state, padded.data(), padded.size() / 64);
        Digest digest;
        for (std::size_t i = 0; i < 32; ++i) {
            digest.bytes[i] = static_cast<std::byte>(state[i / 4] >> (24 - 8 * (i % 4)));
        }
        RC_ASSERT(digest == sha256(data));
    });
}

TEST_CASE("sha256: truncated is the first eight bytes, little-endian", "[base]") {
    CHECK(sha256(as_bytes("abc")).truncated() == 0xeacf018fbf1678ba);
}

}  // namespace ledger
