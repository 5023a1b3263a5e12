#include "log/state/outcome.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "tests/log/state/damage.h"
#include "tests/log/state/examples.h"

namespace ledger::state {
namespace {

const std::vector<Outcome>& examples() {
    static const std::vector<Outcome> outcomes = {
        Appended{.first = Position{5},
            .events = 4,
            .revisions = {Revision{2}, Revision{3}, Revision{0}, Revision{4}},
            .cluster_time = {-1},
            .wall_time = {77}},
        Appended{.first = Position{9}},
        Conflict{{{"a", {Expected::Kind::exact, Revision{4}}, true, Revision{6}},
                     {"b", {Expected::Kind::exists, {}}, false, {}}},
            Position{12}},
        Conflict{},
        SessionExpired{},
        SequenceTooOld{},
        Mismatch{},
        SessionRegistered{SessionId{3}},
        Malformed{},
        LimitReached{Bound::streams},
    };
    return outcomes;
}

TEST_CASE("outcome: decoding returns what was encoded", "[state]") {
    for (const Outcome& outcome : examples()) {
        const auto back = decode_outcome(encoded(outcome));
        REQUIRE(back.has_value());
        CHECK(bool(*back == outcome));
    }
    rc::prop("appended with any revisions", [] {
        Appended appended;
        appended.first = Position{*rc::gen::arbitrary<std::uint64_t>()};
        appended.cluster_time = {*rc::gen::arbitrary<std::int64_t>()};
        appended.wall_time = {*rc::gen::arbitrary<std::int64_t>()};
        for (std::uint64_t revision : *rc::gen::container<std::vector<std::uint64_t>>(
                 rc::gen::inRange<std::uint64_t>(0, 4))) {
            appended.revisions.emplace_back(revision);
        }
        appended.events = static_cast<std::uint32_t>(appended.revisions.size());
        const ByteVector bytes = encoded(appended);
        const auto back = decode_outcome(bytes);
        RC_ASSERT(back.has_value());
        RC_ASSERT(bool(*back == Outcome{appended}));
        ByteVector direct;
        encode_outcome(appended, direct);
        RC_ASSERT(direct == bytes);
    });
    rc::prop("conflict with any checks", [] {
        Conflict conflict;
        conflict.at = Position{*rc::gen::arbitrary<std::uint64_t>()};
        const int checks = *rc::gen::inRange(0, 5);
        for (int i = 0; i < checks; ++i) {
            FailedCheck check{*any::name(), *any::expected(), *rc::gen::arbitrary<bool>(), {}};
            check.actual = Revision{check.exists ? *rc::gen::arbitrary<std::uint64_t>() : 0};
            conflict.checks.push_back(check);
        }
        const auto back = decode_outcome(encoded(conflict));
        RC_ASSERT(back.has_value());
        RC_ASSERT(bool(*back == Outcome{conflict}));
    });
}

TEST_CASE("outcome: damaged bytes are refused or are another outcome", "[state]") {
    for (const Outcome& outcome : examples()) {
        for_each_damage(encoded(outcome), [](const ByteVector& bytes) {
            const auto damaged = decode_outcome(bytes);
            if (damaged) {
                REQUIRE(encoded(*damaged) == bytes);
            } else {
                REQUIRE_FALSE(damaged.error().place.empty());
            }
        });
    }
    rc::prop("random bytes", [] {
        ByteVector bytes = *any::bytes();
        if (bytes.size() > 2) {
            bytes[0] = std::byte{1};
            bytes[1] = static_cast<std::byte>(*rc::gen::inRange(0, 10));
        }
        const auto outcome = decode_outcome(bytes);
        RC_ASSERT((outcome.has_error() || encoded(*outcome) == bytes));
    });
}

TEST_CASE("outcome: consecutive revisions cost one run", "[state]") {
    Appended appended{.first = Position{1}, .events = 4096};
    for (std::uint64_t i = 0; i < 4096; ++i) {
        appended.revisions.emplace_back(100 + i);
    }
    const ByteVector bytes = encoded(appended);
    CHECK(bytes.size() == 34 + 12);
    CHECK(bool(*decode_outcome(bytes) == Outcome{appended}));
    ByteVector more = bytes;
    store_little_endian(more.data() + 26, std::uint32_t{4097});
    CHECK(decode_outcome(more).error().place == "number of events at byte 26");
    // Two runs where one would do are not our encoding.
    ByteVector two = encoded(Appended{.events = 2, .revisions = {Revision{5}, Revision{9}}});
    CHECK(decode_outcome(two).has_value());
    store_little_endian(two.data() + 34 + 12, std::uint64_t{6});
    CHECK(decode_outcome(two).error().place == "run revision at byte 46");
}

}  // namespace
}  // namespace ledger::state
