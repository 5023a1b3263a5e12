#pragma once
// Settings: what a node is told to do, from flags, environment and file, each value with its source.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/base/result.h"
#include "node/asio/host.h"

namespace ledger::node::asio {

// One thing that can be set. As a flag `--segment-size`, in the environment LEDGER_SEGMENT_SIZE,
// in a file `segment_size`.
struct SettingKey {
    std::string_view name;           // as the flag, without the dashes
    std::string_view value;          // what kind of value, for --help
    std::string_view default_value;  // empty = must be given, or follows from others
    std::string_view meaning;
};
inline constexpr std::array<SettingKey, 17> setting_keys = {{
    {"node", "N", "", "this node's number, one of --peers"},
    {"peers", "LIST", "", "all members: 1=127.0.0.1:7001,2=127.0.0.1:7002,..."},
    {"listen", "ADDRESS", "", "address and port to listen on; default: this node's in --peers"},
    {"join", "BOOL", "false", "a new or emptied disk: a member only once the others made it one"},
    {"data", "DIR", "", "the directory of this node's data"},
    {"cluster", "ID", "", "the cluster's identity, 32 hex digits"},
    {"segment-size", "SIZE", "64MiB", "a log file is sealed when it would grow beyond"},
    {"soft-limit", "SIZE", "256MiB", "with less free on the disk no appends are taken; 0 = never"},
    {"reserve", "SIZE", "16MiB", "kept on the disk for what must be written when it is full"},
    {"election-timeout", "TIME", "300ms", "a silent leader is replaced after once to twice this"},
    {"heartbeat-interval", "TIME", "60ms", "how often a leader speaks; below half of the above"},
    {"cut-every", "ENTRIES", "100000", "the leader has the state cut after so many; 0 = never"},
    {"retain", "ENTRIES", "0", "what lies below a cut older than this may go; 0 = keep all"},
    {"log-level", "LEVEL", "info", "debug, info, warn or error"},
    {"record", "FILE", "", "record every event of this run, for `ledgersim replay FILE`"},
    {"features-max", "N", "", "act as a build that knows no feature version beyond N"},
    {"record-size", "SIZE", "4GiB", "a recording ends there, the node goes on"},
}};

// Where values come from, the strongest first.
struct SettingSources {
    std::map<std::string, std::string> flags;                                // by setting name
    std::function<std::optional<std::string>(const std::string&)> variable;  // of the environment
    std::string file;       // text of the file, TOML; empty = none
    std::string file_name;  // for messages
};

struct Setting {
    std::string value;   // empty = not set
    std::string source;  // "flag --node", "LEDGER_NODE", "ledger.toml", "default"
};
using Settings = std::map<std::string, Setting>;  // by setting name; all of them are there

enum class SettingErrc { bad_file = 1, unknown_key, bad_value, missing };
const boost::system::error_category& setting_category();
boost::system::error_code make_error_code(SettingErrc errc);

// Flag before environment before file before default. A key of the file that we do not know is an
// error that names the nearest one.
Result<Settings> merge(const SettingSources& sources);

struct NodeSettings {
    HostOptions host;
    std::string log_level;
};
// The values as what they mean; errors name setting, source and what was expected. `key` stays 0.
Result<NodeSettings> interpret(const Settings& settings);
// The part that formatting needs.
Result<DataOptions> interpret_data(const Settings& settings);

// "LEDGER_SEGMENT_SIZE".
std::string variable_of(std::string_view setting);

}  // namespace ledger::node::asio

template <>
struct boost::system::is_error_code_enum<ledger::node::asio::SettingErrc> : std::true_type {};
