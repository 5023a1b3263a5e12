#pragma once
// Model: what a sequential object is to the search; a model of one's own is some twenty lines.

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/check/recorded/recorded_history.h"

namespace ledger::check {

// What a recorded operation means to a model.
template <typename Operation>
struct Reading {
    // Nothing: it says nothing and can have no effect, so it is left out. More than one: it did one
    // of these, nobody knows which (only of unknown ones).
    std::vector<Operation> does;
    // It can never change a state, whatever the state is.
    bool observes = false;
    // Some states refuse it. A history of which nothing can be refused has nothing to examine.
    bool can_be_refused = true;
    // Objects with different keys do not touch each other and are searched one by one.
    Value key;
    // Not empty: the operation is not one of this model, "expected read, write or cas, found push".
    std::string wrong;
};

// A value of 64 bits that mixes its parts well; for hash().
inline std::uint64_t mixed(std::uint64_t a, std::uint64_t b = 0) {
    std::uint64_t x =
        a * 0x9e3779b97f4a7c15ULL ^ (b + 0x632be59bd9b4e019ULL) * 0xd6e8feb86659fd93ULL;
    x ^= x >> 32;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 29;
    x *= 0x94d049bb133111ebULL;
    return x ^ (x >> 32);
}

// A sequential object. All functions are pure but read(), which may number values.
//   initial   the state at the beginning
//   step      the state after the operation; nothing if it could not have been answered so
//   hash      of a state and of an operation; equal ones have equal hashes
//   bytes     what a state holds, roughly: searches count it
//   describe  a state as people say it: "4", "[1 2] with 3 waiting"
//   refusal   why step() gave nothing: "a read of 2, but the register held 4"
template <typename M>
concept SequentialModel =
    std::equality_comparable<typename M::State> && std::copyable<typename M::State> &&
    std::equality_comparable<typename M::Operation> &&
    requires(M& reader, const M& model, const typename M::State& state,
        const typename M::Operation& operation, const RecordedOperation& recorded) {
        { reader.read(recorded) } -> std::same_as<Reading<typename M::Operation>>;
        { model.initial() } -> std::same_as<typename M::State>;
        { model.step(state, operation) } -> std::same_as<std::optional<typename M::State>>;
        { model.hash(state) } -> std::same_as<std::uint64_t>;
        { model.hash(operation) } -> std::same_as<std::uint64_t>;
        { model.bytes(state) } -> std::same_as<std::uint64_t>;
        { model.describe(state) } -> std::same_as<std::string>;
        { model.refusal(state, operation) } -> std::same_as<std::string>;
    };

}  // namespace ledger::check
