#include "sim/program/supervise.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

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
    return {.check = "no_crash",
        .kind = check::Kind::crash,
        .step = progress.step,
        .time = Instant{progress.time_nanoseconds},
        .sentence = words.empty() ? fmt::format("the run died of signal {}", end.signal)
                                  : fmt::format("the run died: {}", words)};
}

}  // namespace ledger::sim
