#pragma once
// Time: instants and durations as integer nanoseconds; nobody below the hosts owns a clock.

#include <compare>
#include <cstdint>

namespace ledger {

struct Duration {
    std::int64_t nanoseconds = 0;

    friend constexpr auto operator<=>(const Duration&, const Duration&) = default;
    friend constexpr Duration operator+(Duration a, Duration b) {
        return {a.nanoseconds + b.nanoseconds};
    }
    friend constexpr Duration operator-(Duration a, Duration b) {
        return {a.nanoseconds - b.nanoseconds};
    }
    friend constexpr Duration operator*(Duration a, std::int64_t n) { return {a.nanoseconds * n}; }
    friend constexpr Duration operator/(Duration a, std::int64_t n) { return {a.nanoseconds / n}; }
};

constexpr Duration nanoseconds(std::int64_t n) {
    return {n};
}
constexpr Duration microseconds(std::int64_t n) {
    return {n * 1'000};
}
constexpr Duration milliseconds(std::int64_t n) {
    return {n * 1'000'000};
}
constexpr Duration seconds(std::int64_t n) {
    return {n * 1'000'000'000};
}

// A moment on one node's monotonic clock (production) or on the virtual clock (simulation).
struct Instant {
    std::int64_t nanoseconds = 0;

    friend constexpr auto operator<=>(const Instant&, const Instant&) = default;
    friend constexpr Instant operator+(Instant t, Duration d) {
        return {t.nanoseconds + d.nanoseconds};
    }
    friend constexpr Duration operator-(Instant a, Instant b) {
        return {a.nanoseconds - b.nanoseconds};
    }
};

// Later than every moment that can occur: "no deadline".
inline constexpr Instant never{INT64_MAX};

// The replicated clock of the state machine: it advances by the leader's monotonic time, never by
// a wall clock. Expiry, windows and timers use it. Nanoseconds since the cluster was formatted.
struct ClusterTime {
    std::int64_t nanoseconds = 0;
    friend constexpr auto operator<=>(const ClusterTime&, const ClusterTime&) = default;
};

// What the leader's wall clock said, clamped so that it never goes back. Informational.
// Nanoseconds since the Unix epoch.
struct WallTime {
    std::int64_t nanoseconds = 0;
    friend constexpr auto operator<=>(const WallTime&, const WallTime&) = default;
};

}  // namespace ledger
