// Every target with random bytes and with damaged seeds: what a fuzzer does, in small, in every build.
#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "tests/fuzz/target.h"

namespace ledger::fuzz {
namespace {

const std::vector<Target>& targets() {
    static const std::vector<Target> all = all_targets();
    return all;
}

std::size_t any_place(std::size_t size) {
    return *rc::gen::inRange<std::size_t>(0, size);
}

ByteVector any_bytes() {
    const auto noise = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
    const ByteSpan span = std::as_bytes(std::span(noise));
    return {span.begin(), span.end()};
}

// One thing that happens to bytes.
void damage(ByteVector& bytes) {
    const auto kind = *rc::gen::inRange(0, 6);
    if (bytes.empty() || kind == 0) {
        bytes.push_back(static_cast<std::byte>(*rc::gen::arbitrary<std::uint8_t>()));
        return;
    }
    const std::size_t at = any_place(bytes.size());
    const auto where = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (kind) {
        case 1: *where ^= static_cast<std::byte>(1u << any_place(8)); break;
        case 2: bytes.resize(at); break;
        case 3: bytes.erase(where); break;
        case 4:
            std::fill(where, bytes.begin() + static_cast<std::ptrdiff_t>(
                                                 std::min(bytes.size(), at + 8)),
                std::byte{0xff});
            break;
        default: {
            const ByteVector noise = any_bytes();
            bytes.insert(where, noise.begin(), noise.end());
        }
    }
}

}  // namespace

TEST_CASE("fuzz: every seed is accepted, and means something of its own", "[fuzz]") {
    REQUIRE(targets().size() >= 18);
    for (const Target& target : targets()) {
        CHECK(!target.seeds.empty());
        for (const ByteVector& seed : target.seeds) {
            const Verdict verdict = target.judge(seed);
            INFO(target.name);
            CHECK(verdict.wrong == "");
            CHECK(verdict.meaning.has_value());
        }
    }
}

TEST_CASE("fuzz: random bytes break no promise, and pass no checksum", "[fuzz]") {
    for (const Target& target : targets()) {
        rc::prop(target.name, [&] {
            const ByteVector bytes = any_bytes();
            const Verdict verdict = target.judge(bytes);
            RC_ASSERT(verdict.wrong == "");
            RC_ASSERT(!(target.checksummed && verdict.meaning));
        });
    }
}

TEST_CASE("fuzz: damaged bytes break no promise, and no checksum lets them pass for others",
    "[fuzz]") {
    for (const Target& target : targets()) {
        rc::prop(target.name, [&] {
            const ByteVector& seed = target.seeds[any_place(target.seeds.size())];
            ByteVector bytes = seed;
            for (auto times = *rc::gen::inRange(1, 4); times > 0; --times) {
                damage(bytes);
            }
            const Verdict verdict = target.judge(bytes);
            RC_ASSERT(verdict.wrong == "");
            if (target.checksummed && verdict.meaning) {
                RC_ASSERT(verdict.meaning == target.judge(seed).meaning);
            }
        });
    }
}

}  // namespace ledger::fuzz
