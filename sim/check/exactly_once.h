#pragma once
// Exactly once: every acknowledged append is in the order once and whole, refused ones never.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/base/lookup_table.h"
#include "sim/check/history.h"
#include "sim/check/order.h"
#include "sim/check/verdict.h"

namespace ledger::check {

// Content rules that need no times: no event twice; acknowledged appends whole, in order and where
// the reply said; no event that nobody wrote; nothing of a refused append; conditions true at the
// position; the same answer to every retry.
//
// An append is known by (session, sequence), else by its operation. A conflict settles it for all
// attempts; a refusal speaks of its attempt alone, so an append counts as refused only when all of
// its attempts were. (A refusal is definite only if the request cannot arrive a second time.)
class ExactlyOnce {
  public:
    explicit ExactlyOnce(const Order& order) : order_(order) {}

    void called(const Operation& operation);
    [[nodiscard]] Finding returned(const Operation& operation);
    // Examines what the order gained since the last time; every append must have been called. Do
    // it after every apply or later: nothing is lost, only found later.
    [[nodiscard]] Finding advance();
    // Nothing more will come: examines the rest and every acknowledged append.
    [[nodiscard]] Finding finish();

    // Name "exactly_once"; examined = appends of the order matched, plus answers compared.
    CheckResult result() const { return tally_.result(); }

  private:
    struct Logical {
        AppendCall call;  // its streams and events only until it has landed
        ClientId client;
        SessionId session;
        Sequence sequence;
        std::uint32_t attempts = 0;
        std::uint32_t refused = 0;
        std::optional<std::uint64_t> landed;  // place in the order's appends
        std::optional<Acknowledged> acknowledged;
        bool conflicted = false;
    };
    struct Attempt {
        std::uint64_t logical = 0;
        bool same = true;  // carries the same events as the first attempt
    };

    std::string name(const Logical& logical) const;
    bool same_events(const Logical& logical, const AppendCall& call) const;
    Finding landed(std::uint64_t number);
    Finding match(Logical& logical, std::uint64_t number);
    Finding stranger(const OrderedAppend& append) const;
    Finding repeated(const OrderedAppend& append) const;
    Finding settled(const Logical& logical) const;
    Finding whole(const Logical& logical, const OrderedAppend& append) const;
    Finding conditions(const Logical& logical, const OrderedAppend& append) const;
    Finding placed(const Logical& logical) const;
    Finding acknowledged(const Attempt& attempt, const Acknowledged& answer);
    Finding conflicted(Logical& logical);
    Finding refused(Logical& logical);

    const Order& order_;
    std::uint64_t seen_appends_ = 0;  // of the order
    std::vector<Logical> logicals_;
    LookupTable<EventId, std::uint64_t> by_first_event_;
    LookupTable<EventId, std::uint64_t> keyed_;   // by {session, sequence}
    LookupTable<OperationId, Attempt> attempts_;  // still open
    Tally tally_{"exactly_once"};
};

}  // namespace ledger::check
