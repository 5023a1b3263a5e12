#include <map>
#include <optional>

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "log/base/crc32c.h"
#include "log/cut_store.h"
#include "log/examination.h"
#include "tests/log/golden.h"
#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::log {

namespace {

const Options options{.directory = "wal"};

using Chunks = std::vector<ByteVector>;

// Chunks of a state: the same for the same seed.
Chunks chunks_of(std::uint64_t seed) {
    Chunks chunks(seed % 5);
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        chunks[i] = sample_bytes(seed + i, 1 + (seed * 331 + i * 97) % 1500);
    }
    return chunks;
}

CutManifest manifest_of(Index index, const Chunks& chunks) {
    CutManifest manifest;
    manifest.id = {Term{1 + index.value / 50}, index};
    manifest.entry_hash = sha256(as_bytes("entry"));
    for (const ByteVector& chunk : chunks) {
        manifest.chunks.push_back(sha256(chunk));
        manifest.bytes += chunk.size();
    }
    return manifest;
}

struct Cut {
    Chunks chunks;
    CutManifest manifest;

    Cut(Index index, std::uint64_t seed)
        : chunks(chunks_of(seed)), manifest(manifest_of(index, chunks)) {}
};

std::string file_name(Index index, const char* suffix) {
    std::string digits = std::to_string(index.value);
    return "wal/" + digits.insert(0, 20 - digits.size(), '0') + suffix;
}

std::optional<CutStore> try_open(FileSystem& files) {
    auto opened = CutStore::open(files, options, sample_identity());
    return opened ? std::optional(std::move(*opened)) : std::nullopt;
}

// The rest of a cut of which `from` chunks are there, and its completion.
Result<void> finish(CutStore& store, const Cut& cut, std::uint32_t from) {
    for (auto number = from; number < cut.chunks.size(); ++number) {
        LEDGER_CHECK(store.write(cut.manifest.id, number, cut.chunks[number]));
    }
    return store.complete(cut.manifest);
}

std::uint32_t resumed(CutStore& store, const Cut& cut) {
    const auto held = store.resume(cut.manifest);
    REQUIRE(held);
    return *held;
}

void require_readable(CutStore& store, const Cut& cut) {
    for (std::uint32_t number = 0; number < cut.chunks.size(); ++number) {
        const auto chunk = store.read(cut.manifest.id, number);
        REQUIRE(chunk);
        REQUIRE(*chunk == cut.chunks[number]);
    }
}

// What the store must hold: complete cuts by index.
using Twin = std::map<std::uint64_t, Cut>;

void require_same(CutStore& store, const Twin& twin) {
    REQUIRE(store.cuts().size() == twin.size());
    auto at = twin.begin();
    for (const CutManifest& manifest : store.cuts()) {
        REQUIRE(manifest == at->second.manifest);
        require_readable(store, at->second);
        ++at;
    }
}

// One run of a store: what it surely holds, what it may hold or lack.
struct Run {
    MemoryFileSystem files;
    Twin sure;
    std::optional<Cut> finishing;  // complete() has not returned
    Index removing;                // remove_before() of this has not returned
};

bool keep_cut(Run& run, CutStore& store, Index index, std::uint64_t seed) {
    run.finishing = Cut(index, seed);
    if (!finish(store, *run.finishing, 0)) {
        return false;
    }
    run.sure.erase(index.value);
    run.sure.emplace(index.value, *run.finishing);
    run.finishing.reset();
    return true;
}

bool remove_cuts(Run& run, CutStore& store, Index index) {
    run.removing = index;
    if (!store.remove_before(index)) {
        return false;
    }
    run.sure.erase(run.sure.begin(), run.sure.lower_bound(index.value));
    run.removing = Index{};
    return true;
}

// Cuts come and go; one is left unfinished, one is made anew, one has no chunks.
void live(Run& run) {
    std::optional<CutStore> store = try_open(run.files);
    const Cut unfinished(Index{90}, 4);
    const bool through =
        store && keep_cut(run, *store, Index{10}, 3) && keep_cut(run, *store, Index{20}, 5) &&
        keep_cut(run, *store, Index{30}, 14) && remove_cuts(run, *store, Index{30}) &&
        store->write(unfinished.manifest.id, 0, unfinished.chunks[0]) &&
        store->write(unfinished.manifest.id, 1, unfinished.chunks[1]) &&
        keep_cut(run, *store, Index{40}, 8) && keep_cut(run, *store, Index{50}, 9) &&
        remove_cuts(run, *store, Index{50}) &&
        store->write(unfinished.manifest.id, 0, unfinished.chunks[0]);
    REQUIRE((through || run.files.has_failed()));
}

