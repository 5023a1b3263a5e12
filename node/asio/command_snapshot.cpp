#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "log/base/format.h"
#include "log/posix_file_system.h"
#include "log/snapshot_file.h"
#include "node/asio/ctl_client.h"
#include "node/asio/ctl_commands.h"
#include "node/asio/ctl_leftovers.h"
#include "node/asio/ctl_replica_copy.h"
#include "node/asio/snapshot_restore.h"
#include "node/asio/snapshot_verification.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

WallTime wall_now() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
}

std::int64_t milliseconds_since(Clock::time_point begin) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
}

int exit_code_of(const Error& error) {
    if (error.code == make_error_code(log::Errc::corrupt_record) ||
        error.code == make_error_code(log::Errc::faulty_entry)) {
        return exit_integrity;
    }
    if (error.code == make_error_code(log::Errc::unsupported)) {
        return exit_inconclusive;
    }
    if (error.code == make_error_code(log::Errc::not_found)) {
        return exit_not_found;
    }
    if (error.code == make_error_code(CtlErrc::bad_input)) {
        return exit_usage;
    }
    return error.code == make_error_code(CtlErrc::refused) ? exit_conflict : exit_environment;
}

// One file, and the folder in which it lies.
struct FilePlace {
    explicit FilePlace(const std::string& name) {
        const fs::path path = fs::absolute(name).lexically_normal();
        folder = path.parent_path().string();
        file = path.filename().string();
        files = log::make_posix_file_system(folder);
    }

    std::string folder;
    std::string file;
    std::unique_ptr<log::FileSystem> files;
};

// ---- save

// Whose disk is read, and how far it has to go.
struct Source {
    NodeId node;
    std::optional<Index> index;  // committed when this began; nothing: what its disk knows to be
};

bool is_witness(const StatusAnswer& one) {
    return std::any_of(one.members.begin(), one.members.end(), [&](const MemberStatus& member) {
        return member.member.node == one.node && (member.member.witness || member.trimmed);
    });
}

Index held_by(const StatusAnswer& one) {
    return std::min(one.applied, one.durable);
}

// The one that was named, or whoever holds most; a follower rather than the leader.
const StatusAnswer* best_of(
    const std::vector<std::optional<StatusAnswer>>& answers, std::optional<std::uint32_t> wish) {
    const auto rank = [](const StatusAnswer& one) {
        return std::pair(held_by(one), one.role != raft::Role::leader);
    };
    const StatusAnswer* best = nullptr;
    for (const auto& answer : answers) {
        const bool may = answer && (wish ? answer->node.value == *wish : !is_witness(*answer));
        best = may && (best == nullptr || rank(*best) < rank(*answer)) ? &*answer : best;
    }
    return best;
}

