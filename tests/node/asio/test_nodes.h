#pragma once
// TestNodes: temporary directories, free ports, and nodes as threads or as processes, for tests.

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <spdlog/sinks/ostream_sink.h>

#include "log/base/format.h"
#include "log/state/command.h"
#include "log/state/outcome.h"
#include "node/asio/host.h"
#include "tests/node/asio/test_client.h"

namespace ledger::node::asio::test {

inline constexpr ClusterId cluster_id{0x0123456789abcdef, 0xfedcba9876543210};

class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "ledger-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

// Ports that were free a moment ago, all different.
inline std::vector<std::uint16_t> free_ports(std::uint32_t count) {
    net::io_context context;
    std::vector<Tcp::acceptor> held;
    std::vector<std::uint16_t> ports;
    while (ports.size() < count) {
        held.emplace_back(context, Tcp::endpoint(net::ip::address_v4::loopback(), 0), false);
        ports.push_back(held.back().local_endpoint().port());
    }
    return ports;
}

// Asks again until it holds, at most this long.
inline bool eventually(
    const std::function<bool()>& holds, Patience patience = Patience(20'000)) {
    const auto end = Clock::now() + patience;
    while (!holds()) {
        if (Clock::now() > end) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
}

inline Tcp::endpoint loopback_port(std::uint16_t port) {
    return {net::ip::address_v4::loopback(), port};
}

// A node of this process, on a thread of its own.
class NodeThread {
  public:
    explicit NodeThread(const HostOptions& options)
        : sink_(std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)),
          journal_(options.data.identity.node, spdlog::level::debug, sink_),
          host_(options, journal_) {}
    ~NodeThread() { stop(); }

    Result<void> open() { return host_.open(); }
    void start() {
        thread_ = std::thread([this] { ending_ = host_.run(); });
    }
    Ending stop() {
        if (thread_.joinable()) {
            host_.stop();
            thread_.join();
        }
        return ending_;
    }
    std::uint16_t port() const { return host_.port(); }
    // What it has said; only after stop().
    std::string said() const { return text_.str(); }

  private:
    std::ostringstream text_;
    spdlog::sink_ptr sink_;
    Journal journal_;
    Host host_;
    Ending ending_ = Ending::asked;
    std::thread thread_;
};

// A cluster of one that lives in `directory` and listens on a port of its own choice.
inline HostOptions lone_node(const TemporaryDirectory& directory) {
    HostOptions options;
    options.data.path = directory / "n1";
    options.data.identity = {cluster_id, NodeId{1}};
    options.members = {{NodeId{1}, loopback_port(0)}};
    options.listen = loopback_port(0);
    options.election_timeout = milliseconds(50);
    options.heartbeat_interval = milliseconds(10);
    options.key = 1;
    return options;
}

inline void format_data(const DataOptions& data) {
    const auto directory = DataDirectory::take(data);
    REQUIRE(directory.has_value());
    REQUIRE((*directory)->format(Incarnation{1000 + data.identity.node.value}).has_value());
}

inline bool leads(std::uint16_t port) {
    TestClient client(port);
    const auto status = client.connected() ? client.status() : std::nullopt;
    return status && status->role == raft::Role::leader && status->applied >= Index{1};
}

inline state::Append append_of(std::uint64_t number, std::uint32_t payload_bytes = 32) {
    state::Append append;
    append.streams.push_back({"stream", {}});
    state::NewEvent event;
    event.id = {7, number};
    event.type = "test";
    event.payload.resize(payload_bytes);
    append.events.push_back(std::move(event));
    return append;
}

// A program as a child process: ledgerd with these arguments, its errors in a file.
class ChildProcess {
  public:
    // No file of the process can grow beyond `file_bytes_max`: writing fails, as on a full disk.
    ChildProcess(const std::vector<std::string>& arguments, const std::string& error_file,
        const std::string& output_file = "/dev/null", rlim_t file_bytes_max = RLIM_INFINITY) {
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            if (file_bytes_max != RLIM_INFINITY) {
                const rlimit limit{file_bytes_max, file_bytes_max};
                ::setrlimit(RLIMIT_FSIZE, &limit);
                ::signal(SIGXFSZ, SIG_IGN);
            }
            execute(arguments, error_file, output_file);
        }
    }
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    ~ChildProcess() {
        if (pid_ > 0) {
            signal(SIGKILL);
            wait();
        }
    }

    void signal(int number) { ::kill(pid_, number); }
    // The exit code, or 128 + the signal.
    int wait() {
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }

  private:
    [[noreturn]] static void execute(const std::vector<std::string>& arguments,
        const std::string& error_file, const std::string& output_file) {
        const int errors = ::open(error_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        const int output = ::open(output_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        ::dup2(errors, STDERR_FILENO);
        ::dup2(output, STDOUT_FILENO);
        std::string program = LEDGERD;
        std::vector<char*> words = {program.data()};
        for (const std::string& argument : arguments) {
            words.push_back(const_cast<char*>(argument.c_str()));
        }
        words.push_back(nullptr);
        ::execv(program.c_str(), words.data());
        ::_exit(127);
    }

    pid_t pid_ = -1;
};

inline std::string text_of_file(const std::string& name) {
    std::ifstream file(name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace ledger::node::asio::test
