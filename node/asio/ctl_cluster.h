#pragma once
// CtlCluster: a local cluster as `ledgerctl` keeps it: cluster.json in its directory.

#include <cstdint>
#include <string>
#include <vector>

#include "log/base/ids.h"
#include "log/base/result.h"
#include "node/asio/launcher.h"

namespace ledger::node::asio {

enum class CtlErrc { no_cluster = 1, damaged, cannot_write, busy, bad_input, refused };
const boost::system::error_category& ctl_category();
boost::system::error_code make_error_code(CtlErrc errc);

// Clusters listen here and nowhere else.
inline constexpr const char* loopback = "127.0.0.1";

struct CtlNode {
    NodeId node;
    std::uint16_t port = 0;
    bool join = false;      // its disk was formatted after the cluster was made
    Process process;
    std::string recording;  // of this process; empty = none
};

struct CtlCluster {
    std::string directory;
    ClusterId id;
    bool ephemeral = false;
    bool record = false;  // nodes that are started record their lives
    // "1=127.0.0.1:7001,2=...": whom the cluster was made of. For ever the same, and told to the nodes
    // that it was made of; others, and those that lost their disks, are told of all nodes.
    std::string founders;
    std::vector<CtlNode> nodes;  // ascending; those that left are not among them

    CtlNode* find(NodeId node);
    std::string data_directory(NodeId node) const;
    std::string log_directory(NodeId node) const;  // in it, where ledgerd keeps the log
    std::string log_file(NodeId node) const;
    std::string recording_directory() const;
    // "n2-1.recording", "n2-2.recording", ...: a file of its own for each life.
    std::string next_recording(NodeId node) const;
    std::string peers() const;  // all nodes, "1=127.0.0.1:7001,2=..."
    // What a node is to be told of the others.
    std::string peers_for(const CtlNode& node) const;
    // Where the data of a node that left is kept, until the next one of this number leaves.
    std::string retired_directory(NodeId node) const;
    std::uint64_t quorum() const { return nodes.size() / 2 + 1; }
};

// $XDG_DATA_HOME/event-ledger/clusters/NAME, or below ~/.local/share.
std::string default_directory(const std::string& name);

// Lies in a cluster's directory while a snapshot is being restored into it (snapshot_restore.h).
inline constexpr const char* unfinished_restore = "restore.unfinished";

// no_cluster if there is no cluster.json; damaged also if a restore did not come to its end.
Result<CtlCluster> load_cluster(const std::string& directory);
// Replaces a file in one step: after a crash, of the machine too, it is the old or the new one.
Result<void> replace_file(const std::string& name, const std::string& text);
// Replaces cluster.json.
Result<void> save_cluster(const CtlCluster& cluster);
// Destroys what an ephemeral cluster left: its nodes' data, logs and cluster.json.
void remove_cluster(const CtlCluster& cluster);

// One command at a time may start or stop nodes of a cluster; others wait their turn, for a while.
class CtlLock {
  public:
    static Result<CtlLock> take(const std::string& directory);
    CtlLock(CtlLock&& other) noexcept;
    CtlLock& operator=(CtlLock&&) = delete;
    ~CtlLock();

  private:
    explicit CtlLock(int file) : file_(file) {}
    int file_;
};

}  // namespace ledger::node::asio

template <>
struct boost::system::is_error_code_enum<ledger::node::asio::CtlErrc> : std::true_type {};
