// ledgerd: one node of a cluster.

#include <sys/random.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <spdlog/sinks/stdout_sinks.h>

#include "log/base/format.h"
#include "node/asio/host.h"
#include "node/asio/settings.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

constexpr int exit_usage = 2;
constexpr int exit_environment = 5;
constexpr int exit_integrity = 9;
constexpr int exit_bug = 70;

constexpr const char* description =
    R"(A three-node cluster's first node:
  ledgerd format --node 1 --data n1 --cluster $ID
  ledgerd run --node 1 --data n1 --cluster $ID \
      --peers 1=127.0.0.1:7001,2=127.0.0.1:7002,3=127.0.0.1:7003

ledgerd: one node of an event ledger. `ledgerctl up` starts a whole local cluster.)";

constexpr const char* footer = R"(
Every setting can also stand in the environment (--segment-size: LEDGER_SEGMENT_SIZE) or in a TOML
file (segment_size): --config, else ./ledger.toml, $XDG_CONFIG_HOME/event-ledger/config.toml,
/etc/event-ledger/ledger.toml. A flag is stronger than the environment, that than the file.

Exit codes: 0 stopped as asked; 2 usage or configuration; 5 environment (port in use, permissions,
disk, a directory that is in use or of another node); 6 the log needs a newer build (nothing is
changed: start that one); 9 integrity (the data is damaged); 70 a bug
of the program; 128+n ended by signal n.)";

struct CommandLine {
    std::map<std::string, std::string> flags;
    std::string config;
    bool json = false;
    bool format = false;
    bool check_config = false;
};

int report(const Error& error, int exit_code) {
    std::fprintf(stderr, "ledgerd: %s: %s\n", error.code.message().c_str(), error.place.c_str());
    return exit_code;
}

int exit_code_of(const Error& error) {
    if (error.code.category() == setting_category()) {
        return exit_usage;
    }
    const bool damaged = error.code == make_error_code(log::Errc::corrupt_record) ||
                         error.code == make_error_code(log::Errc::faulty_entry);
    return damaged ? exit_integrity : exit_environment;
}

std::optional<std::string> variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// The file that was named, or the first that exists where files usually lie.
Result<void> read_config(const std::string& named, SettingSources& sources) {
    std::vector<std::string> candidates = {"ledger.toml"};
    const std::optional<std::string> home = variable("HOME");
    const auto xdg = variable("XDG_CONFIG_HOME");
    if (xdg && !xdg->empty()) {
        candidates.push_back(*xdg + "/event-ledger/config.toml");
    } else if (home) {
        candidates.push_back(*home + "/.config/event-ledger/config.toml");
    }
    candidates.emplace_back("/etc/event-ledger/ledger.toml");
    if (!named.empty()) {
        candidates = {named};
    }
    for (const std::string& name : candidates) {
        std::ifstream file(name, std::ios::binary);
        if (file) {
            sources.file_name = name;
            sources.file.assign(std::istreambuf_iterator<char>(file), {});
            return {};
        }
    }
    if (!named.empty()) {
        return failure(SettingErrc::bad_file, named + " cannot be read");
    }
    return {};
}

Result<Settings> settings_of(const CommandLine& line) {
    SettingSources sources{.flags = line.flags, .variable = variable, .file = {}, .file_name = {}};
    const std::string named = line.config.empty() ? variable("LEDGER_CONFIG").value_or("")
                                                  : line.config;
    LEDGER_CHECK(read_config(named, sources));
    return merge(sources);
}

