#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/sealed_places.h"
#include "tests/log/conformance/session.h"
#include "tests/log/erasing.h"

namespace ledger::log::conformance {
namespace {

using Form = EntryRef (*)(EntryRef);

// Five groups of three entries in a few segments, all committed and sealed.
void begin(Session& s) {
    s.format();
    s.open();
    s.term(1);
    for (int i = 0; i < 5; ++i) {
        s.append(3, 900);
    }
    s.seal();
}

// Says what waits, and which file still has something of what was erased.
void erase(Session& s, const std::vector<std::uint64_t>& indexes, Form form = erased_form) {
    Group group;
    std::vector<ByteVector> markers;
    for (const std::uint64_t index : indexes) {
        HashedEntry& held = s.twin().entries[Index{index} - s.twin().first()];
        const EntryRef less = form(held.entry);
        group.erasures.push_back(less);
        markers.push_back(marker_of(held.entry, less));
        held.entry = less;
    }
    group.commit = s.twin().commit;
    s.store(group);
    for (const Index index : s.storage().erasing()) {
        s.say(fmt::format("{} waits", index));
    }
    for (const Index index : s.storage().damaged()) {
        s.say(fmt::format("{} is damaged", index));
    }
    const auto image = read_image(s.files(), s.options().directory);
    LEDGER_ASSERT(image);
    for (const ByteVector& marker : markers) {
        if (const std::string name = file_with(*image, marker); !name.empty()) {
            s.say("still in " + name);
        }
    }
}

std::uint64_t bytes_of(Session& s) {
    const auto image = read_image(s.files(), s.options().directory);
    LEDGER_ASSERT(image);
    std::uint64_t bytes = 0;
    for (const auto& [name, content] : *image) {
        bytes += content.size();
    }
    return bytes;
}

// A bit of the record of an entry in the first segment.
void damage(Session& s, std::uint64_t index) {
    const SharedMap map = s.storage().published();
    const auto placed = placed_segment(
        s.files(), s.options().directory, *map, map->segment_of(Index{index}));
    LEDGER_ASSERT(placed);
    const Place place = (*placed)->place(Index{index});
    const std::string name = s.in_directory(segment_name(place.segment));
    auto bytes = read_file(s.files(), name);
    LEDGER_ASSERT(bytes);
    (*bytes)[static_cast<std::size_t>(place.offset) + 20] ^= std::byte{1};
    LEDGER_ASSERT(put_file(s.files(), name, *bytes));
}

Case simple(const std::string& what, std::vector<std::uint64_t> indexes, Form form) {
    return session_case("erasure: " + what,
        [indexes = std::move(indexes), form](Session& s) {
            begin(s);
            erase(s, indexes, form);
            s.reopen();
            s.examine();
            s.list();
        },
        "");
}

std::vector<Case> erasures() {
    const std::string whole =
        "empty log | 1..15, commit 15, term 1 | CLEAN | [00000001.segment 00000002.segment "
        "00000003.segment 00000004.segment 00000005.segment hard_state]";
    std::vector<Case> cases = {
        simple("one entry of a sealed segment", {2}, erased_form),
        simple("a part of one entry", {2}, partly_erased_form),
        simple("the first entry of the log", {1}, erased_form),
        simple("the last entry of the log", {15}, erased_form),
        simple("entries of every segment", {2, 5, 8, 11, 14}, erased_form),
        simple("all that there is", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
            erased_form),
        simple("a part of all that there is", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
            partly_erased_form),
    };
    for (Case& one : cases) {
        one.words = whole;
    }
    return cases;
}

std::vector<Case> sequences() {
    return {
        session_case("erasure: first a part, then the rest",
            [](Session& s) {
                begin(s);
                erase(s, {2, 4}, partly_erased_form);
                s.reopen();
                erase(s, {2}, erased_form);
                s.reopen();
                s.examine();
            },
            "empty log | 1..15, commit 15, term 1 | 1..15, commit 15, term 1 | CLEAN"),
        session_case("erasure: what is erased twice is written once",
            [](Session& s) {
                begin(s);
                erase(s, {2});
                const auto before = read_image(s.files(), s.options().directory);
                erase(s, {2});
                const auto after = read_image(s.files(), s.options().directory);
                s.say(*before == *after ? "the same files" : "other files");
            },
            "empty log | the same files"),
        session_case("erasure: the log goes on",
            [](Session& s) {
                begin(s);
                erase(s, {3, 15});
                s.append(3, 900);
                s.reopen();
                s.append(2, 900);
                erase(s, {16});
                s.reopen();
                s.examine();
            },
            "empty log | 1..18, commit 15, term 1 | 1..20, commit 18, term 1 | CLEAN"),
        session_case("erasure: readers of the storage find the new places",
            [](Session& s) {
                begin(s);
                s.read(1, 15);
                erase(s, {2, 9});
                s.read(1, 15);
                s.read(9, 9);
            },
            "empty log | read 1..15 | read 1..15 | read 9..9"),
        session_case("erasure: beside a truncation that reached into the segment before",
            [](Session& s) {
                begin(s);
                s.append(3, 900);
                Group group = with_own_payloads(s.twin().group(99, 3, 900));
                group.commit = Index{15};
                s.store(group);
                s.append(3, 900, Index{16});
                s.seal();
                erase(s, {2, 15, 16, 17, 19});
                s.reopen();
                s.examine();
            },
            "empty log | 1..19, commit 19, term 1 | CLEAN"),
        session_case("erasure: and then the segment is discarded",
            [](Session& s) {
                begin(s);
                erase(s, {2, 9});
                s.discard(9);
                s.reopen();
                s.examine();
                s.list();
            },
            "empty log | 10..15, commit 15, term 1 | CLEAN | [00000004.segment 00000005.segment hard_state]"),
        session_case("erasure: in a log that begins behind a cut",
            [](Session& s) {
                begin(s);
                s.store(with_own_payloads(s.twin().restart(50, Index{50}, 4, 900)));
                s.seal();
                erase(s, {51, 53});
                s.reopen();
                s.examine();
            },
            "empty log | 51..54, commit 54, term 1 | CLEAN"),
        session_case("erasure: a damaged neighbour makes it wait, its copy lets it through",
            [](Session& s) {
                begin(s);
                const EntryRef copy = s.twin().at(Index{3}).entry;
                damage(s, 3);
                erase(s, {2});
                Group group;
                group.repairs = {copy};
                s.store(group);
                s.say(s.storage().erasing().empty() ? "done" : "waits");
                s.reopen();
                s.examine();
            },
            "empty log | 2 waits | 3 is damaged | still in 00000001.segment | done | "
            "1..15, commit 15, term 1 | CLEAN"),
        session_case("erasure: the damaged entry itself",
            [](Session& s) {
                begin(s);
                damage(s, 3);
                erase(s, {3});
                s.reopen();
                s.examine();
            },
            "empty log | 1..15, commit 15, term 1 | CLEAN"),
        session_case("erasure: the files get smaller by what was erased",
            [](Session& s) {
                begin(s);
                const std::uint64_t before = bytes_of(s);
                erase(s, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
                s.say(fmt::format("{} to {}", before, bytes_of(s)));
            },
            "empty log | 34304 to 31232"),
        session_case("erasure: what a crash left of an earlier attempt is overwritten",
            [](Session& s) {
                begin(s);
                LEDGER_ASSERT(put_file(s.files(), s.in_directory("00000001.segment.temporary"),
                    as_bytes("half a segment")));
                erase(s, {2});
                s.list();
                s.reopen();
                s.examine();
            },
            "empty log | [00000001.segment 00000002.segment 00000003.segment 00000004.segment "
            "00000005.segment hard_state] | 1..15, commit 15, term 1 | CLEAN"),
    };
}

}  // namespace

std::vector<Case> erasure_cases() {
    std::vector<Case> cases;
    for (auto* part : {erasures, sequences}) {
        for (Case& one : part()) {
            cases.push_back(std::move(one));
        }
    }
    return cases;
}

}  // namespace ledger::log::conformance
