#include "log/log_map.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

namespace ledger::log {

namespace {

Digest digest_of(std::uint64_t number) {
    return sha256(as_bytes(std::to_string(number)));
}

Place place_at(std::uint64_t segment, std::uint64_t number) {
    return {SegmentId{segment}, number * 128, number * 128 + 120};
}

// The map as plain vectors: what lies where, by index from 1. What was discarded stays in them.
struct TwinEntry {
    Term term;
    Place place;
    Digest hash;
};
using TwinMap = std::vector<TwinEntry>;

Digest hash_in(const TwinMap& twin, Index index) {
    return index == Index{0} ? digest_of(0) : twin[index.value - 1].hash;
}

void check_same(const SegmentMap& map, const TwinMap& twin) {
    RC_ASSERT(map.last() == Index{twin.size()});
    for (Index index = map.first(); index <= map.last(); ++index) {
        const TwinEntry& entry = twin[index.value - 1];
        RC_ASSERT(map.segment_of(index) == entry.place.segment);
        if (!map.is_placed(index)) {
            const SegmentEntries sealed = map.entries_in(entry.place.segment);
            RC_ASSERT((sealed.first <= index && index <= sealed.last));
            RC_ASSERT(map.term_at(index) == entry.term);
            RC_ASSERT(map.mark_at_or_before(sealed.last).index == sealed.last);
            continue;
        }
        const Place place = map.place(index);
        RC_ASSERT(place.begins_as(entry.place));
        RC_ASSERT(place.end >= entry.place.end);
        RC_ASSERT(map.term_at(index) == entry.term);
        // Nothing that was cut off lies before the end: at most the next record's beginning.
        RC_ASSERT(place.end <= entry.place.offset + 128);
    }
    for (Index index = map.first().previous(); index <= map.last(); ++index) {
        const HashMark& mark = map.mark_at_or_before(index);
        RC_ASSERT(mark.index <= index);
        RC_ASSERT((mark.index + hash_mark_interval > index || !map.is_placed(index)));
        RC_ASSERT(mark.hash == hash_in(twin, mark.index));
    }
}

}  // namespace

TEST_CASE("log map: it knows places, terms and the last hash", "[log]") {
    LogMap map({Term{1}, Index{4}}, digest_of(4));
    CHECK(map.last() == Index{4});
    CHECK(map.hash_at(Index{4}) == digest_of(4));
    CHECK(map.last_term() == Term{1});
    CHECK(map.previous() == LogId{Term{1}, Index{4}});
    CHECK(map.publish()->last() == Index{4});
    for (std::uint64_t i = 5; i < 20; ++i) {
        map.append(Term{i / 4}, place_at(1, i), digest_of(i));
    }
    CHECK(map.holds(Index{5}));
    CHECK(!map.holds(Index{4}));
    CHECK(!map.holds(Index{20}));
    CHECK(map.publish()->place(Index{7}).offset == 7 * 128);
    CHECK(map.publish()->place(Index{19}).end == 19 * 128 + 120);
    const std::vector<TermRun> runs = {
        {Index{5}, Term{1}}, {Index{8}, Term{2}}, {Index{12}, Term{3}}, {Index{16}, Term{4}}};
    CHECK(std::vector<TermRun>(map.terms().begin(), map.terms().end()) == runs);
    map.truncate(Index{11}, digest_of(11));
    CHECK(map.last() == Index{11});
    CHECK(map.last_term() == Term{2});
    CHECK(map.hash_at(Index{11}) == digest_of(11));
}

TEST_CASE("log map: a segment that is sealed or rewritten has its places in its footer", "[log]") {
    for (const std::uint64_t moved : {1u, 2u, 3u}) {
        LogMap map({}, digest_of(0));
        for (std::uint64_t i = 1; i <= 12; ++i) {
            map.append(Term{1}, place_at(1 + (i - 1) / 4, i), digest_of(i));
        }
        if (moved == 2) {
            map.truncate(Index{6}, digest_of(6));
            map.append(Term{2}, place_at(2, 19), digest_of(7));
            map.append(Term{2}, place_at(3, 20), digest_of(8));
        }
        const SharedMap before = map.publish();
        const SegmentEntries entries = before->entries_in(SegmentId{moved});
        CHECK(entries.first == Index{moved * 4 - 3});
        if (moved == 3) {
            map.seal(SegmentId{3});
        }
        map.rewritten(SegmentId{moved});
        const SharedMap after = map.publish();
        CHECK(after->rewrites() == 1);
        CHECK(before->rewrites() == 0);
        REQUIRE(after->last() == before->last());
        CHECK(after->entries_in(SegmentId{moved}).first == entries.first);
        CHECK(after->entries_in(SegmentId{moved}).last == entries.last);
        for (Index index = after->first(); index <= after->last(); ++index) {
            CHECK(before->is_placed(index));
            CHECK(after->segment_of(index) == before->segment_of(index));
            CHECK(after->is_placed(index) == (after->segment_of(index) != SegmentId{moved}));
            CHECK(after->term_at(index) == before->term_at(index));
        }
        CHECK(after->mark_at_or_before(entries.last).index == entries.last);
        // The log goes on behind it.
        const Index next = map.last().next();
        map.append(Term{2}, place_at(9, 1), digest_of(next.value));
        CHECK(map.publish()->place(next).segment == SegmentId{9});
        CHECK(map.publish()->entries_in(SegmentId{8}).is_empty());
        // A truncation reaches into it.
        map.truncate(entries.first, digest_of(entries.first.value));
        CHECK(map.publish()->last() == entries.first);
        CHECK(map.publish()->entries_in(SegmentId{moved}).last == entries.first);
        CHECK(map.hash_at(entries.first) == digest_of(entries.first.value));
    }
}

TEST_CASE("log map: of a sealed segment a map holds what its footer's summary says", "[log]") {
    LogMap map({Term{1}, Index{4}}, digest_of(4));
    const std::vector<TermRun> terms = {{Index{5}, Term{1}}, {Index{8}, Term{3}}};
    map.append_sealed(SegmentId{2}, Index{9}, terms, digest_of(9));
    map.append_sealed(SegmentId{3}, Index{9}, {}, digest_of(9));  // holds none
    map.append(Term{3}, place_at(4, 1), digest_of(10));
    const SharedMap published = map.publish();
    CHECK(published->first() == Index{5});
    CHECK(published->last() == Index{10});
    CHECK(published->segment_of(Index{5}) == SegmentId{2});
    CHECK(published->term_at(Index{7}) == Term{1});
    CHECK(published->term_at(Index{8}) == Term{3});
    CHECK_FALSE(published->is_placed(Index{9}));
    CHECK(published->is_placed(Index{10}));
    CHECK(published->entries_in(SegmentId{3}).is_empty());
    CHECK(published->mark_at_or_before(Index{9}).hash == digest_of(9));
    CHECK(published->mark_at_or_before(Index{8}).index == Index{4});
}

TEST_CASE("log map: below the commit hashes get sparse, above none is lost", "[log]") {
    LogMap map({}, digest_of(0));
    for (std::uint64_t i = 1; i <= 5000; ++i) {
        map.append(Term{1}, place_at(1 + i / 2000, i), digest_of(i));
        if (i > 300) {
            map.committed(Index{i - 300});
        }
    }
    for (std::uint64_t i = 4700; i <= 5000; ++i) {
        CHECK(map.hash_at(Index{i}) == digest_of(i));
    }
    const SharedMap published = map.publish();
    std::uint64_t known = 0;
    for (std::uint64_t i = 0; i <= 3000; ++i) {
        const HashMark& mark = published->mark_at_or_before(Index{i});
        CHECK(mark.index <= Index{i});
        CHECK(mark.index + hash_mark_interval > Index{i});
        CHECK(mark.hash == digest_of(mark.index.value));
        known += map.find_hash(Index{i}) != nullptr ? 1u : 0u;
    }
    CHECK(known < 3000 / map_mark_interval + 5);
}

TEST_CASE("log map: hashes of unhashed entries are learnt later", "[log]") {
    LogMap map;
    for (std::uint64_t i = 1; i <= 66; ++i) {
        map.append_unhashed(Term{1}, place_at(1, i));
    }
    CHECK(map.find_hash(Index{2}) == nullptr);
    CHECK(map.find_hash(Index{0}) != nullptr);
    map.learn(Index{64}, digest_of(64));
    map.learn(Index{66}, digest_of(66));
    map.learn(Index{2}, digest_of(2));
    map.learn(Index{2}, digest_of(2));
    CHECK(map.hash_at(Index{2}) == digest_of(2));
    CHECK(map.hash_at(Index{66}) == digest_of(66));
    CHECK(map.footer_marks(Index{1}) == std::vector<HashMark>{{Index{64}, digest_of(64)}});
    CHECK(map.publish()->mark_at_or_before(Index{65}).index == Index{64});
    map.append(Term{1}, place_at(2, 1), digest_of(67));
    // The next segment was begun: the last hash of the one before is known to readers.
    CHECK(map.publish()->mark_at_or_before(Index{67}).index == Index{66});
    CHECK(map.footer_marks(Index{67}).empty());
}

TEST_CASE("log map: every published map stays as it was, whatever the log became", "[log]") {
    rc::prop("append, seal, truncate, commit, discard, publish, against vectors", [] {
        LogMap map({}, digest_of(0));
        TwinMap twin;
        std::vector<std::pair<SharedMap, TwinMap>> published;
        std::uint64_t segment = 1;
        std::uint64_t number = 0;  // of the records, in the order written
        Index commit{0};
        const auto steps = *rc::gen::inRange<std::uint64_t>(1, 60);
        for (std::uint64_t step = 0; step < steps; ++step) {
            const auto action = *rc::gen::inRange(0, 11);
            if (action == 0) {
                if (*rc::gen::arbitrary<bool>()) {
                    map.seal(SegmentId{segment});
                }
                ++segment;
            } else if (action == 10) {
                // Where a segment begins, if there is such a place.
                const SharedMap now = map.publish();
                Index begin = std::min(commit, map.last());
                while (begin > map.first() &&
                       now->segment_of(begin) == now->segment_of(begin.previous())) {
                    begin = begin.previous();
                }
                if (begin > map.first()) {
                    map.discard(begin);
                    RC_ASSERT((map.previous() ==
                              LogId{twin[begin.value - 2].term, begin.previous()}));
                }
            } else if (action == 1) {
                const Index last{*rc::gen::inRange(commit.value, twin.size() + 1)};
                map.truncate(last, hash_in(twin, last));
                twin.resize(last.value);
            } else if (action == 2) {
                commit = Index{*rc::gen::inRange(commit.value, twin.size() + 1)};
                map.committed(commit);
            } else if (action <= 4) {
                published.emplace_back(map.publish(), twin);
            } else {
                const auto count = *rc::gen::inRange<std::uint64_t>(1, 100);
                for (std::uint64_t i = 0; i < count; ++i) {
                    ++number;
                    twin.push_back({Term{1 + step / 8}, place_at(segment, number),
                        digest_of(number)});
                    map.append(twin.back().term, twin.back().place, twin.back().hash);
                }
            }
            for (Index index = commit; index <= map.last(); ++index) {
                RC_ASSERT(map.hash_at(index) == hash_in(twin, index));
            }
        }
        published.emplace_back(map.publish(), twin);
        for (const auto& [then, entries] : published) {
            check_same(*then, entries);
        }
    });
}

}  // namespace ledger::log
