#include "raft/configuration_history.h"

#include <map>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "tests/raft/solo.h"

namespace ledger::raft {

TEST_CASE("configuration_history: behaves like a map from index to configuration", "[raft]") {
    CHECK(rc::check("append, truncate, forget and at equal those of a map", [] {
        ConfigurationHistory history({Index{}, voters_1_to(1)});
        std::map<Index, Configuration> twin{{Index{}, voters_1_to(1)}};
        Index base;  // nothing below is asked for
        Index last;
        for (int left = *rc::gen::inRange(1, 40); left > 0; --left) {
            const auto step = *rc::gen::inRange<std::uint32_t>(1, 6);
            if (*rc::gen::inRange(0, 4) != 0) {
                last = history.current_index() + step;
                history.append(last, voters_1_to(step));
                twin[last] = voters_1_to(step);
            } else if (*rc::gen::arbitrary<bool>()) {
                last = std::max(base, Index{last.value - std::min<std::uint64_t>(last.value, step)});
                const bool shorter = twin.rbegin()->first > last;
                twin.erase(twin.upper_bound(last), twin.end());
                RC_ASSERT(history.truncate_to(last) == shorter);
            } else {
                base = std::min(last, base + step);
                history.forget_before(base);
            }
            RC_ASSERT(history.current() == twin.rbegin()->second);
            RC_ASSERT(history.current_index() == twin.rbegin()->first);
            for (Index i = base; i <= last; ++i) {
                RC_ASSERT(history.in_force_at(i).configuration == std::prev(twin.upper_bound(i))->second);
            }
            const Index from = std::prev(twin.upper_bound(base))->first;
            RC_ASSERT(history.count_from(from) ==
                      static_cast<std::uint64_t>(std::distance(twin.find(from), twin.end())));
        }
    }));
}

TEST_CASE("configuration_history: what came and went unseen is not made up", "[raft]") {
    // At boot the one of the cut is known and the newest committed one, but none between them.
    ConfigurationHistory history({Index{10}, voters_1_to(3)});
    history.append_after_gap(Index{20}, voters_1_to(5));
    history.append(Index{25}, voters_1_to(4));
    CHECK_FALSE(history.knows(Index{9}));
    CHECK(history.knows(Index{10}));
    CHECK_FALSE(history.knows(Index{11}));
    CHECK_FALSE(history.knows(Index{19}));
    CHECK(history.knows(Index{20}));
    CHECK(history.knows(Index{24}));
    history.truncate_to(Index{21});
    CHECK(history.current() == voters_1_to(5));
    CHECK_FALSE(history.knows(Index{15}));
    history.forget_before(Index{20});
    CHECK(history.oldest_index() == Index{20});
}

TEST_CASE("configuration_history: what is damaged is not known until it is learnt", "[raft]") {
    ConfigurationHistory history({Index{5}, voters_1_to(1)});
    history.note_unreadable(Index{10});
    CHECK(history.knows(Index{9}));
    CHECK_FALSE(history.knows(Index{10}));
    CHECK_FALSE(history.knows(Index{15}));
    CHECK_FALSE(history.knows_current());
    CHECK(history.current_index() == Index{5});
    history.append(Index{20}, voters_1_to(3));
    CHECK(history.knows_current());
    CHECK(history.knows(Index{20}));
    CHECK_FALSE(history.knows(Index{19}));
    history.learn(Index{10}, voters_1_to(2));
    CHECK(history.knows(Index{15}));
    CHECK(history.in_force_at(Index{15}) == ConfigurationAt{Index{10}, voters_1_to(2)});
    CHECK(history.current_index() == Index{20});
    CHECK(history.truncate_to(Index{12}));
    CHECK(history.current() == voters_1_to(2));
}

TEST_CASE("configuration_history: what is damaged goes with a truncation or is forgotten", "[raft]") {
    ConfigurationHistory history({Index{5}, voters_1_to(1)});
    history.note_unreadable(Index{10});
    history.note_unreadable(Index{12});
    history.truncate_to(Index{11});
    CHECK_FALSE(history.is_unreadable(Index{12}));
    CHECK(history.is_unreadable(Index{10}));
    history.append(Index{15}, voters_1_to(3));
    history.forget_before(Index{16});
    CHECK_FALSE(history.is_unreadable(Index{10}));
    CHECK(history.oldest_index() == Index{15});
    CHECK(history.knows(Index{16}));
}

}  // namespace ledger::raft
