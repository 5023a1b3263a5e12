#pragma once
// CtlHistory: the events of a cluster read from one place to another, and the moments between them.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "log/projection/projection.h"
#include "log/state/query.h"
#include "node/asio/ctl_ending.h"
#include "node/asio/ctl_moment.h"
#include "node/client.h"

namespace ledger::node::asio {

class CtlHistory {
  public:
    // Asks the cluster one thing and waits for its end.
    using Ask = std::function<client::Done(client::What what)>;
    explicit CtlHistory(Ask ask) : ask_(std::move(ask)) {}

    struct What {
        std::string stream;      // empty = all
        std::uint64_t from = 0;  // a revision of the stream, or a position
        state::Direction direction = state::Direction::forward;
        state::Filter filter;
        std::uint64_t looked_at_max = UINT64_MAX;  // events
        std::uint32_t page_events = state::read_events_max;
    };
    // Page by page; events of each in order, until `take` says false or nothing is left.
    using Take = std::function<bool(const state::Answer& page)>;
    Outcome<void> read(const What& what, const Take& take);

    // Number of events.
    Outcome<Position> length();
    // How many events, from position 0 on, lie at or before the moment.
    Outcome<Position> bound_of(const Moment& moment);

    // Folds the events below `bound` that the projection has not looked at yet, each exactly once;
    // `seen` hears of each event with the group that it went into, and may stop by saying false.
    using Seen = std::function<bool(
        const state::RecordedEvent& event, const projection::Groups::value_type* touched)>;
    Outcome<void> fold(projection::Projection& projection, Position bound, const Seen& seen = {});
    // Of the last fold(): where its events begin, if earlier ones have expired: "the ledger begins at
    // position 17". Empty: nothing is missing.
    const std::string& trimmed() const { return trimmed_; }

  private:
    Outcome<state::Answer> page(const What& what, std::uint64_t from, std::uint32_t count);

    Ask ask_;
    std::string trimmed_;
};

// Of the events that the conditions let through, and some more: what a node can tell by stream and type.
state::Filter filter_for(const std::vector<projection::Condition>& conditions);

}  // namespace ledger::node::asio
