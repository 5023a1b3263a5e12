#include "node/store_queue.h"

#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace ledger::node {
namespace {

const Digest sample_hash = sha256({});

HashedEntry entry_at(std::uint64_t index, std::uint64_t term) {
    HashedEntry entry;
    entry.entry.index = Index{index};
    entry.entry.term = Term{term};
    return entry;
}

}  // namespace

TEST_CASE("store queue: everything() names the ticket that covers what was said last", "[node]") {
    StoreQueue queue;
    CHECK(queue.everything() == Ticket{0});
    queue.append(entry_at(1, 1));
    CHECK(queue.everything() == Ticket{1});
    CHECK(queue.submit(Index{}).ticket == Ticket{1});
    CHECK(queue.everything() == Ticket{1});
    queue.set_hard_state({Term{2}, NodeId{3}});
    CHECK(queue.everything() == Ticket{2});
    CHECK(queue.stored(Ticket{1}).upto == LogId{Term{1}, Index{1}});
    CHECK(queue.submit(Index{1}).ticket == Ticket{2});
    const StoreQueue::Durable durable = queue.stored(Ticket{2});
    CHECK(durable.hard_state == HardState{Term{2}, NodeId{3}});
    CHECK_FALSE(durable.seal_only);
    CHECK(queue.everything() == Ticket{0});
    CHECK(queue.idle());
}

TEST_CASE("store queue: entries truncated before the disk saw them never reach it", "[node]") {
    StoreQueue queue;
    queue.append(entry_at(1, 1));
    queue.append(entry_at(2, 1));
    queue.truncate(Index{1}, Term{1}, sample_hash);
    queue.append(entry_at(2, 2));
    const log::Group& group = *queue.submit(Index{}).group;
    CHECK_FALSE(group.truncate_to);
    REQUIRE(group.entries.size() == 2);
    CHECK(group.entries[1].entry.term == Term{2});
}

TEST_CASE("store queue: what is erased before the disk saw it is written so", "[node]") {
    StoreQueue queue;
    queue.append(entry_at(1, 1));
    HashedEntry second = entry_at(2, 1);
    second.entry.handle = EntryHandle::make(as_bytes("envelope"), as_bytes("payload"));
    second.entry.bytes = second.entry.handle->size();
    queue.append(HashedEntry(second));
    const std::uint64_t before = queue.pending_bytes();
    queue.replace_body(Index{2}, second.entry.handle.erased());
    CHECK(queue.pending_bytes() == before - 7);
    const log::Group& group = *queue.submit(Index{2}).group;
    CHECK(group.entries[1].entry.handle.is_erased());
    CHECK(group.entries[1].entry.bytes == 8);
    // What was submitted is being written: it has to be erased behind that.
    queue.replace_body(Index{1}, {});
    CHECK(queue.ready() == false);
    queue.erase({group.entries[1].entry});
    CHECK(queue.ready());
    CHECK(queue.everything() == Ticket{2});
    CHECK(queue.submit(Index{2}).group->erasures.size() == 1);
    queue.stored(Ticket{1});
    queue.stored(Ticket{2});
    CHECK(queue.submit(Index{2}).group->erasures.empty());
}

TEST_CASE("store queue: copies are one group in ascending order, with what else waits", "[node]") {
    StoreQueue queue;
    queue.reset({Term{1}, Index{9}}, {Term{1}, NodeId{}});
    for (const std::uint64_t index : {5u, 3u, 7u}) {
        queue.repair(entry_at(index, 1).entry);
        CHECK(queue.everything() == Ticket{1});
    }
    CHECK(queue.ready());
    CHECK_FALSE(queue.idle());
    queue.append(entry_at(10, 1));
    const StoreQueue::Submitted first = queue.submit(Index{});
    REQUIRE(first.group->repairs.size() == 3);
    CHECK(first.group->repairs[0].index == Index{3});
    CHECK(first.group->repairs[1].index == Index{5});
    CHECK(first.group->repairs[2].index == Index{7});
    CHECK(first.group->entries.size() == 1);
    CHECK_FALSE(first.group->seal_only());
    queue.repair(entry_at(4, 1).entry);
    CHECK(queue.everything() == Ticket{2});
    CHECK_FALSE(queue.stored(Ticket{1}).seal_only);
    const StoreQueue::Submitted second = queue.submit(Index{});
    CHECK(second.group->repairs.size() == 1);
    CHECK(queue.stored(Ticket{2}).upto == LogId{Term{1}, Index{10}});
    CHECK(queue.submit(Index{}).group->seal_only());
}