// Every cut that must be there is; what may be there is whole.
void check_legal(const Run& run, CutStore& store) {
    Twin found;
    for (const CutManifest& manifest : store.cuts()) {
        const auto sure = run.sure.find(manifest.id.index.value);
        const bool is_sure = sure != run.sure.end() && sure->second.manifest == manifest;
        REQUIRE((is_sure || (run.finishing && run.finishing->manifest == manifest)));
        found.emplace(manifest.id.index.value, is_sure ? sure->second : *run.finishing);
    }
    for (const auto& [index, cut] : run.sure) {
        REQUIRE((found.contains(index) || Index{index} < run.removing));
    }
    require_same(store, found);
}

// Of cuts a crash leaves nothing that looks like damage.
void check_examined(Run& run) {
    const auto examined = examine(run.files, options.directory);
    if (!examined) {
        REQUIRE(examined.error().code == Errc::not_found);
        return;
    }
    for (const Finding& finding : examined->findings) {
        INFO(to_text(finding));
        REQUIRE((finding.place == FoundAt::hard_state));  // there is none here
    }
}

// A new cut is taken, the others go, and nothing of them is left lying about.
void check_goes_on(Run& run, CutStore& store) {
    const Cut unfinished(Index{90}, 4);
    const std::uint32_t held = resumed(store, unfinished);
    REQUIRE(held <= 2);
    REQUIRE(finish(store, unfinished, held));
    REQUIRE(store.remove_before(Index{90}));
    run.files.crash([] { return false; });
    auto again = try_open(run.files);
    REQUIRE(again);
    require_same(*again, {{90, unfinished}});
    REQUIRE(run.files.names() ==
            std::vector{file_name(Index{90}, ".chunks"), file_name(Index{90}, ".cut")});
}

}  // namespace

TEST_CASE("crash: a cut is complete or none at every operation of its life", "[log]") {
    std::uint64_t operations = 0;
    {
        Run run;
        live(run);
        operations = run.files.steps();
        REQUIRE(run.sure.size() == 1);
    }
    REQUIRE(operations > 50);
    for (std::uint64_t at = 0; at <= operations; ++at) {
        for (std::uint64_t mode = 0; mode < 16; ++mode) {
            INFO("after operation " << at << " of " << operations << ", mode " << mode);
            Run run;
            run.files.fail_after(at);
            live(run);
            run.files.crash(keeping(mode));
            // Opening may be interrupted, too.
            run.files.fail_after(mode % 4);
            try_open(run.files);
            run.files.crash(keeping(mode + 3));
            check_examined(run);
            auto store = try_open(run.files);
            REQUIRE(store);
            check_legal(run, *store);
            check_goes_on(run, *store);
        }
    }
}

TEST_CASE("cut_store: it agrees with a plain map over any history", "[log]") {
    rc::prop("write, complete, resume, remove, reopen, crash, damage, read", [] {
        MemoryFileSystem files;
        std::optional<CutStore> store = try_open(files);
        Twin twin;
        std::optional<Cut> begun;
        std::uint32_t written = 0;  // chunks of it; after a crash at most so many
        const auto steps = *rc::gen::inRange<std::uint64_t>(1, 40);
        for (std::uint64_t step = 1; step <= steps; ++step) {
            const auto action = *rc::gen::inRange(0, 10);
            if (action == 0) {
                store.reset();
                files.crash(keeping(step % 12));
                store = try_open(files);
                RC_ASSERT(store.has_value());
            } else if (action == 1) {
                const Index index{*rc::gen::inRange<std::uint64_t>(0, 12)};
                RC_ASSERT(static_cast<bool>(store->remove_before(index)));
                twin.erase(twin.begin(), twin.lower_bound(index.value));
            } else if (action <= 4 || !begun) {
                begun.emplace(Index{*rc::gen::inRange<std::uint64_t>(1, 12)}, step);
                written = resumed(*store, *begun);
                RC_ASSERT(written <= begun->chunks.size());
                const auto known = twin.find(begun->manifest.id.index.value);
                if (known != twin.end() && known->second.manifest != begun->manifest) {
                    twin.erase(known);  // another one is wanted in its place
                }
            } else if (written < begun->chunks.size()) {
                const std::uint32_t held = resumed(*store, *begun);
                RC_ASSERT(held <= written);
                RC_ASSERT(static_cast<bool>(
                    store->write(begun->manifest.id, held, begun->chunks[held])));
                written = held + 1;
            } else {
                RC_ASSERT(static_cast<bool>(finish(*store, *begun, resumed(*store, *begun))));
                const std::uint64_t index = begun->manifest.id.index.value;
                twin.erase(index);
                twin.emplace(index, *begun);
                begun.reset();
            }
            require_same(*store, twin);
        }
    });
}

