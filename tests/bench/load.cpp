#include "tests/bench/load.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <sstream>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

namespace ledger::bench {

namespace {

constexpr double nanoseconds_per_second = 1e9;

template <typename Number>
Number number_of(std::string_view text, std::string_view what) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) {
        give_up(fmt::format("{} is '{}', not a number", what, text));
    }
    return number;
}

std::vector<Server> servers_of(const std::string& text) {
    std::vector<Server> servers;
    std::istringstream list(text);
    for (std::string item; std::getline(list, item, ',');) {
        const std::size_t colon = item.find(':');
        if (colon == std::string::npos) {
            give_up(fmt::format("--servers holds '{}', not PORT:PID", item));
        }
        servers.push_back({number_of<std::uint16_t>(item.substr(0, colon), "port"),
            number_of<std::int32_t>(item.substr(colon + 1), "process")});
    }
    return servers;
}

double cpu_seconds(clockid_t clock) {
    timespec used{};
    if (::clock_gettime(clock, &used) != 0) {
        give_up("the CPU time of a process cannot be read");
    }
    return static_cast<double>(used.tv_sec) +
           static_cast<double>(used.tv_nsec) / nanoseconds_per_second;
}

double cpu_seconds_of(std::int32_t pid) {
    clockid_t clock{};
    if (::clock_getcpuclockid(pid, &clock) != 0) {
        give_up(fmt::format("process {} has gone", pid));
    }
    return cpu_seconds(clock);
}

// proc(5), /proc/PID/io: bytes that the process caused to be sent to the storage layer.
std::uint64_t written_bytes_of(std::int32_t pid) {
    std::ifstream file(fmt::format("/proc/{}/io", pid));
    std::string name;
    std::uint64_t value = 0;
    while (file >> name >> value) {
        if (name == "write_bytes:") {
            return value;
        }
    }
    give_up(fmt::format("/proc/{}/io says nothing", pid));
}

struct Loopback {
    std::uint64_t bytes = 0;
    std::uint64_t packets = 0;
};

// proc(5), /proc/net/dev: the first two figures of an interface are what it received.
Loopback loopback() {
    std::ifstream file("/proc/net/dev");
    std::string word;
    Loopback all;
    while (file >> word) {
        if (word == "lo:") {
            file >> all.bytes >> all.packets;
            break;
        }
    }
    return all;
}

struct Machine {
    double seconds = 0;
    double idle_seconds = 0;
};

// proc(5), the first line of /proc/stat: idle is the fourth figure, waiting for a disk the fifth.
Machine machine() {
    std::ifstream file("/proc/stat");
    std::string word;
    file >> word;
    const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
    Machine all;
    double ticks = 0;
    for (int field = 1; field <= 8 && file >> ticks; ++field) {
        all.seconds += ticks / ticks_per_second;
        all.idle_seconds += field == 4 || field == 5 ? ticks / ticks_per_second : 0;
    }
    return all;
}

}  // namespace

void give_up(const std::string& why) {
    std::fprintf(stderr, "bench: %s\n", why.c_str());
    std::exit(1);
}

LoadOptions parse_options(int argc, char** argv) {
    std::map<std::string, std::string> flags = {{"--servers", ""}, {"--clients", "1"},
        {"--connections", "1"}, {"--payload", "128"}, {"--warm-up", "1"}, {"--seconds", "4"}};
    for (int at = 1; at < argc; at += 2) {
        const auto flag = flags.find(argv[at]);
        if (flag == flags.end() || at + 1 == argc) {
            give_up(fmt::format("unknown or incomplete argument '{}'", argv[at]));
        }
        flag->second = argv[at + 1];
    }
    LoadOptions options;
    options.servers = servers_of(flags["--servers"]);
    options.clients = number_of<std::uint32_t>(flags["--clients"], "--clients");
    options.connections = number_of<std::uint32_t>(flags["--connections"], "--connections");
    options.payload_bytes = number_of<std::uint32_t>(flags["--payload"], "--payload");
    options.warm_up_seconds = number_of<double>(flags["--warm-up"], "--warm-up");
    options.seconds = number_of<double>(flags["--seconds"], "--seconds");
    if (options.servers.empty() || options.clients == 0 || options.connections == 0 ||
        options.connections > options.clients || options.payload_bytes < 16) {
        give_up("needs --servers, as many clients as connections or more, and 16 bytes or more");
    }
    return options;
}

