#include "sim/program/poison.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <dlfcn.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LEDGER_POISON 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define LEDGER_POISON 0
#else
#define LEDGER_POISON 1
#endif
#else
#define LEDGER_POISON 1
#endif

namespace {

thread_local unsigned poisoned = 0;

#if LEDGER_POISON
void taste(const char* name) {
    if (poisoned > 0) {
        poisoned = 0;
        std::fprintf(stderr, "assertion failed: nothing in a simulated run calls %s\n", name);
        std::abort();
    }
}
#endif

}  // namespace

#if LEDGER_POISON
// These stand in front of those of the C library, also for the libraries that this program uses.
extern "C" {

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, timespec* time) noexcept {
    taste("clock_gettime");
    return static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
}

__attribute__((visibility("default"))) int gettimeofday(timeval* time, void* zone) noexcept {
    taste("gettimeofday");
    return static_cast<int>(::syscall(SYS_gettimeofday, time, zone));
}

__attribute__((visibility("default"))) time_t time(time_t* to) noexcept {
    taste("time");
    timespec now{};
    ::syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    if (to != nullptr) {
        *to = now.tv_sec;
    }
    return now.tv_sec;
}

__attribute__((visibility("default"))) ssize_t getrandom(
    void* buffer, size_t bytes, unsigned flags) {
    taste("getrandom");
    return ::syscall(SYS_getrandom, buffer, bytes, flags);
}

__attribute__((visibility("default"))) int getentropy(void* buffer, size_t bytes) {
    taste("getentropy");
    const long done = ::syscall(SYS_getrandom, buffer, bytes, 0);
    return done == static_cast<long>(bytes) ? 0 : -1;
}

__attribute__((visibility("default"))) int socket(int domain, int type, int protocol) noexcept {
    taste("socket");
    return static_cast<int>(::syscall(SYS_socket, domain, type, protocol));
}

__attribute__((visibility("default"))) int pthread_create(pthread_t* thread,
    const pthread_attr_t* attributes, void* (*begin)(void*), void* argument) noexcept {
    taste("pthread_create");
    using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
    static const auto create = reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "pthread_create"));
    return create(thread, attributes, begin, argument);
}

}  // extern "C"
#endif

namespace ledger::sim {

Poisoned::Poisoned() {
    ++poisoned;
}

Poisoned::~Poisoned() {
    if (poisoned > 0) {
        --poisoned;
    }
}

bool poison_works() {
    return LEDGER_POISON != 0;
}

}  // namespace ledger::sim
