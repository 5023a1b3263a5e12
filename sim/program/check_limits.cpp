#include "sim/program/check_limits.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <new>
#include <optional>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

namespace ledger::sim {
namespace {

using std::chrono::milliseconds;

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};
constexpr Unit times[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
constexpr Unit sizes[] = {{"", 1}, {"B", 1}, {"KiB", 1u << 10}, {"MiB", 1u << 20},
    {"GiB", 1u << 30}, {"K", 1u << 10}, {"M", 1u << 20}, {"G", 1u << 30}};

template <std::size_t n>
std::optional<std::uint64_t> parse(const std::string& text, const Unit (&units)[n]) {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    constexpr std::uint64_t number_max = 1'000'000'000;
    if (error != std::errc{} || number == 0) {
        return std::nullopt;
    }
    const std::string_view name(stop, static_cast<std::size_t>(end - stop));
    for (const Unit& unit : units) {
        if (unit.name == name && (number <= number_max || unit.factor == 1)) {
            return number * unit.factor;
        }
    }
    return std::nullopt;
}

// Bytes of this process that no file holds.
std::uint64_t held_bytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t all = 0;
    std::uint64_t resident = 0;
    std::uint64_t shared = 0;
    file >> all >> resident >> shared;
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return resident > shared ? (resident - shared) * page : 0;
}

// What the process holds is looked at so often only.
constexpr milliseconds measured_every{20};

// The last chance when memory is gone: there is one handler for the whole process.
std::atomic<bool> may_speak{false};
std::function<int(const std::string&)>* last_words_now = nullptr;
std::string memory_reason;

void end_with(const std::string& reason) {
    if (may_speak.exchange(false)) {
        const int code = (*last_words_now)(reason);
        std::fflush(nullptr);
        std::_Exit(code);
    }
}

// Sanitizers reserve far more than they use.
constexpr bool limits_memory =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    false;
#else
    true;
#endif

void out_of_memory() {
    // What was kept back for this, so that there is something to speak with.
    rlimit limit{};
    ::getrlimit(RLIMIT_DATA, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_DATA, &limit);
    end_with(memory_reason);
    std::_Exit(3);
}

}  // namespace

std::optional<milliseconds> parse_time_limit(const std::string& text) {
    const auto number = parse(text, times);
    return number ? std::optional(milliseconds(*number)) : std::nullopt;
}

std::optional<std::uint64_t> parse_size(const std::string& text) {
    return parse(text, sizes);
}

std::string time_text(milliseconds time) {
    return time.count() % 1000 == 0 ? fmt::format("{}s", time.count() / 1000)
                                    : fmt::format("{}ms", time.count());
}

std::string size_text(std::uint64_t bytes) {
    for (const auto& [name, factor] :
        {Unit{"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}}) {
        if (bytes >= factor && bytes % factor == 0) {
            return fmt::format("{}{}", bytes / factor, name);
        }
    }
    return fmt::format("{} bytes", bytes);
}

ClockBudget::ClockBudget(const CheckLimits& limits)
    : limits_(limits),
      began_(std::chrono::steady_clock::now()),
      measured_(began_),
      held_before_(held_bytes()) {}

bool ClockBudget::spent(std::uint64_t bytes) {
    const auto now = std::chrono::steady_clock::now();
    if (now - began_ >= limits_.time) {
        why_ = fmt::format("the time limit of {} was reached", time_text(limits_.time));
        return true;
    }
    if (now - measured_ >= measured_every) {
        measured_ = now;
        const std::uint64_t all = held_bytes();
        held_ = all > held_before_ ? all - held_before_ : 0;
    }
    if (bytes > limits_.bytes || held_ > limits_.bytes) {
        why_ = fmt::format("the memory limit of {} was reached", size_text(limits_.bytes));
        return true;
    }
    return false;
}

struct CheckWatchdog::Shared {
    std::function<int(const std::string&)> last_words;
    std::mutex mutex;
    std::condition_variable changed;
    bool over = false;
    std::chrono::steady_clock::time_point until;
    std::thread thread;
};

CheckWatchdog::CheckWatchdog(
    const CheckLimits& limits, std::function<int(const std::string& reason)> last_words)
    : shared_(std::make_unique<Shared>()) {
    shared_->last_words = std::move(last_words);
    last_words_now = &shared_->last_words;
    memory_reason = fmt::format("the memory limit of {} was reached", size_text(limits.bytes));
    may_speak = true;
    std::set_new_handler(out_of_memory);
    rlimit limit{};
    if (limits_memory && ::getrlimit(RLIMIT_DATA, &limit) == 0) {
        // The checkers stop at the limit by themselves; only what they do not foresee gets further.
        constexpr std::uint64_t slack = std::uint64_t{64} << 20;
        const std::uint64_t most = held_bytes() + limits.bytes + limits.bytes / 4 + slack;
        limit.rlim_cur = std::min<std::uint64_t>(most, limit.rlim_max);
        ::setrlimit(RLIMIT_DATA, &limit);
    }
    allowed_ = limits.time + limits.time / 20;
    shared_->until = std::chrono::steady_clock::now() + allowed_;
    shared_->thread = std::thread([shared = shared_.get(), limits] {
        std::unique_lock lock(shared->mutex);
        while (!shared->over) {
            if (std::chrono::steady_clock::now() >= shared->until) {
                end_with(fmt::format("the time limit of {} was reached", time_text(limits.time)));
                return;
            }
            // Not longer at a time than a clock can count.
            constexpr auto a_while = std::chrono::hours(1);
            const auto most = std::chrono::steady_clock::now() + a_while;
            shared->changed.wait_until(lock, std::min(shared->until, most));
        }
    });
}

void CheckWatchdog::pause() {
    const std::lock_guard lock(shared_->mutex);
    shared_->until = std::chrono::steady_clock::time_point::max();
}

void CheckWatchdog::restart() {
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->until = std::chrono::steady_clock::now() + allowed_;
    }
    shared_->changed.notify_all();
}

void CheckWatchdog::disarm() {
    if (!may_speak.exchange(false)) {
        for (;;) {  // the other thread is speaking and ends the process
            ::pause();
        }
    }
}

CheckWatchdog::~CheckWatchdog() {
    may_speak = false;
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->over = true;
    }
    shared_->changed.notify_all();
    shared_->thread.join();
    std::set_new_handler(nullptr);
}

}  // namespace ledger::sim
