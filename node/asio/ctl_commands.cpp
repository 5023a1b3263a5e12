#include "node/asio/ctl_commands.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "log/base/format.h"
#include "sim/check/json.h"

namespace ledger::node::asio {

void say(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

int fail(const CtlOptions& options, int code, const std::string& sentence) {
    std::fprintf(stderr, "ledgerctl: %s\n", sentence.c_str());
    if (options.json) {
        std::string text;
        check::JsonWriter writer(text);
        writer.begin_object().key("schema").text("ledger.error/1");
        writer.key("error").text(sentence);
        writer.key("exit").number(static_cast<std::uint64_t>(code)).end_object();
        say(text + "\n");
    }
    return code;
}

int fail(const CtlOptions& options, int code, const Error& error) {
    return fail(options, code, fmt::format("{}: {}", error.code.message(), error.place));
}

int fail(const CtlOptions& options, const Failed& failed) {
    return fail(options, failed.code, failed.sentence);
}

std::function<void(std::uint64_t, std::uint64_t)> progress_on_terminal(
    std::uint64_t unit, const char* name) {
    if (::isatty(STDERR_FILENO) != 1) {
        return {};
    }
    return [unit, name](std::uint64_t done, std::uint64_t all) {
        std::fprintf(stderr, "\r%s", fmt::format("{} of {} {}{}", done / unit, all / unit, name,
                                         done == all ? "\n" : "").c_str());
        std::fflush(stderr);
    };
}

Loaded load(const CtlOptions& options) {
    Result<CtlCluster> cluster = load_cluster(options.directory);
    if (cluster) {
        return {std::move(*cluster), exit_ok};
    }
    if (cluster.error().code == make_error_code(CtlErrc::no_cluster)) {
        return {std::nullopt, fail(options, exit_not_found,
                                  cluster.error().place + " (ledgerctl up makes one)")};
    }
    return {std::nullopt, fail(options, exit_environment, cluster.error())};
}

Result<void> format_node(const CtlCluster& cluster, NodeId node) {
    LEDGER_TRY(const int code,
        run(beside_this_program("ledgerd"),
            {"format", "--data", cluster.data_directory(node), "--node",
                std::to_string(node.value), "--cluster", to_text(cluster.id)},
            cluster.log_file(node)));
    if (code != 0) {
        return failure(CtlErrc::cannot_write,
            fmt::format("ledgerd format ended with {}: see {}", code, cluster.log_file(node)));
    }
    return {};
}

Result<void> start_node(CtlCluster& cluster, CtlNode& node) {
    LEDGER_CHECK(check_port(loopback, node.port));
    std::vector<std::string> words = {"run", "--node", std::to_string(node.node.value), "--peers",
        cluster.peers_for(node), "--join", node.join ? "true" : "false", "--listen", fmt::format("{}:{}", loopback, node.port), "--data",
        cluster.data_directory(node.node), "--cluster", to_text(cluster.id)};
    node.recording = cluster.record ? cluster.next_recording(node.node) : std::string();
    if (cluster.record) {
        std::error_code error;
        std::filesystem::create_directories(cluster.recording_directory(), error);
        words.insert(words.end(), {"--record", node.recording});
    }
    LEDGER_TRY(node.process,
        start(beside_this_program("ledgerd"), words, cluster.log_file(node.node)));
    return save_cluster(cluster);
}

Result<bool> stop_node(const CtlNode& node, Duration patience) {
    if (life_of(node.process) == Life::dead) {
        return false;
    }
    LEDGER_CHECK(send_signal(node.process, SIGTERM));
    LEDGER_CHECK(send_signal(node.process, SIGCONT));  // a paused one must wake up to end
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::nanoseconds(patience.nanoseconds);
    while (life_of(node.process) != Life::dead) {
        if (std::chrono::steady_clock::now() >= end) {
            LEDGER_CHECK(send_signal(node.process, SIGKILL));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

}  // namespace ledger::node::asio
