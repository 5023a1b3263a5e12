#include "node/asio/launcher.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ledger::node::asio {
namespace {

class Category final : public boost::system::error_category {
  public:
    const char* name() const noexcept override { return "ledger.launcher"; }
    std::string message(int value) const override {
        switch (static_cast<LauncherErrc>(value)) {
            case LauncherErrc::cannot_start: return "cannot start";
            case LauncherErrc::port_busy: return "port busy";
            case LauncherErrc::cannot_signal: return "cannot signal";
        }
        return "unknown";
    }
};

// A descriptor with one owner.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }
    int operator*() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }
    void close() {
        if (number_ >= 0) {
            ::close(number_);
            number_ = -1;
        }
    }

  private:
    int number_;
};

Error cannot(LauncherErrc errc, const std::string& what) {
    return failure(errc, fmt::format("{}: {}", what, std::strerror(errno)));
}

std::string boot_id() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

struct Stat {
    char state = '?';
    std::uint64_t start_ticks = 0;
};

// proc(5): the name in brackets may itself hold brackets and spaces; state is field 3, start 22.
std::optional<Stat> read_stat(std::int32_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string line;
    if (!std::getline(file, line)) {
        return std::nullopt;
    }
    const std::size_t name_end = line.rfind(')');
    if (name_end == std::string::npos) {
        return std::nullopt;
    }
    std::istringstream fields(line.substr(name_end + 1));
    Stat stat;
    fields >> stat.state;
    std::string skipped;
    for (int field = 4; field < 22; ++field) {
        fields >> skipped;
    }
    fields >> stat.start_ticks;
    return fields ? std::optional(stat) : std::nullopt;
}

std::vector<char*> words_of(const std::string& program, const std::vector<std::string>& arguments) {
    std::vector<char*> words{const_cast<char*>(program.c_str())};
    for (const std::string& argument : arguments) {
        words.push_back(const_cast<char*>(argument.c_str()));
    }
    words.push_back(nullptr);
    return words;
}

// In the child: only calls that are safe between fork and exec.
[[noreturn]] void become(char* const* words, int input, int output, int report) {
    ::setsid();
    ::dup2(input, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    // Whatever else was open here is not the child's: who reads from it waits for its end.
    ::close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
    ::execv(words[0], words);
    const int error = errno;
    [[maybe_unused]] const auto written = ::write(report, &error, sizeof error);
    ::_exit(127);
}

Result<std::int32_t> spawn(const std::string& program, const std::vector<std::string>& arguments,
    const std::string& log_file) {
    const std::vector<char*> words = words_of(program, arguments);
    const Descriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const Descriptor output(
        ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    int ends[2] = {-1, -1};
    if (!input || !output || ::pipe2(ends, O_CLOEXEC) != 0) {
        return cannot(LauncherErrc::cannot_start, log_file);
    }
    const Descriptor listen(ends[0]);
    Descriptor report(ends[1]);
    const pid_t pid = ::fork();
    if (pid < 0) {
        return cannot(LauncherErrc::cannot_start, "fork");
    }
    if (pid == 0) {
        become(words.data(), *input, *output, *report);
    }
    // The pipe closes when the program is executed; before that it carries the reason why not.
    report.close();
    int error = 0;
    if (::read(*listen, &error, sizeof error) == static_cast<ssize_t>(sizeof error)) {
        ::waitpid(pid, nullptr, 0);
        errno = error;
        return cannot(LauncherErrc::cannot_start, program);
    }
    return static_cast<std::int32_t>(pid);
}

}  // namespace

const boost::system::error_category& launcher_category() {
    static const Category category;
    return category;
}

boost::system::error_code make_error_code(LauncherErrc errc) {
    return {static_cast<int>(errc), launcher_category()};
}

Life life_of(const Process& process) {
    if (process.pid <= 0 || process.boot != boot_id()) {
        return Life::dead;
    }
    const std::optional<Stat> stat = read_stat(process.pid);
    if (!stat || stat->start_ticks != process.start_ticks || stat->state == 'Z' ||
        stat->state == 'X') {
        return Life::dead;
    }
    return stat->state == 'T' || stat->state == 't' ? Life::paused : Life::running;
}

Result<Process> start(const std::string& program, const std::vector<std::string>& arguments,
    const std::string& log_file) {
    LEDGER_TRY(const std::int32_t pid, spawn(program, arguments, log_file));
    const std::optional<Stat> stat = read_stat(pid);
    return Process{pid, stat ? stat->start_ticks : 0, boot_id()};
}

Result<int> run(const std::string& program, const std::vector<std::string>& arguments,
    const std::string& log_file) {
    LEDGER_TRY(const std::int32_t pid, spawn(program, arguments, log_file));
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return cannot(LauncherErrc::cannot_start, program);
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Result<void> send_signal(const Process& process, int signal) {
    if (life_of(process) == Life::dead) {
        return {};
    }
    if (::kill(process.pid, signal) != 0 && errno != ESRCH) {
        return cannot(LauncherErrc::cannot_signal, fmt::format("process {}", process.pid));
    }
    return {};
}

std::string beside_this_program(const std::string& name) {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    return error ? name : (self.parent_path() / name).string();
}

Result<void> check_port(const std::string& address, std::uint16_t port) {
    const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(port);
    if (!socket || ::inet_pton(AF_INET, address.c_str(), &place.sin_addr) != 1) {
        return failure(LauncherErrc::port_busy, fmt::format("{} is no address", address));
    }
    // As the node itself will: connections that ended a moment ago do not count.
    const int yes = 1;
    ::setsockopt(*socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (::bind(*socket, reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0 ||
        ::listen(*socket, 1) != 0) {
        return cannot(LauncherErrc::port_busy, fmt::format("{}:{}", address, port));
    }
    return {};
}

std::optional<std::uint16_t> find_ports(
    const std::string& address, std::uint16_t from, std::uint32_t count) {
    constexpr std::uint32_t ephemeral_ports = 32'768;
    std::uint32_t in_a_row = 0;
    for (std::uint32_t port = from; port < ephemeral_ports; ++port) {
        const bool free = static_cast<bool>(check_port(address, static_cast<std::uint16_t>(port)));
        in_a_row = free ? in_a_row + 1 : 0;
        if (in_a_row == count) {
            return static_cast<std::uint16_t>(port + 1 - count);
        }
    }
    return std::nullopt;
}

}  // namespace ledger::node::asio
