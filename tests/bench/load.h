#pragma once
// Load: what the load generators of all systems share: options, phases, latencies, what it cost.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace ledger::bench {

// A process that serves, and where.
struct Server {
    std::uint16_t port = 0;
    std::int32_t pid = 0;
};

// `--servers 7001:100,7002:101 --clients 256 --connections 8 --payload 128 --warm-up 1 --seconds 4`
struct LoadOptions {
    std::vector<Server> servers;
    std::uint32_t clients = 1;      // a client has one append of its own under way, always
    std::uint32_t connections = 1;  // to the leader; client k uses connection k mod connections
    std::uint32_t payload_bytes = 128;
    double warm_up_seconds = 1;
    double seconds = 4;
};

// Ends the program with a message when it cannot read them.
LoadOptions parse_options(int argc, char** argv);

[[noreturn]] void give_up(const std::string& why);

inline std::uint64_t now_nanoseconds() {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

// The course of one measurement: warm-up, the measured interval, then the rest is waited for.
class Measurement {
  public:
    explicit Measurement(const LoadOptions& options);

    // Nothing new is begun any more.
    bool over(std::uint64_t now) const { return now >= end_; }
    // An append begun at `begun` was acknowledged. Takes the costs when the interval begins and
    // when it ends, so it is called for every append until all are answered.
    void acknowledged(std::uint64_t begun, std::uint64_t now);
    std::uint64_t acknowledged_in_all() const { return acknowledged_; }

    // One JSON object on standard output. `leader` is a place in LoadOptions::servers.
    void print(const char* system, std::size_t leader);

  private:
    // What the servers, this process and the machine have used up so far.
    struct Costs {
        std::vector<double> server_cpu_seconds;
        double client_cpu_seconds = 0;
        std::uint64_t written_bytes = 0;  // to the disk, by all servers
        std::uint64_t loopback_bytes = 0;
        std::uint64_t loopback_packets = 0;
        double machine_seconds = 0;  // of all cores
        double machine_idle_seconds = 0;
        std::uint64_t at = 0;
    };
    Costs costs() const;

    const LoadOptions options_;
    const std::uint64_t begin_;
    const std::uint64_t end_;
    bool begun_ = false;
    bool ended_ = false;
    Costs before_;
    Costs after_;
    std::uint64_t acknowledged_ = 0;
    std::vector<std::uint64_t> latencies_;  // of appends answered in the interval
};

}  // namespace ledger::bench
