#include "log/reserve.h"

#include <functional>

#include <catch2/catch.hpp>

#include "log/cut_store.h"
#include "log/examination.h"
#include "log/log_map.h"
#include "sim/disk.h"
#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::log {
namespace {

using sim::Disk;
using sim::DiskOperation;

constexpr std::uint64_t reserve_bytes = 32u << 10;
constexpr std::uint64_t soft_limit_bytes = 64u << 10;
const std::string reserve_path = path_in("wal", reserve_name);

Options options_with_reserve(std::uint64_t segment_bytes = 4096) {
    Options options = sample_options(segment_bytes);
    options.reserve_bytes = reserve_bytes;
    options.soft_limit_bytes = soft_limit_bytes;
    return options;
}

std::uint64_t size_of(FileSystem& files, const std::string& name) {
    const auto file = files.open(name);
    if (!file) {
        return 0;
    }
    const auto size = (*file)->size();
    REQUIRE(size);
    return *size;
}

Opened must_open(FileSystem& files, const Options& options) {
    auto opened = open(files, options, sample_identity());
    REQUIRE(opened);
    return std::move(*opened);
}

// A formatted disk of which somebody else has all but what the test says.
struct Full {
    Full() { REQUIRE(format(disk, options, sample_identity())); }

    const Options options = options_with_reserve();
    Disk disk{NodeId{3}};
    TwinLog twin;

    Result<void> store(Storage& storage, const Group& group) {
        LEDGER_CHECK(storage.write(group));
        LEDGER_CHECK(storage.sync());
        twin.apply(group);
        return {};
    }
    // New terms, truncations, seals, entries of about `bytes`.
    Group group(std::uint64_t step, std::size_t bytes) const {
        std::optional<Index> truncate_to;
        if (step % 5 == 3 && twin.last() > twin.commit) {
            truncate_to = twin.last().previous();
        }
        TwinLog later = twin;
        const bool new_term = step % 4 == 1;
        if (new_term) {
            later.hard_state = {twin.hard_state.term.next(), NodeId{2}};
        }
        Group made = later.group(step + 1, step % 6 == 5 ? 0 : 2, bytes, truncate_to);
        if (new_term) {
            made.hard_state = later.hard_state;
        }
        made.commit = std::max(twin.commit, truncate_to.value_or(twin.last()).value > 3
                                                ? truncate_to.value_or(twin.last()) - 3
                                                : Index{0});
        return made;
    }
    // What was synced, after a power failure that leaves nothing else.
    void check_after_power_loss() {
        SeededChoices choices(7);
        disk.crash(choices, sim::lose_everything);
        disk.give_space_back();
        Opened opened = must_open(disk, options);
        REQUIRE(opened.recovered.hard_state == twin.hard_state);
        REQUIRE(opened.recovered.last == twin.last());
        REQUIRE(opened.recovered.first <= twin.commit.next());
        twin.forget(opened.recovered.first);  // of a discard that did not come to its end
        if (twin.last() >= twin.first()) {
            const auto all = opened.storage->read(twin.first(), twin.last(), UINT64_MAX);
            REQUIRE(all);
            REQUIRE(*all == twin.entries);
        }
    }
};

}  // namespace

TEST_CASE("reserve: formatting makes it, of zeros, and nobody takes it for a leftover", "[log]") {
    Full full;
    CHECK(size_of(full.disk, reserve_path) == reserve_bytes);
    CHECK(full.disk.durable(reserve_path) == ByteVector(reserve_bytes));
    const Opened opened = must_open(full.disk, full.options);
    CHECK_FALSE(opened.recovered.crowded);
    const auto examined = examine(full.disk, "wal");
    REQUIRE(examined);
    CHECK(examined->leftovers.empty());
    CHECK(examined->findings.empty());
}

