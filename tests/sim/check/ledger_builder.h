#pragma once
// Ledger builder: short ways to write orders, operations and answers in tests.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/check/history.h"
#include "sim/check/order.h"

namespace ledger::check::test {

inline EventId event(std::uint64_t number) {
    return EventId{0, number};
}

inline state::StreamCheck any(std::string stream) {
    return {std::move(stream), {state::Expected::Kind::any, {}}};
}
inline state::StreamCheck none(std::string stream) {
    return {std::move(stream), {state::Expected::Kind::no_stream, {}}};
}
inline state::StreamCheck some(std::string stream) {
    return {std::move(stream), {state::Expected::Kind::exists, {}}};
}
inline state::StreamCheck exact(std::string stream, std::uint64_t revision) {
    return {std::move(stream), {state::Expected::Kind::exact, Revision{revision}}};
}

// An append of events {number, stream} to the order, at log index = number of appends so far + 1.
inline void push(Order& order, std::vector<std::pair<std::uint64_t, std::string>> events,
    SessionId session = {}, Sequence sequence = {}) {
    std::vector<Order::NewEvent> added;
    for (const auto& [number, stream] : events) {
        added.push_back({event(number), order.stream(stream)});
    }
    order.push(Index{order.appends().size() + 1}, session, sequence, added);
}

// Events `numbers`, all to the first of `streams`.
inline AppendCall append_call(
    std::vector<std::uint64_t> numbers, std::vector<state::StreamCheck> streams) {
    AppendCall call;
    call.streams = std::move(streams);
    for (std::uint64_t number : numbers) {
        call.events.push_back({0, event(number)});
    }
    return call;
}

inline Operation operation(std::uint64_t id, std::uint64_t client, Call call) {
    Operation made;
    made.id = OperationId{id};
    made.client = ClientId{client};
    made.call = std::move(call);
    return made;
}

inline state::ReadAll read_all(std::uint64_t from, std::uint32_t count = 100,
    state::Direction direction = state::Direction::forward) {
    return {Position{from}, direction, count};
}

inline state::ReadStream read_stream(std::string stream, std::uint64_t from,
    std::uint32_t count = 100, state::Direction direction = state::Direction::forward) {
    return {std::move(stream), Revision{from}, direction, count};
}

// A page whose events are known by their ids alone.
inline ReadAnswer page(std::vector<std::uint64_t> numbers, bool end) {
    ReadAnswer answer;
    answer.positions = false;
    answer.end = end;
    for (std::uint64_t number : numbers) {
        answer.events.push_back({Position{}, Revision{}, event(number)});
    }
    return answer;
}

inline ReadAnswer page_at(std::uint64_t length, std::vector<std::uint64_t> numbers, bool end) {
    ReadAnswer answer = page(std::move(numbers), end);
    answer.length = length;
    return answer;
}

inline ReadAnswer tail(std::uint64_t length) {
    ReadAnswer answer;
    answer.length = length;
    return answer;
}

}  // namespace ledger::check::test
