#include "log/base/sha256.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ledger {
namespace {

alignas(16) constexpr std::array<std::uint32_t, 64> round_constants = {0x428a2f98, 0x71374491,
    0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
    0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138,
    0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f,
    0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr std::array<std::uint32_t, 8> initial_state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372,
    0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

constexpr std::uint32_t rotate_right(std::uint32_t x, int by) {
    return (x >> by) | (x << (32 - by));
}

std::uint32_t load_big_endian(const std::byte* at) {
    return (static_cast<std::uint32_t>(at[0]) << 24) | (static_cast<std::uint32_t>(at[1]) << 16) |
           (static_cast<std::uint32_t>(at[2]) << 8) | static_cast<std::uint32_t>(at[3]);
}

#if defined(__x86_64__)
// The SHA extensions work on the state as (A,B,E,F) and (C,D,G,H).
__attribute__((target("sha,sse4.1,ssse3"))) void compress_sha_ni(
    std::array<std::uint32_t, 8>& state, const std::byte* blocks, std::uint64_t count) {
    const __m128i byte_order = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    const auto load = [](const void* from) {
        return _mm_loadu_si128(static_cast<const __m128i*>(from));
    };
    __m128i dcba = load(state.data());
    __m128i hgfe = load(state.data() + 4);
    const __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1);
    const __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
    __m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);

    for (; count > 0; --count, blocks += 64) {
        const __m128i abef_before = abef;
        const __m128i cdgh_before = cdgh;
        __m128i words[4];
        for (int i = 0; i < 4; ++i) {
            words[i] = _mm_shuffle_epi8(load(blocks + 16 * i), byte_order);
        }
        for (int group = 0; group < 16; ++group) {
            __m128i current = words[group & 3];
            if (group >= 4) {
                // w[t] = s1(w[t-2]) + w[t-7] + s0(w[t-15]) + w[t-16], four at a time.
                const __m128i w0 = words[group & 3];
                const __m128i w4 = words[(group + 1) & 3];
                const __m128i w8 = words[(group + 2) & 3];
                const __m128i w12 = words[(group + 3) & 3];
                current = _mm_sha256msg1_epu32(w0, w4);
                current = _mm_add_epi32(current, _mm_alignr_epi8(w12, w8, 4));
                current = _mm_sha256msg2_epu32(current, w12);
                words[group & 3] = current;
            }
            const __m128i keyed = _mm_add_epi32(current, load(round_constants.data() + 4 * group));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, keyed);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(keyed, 0x0e));
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }

    const __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    dcba = _mm_blend_epi16(feba, dchg, 0xf0);
    hgfe = _mm_alignr_epi8(dchg, feba, 8);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data()), dcba);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data() + 4), hgfe);
}

bool has_sha_ni() {
    // CPUID leaf 7, EBX bit 29; __builtin_cpu_supports of GCC 12 does not know "sha".
    unsigned eax = 7;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return (ebx & (1u << 29)) != 0 && __builtin_cpu_supports("sse4.1") != 0;
}
#endif

void compress(std::array<std::uint32_t, 8>& state, const std::byte* blocks, std::uint64_t count) {
#if defined(__x86_64__)
    static const bool accelerated = has_sha_ni();
    if (accelerated) {
        compress_sha_ni(state, blocks, count);
        return;
    }
#endif
    sha256_compress_portable(state, blocks, count);
}

}  // namespace

void sha256_compress_portable(
    std::array<std::uint32_t, 8>& state, const std::byte* blocks, std::uint64_t count) {
    for (; count > 0; --count, blocks += 64) {
        std::array<std::uint32_t, 64> w;
        for (std::size_t t = 0; t < 16; ++t) {
            w[t] = load_big_endian(blocks + 4 * t);
        }
        for (std::size_t t = 16; t < 64; ++t) {
            const std::uint32_t s0 =
                rotate_right(w[t - 15], 7) ^ rotate_right(w[t - 15], 18) ^ (w[t - 15] >> 3);
            const std::uint32_t s1 =
                rotate_right(w[t - 2], 17) ^ rotate_right(w[t - 2], 19) ^ (w[t - 2] >> 10);
            w[t] = w[t - 16] + s0 + w[t - 7] + s1;
        }
        auto [a, b, c, d, e, f, g, h] = state;
        for (std::size_t t = 0; t < 64; ++t) {
            const std::uint32_t s1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
            const std::uint32_t chosen = (e & f) ^ (~e & g);
            const std::uint32_t t1 = h + s1 + chosen + round_constants[t] + w[t];
            const std::uint32_t s0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
            const std::uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
            const std::uint32_t t2 = s0 + majority;
            h = g;
            g = f;
            f = e;
            e = d + t1;
            d = c;
            c = b;
            b = a;
            a = t1 + t2;
        }
        const std::array<std::uint32_t, 8> change = {a, b, c, d, e, f, g, h};
        for (std::size_t i = 0; i < 8; ++i) {
            state[i] += change[i];
        }
    }
}

Sha256::Sha256() : state_(initial_state) {}

Sha256& Sha256::update(ByteSpan data) {
    const auto filled = static_cast<std::size_t>(length_ % 64);
    length_ += data.size();
    if (filled > 0) {
        const std::size_t take = std::min(data.size(), 64 - filled);
        std::copy_n(data.begin(), take, block_.begin() + static_cast<std::ptrdiff_t>(filled));
        data = data.subspan(take);
        if (filled + take < 64) {
            return *this;
        }
        compress(state_, block_.data(), 1);
    }
    compress(state_, data.data(), data.size() / 64);
    const ByteSpan rest = data.subspan(data.size() / 64 * 64);
    std::copy(rest.begin(), rest.end(), block_.begin());
    return *this;
}

Digest Sha256::finish() {
    const std::uint64_t bits = length_ * 8;
    auto filled = static_cast<std::size_t>(length_ % 64);
    block_[filled++] = std::byte{0x80};
    if (filled > 56) {
        std::fill(block_.begin() + static_cast<std::ptrdiff_t>(filled), block_.end(), std::byte{0});
        compress(state_, block_.data(), 1);
        filled = 0;
    }
    std::fill(block_.begin() + static_cast<std::ptrdiff_t>(filled), block_.end(), std::byte{0});
    for (std::size_t i = 0; i < 8; ++i) {
        block_[56 + i] = static_cast<std::byte>(bits >> (8 * (7 - i)));
    }
    compress(state_, block_.data(), 1);
    Digest digest;
    for (std::size_t i = 0; i < 32; ++i) {
        digest.bytes[i] = static_cast<std::byte>(state_[i / 4] >> (8 * (3 - i % 4)));
    }
    return digest;
}

Digest sha256(ByteSpan data) {
    return Sha256().update(data).finish();
}

}  // namespace ledger
