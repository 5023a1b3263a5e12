#pragma once
// Linearizability: every answer fits one moment between its call and its return, by one sweep.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/base/lookup_table.h"
#include "sim/check/history.h"
#include "sim/check/order.h"
#include "sim/check/verdict.h"

namespace ledger::check {

// Which versions of the ledger an answer can have been given at: [lowest, highest] without
// [hole_first, hole_last].
struct AllowedVersions {
    std::uint64_t lowest = 0;
    std::uint64_t highest = UINT64_MAX;
    std::uint64_t hole_first = 1;
    std::uint64_t hole_last = 0;  // below hole_first: no hole
};

// The log kernel. The order of all writes is known, so an operation has a rank: the write that
// makes version v has 2v, an observation of v has 2v + 1. One number suffices, the highest rank
// that an ended operation has shown: it is the floor of everything called later. A write below
// its floor, or an answer that fits no version from its floor on, is a violation, and the two
// operations are the whole counterexample. Sound and complete for a known order.
//
// Calls and returns come in the order in which they happened; of equal times, calls first.
// `order` may grow meanwhile (it must have grown before an answer that shows it is handed over;
// what shows more than is known waits until finish()) or be whole from the start.
class Linearizability {
  public:
    explicit Linearizability(const Order& order) : order_(order) {}

    void called(const Operation& operation);
    // `operation` carries its answer; Unknown says nothing and costs nothing.
    [[nodiscard]] Finding returned(const Operation& operation);
    // The order is complete: judges what waited, and unknown appends that took effect.
    [[nodiscard]] Finding finish();

    // Name "linearizability"; examined = answered operations that were judged.
    CheckResult result() const { return tally_.result(); }

  private:
    // An operation as a witness needs it.
    struct Shown {
        OperationId id;
        ClientId client;
        When called;
        When returned;
        std::uint64_t version = 0;
        bool write = false;
        std::uint32_t events = 0;
        explicit operator bool() const { return id.value != 0 || returned.step != 0 || write; }
    };
    struct Floor {
        OperationId id;
        std::uint64_t rank = 0;
        Shown by;
    };
    // All attempts of one append that may take effect, in the order of their calls.
    struct Logical {
        std::vector<Floor> attempts;
        std::vector<EventId> ids;
        ClientId client;
        When called;
        bool answered = false;
        std::uint64_t end = 0;  // of the acknowledged positions
    };
    struct Waiting {
        Operation operation;
        Floor floor;
    };

    Logical& logical_of(const Operation& operation);
    Floor take_floor(const Operation& operation, bool definite);
    bool beyond_order(const Operation& operation) const;
    Finding judge(const Operation& operation, const Floor& floor);
    Finding judge_write(const Operation& operation, const AppendCall& call,
        const Acknowledged& answer, const Floor& floor);
    Finding judge_conflict(const Operation& operation, const AppendCall& call,
        const Conflicted& answer, const Floor& floor);
    Finding judge_observation(
        const Operation& operation, AllowedVersions allowed, const Floor& floor);
    Finding judge_future(const Operation& operation, std::uint64_t rank, const Floor& floor);
    void raise(std::uint64_t rank, const Shown& shown);

    const Order& order_;
    std::uint64_t highest_ = 0;  // R: the highest rank that an ended operation has shown
    Shown shown_by_;
    LookupTable<OperationId, Floor> pending_;           // reads and tails
    LookupTable<EventId, std::uint64_t> keyed_;  // by {session, sequence}
    std::vector<Logical> logicals_;
    std::vector<Waiting> waiting_;
    Tally tally_{"linearizability"};
};

}  // namespace ledger::check
