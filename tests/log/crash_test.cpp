#include <catch2/catch.hpp>

#include "log/examination.h"
#include "log/log_map.h"
#include "log/storage.h"
#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::log {

namespace {

constexpr std::uint64_t segment_bytes = 6144;

// About twenty groups: small and large ones, empty ones, seals, truncations, new terms.
Group workload_group(TwinLog& twin, std::uint64_t step) {
    if (step == 12 || step == 19) {
        // Beyond the end and without entries; among entries that are not committed, and with some.
        TwinLog later = twin;
        later.hard_state = {twin.hard_state.term.next(), NodeId{}};
        Group group = later.restart(
            step, step == 12 ? twin.last() + 3 : twin.commit + 1, step == 12 ? 0 : 3, 700);
        group.hard_state = later.hard_state;
        return group;
    }
    if (step % 6 == 5) {
        Group seal;
        seal.commit = twin.last();
        return seal;
    }
    const bool new_term = step % 5 == 0;
    const HardState before = twin.hard_state;
    if (new_term) {
        twin.hard_state = {Term{before.term.value + 1}, NodeId{step % 3 == 0 ? 0u : 2u}};
    }
    std::optional<Index> truncate_to;
    if (step % 4 == 3) {
        const std::uint64_t back =
            std::min<std::uint64_t>(step % 3 + 2, twin.last() - twin.commit);
        truncate_to = twin.last() - back;
    }
    Group group = twin.group(step, step % 7 == 6 ? 0 : step % 4 + 1, step == 9 ? 9000 : 700,
        truncate_to);
    if (new_term) {
        group.hard_state = twin.hard_state;
    }
    twin.hard_state = before;
    group.commit = twin.last().value > 4 ? twin.last() - 4 : Index{0};
    group.commit = std::max(twin.commit, truncate_to ? std::min(group.commit, *truncate_to)
                                                     : group.commit);
    return group;
}

std::size_t segments_in(const MemoryFileSystem& files) {
    const std::vector<std::string> names = files.names();
    return static_cast<std::size_t>(std::count_if(names.begin(), names.end(),
        [](const std::string& name) { return name.ends_with(".segment"); }));
}

struct Run {
    MemoryFileSystem files;
    TwinLog synced;
    std::optional<Group> pending;  // written or half-written, not synced
    Index discarded;               // up to here at most
    std::size_t segments_max = 0;
    std::size_t segments_gone = 0;  // by discarding
};

void store_all(Run& run, const Options& options, std::uint64_t groups) {
    auto opened = open(run.files, options, sample_identity());
    if (!opened) {
        return;
    }
    for (std::uint64_t step = 0; step < groups; ++step) {
        run.pending = workload_group(run.synced, step);
        if (!opened->storage->write(*run.pending) || !opened->storage->sync()) {
            return;
        }
        run.synced.apply(*run.pending);
        run.pending.reset();
        if (step % 5 == 4 || step == 10 || step == 27) {
            const std::size_t segments = segments_in(run.files);
            run.segments_max = std::max(run.segments_max, segments);
            run.discarded = run.synced.commit;
            if (!opened->storage->discard(run.discarded)) {
                return;
            }
            run.synced.forget(opened->storage->published()->first());
            run.segments_gone += segments - segments_in(run.files);
        }
    }
}

bool is_prefix(const std::vector<HashedEntry>& part, const std::vector<HashedEntry>& whole) {
    return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

std::vector<HashedEntry> all_of(Opened& opened) {
    if (opened.recovered.last < opened.recovered.first) {
        return {};
    }
    auto all =
        opened.storage->read(opened.recovered.first, opened.recovered.last, UINT64_MAX);
    REQUIRE(all);
    return *all;
}

// Everything synced is there; of the rest only what the pending group could have left.
void check_legal(const Run& run, Opened& opened) {
    const std::vector<HashedEntry> found = all_of(opened);
    const Recovered& recovered = opened.recovered;
    REQUIRE(recovered.last.next() - recovered.first == found.size());
    REQUIRE(recovered.commit <= recovered.last);
    TwinLog before = run.synced;
    if (recovered.first <= run.discarded.next() && recovered.first <= before.last()) {
        before.forget(recovered.first);  // a discard that did not return
    }
    TwinLog after = before;
    if (run.pending) {
        after.apply(*run.pending);
    }
    // One log or the other, never something between them.
    const bool restarted = after.start != before.start && recovered.previous == after.start.id;
    const TwinLog& begun = restarted ? after : before;
    REQUIRE(recovered.previous == begun.start.id);
    REQUIRE(recovered.first == begun.first());
    // The replicated clocks go on from the last entry that is left.
    TwinLog left = begun;
    left.entries = found;
    REQUIRE(recovered.last_cluster_time == left.end().cluster_time);
    REQUIRE(recovered.last_wall_time == left.end().wall_time);
    const bool new_state = recovered.hard_state == after.hard_state;
    REQUIRE((new_state || recovered.hard_state == before.hard_state));
    if (!restarted && found == before.entries) {
        REQUIRE((new_state ? after.start : before.start) == before.start);
        return;
    }
    REQUIRE(run.pending.has_value());
    REQUIRE(new_state);  // no entry before its term
    const Index kept =
        restarted ? after.start.id.index : run.pending->truncate_to.value_or(before.last());
    REQUIRE(recovered.last >= kept);
    REQUIRE(is_prefix(found, after.entries));
}

// What a crash left is told from damage without a change, and as the opening takes it.
Examination examine_after_crash(Run& run, const Options& options) {
    const auto before = run.files.image();
    const std::uint64_t steps = run.files.steps();
    auto examined = examine(run.files, options.directory);
    REQUIRE(examined);
    for (const Finding& finding : examined->findings) {
        INFO(to_text(finding));
        REQUIRE(finding.condition != Condition::faulty);
    }
    REQUIRE(run.files.steps() == steps);
    REQUIRE(run.files.image() == before);
    return std::move(*examined);
}

void check_same(const Examination& examined, const Recovered& recovered) {
    REQUIRE(examined.hard_state->hard_state == recovered.hard_state);
    REQUIRE(examined.first == recovered.first);
    REQUIRE(examined.last == recovered.last);
    REQUIRE(examined.commit == recovered.commit);
    // Of a group that has not reached the disk at all there are zeros, or nothing.
    REQUIRE((recovered.torn_bytes == 0 || examined.condition() != Condition::clean ||
             examined.tail.bytes > 0 || !examined.leftovers.empty()));
}

void check_goes_on(Run& run, const Options& options, Opened& opened) {
    TwinLog twin;
    twin.hard_state = opened.recovered.hard_state;
    const bool restarted = run.pending && run.pending->restart &&
                           run.pending->restart->id == opened.recovered.previous;
    if (restarted) {
        twin.start = *run.pending->restart;
    } else {
        TwinLog before = run.synced;
        before.forget(opened.recovered.first);
        twin.start = before.start;
    }
    twin.entries = all_of(opened);
    twin.commit = opened.recovered.commit;
    for (std::uint64_t step = 100; step < 104; ++step) {
        Group group = twin.group(step, 2, 500);
        REQUIRE(opened.storage->write(group));
        REQUIRE(opened.storage->sync());
        twin.apply(group);
    }
    run.files.crash([] { return false; });
    auto again = open(run.files, options, sample_identity());
    REQUIRE(again);
    REQUIRE(again->recovered.torn_bytes == 0);
    REQUIRE(all_of(*again) == twin.entries);
}

}  // namespace

TEST_CASE("crash: at every operation, with any sectors kept, what was synced survives", "[log]") {
    const Options options =
        GENERATE(sample_options(segment_bytes), reusing_options(segment_bytes));
    constexpr std::uint64_t groups = 30;
    std::uint64_t operations = 0;
    {
        Run run;
        REQUIRE(format(run.files, options, sample_identity()));
        const std::uint64_t before = run.files.steps();
        store_all(run, options, groups);
        REQUIRE(!run.pending);
        operations = run.files.steps() - before;
        REQUIRE(operations > 110);
        REQUIRE(run.segments_gone >= 3);
        REQUIRE(run.segments_max >= 2);
    }
    std::uint64_t torn = 0;
    for (std::uint64_t at = 0; at <= operations; ++at) {
        for (std::uint64_t mode = 0; mode < 24; ++mode) {
            INFO("after operation " << at << " of " << operations << ", mode " << mode);
            Run run;
            REQUIRE(format(run.files, options, sample_identity()));
            run.files.fail_after(at);
            store_all(run, options, groups);
            run.files.crash(keeping(mode));
            const Examination examined = examine_after_crash(run, options);
            auto opened = open(run.files, options, sample_identity());
            REQUIRE(opened);
            check_legal(run, *opened);
            check_same(examined, opened->recovered);
            torn += opened->recovered.torn_bytes > 0 ? 1u : 0u;
            check_goes_on(run, options, *opened);
        }
    }
    CHECK(torn > 100);  // the test has seen what it is about
}

TEST_CASE("crash: recovery itself may be interrupted at every operation", "[log]") {
    const Options options =
        GENERATE(sample_options(segment_bytes), reusing_options(segment_bytes));
    for (std::uint64_t at = 3; at < 130; ++at) {
        for (std::uint64_t inner = 0; inner < 12; ++inner) {
            INFO("first crash after " << at << ", second after " << inner);
            Run run;
            REQUIRE(format(run.files, options, sample_identity()));
            run.files.fail_after(at);
            store_all(run, options, 30);
            run.files.crash(keeping(at % 9));
            run.files.fail_after(inner);
            auto interrupted = open(run.files, options, sample_identity());
            const bool was_interrupted = !interrupted;
            run.files.crash(keeping(2 + inner));
            const Examination examined = examine_after_crash(run, options);
            auto opened = open(run.files, options, sample_identity());
            REQUIRE(opened);
            check_legal(run, *opened);
            check_same(examined, opened->recovered);
            check_goes_on(run, options, *opened);
            if (!was_interrupted) {
                break;
            }
        }
    }
}

TEST_CASE("crash: a discard of many segments is done or not begun", "[log]") {
    const Options options =
        GENERATE(sample_options(segment_bytes), reusing_options(segment_bytes));
    bool done = false;
    for (std::uint64_t at = 0; !done; ++at) {
        for (std::uint64_t mode = 0; mode < 12; ++mode) {
            INFO("after operation " << at << ", mode " << mode);
            Run run;
            REQUIRE(format(run.files, options, sample_identity()));
            auto opened = open(run.files, options, sample_identity());
            REQUIRE(opened);
            for (std::uint64_t step = 0; step < 20; ++step) {
                const Group group = run.synced.group(step, 3, 1500);
                REQUIRE(opened->storage->write(group));
                REQUIRE(opened->storage->sync());
                run.synced.apply(group);
            }
            REQUIRE(run.files.names().size() > 4);
            run.discarded = run.synced.last();
            run.files.fail_after(at);
            done = static_cast<bool>(opened->storage->discard(run.discarded));
            run.files.crash(keeping(mode));
            auto again = open(run.files, options, sample_identity());
            REQUIRE(again);
            const Index first = again->recovered.first;
            const Index end = opened->storage->published()->first();
            REQUIRE((first == Index{1} || !done || first == end));
            REQUIRE((first == Index{1} || run.files.names().size() == 2));
            check_legal(run, *again);
            check_goes_on(run, options, *again);
        }
    }
}

TEST_CASE("crash: format is all or nothing", "[log]") {
    const Options options = sample_options();
    for (std::uint64_t at = 0; at < 8; ++at) {
        for (std::uint64_t mode = 0; mode < 6; ++mode) {
            MemoryFileSystem files;
            files.fail_after(at);
            const bool done = static_cast<bool>(format(files, options, sample_identity()));
            files.crash(keeping(mode));
            auto opened = open(files, options, sample_identity());
            INFO("after operation " << at << ", mode " << mode);
            if (opened) {
                CHECK(opened->recovered.hard_state == HardState{});
                continue;
            }
            CHECK(!done);
            CHECK(opened.error().code == Errc::not_found);
            CHECK(format(files, options, sample_identity()));
            CHECK(open(files, options, sample_identity()));
        }
    }
}

}  // namespace ledger::log
