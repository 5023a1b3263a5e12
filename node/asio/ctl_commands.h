#pragma once
// CtlCommands: what `ledgerctl` can be asked to do; each returns the process's exit code.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "log/base/time.h"
#include "log/examination.h"
#include "node/asio/ctl_cluster.h"
#include "node/asio/ctl_ending.h"
#include "node/client.h"
#include "sim/check/json.h"

namespace ledger::node::asio {

struct CtlOptions {
    std::string directory;
    bool json = false;
    Duration timeout = seconds(10);
};

// One sentence on standard error, and with --json one object {"schema", "error", "exit"} on
// standard output; returns `code`.
int fail(const CtlOptions& options, int code, const std::string& sentence);
int fail(const CtlOptions& options, int code, const Error& error);
int fail(const CtlOptions& options, const Failed& failed);
// To standard output.
void say(const std::string& text);

// Shows "5 of 9 MiB" on standard error, over and over in one line; empty unless that is a terminal.
// `done` and `all` are divided by `unit`.
std::function<void(std::uint64_t done, std::uint64_t all)> progress_on_terminal(
    std::uint64_t unit, const char* name);

// The cluster, or the exit code with which it has been reported missing.
struct Loaded {
    std::optional<CtlCluster> cluster;
    int code = exit_ok;
};
Loaded load(const CtlOptions& options);

struct UpOptions {
    std::uint32_t nodes = 0;  // 0 = as it was, or 3
    std::uint16_t port = 0;   // of the first node of a new cluster; 0 = the first that are free
    bool ephemeral = false;
    bool record = false;  // every node that is started from now on, until `down`
};
int command_up(const CtlOptions& options, const UpOptions& up);
// Identity, nodes and free ports of a cluster that is to be; nothing is written.
Result<CtlCluster> new_cluster(const std::string& directory, const UpOptions& up);
int command_down(const CtlOptions& options);
int command_status(const CtlOptions& options);

enum class NodeAction : std::uint8_t { kill, restart, pause, resume };
// `target`: "2", "n2" or "leader".
int command_node(const CtlOptions& options, NodeAction action, const std::string& target);
// `target` empty: all nodes.
int command_logs(const CtlOptions& options, const std::string& target, bool follow);

struct AppendOptions {
    std::string stream;
    std::string type;
    std::string data;  // "-" = standard input
    std::string expected = "any";
    std::vector<std::string> checks;  // "STREAM=EXPECTED": of streams that are not written
    std::string metadata;     // a JSON object, or empty
    std::string correlation;  // these two become members of it
    std::string causation;
};
int command_append(const CtlOptions& options, const AppendOptions& append);

struct RedactOptions {
    std::vector<std::uint64_t> positions;
};
// Exactly once, as append.
int command_redact(const CtlOptions& options, const RedactOptions& redact);

struct ReadOptions {
    std::string stream;
    bool all = false;
    std::uint64_t from = 0;
    std::optional<std::uint64_t> count;
    bool backward = false;
    std::string where;               // conditions of events (log/projection/definition.h)
    std::vector<std::string> types;  // any of these
    std::string prefix;              // with `all`: of streams whose names begin so
    std::string since;               // a moment (node/asio/ctl_moment.h), instead of `from`
    bool now = false;                // follow: only what is yet to come
    bool marks = false;              // follow: also says when it has caught up or fallen behind
};
int command_read(const CtlOptions& options, const ReadOptions& read);
// From `from` on, then whatever comes, until `count` events were shown or a signal ends it.
int command_follow(const CtlOptions& options, const ReadOptions& read);

struct StateOptions {
    std::string subject;  // a definition (log/projection/definition.h) or the name of one
    std::string at;       // a moment; empty = now
    std::string since;    // a moment: shows what has changed since then
};
// What the events up to a moment fold into.
int command_state(const CtlOptions& options, const StateOptions& what);

struct BisectOptions {
    std::string subject;
    std::string predicate;  // log/projection/predicate.h
    std::string until;      // a moment; empty = now
    bool every = false;     // looks at every event, also where checkpoints could be trusted
};
// The first event after which the predicate holds.
int command_bisect(const CtlOptions& options, const BisectOptions& what);

enum class ProjectionAction : std::uint8_t { define, run, list, forget };
struct ProjectionOptions {
    ProjectionAction action = ProjectionAction::list;
    std::string name;
    std::string definition;
    std::uint64_t every = 32'768;  // positions between checkpoints
    bool once = false;             // ends at the end of the ledger
};
// Projections that the ledger keeps (node/asio/ctl_projection.h).
int command_projection(const CtlOptions& options, const ProjectionOptions& what);

struct ImportOptions {
    std::string file;      // "-" = standard input
    std::string progress;  // default: FILE.progress
    std::optional<std::uint32_t> batch;  // appends of the input in one of ours
};
int command_import(const CtlOptions& options, const ImportOptions& import);

struct ExportOptions {
    std::optional<std::uint32_t> node;  // nothing: through the leader
    std::string output;                 // empty: standard output
};
int command_export(const CtlOptions& options, const ExportOptions& what);
int command_verify(const CtlOptions& options);

struct LogOptions {
    std::string directory;                 // of a node's data, or of the log in it
    std::optional<std::uint64_t> segment;  // inspect: its records
    std::optional<std::uint64_t> index;    // inspect: this entry
};
// What lies in the files of a stopped node (log/examination.h); nothing is changed.
int command_log_inspect(const CtlOptions& options, const LogOptions& what);
int command_log_verify(const CtlOptions& options, const LogOptions& what);
// What an examination found, in words, as members of the JSON object in hand, and as an exit code.
std::string text_of_examination(const log::Examination& seen);
void write_examination(
    check::JsonWriter& writer, const log::Examination& seen, const std::string& directory);
void write_finding(check::JsonWriter& writer, const log::Finding& finding);
int exit_code_of(const log::Examination& seen);

struct ScrubOptions {
    std::string directory;
    std::uint64_t bytes_per_second = 64ull << 20;
    bool repair = false;  // damaged copies are written anew from those that stand
};
// As verify, at a bounded rate; changes nothing unless `repair` (log/mending.h).
int command_log_scrub(const CtlOptions& options, const ScrubOptions& what);
struct SnapshotOptions {
    std::string file;
    std::optional<std::uint32_t> node;  // save: whose disk; nothing: whoever holds most
    std::uint32_t nodes = 0;            // restore: of the new cluster; 0 = 3
};
// A ledger in one file (log/snapshot_file.h): taken while the cluster runs, verified, and made into a
// new cluster in --dir.
int command_snapshot_save(const CtlOptions& options, const SnapshotOptions& what);
int command_snapshot_verify(const CtlOptions& options, const SnapshotOptions& what);
int command_snapshot_restore(const CtlOptions& options, const SnapshotOptions& what);

// Why the files in `directory` could not be looked at, and the exit code.
int fail_to_look(const CtlOptions& options, const std::string& directory, const Error& error);

struct RecoverOptions {
    std::vector<std::string> survivors;  // "2" of the cluster in --dir, or "2=DIR"
    std::string cluster;                 // its identity, if --dir holds none
    std::string voters;                  // "1,2,3": the first ones, if no log tells
    std::string confirmation;            // the identity again, typed
    bool dry_run = false;
};
// Offline: the survivors of a lost quorum go on by themselves (node/asio/quorum_recovery.h).
int command_recover_quorum(const CtlOptions& options, const RecoverOptions& recover);

int command_upgrade_status(const CtlOptions& options);
int command_upgrade_finalise(const CtlOptions& options);

enum class MemberAction : std::uint8_t { list, add, remove, replace, promote, priority, transfer };
struct MemberOptions {
    MemberAction action = MemberAction::list;
    std::uint32_t node = 0;  // add: 0 = the next free number; transfer: 0 = whoever suits best
    std::uint32_t by = 0;    // replace: 0 = the next free number
    bool learner = false;
    bool witness = false;
    std::uint8_t priority = 0;
};
int command_member(const CtlOptions& options, const MemberOptions& what);
// "voter", "learner, to vote for n3".
std::string part_of(const MemberStatus& one);
void write_members(check::JsonWriter& writer, const std::vector<MemberStatus>& members);

// Makes the data directory of a node.
Result<void> format_node(const CtlCluster& cluster, NodeId node);
// Starts a node of the cluster and notes its process in `cluster`.
Result<void> start_node(CtlCluster& cluster, CtlNode& node);
// Asks it to end, then ends it; true if it was alive.
Result<bool> stop_node(const CtlNode& node, Duration patience);

}  // namespace ledger::node::asio
