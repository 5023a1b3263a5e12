#include <optional>
#include <utility>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "tests/log/conformance/describe.h"
#include "tests/log/conformance/session.h"

namespace ledger::log::conformance {
namespace {

constexpr Term term{2};

// The cut store of one node on one arm; every step says what came of it.
class Cuts {
  public:
    explicit Cuts(Session& session) : session_(session) {
        session_.format();
        open();
    }

    // The chunks of the cut at `index`: that many, of 0, 300, 600, ... bytes.
    static ByteVector chunk(std::uint64_t index, std::uint32_t number) {
        return sample_bytes(index * 100 + number, number * 300);
    }
    static CutManifest manifest(std::uint64_t index, std::uint32_t chunks) {
        CutManifest manifest{.id = {term, Index{index}},
            .cluster_time = {5},
            .wall_time = {6},
            .entry_hash = sha256(as_bytes("entry")),
            .configuration = {std::byte{1}},
            .control = {},
            .chunks = {}};
        for (std::uint32_t number = 0; number < chunks; ++number) {
            const ByteVector bytes = chunk(index, number);
            manifest.chunks.push_back(sha256(bytes));
            manifest.bytes += bytes.size();
        }
        return manifest;
    }

    void open(const Identity& identity = sample_identity()) {
        store_.reset();
        auto opened = CutStore::open(session_.files(), session_.options(), identity);
        if (!opened) {
            session_.say(describe(opened.error()));
            return;
        }
        store_.emplace(std::move(*opened));
    }
    void reopen() {
        store_.reset();
        session_.lose_power();
        open();
    }

    void write(std::uint64_t index, std::uint32_t from, std::uint32_t to) {
        for (std::uint32_t number = from; number < to; ++number) {
            session_.say(store_->write({term, Index{index}}, number, chunk(index, number)));
        }
    }
    void complete(std::uint64_t index, std::uint32_t chunks) {
        session_.say(store_->complete(manifest(index, chunks)));
    }
    void keep(std::uint64_t index, std::uint32_t chunks) {
        write(index, 0, chunks);
        complete(index, chunks);
    }
    // Says how many leading chunks are here.
    void resume(std::uint64_t index, std::uint32_t chunks) {
        const auto there = store_->resume(manifest(index, chunks));
        session_.say(there ? fmt::format("{} chunks", *there) : describe(there.error()));
    }
    void remove_before(std::uint64_t index) { session_.say(store_->remove_before(Index{index})); }
    // Says whether it is the chunk that was written.
    void read(std::uint64_t index, std::uint32_t number, Term of = term) {
        const auto bytes = store_->read({of, Index{index}}, number);
        session_.say(!bytes                          ? describe(bytes.error())
                     : *bytes == chunk(index, number) ? "the chunk"
                                                      : "another chunk");
    }
    // Says the complete ones, and whether they are what was completed.
    void list() {
        std::string text = "cuts";
        for (const CutManifest& one : store_->cuts()) {
            const auto chunks = static_cast<std::uint32_t>(one.chunks.size());
            const bool same = one == manifest(one.id.index.value, chunks);
            text += fmt::format(" {}{}", one.id.index, same ? "" : "?");
        }
        session_.say(text);
    }

    void harm(const std::string& name, std::uint64_t offset) {
        store_.reset();
        session_.lose_power();
        const std::string path = session_.in_directory(name);
        auto bytes = read_file(session_.files(), path);
        LEDGER_ASSERT(bytes && offset < bytes->size());
        (*bytes)[static_cast<std::size_t>(offset)] ^= std::byte{1};
        session_.say(put_file(session_.files(), path, *bytes));
    }
    void cut_short(const std::string& name, std::uint64_t bytes) {
        store_.reset();
        session_.lose_power();
        auto file = session_.files().open(session_.in_directory(name));
        LEDGER_ASSERT(file);
        session_.say((*file)->resize(bytes));
        session_.say((*file)->sync());
    }
    void rename(const std::string& from, const std::string& to) {
        store_.reset();
        session_.say(session_.files().rename(session_.in_directory(from), session_.in_directory(to)));
        session_.say(session_.files().sync_directory(session_.options().directory));
    }
    void remove(const std::string& name) {
        store_.reset();
        session_.say(session_.files().remove(session_.in_directory(name)));
        session_.say(session_.files().sync_directory(session_.options().directory));
    }

