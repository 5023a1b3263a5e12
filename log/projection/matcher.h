#pragma once
// Matcher: whether events meet conditions, one by one and in any order.

#include <cstdint>
#include <vector>

#include "log/base/result.h"
#include "log/projection/definition.h"
#include "log/projection/event_fields.h"
#include "log/state/query.h"

namespace ledger::projection {

class Matcher {
  public:
    explicit Matcher(std::vector<Condition> conditions);

    const std::vector<Condition>& conditions() const { return conditions_; }
    // Whether all of them hold. Conditions on the payload are judged after all others; a redacted event
    // does not meet them. Errors name the event, as Projection's.
    Result<bool> matches(const state::RecordedEvent& event);

  private:
    bool hold(bool payload) const;

    std::vector<Condition> conditions_;
    EventFields fields_;
    std::vector<std::uint32_t> places_;  // per condition
};

// The error with the event in front: "position 17 (orders revision 3, type placed): ...".
Error at_event(const state::RecordedEvent& event, const Error& error);

}  // namespace ledger::projection
