#include "sim/media_map.h"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "log/footer.h"
#include "log/hard_state_file.h"
#include "log/record.h"
#include "tests/sim/media_sample.h"

namespace ledger::sim {
namespace {

ByteSpan at(const ByteVector& bytes, ByteRange range) {
    return ByteSpan(bytes).subspan(static_cast<std::size_t>(range.from),
        static_cast<std::size_t>(range.to - range.from));
}

// Every place of the map holds what the map says, by the format's own decoders, and the live
// entries are those of the twin.
void require_true(const MediaMap& map, const Replica& replica) {
    for (const MappedSegment& segment : map.segments()) {
        const ByteVector bytes = replica.disk.durable(segment.name);
        for (const MappedGroup& group : segment.groups) {
            const auto block =
                log::decode_identity_block(at(bytes, group.block), {segment.id, group.block.from});
            REQUIRE(block);
            REQUIRE(block->names.size() == group.records);
            REQUIRE(block->group_start == group.all.from);
            for (std::size_t i = 0; i < group.records; ++i) {
                const MappedRecord& record = segment.records[group.first_record + i];
                REQUIRE(record.identity == block->names[i]);
                const log::RecordView view =
                    log::decode_record(at(bytes, record.place), {segment.id, record.place.from});
                REQUIRE(view.damage == log::Damage::none);
                REQUIRE(view.bytes() == record.place.to - record.place.from);
            }
        }
        for (const ByteRange& footer : segment.footers) {
            REQUIRE(log::decode_footer(at(bytes, footer), {segment.id, footer.from}));
        }
    }
    REQUIRE(map.first() == (replica.twin.entries.empty() ? map.first() : replica.twin.first()));
    for (const HashedEntry& hashed : replica.twin.entries) {
        const auto live = map.live(hashed.entry.index);
        REQUIRE(live);
        REQUIRE(map.record(*live).identity.term == hashed.entry.term);
    }
    REQUIRE_FALSE(map.live(replica.twin.last().next()));
}

bool same(const MediaMap& a, const MediaMap& b) {
    const auto ranges = [](const MediaMap& map) {
        std::vector<ByteRange> all;
        for (const MappedSegment& segment : map.segments()) {
            for (const MappedGroup& group : segment.groups) {
                all.push_back(group.all);
                all.push_back(group.block);
            }
            for (const MappedRecord& record : segment.records) {
                all.push_back(record.place);
            }
            all.insert(all.end(), segment.footers.begin(), segment.footers.end());
        }
        for (const MappedCut& cut : map.cuts()) {
            all.insert(all.end(), cut.chunks.begin(), cut.chunks.end());
        }
        all.push_back(map.newest_hard_state().front());
        return all;
    };
    return ranges(a) == ranges(b) && a.first() == b.first() &&
           a.segments().size() == b.segments().size();
}

}  // namespace

TEST_CASE("media_map: finds records, blocks, seals, footers and the newest hard state", "[sim]") {
    Replica replica(1);
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        replica.append(seed, 4, 600);
    }
    replica.seal();
    const MediaMap map = map_of(replica);
    require_true(map, replica);
    REQUIRE(map.segments().size() >= 2);
    CHECK(map.segments().front().footers.size() == 2);
    CHECK(map.segments().back().footers.empty());
    CHECK(map.segments().back().groups.back().records == 0);
    CHECK(map.first() == Index{1});
    CHECK(map.hard_state_number() == replica.disk.durable_number("wal/hard_state"));
    const auto copies = map.newest_hard_state();
    CHECK(copies[1].from - copies[0].from == log::hard_state_slots * log::hard_state_spacing);
}