// Waits until its disk holds all that any node knew to be committed when this began. A stopped node
// that was named is taken as it is.
Result<Source> choose_source(
    const CtlOptions& options, CtlCluster& cluster, std::optional<std::uint32_t> wish) {
    const CtlNode* named = wish ? cluster.find(NodeId{*wish}) : nullptr;
    if (wish && named == nullptr) {
        return failure(CtlErrc::bad_input, fmt::format("--node: there is no node {}", *wish));
    }
    if (named != nullptr && life_of(named->process) == Life::dead) {
        return Source{.node = named->node, .index = {}};
    }
    const auto end = Clock::now() + std::chrono::nanoseconds(options.timeout.nanoseconds);
    std::optional<Index> index;
    while (true) {
        const std::vector<std::optional<StatusAnswer>> answers = ask_statuses(cluster);
        if (!index) {
            for (const auto& answer : answers) {
                index = answer ? std::max(index.value_or(Index{}), answer->commit) : index;
            }
        }
        const StatusAnswer* best = best_of(answers, wish);
        if (best != nullptr && held_by(*best) >= index) {
            return Source{.node = best->node, .index = index};
        }
        if (Clock::now() >= end) {
            return failure(CtlErrc::busy, index
                ? fmt::format("no disk holds what is committed within {}", to_text(options.timeout))
                : "no node answers; --node N takes what the disk of a stopped one knows to be "
                  "committed");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

// A copy of the node's log with the cut in front of it, if it needs one.
struct Material {
    CtlReplicaCopy copy;
    std::optional<log::CutManifest> cut;
};

Result<Material> copy_log(const CtlCluster& cluster, NodeId node) {
    constexpr int tries_max = 4;
    for (int tries = 0; tries < tries_max; ++tries) {
        LEDGER_TRY(CtlReplicaCopy copy, CtlReplicaCopy::make(cluster, node));
        std::optional<log::CutManifest> cut;
        if (copy.recovered().first > Index{1}) {
            cut = copy.cut_in_front();
        }
        if (cut || copy.recovered().first == Index{1}) {
            return Material{std::move(copy), std::move(cut)};
        }
        // The node has let go of the one and made another while we looked.
    }
    return failure(CtlErrc::busy, fmt::format("the log of n{} begins behind no cut of it", node));
}

Result<log::SnapshotHead> head_of(
    const CtlCluster& cluster, const Source& source, Material& from) {
    log::SnapshotHead head{.cluster = cluster.id,
        .node = source.node,
        .saved_at = wall_now(),
        .start = from.copy.start(),
        .last = {},
        .last_hash = {}};
    const Index known = source.index.value_or(from.copy.commit());
    // What lies behind it may have been given up meanwhile.
    const Index last = from.cut ? std::max(known, from.cut->id.index) : known;
    if (last > from.copy.last()) {
        return failure(log::Errc::faulty_entry,
            fmt::format("n{} said that {} entries are durable, its disk holds {}", source.node, last,
                from.copy.last()));
    }
    head.last = head.start.id;
    head.last_hash = head.start.hash;
    if (last > head.start.id.index) {
        LEDGER_CHECK(from.copy.read_from(last, last, [&head](const HashedEntry& entry) {
            head.last = entry.entry.id();
            head.last_hash = entry.hash;
            return Result<void>();
        }));
    }
    return head;
}

Result<log::SnapshotSeal> write_snapshot(
    log::File& file, const log::SnapshotHead& head, Material& from) {
    LEDGER_TRY(log::SnapshotWriter writer, log::SnapshotWriter::begin(file, head));
    if (from.cut) {
        LEDGER_CHECK(writer.write(*from.cut));
        for (std::uint32_t number = 0; number < from.cut->chunks.size(); ++number) {
            LEDGER_TRY(const ByteVector chunk, from.copy.cuts().read(from.cut->id, number));
            LEDGER_CHECK(writer.write_chunk(chunk));
        }
    }
    constexpr std::uint64_t shown_every = 4096;
    const auto progress = progress_on_terminal(1, "entries");
    std::uint64_t done = 0;
    LEDGER_CHECK(from.copy.read_from(head.start.id.index.next(), head.last.index,
        [&](const HashedEntry& entry) -> Result<void> {
            ++done;
            if (progress && (done % shown_every == 0 || done == head.entries())) {
                progress(done, head.entries());
            }
            return writer.write(entry);
        }));
    return writer.finish();
}

// Complete and durable under its name, or not there under it at all.
Result<log::SnapshotSeal> write_file(
    const FilePlace& place, const log::SnapshotHead& head, Material& from) {
    const std::string prefix = place.file + ".new";
    remove_leftovers(place.folder, prefix);
    const std::string temporary = name_of_this_process(prefix);
    Result<log::SnapshotSeal> written = [&]() -> Result<log::SnapshotSeal> {
        LEDGER_TRY(const auto file, place.files->create(temporary));
        return write_snapshot(*file, head, from);
    }();
    if (!written) {
        (void)place.files->remove(temporary);  // what went wrong is said already
        return written;
    }
    LEDGER_CHECK(place.files->rename(temporary, place.file));
    LEDGER_CHECK(place.files->sync_directory(""));
    return written;
}

// ---- what is said of a snapshot

void write_head(check::JsonWriter& writer, const log::SnapshotHead& head,
    const std::optional<log::CutManifest>& cut, const log::SnapshotSeal& seal) {
    writer.key("cluster").text(to_text(head.cluster)).key("node").number(head.node.value);
    writer.key("saved_at_ns").signed_number(head.saved_at.nanoseconds);
    writer.key("first").number(head.start.id.index.next().value);
    writer.key("index").number(head.last.index.value);
    writer.key("term").number(head.last.term.value);
    writer.key("entries").number(head.entries()).key("cut");
    if (cut) {
        writer.number(cut->id.index.value);
    } else {
        writer.null();
    }
    writer.key("chain").text(to_hex(head.last_hash));
    writer.key("bytes").number(seal.bytes).key("sha256").text(to_hex(seal.digest));
}

std::string text_of(const log::SnapshotHead& head, const std::optional<log::CutManifest>& cut,
    const log::SnapshotSeal& seal) {
    std::string text = fmt::format("cluster   {}, read from the disk of n{}\n"
                                   "index     {} of term {}, chain {}\n"
                                   "entries   {} to {}\n",
        to_text(head.cluster), head.node, head.last.index, head.last.term,
        to_hex(head.last_hash).substr(0, 16), head.start.id.index.next(), head.last.index);
    if (cut) {
        text += fmt::format(
            "cut       at {}, {} bytes of state\n", cut->id.index, cut->bytes);
    }
    return text + fmt::format("file      {} bytes, sha256 {}\n", seal.bytes,
                      to_hex(seal.digest).substr(0, 16));
}

Result<VerifiedSnapshot> verify_file(const std::string& name) {
    const FilePlace place(name);
    LEDGER_TRY(const auto file,
        log::make_read_only_posix_file_system(place.folder)->open(place.file));
    return verify_snapshot(*file, progress_on_terminal(1u << 20, "MiB"));
}

int fail_to_verify(const CtlOptions& options, const std::string& name, const Error& error) {
    const int code = exit_code_of(error);
    return code == exit_integrity || code == exit_inconclusive
               ? fail(options, code, Error{error.code, name + ": " + error.place})
               : fail(options, code, error);
}

std::string json_of(const std::string& name, const VerifiedSnapshot& seen) {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.snapshot-verify/1");
    writer.key("verdict").text("ok").key("file").text(name);
    write_head(writer, seen.contents.head, seen.contents.cut, seen.contents.seal);
    writer.key("events").number(seen.events());
    writer.key("first_event").number(seen.first_event.value);
    writer.key("length").number(seen.length.value);
    writer.key("cut_agreed").boolean(seen.cut_is_agreed).end_object();
    return text + "\n";
}

// ---- restore

// Makes the directory, which must hold nothing.
Result<void> make_empty(const std::string& directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error) {
        return failure(CtlErrc::cannot_write, directory + ": " + error.message());
    }
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        return failure(CtlErrc::refused,
            fmt::format("{} is not empty (it holds {}): a snapshot is restored only where there is "
                        "nothing",
                directory, entry->path().filename().string()));
    }
    if (error) {
        return failure(CtlErrc::cannot_write, directory + ": " + error.message());
    }
    return {};
}

Result<CtlCluster> restore(const CtlOptions& options, const SnapshotOptions& what,
    const VerifiedSnapshot& seen, Restored& restored) {
    // What can fail before anything is there, first.
    LEDGER_TRY(CtlCluster cluster, new_cluster(options.directory, {.nodes = what.nodes}));
    const FilePlace place(what.file);
    LEDGER_TRY(const auto file,
        log::make_read_only_posix_file_system(place.folder)->open(place.file));
    LEDGER_CHECK(make_empty(options.directory));
    LEDGER_TRY(const CtlLock lock, CtlLock::take(options.directory));
    std::error_code error;
    fs::create_directory(fs::path(options.directory) / "logs", error);
    LEDGER_TRY(restored, restore_cluster(*file, seen, cluster, wall_now(),
                             progress_on_terminal(1u << 20, "MiB")));
    return cluster;
}

}  // namespace

