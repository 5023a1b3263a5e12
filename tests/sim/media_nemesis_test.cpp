#include "sim/media_nemesis.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "log/hard_state_file.h"
#include "tests/sim/media_sample.h"

namespace ledger::sim {
namespace {

constexpr PartsPerMillion always = 1'000'000;

// Nodes with equal logs of several segments, and a cut; what is done to them is written down.
struct Arena final : MediaPort {
    explicit Arena(const MediaProfile& media, std::uint64_t seed = 1, bool sealed = true)
        : profile(make(media)), choices(seed),
          atlas(media.unrestricted ? MediaAtlas::Mode::unrestricted : MediaAtlas::Mode::repairable),
          attacker(profile, choices, faults, atlas, *this) {
        for (std::uint32_t number = 1; number <= profile.nodes; ++number) {
            replicas.push_back(std::make_unique<Replica>(number));
            Replica& replica = *replicas.back();
            replica.disk.remember_writes(16);
            for (std::uint64_t group = 1; group <= 12; ++group) {
                replica.append(group, 4, 600);
            }
            replica.keep_cut(10);
            if (sealed) {
                replica.seal();
            }
            atlas.add(replica.disk, replica.identity, sample_directory);
        }
    }
    static Profile make(const MediaProfile& media) {
        Profile profile;
        profile.nodes = 3;
        profile.media = media;
        profile.membership.changes = false;
        return profile;
    }

    Disk& device(NodeId number) override { return replicas[number.value - 1]->disk; }
    std::vector<NodeId> keepers() const override { return {NodeId{1}, NodeId{2}, NodeId{3}}; }
    void crowd(NodeId, std::uint64_t left, Duration length) override {
        CHECK(length >= milliseconds(10));
        room.push_back(left);
    }
    void harmed(NodeId, const std::string& text) override { notes.push_back(text); }

    std::uint64_t fired(Fault fault) const {
        std::uint64_t sum = faults.of(fault).fired;
        for (const auto& replica : replicas) {
            sum += replica->disk.faults().of(fault).fired;
        }
        return sum;
    }
    void strike(int times) {
        for (int i = 0; i < times; ++i) {
            attacker.strike();
        }
    }
    // Every overlay there is, with the file it lies in.
    std::vector<std::pair<std::string, Overlay>> overlays() const {
        std::vector<std::pair<std::string, Overlay>> found;
        for (const auto& replica : replicas) {
            for (const std::string& name : replica->disk.durable_files()) {
                for (const Overlay& overlay :
                    replica->disk.overlays(replica->disk.durable_number(name))) {
                    found.emplace_back(name, overlay);
                }
            }
        }
        return found;
    }

