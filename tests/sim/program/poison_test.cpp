#include "sim/program/poison.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <random>
#include <thread>

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace ledger::sim {
namespace {

// The signal that ends a child which does this; 0 = none.
int end_of(const std::function<void()>& act, bool in_poison) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);
        ::close(STDERR_FILENO);
        if (in_poison) {
            const Poisoned poisoned;
            act();
        } else {
            act();
        }
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

}  // namespace

TEST_CASE("poison: who asks for time, entropy, a thread or a socket aborts, and nobody else does",
    "[sim]") {
    if (!poison_works()) {
        return;
    }
    const auto check = [](const char* what, const std::function<void()>& act) {
        INFO(what);
        CHECK(end_of(act, true) == SIGABRT);
        CHECK(end_of(act, false) == 0);
    };
    check("steady_clock", [] { static_cast<void>(std::chrono::steady_clock::now()); });
    check("system_clock", [] { static_cast<void>(std::chrono::system_clock::now()); });
    check("time", [] { static_cast<void>(std::time(nullptr)); });
    check("gettimeofday", [] {
        timeval now{};
        static_cast<void>(::gettimeofday(&now, nullptr));
    });
    check("getrandom", [] {
        char byte = 0;
        static_cast<void>(::getrandom(&byte, 1, 0));
    });
    check("getentropy", [] {
        char byte = 0;
        static_cast<void>(::getentropy(&byte, 1));
    });
    check("socket", [] { static_cast<void>(::socket(AF_UNIX, SOCK_STREAM, 0)); });
    check("thread", [] { std::thread([] {}).join(); });
}

TEST_CASE("poison: it ends with the last scope", "[sim]") {
    {
        const Poisoned outer;
        const Poisoned inner;
    }
    static_cast<void>(std::chrono::steady_clock::now());
    CHECK(end_of(
              [] {
                  { const Poisoned inner; }
                  static_cast<void>(std::chrono::steady_clock::now());
              },
              true) == (poison_works() ? SIGABRT : 0));
}

}  // namespace ledger::sim
