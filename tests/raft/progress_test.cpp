#include "raft/progress.h"

#include <deque>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "tests/raft/solo.h"

namespace ledger::raft {

TEST_CASE("progress: match never goes back and stays below next", "[raft]") {
    Progress peer{.node = NodeId{2}, .next = Index{8}};
    CHECK(peer.acknowledged(Index{5}));
    CHECK(peer.next == Index{8});
    CHECK_FALSE(peer.acknowledged(Index{3}));
    CHECK(peer.match == Index{5});
    CHECK(peer.acknowledged(Index{9}));
    CHECK(peer.next == Index{10});
}

TEST_CASE("progress: a change of state empties the window", "[raft]") {
    Progress peer{.node = NodeId{2}, .match = Index{4}, .next = Index{5}};
    peer.become_replicate();
    peer.inflight.add({.last = Index{7}, .bytes = 100});
    peer.next = Index{8};
    peer.become_probe(Index{6}, 12);
    CHECK(peer.inflight.empty());
    CHECK(peer.inflight.bytes() == 0);
    CHECK(peer.next == Index{6});
    CHECK(peer.since == 12);
    peer.wait_for_heartbeat(3);
    CHECK(peer.waiting);
    peer.become_replicate();
    CHECK_FALSE(peer.waiting);
    CHECK(peer.next == Index{5});
}

TEST_CASE("progress: a window is full by messages or by bytes, one always fits", "[raft]") {
    InflightWindow window;
    CHECK_FALSE(window.full(1, 1));
    window.add({.last = Index{1}, .bytes = 10});
    CHECK(window.full(1, 100));
    CHECK(window.full(2, 10));
    CHECK_FALSE(window.full(2, 11));
    window.acknowledged(Index{1});
    CHECK_FALSE(window.full(1, 1));
    CHECK(window.bytes() == 0);
}

TEST_CASE("progress: the ring equals a queue", "[raft]") {
    CHECK(rc::check("count, bytes and oldest equal those of std::deque", [] {
        InflightWindow window;
        std::deque<InflightWindow::Sent> twin;
        std::uint64_t last = 0;
        for (std::uint64_t step : *rc::gen::container<std::vector<std::uint64_t>>(
                 200, rc::gen::inRange<std::uint64_t>(0, 9))) {
            if (step < 5 && twin.size() < inflight_messages_capacity) {
                last += 1 + step;
                twin.push_back({.last = Index{last}, .bytes = step * 7});
                window.add(twin.back());
            } else if (step == 8) {
                window.clear();
                twin.clear();
            } else {
                const Index match{last - std::min(last, step)};
                window.acknowledged(match);
                while (!twin.empty() && twin.front().last <= match) {
                    twin.pop_front();
                }
            }
            std::uint64_t bytes = 0;
            for (const InflightWindow::Sent& sent : twin) {
                bytes += sent.bytes;
            }
            RC_ASSERT(window.count() == twin.size());
            RC_ASSERT(window.bytes() == bytes);
            if (!twin.empty()) {
                RC_ASSERT(window.oldest().last == twin.front().last);
            }
        }
    }));
}

}  // namespace ledger::raft
