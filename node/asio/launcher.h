#pragma once
// Launcher: starts programs in the background and signals only those that it started.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/base/result.h"

namespace ledger::node::asio {

enum class LauncherErrc { cannot_start = 1, port_busy, cannot_signal };
const boost::system::error_category& launcher_category();
boost::system::error_code make_error_code(LauncherErrc errc);

// A process that cannot be mistaken for a later one with the same number: the kernel's start time
// (clock ticks since boot) and the boot belong to it.
struct Process {
    std::int32_t pid = 0;  // 0 = none
    std::uint64_t start_ticks = 0;
    std::string boot;
    friend bool operator==(const Process&, const Process&) = default;
};

enum class Life : std::uint8_t { dead, running, paused };
// Zombies, and other processes that have got the number since, are dead.
Life life_of(const Process& process);

// Runs `program` in a session of its own, without input; what it says is appended to `log_file`.
// An error if it cannot be executed; whether it then does its work is for the caller to see.
Result<Process> start(const std::string& program, const std::vector<std::string>& arguments,
    const std::string& log_file);

// Runs to the end and gives the exit code (128 + n: signal n); output as for start().
Result<int> run(const std::string& program, const std::vector<std::string>& arguments,
    const std::string& log_file);

// Nothing happens to a process that is dead.
Result<void> send_signal(const Process& process, int signal);

// The file in the folder of the running program.
std::string beside_this_program(const std::string& name);

// port_busy if nobody could listen on it now.
Result<void> check_port(const std::string& address, std::uint16_t port);

// `count` numbers in a row from `from` on that are free now.
std::optional<std::uint16_t> find_ports(
    const std::string& address, std::uint16_t from, std::uint32_t count);

}  // namespace ledger::node::asio

template <>
struct boost::system::is_error_code_enum<ledger::node::asio::LauncherErrc> : std::true_type {};
