#include "node/asio/settings.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include <toml++/toml.h>

#include "log/base/edit_distance.h"
#include "log/base/format.h"
#include "node/asio/cluster_text.h"
#include "raft/membership.h"

namespace ledger::node::asio {

namespace {

class SettingCategory final : public boost::system::error_category {
  public:
    const char* name() const noexcept override { return "setting"; }
    std::string message(int number) const override {
        switch (static_cast<SettingErrc>(number)) {
            case SettingErrc::bad_file: return "not a configuration file";
            case SettingErrc::unknown_key: return "unknown key";
            case SettingErrc::bad_value: return "bad value";
            case SettingErrc::missing: return "missing setting";
        }
        return "unknown error";
    }
};

std::string file_key(std::string_view setting) {
    std::string key(setting);
    std::replace(key.begin(), key.end(), '-', '_');
    return key;
}

std::string nearest_key(std::string_view unknown) {
    const auto nearer = [unknown](const SettingKey& a, const SettingKey& b) {
        return edit_distance(unknown, file_key(a.name)) < edit_distance(unknown, file_key(b.name));
    };
    return file_key(std::min_element(setting_keys.begin(), setting_keys.end(), nearer)->name);
}

// [peers] 1 = "127.0.0.1:7001" reads as the flag would be written.
Result<std::string> peers_text(const toml::table& table) {
    std::string text;
    for (const auto& [key, value] : table) {
        const std::optional<std::string> address = value.value<std::string>();
        if (!address) {
            return failure(SettingErrc::bad_value,
                fmt::format("peers.{}: expected an address in quotes", std::string(key.str())));
        }
        text += fmt::format("{}{}={}", text.empty() ? "" : ",", std::string(key.str()), *address);
    }
    return text;
}

Result<std::string> text_of(const std::string& key, const toml::node& node) {
    if (const toml::table* table = node.as_table(); table != nullptr && key == "peers") {
        return peers_text(*table);
    }
    if (const auto* text = node.as_string()) {
        return text->get();
    }
    if (const auto* number = node.as_integer()) {
        return std::to_string(number->get());
    }
    if (const auto* flag = node.as_boolean()) {
        return std::string(flag->get() ? "true" : "false");
    }
    return failure(SettingErrc::bad_value, key + ": expected a text in quotes, a number, true or false");
}

Result<std::map<std::string, std::string>> read_file(const SettingSources& sources) {
    std::map<std::string, std::string> values;
    toml::table table;
    try {
        table = toml::parse(sources.file, sources.file_name);
    } catch (const toml::parse_error& error) {
        return failure(SettingErrc::bad_file,
            fmt::format("{}:{}: {}", sources.file_name, error.source().begin.line,
                error.description()));
    }
    for (const auto& [name, node] : table) {
        const std::string key(name.str());
        const bool known = std::any_of(setting_keys.begin(), setting_keys.end(),
            [&key](const SettingKey& setting) { return file_key(setting.name) == key; });
        if (!known) {
            return failure(SettingErrc::unknown_key,
                fmt::format("{}:{}: {}; did you mean {}?", sources.file_name,
                    node.source().begin.line, key, nearest_key(key)));
        }
        Result<std::string> text = text_of(key, node);
        if (!text) {
            const Error error = text.error();
            return Error{error.code, fmt::format("{}:{}: {}", sources.file_name,
                                         node.source().begin.line, error.place)};
        }
        values[key] = std::move(*text);
    }
    return values;
}

// A value and what to say where it is wrong.
class Value {
  public:
    Value(const Settings& settings, std::string_view name)
        : name_(name), setting_(settings.find(std::string(name))->second) {}

    bool empty() const { return setting_.value.empty(); }
    const std::string& text() const { return setting_.value; }
    Error wrong(std::string_view expected) const {
        return failure(SettingErrc::bad_value,
            fmt::format("{} ({}) is `{}`: expected {}", name_, setting_.source, setting_.value,
                expected));
    }
    Error missing() const {
        return failure(SettingErrc::missing, fmt::format("{}: give --{}, {} or {} in a file", name_,
                                                 name_, variable_of(name_), file_key(name_)));
    }

  private:
    const std::string_view name_;
    const Setting& setting_;
};

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end) {
        return std::nullopt;
    }
    return number;
}