TEST_CASE("reserve: an opening makes it where there was no room before", "[log]") {
    Disk disk(NodeId{3});
    disk.set_capacity(reserve_bytes);
    REQUIRE(format(disk, options_with_reserve(), sample_identity()));
    CHECK(size_of(disk, reserve_path) == 0);
    CHECK(must_open(disk, options_with_reserve()).recovered.crowded);
    disk.set_capacity(16 * soft_limit_bytes);
    CHECK_FALSE(must_open(disk, options_with_reserve()).recovered.crowded);
    CHECK(size_of(disk, reserve_path) == reserve_bytes);
}

TEST_CASE("reserve: whoever wants none has none, and asks nobody for space", "[log]") {
    Disk disk(NodeId{3});
    const Options options = sample_options();
    disk.set_capacity(1u << 20);
    REQUIRE(format(disk, options, sample_identity()));
    const Opened opened = must_open(disk, options);
    disk.take_space(0);
    TwinLog twin;
    REQUIRE(opened.storage->write(Group{}));
    REQUIRE(opened.storage->sync());
    CHECK_FALSE(opened.storage->crowded());
    CHECK(size_of(disk, reserve_path) == 0);
    CHECK_FALSE(opened.storage->write(twin.group(1, 2, 900)));
}

TEST_CASE("reserve: below the soft limit the log is crowded, until an eighth more is free", "[log]") {
    MemoryFileSystem files;
    const Options options = options_with_reserve();
    REQUIRE(format(files, options, sample_identity()));
    const Opened opened = must_open(files, options);
    const auto crowded_with = [&](std::uint64_t free) {
        files.free = free;
        REQUIRE(opened.storage->write(Group{}));
        REQUIRE(opened.storage->sync());
        return opened.storage->crowded();
    };
    CHECK_FALSE(crowded_with(soft_limit_bytes));
    CHECK(crowded_with(soft_limit_bytes - 1));
    CHECK(crowded_with(soft_limit_bytes));
    CHECK(crowded_with(soft_limit_bytes + soft_limit_bytes / 8 - 1));
    CHECK_FALSE(crowded_with(soft_limit_bytes + soft_limit_bytes / 8));
    CHECK_FALSE(crowded_with(soft_limit_bytes));
}

TEST_CASE("reserve: a group that finds no space has that of the reserve", "[log]") {
    Full full;
    const Opened opened = must_open(full.disk, full.options);
    full.disk.take_space(100);
    REQUIRE(full.store(*opened.storage, full.group(1, 900)));
    CHECK(size_of(full.disk, reserve_path) == 0);
    CHECK(opened.storage->crowded());
    // There is no room to make it again, and an empty group says so.
    REQUIRE(full.store(*opened.storage, Group{}));
    CHECK(opened.storage->crowded());
    full.disk.give_space_back();
    REQUIRE(full.store(*opened.storage, Group{}));
    CHECK_FALSE(opened.storage->crowded());
    CHECK(full.disk.durable(reserve_path) == ByteVector(reserve_bytes));
    full.check_after_power_loss();
}

TEST_CASE("reserve: no space at any write is made good, and nothing that was synced is lost", "[log]") {
    constexpr std::uint64_t groups = 24;
    bool struck = true;
    std::uint64_t sites = 0;
    for (const DiskOperation operation : {DiskOperation::write, DiskOperation::entry}) {
        struck = true;
        for (std::uint64_t at = 0; struck; ++at) {
            for (const std::uint64_t done : {0u, 1u, 700u}) {
                INFO("operation " << static_cast<int>(operation) << ", number " << at << ", " << done
                                  << " bytes of it");
                Full full;
                full.disk.inject(
                    {.operation = operation, .after = at, .error = Errc::no_space, .bytes_done = done});
                {
                    // Also at the opening, in its own writes.
                    const Opened opened = must_open(full.disk, full.options);
                    for (std::uint64_t step = 0; step < groups; ++step) {
                        const Result<void> stored =
                            full.store(*opened.storage, full.group(step, 900));
                        REQUIRE(stored);
                        if (step % 8 == 7) {
                            const Index upto = full.twin.commit;
                            // A removal frees space and is not tried twice.
                            if (!opened.storage->discard(upto)) {
                                REQUIRE(operation == DiskOperation::entry);
                                break;
                            }
                            full.twin.forget(opened.storage->published()->first());
                        }
                    }
                }
                struck = !full.disk.armed();
                sites += struck ? 1u : 0u;
                if (!struck) {
                    break;
                }
                full.check_after_power_loss();
            }
        }
    }
    CHECK(sites > 150);
}

