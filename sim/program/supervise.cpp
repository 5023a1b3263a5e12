#include "sim/program/supervise.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "sim/program/runner.h"

namespace ledger::sim {
namespace {

constexpr std::size_t last_words_max = 4096;

// Copies the child's standard error to ours until it closes; returns its end.
std::string pass_on(int from) {
    std::string kept;
    char buffer[4096];
    while (true) {
        const ssize_t count = ::read(from, buffer, sizeof buffer);
        if (count <= 0) {
            break;
        }
        std::fwrite(buffer, 1, static_cast<std::size_t>(count), stderr);
        kept.append(buffer, static_cast<std::size_t>(count));
        if (kept.size() > 2 * last_words_max) {
            kept.erase(0, kept.size() - last_words_max);
        }
    }
    return kept;
}

}  // namespace

void* share_memory(std::size_t bytes) {
    void* memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        throw std::runtime_error("cannot map shared memory");
    }
    return memory;
}

void ProgressObserver::stepping(
    std::uint64_t step, Instant now, NodeId node, const node::Event& event) {
    progress_.step = step;
    progress_.time_nanoseconds = now.nanoseconds;
    if (next_ != nullptr) {
        next_->stepping(step, now, node, event);
    }
}

void ProgressObserver::stepped(
    const node::Replica& replica, std::span<const node::Effect> effects) {
    if (next_ != nullptr) {
        next_->stepped(replica, effects);
    }
}

ChildEnd supervise(const std::function<int()>& body) {
    int channel[2];
    if (::pipe(channel) != 0) {
        throw std::runtime_error("cannot make a pipe");
    }
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child < 0) {
        throw std::runtime_error("cannot start a child process");
    }
    if (child == 0) {
        ::close(channel[0]);
        ::dup2(channel[1], STDERR_FILENO);
        ::close(channel[1]);
        const int code = body();
        std::fflush(nullptr);
        ::_exit(code);
    }
    ::close(channel[1]);
    ChildEnd end;
    end.last_words = pass_on(channel[0]);
    ::close(channel[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) {
        end.signal = WTERMSIG(status);
    } else {
        end.exit_code = WEXITSTATUS(status);
    }
    return end;
}

ChildEnd supervise_beside(
    const std::function<int()>& beside, const std::function<void()>& here) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child < 0) {
        throw std::runtime_error("cannot start a child process");
    }
    if (child == 0) {
        const int code = beside();
        std::fflush(nullptr);
        ::_exit(code);
    }
    here();
    int status = 0;
    ::waitpid(child, &status, 0);
    ChildEnd end;
    if (WIFSIGNALED(status)) {
        end.signal = WTERMSIG(status);
    } else {
        end.exit_code = WEXITSTATUS(status);
    }
    return end;
}

void end_with_parent() {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() == 1) {
        ::_exit(exit_environment);  // it had gone before
    }
}

void send_all(int to, ByteSpan bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(to, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            ::_exit(exit_environment);  // the parent is gone
        }
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

std::vector<ChildReport> run_side_by_side(
    std::span<const std::function<void(const Say&)>> bodies, std::uint64_t microseconds_max) {
    struct Child {
        pid_t process = -1;
        int said = -1;  // -1 = closed
        int errors = -1;
    };
    std::fflush(nullptr);
    std::vector<Child> children;
    std::vector<ChildReport> reports(bodies.size());
    for (const auto& body : bodies) {
        int said[2];
        int errors[2];
        if (::pipe(said) != 0 || ::pipe(errors) != 0) {
            throw std::runtime_error("cannot make a pipe");
        }
        const pid_t process = ::fork();
        if (process < 0) {
            throw std::runtime_error("cannot start a child process");
        }
        if (process == 0) {
            end_with_parent();
            // Whatever the parent does about its own death, a test framework above all.
            for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGBUS}) {
                std::signal(signal, SIG_DFL);
            }
            ::close(said[0]);
            ::close(errors[0]);
            ::dup2(errors[1], STDERR_FILENO);
            body([to = said[1]](ByteSpan bytes) { send_all(to, bytes); });
            ::_exit(0);
        }
        ::close(said[1]);
        ::close(errors[1]);
        children.push_back({process, said[0], errors[0]});
    }
    const std::uint64_t deadline = wall_clock_microseconds() + microseconds_max;
    bool killed = false;
    while (true) {
        std::vector<pollfd> waiting;
        for (const Child& child : children) {
            waiting.push_back({.fd = child.said, .events = POLLIN, .revents = 0});
            waiting.push_back({.fd = child.errors, .events = POLLIN, .revents = 0});
        }
        if (std::all_of(waiting.begin(), waiting.end(),
                [](const pollfd& one) { return one.fd < 0; })) {
            break;
        }
        ::poll(waiting.data(), waiting.size(), 100);
        if (!killed && wall_clock_microseconds() >= deadline) {
            killed = true;
            for (const Child& child : children) {
                if (child.said >= 0) {
                    ::kill(child.process, SIGKILL);
                    reports[static_cast<std::size_t>(&child - children.data())].end.timed_out = true;
                }
            }
        }
        for (std::size_t i = 0; i < children.size(); ++i) {
            char buffer[65536];
            if (waiting[2 * i].revents != 0) {
                const ssize_t count = ::read(children[i].said, buffer, sizeof buffer);
                if (count > 0) {
                    const auto* bytes = reinterpret_cast<const std::byte*>(buffer);
                    reports[i].said.insert(reports[i].said.end(), bytes, bytes + count);
                } else {
                    ::close(std::exchange(children[i].said, -1));
                }
            }
            if (waiting[2 * i + 1].revents != 0) {
                const ssize_t count = ::read(children[i].errors, buffer, sizeof buffer);
                if (count > 0) {
                    reports[i].end.last_words.append(buffer, static_cast<std::size_t>(count));
                } else {
                    ::close(std::exchange(children[i].errors, -1));
                }
            }
        }
    }
    for (std::size_t i = 0; i < children.size(); ++i) {
        int status = 0;
        ::waitpid(children[i].process, &status, 0);
        reports[i].end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        reports[i].end.exit_code = WIFSIGNALED(status) ? 0 : WEXITSTATUS(status);
    }
    return reports;
}

check::Violation crash_violation(const ChildEnd& end, const Progress& progress) {
    std::string words = end.last_words;
    while (!words.empty() && words.back() == '\n') {
        words.pop_back();
    }
    if (const std::size_t at = words.find("assertion failed"); at != std::string::npos) {
        words = words.substr(at);
        words = words.substr(0, words.find('\n'));
    } else if (const std::size_t line = words.rfind('\n'); line != std::string::npos) {
        words = words.substr(line + 1);
    }
    // How far the run had come is shown on a line that begins so.
    words = words.substr(0, words.find('\r'));
    return {.check = "no_crash",
        .kind = check::Kind::crash,
        .step = progress.step,
        .time = Instant{progress.time_nanoseconds},
        .sentence = words.empty() ? fmt::format("the run died of SIG{}", ::sigabbrev_np(end.signal))
                                  : fmt::format("the run died: {}", words)};
}

}  // namespace ledger::sim