struct Unit {
    std::string_view name;
    std::uint64_t factor = 1;
};
constexpr std::array<Unit, 4> size_units = {
    {{"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}, {"", 1}}};
constexpr std::array<Unit, 3> time_units = {{{"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}}};

// A whole number and one of the units; at most 2^62 of the smallest.
template <std::size_t count>
std::optional<std::uint64_t> parse_with_unit(
    std::string_view text, const std::array<Unit, count>& units) {
    for (const Unit& unit : units) {
        if (!text.ends_with(unit.name)) {
            continue;
        }
        const auto number = parse_number(text.substr(0, text.size() - unit.name.size()));
        if (number && *number <= (std::uint64_t{1} << 62) / unit.factor) {
            return *number * unit.factor;
        }
    }
    return std::nullopt;
}

std::optional<Tcp::endpoint> parse_endpoint(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto port = parse_number(text.substr(colon + 1));
    boost::system::error_code error;
    const auto address = net::ip::make_address(std::string(text.substr(0, colon)), error);
    if (error || !port || *port > UINT16_MAX) {
        return std::nullopt;
    }
    return Tcp::endpoint(address, static_cast<std::uint16_t>(*port));
}

std::optional<NodeId> parse_node(std::string_view text) {
    const auto number = parse_number(text);
    if (!number || *number == 0 || *number > UINT32_MAX) {
        return std::nullopt;
    }
    return NodeId{static_cast<std::uint32_t>(*number)};
}

std::optional<std::map<NodeId, Tcp::endpoint>> parse_peers(std::string_view text) {
    std::map<NodeId, Tcp::endpoint> peers;
    while (!text.empty()) {
        const std::string_view one = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), one.size() + 1));
        const std::size_t equals = one.find('=');
        if (equals == std::string_view::npos) {
            return std::nullopt;
        }
        const auto node = parse_node(one.substr(0, equals));
        const auto endpoint = parse_endpoint(one.substr(equals + 1));
        if (!node || !endpoint || !peers.emplace(*node, *endpoint).second) {
            return std::nullopt;
        }
    }
    return peers.empty() || peers.size() > raft::members_max ? std::nullopt
                                                            : std::optional(std::move(peers));
}

Result<Duration> read_time(const Settings& settings, std::string_view name) {
    const Value value(settings, name);
    const auto time = parse_with_unit(value.text(), time_units);
    if (!time || *time == 0) {
        return value.wrong("a time such as 300ms");
    }
    return nanoseconds(static_cast<std::int64_t>(*time));
}

Result<std::uint64_t> read_size(
    const Settings& settings, std::string_view name, std::uint64_t min, std::uint64_t max) {
    const Value value(settings, name);
    const auto size = parse_with_unit(value.text(), size_units);
    if (!size || *size < min || *size > max) {
        return value.wrong(fmt::format("a size from {}MiB to {}GiB", min >> 20, max >> 30));
    }
    return *size;
}

// Or 0 for none.
Result<std::uint64_t> read_room(const Settings& settings, std::string_view name) {
    constexpr std::uint64_t least = 64u << 10;
    const Value value(settings, name);
    const auto size = parse_with_unit(value.text(), size_units);
    if (!size || (*size != 0 && *size < least)) {
        return value.wrong("a size from 64KiB, or 0");
    }
    return *size;
}

Result<std::uint64_t> read_count(const Settings& settings, std::string_view name) {
    const Value value(settings, name);
    const auto count = parse_number(value.text());
    if (!count || *count > (std::uint64_t{1} << 40)) {
        return value.wrong("a number of entries, or 0");
    }
    return *count;
}

Result<Feature> read_feature(const Settings& settings) {
    constexpr auto most = static_cast<std::uint32_t>(newest_feature);
    const Value value(settings, "features-max");
    if (value.empty()) {
        return newest_feature;
    }
    const auto number = parse_node(value.text());
    if (!number || number->value > most) {
        return value.wrong(fmt::format("a number from 1 to {}", most));
    }
    return Feature{number->value};
}

// Whom this node talks to, and where it listens.
Result<void> read_members(const Settings& settings, HostOptions& host) {
    const Value peers(settings, "peers");
    const Value listen(settings, "listen");
    if (peers.empty()) {
        return peers.missing();
    }
    const auto members = parse_peers(peers.text());
    if (!members) {
        return peers.wrong(fmt::format(
            "1=127.0.0.1:7001,2=127.0.0.1:7002,... with at most {} members", raft::members_max));
    }
    host.members = *members;
    const auto self = host.members.find(host.data.identity.node);
    if (self == host.members.end()) {
        return Value(settings, "node").wrong("the number of one of the peers");
    }
    const auto endpoint =
        listen.empty() ? std::optional(self->second) : parse_endpoint(listen.text());
    if (!endpoint || !endpoint->address().is_loopback()) {
        return (listen.empty() ? peers : listen)
            .wrong("a loopback address such as 127.0.0.1:7001 for this node: others need TLS, which "
                   "does not exist yet");
    }
    host.listen = *endpoint;
    return {};
}

constexpr std::uint64_t mebibyte = 1u << 20;
constexpr std::uint64_t gibibyte = 1u << 30;

}  // namespace

const boost::system::error_category& setting_category() {
    static const SettingCategory category;
    return category;
}

boost::system::error_code make_error_code(SettingErrc errc) {
    return {static_cast<int>(errc), setting_category()};
}

std::string variable_of(std::string_view setting) {
    std::string variable = "LEDGER_";
    for (const char letter : setting) {
        variable += letter == '-'                    ? '_'
                    : letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A')
                                                     : letter;
    }
    return variable;
}

Result<Settings> merge(const SettingSources& sources) {
    LEDGER_TRY(const auto from_file, read_file(sources));
    Settings settings;
    for (const SettingKey& key : setting_keys) {
        const std::string name(key.name);
        Setting& setting = settings[name];
        const auto flag = sources.flags.find(name);
        const std::string variable_name = variable_of(name);
        const auto variable = sources.variable(variable_name);
        const auto in_file = from_file.find(file_key(name));
        if (flag != sources.flags.end()) {
            setting = {flag->second, "flag --" + name};
        } else if (variable && !variable->empty()) {
            setting = {*variable, variable_name};
        } else if (in_file != from_file.end()) {
            setting = {in_file->second, sources.file_name};
        } else {
            setting = {std::string(key.default_value), "default"};
        }
    }
    return settings;
}

Result<DataOptions> interpret_data(const Settings& settings) {
    for (const char* name : {"node", "cluster", "data"}) {
        if (const Value value(settings, name); value.empty()) {
            return value.missing();
        }
    }
    const Value node(settings, "node");
    const auto self = parse_node(node.text());
    if (!self) {
        return node.wrong("a number from 1");
    }
    const Value cluster(settings, "cluster");
    const auto identity = parse_cluster(cluster.text());
    if (!identity) {
        return cluster.wrong("32 hex digits");
    }
    LEDGER_TRY(const std::uint64_t segment_bytes,
        read_size(settings, "segment-size", mebibyte, 4 * gibibyte));
    LEDGER_TRY(const std::uint64_t reserve_bytes, read_room(settings, "reserve"));
    LEDGER_TRY(const std::uint64_t soft_limit_bytes, read_room(settings, "soft-limit"));
    return DataOptions{.path = Value(settings, "data").text(),
        .identity = {*identity, *self},
        .segment_bytes = segment_bytes,
        .reserve_bytes = reserve_bytes,
        .soft_limit_bytes = soft_limit_bytes};
}

Result<NodeSettings> interpret(const Settings& settings) {
    NodeSettings node;
    LEDGER_TRY(node.host.data, interpret_data(settings));
    LEDGER_CHECK(read_members(settings, node.host));
    const Value join(settings, "join");
    if (join.text() != "true" && join.text() != "false") {
        return join.wrong("true or false");
    }
    node.host.join = join.text() == "true";
    LEDGER_TRY(node.host.election_timeout, read_time(settings, "election-timeout"));
    LEDGER_TRY(node.host.heartbeat_interval, read_time(settings, "heartbeat-interval"));
    if (node.host.heartbeat_interval * 2 >= node.host.election_timeout) {
        return Value(settings, "heartbeat-interval").wrong("less than half of election-timeout");
    }
    LEDGER_TRY(node.host.cut_entries, read_count(settings, "cut-every"));
    LEDGER_TRY(node.host.retain_entries, read_count(settings, "retain"));
    const Value level(settings, "log-level");
    for (const char* known : {"debug", "info", "warn", "error"}) {
        if (level.text() == known) {
            node.log_level = known;
        }
    }
    if (node.log_level.empty()) {
        return level.wrong("debug, info, warn or error");
    }
    LEDGER_TRY(node.host.features_max, read_feature(settings));
    node.host.record = Value(settings, "record").text();
    LEDGER_TRY(node.host.record_bytes_max,
        read_size(settings, "record-size", mebibyte, 1024 * gibibyte));
    return node;
}

}  // namespace ledger::node::asio
