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

// Content rules that need no times (reference names C2-C6, I1-I5): no event twice; acknowledged
// appends whole, in order and where the reply said; no event that nobody wrote; nothing of a
// refused append; conditions true at the position; the same answer to every retry.
class ExactlyOnce {
  public:
    explicit ExactlyOnce(const Order& order) : order_(order) {}

    // A call must be told before the order shows its effect, unless the order was whole from the
    // start (`finish_calls` tells when all calls are known).
    void called(const Operation& operation);
    [[nodiscard]] Finding returned(const Operation& operation);
    // Examines what the order gained since the last time. Call it after every apply, or when
    // convenient: nothing is lost, only found later.
    [[nodiscard]] Finding advance();
    // Nothing more will come: examines the rest and every acknowledged append.
    [[nodiscard]] Finding finish();

    // Name "exactly_once"; examined = appends of the order matched, plus answers compared.
    CheckResult result() const { return tally_.result(); }

  private:
    // All attempts of one append.
    struct Logical {
        AppendCall call;
        OperationId first_attempt;
        ClientId client;
        SessionId session;
        Sequence sequence;
        std::uint32_t attempts = 0;
        std::uint32_t refused = 0;
        std::optional<std::uint64_t> landed;  // place in the order's appends
        std::optional<Acknowledged> acknowledged;
        std::optional<Conflicted> conflicted;
    };
    struct Attempt {
        std::uint64_t logical = 0;
        bool same = true;  // carries the same events as the first attempt
    };

    std::string name(const Logical& logical) const;
    Logical* owner_of(const OrderedAppend& append);
    Finding landed(std::uint64_t number);
    Finding conditions_hold(const Logical& logical, const OrderedAppend& append);
    Finding foreign(const OrderedAppend& append);
    Finding twice(const OrderedAppend& append);
    Finding answered(Logical& logical, const Acknowledged& answer);
    Finding placed(const Logical& logical, const OrderedAppend& append);
    Finding conflicted(Logical& logical, const Conflicted& answer);
    Finding visible_although_refused(const Logical& logical);

    const Order& order_;
    std::uint64_t examined_appends_ = 0;  // of the order
    std::vector<Logical> logicals_;
    LookupTable<EventId, std::uint64_t> by_first_event_;
    LookupTable<EventId, std::uint64_t> keyed_;  // by {session, sequence}
    LookupTable<OperationId, Attempt> attempts_;
    Tally tally_{"exactly_once"};
};

}  // namespace ledger::check