TEST_CASE("cut_store: damage of any kind is an error or a cut that is not there", "[log]") {
    rc::prop("flips, garbage and cuts in any file", [] {
        MemoryFileSystem files;
        auto store = try_open(files);
        Twin twin;
        for (const std::uint64_t index : {3u, 5u, 9u}) {
            Cut cut(Index{index}, index);
            RC_ASSERT(static_cast<bool>(finish(*store, cut, 0)));
            twin.emplace(index, std::move(cut));
        }
        const auto names = files.names();
        const auto harms = *rc::gen::inRange(1, 5);
        for (int i = 0; i < harms; ++i) {
            ByteVector& bytes = files.bytes(*rc::gen::elementOf(names));
            if (bytes.empty()) {
                continue;
            }
            const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
            switch (*rc::gen::inRange(0, 3)) {
                case 0: bytes[at] ^= std::byte{8}; break;
                case 1: bytes.resize(at); break;
                default: {
                    const ByteVector garbage = sample_bytes(at, bytes.size() - at);
                    std::copy_n(garbage.begin(), std::min<std::size_t>(512, garbage.size()),
                        bytes.begin() + static_cast<std::ptrdiff_t>(at));
                }
            }
        }
        store = try_open(files);
        RC_ASSERT(store.has_value());
        for (const CutManifest& manifest : store->cuts()) {
            const Cut& cut = twin.at(manifest.id.index.value);
            RC_ASSERT(manifest == cut.manifest);
            for (std::uint32_t number = 0; number < cut.chunks.size(); ++number) {
                const auto chunk = store->read(manifest.id, number);
                RC_ASSERT((chunk ? *chunk == cut.chunks[number]
                                 : chunk.error().code == Errc::corrupt_record));
            }
        }
        // Each is mended from where its damage begins.
        for (const auto& [index, cut] : twin) {
            RC_ASSERT(static_cast<bool>(finish(*store, cut, resumed(*store, cut))));
            require_readable(*store, cut);
        }
        store = try_open(files);
        require_same(*store, twin);
    });
}

TEST_CASE("cut_store: a cut that is here whole is neither asked for nor lost", "[log]") {
    MemoryFileSystem files;
    auto store = try_open(files);
    const Cut cut(Index{7}, 14);
    REQUIRE(cut.chunks.size() == 4);
    REQUIRE(finish(*store, cut, 0));
    const std::uint64_t steps = files.steps();
    REQUIRE(resumed(*store, cut) == 4);
    REQUIRE(store->complete(cut.manifest));
    CHECK(files.steps() == steps);
    require_same(*store, {{7, cut}});
    // The same index after another history: nothing of the old one may pass for it.
    const Cut other(Index{7}, 13);
    REQUIRE(resumed(*store, other) == 0);
    CHECK(store->cuts().empty());
    CHECK(try_open(files)->cuts().empty());
    REQUIRE(finish(*store, other, 0));
    require_same(*store, {{7, other}});
}

TEST_CASE("cut_store: a manifest of a later version is refused, never guessed at", "[log]") {
    MemoryFileSystem files;
    auto store = try_open(files);
    REQUIRE(finish(*store, Cut(Index{7}, 14), 0));
    ByteVector& bytes = files.bytes(file_name(Index{7}, ".cut"));
    const auto make_later = [&bytes](std::size_t copy) {
        std::byte* const at = bytes.data() + copy;
        store_little_endian(at + 4, std::uint32_t{2});
        store_little_endian(at + 44, crc32c({at, 44}));
    };
    make_later(0);
    CHECK(try_open(files)->cuts().size() == 1);  // the other copy
    make_later(bytes.size() / 2);
    const auto opened = CutStore::open(files, options, sample_identity());
    REQUIRE(!opened);
    CHECK(opened.error().code == Errc::unsupported);
}

TEST_CASE("cut_store: the bytes on disk are the golden ones", "[log]") {
    MemoryFileSystem files;
    auto store = try_open(files);
    REQUIRE(store);
    Cut cut(Index{1234}, 12);
    cut.manifest.configuration = sample_bytes(1, 20);
    cut.manifest.control = sample_bytes(2, 30);
    REQUIRE(finish(*store, cut, 0));
    check_golden("log/cut_chunks.hex", files.bytes(file_name(Index{1234}, ".chunks")));
    check_golden("log/cut_file.hex", files.bytes(file_name(Index{1234}, ".cut")));
}

}  // namespace ledger::log