int command_snapshot_save(const CtlOptions& options, const SnapshotOptions& what) {
    Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    const auto begin = Clock::now();
    const Result<Source> source = choose_source(options, *loaded.cluster, what.node);
    if (!source) {
        const bool nobody = source.error().code == make_error_code(CtlErrc::busy);
        return fail(options, nobody ? exit_unavailable : exit_code_of(source.error()),
            source.error());
    }
    Result<Material> from = copy_log(*loaded.cluster, source->node);
    if (!from) {
        return fail(options, exit_code_of(from.error()), from.error());
    }
    if (from->copy.recovered().hard_state.trimmed) {
        return fail(options, exit_conflict,
            fmt::format("n{} is a witness: it holds no payloads", source->node));
    }
    const Result<log::SnapshotHead> head = head_of(*loaded.cluster, *source, *from);
    if (!head) {
        return fail(options, exit_code_of(head.error()), head.error());
    }
    const FilePlace place(what.file);
    const Result<log::SnapshotSeal> seal = write_file(place, *head, *from);
    if (!seal) {
        const int code = exit_code_of(seal.error());
        return fail(options, code == exit_not_found ? exit_environment : code, seal.error());
    }
    if (!source->index) {
        std::fprintf(stderr, "ledgerctl: n%u does not run: saved is what its disk knows to be "
                             "committed, which may lack the last appends\n",
            source->node.value);
    }
    if (options.json) {
        std::string text;
        check::JsonWriter writer(text);
        writer.begin_object().key("schema").text("ledger.snapshot-save/1");
        writer.key("file").text(what.file);
        writer.key("node_answered").boolean(source->index.has_value());
        write_head(writer, *head, from->cut, *seal);
        writer.key("seconds").fixed(milliseconds_since(begin), 3).end_object();
        say(text + "\n");
    } else {
        say(text_of(*head, from->cut, *seal) +
            fmt::format("saved to {} in {} ms\n", what.file, milliseconds_since(begin)));
    }
    return exit_ok;
}