TEST_CASE("reserve: where the space ends the log ends only when the reserve is used up", "[log]") {
    std::uint64_t ended = 0;
    std::uint64_t lived = 0;
    for (std::uint64_t left = 0; left <= 8192; left += 512) {
        for (std::uint64_t begin = 0; begin < 10; ++begin) {
            INFO(left << " bytes are left from group " << begin << " on");
            Full full;
            Result<void> stored;
            {
                const Opened opened = must_open(full.disk, full.options);
                for (std::uint64_t step = 0; step < 24 && stored; ++step) {
                    if (step == begin) {
                        full.disk.take_space(left);
                    }
                    stored = full.store(*opened.storage, full.group(step, begin % 2 == 0 ? 1500 : 60));
                    REQUIRE((stored || step > begin));
                    if (step > begin && stored) {
                        REQUIRE(opened.storage->crowded());
                    }
                }
            }
            if (!stored) {
                ++ended;
                CHECK(stored.error().code == make_error_code(Errc::no_space));
                CHECK(size_of(full.disk, reserve_path) == 0);
            }
            lived += stored ? 1u : 0u;
            // The group that failed may have left a hard state, but nothing that was synced is gone.
            SeededChoices choices(left + begin);
            full.disk.crash(choices, sim::lose_everything);
            full.disk.give_space_back();
            const Opened again = must_open(full.disk, full.options);
            REQUIRE(again.recovered.last >= full.twin.last());
            REQUIRE(again.recovered.hard_state.term >= full.twin.hard_state.term);
            const auto all = again.storage->read(full.twin.first(), full.twin.last(), UINT64_MAX);
            REQUIRE(all);
            REQUIRE(*all == full.twin.entries);
        }
    }
    CHECK(ended >= 15);
    CHECK(lived >= 15);
}

TEST_CASE("reserve: term and vote need no space at all", "[log]") {
    Full full;
    const Opened opened = must_open(full.disk, full.options);
    full.disk.take_space(0);
    for (std::uint64_t term = 1; term <= 100; ++term) {
        Group group;
        group.hard_state = HardState{Term{term}, NodeId{2}};
        REQUIRE(full.store(*opened.storage, group));
    }
    CHECK(size_of(full.disk, reserve_path) == reserve_bytes);
    full.check_after_power_loss();
}

TEST_CASE("reserve: a failed sync is not tried again, whatever it fails of", "[log]") {
    Full full;
    const Opened opened = must_open(full.disk, full.options);
    full.disk.inject({.operation = DiskOperation::sync, .error = Errc::no_space});
    CHECK_FALSE(full.store(*opened.storage, full.group(1, 900)));
    CHECK(size_of(full.disk, reserve_path) == reserve_bytes);
    CHECK_FALSE(opened.storage->write(full.group(2, 900)));
}

TEST_CASE("reserve: making it may be interrupted at every operation", "[log]") {
    const Options options = options_with_reserve();
    bool interrupted = true;
    for (std::uint64_t at = 0; interrupted; ++at) {
        for (std::uint64_t mode = 0; mode < 8; ++mode) {
            INFO("after operation " << at << ", mode " << mode);
            MemoryFileSystem files;
            REQUIRE(format(files, sample_options(4096), sample_identity()));
            files.fail_after(at);
            interrupted = !open(files, options, sample_identity());
            files.crash([mode, n = std::uint64_t{0}]() mutable { return ((mode >> (n++ % 3)) & 1) != 0; });
            const Opened opened = must_open(files, options);
            CHECK_FALSE(opened.recovered.crowded);
            // Its length says that it is whole.
            CHECK(files.bytes(reserve_path) == ByteVector(reserve_bytes));
            CHECK(files.names().size() == 2);
        }
    }
}

