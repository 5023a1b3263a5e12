#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "log/base/format.h"
#include "node/asio/ctl_client.h"
#include "node/asio/ctl_commands.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t first_port = 7001;
constexpr std::uint32_t default_nodes = 3;
constexpr Duration leader_patience = seconds(30);
constexpr Duration end_patience = seconds(5);

// What this `up` did, for its report.
struct Started {
    CtlCluster cluster;
    bool formatted = false;
    std::vector<NodeId> nodes;  // started now; the others ran already
    StatusAnswer leader;
};

bool anybody_alive(const CtlCluster& cluster) {
    for (const CtlNode& node : cluster.nodes) {
        if (life_of(node.process) != Life::dead) {
            return true;
        }
    }
    return false;
}

// Somebody paused it on purpose: it will not answer, and that is no reason to wait.
bool anybody_paused(const CtlCluster& cluster) {
    for (const CtlNode& node : cluster.nodes) {
        if (life_of(node.process) == Life::paused) {
            return true;
        }
    }
    return false;
}

// The first port, if `count` from it on are free.
Result<std::uint16_t> check_ports(std::uint16_t port, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
        LEDGER_CHECK(check_port(loopback, static_cast<std::uint16_t>(port + i)));
    }
    return port;
}

// Somebody else may be looking for ports as well: what was free a moment ago is tried again, and
// passed over if it is not free any more.
Result<std::uint16_t> free_ports(std::uint32_t count) {
    std::uint16_t from = first_port;
    while (const auto found = find_ports(loopback, from, count)) {
        if (const auto still = check_ports(*found, count)) {
            return still;
        }
        from = static_cast<std::uint16_t>(*found + 1);
    }
    return failure(LauncherErrc::port_busy,
        fmt::format("no {} free ports in a row from {} on", count, first_port));
}

Result<void> format_nodes(const CtlCluster& cluster) {
    for (const CtlNode& node : cluster.nodes) {
        LEDGER_CHECK(format_node(cluster, node.node));
    }
    return {};
}

Result<Started> load_or_make(const CtlOptions& options, const UpOptions& up) {
    Result<CtlCluster> known = load_cluster(options.directory);
    if (known) {
        return Started{.cluster = std::move(*known), .formatted = false, .nodes = {}, .leader = {}};
    }
    if (known.error().code != make_error_code(CtlErrc::no_cluster)) {
        return known.error();
    }
    LEDGER_TRY(CtlCluster cluster, new_cluster(options.directory, up));
    LEDGER_CHECK(format_nodes(cluster));
    LEDGER_CHECK(save_cluster(cluster));
    return Started{
        .cluster = std::move(cluster), .formatted = true, .nodes = {}, .leader = {}};
}

// The last lines of a file, indented.
std::string tail_of(const std::string& name) {
    constexpr std::size_t lines_max = 8;
    std::ifstream file(name);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        lines.push_back("  " + line + "\n");
        if (lines.size() > lines_max) {
            lines.erase(lines.begin());
        }
    }
    std::string text;
    for (const std::string& line : lines) {
        text += line;
    }
    return text;
}