int command_snapshot_verify(const CtlOptions& options, const SnapshotOptions& what) {
    const Result<VerifiedSnapshot> seen = verify_file(what.file);
    if (!seen) {
        return fail_to_verify(options, what.file, seen.error());
    }
    if (options.json) {
        say(json_of(what.file, *seen));
        return exit_ok;
    }
    say(text_of(seen->contents.head, seen->contents.cut, seen->contents.seal) +
        fmt::format("events    {} from position {} to {}\nok: every byte is as it was written\n",
            seen->events(), seen->first_event, seen->length));
    return exit_ok;
}

int command_snapshot_restore(const CtlOptions& options, const SnapshotOptions& what) {
    const Result<VerifiedSnapshot> seen = verify_file(what.file);
    if (!seen) {
        return fail_to_verify(options, what.file, seen.error());
    }
    Restored restored;
    const Result<CtlCluster> cluster = restore(options, what, *seen, restored);
    if (!cluster) {
        return fail(options, exit_code_of(cluster.error()), cluster.error());
    }
    const log::SnapshotHead& head = seen->contents.head;
    if (options.json) {
        std::string text;
        check::JsonWriter writer(text);
        writer.begin_object().key("schema").text("ledger.snapshot-restore/1");
        writer.key("directory").text(cluster->directory);
        writer.key("cluster").text(to_text(cluster->id));
        writer.key("saved_cluster").text(to_text(head.cluster));
        writer.key("index").number(head.last.index.value);
        writer.key("chain").text(to_hex(head.last_hash));
        writer.key("events").number(seen->events());
        writer.key("term").number(restored.term.value);
        writer.key("configuration_index").number(restored.configuration.value);
        writer.key("nodes").begin_array();
        for (const CtlNode& node : cluster->nodes) {
            writer.number(node.node.value);
        }
        writer.end_array().end_object();
        say(text + "\n");
    } else {
        say(fmt::format("cluster {} with {} nodes has the ledger as of index {}, {} events; it was "
                        "{}\nits members are in force from index {} on, in term {}\n"
                        "start it with: ledgerctl up --dir {}\n",
            to_text(cluster->id), cluster->nodes.size(), head.last.index, seen->events(),
            to_text(head.cluster), restored.configuration, restored.term, cluster->directory));
    }
    return exit_ok;
}

}  // namespace ledger::node::asio
