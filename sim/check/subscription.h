#pragma once
// Subscription: what subscribers were handed is the committed sequence: in order, whole, once.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "log/state/query.h"
#include "sim/check/order.h"
#include "sim/check/verdict.h"

namespace ledger::check {

class Subscription {
  public:
    // `order` grows while events are committed: it must be ahead of every delivery.
    explicit Subscription(const Order& order) : order_(order) {}

    // Subscribers have numbers from 1, dense. Without `from` it begins where its first delivery
    // says; `stream` empty = all events.
    void begins(std::uint32_t subscriber, std::optional<Position> from, std::string stream);
    // It was handed these events, and told that it has everything below `next`.
    [[nodiscard]] Finding delivered(std::uint32_t subscriber, NodeId by,
        std::span<const state::RecordedEvent> events, Position next);
    // It found by itself that this node does not serve it as it should.
    [[nodiscard]] Finding gave_up(std::uint32_t subscriber, NodeId node, const std::string& why);
    // The node refused to serve it, since what it lacks has expired: events below `retained` may
    // be gone. True of it if it lacks one of those; then no more is promised to it.
    [[nodiscard]] Finding expired(std::uint32_t subscriber, NodeId node, Position retained);
    // Whether it lacks nothing that is committed and promised.
    bool complete(std::uint32_t subscriber) const;
    bool all_complete() const;
    // Everything is quiet: every subscriber must have everything.
    [[nodiscard]] Finding finish();

    // Name "subscription"; examined = events compared.
    CheckResult result() const { return tally_.result(); }

  private:
    struct Following {
        std::optional<Position> next;  // none until it is known where it begins
        std::string stream;
        bool expired = false;
    };

    const Following& following(std::uint32_t subscriber) const;
    // The first committed position at or after `from` that this subscriber must see, if any.
    std::optional<Position> due_at(const Following& of, Position from) const;
    Finding compare(const Following& of, const state::RecordedEvent& event) const;

    const Order& order_;
    std::vector<Following> all_;  // [0] is subscriber 1
    Tally tally_{"subscription"};
};

}  // namespace ledger::check
