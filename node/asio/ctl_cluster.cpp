#include "node/asio/ctl_cluster.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "log/base/format.h"
#include "node/asio/cluster_text.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

namespace fs = std::filesystem;

class Category final : public boost::system::error_category {
  public:
    const char* name() const noexcept override { return "ledger.ctl"; }
    std::string message(int value) const override {
        switch (static_cast<CtlErrc>(value)) {
            case CtlErrc::no_cluster: return "no cluster";
            case CtlErrc::damaged: return "damaged";
            case CtlErrc::cannot_write: return "cannot write";
            case CtlErrc::busy: return "busy";
            case CtlErrc::bad_input: return "bad input";
            case CtlErrc::refused: return "refused";
        }
        return "unknown";
    }
};

constexpr const char* file_name = "cluster.json";
constexpr std::uint64_t nodes_max = 16;
// What `down` of an ephemeral cluster looks for of nodes that left.
constexpr std::uint32_t left_max = 64;

std::string file_in(const std::string& directory) {
    return (fs::path(directory) / file_name).string();
}

std::uint64_t number_of(const check::JsonValue& object, const char* key) {
    const check::JsonValue* value = object.find(key);
    return value == nullptr ? 0 : value->number().value_or(0);
}

bool flag_of(const check::JsonValue& object, const char* key) {
    const check::JsonValue* value = object.find(key);
    return value != nullptr && value->boolean() && *value->boolean();
}

std::optional<CtlNode> parse_node(const check::JsonValue& value) {
    const std::uint64_t number = number_of(value, "node");
    const std::uint64_t port = number_of(value, "port");
    const check::JsonValue* boot = value.find("boot");
    if (number == 0 || number > UINT32_MAX || port == 0 || port > UINT16_MAX) {
        return std::nullopt;
    }
    CtlNode node{.node = NodeId{static_cast<std::uint32_t>(number)},
        .port = static_cast<std::uint16_t>(port), .join = flag_of(value, "join"), .process = {},
        .recording = {}};
    node.process.pid = static_cast<std::int32_t>(number_of(value, "pid"));
    node.process.start_ticks = number_of(value, "start_ticks");
    if (boot != nullptr && boot->text() != nullptr) {
        node.process.boot = *boot->text();
    }
    const check::JsonValue* recording = value.find("recording");
    if (recording != nullptr && recording->text() != nullptr) {
        node.recording = *recording->text();
    }
    return node;
}

std::optional<CtlCluster> read_cluster(const check::JsonValue& value) {
    const check::JsonValue* id = value.find("cluster");
    const check::JsonValue* nodes = value.find("nodes");
    if (id == nullptr || id->text() == nullptr || nodes == nullptr || nodes->array() == nullptr ||
        nodes->array()->empty() || nodes->array()->size() > nodes_max) {
        return std::nullopt;
    }
    const std::optional<ClusterId> cluster_id = parse_cluster(*id->text());
    if (!cluster_id) {
        return std::nullopt;
    }
    CtlCluster cluster;
    cluster.id = *cluster_id;
    cluster.ephemeral = flag_of(value, "ephemeral");
    cluster.record = flag_of(value, "record");
    for (const check::JsonValue& entry : *nodes->array()) {
        const auto node = parse_node(entry);
        const bool ascends =
            node && (cluster.nodes.empty() || cluster.nodes.back().node < node->node);
        if (!ascends) {
            return std::nullopt;
        }
        cluster.nodes.push_back(*node);
    }
    const check::JsonValue* founders = value.find("founders");
    cluster.founders = founders != nullptr && founders->text() != nullptr ? *founders->text()
                                                                          : cluster.peers();
    return cluster;
}

std::string text_of(const CtlCluster& cluster) {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.cluster/1");
    writer.key("cluster").text(to_text(cluster.id));
    writer.key("ephemeral").boolean(cluster.ephemeral);
    writer.key("record").boolean(cluster.record);
    writer.key("founders").text(cluster.founders).key("nodes").begin_array();
    for (const CtlNode& node : cluster.nodes) {
        writer.begin_object().key("node").number(node.node.value);
        writer.key("port").number(node.port);
        writer.key("join").boolean(node.join);
        writer.key("pid").number(static_cast<std::uint64_t>(node.process.pid));
        writer.key("start_ticks").number(node.process.start_ticks);
        writer.key("boot").text(node.process.boot);
        writer.key("recording").text(node.recording).end_object();
    }
    writer.end_array().end_object();
    text.push_back('\n');
    return text;
}

}  // namespace

const boost::system::error_category& ctl_category() {
    static const Category category;
    return category;
}

boost::system::error_code make_error_code(CtlErrc errc) {
    return {static_cast<int>(errc), ctl_category()};
}

CtlNode* CtlCluster::find(NodeId node) {
    for (CtlNode& candidate : nodes) {
        if (candidate.node == node) {
            return &candidate;
        }
    }
    return nullptr;
}

