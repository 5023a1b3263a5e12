#pragma once
// Allowed versions: which versions of the ledger an answer can have been given at, times aside.

#include <cstdint>

#include "log/state/command.h"
#include "sim/check/history.h"
#include "sim/check/order.h"
#include "sim/check/row.h"
#include "sim/check/verdict.h"

namespace ledger::check {

// What an answer means against the order.
struct Explained {
    enum class Is : std::uint8_t {
        observation = 1,  // given at one of `allowed`
        write,            // made the version allowed.lowest
        silent,           // says nothing
        wrong,            // fits no version that the order has: `sentence` says why
    };
    Is is = Is::silent;
    AllowedVersions allowed;
    std::string sentence;  // wrong
};

// The operation must have an answer.
Explained explain(const Order& order, const Operation& operation);

// Whether the condition was true when the ledger had `length` events.
bool holds(const Order& order, const state::StreamCheck& check, std::uint64_t length);
// "stream orders to have revision 4 as its last".
std::string describe(const state::StreamCheck& check);
// "stream orders had 3 events".
std::string describe_stream_at(const Order& order, const std::string& stream, std::uint64_t length);
// How many events the stream had at `length`; 0 for a name that never came up.
std::uint64_t stream_length_at(const Order& order, const std::string& stream, std::uint64_t length);

}  // namespace ledger::check