    Profile profile;
    SeededChoices choices;
    FaultCounts faults;
    MediaAtlas atlas;
    std::vector<std::unique_ptr<Replica>> replicas;
    std::vector<std::uint64_t> room;
    std::vector<std::string> notes;
    MediaNemesis attacker;
};

// Nobody may ask anything.
class Silence final : public ChoiceSource {
  public:
    std::uint64_t choose(Site, std::uint64_t, std::uint64_t, std::uint64_t) override {
        FAIL("a question was asked");
        return 0;
    }
};

struct Kind {
    Fault fault;
    PartsPerMillion MediaProfile::*chance;
};

const std::vector<Kind> kinds = {{Fault::disk_bit_rot, &MediaProfile::rot},
    {Fault::disk_sector_error, &MediaProfile::sector_error},
    {Fault::disk_phantom_write, &MediaProfile::phantom_write},
    {Fault::disk_misdirected_write, &MediaProfile::misdirected_write},
    {Fault::disk_misdirected_read, &MediaProfile::misdirected_read},
    {Fault::disk_stale_read, &MediaProfile::stale_read}};

MediaProfile only(const Kind& kind) {
    MediaProfile media;
    media.*kind.chance = always;
    return media;
}

MediaProfile aimed_at(std::uint32_t MediaProfile::*share) {
    MediaProfile media{.rot = always, .at_records = 0, .at_blocks = 0, .at_headers = 0,
        .at_footers = 0, .at_hard_state = 0, .at_cuts = 0, .at_anything = 0};
    media.*share = 1;
    return media;
}

}  // namespace

TEST_CASE("media_nemesis: nothing is asked and nothing happens while every chance is zero",
    "[sim]") {
    const Profile profile = Arena::make({});
    CHECK_FALSE(profile.media.any());
    Arena arena({});
    Silence silence;
    MediaNemesis attacker(profile, silence, arena.faults, arena.atlas, arena);
    for (int i = 0; i < 100; ++i) {
        attacker.strike();
    }
    CHECK(arena.overlays().empty());
}

TEST_CASE("media_nemesis: each kind by itself harms something and is no other kind", "[sim]") {
    for (const Kind& kind : kinds) {
        INFO(fault_name(kind.fault));
        CHECK(Arena::make(only(kind)).media.any());
        Arena arena(only(kind));
        arena.strike(40);
        CHECK(arena.fired(kind.fault) > 10);
        CHECK(arena.fired(kind.fault) == arena.attacker.counts().done);
        CHECK(arena.notes.size() == arena.attacker.counts().done);
        for (const Kind& other : kinds) {
            CHECK((other.fault == kind.fault || arena.fired(other.fault) == 0));
        }
        const bool once = kind.fault == Fault::disk_misdirected_read ||
                          kind.fault == Fault::disk_stale_read;
        for (const auto& [name, overlay] : arena.overlays()) {
            CHECK(overlay.once == once);
            CHECK(overlay.unreadable() == (kind.fault == Fault::disk_sector_error));
            CHECK(overlay.to - overlay.from <= device_page_bytes);
            CHECK((kind.fault == Fault::disk_bit_rot || overlay.from % sector_bytes == 0));
            CHECK((kind.fault != Fault::disk_bit_rot || overlay.to - overlay.from <= 8));
        }
    }
}

TEST_CASE("media_nemesis: sectors fail in both sizes", "[sim]") {
    Arena arena(only(kinds[1]));
    arena.strike(60);
    const auto all = arena.overlays();
    const auto of_size = [&](std::uint64_t bytes) {
        return std::count_if(all.begin(), all.end(), [&](const auto& each) {
            return each.second.to - each.second.from == bytes;
        });
    };
    CHECK(of_size(sector_bytes) > 0);
    CHECK(of_size(device_page_bytes) > 0);
}

TEST_CASE("media_nemesis: a phantom write of a hard state shows the one before", "[sim]") {
    MediaProfile media = aimed_at(&MediaProfile::at_hard_state);
    media.rot = 0;
    media.phantom_write = always;
    Arena arena(media);
    for (std::uint64_t term = 2; term < 8; ++term) {
        log::Group group = arena.replicas[0]->twin.group(term, 1, 100);
        group.hard_state = {Term{term}, NodeId{1}};
        arena.replicas[0]->store(group);
    }
    arena.strike(60);
    std::uint64_t old = 0;
    for (const auto& [name, overlay] : arena.overlays()) {
        REQUIRE(name == "wal/hard_state");
        ByteVector sector(overlay.bytes);
        sector.resize(log::hard_state_slot_bytes);
        const auto slot = log::decode_hard_state_slot(sector, overlay.from);
        REQUIRE(slot);
        old += slot->generation > 1 ? 1u : 0u;
    }
    CHECK(old > 0);
}

TEST_CASE("media_nemesis: harm goes where the shares aim it", "[sim]") {
    struct Row {
        std::uint32_t MediaProfile::*share;
        std::string suffix;
    };
    const std::vector<Row> rows = {{&MediaProfile::at_hard_state, "hard_state"},
        {&MediaProfile::at_records, ".segment"}, {&MediaProfile::at_blocks, ".segment"},
        {&MediaProfile::at_headers, ".segment"}, {&MediaProfile::at_footers, ".segment"}};
    for (const Row& row : rows) {
        INFO(row.suffix);
        Arena arena(aimed_at(row.share));
        arena.strike(30);
        REQUIRE_FALSE(arena.overlays().empty());
        for (const auto& [name, overlay] : arena.overlays()) {
            CHECK(name.ends_with(row.suffix));
            CHECK((row.share != &MediaProfile::at_headers || overlay.from < 1024));
        }
    }
    Arena arena(aimed_at(&MediaProfile::at_cuts));
    arena.strike(30);
    REQUIRE_FALSE(arena.overlays().empty());
    for (const auto& [name, overlay] : arena.overlays()) {
        CHECK((name.ends_with(".cut") || name.ends_with(".chunks")));
    }
}

TEST_CASE("media_nemesis: without shares it aims anywhere, in every kind of file", "[sim]") {
    const std::uint32_t share = GENERATE(0u, 1u);
    MediaProfile media = aimed_at(&MediaProfile::at_anything);
    media.at_anything = share;
    Arena arena(media);
    arena.strike(100);
    std::set<std::string> kinds_of_files;
    for (const auto& [name, overlay] : arena.overlays()) {
        kinds_of_files.insert(name.substr(name.find_last_of("._")));
    }
    CHECK(kinds_of_files == std::set<std::string>{".chunks", ".cut", ".segment", "_state"});
}

TEST_CASE("media_nemesis: what nothing vouches for is spared unless the profile says otherwise",
    "[sim]") {
    MediaProfile media = aimed_at(&MediaProfile::at_records);
    Arena sparing(media, 1, false);
    sparing.strike(60);
    CHECK(sparing.attacker.counts().done > 0);
    CHECK(sparing.attacker.counts().refused > 0);
    CHECK(sparing.attacker.counts().unsealed == 0);
    media.unsealed = true;
    Arena cruel(media, 1, false);
    cruel.strike(60);
    CHECK(cruel.attacker.counts().unsealed > 0);
    CHECK(cruel.fired(Fault::disk_unsealed_harm) == cruel.attacker.counts().unsealed);
}

TEST_CASE("media_nemesis: unrestricted it harms more, and the last copies too", "[sim]") {
    MediaProfile media = aimed_at(&MediaProfile::at_records);
    // Entries that no node can read any more.
    const auto lost = [](Arena& arena) {
        std::set<Index> found;
        for (const auto& replica : arena.replicas) {
            found.merge(readable(*replica));
        }
        return arena.replicas[0]->twin.entries.size() - found.size();
    };
    Arena repairable(media);
    repairable.strike(150);
    CHECK(lost(repairable) == 0);
    media.unrestricted = true;
    Arena unrestricted(media);
    unrestricted.strike(150);
    CHECK(lost(unrestricted) > 0);
    CHECK(unrestricted.attacker.counts().done > repairable.attacker.counts().done);
}

TEST_CASE("media_nemesis: the same seed does the same", "[sim]") {
    MediaProfile media;
    for (const Kind& kind : kinds) {
        media.*kind.chance = 300'000;
    }
    Arena one(media, 7);
    Arena same(media, 7);
    Arena other(media, 8);
    for (Arena* arena : {&one, &same, &other}) {
        arena->strike(30);
    }
    CHECK(one.notes == same.notes);
    CHECK(one.notes != other.notes);
}

TEST_CASE("media_nemesis: somebody else takes the space of a disk", "[sim]") {
    Arena arena({.crowd = always});
    arena.strike(20);
    CHECK(arena.room.size() > 20);  // now and then that of all disks
    CHECK(std::any_of(arena.room.begin(), arena.room.end(),
        [&](std::uint64_t left) { return left > 16u << 10; }));
    CHECK(std::set<std::uint64_t>(arena.room.begin(), arena.room.end()).size() > 5);
    CHECK(arena.overlays().empty());
}

}  // namespace ledger::sim
