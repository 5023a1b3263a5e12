#include <charconv>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "log/base/format.h"
#include "node/asio/ctl_client.h"
#include "node/asio/ctl_commands.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

constexpr Duration end_patience = seconds(5);
constexpr Duration answer_patience = seconds(10);

// An election may be under way: waits for its end.
NodeId leader_of(const CtlCluster& cluster, Duration patience) {
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::nanoseconds(patience.nanoseconds);
    NodeId leader;
    while (leader == NodeId{} && std::chrono::steady_clock::now() < end) {
        Term term;
        for (const auto& answer : ask_statuses(cluster)) {
            if (answer && answer->role == raft::Role::leader && answer->term >= term) {
                leader = answer->node;
                term = answer->term;
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(leader == NodeId{} ? 10 : 0));
    }
    return leader;
}

// "2", "n2" or "leader"; nullptr after the failure was reported in `code`.
CtlNode* find_target(
    const CtlOptions& options, CtlCluster& cluster, const std::string& target, int& code) {
    if (target == "leader") {
        CtlNode* node = cluster.find(leader_of(cluster, options.timeout));
        if (node == nullptr) {
            code = fail(options, exit_unavailable, "no node says that it leads");
        }
        return node;
    }
    const char* begin = target.data() + (target.starts_with("n") ? 1 : 0);
    const char* end = target.data() + target.size();
    NodeId id;
    const auto [stop, error] = std::from_chars(begin, end, id.value);
    CtlNode* node = error == std::errc{} && stop == end ? cluster.find(id) : nullptr;
    if (node == nullptr) {
        code = fail(options, exit_usage,
            fmt::format("no node is called '{}': expected 1 to {}, n1 or leader", target,
                cluster.nodes.size()));
    }
    return node;
}

// Until the node answers for itself; false if it ended or stayed silent.
bool wait_for_answer(const CtlCluster& cluster, const CtlNode& node) {
    const auto end = std::chrono::steady_clock::now() +
                     std::chrono::nanoseconds(answer_patience.nanoseconds);
    while (std::chrono::steady_clock::now() < end) {
        if (life_of(node.process) == Life::dead) {
            return false;
        }
        for (const auto& answer : ask_statuses(cluster)) {
            if (answer && answer->node == node.node) {
                return true;
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
}

// Killed and still dying is not yet dead: the port may be held until then.
void wait_for_end(const CtlNode& node) {
    while (life_of(node.process) != Life::dead) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

int restart(const CtlOptions& options, CtlCluster& cluster, CtlNode& node) {
    if (const Result<bool> stopped = stop_node(node, end_patience); !stopped) {
        return fail(options, exit_environment, stopped.error());
    }
    if (const Result<void> started = start_node(cluster, node); !started) {
        return fail(options, exit_environment, started.error());
    }
    if (!wait_for_answer(cluster, node)) {
        return fail(options, exit_environment,
            fmt::format("n{} does not answer: see {}", node.node, cluster.log_file(node.node)));
    }
    return exit_ok;
}

int signal_node(const CtlOptions& options, const CtlNode& node, int signal) {
    if (life_of(node.process) == Life::dead) {
        return fail(options, exit_not_found, fmt::format("n{} is not running", node.node));
    }
    if (const Result<void> sent = send_signal(node.process, signal); !sent) {
        return fail(options, exit_environment, sent.error());
    }
    if (signal == SIGKILL) {
        wait_for_end(node);
    }
    return exit_ok;
}

const char* past_of(NodeAction action) {
    switch (action) {
        case NodeAction::kill: return "killed";
        case NodeAction::restart: return "restarted";
        case NodeAction::pause: return "paused";
        case NodeAction::resume: return "resumed";
    }
    return "";
}

int act(const CtlOptions& options, CtlCluster& cluster, CtlNode& node, NodeAction action) {
    switch (action) {
        case NodeAction::kill: return signal_node(options, node, SIGKILL);
        case NodeAction::restart: return restart(options, cluster, node);
        case NodeAction::pause: return signal_node(options, node, SIGSTOP);
        case NodeAction::resume: return signal_node(options, node, SIGCONT);
    }
    return exit_bug;
}

// One node's log, read on from where the last look ended.
struct LogTail {
    NodeId node;
    std::ifstream file;
    std::string rest;
};

void show_line(const CtlOptions& options, NodeId node, const std::string& line) {
    if (!options.json) {
        say(fmt::format("n{} {}\n", node, line));
        return;
    }
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.log/1");
    writer.key("node").number(node.value).key("line").text(line).end_object();
    say(text + "\n");
}

void show_new_lines(const CtlOptions& options, LogTail& tail) {
    tail.file.clear();
    for (std::string part; std::getline(tail.file, part);) {
        tail.rest += part;
        if (tail.file.eof()) {
            return;  // not a whole line yet
        }
        show_line(options, tail.node, tail.rest);
        tail.rest.clear();
    }
}

}  // namespace

int command_node(const CtlOptions& options, NodeAction action, const std::string& target) {
    const Result<CtlLock> lock = CtlLock::take(options.directory);
    Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    if (!lock) {
        return fail(options, exit_environment, lock.error());
    }
    int code = exit_ok;
    CtlNode* node = find_target(options, *loaded.cluster, target, code);
    if (node == nullptr) {
        return code;
    }
    code = act(options, *loaded.cluster, *node, action);
    if (code != exit_ok) {
        return code;
    }
    if (!options.json) {
        say(fmt::format("n{} {}, pid {}\n", node->node, past_of(action), node->process.pid));
        return exit_ok;
    }
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.node/1");
    writer.key("node").number(node->node.value).key("action").text(past_of(action));
    writer.key("pid").number(static_cast<std::uint64_t>(node->process.pid)).end_object();
    say(text + "\n");
    return exit_ok;
}

int command_logs(const CtlOptions& options, const std::string& target, bool follow) {
    Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    CtlCluster& cluster = *loaded.cluster;
    std::vector<LogTail> tails;
    int code = exit_ok;
    const CtlNode* only = target.empty() ? nullptr : find_target(options, cluster, target, code);
    if (code != exit_ok) {
        return code;
    }
    for (const CtlNode& node : cluster.nodes) {
        if (only == nullptr || only == &node) {
            tails.push_back({node.node, std::ifstream(cluster.log_file(node.node)), {}});
        }
    }
    do {
        for (LogTail& tail : tails) {
            show_new_lines(options, tail);
        }
        if (follow) {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
    } while (follow);
    return exit_ok;
}

}  // namespace ledger::node::asio