TEST_CASE("media_map: finds the chunks and both copies of the manifest of whole cuts only",
    "[sim]") {
    Replica replica(1);
    MediaMap map(replica.identity, sample_directory);
    map.refresh(replica.disk);
    CHECK(map.cuts().empty());
    replica.keep_cut(10);
    replica.keep_cut(20);
    auto store = log::CutStore::open(replica.disk, replica.options, replica.identity);
    REQUIRE(store.has_value());
    const ByteVector chunk(1000);
    REQUIRE(store->write({Term{1}, Index{30}}, 0, chunk).has_value());
    map.refresh(replica.disk);
    REQUIRE(map.cuts().size() == 2);
    CHECK(map.cuts()[0].index == Index{10});
    CHECK(map.cuts()[0].copies.size() == 2);
    REQUIRE(map.cuts()[1].chunks.size() == 3);
    CHECK(map.cuts()[1].chunks[1].from == map.cuts()[1].chunks[0].to);
    CHECK(map.cuts()[0].root != map.cuts()[1].root);
    REQUIRE(store->remove_before(Index{20}).has_value());
    map.refresh(replica.disk);
    REQUIRE(map.cuts().size() == 1);
    CHECK(map.cuts()[0].index == Index{20});
}

TEST_CASE("media_map: a map that follows is the map that begins anew", "[sim]") {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        INFO("seed " << seed);
        SeededChoices choices(seed);
        std::uint64_t asked = 0;
        const auto draw = [&](std::uint64_t domain) {
            return choices.choose(Site::test_b, 0, ++asked, domain);
        };
        Replica replica(1);
        MediaMap following(replica.identity, sample_directory);
        for (std::uint64_t step = 1; step <= 80; ++step) {
            log::TwinLog& twin = replica.twin;
            switch (draw(9)) {
                case 0: replica.seal(); break;
                case 1:
                    if (twin.last() > twin.commit) {
                        log::Group group = twin.group(seed * 100 + step, draw(3), 500,
                            twin.commit + draw(twin.last() - twin.commit));
                        replica.store(group);
                    }
                    break;
                case 2: {
                    REQUIRE(replica.storage->discard(twin.commit));
                    auto opened = log::open(replica.disk, replica.options, replica.identity);
                    REQUIRE(opened);
                    replica.storage = std::move(opened->storage);
                    twin.forget(opened->recovered.first);
                    break;
                }
                case 3: replica.crash(choices, CrashProfile{}); break;
                case 4: replica.keep_cut(step * 10); break;
                default: {
                    log::Group group = twin.group(seed * 100 + step, 1 + draw(4), draw(3) * 400);
                    if (draw(4) == 0) {
                        group.hard_state = {twin.hard_state.term.next(), NodeId{2}};
                    }
                    group.commit = twin.commit + draw(twin.last() - twin.commit + 1);
                    replica.store(group);
                }
            }
            if (draw(3) == 0) {
                following.refresh(replica.disk);
                require_true(following, replica);
                Disk copy(replica.identity.node);
                copy.restore(replica.disk.snapshot());
                MediaMap anew(replica.identity, sample_directory);
                anew.refresh(copy);
                REQUIRE(same(following, anew));
            }
        }
    }
}

TEST_CASE("media_map: a log that begins anew has the new entries only", "[sim]") {
    Replica replica(1);
    MediaMap map(replica.identity, sample_directory);
    replica.append(1, 5);
    map.refresh(replica.disk);
    CHECK(map.live(Index{3}));
    replica.store(replica.twin.restart(7, Index{100}, 3, 300));
    map.refresh(replica.disk);
    require_true(map, replica);
    CHECK(map.first() == Index{101});
    CHECK_FALSE(map.live(Index{3}));
}

TEST_CASE("media_map: a disk of another node, or an empty one, has nothing on it", "[sim]") {
    Replica replica(1);
    replica.append(1, 5);
    MediaMap other(identity_of(2), sample_directory);
    other.refresh(replica.disk);
    CHECK_FALSE(other.live(Index{1}));
    Disk empty(NodeId{1});
    MediaMap map(identity_of(1), sample_directory);
    map.refresh(empty);
    CHECK(map.segments().empty());
    CHECK(map.hard_state_number() == 0);
}

}  // namespace ledger::sim
