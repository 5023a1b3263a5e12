#include "node/asio/launcher.h"

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/asio/ctl_cluster.h"
#include "tests/node/asio/ctl_folder.h"

namespace ledger::node::asio {
namespace {

bool becomes(const Process& process, Life life) {
    for (int i = 0; i < 1000 && life_of(process) != life; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return life_of(process) == life;
}

// A process that ends with the test.
class Sleeper {
  public:
    explicit Sleeper(const CtlFolder& folder) {
        Result<Process> started = start("/bin/sleep", {"60"}, folder.file("log"));
        REQUIRE(started.has_value());
        process = *started;
    }
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;
    ~Sleeper() {
        ::kill(process.pid, SIGKILL);
        ::waitpid(process.pid, nullptr, 0);
    }
    Process process;
};

}  // namespace

TEST_CASE("launcher: a started process runs, pauses, goes on and dies", "[ctl]") {
    const CtlFolder folder;
    const Sleeper sleeper(folder);
    CHECK(becomes(sleeper.process, Life::running));
    REQUIRE(send_signal(sleeper.process, SIGSTOP).has_value());
    CHECK(becomes(sleeper.process, Life::paused));
    REQUIRE(send_signal(sleeper.process, SIGCONT).has_value());
    CHECK(becomes(sleeper.process, Life::running));
    REQUIRE(send_signal(sleeper.process, SIGKILL).has_value());
    CHECK(becomes(sleeper.process, Life::dead));  // a zombie of ours: nobody has waited for it
}

TEST_CASE("launcher: a started process holds nothing open that its starter had open", "[ctl]") {
    const CtlFolder folder;
    int ends[2] = {-1, -1};
    REQUIRE(::pipe2(ends, O_NONBLOCK) == 0);
    const Sleeper sleeper(folder);
    REQUIRE(becomes(sleeper.process, Life::running));
    ::close(ends[1]);
    char byte = 0;
    CHECK(::read(ends[0], &byte, 1) == 0);  // the end of the pipe: nobody else can write to it
    ::close(ends[0]);
}

TEST_CASE("launcher: a process with the same number is not the one that was started", "[ctl]") {
    const CtlFolder folder;
    const Sleeper sleeper(folder);
    Process earlier = sleeper.process;
    SECTION("that started before") {
        --earlier.start_ticks;
    }
    SECTION("of an earlier boot") {
        earlier.boot = "another";
    }
    CHECK(life_of(earlier) == Life::dead);
    REQUIRE(send_signal(earlier, SIGKILL).has_value());
    CHECK(becomes(sleeper.process, Life::running));
}

TEST_CASE("launcher: what cannot be executed is an error that names it", "[ctl]") {
    const CtlFolder folder;
    const Result<Process> started = start(folder.file("nothing"), {}, folder.file("log"));
    REQUIRE(started.has_error());
    CHECK(started.error().place.find("nothing") != std::string::npos);
    CHECK(started.error().code == make_error_code(LauncherErrc::cannot_start));
}

TEST_CASE("launcher: run gives the exit code, and the log gets what was said", "[ctl]") {
    const CtlFolder folder;
    CHECK(*run("/bin/sh", {"-c", "echo one; echo two >&2; exit 7"}, folder.file("log")) == 7);
    CHECK(*run("/bin/sh", {"-c", "kill -9 $$"}, folder.file("log")) == 128 + SIGKILL);
    std::ifstream file(folder.file("log"));
    CHECK(std::string((std::istreambuf_iterator<char>(file)), {}) == "one\ntwo\n");
}

TEST_CASE("launcher: a port that somebody has is busy, and is skipped", "[ctl]") {
    constexpr std::uint16_t from = 24'000;
    const auto free = find_ports(loopback, from, 3);
    REQUIRE(free.has_value());
    CHECK(check_port(loopback, *free).has_value());
    const CtlFolder folder;
    const Result<Process> listener = start("/usr/bin/env",
        {"python3", "-c",
            "import socket, sys, time\ns = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
            "time.sleep(60)",
            std::to_string(*free + 1)},
        folder.file("log"));
    REQUIRE(listener.has_value());
    for (int i = 0; i < 1000 && check_port(loopback, static_cast<std::uint16_t>(*free + 1)); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    const Result<void> busy = check_port(loopback, static_cast<std::uint16_t>(*free + 1));
    REQUIRE(busy.has_error());
    CHECK(busy.error().place.find(std::to_string(*free + 1)) != std::string::npos);
    CHECK(*find_ports(loopback, *free, 3) >= *free + 2);
    ::kill(listener->pid, SIGKILL);
    ::waitpid(listener->pid, nullptr, 0);
}

}  // namespace ledger::node::asio