// Ready when every node answers, and the cluster a linearizable read: its leader has committed in
// its own term.
Result<void> wait_for_leader(Started& started) {
    const CtlCluster& cluster = started.cluster;
    const auto end = std::chrono::steady_clock::now() +
                     std::chrono::nanoseconds(leader_patience.nanoseconds);
    while (std::chrono::steady_clock::now() < end) {
        for (const CtlNode& node : cluster.nodes) {
            if (life_of(node.process) == Life::dead) {
                return failure(LauncherErrc::cannot_start,
                    fmt::format("node {} ended at once; its log {} says:\n{}", node.node,
                        cluster.log_file(node.node), tail_of(cluster.log_file(node.node))));
            }
        }
        bool all_answer = true;
        started.leader = {};
        for (const auto& answer : ask_statuses(cluster)) {
            all_answer = all_answer && answer;
            if (answer && answer->role == raft::Role::leader && answer->commit > Index{}) {
                started.leader = *answer;
            }
        }
        all_answer = all_answer || anybody_paused(cluster);
        // The newest event: what is at the beginning may have expired.
        const state::Query question{state::ReadAll{.from = Position{INT64_MAX},
            .direction = state::Direction::backward,
            .count = 1}};
        if (all_answer && started.leader.node != NodeId{} &&
            CtlClient(cluster).run(question, seconds(1)).ending == client::Ending::done) {
            return {};
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return failure(LauncherErrc::cannot_start,
        fmt::format("no leader within {}", to_text(leader_patience)));
}

// Options that name this cluster again, for commands to copy.
std::string selector(const CtlOptions& options) {
    return options.directory == default_directory("default")
               ? std::string()
               : fmt::format(" --dir {}", options.directory);
}

std::string up_text(const CtlOptions& options, const Started& started) {
    const CtlCluster& cluster = started.cluster;
    std::string text;
    for (const CtlNode& node : cluster.nodes) {
        bool now = false;
        for (const NodeId id : started.nodes) {
            now = now || id == node.node;
        }
        text += fmt::format("n{}  {}:{}  pid {}{}\n", node.node, loopback, node.port,
            node.process.pid, now ? "" : "  (was running)");
    }
    text += fmt::format("leader n{}, term {}\n", started.leader.node, started.leader.term);
    const std::string where = selector(options);
    text += fmt::format("try:\n  ledgerctl append{0} orders placed '{{\"total\":5}}'\n"
                        "  ledgerctl read{0} orders\n  ledgerctl status{0}\n",
        where);
    text += fmt::format("data in {} ({})\n", cluster.directory,
        cluster.ephemeral ? "ephemeral: `down` deletes it" : "kept");
    if (cluster.record) {
        text += fmt::format("recordings in {}; after `down`: ledgersim replay {}\n",
            cluster.recording_directory(), cluster.nodes.front().recording);
    }
    text += fmt::format("stop with: ledgerctl down{}\n", where);
    return text;
}

std::string up_json(const Started& started) {
    const CtlCluster& cluster = started.cluster;
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.up/1");
    writer.key("directory").text(cluster.directory);
    writer.key("cluster").text(to_text(cluster.id));
    writer.key("ephemeral").boolean(cluster.ephemeral);
    writer.key("formatted").boolean(started.formatted);
    writer.key("leader").number(started.leader.node.value);
    writer.key("term").number(started.leader.term.value).key("nodes").begin_array();
    for (const CtlNode& node : cluster.nodes) {
        writer.begin_object().key("node").number(node.node.value);
        writer.key("port").number(node.port);
        writer.key("pid").number(static_cast<std::uint64_t>(node.process.pid));
        writer.key("log").text(cluster.log_file(node.node)).key("recording");
        if (node.recording.empty()) {
            writer.null();
        } else {
            writer.text(node.recording);
        }
        writer.end_object();
    }
    writer.end_array().end_object();
    return text + "\n";
}

Result<void> start_all(Started& started) {
    for (CtlNode& node : started.cluster.nodes) {
        if (life_of(node.process) == Life::dead) {
            LEDGER_CHECK(start_node(started.cluster, node));
            started.nodes.push_back(node.node);
        }
    }
    return wait_for_leader(started);
}

// What was started for nothing ends again; what ran before stays.
void undo(Started& started) {
    for (const NodeId id : started.nodes) {
        if (const Result<bool> stopped = stop_node(*started.cluster.find(id), end_patience);
            !stopped) {
            std::fprintf(stderr, "ledgerctl: n%u: %s\n", id.value,
                stopped.error().place.c_str());
        }
    }
    if (started.cluster.ephemeral && !anybody_alive(started.cluster)) {
        remove_cluster(started.cluster);
    }
}

int check_wishes(const CtlOptions& options, const UpOptions& up, const Started& started) {
    const CtlCluster& cluster = started.cluster;
    if (up.nodes != 0 && up.nodes != cluster.nodes.size()) {
        return fail(options, exit_usage, fmt::format("the cluster in {} has {} nodes, not {}",
                                             cluster.directory, cluster.nodes.size(), up.nodes));
    }
    if (up.port != 0 && up.port != cluster.nodes.front().port) {
        return fail(options, exit_usage, fmt::format("the cluster in {} has the ports from {} on",
                                             cluster.directory, cluster.nodes.front().port));
    }
    if (up.ephemeral && !cluster.ephemeral) {
        return fail(options, exit_usage, fmt::format("the cluster in {} is to be kept; give an "
                                                     "ephemeral one a --dir or --name of its own",
                                             cluster.directory));
    }
    return exit_ok;
}

}  // namespace

Result<CtlCluster> new_cluster(const std::string& directory, const UpOptions& up) {
    CtlCluster cluster{.directory = directory,
        .id = {random_bits(), random_bits()},
        .ephemeral = up.ephemeral,
        .record = up.record,
        .founders = {},
        .nodes = {}};
    const std::uint32_t count = up.nodes == 0 ? default_nodes : up.nodes;
    LEDGER_TRY(const std::uint16_t port,
        up.port == 0 ? free_ports(count) : check_ports(up.port, count));
    for (std::uint32_t i = 0; i < count; ++i) {
        cluster.nodes.push_back({.node = NodeId{i + 1},
            .port = static_cast<std::uint16_t>(port + i),
            .process = {},
            .recording = {}});
    }
    cluster.founders = cluster.peers();
    return cluster;
}

int command_up(const CtlOptions& options, const UpOptions& up) {
    std::error_code error;
    fs::create_directories(fs::path(options.directory) / "logs", error);
    if (error) {
        return fail(options, exit_environment,
            fmt::format("{}: {}", options.directory, error.message()));
    }
    const Result<CtlLock> lock = CtlLock::take(options.directory);
    if (!lock) {
        return fail(options, exit_environment, lock.error());
    }
    Result<Started> started = load_or_make(options, up);
    if (!started) {
        return fail(options, exit_environment, started.error());
    }
    if (const int code = check_wishes(options, up, *started); code != exit_ok) {
        return code;
    }
    started->cluster.record = started->cluster.record || up.record;
    if (const Result<void> ready = start_all(*started); !ready) {
        undo(*started);
        return fail(options, exit_environment, ready.error());
    }
    say(options.json ? up_json(*started) : up_text(options, *started));
    return exit_ok;
}

int command_down(const CtlOptions& options) {
    Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    const Result<CtlLock> lock = CtlLock::take(options.directory);
    if (!lock) {
        return fail(options, exit_environment, lock.error());
    }
    std::uint64_t stopped = 0;
    for (const CtlNode& node : loaded.cluster->nodes) {
        const Result<bool> was_alive = stop_node(node, end_patience);
        if (!was_alive) {
            return fail(options, exit_environment, was_alive.error());
        }
        stopped += *was_alive ? 1u : 0u;
    }
    if (loaded.cluster->record) {
        loaded.cluster->record = false;
        if (const Result<void> saved = save_cluster(*loaded.cluster); !saved) {
            return fail(options, exit_environment, saved.error());
        }
    }
    if (loaded.cluster->ephemeral) {
        remove_cluster(*loaded.cluster);
    }
    if (options.json) {
        std::string text;
        check::JsonWriter writer(text);
        writer.begin_object().key("schema").text("ledger.down/1");
        writer.key("stopped").number(stopped);
        writer.key("deleted").boolean(loaded.cluster->ephemeral).end_object();
        say(text + "\n");
    } else {
        say(fmt::format("{} nodes stopped; data {} {}\n", stopped,
            loaded.cluster->ephemeral ? "deleted from" : "kept in", options.directory));
    }
    return exit_ok;
}

}  // namespace ledger::node::asio
