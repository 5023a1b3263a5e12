#include <cstring>
#include <utility>

#include "log/base/assert.h"
#include "log/base/crc32c.h"
#include "log/hard_state_file.h"
#include "log/segment.h"
#include "tests/log/conformance/describe.h"
#include "tests/log/conformance/session.h"

namespace ledger::log::conformance {
namespace {

Identity another_node() {
    Identity identity = sample_identity();
    identity.node = NodeId{9};
    return identity;
}

Identity another_cluster() {
    Identity identity = sample_identity();
    identity.cluster.low = 1;
    return identity;
}

// A log that is ready to be written to, in term 1.
void begin(Session& s) {
    s.format();
    s.open();
    s.term(1);
}

void put_foreign(Session& s, const std::string& name, std::string_view text) {
    s.say(put_file(s.files(), s.in_directory(name), as_bytes(text)));
    s.say(s.files().sync_directory(s.options().directory));
}

std::vector<Case> formatting() {
    return {
        session_case("storage: nothing was ever formatted", [](Session& s) { s.open(); },
            "not found"),
        session_case("storage: a formatted directory is an empty log",
            [](Session& s) {
                s.format();
                s.reopen();
                s.list();
            },
            "empty log | [hard_state]"),
        session_case("storage: nothing is formatted twice",
            [](Session& s) {
                s.format();
                s.format();
                s.open();
            },
            "already exists | empty log"),
        session_case("storage: a directory of somebody else is not formatted",
            [](Session& s) {
                s.say(s.files().make_directory("wal"));
                put_foreign(s, "notes.txt", "mine");
                s.format();
                s.list();
            },
            "already exists | [notes.txt]"),
        session_case("storage: what an interrupted format left does not count",
            [](Session& s) {
                s.say(s.files().make_directory("wal"));
                put_foreign(s, "hard_state.temporary", "half a");
                s.open();
                s.format();
                s.reopen();
                s.list();
            },
            "not found | empty log | [hard_state]"),
        session_case("storage: an empty hard state is no hard state",
            [](Session& s) {
                s.say(s.files().make_directory("wal"));
                put_foreign(s, "hard_state", "");
                s.open();
                s.format();
            },
            "corrupt record: hard_state: no intact copy of term and vote; this node must rejoin, "
            "not restart | already exists"),
        session_case("storage: the data of another node",
            [](Session& s) {
                begin(s);
                s.append(2, 100);
                s.lose_power();
                s.open(another_node());
                s.open();
            },
            "empty log | data of another cluster or node: wal/hard_state belongs to node 3 of cluster "
            "0123456789abcdeffedcba9876543210, not to node 9 of cluster "
            "0123456789abcdeffedcba9876543210 | 1..2, commit 0, term 1"),
        session_case("storage: the data of another cluster",
            [](Session& s) {
                begin(s);
                s.lose_power();
                s.open(another_cluster());
            },
            "empty log | data of another cluster or node: wal/hard_state belongs to node 3 of cluster "
            "0123456789abcdeffedcba9876543210, not to node 3 of cluster "
            "0123456789abcdef0000000000000001"),
        session_case("storage: whoever opens need not know the disk",
            [](Session& s) {
                begin(s);
                s.append(1, 100);
                s.lose_power();
                Identity identity = sample_identity();
                identity.incarnation = {};
                s.open(identity);
            },
            "empty log | 1..1, commit 0, term 1"),
    };
}

// Directories other than the usual one.
Case elsewhere(const std::string& name, const std::string& directory) {
    const auto run = [directory](Arm& arm) {
        Session s(arm, Options{directory, 4096});
        begin(s);
        s.append(3, 200);
        s.reopen();
        s.list();
        return s.end();
    };
    return {name, run, "empty log | 1..3, commit 0, term 1 | [00000001.segment hard_state]"};
}

std::vector<Case> appending() {
    return {
        elsewhere("storage: a log in the root", ""),
        elsewhere("storage: a log deep in directories", "a/b/c/wal"),
        session_case("storage: one entry",
            [](Session& s) {
                begin(s);
                s.append(1, 100);
                s.reopen();
                s.examine();
            },
            "empty log | 1..1, commit 0, term 1 | CLEAN"),
        session_case("storage: entries without a body",
            [](Session& s) {
                begin(s);
                s.append(4, 0);
                s.reopen();
                s.examine();
            },
            "empty log | 1..4, commit 0, term 1 | CLEAN"),
        session_case("storage: groups of many sizes",
            [](Session& s) {
                begin(s);
                for (std::uint64_t count = 1; count <= 9; ++count) {
                    s.append(count, 300);
                }
                s.reopen();
                s.read(1, 45);
                s.examine();
            },
            "empty log | 1..45, commit 36, term 1 | read 1..45 | CLEAN"),
        session_case("storage: a group of 300",
            [](Session& s) {
                begin(s);
                s.append(300, 90);
                s.reopen();
                s.examine();
            },
            "empty log | 1..300, commit 0, term 1 | CLEAN"),
        session_case("storage: an entry larger than a segment",
            [](Session& s) {
                begin(s);
                s.append(1, 200);
                Group group;
                group.entries.push_back(
                    sample_entry(Index{2}, Term{1}, s.twin().hash_at(Index{1}), 77, 100'000));
                s.store(group);
                s.append(1, 200);
                s.reopen();
                s.list();
                s.examine();
            },
            "empty log | 1..3, commit 2, term 1 | "
            "[00000001.segment 00000002.segment 00000003.segment hard_state] | CLEAN"),
        session_case("storage: an entry of a MiB",
            [](Session& s) {
                begin(s);
                Group group;
                group.entries.push_back(sample_entry(Index{1}, Term{1}, Digest{}, 7, 1 << 20));
                s.store(group);
                s.reopen();
                s.examine();
            },
            "empty log | 1..1, commit 0, term 1 | CLEAN", 64u << 20),
        session_case("storage: many segments",
            [](Session& s) {
                begin(s);
                for (int i = 0; i < 20; ++i) {
                    s.append(2, 1500);
                }
                s.reopen();
                s.append(1, 100);
                s.reopen();
                s.examine();
            },
            "empty log | 1..40, commit 38, term 1 | 1..41, commit 40, term 1 | CLEAN"),
        session_case("storage: written and read in the same life",
            [](Session& s) {
                begin(s);
                s.append(3, 400);
                s.append(3, 400);
                s.read(2, 5);
                s.append(3, 400);
                s.read(1, 9);
            },
            "empty log | read 2..5 | read 1..9"),
        session_case("storage: pages of a read are bounded",
            [](Session& s) {
                begin(s);
                s.append(8, 1000);
                s.read(1, 8, 1);
                s.read(4, 8, 1);
                s.read(8, 8);
            },
            "empty log | read 1..1 | read 4..4 | read 8..8"),
        session_case("storage: what the log does not hold cannot be read",
            [](Session& s) {
                begin(s);
                s.append(3, 100);
                s.read(2, 4);
                s.read(4, 4);
                s.read(0, 1);
                s.read(1, 3);
            },
            "empty log | read 2..3 | index outside the log: index 4: the log holds 1 to 3 | "
            "index outside the log: index 0: the log holds 1 to 3 | read 1..3"),
        session_case("storage: a group that was not synced is there when only the process ended",
            [](Session& s) {
                begin(s);
                s.append(2, 100);
                const Group group = s.twin().group(50, 2, 100);
                s.say(s.storage().write(group));
                s.twin().apply(group);
                s.close();
                s.open();
            },
            "empty log | 1..4, commit 0, term 1"),
        session_case("storage: ten openings in a row",
            [](Session& s) {
                begin(s);
                for (int i = 0; i < 9; ++i) {
                    s.append(1, 100);
                    s.reopen();
                }
                s.list();
                s.examine();
            },
            "empty log | 1..1, commit 0, term 1 | 1..2, commit 1, term 1 | 1..3, commit 2, term 1 | "
            "1..4, commit 3, term 1 | 1..5, commit 4, term 1 | 1..6, commit 5, term 1 | "
            "1..7, commit 6, term 1 | 1..8, commit 7, term 1 | 1..9, commit 8, term 1 | "
            "[00000001.segment 00000002.segment 00000003.segment hard_state] | CLEAN"),
        session_case("storage: ten openings of nothing",
            [](Session& s) {
                s.format();
                for (int i = 0; i < 9; ++i) {
                    s.reopen();
                }
                s.list();
            },
            "empty log | empty log | empty log | empty log | empty log | empty log | empty log | "
            "empty log | empty log | [hard_state]"),
    };
}

std::vector<Case> hard_states() {
    return {
        session_case("storage: term and vote last",
            [](Session& s) {
                s.format();
                s.open();
                s.term(7, 2);
                s.reopen();
                s.list();
            },
            "empty log | empty log, term 7, vote 2 | [hard_state]"),
        session_case("storage: a vote in the term it has",
            [](Session& s) {
                begin(s);
                s.term(1, 4);
                s.reopen();
            },
            "empty log | empty log, term 1, vote 4"),
        session_case("storage: a hundred terms",
            [](Session& s) {
                begin(s);
                for (std::uint64_t term = 2; term <= 100; ++term) {
                    s.term(term, static_cast<std::uint32_t>(term % 3));
                }
                s.reopen();
            },
            "empty log | empty log, term 100, vote 1"),
        session_case("storage: a hard state with entries",
            [](Session& s) {
                begin(s);
                s.append(2, 100);
                s.twin().hard_state = {Term{3}, NodeId{1}};
                Group group = s.twin().group(40, 2, 100);
                group.hard_state = s.twin().hard_state;
                s.store(group);
                s.reopen();
                s.examine();
            },
            "empty log | 1..4, commit 0, term 3, vote 1 | CLEAN"),
        session_case("storage: a log that is no source of data says so",
            [](Session& s) {
                begin(s);
                Group group;
                group.hard_state = HardState{Term{2}, NodeId{1}, true};
                s.store(group);
                s.reopen();
                s.term(3);
                s.reopen();
            },
            "empty log | empty log, term 2, vote 1 | empty log, term 3"),
    };
}

std::vector<Case> commits() {
    return {
        session_case("storage: a commit is durable with the next group",
            [](Session& s) {
                begin(s);
                s.append(3, 100);
                s.append(1, 100);
                s.reopen();
            },
            "empty log | 1..4, commit 3, term 1"),
        session_case("storage: an idle seal makes a commit durable",
            [](Session& s) {
                begin(s);
                s.append(3, 100);
                s.seal();
                s.reopen();
                s.examine();
            },
            "empty log | 1..3, commit 3, term 1 | CLEAN"),
        session_case("storage: nothing is sealed twice",
            [](Session& s) {
                begin(s);
                s.append(3, 100);
                s.seal();
                const auto before = read_image(s.files(), "wal");
                s.seal();
                const auto after = read_image(s.files(), "wal");
                s.say(before && after && *before == *after ? "the same" : "changed");
            },
            "empty log | the same"),
        session_case("storage: an empty log needs no seal",
            [](Session& s) {
                begin(s);
                s.seal();
                s.list();
                s.reopen();
            },
            "empty log | [hard_state] | empty log, term 1"),
        session_case("storage: a hard state carries the commit of the groups before it",
            [](Session& s) {
                begin(s);
                s.append(3, 100);
                s.append(1, 100);
                s.term(2);
                s.reopen();
            },
            "empty log | 1..4, commit 3, term 2"),
        session_case("storage: a commit that the entries have not reached",
            [](Session& s) {
                begin(s);
                s.append(3, 100);
                Group group = s.twin().group(60, 2, 100);
                group.commit = Index{90};
                s.store(group);
                s.reopen();
            },
            "empty log | 1..5, commit 3, term 1"),
    };
}

std::vector<Case> truncations() {
    return {
        session_case("storage: a truncation alone",
            [](Session& s) {
                begin(s);
                s.append(5, 100);
                s.append(0, 0, Index{3});
                s.reopen();
                s.examine();
            },
            "empty log | 1..3, commit 3, term 1 | CLEAN"),
        session_case("storage: a truncation with what comes instead",
            [](Session& s) {
                begin(s);
                s.append(5, 100);
                s.term(2);
                s.append(4, 100, Index{2});
                s.reopen();
                s.read(1, 6);
                s.examine();
            },
            "empty log | 1..6, commit 2, term 2 | read 1..6 | CLEAN"),
        session_case("storage: a truncation of everything",
            [](Session& s) {
                begin(s);
                s.append(5, 100);
                s.append(0, 0, Index{0});
                s.reopen();
                s.append(2, 100);
                s.reopen();
                s.examine();
            },
            "empty log | empty log, term 1 | 1..2, commit 0, term 1 | CLEAN"),
        session_case("storage: a truncation of nothing",
            [](Session& s) {
                begin(s);
                s.append(5, 100);
                s.append(2, 100, Index{5});
                s.reopen();
                s.examine();
            },
            "empty log | 1..7, commit 5, term 1 | CLEAN"),
        session_case("storage: a truncation into an earlier segment",
            [](Session& s) {
                begin(s);
                Group all;
                for (int i = 0; i < 5; ++i) {
                    Group group = s.twin().group(static_cast<std::uint64_t>(70 + i), 3, 1500);
                    group.commit = Index{2};
                    s.store(group);
                }
                s.term(2);
                s.append(2, 300, Index{4});
                s.reopen();
                s.append(1, 100);
                s.reopen();
                s.examine();
            },
            "empty log | 1..6, commit 4, term 2 | 1..7, commit 6, term 2 | CLEAN"),
        session_case("storage: truncations one after the other",
            [](Session& s) {
                begin(s);
                s.append(6, 200);
                for (std::uint64_t term = 2; term < 6; ++term) {
                    s.term(term);
                    Group group = s.twin().group(80 + term, 3, 200, Index{7 - term});
                    s.store(group);
                }
                s.reopen();
                s.examine();
            },
            "empty log | 1..5, commit 0, term 5 | CLEAN"),
        session_case("storage: what was truncated cannot be read",
            [](Session& s) {
                begin(s);
                s.append(5, 100);
                s.append(0, 0, Index{3});
                s.read(1, 3);
                s.read(4, 4);
            },
            "empty log | read 1..3 | index outside the log: index 4: the log holds 1 to 3"),
    };
}

// The files of another node take the place of this one's.
void mix(Session& s, const Identity& identity, const std::string& name) {
    s.lose_power();
    Options options = s.options();
    options.directory = "other";
    LEDGER_ASSERT(log::format(s.files(), options, identity));
    {
        auto opened = log::open(s.files(), options, identity);
        LEDGER_ASSERT(opened);
        TwinLog twin;
        twin.hard_state.term = Term{1};
        Group group = twin.group(1, 5, 200);
        group.hard_state = twin.hard_state;
        LEDGER_ASSERT(opened->storage->write(group) && opened->storage->sync());
    }
    const auto bytes = read_file(s.files(), "other/" + name);
    LEDGER_ASSERT(bytes);
    s.say(put_file(s.files(), s.in_directory(name), *bytes));
}

void rewrite_version(Session& s, std::uint32_t version, std::uint64_t checked) {
    s.lose_power();
    const std::string name = s.in_directory(hard_state_name);
    auto bytes = read_file(s.files(), name);
    LEDGER_ASSERT(bytes);
    for (std::uint64_t place = 0; place < hard_state_slots * hard_state_copies; ++place) {
        const std::uint64_t offset = place * hard_state_spacing;
        std::byte* const at = bytes->data() + offset;
        store_little_endian(at + 4, version);
        const ByteSpan covered(at, static_cast<std::size_t>(checked));
        store_little_endian(
            at + checked, crc32c(covered, location_crc({SegmentId{0}, offset})));
        // There is nothing behind it in this version.
        std::memset(
            at + checked + 4, 0, static_cast<std::size_t>(hard_state_slot_bytes - checked - 4));
    }
    s.say(put_file(s.files(), name, *bytes));
}

std::vector<Case> versions_and_owners() {
    return {
        session_case("storage: a hard state of a version without flags is read",
            [](Session& s) {
                begin(s);
                s.append(2, 100);
                rewrite_version(s, 2, 88);
                s.open();
                s.term(2);
                s.reopen();
            },
            "empty log | 1..2, commit 0, term 1 | 1..2, commit 0, term 2"),
        session_case("storage: a hard state of a version without the newest segment is read",
            [](Session& s) {
                begin(s);
                s.append(2, 100);
                rewrite_version(s, 3, 92);
                s.open();
                s.term(2);
                s.append(2, 100);
                s.reopen();
                // From the next group on it is known.
                s.lose_power();
                s.say(s.files().remove(s.in_directory(segment_name(SegmentId{1}))));
                s.open();
            },
            "empty log | 1..2, commit 0, term 1 | 1..4, commit 2, term 2 | "
            "an entry that may have been promised cannot be read: segment 1 at byte 0: index 1: "
            "the newest segment is missing"),
        session_case("storage: a log without its newest segment is refused",
            [](Session& s) {
                begin(s);
                for (int group = 0; group < 6; ++group) {
                    s.append(3, 700);
                }
                s.lose_power();
                s.say(s.files().remove(s.in_directory(segment_name(SegmentId{6}))));
                s.list();
                s.open();
            },
            "empty log | [00000001.segment 00000002.segment 00000003.segment 00000004.segment "
            "00000005.segment hard_state] | an entry that may have been promised cannot be read: "
            "segment 6 at byte 0: index 16: the newest segment is missing"),
        session_case("storage: a log cut back to before a durable commit is refused",
            [](Session& s) {
                begin(s);
                s.append(2, 100);
                s.append(2, 100);
                s.append(2, 100);
                s.term(2);  // and that 1..4 are committed
                s.lose_power();
                const std::string name = s.in_directory(segment_name(SegmentId{1}));
                auto bytes = read_file(s.files(), name);
                LEDGER_ASSERT(bytes);
                bytes->resize(2048);  // the header, and the first group
                s.say(put_file(s.files(), name, *bytes));
                s.open();
                s.examine();
            },
            "empty log | an entry that may have been promised cannot be read: segment 1 at byte 2048: "
            "index 3: committed, but the log ends before it | FAULTY promise"),
        session_case("storage: a hard state of a later version is not",
            [](Session& s) {
                begin(s);
                s.append(2, 100);
                rewrite_version(s, 9, 104);
                s.open();
                s.examine();
            },
            "empty log | unsupported format version: hard_state at byte 12288: format version 9 | "
            "unsupported format version: hard_state at byte 0: format version 9"),
        session_case("storage: a segment of a later version is not read",
            [](Session& s) {
                begin(s);
                s.append(2, 100);
                s.lose_power();
                const std::string name = s.in_directory(segment_name(SegmentId{1}));
                auto bytes = read_file(s.files(), name);
                LEDGER_ASSERT(bytes);
                for (const std::uint64_t offset : {std::uint64_t{0}, sector_bytes}) {
                    std::byte* const at = bytes->data() + offset;
                    store_little_endian(at + 4, std::uint32_t{9});
                    store_little_endian(at + 136,
                        crc32c(ByteSpan(at, 136), location_crc({SegmentId{1}, offset})));
                }
                s.say(put_file(s.files(), name, *bytes));
                s.open();
                s.examine();
            },
            "empty log | unsupported format version: segment 1 has format version 9 | "
            "unsupported format version: segment 1 has format version 9"),
        session_case("storage: a segment of another node",
            [](Session& s) {
                begin(s);
                s.append(5, 200);
                mix(s, another_node(), "00000001.segment");
                s.open();
                s.examine();
            },
            "empty log | data of another cluster or node: 00000001.segment belongs to node 9 of "
            "cluster 0123456789abcdeffedcba9876543210, not to node 3 of cluster "
            "0123456789abcdeffedcba9876543210 | FAULTY file"),
        session_case("storage: a segment of another disk of this node",
            [](Session& s) {
                begin(s);
                s.append(5, 200);
                Identity identity = sample_identity();
                identity.incarnation = Incarnation{5};
                mix(s, identity, "00000001.segment");
                s.open();
                s.examine();
            },
            "empty log | data of another cluster or node: 00000001.segment belongs to another disk of "
            "node 3 of cluster 0123456789abcdeffedcba9876543210, not to node 3 of cluster "
            "0123456789abcdeffedcba9876543210 | FAULTY file"),
        session_case("storage: the hard state of another node",
            [](Session& s) {
                begin(s);
                s.append(5, 200);
                mix(s, another_node(), hard_state_name);
                s.open();
                s.examine();
            },
            "empty log | data of another cluster or node: wal/hard_state belongs to node 9 of cluster "
            "0123456789abcdeffedcba9876543210, not to node 3 of cluster "
            "0123456789abcdeffedcba9876543210 | FAULTY file"),
    };
}

// Files that are none of the log's.
std::vector<Case> strays() {
    return {
        session_case("storage: files of somebody else stay where they are",
            [](Session& s) {
                begin(s);
                s.append(2, 100);
                put_foreign(s, "notes.txt", "mine");
                put_foreign(s, "1.segment", "not ours");
                put_foreign(s, "00000002.segment.bak", "not ours");
                s.reopen();
                s.list();
                s.examine();
            },
            "empty log | 1..2, commit 0, term 1 | [00000001.segment 00000002.segment.bak 1.segment "
            "hard_state notes.txt] | CLEAN"),
        session_case("storage: a temporary hard state beside the hard state",
            [](Session& s) {
                begin(s);
                s.append(2, 100);
                put_foreign(s, "hard_state.temporary", "half a");
                s.reopen();
                s.examine();
            },
            "empty log | 1..2, commit 0, term 1 | CLEAN"),
        session_case("storage: an empty segment that a crash left is removed",
            [](Session& s) {
                begin(s);
                s.append(2, 100);
                put_foreign(s, "00000002.segment", "");
                s.examine();
                s.reopen();
                s.list();
            },
            "empty log | TORN segment header | 1..2, commit 0, term 1 | [00000001.segment hard_state]"),
        session_case("storage: a segment of zeros that a crash left is removed",
            [](Session& s) {
                begin(s);
                s.append(2, 100);
                put_foreign(s, "00000002.segment", std::string(3000, '\0'));
                s.examine();
                s.reopen();
                s.list();
                s.append(1, 100);
                s.reopen();
            },
            "empty log | TORN segment header | 1..2, commit 0, term 1 | "
            "[00000001.segment hard_state] | 1..3, commit 2, term 1"),
        session_case("storage: a directory in the directory",
            [](Session& s) {
                begin(s);
                s.append(2, 100);
                s.say(s.files().make_directory("wal/lost+found"));
                s.reopen();
                s.list();
                s.examine();
            },
            "empty log | 1..2, commit 0, term 1 | [00000001.segment hard_state] | CLEAN"),
    };
}

}  // namespace

std::vector<Case> storage_cases() {
    std::vector<Case> cases;
    for (auto* part : {formatting, appending, hard_states, commits, truncations,
             versions_and_owners, strays}) {
        for (Case& one : part()) {
            cases.push_back(std::move(one));
        }
    }
    return cases;
}

}  // namespace ledger::log::conformance