std::string CtlCluster::data_directory(NodeId node) const {
    return (fs::path(directory) / fmt::format("node{}", node)).string();
}

std::string CtlCluster::log_directory(NodeId node) const {
    return (fs::path(data_directory(node)) / "log").string();
}

std::string CtlCluster::log_file(NodeId node) const {
    return (fs::path(directory) / "logs" / fmt::format("n{}.log", node)).string();
}

std::string CtlCluster::recording_directory() const {
    return (fs::path(directory) / "recordings").string();
}

std::string CtlCluster::next_recording(NodeId node) const {
    std::error_code ignored;
    fs::path file;
    std::uint64_t life = 0;
    do {
        file = fs::path(recording_directory()) / fmt::format("n{}-{}.recording", node, ++life);
    } while (fs::exists(file, ignored));
    return file.string();
}

std::string CtlCluster::peers() const {
    std::string text;
    for (const CtlNode& node : nodes) {
        text += fmt::format("{}{}={}:{}", text.empty() ? "" : ",", node.node, loopback, node.port);
    }
    return text;
}

std::string CtlCluster::peers_for(const CtlNode& node) const {
    return node.join ? peers() : founders;
}

std::string CtlCluster::retired_directory(NodeId node) const {
    return data_directory(node) + ".left";
}

std::string default_directory(const std::string& name) {
    fs::path base;
    if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data == '/') {
        base = data;
    } else if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
        base = fs::path(home) / ".local" / "share";
    }
    return (base / "event-ledger" / "clusters" / name).string();
}

Result<CtlCluster> load_cluster(const std::string& directory) {
    std::error_code ignored;
    if (fs::exists(fs::path(directory) / unfinished_restore, ignored)) {
        return failure(CtlErrc::damaged,
            directory + ": a snapshot was being restored here and that did not come to its end; "
                        "remove the directory and restore it again");
    }
    std::ifstream file(file_in(directory));
    if (!file) {
        return failure(CtlErrc::no_cluster, fmt::format("no cluster in {}", directory));
    }
    std::stringstream text;
    text << file.rdbuf();
    const std::string bytes = text.str();
    const Result<check::JsonValue> value = check::parse_json(bytes);
    std::optional<CtlCluster> cluster = value ? read_cluster(*value) : std::nullopt;
    if (!cluster) {
        const std::string why = value ? "not a cluster of ours" : value.error().place;
        return failure(CtlErrc::damaged, fmt::format("{}: {}", file_in(directory), why));
    }
    cluster->directory = directory;
    return std::move(*cluster);
}

Result<void> replace_file(const std::string& name, const std::string& text) {
    const std::string temporary = name + ".new";
    const int file =
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool whole = file >= 0 &&
                 ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                 ::fsync(file) == 0;
    const int number = errno;
    whole = (file < 0 || ::close(file) == 0) && whole;
    if (!whole) {
        return failure(
            CtlErrc::cannot_write, fmt::format("{}: {}", temporary, std::strerror(number)));
    }
    if (::rename(temporary.c_str(), name.c_str()) != 0) {
        return failure(CtlErrc::cannot_write, fmt::format("{}: {}", name, std::strerror(errno)));
    }
    return {};
}

Result<void> save_cluster(const CtlCluster& cluster) {
    return replace_file(file_in(cluster.directory), text_of(cluster));
}

void remove_cluster(const CtlCluster& cluster) {
    std::error_code ignored;
    for (const CtlNode& node : cluster.nodes) {
        fs::remove_all(cluster.data_directory(node.node), ignored);
        fs::remove(cluster.log_file(node.node), ignored);
    }
    for (std::uint32_t node = 1; node <= left_max; ++node) {
        fs::remove_all(cluster.retired_directory(NodeId{node}), ignored);
        fs::remove(cluster.log_file(NodeId{node}), ignored);
    }
    fs::remove(fs::path(cluster.directory) / "logs", ignored);
    fs::remove_all(cluster.recording_directory(), ignored);
    fs::remove(file_in(cluster.directory), ignored);
    fs::remove(fs::path(cluster.directory) / "lock", ignored);
    fs::remove(cluster.directory, ignored);
}

Result<CtlLock> CtlLock::take(const std::string& directory) {
    const std::string name = (fs::path(directory) / "lock").string();
    CtlLock lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock.file_ < 0) {
        return failure(CtlErrc::cannot_write, fmt::format("{}: {}", name, std::strerror(errno)));
    }
    constexpr int tries = 600;
    for (int i = 0; i < tries; ++i) {
        if (::flock(lock.file_, LOCK_EX | LOCK_NB) == 0) {
            return lock;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return failure(CtlErrc::busy,
        fmt::format("another ledgerctl is starting or stopping nodes of {}", directory));
}

CtlLock::CtlLock(CtlLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

CtlLock::~CtlLock() {
    if (file_ >= 0) {
        ::close(file_);
    }
}

}  // namespace ledger::node::asio
