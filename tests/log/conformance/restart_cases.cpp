#include <utility>

#include "log/base/assert.h"
#include "log/hard_state_file.h"
#include "log/segment.h"
#include "tests/log/conformance/session.h"

namespace ledger::log::conformance {
namespace {

void begin(Session& s) {
    s.format();
    s.open();
    s.term(1);
}

// 20 entries in several segments, all committed.
void write_much(Session& s) {
    begin(s);
    for (int i = 0; i < 10; ++i) {
        s.append(2, 1500);
    }
    s.seal();
}

// The log goes on behind a cut at `index`.
void restart(Session& s, std::uint64_t index, std::uint64_t entries) {
    s.store(s.twin().restart(index, Index{index}, entries, 300));
}

std::vector<Case> restarts() {
    return {
        session_case("restart: an empty log goes on behind a cut",
            [](Session& s) {
                begin(s);
                restart(s, 100, 0);
                s.reopen();
                s.list();
                s.examine();
            },
            "empty log | empty log from 101, term 1 | [00000001.segment hard_state] | CLEAN"),
        session_case("restart: with entries in the same group",
            [](Session& s) {
                begin(s);
                restart(s, 100, 3);
                s.reopen();
                s.examine();
            },
            "empty log | 101..103, commit 100, term 1 | CLEAN"),
        session_case("restart: the old log is gone",
            [](Session& s) {
                write_much(s);
                restart(s, 50, 2);
                s.list();
                s.read(20, 20);
                s.read(51, 52);
                s.reopen();
                s.examine();
            },
            "empty log | [00000010.segment hard_state] | index outside the log: index 20: the log "
            "holds 51 to 52 | read 51..52 | 51..52, commit 50, term 1 | CLEAN"),
        session_case("restart: and goes on being written",
            [](Session& s) {
                write_much(s);
                restart(s, 50, 0);
                for (int i = 0; i < 6; ++i) {
                    s.append(2, 1500);
                }
                s.reopen();
                s.examine();
            },
            "empty log | 51..62, commit 60, term 1 | CLEAN"),
        session_case("restart: twice",
            [](Session& s) {
                begin(s);
                s.append(3, 100);
                restart(s, 50, 2);
                restart(s, 90, 1);
                s.reopen();
                s.examine();
            },
            "empty log | 91..91, commit 90, term 1 | CLEAN"),
        session_case("restart: with a later term and a vote",
            [](Session& s) {
                begin(s);
                s.append(3, 100);
                s.twin().hard_state = {Term{4}, NodeId{2}};
                Group group = s.twin().restart(7, Index{70}, 2, 100);
                group.hard_state = s.twin().hard_state;
                s.store(group);
                s.reopen();
                s.examine();
            },
            "empty log | 71..72, commit 70, term 4, vote 2 | CLEAN"),
        session_case("restart: one that the hard state never named does not count",
            [](Session& s) {
                begin(s);
                s.append(3, 100);
                s.close();
                const auto before = read_image(s.files(), "wal");
                s.open();
                restart(s, 50, 0);
                s.lose_power();
                const auto after = read_image(s.files(), "wal");
                LEDGER_ASSERT(before && after);
                // As if the power had failed behind the first sync of the restart.
                Image torn = *before;
                for (const auto& [name, bytes] : *after) {
                    if (name != hard_state_name) {
                        torn[name] = bytes;
                    }
                }
                s.say(put_image(s.files(), "wal", torn));
                TwinLog& twin = s.twin();
                twin.start = {};
                twin.entries.clear();
                s.examine();
                s.list();
                s.open();
                s.list();
            },
            "empty log | 1..3, commit 0, term 1 | CLEAN | [00000001.segment 00000002.segment "
            "hard_state] | 1..3, commit 0, term 1, not as written | [00000001.segment hard_state]"),
    };
}

std::vector<Case> discards() {
    return {
        session_case("discard: of what lies in sealed segments",
            [](Session& s) {
                write_much(s);
                s.list();
                s.discard(11);
                s.list();
                s.read(9, 20);
                s.reopen();
                s.examine();
            },
            "empty log | [00000001.segment 00000002.segment 00000003.segment 00000004.segment "
            "00000005.segment 00000006.segment 00000007.segment 00000008.segment 00000009.segment "
            "hard_state] | [00000006.segment 00000007.segment 00000008.segment 00000009.segment "
            "hard_state] | index outside the log: index 9: the log holds 11 to 20 | 11..20, commit 20, term 1 | CLEAN"),
        session_case("discard: of nothing",
            [](Session& s) {
                write_much(s);
                s.discard(0);
                s.discard(1);
                s.reopen();
            },
            "empty log | 1..20, commit 20, term 1"),
        session_case("discard: of everything leaves the last segment",
            [](Session& s) {
                write_much(s);
                s.discard(20);
                s.list();
                s.reopen();
                s.append(2, 100);
                s.reopen();
                s.examine();
            },
            "empty log | [00000009.segment hard_state] | 19..20, commit 20, term 1 | "
            "19..22, commit 20, term 1 | CLEAN"),
        session_case("discard: step by step",
            [](Session& s) {
                write_much(s);
                for (std::uint64_t upto = 0; upto <= 20; upto += 4) {
                    s.discard(upto);
                }
                s.append(2, 100);
                s.reopen();
                s.examine();
            },
            "empty log | 19..22, commit 20, term 1 | CLEAN"),
        session_case("discard: what a crash brought back is removed",
            [](Session& s) {
                write_much(s);
                const auto before = read_image(s.files(), "wal");
                s.discard(11);
                s.lose_power();
                LEDGER_ASSERT(before);
                s.say(put_file(s.files(), "wal/00000002.segment",
                    before->find("00000002.segment")->second));
                s.say(s.files().sync_directory("wal"));
                s.examine();
                s.open();
                s.list();
            },
            "empty log | CLEAN | 11..20, commit 20, term 1 | "
            "[00000006.segment 00000007.segment 00000008.segment 00000009.segment hard_state]"),
        session_case("discard: then a restart, then another",
            [](Session& s) {
                write_much(s);
                s.discard(11);
                restart(s, 50, 4);
                s.seal();
                s.discard(54);
                s.reopen();
                s.examine();
            },
            "empty log | 51..54, commit 54, term 1 | CLEAN"),
        session_case("discard: not behind what a later truncation reached",
            [](Session& s) {
                begin(s);  // entries 3 to 8 lie in one segment
                for (std::uint64_t i = 0; i < 6; ++i) {
                    Group group = s.twin().group(200 + 37 * i, 2, 1500);
                    group.commit = Index{3};
                    s.store(group);
                }
                s.term(2);
                Group group = s.twin().group(30, 2, 1500, Index{5});
                group.commit = Index{5};
                s.store(group);
                s.append(2, 1500);
                s.seal();
                s.discard(s.twin().last().value);
                s.reopen();
                s.examine();
            },
            "empty log | 3..9, commit 9, term 2 | CLEAN"),
    };
}

}  // namespace

std::vector<Case> restart_cases() {
    std::vector<Case> cases = restarts();
    for (Case& one : discards()) {
        cases.push_back(std::move(one));
    }
    return cases;
}

}  // namespace ledger::log::conformance
