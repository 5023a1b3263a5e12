#include "sim/check/subscription.h"

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "sim/check/names.h"

namespace ledger::check {

void Subscription::begins(
    std::uint32_t subscriber, std::optional<Position> from, std::string stream) {
    LEDGER_ASSERT(subscriber == all_.size() + 1);
    all_.push_back({.next = from, .stream = std::move(stream)});
}

const Subscription::Following& Subscription::following(std::uint32_t subscriber) const {
    LEDGER_ASSERT(subscriber >= 1);
    LEDGER_ASSERT(subscriber <= all_.size());
    return all_[subscriber - 1];
}

std::optional<Position> Subscription::due_at(const Following& of, Position from) const {
    if (of.stream.empty()) {
        return from.value < order_.length() ? std::optional(from) : std::nullopt;
    }
    const std::optional<StreamNumber> stream = order_.find_stream(of.stream);
    if (!stream) {
        return std::nullopt;
    }
    const std::uint64_t before = order_.stream_length_at(*stream, from.value);
    if (before == order_.stream_length(*stream)) {
        return std::nullopt;
    }
    return order_.position_of(*stream, Revision{before});
}

// Is it the event that was committed at its position?
Finding Subscription::compare(const Following& of, const state::RecordedEvent& event) const {
    const OrderedEvent& committed = order_.event(event.position);
    if (event.id != committed.id || event.revision != committed.revision ||
        event.stream != order_.name(committed.stream)) {
        return fmt::format("event {} as revision {} of {}, where event {} was committed as "
                           "revision {} of {}",
            event_name(event.id), event.revision, event.stream, event_name(committed.id),
            committed.revision, order_.name(committed.stream));
    }
    if (!of.stream.empty() && event.stream != of.stream) {
        return fmt::format("an event of {}, but follows {}", event.stream, of.stream);
    }
    return std::nullopt;
}

Finding Subscription::delivered(std::uint32_t subscriber, NodeId by,
    std::span<const state::RecordedEvent> events, Position next) {
    Following& of = all_[subscriber - 1];
    LEDGER_ASSERT(&of == &following(subscriber));
    const auto violated = [&](const std::string& what) {
        return tally_.violated(
            fmt::format("subscriber {} was handed {} by {}", subscriber, what, node_name(by)));
    };
    Position reached = of.next.value_or(events.empty() ? next : events.front().position);
    for (const state::RecordedEvent& event : events) {
        tally_.examined();
        const std::optional<Position> due = due_at(of, reached);
        if (event.position.value >= order_.length()) {
            return violated(fmt::format("position {}, which is not committed", event.position));
        }
        if (!due || event.position != *due) {
            return violated(fmt::format("position {} where {} was due: events are {}",
                event.position, due ? fmt::format("position {}", *due) : "nothing",
                due && event.position > *due ? "missing" : "repeated"));
        }
        if (const Finding wrong = compare(of, event)) {
            return violated(fmt::format("position {} as {}", event.position, *wrong));
        }
        reached = event.position.next();
    }
    const std::optional<Position> left_out = due_at(of, reached);
    if (next < reached || next.value > order_.length() || (left_out && *left_out < next)) {
        return violated(fmt::format("everything below position {}, as it was told, but it has "
                                    "everything below position {} of {}",
            next, left_out.value_or(reached), order_.length()));
    }
    of.next = next;
    return std::nullopt;
}

Finding Subscription::gave_up(
    std::uint32_t subscriber, NodeId node, const std::string& why) {
    tally_.examined();
    return tally_.violated(
        fmt::format("subscriber {} gave {} up: {}", subscriber, node_name(node), why));
}

Finding Subscription::expired(std::uint32_t subscriber, NodeId node, Position retained) {
    Following& of = all_[subscriber - 1];
    LEDGER_ASSERT(&of == &following(subscriber));
    tally_.examined();
    const Position next = of.next.value_or(retained);
    if (next >= retained) {
        return tally_.violated(
            fmt::format("subscriber {} lacks what lies at position {} or after, and {} refused it as "
                        "expired, where only what lies below position {} is",
                subscriber, next, node_name(node), retained));
    }
    of.expired = true;
    return std::nullopt;
}

bool Subscription::complete(std::uint32_t subscriber) const {
    const Following& of = following(subscriber);
    return of.expired || (of.next && !due_at(of, *of.next));
}

bool Subscription::all_complete() const {
    for (std::uint32_t subscriber = 1; subscriber <= all_.size(); ++subscriber) {
        if (!complete(subscriber)) {
            return false;
        }
    }
    return true;
}

Finding Subscription::finish() {
    for (std::uint32_t subscriber = 1; subscriber <= all_.size(); ++subscriber) {
        if (!complete(subscriber)) {
            const Following& of = following(subscriber);
            return tally_.violated(fmt::format(
                "subscriber {} has only what lies below position {} of {} at the end of the run",
                subscriber, of.next.value_or(Position{}), order_.length()));
        }
    }
    return std::nullopt;
}

}  // namespace ledger::check
