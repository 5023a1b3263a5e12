#pragma once
// Linearizability: every answer fits one moment between its call and its return, by one sweep.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/base/lookup_table.h"
#include "sim/check/allowed_versions.h"
#include "sim/check/floors.h"
#include "sim/check/history.h"
#include "sim/check/order.h"
#include "sim/check/verdict.h"

namespace ledger::check {

// The log kernel (floors.h) over the operations of a simulated run, whose order is known. A write
// below its floor, or an answer that fits no version from its floor on, is a violation, and the two
// operations are the whole counterexample.
//
// Calls and returns come in the order in which they happened; of equal times, calls first.
// `order` may grow meanwhile or be whole from the start. While it grows it must be ahead of the
// answers: one that shows what is not yet there is a violation (nobody had applied it).
//
// All attempts with one (session, sequence) are one append: from the first call of an attempt that
// was not refused to the first acknowledgement.
class Linearizability {
  public:
    explicit Linearizability(const Order& order) : order_(order) {}

    void called(const Operation& operation);
    // `operation` carries its answer; Unknown says nothing and costs nothing.
    [[nodiscard]] Finding returned(const Operation& operation);
    // The order is complete: judges unknown appends that took effect.
    [[nodiscard]] Finding finish();

    // Name "linearizability"; examined = answered operations that were judged.
    CheckResult result() const { return tally_.result(); }

  private:
    // An ended operation, as a witness needs it.
    struct Shown {
        OperationId id;
        ClientId client;
        SessionId session;
        Sequence sequence;
        Instant called;
        Instant returned;
        std::uint64_t version = 0;
        std::uint32_t appended = 0;  // events of an acknowledged append
    };
    // What had been shown when operation `id` was called.
    struct Floor {
        OperationId id;
        Floors::Floor shown;  // by = place in shown_
    };
    struct Logical {
        std::vector<Floor> attempts;  // that may take effect, in the order of their calls
        std::optional<EventId> first_event;
        ClientId client;
        SessionId session;
        Sequence sequence;
        bool settled = false;  // acknowledged or in conflict: later answers repeat the first
    };
    struct Open {
        Floor floor;
        std::optional<std::uint64_t> logical;
    };

    std::uint64_t logical_of(const Operation& operation, const AppendCall& call);
    void refused(const Open& open);
    Finding judge(const Operation& operation, const Floor& floor);
    Finding judge_observation(
        const Operation& operation, const AllowedVersions& allowed, const Floor& floor);
    Finding future(const std::string& who, Position first, std::uint64_t events, std::uint64_t rank,
        const Floor& floor);
    Finding finish_unanswered(const Logical& logical);
    void raise(std::uint64_t rank, const Operation& operation, const Floor& floor);
    std::string stale(
        const Operation& operation, const AllowedVersions& allowed, const Floor& floor) const;
    std::string witness(std::uint64_t by) const;

    const Order& order_;
    Floors floors_;
    std::vector<Shown> shown_;  // the witnesses of the floors
    LookupTable<OperationId, Open> open_;
    LookupTable<EventId, std::uint64_t> keyed_;  // by {session, sequence}
    std::vector<Logical> logicals_;
    Tally tally_{"linearizability"};
};

}  // namespace ledger::check