TEST_CASE("store queue: a restart makes void what waited for the disk", "[node]") {
    StoreQueue queue;
    queue.append(entry_at(1, 1));
    queue.append(entry_at(2, 1));
    queue.submit(Index{});
    queue.truncate(Index{1}, Term{1}, sample_hash);
    queue.append(entry_at(2, 2));
    queue.set_hard_state({Term{4}, NodeId{}});
    queue.repair(entry_at(1, 1).entry);
    const log::LogStart start{{Term{3}, Index{40}}, {}, {}, {}};
    queue.restart(start);
    CHECK(queue.pending_bytes() == 0);
    CHECK(queue.everything() == Ticket{2});
    queue.append(entry_at(41, 4));
    queue.truncate(Index{40}, Term{3}, sample_hash);
    queue.append(entry_at(41, 4));
    const log::Group& group = *queue.submit(Index{40}).group;
    CHECK(group.restart == start);
    CHECK_FALSE(group.truncate_to);
    CHECK(group.hard_state == HardState{Term{4}, NodeId{}});
    REQUIRE(group.entries.size() == 1);
    CHECK(group.repairs.empty());
    CHECK(group.entries[0].entry.index == Index{41});
    queue.stored(Ticket{1});
    CHECK(queue.stored(Ticket{2}).upto == LogId{Term{4}, Index{41}});
    CHECK(queue.idle());
    queue.restart({{Term{4}, Index{50}}, {}, {}, {}});
    CHECK_FALSE(queue.idle());
    CHECK_FALSE(queue.submit(Index{50}).group->seal_only());
    CHECK(queue.stored(Ticket{3}).upto == LogId{Term{4}, Index{50}});
    queue.append(entry_at(51, 4));
    CHECK_FALSE(queue.submit(Index{50}).group->restart);
}

TEST_CASE("store queue: groups played in order give the log that was asked for", "[node]") {
    rc::check([] {
        StoreQueue queue;
        std::vector<std::uint64_t> asked;  // terms by index
        std::vector<std::uint64_t> disk;
        std::vector<StoreQueue::Submitted> at_disk;
        std::uint64_t term = 1;
        std::uint64_t begin = 0;  // the last restart
        const auto finish = [&] {
            const StoreQueue::Submitted oldest = at_disk.front();
            at_disk.erase(at_disk.begin());
            if (const auto& restart = oldest.group->restart) {
                // A log that lost its entries: nobody knows their terms any more.
                disk.assign(restart->id.index.value, 0);
            }
            if (oldest.group->truncate_to) {
                RC_ASSERT(oldest.group->truncate_to->value < disk.size());
                disk.resize(oldest.group->truncate_to->value);
            }
            for (const HashedEntry& entry : oldest.group->entries) {
                disk.push_back(entry.entry.term.value);
                RC_ASSERT(entry.entry.index == Index{disk.size()});
            }
            RC_ASSERT(queue.stored(oldest.ticket).upto.index == Index{disk.size()});
        };
        for (const int action : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 9))) {
            if (action < 4) {
                asked.push_back(term);
                queue.append(entry_at(asked.size(), term));
            } else if (action == 8) {
                asked.assign(asked.size() + *rc::gen::inRange<std::uint64_t>(1, 5), 0);
                begin = asked.size();
                queue.restart({{Term{}, Index{begin}}, {}, {}, {}});
            } else if (action == 4 && asked.size() > begin) {
                const std::uint64_t keep =
                    *rc::gen::inRange<std::uint64_t>(begin, asked.size());
                asked.resize(keep);
                queue.truncate(Index{keep}, Term{keep == 0 ? 0 : asked.back()}, sample_hash);
                ++term;
                asked.push_back(term);
                queue.append(entry_at(asked.size(), term));
            } else if (action < 7 && queue.ready()) {
                at_disk.push_back(queue.submit(Index{}));
            } else if (!at_disk.empty()) {
                finish();
            }
        }
        while (!at_disk.empty() || queue.ready()) {
            if (queue.ready()) {
                at_disk.push_back(queue.submit(Index{}));
            } else {
                finish();
            }
        }
        RC_ASSERT(disk == asked);
    });
}

}  // namespace ledger::node