  private:
    Session& session_;
    std::optional<CutStore> store_;
};

constexpr char chunks_7[] = "00000000000000000007.chunks";
constexpr char manifest_7[] = "00000000000000000007.cut";

Case cut_case(
    const char* name, std::function<void(Cuts&, Session&)> steps, const std::string& words) {
    return session_case(std::string("cut: ") + name,
        [steps = std::move(steps)](Session& session) {
            Cuts cuts(session);
            steps(cuts, session);
        },
        words);
}

std::vector<Case> completing() {
    return {
        cut_case("none", [](Cuts& c, Session&) { c.list(); }, "cuts"),
        cut_case("a complete one is there again",
            [](Cuts& c, Session& s) {
                c.keep(7, 3);
                c.list();
                c.reopen();
                c.list();
                s.list();
            },
            "cuts 7 | cuts 7 | [00000000000000000007.chunks 00000000000000000007.cut hard_state]"),
        cut_case("chunk by chunk",
            [](Cuts& c, Session& s) {
                c.keep(7, 4);
                c.reopen();
                for (std::uint32_t number = 0; number < 5; ++number) {
                    c.read(7, number);
                }
                s.examine();
            },
            "the chunk | the chunk | the chunk | the chunk | index outside the log: chunk 4 of a cut at "
            "index 7 is not here | CLEAN"),
        cut_case("one without chunks",
            [](Cuts& c, Session& s) {
                c.keep(7, 0);
                c.reopen();
                c.list();
                c.read(7, 0);
                s.examine();
            },
            "cuts 7 | index outside the log: chunk 0 of a cut at index 7 is not here | CLEAN"),
        cut_case("several, in order",
            [](Cuts& c, Session& s) {
                c.keep(7, 2);
                c.keep(9, 2);
                c.keep(8, 2);
                c.list();
                c.reopen();
                c.list();
                s.examine();
            },
            "cuts 7 8 9 | cuts 7 8 9 | CLEAN"),
        cut_case("the same once more",
            [](Cuts& c, Session&) {
                c.keep(7, 3);
                c.complete(7, 3);
                c.reopen();
                c.list();
                c.read(7, 2);
            },
            "cuts 7 | the chunk"),
        cut_case("another at the same index takes its place",
            [](Cuts& c, Session& s) {
                c.keep(7, 3);
                c.keep(7, 2);
                c.list();
                c.reopen();
                c.read(7, 2);
                s.examine();
            },
            "cuts 7 | index outside the log: chunk 2 of a cut at index 7 is not here | CLEAN"),
        cut_case("one of another term is not here",
            [](Cuts& c, Session&) {
                c.keep(7, 2);
                c.read(7, 0, Term{3});
                c.read(8, 0);
            },
            "index outside the log: chunk 0 of a cut at index 7 is not here | "
            "index outside the log: chunk 0 of a cut at index 8 is not here"),
        cut_case("of another node",
            [](Cuts& c, Session& s) {
                c.keep(7, 2);
                s.lose_power();
                Identity identity = sample_identity();
                identity.node = NodeId{9};
                c.open(identity);
            },
            "data of another cluster or node: wal/00000000000000000007.cut belongs to node 3 of cluster "
            "0123456789abcdeffedcba9876543210, not to node 9 of cluster "
            "0123456789abcdeffedcba9876543210"),
    };
}

std::vector<Case> unfinished() {
    return {
        cut_case("an unfinished one is no cut",
            [](Cuts& c, Session& s) {
                c.write(7, 0, 2);
                c.list();
                s.examine();
            },
            "cuts | CLEAN"),
        cut_case("an unfinished one is resumed in the same life",
            [](Cuts& c, Session&) {
                c.write(7, 0, 2);
                c.resume(7, 4);
                c.write(7, 2, 4);
                c.complete(7, 4);
                c.reopen();
                c.list();
                c.read(7, 3);
            },
            "2 chunks | cuts 7 | the chunk"),
        cut_case("an unfinished one is resumed in another process",
            [](Cuts& c, Session&) {
                c.write(7, 0, 2);
                c.open();  // the machine goes on
                c.resume(7, 4);
                c.write(7, 2, 4);
                c.complete(7, 4);
                c.reopen();
                c.list();
                c.read(7, 1);
                c.read(7, 3);
            },
            "2 chunks | cuts 7 | the chunk | the chunk"),
        cut_case("a complete one need not be resumed",
            [](Cuts& c, Session&) {
                c.keep(7, 3);
                c.resume(7, 3);
                c.reopen();
                c.resume(7, 3);
                c.list();
            },
            "3 chunks | 3 chunks | cuts 7"),
        cut_case("resuming another one ends it",
            [](Cuts& c, Session& s) {
                c.write(7, 0, 2);
                c.resume(9, 2);
                s.list();
                c.keep(9, 2);
                c.list();
                s.list();
            },
            "0 chunks | [hard_state] | cuts 9 | "
            "[00000000000000000009.chunks 00000000000000000009.cut hard_state]"),
        cut_case("writing another one ends it",
            [](Cuts& c, Session& s) {
                c.write(7, 0, 2);
                c.keep(9, 2);
                c.list();
                s.list();
            },
            "cuts 9 | [00000000000000000009.chunks 00000000000000000009.cut hard_state]"),
        cut_case("a different one at the same index is not resumed",
            [](Cuts& c, Session&) {
                c.keep(7, 3);
                c.resume(7, 2);
                c.list();
            },
            "2 chunks | cuts"),
        cut_case("a damaged chunk is where resuming begins",
            [](Cuts& c, Session& s) {
                c.keep(7, 4);
                c.remove(manifest_7);
                c.harm(chunks_7, 512 + 100);
                c.open();
                c.resume(7, 4);
                c.write(7, 1, 4);
                c.complete(7, 4);
                c.list();
                c.read(7, 1);
                s.examine();
            },
            "1 chunks | cuts 7 | the chunk | CLEAN"),
        cut_case("a torn tail of chunks is cut by resuming",
            [](Cuts& c, Session& s) {
                c.keep(7, 4);
                c.remove(manifest_7);
                c.cut_short(chunks_7, 1400);
                c.open();
                c.resume(7, 4);
                c.write(7, 2, 4);
                c.complete(7, 4);
                c.read(7, 3);
                s.examine();
            },
            "2 chunks | the chunk | CLEAN"),
        cut_case("a manifest that was never renamed is no cut",
            [](Cuts& c, Session& s) {
                c.keep(7, 3);
                c.rename(manifest_7, "manifest.new");
                c.open();
                c.list();
                s.examine();
                c.resume(7, 3);
                c.complete(7, 3);
                c.reopen();
                c.list();
                s.list();
            },
            "cuts | CLEAN | 3 chunks | cuts 7 | [00000000000000000007.chunks 00000000000000000007.cut hard_state]"),
    };
}

std::vector<Case> removing() {
    return {
        cut_case("older ones are removed",
            [](Cuts& c, Session& s) {
                c.keep(7, 2);
                c.keep(8, 2);
                c.keep(9, 2);
                c.remove_before(9);
                c.list();
                c.reopen();
                c.list();
                s.list();
            },
            "cuts 9 | cuts 9 | [00000000000000000009.chunks 00000000000000000009.cut hard_state]"),
        cut_case("all are removed",
            [](Cuts& c, Session& s) {
                c.keep(7, 2);
                c.keep(8, 2);
                c.remove_before(100);
                c.reopen();
                c.list();
                s.list();
            },
            "cuts | [hard_state]"),
        cut_case("none is removed",
            [](Cuts& c, Session&) {
                c.keep(7, 2);
                c.remove_before(7);
                c.remove_before(0);
                c.reopen();
                c.list();
            },
            "cuts 7"),
        cut_case("what an unfinished one left is removed",
            [](Cuts& c, Session& s) {
                c.write(7, 0, 2);
                c.open();
                c.keep(9, 2);
                c.remove_before(9);
                c.list();
                s.list();
            },
            "cuts 9 | [00000000000000000009.chunks 00000000000000000009.cut hard_state]"),
        cut_case("and a cut beside a log",
            [](Cuts& c, Session& s) {
                s.open();
                s.term(2);
                s.append(7, 200);
                s.append(2, 200);
                c.keep(7, 3);
                s.reopen();
                c.open();
                c.list();
                s.examine();
                c.remove_before(8);
                s.reopen();
                s.list();
            },
            "empty log | 1..9, commit 7, term 2 | cuts 7 | CLEAN | 1..9, commit 7, term 2 | "
            "[00000001.segment hard_state]"),
    };
}

std::vector<Case> damaged() {
    const char* const not_here = "index outside the log: chunk 0 of a cut at index 7 is not here";
    return {
        cut_case("a damaged chunk is named, the others are read",
            [](Cuts& c, Session& s) {
                c.keep(7, 3);
                c.harm(chunks_7, 512 + 60);
                c.open();
                c.list();
                c.read(7, 0);
                c.read(7, 1);
                c.read(7, 2);
                s.examine();
            },
            "cuts 7 | the chunk | corrupt record: wal/00000000000000000007.chunks: chunk 1 of the cut at "
            "index 7, byte 512 | the chunk | FAULTY cut chunk"),
        cut_case("a damaged chunk header",
            [](Cuts& c, Session& s) {
                c.keep(7, 3);
                c.harm(chunks_7, 512 + 8);
                c.open();
                c.read(7, 1);
                s.examine();
            },
            "corrupt record: wal/00000000000000000007.chunks: chunk 1 of the cut at index 7, byte 512 | "
            "FAULTY cut chunk"),
        cut_case("chunks cut short",
            [](Cuts& c, Session& s) {
                c.keep(7, 3);
                c.cut_short(chunks_7, 1024);
                c.open();
                c.list();
                c.read(7, 1);
                c.read(7, 2);
                s.examine();
            },
            "cuts 7 | the chunk | corrupt record: wal/00000000000000000007.chunks: chunk 2 of the cut at "
            "index 7, byte 1024 | FAULTY cut chunk"),
        cut_case("one copy of the manifest is enough",
            [](Cuts& c, Session& s) {
                c.keep(7, 3);
                c.harm(manifest_7, 60);
                c.open();
                c.list();
                c.read(7, 2);
                s.examine();
            },
            "cuts 7 | the chunk | FAULTY cut manifest copy (covered)"),
        cut_case("the other copy of the manifest is enough",
            [](Cuts& c, Session& s) {
                c.keep(7, 3);
                c.harm(manifest_7, 512 + 60);
                c.open();
                c.list();
                c.read(7, 2);
                s.examine();
            },
            "cuts 7 | the chunk | FAULTY cut manifest copy (covered)"),
        cut_case("no copy of the manifest is no cut",
            [](Cuts& c, Session& s) {
                c.keep(7, 3);
                c.harm(manifest_7, 60);
                c.harm(manifest_7, 512 + 60);
                c.open();
                c.list();
                c.read(7, 0);
                s.examine();
                c.keep(9, 2);
                c.list();
            },
            std::string("cuts | ") + not_here +
                " | FAULTY cut manifest copy + FAULTY cut manifest copy + FAULTY cut manifest | cuts 9"),
        cut_case("half a manifest is no cut",
            [](Cuts& c, Session& s) {
                c.keep(7, 4);  // of more than 256 bytes
                c.cut_short(manifest_7, 512);
                c.open();
                c.list();
                s.examine();
            },
            "cuts | FAULTY cut manifest copy + FAULTY cut manifest copy + FAULTY cut manifest"),
        cut_case("a manifest without chunks is no cut",
            [](Cuts& c, Session& s) {
                c.keep(7, 3);
                c.remove(chunks_7);
                c.open();
                c.list();
                s.examine();
            },
            "cuts | FAULTY cut manifest"),
        cut_case("a manifest under another name is no cut",
            [](Cuts& c, Session& s) {
                c.keep(7, 3);
                c.rename(manifest_7, "00000000000000000008.cut");
                c.open();
                c.list();
                s.examine();
            },
            "cuts | FAULTY cut manifest"),
        cut_case("an empty manifest is no cut",
            [](Cuts& c, Session& s) {
                c.keep(7, 3);
                c.cut_short(manifest_7, 0);
                c.open();
                c.list();
                s.examine();
            },
            "cuts | FAULTY cut manifest copy + FAULTY cut manifest copy + FAULTY cut manifest"),
    };
}

}  // namespace

std::vector<Case> cut_cases() {
    std::vector<Case> cases;
    for (auto* part : {completing, unfinished, removing, damaged}) {
        for (Case& one : part()) {
            cases.push_back(std::move(one));
        }
    }
    return cases;
}

}  // namespace ledger::log::conformance
