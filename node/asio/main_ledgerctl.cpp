// ledgerctl: runs a local cluster and speaks to it.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "node/asio/ctl_commands.h"

namespace ledger::node::asio {
namespace {

constexpr const char* exit_codes = R"(
Exit codes: 0 ok; 1 a check failed (status: degraded); 2 usage, bad input; 3 inconclusive;
4 no quorum, no leader, unreachable; 5 environment (port busy, files, permission);
6 conflict, or another definite refusal; 7 outcome unknown: ask again; 9 integrity;
10 overloaded; 11 not found; 70 a bug of the tool itself; 128+n ended by signal n.)";

// The words of the command line, and what was asked with them.
struct CommandLine {
    CtlOptions options;
    std::string name = "default";
    std::uint64_t timeout_seconds = 0;  // 0 = the command's own
    UpOptions up;
    std::string target;
    bool follow_logs = false;
    AppendOptions append;
    RedactOptions redact;
    ReadOptions read;
    StateOptions state;
    BisectOptions bisect;
    ProjectionOptions projection;
    ImportOptions import;
    ExportOptions what;
    RecoverOptions recover;
    MemberOptions member;
    LogOptions log;
    ScrubOptions scrub;
    SnapshotOptions snapshot;
    std::uint64_t default_timeout_seconds = 10;
    std::function<int(const CtlOptions&)> command;
};

// A command whose help begins with an example, with the options that all of them have.
CLI::App* add(CLI::App& parent, CommandLine& line, const std::string& name,
    const std::string& example, const std::string& about,
    std::function<int(const CtlOptions&)> command) {
    CLI::App* app = parent.add_subcommand(name, about);
    app->description("Example: ledgerctl " + example + "\n" + about + ".");
    app->add_option("--dir", line.options.directory, "directory of the cluster")
        ->envname("LEDGER_DIR");
    app->add_option("--name", line.name, "cluster in the default place (default: default)")
        ->envname("LEDGER_NAME")
        ->check(CLI::Validator(
            [](std::string& text) {
                const bool fine = !text.empty() && text.find('/') == std::string::npos &&
                                  text[0] != '.';
                return fine ? std::string() : std::string("a name has no / and no leading .");
            },
            "NAME"));
    app->add_option("--timeout", line.timeout_seconds, "seconds until an operation gives up")
        ->check(CLI::Range(1, 86'400));
    app->add_flag("--json", line.options.json, "JSON on standard output");
    app->final_callback([&line, command = std::move(command)] { line.command = command; });
    return app;
}

void add_cluster_commands(CLI::App& app, CommandLine& line) {
    CLI::App* up = add(app, line, "up", "up --nodes 3", "Starts a local cluster",
        [&line](const CtlOptions& options) { return command_up(options, line.up); });
    up->add_option("-n,--nodes", line.up.nodes, "nodes of a new cluster (default: 3)")
        ->check(CLI::Range(1, 7));
    up->add_option("--port", line.up.port, "port of the first node of a new cluster")
        ->check(CLI::Range(1, 65'528));
    up->add_flag("--ephemeral", line.up.ephemeral, "`down` deletes the data");
    up->add_flag("--record", line.up.record,
        "record every event of each node, for `ledgersim replay`; until `down`");
    add(app, line, "down", "down", "Stops the nodes of a cluster", command_down);
    add(app, line, "status", "status --json", "Shows how each node stands", command_status);
    CLI::App* logs = add(app, line, "logs", "logs -f n2", "Shows what the nodes log",
        [&line](const CtlOptions& options) {
            return command_logs(options, line.target, line.follow_logs);
        });
    logs->add_option("node", line.target, "2, n2 or leader (default: all)");
    logs->add_flag("-f,--follow", line.follow_logs, "go on until interrupted");
}

void add_node_commands(CLI::App& app, CommandLine& line) {
    CLI::App* node = app.add_subcommand("node", "Kills, restarts, pauses or resumes one node");
    node->description("Example: ledgerctl node kill leader\nKills, restarts, pauses or resumes "
                      "one node.");
    node->require_subcommand(1);
    const auto add_action = [&](const char* name, NodeAction action, const char* about) {
        CLI::App* verb = add(*node, line, name, std::string("node ") + name + " 2", about,
            [&line, action](
                const CtlOptions& options) { return command_node(options, action, line.target); });
        verb->add_option("node", line.target, "2, n2 or leader")->required();
    };
    add_action("kill", NodeAction::kill, "Kills it at once (SIGKILL)");
    add_action("restart", NodeAction::restart, "Stops it if it runs, and starts it");
    add_action("pause", NodeAction::pause, "Stops it in the middle of whatever it does");
    add_action("resume", NodeAction::resume, "Lets a paused one go on");
}

void add_member_commands(CLI::App& app, CommandLine& line) {
    CLI::App* member = app.add_subcommand("member", "Shows and changes who the members are");
    member->description("Example: ledgerctl member add\nShows and changes who the members are. Exit "
                        "code 3: it is committed and goes on by itself.");
    member->require_subcommand(1);
    const auto add_verb = [&](const char* name, MemberAction action, const std::string& example,
                              const char* about) {
        CLI::App* verb = add(*member, line, name, "member " + example, about,
            [&line, action](const CtlOptions& options) {
                line.member.action = action;
                return command_member(options, line.member);
            });
        verb->preparse_callback([&line](std::size_t) { line.default_timeout_seconds = 60; });
        return verb;
    };
    const CLI::Range numbers(1u, UINT32_MAX);
    add_verb("list", MemberAction::list, "list --json", "Shows the members and how far they are");
    CLI::App* fresh = add_verb("add", MemberAction::add, "add",
        "Starts a node here and makes it a voter once it has caught up");
    fresh->add_option("node", line.member.node, "its number (default: the next that is free)")
        ->check(numbers);
    CLI::Option* learner = fresh->add_flag("--learner", line.member.learner, "it does not vote");
    fresh->add_flag("--witness", line.member.witness, "it votes and keeps no payloads")
        ->excludes(learner);
    CLI::App* gone = add_verb("remove", MemberAction::remove, "remove 2",
        "Removes a member, stops it if it runs here and puts its data aside");
    gone->add_option("node", line.member.node, "its number")->required()->check(numbers);
    CLI::App* swap = add_verb("replace", MemberAction::replace, "replace 2 5",
        "Starts a node here that takes the place of a voter, dead or alive");
    swap->add_option("node", line.member.node, "who leaves")->required()->check(numbers);
    swap->add_option("by", line.member.by, "who comes (default: the next free number)")
        ->check(numbers);
    CLI::App* promote = add_verb("promote", MemberAction::promote, "promote 4",
        "Makes a learner a voter once it has caught up");
    promote->add_option("node", line.member.node, "its number")->required()->check(numbers);
    CLI::App* priority = add_verb("priority", MemberAction::priority, "priority 1 5",
        "Says who shall rather lead: the higher the sooner");
    priority->add_option("node", line.member.node, "its number")->required()->check(numbers);
    priority->add_option("priority", line.member.priority, "0 to 255")->required()
        ->check(CLI::Range(0, 255));
    CLI::App* transfer = add_verb("transfer", MemberAction::transfer, "transfer 2",
        "Hands leadership over");
    transfer->add_option("node", line.member.node, "to whom (default: whoever suits best)")
        ->check(numbers);
}

void add_read_options(CLI::App* app, ReadOptions& read) {
    app->add_option("stream", read.stream, "the stream");
    app->add_flag("--all", read.all, "all streams, in order of position");
    app->add_option("--from", read.from, "first revision (--all: position)");
    app->add_option("--count", read.count, "at most this many events");
    app->add_option("--where", read.where,
        "only events that meet this, such as 'type = placed and .total > 100 and @correlation = x17'");
    app->add_option("--type", read.types, "only events of this type (several times: of any)")
        ->expected(1)
        ->take_all();
    app->add_option("--prefix", read.prefix, "with --all: only streams that begin so");
    app->add_option("--since", read.since, "from this date on, such as 2026-11-30T10:00:00Z")
        ->excludes("--from");
}

void add_data_commands(CLI::App& app, CommandLine& line) {
    CLI::App* append = add(app, line, "append", "append orders placed '{\"total\":5}'",
        "Appends one event", [&line](const CtlOptions& options) {
            return command_append(options, line.append);
        });
    append->add_option("stream", line.append.stream, "the stream")->required();
    append->add_option("type", line.append.type, "the event's type")->required();
    append->add_option("data", line.append.data, "the event's data (- = standard input)")
        ->required();
    append->add_option("--expected", line.append.expected,
        "what the stream must look like: any, none, exists or its last revision");
    append->add_option("--check", line.append.checks,
              "STREAM=EXPECTED: what a stream that is not written must look like (several times)")
        ->expected(1)
        ->take_all();
    append->add_option("--metadata", line.append.metadata, "a JSON object that goes with the event");
    append->add_option("--correlation", line.append.correlation,
        "what it belongs to: member `correlation` of the metadata");
    append->add_option("--causation", line.append.causation,
        "the id of the event that it follows from: member `causation` of the metadata");

    CLI::App* redact = add(app, line, "redact", "redact 17 18 42",
        "Destroys the payloads of events for ever, on all nodes; everything else of them stays",
        [&line](const CtlOptions& options) { return command_redact(options, line.redact); });
    redact->add_option("positions", line.redact.positions, "the events' positions, at most 1024")
        ->required();

    CLI::App* read = add(app, line, "read", "read orders --from 10 --count 5",
        "Shows the events of a stream", [&line](const CtlOptions& options) {
            return command_read(options, line.read);
        });
    add_read_options(read, line.read);
    read->add_flag("--backward", line.read.backward, "from the newest to the oldest");

    CLI::App* follow = add(app, line, "follow", "follow --all",
        "Shows events, and then those to come", [&line](const CtlOptions& options) {
            return command_follow(options, line.read);
        });
    add_read_options(follow, line.read);
    follow->add_flag("--marks", line.read.marks,
        "also say when it has caught up with its node, and when it has fallen behind again");
    follow->add_flag("--now", line.read.now, "only what is yet to come")
        ->excludes("--from")
        ->excludes("--since");
}

void add_state_commands(CLI::App& app, CommandLine& line) {
    constexpr const char* language =
        "\nDefinition: FOLD, ... [by FIELD, ...] [where FIELD = VALUE and ...] [top N]. Folds: count, and "
        "sum, min, max, first, last or set FIELD. Fields: stream, category, type, id, .member of the "
        "payload, @member of the metadata. Comparisons: = != < <= > >= ~ (begins with).";
    CLI::App* state = add(app, line, "state", "state 'sum .total by .customer where type = placed'",
        "Shows what the events up to a moment fold into",
        [&line](const CtlOptions& options) { return command_state(options, line.state); });
    state->footer(language);
    state->add_option("definition", line.state.subject, "what to fold, or a projection's name")
        ->required();
    state->add_option("--at", line.state.at,
        "right after this position, or at a date such as 2026-11-30T10:00:00Z (default: now)");
    state->add_option("--since", line.state.since, "shows what has changed since then");

    CLI::App* bisect = add(app, line, "bisect", "bisect 'sum .change by .account' 'sum .change < 0'",
        "Finds the first event after which something holds of the state",
        [&line](const CtlOptions& options) { return command_bisect(options, line.bisect); });
    bisect->footer(std::string(language) +
                   "\nPredicate: FOLD COMPARISON VALUE [for KEY, ...]; without `for`, of any group.");
    bisect->add_option("definition", line.bisect.subject, "what to fold, or a projection's name")
        ->required();
    bisect->add_option("predicate", line.bisect.predicate, "what has to hold")->required();
    bisect->add_option("--until", line.bisect.until, "no later than this position or date");
    bisect->add_flag("--every", line.bisect.every,
        "with a name: looks at every event instead of halving its checkpoints, which is right only if "
        "what holds once goes on to hold");

    CLI::App* projection = app.add_subcommand("projection", "Keeps projections up to date");
    projection->description("Example: ledgerctl projection define revenue 'sum .total by .customer'\n"
                            "Keeps projections up to date, with checkpoints from which state and bisect "
                            "begin.");
    projection->require_subcommand(1);
    const auto add_verb = [&](const char* name, ProjectionAction action, const std::string& example,
                              const char* about) {
        CLI::App* verb = add(*projection, line, name, "projection " + example, about,
            [&line, action](const CtlOptions& options) {
                line.projection.action = action;
                return command_projection(options, line.projection);
            });
        if (action != ProjectionAction::list) {
            verb->add_option("name", line.projection.name, "its name")->required();
        }
        return verb;
    };
    add_verb("list", ProjectionAction::list, "list --json", "Shows them and how far they are");
    CLI::App* define = add_verb("define", ProjectionAction::define,
        "define revenue 'sum .total by .customer'", "Gives a definition a name, or a name another one");
    define->footer(language);
    define->add_option("definition", line.projection.definition, "what to fold")->required();
    CLI::App* run = add_verb("run", ProjectionAction::run, "run revenue --once",
        "Folds events as they come and writes checkpoints, each exactly once whoever runs it");
    run->add_option("--every", line.projection.every, "positions between checkpoints (32768)")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40));
    run->add_flag("--once", line.projection.once, "ends at the end of the ledger");
    add_verb("forget", ProjectionAction::forget, "forget revenue",
        "Redacts its checkpoints, which may hold what was redacted since; the next run begins anew");
}

void add_bulk_commands(CLI::App& app, CommandLine& line) {
    CLI::App* import = add(app, line, "import", "import events.jsonl",
        "Appends each line of a file, exactly once; goes on where it stopped",
        [&line](const CtlOptions& options) { return command_import(options, line.import); });
    import->add_option("file", line.import.file, "lines of {\"events\": [...]} (- = standard input)")
        ->required();
    import->add_option("--progress", line.import.progress,
        "where the place reached is kept (default: FILE.progress)");
    import->add_option("--batch", line.import.batch,
              "at most this many lines in one append (default: 64); an import goes on as it began")
        ->check(CLI::Range(1, 4096));
    import->preparse_callback([&line](std::size_t) { line.default_timeout_seconds = 60; });

    CLI::App* out = add(app, line, "export", "export --node 2 -o n2.jsonl",
        "Writes the ledger as lines of JSON", [&line](const CtlOptions& options) {
            return command_export(options, line.what);
        });
    out->add_option("--node", line.what.node, "what the disk of this replica holds")
        ->check(CLI::Range(1, 7));
    out->add_option("-o,--output", line.what.output, "a file instead of standard output");

    add(app, line, "verify", "verify",
        "Checks the logs of all replicas, and their chains against each other", command_verify);
}

void add_log_commands(CLI::App& app, CommandLine& line) {
    CLI::App* log = app.add_subcommand("log", "Looks at the files of a stopped node");
    log->description("Example: ledgerctl log verify DIR\nLooks at the files of a stopped node and "
                     "changes nothing, unless scrub is told to.");
    log->require_subcommand(1);
    CLI::App* inspect = add(*log, line, "inspect", "log inspect DIR --index 17",
        "Shows what lies in the files of a stopped node",
        [&line](const CtlOptions& options) { return command_log_inspect(options, line.log); });
    CLI::App* verify = add(*log, line, "verify", "log verify DIR",
        "Reads every byte in the files of a stopped node and names each place that is damaged. Exit "
        "code 9: FAULTY, something promised; 3: UNSEALED, only peers know; a TORN tail is what a "
        "crash may leave",
        [&line](const CtlOptions& options) { return command_log_verify(options, line.log); });
    for (CLI::App* verb : {inspect, verify}) {
        verb->add_option("directory", line.log.directory, "the node's data, or the log in it")
            ->required();
    }
    CLI::App* scrub = add(*log, line, "scrub", "log scrub DIR --rate 64MiB",
        "Verifies at a bounded rate; with --repair also writes damaged copies anew from those that "
        "stand, and looks again. Exit codes as those of verify",
        [&line](const CtlOptions& options) { return command_log_scrub(options, line.scrub); });
    scrub->add_option("directory", line.scrub.directory, "the node's data, or the log in it")
        ->required();
    scrub->add_option("--rate", line.scrub.bytes_per_second,
             "bytes per second, at most (default: 64MiB)")
        ->transform(CLI::AsSizeValue(false))
        ->check(CLI::Range(std::uint64_t{1} << 10, std::uint64_t{1} << 40));
    scrub->add_flag("--repair", line.scrub.repair,
        "mend copies of the hard state, of headers, footers and manifests; nothing else is touched");
    inspect->add_option("--segment", line.log.segment, "the records of this segment");
    inspect->add_option("--index", line.log.index, "every record at this index");
}

void add_snapshot_commands(CLI::App& app, CommandLine& line) {
    CLI::App* snapshot = app.add_subcommand("snapshot", "Backs a ledger up in one file");
    snapshot->description("Example: ledgerctl snapshot save ledger.snapshot\nBacks a ledger up in "
                          "one file, while it runs, and makes a new cluster of it.");
    snapshot->require_subcommand(1);
    CLI::App* save = add(*snapshot, line, "save", "snapshot save ledger.snapshot",
        "Saves the ledger as of what is committed now, without stopping anything",
        [&line](const CtlOptions& options) {
            return command_snapshot_save(options, line.snapshot);
        });
    save->add_option("--node", line.snapshot.node,
            "whose disk to read (default: whoever holds most, rather a follower)")
        ->check(CLI::Range(1u, UINT32_MAX));
    CLI::App* verify = add(*snapshot, line, "verify", "snapshot verify ledger.snapshot",
        "Reads every byte and says what it holds, or where it is damaged (exit code 9; 3: of a later "
        "format version)",
        [&line](const CtlOptions& options) {
            return command_snapshot_verify(options, line.snapshot);
        });
    CLI::App* restore = add(*snapshot, line, "restore",
        "snapshot restore ledger.snapshot --dir restored",
        "Makes the data of a new cluster in --dir, which must be empty; then: ledgerctl up",
        [&line](const CtlOptions& options) {
            return command_snapshot_restore(options, line.snapshot);
        });
    restore->add_option("-n,--nodes", line.snapshot.nodes, "nodes of the new cluster (default: 3)")
        ->check(CLI::Range(1, 7));
    for (CLI::App* verb : {save, verify, restore}) {
        verb->add_option("file", line.snapshot.file, "the snapshot")->required();
        verb->preparse_callback([&line](std::size_t) { line.default_timeout_seconds = 60; });
    }
}

void add_upgrade_commands(CLI::App& app, CommandLine& line) {
    CLI::App* upgrade = app.add_subcommand("upgrade", "Ends a rolling upgrade");
    upgrade->description("Example: ledgerctl upgrade status\nEnds a rolling upgrade: once all nodes "
                         "run the newer build, finalise lets them use what it adds.");
    upgrade->require_subcommand(1);
    add(*upgrade, line, "status", "upgrade status",
        "Shows which feature version each node knows and which is in force",
        command_upgrade_status);
    add(*upgrade, line, "finalise", "upgrade finalise",
        "Puts the newest feature version in force that all members know; no node can go back to an "
        "older build after that",
        command_upgrade_finalise);

    CLI::App* recover = add(app, line, "recover-quorum", "recover-quorum 1 --dry-run",
        "Offline, when a majority is lost for good: lets the survivors go on, at the price of what "
        "only the others held",
        [&line](const CtlOptions& options) {
            return command_recover_quorum(options, line.recover);
        });
    recover->add_option("survivors", line.recover.survivors,
               "all of them: N of the cluster in --dir, or N=DATA_DIRECTORY")
        ->required();
    recover->add_option("--cluster", line.recover.cluster, "its identity, if --dir holds none");
    recover->add_option("--voters", line.recover.voters,
        "1,2,3: who voted at first, if no log has a membership");
    recover->add_flag("--dry-run", line.recover.dry_run, "only shows what would be done");
    recover->add_option("--i-accept-losing-acknowledged-events", line.recover.confirmation,
        "the cluster's identity, typed once more");
}

int dispatch(int count, char** words) {
    CLI::App app("Example: ledgerctl up --nodes 3\nRuns a local cluster of the replicated event "
                 "ledger, and speaks to it.");
    app.footer(exit_codes);
    app.set_version_flag("-V,--version", std::string("ledgerctl ") + LEDGER_VERSION);
    app.require_subcommand(1);
    CommandLine line;
    add_cluster_commands(app, line);
    add_node_commands(app, line);
    add_member_commands(app, line);
    add_data_commands(app, line);
    add_state_commands(app, line);
    add_bulk_commands(app, line);
    add_log_commands(app, line);
    add_snapshot_commands(app, line);
    add_upgrade_commands(app, line);
    try {
        app.parse(count, words);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_ok : exit_usage;
    }
    if (line.read.backward && line.read.from == 0) {
        line.read.from = UINT64_MAX;  // backward begins at the end
    }
    const std::uint64_t timeout =
        line.timeout_seconds == 0 ? line.default_timeout_seconds : line.timeout_seconds;
    line.options.timeout = seconds(static_cast<std::int64_t>(timeout));
    line.options.directory = line.options.directory.empty()
                                 ? default_directory(line.name)
                                 : std::filesystem::absolute(line.options.directory)
                                       .lexically_normal()
                                       .string();
    return line.command(line.options);
}

}  // namespace
}  // namespace ledger::node::asio

int main(int count, char** words) {
    // A failed assertion has said which one; the code says that it is our bug, and not the caller's.
    std::signal(SIGABRT, [](int) { std::_Exit(ledger::node::asio::exit_bug); });
    try {
        return ledger::node::asio::dispatch(count, words);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "ledgerctl: internal error: %s\n", error.what());
        return ledger::node::asio::exit_bug;
    }
}