void print_settings(const Settings& settings, bool json) {
    std::string text;
    if (json) {
        check::JsonWriter writer(text);
        writer.begin_object().key("schema").text("ledger.config/1");
        writer.key("settings").begin_object();
        for (const SettingKey& key : setting_keys) {
            const Setting& setting = settings.at(std::string(key.name));
            writer.key(key.name).begin_object();
            writer.key("value").text(setting.value).key("source").text(setting.source);
            writer.end_object();
        }
        writer.end_object().end_object();
        text += '\n';
    } else {
        for (const SettingKey& key : setting_keys) {
            const Setting& setting = settings.at(std::string(key.name));
            text += fmt::format("{:<18} {:<40} {}\n", key.name,
                setting.value.empty() ? "-" : setting.value,
                setting.value.empty() ? "not set" : setting.source);
        }
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
}

int check_config(const Settings& settings, bool json) {
    print_settings(settings, json);
    const Result<NodeSettings> node = interpret(settings);
    return node ? 0 : report(node.error(), exit_usage);
}

// Never 0. Elections of two nodes must not be drawn alike, nor two disks be taken for one.
std::uint64_t random_key() {
    std::uint64_t key = 0;
    if (::getrandom(&key, sizeof(key), 0) != static_cast<ssize_t>(sizeof(key))) {
        throw std::runtime_error("the system gives no random numbers");
    }
    return std::max<std::uint64_t>(key, 1);
}

int format(const Settings& settings) {
    const Result<DataOptions> data = interpret_data(settings);
    if (!data) {
        return report(data.error(), exit_usage);
    }
    const Result<std::unique_ptr<DataDirectory>> directory = DataDirectory::take(*data);
    if (!directory) {
        return report(directory.error(), exit_code_of(directory.error()));
    }
    const Result<void> formatted = (*directory)->format(Incarnation{random_key()});
    return formatted ? 0 : report(formatted.error(), exit_code_of(formatted.error()));
}

int run(const Settings& settings) {
    Result<NodeSettings> node = interpret(settings);
    if (!node) {
        return report(node.error(), exit_usage);
    }
    node->host.key = random_key();
    Journal journal(node->host.data.identity.node, spdlog::level::from_str(node->log_level),
        std::make_shared<spdlog::sinks::stderr_sink_mt>());
    Host host(node->host, journal);
    if (const Result<void> opened = host.open(); !opened) {
        return report(opened.error(), exit_code_of(opened.error()));
    }
    net::signal_set signals(host.loop(), SIGTERM, SIGINT);
    signals.async_wait([&](boost::system::error_code error, int number) {
        if (!error) {
            journal.info("node", "is asked to stop by signal {}", number);
            host.stop();
        }
    });
    host.on_shut_down([&signals] { signals.cancel(); });
    return static_cast<int>(host.run());
}

int execute(const CommandLine& line) {
    const Result<Settings> settings = settings_of(line);
    if (!settings) {
        return report(settings.error(), exit_usage);
    }
    if (line.check_config) {
        return check_config(*settings, line.json);
    }
    return line.format ? format(*settings) : run(*settings);
}

int parse_and_execute(int argc, char** argv) {
    CLI::App app(description, "ledgerd");
    app.footer(footer);
    app.set_version_flag("--version,-V", "ledgerd " LEDGER_VERSION);
    CommandLine line;
    std::map<std::string, std::string> values;
    for (const SettingKey& key : setting_keys) {
        const std::string name(key.name);
        std::string meaning(key.meaning);
        if (!key.default_value.empty()) {
            meaning += fmt::format(" (default: {})", key.default_value);
        }
        app.add_option_function<std::string>(
               "--" + name, [&line, name](const std::string& value) { line.flags[name] = value; },
               meaning)
            ->type_name(std::string(key.value));
    }
    app.add_option("--config", line.config, "configuration file")->type_name("FILE");
    app.add_flag("--json", line.json, "check-config: print JSON");
    app.fallthrough();
    app.require_subcommand(0, 1);
    app.add_subcommand("run", "runs the node (default)");
    app.add_subcommand("format", "makes an empty directory this node's")
        ->callback([&line] { line.format = true; });
    app.add_subcommand("check-config", "prints every setting with its source and checks it")
        ->callback([&line] { line.check_config = true; });
    for (CLI::App* command : app.get_subcommands({})) {
        command->fallthrough();
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    }
    return execute(line);
}

}  // namespace
}  // namespace ledger::node::asio

int main(int argc, char** argv) {
    // A failed assertion has said which one; whoever started the node learns that it is a bug.
    std::signal(SIGABRT, [](int) { std::_Exit(ledger::node::asio::exit_bug); });
    try {
        return ledger::node::asio::parse_and_execute(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "ledgerd: a bug of the program: %s\n", error.what());
        return ledger::node::asio::exit_bug;
    }
}
