#pragma once
// StepView: what one step of a replica shows of elections and leadership, for check::Availability.

#include <array>
#include <optional>
#include <span>

#include "node/effect.h"
#include "node/event.h"
#include "raft/membership.h"
#include "sim/check/availability.h"
#include "sim/host.h"

namespace ledger::sim {

class StepView {
  public:
    // The event is about to be stepped.
    void begins(const Host& host, const node::Event& event);
    // It has been stepped, with these effects. Refers to `host` and to this.
    check::NodeStep ends(
        const Host& host, std::span<const node::Effect> effects, Instant now, bool caught_up);

  private:
    check::Told told_;
    std::optional<Ticket> stored_;
    raft::NodeSet members_;
    std::array<check::Electorate, 2> electorates_;
};

}  // namespace ledger::sim