TEST_CASE("reserve: where more is said to be free than can be had, attempts become rare", "[log]") {
    Full full;
    Options options = full.options;
    options.reserve_bytes = 4 * reserve_bytes;  // not whole: it has to be made anew
    const Opened opened = must_open(full.disk, full.options);
    // Said to be free without end, refused at once: as with a quota.
    MemoryFileSystem files;
    REQUIRE(format(files, sample_options(), sample_identity()));
    class Quota final : public FileSystem {
      public:
        explicit Quota(MemoryFileSystem& inner) : inner_(inner) {}
        std::uint64_t attempts = 0;

        Result<std::unique_ptr<File>> open(const std::string& name) override {
            return inner_.open(name);
        }
        Result<std::unique_ptr<File>> create(const std::string& name) override {
            ++attempts;
            return failure(Errc::no_space, name);
        }
        Result<std::vector<std::string>> list(const std::string& name) override {
            return inner_.list(name);
        }
        Result<void> make_directory(const std::string& name) override {
            return inner_.make_directory(name);
        }
        Result<void> rename(const std::string& from, const std::string& to) override {
            return inner_.rename(from, to);
        }
        Result<void> remove(const std::string& name) override { return inner_.remove(name); }
        Result<void> sync_directory(const std::string& name) override {
            return inner_.sync_directory(name);
        }
        Result<std::uint64_t> free_bytes(const std::string& name) override {
            return inner_.free_bytes(name);
        }
        Result<bool> has_other_names(const std::string& name) override {
            return inner_.has_other_names(name);
        }

      private:
        MemoryFileSystem& inner_;
    } quota(files);
    Reserve reserve(quota, options);
    for (int look = 0; look < 1000; ++look) {
        REQUIRE(reserve.look());
        REQUIRE(reserve.crowded());
    }
    CHECK(quota.attempts >= 5);
    CHECK(quota.attempts <= 12);
}

TEST_CASE("reserve: a cut has the upper half, and the lower one is the log's", "[log]") {
    Full full;
    const Opened opened = must_open(full.disk, full.options);
    auto cuts = CutStore::open(full.disk, full.options, sample_identity());
    REQUIRE(cuts);
    full.disk.take_space(6000);
    const LogId cut{Term{1}, Index{4}};
    Result<void> written;
    std::uint32_t chunks = 0;
    for (; written; ++chunks) {
        written = cuts->write(cut, chunks, sample_bytes(chunks, 3000));
    }
    CHECK(written.error().code == make_error_code(Errc::no_space));
    CHECK(chunks > 3);
    CHECK(size_of(full.disk, reserve_path) == reserve_bytes / 2);
    // What it had taken is free again: the next attempt gets as far, and so on.
    const auto names = full.disk.list("wal");
    REQUIRE(names);
    CHECK(names->size() == 2);
    CHECK(cuts->write(cut, 0, sample_bytes(0, 3000)));
    // Once the log has needed its half no cut is written.
    std::uint64_t step = 0;
    while (size_of(full.disk, reserve_path) > 0) {
        REQUIRE(full.store(*opened.storage, full.group(++step, 1500)));
    }
    CHECK_FALSE(cuts->write(cut, 1, sample_bytes(1, 100)));
    CHECK_FALSE(cuts->write(cut, 0, sample_bytes(1, 100)));
    REQUIRE(full.store(*opened.storage, full.group(++step, 100)));
    full.disk.give_space_back();
    REQUIRE(full.store(*opened.storage, full.group(++step, 100)));
    CHECK(cuts->write(cut, 0, sample_bytes(0, 3000)));
    full.check_after_power_loss();
}

}  // namespace ledger::log