Measurement::Measurement(const LoadOptions& options)
    : options_(options),
      begin_(now_nanoseconds() +
             static_cast<std::uint64_t>(options.warm_up_seconds * nanoseconds_per_second)),
      end_(begin_ + static_cast<std::uint64_t>(options.seconds * nanoseconds_per_second)) {
    latencies_.reserve(1u << 20);
}

void Measurement::acknowledged(std::uint64_t begun, std::uint64_t now) {
    ++acknowledged_;
    if (!begun_ && now >= begin_) {
        begun_ = true;
        before_ = costs();
    }
    if (!ended_ && now >= end_) {
        ended_ = true;
        after_ = costs();
    }
    if (begun_ && !ended_) {
        latencies_.push_back(now - begun);
    }
}

Measurement::Costs Measurement::costs() const {
    Costs costs;
    costs.at = now_nanoseconds();
    costs.client_cpu_seconds = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (const Server& server : options_.servers) {
        costs.server_cpu_seconds.push_back(cpu_seconds_of(server.pid));
        costs.written_bytes += written_bytes_of(server.pid);
    }
    const Loopback network = loopback();
    costs.loopback_bytes = network.bytes;
    costs.loopback_packets = network.packets;
    const Machine used = machine();
    costs.machine_seconds = used.seconds;
    costs.machine_idle_seconds = used.idle_seconds;
    return costs;
}

void Measurement::print(const char* system, std::size_t leader) {
    if (!ended_ || latencies_.empty()) {
        give_up("nothing was acknowledged in the measured interval");
    }
    std::sort(latencies_.begin(), latencies_.end());
    const auto milliseconds_at = [this](double share) {
        const double place = std::ceil(share * static_cast<double>(latencies_.size())) - 1;
        return static_cast<double>(latencies_[static_cast<std::size_t>(std::max(place, 0.0))]) / 1e6;
    };
    const auto appends = static_cast<double>(latencies_.size());
    const double seconds = static_cast<double>(after_.at - before_.at) / nanoseconds_per_second;
    double server_cpu = 0;
    for (std::size_t i = 0; i < options_.servers.size(); ++i) {
        server_cpu += after_.server_cpu_seconds[i] - before_.server_cpu_seconds[i];
    }
    const double leader_cpu = after_.server_cpu_seconds[leader] - before_.server_cpu_seconds[leader];
    const double client_cpu = after_.client_cpu_seconds - before_.client_cpu_seconds;
    const double idle = (after_.machine_idle_seconds - before_.machine_idle_seconds) /
                        (after_.machine_seconds - before_.machine_seconds);
    const auto per_append = [appends](std::uint64_t to, std::uint64_t from) {
        return static_cast<double>(to - from) / appends;
    };
    fmt::print(
        R"({{"system":"{}","clients":{},"connections":{},"payload_bytes":{},"leader":{},)"
        R"("seconds":{:.3f},"appends":{},"appends_in_all":{},"appends_per_second":{:.1f},)"
        R"("p50_ms":{:.4f},"p99_ms":{:.4f},"p999_ms":{:.4f},)"
        R"("server_cpu_seconds":{:.3f},"leader_cpu_seconds":{:.3f},"client_cpu_seconds":{:.3f},)"
        R"("server_cpu_us_per_append":{:.3f},"leader_cpu_us_per_append":{:.3f},)"
        R"("client_cpu_us_per_append":{:.3f},"written_bytes_per_append":{:.1f},)"
        R"("loopback_bytes_per_append":{:.1f},"loopback_packets_per_append":{:.3f},)"
        R"("machine_idle_share":{:.3f}}})"
        "\n",
        system, options_.clients, options_.connections, options_.payload_bytes, leader, seconds,
        latencies_.size(), acknowledged_, appends / seconds, milliseconds_at(0.5),
        milliseconds_at(0.99), milliseconds_at(0.999), server_cpu, leader_cpu, client_cpu,
        server_cpu * 1e6 / appends, leader_cpu * 1e6 / appends, client_cpu * 1e6 / appends,
        per_append(after_.written_bytes, before_.written_bytes),
        per_append(after_.loopback_bytes, before_.loopback_bytes),
        per_append(after_.loopback_packets, before_.loopback_packets), idle);
}

}  // namespace ledger::bench
