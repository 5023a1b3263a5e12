#include "sim/clock.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::sim {
namespace {

constexpr std::int64_t million = 1'000'000;

// 0 is the kind answer: 0, +1, -1, +2, ... up to `most` either way.
std::int64_t draw_rate(ChoiceSource& choices, NodeId node, PartsPerMillion most) {
    const std::uint64_t answer =
        choices.choose(Site::clock_rate, node.value, 0, 2 * std::uint64_t{most} + 1);
    const auto size = static_cast<std::int64_t>((answer + 1) / 2);
    return answer % 2 == 1 ? size : -size;
}

}  // namespace

NodeClock::NodeClock(
    NodeId node, const ClockProfile& profile, ChoiceSource& choices, FaultCounts& faults)
    : node_(node), profile_(profile), choices_(choices), faults_(faults),
      rate_(draw_rate(choices, node, profile.drift)) {
    LEDGER_ASSERT(rate_ > -million);
}

void NodeClock::boot(Instant now) {
    booted_ = now;
    ++boots_;
    const auto domain = static_cast<std::uint64_t>(profile_.skew.nanoseconds) + 1;
    begin_ = {static_cast<std::int64_t>(
        choices_.choose(Site::clock_begin, node_.value, boots_, domain))};
    // Felt by every reading of it.
    faults_.fire(Fault::clock_skew, begin_ != Instant{} ? 1 : 0);
    faults_.consume(Fault::clock_skew, begin_ != Instant{} ? 1 : 0);
    faults_.fire(Fault::clock_drift, rate_ != 0 ? 1 : 0);
    faults_.consume(Fault::clock_drift, rate_ != 0 ? 1 : 0);
}

// What the clock has gained; exact within each millionth, so that the sum never goes back.
std::int64_t NodeClock::ahead(std::int64_t elapsed) const {
    return elapsed / million * rate_ + elapsed % million * rate_ / million;
}

Instant NodeClock::local(Instant now) const {
    LEDGER_ASSERT(now >= booted_);
    const std::int64_t elapsed = (now - booted_).nanoseconds;
    return begin_ + nanoseconds(elapsed + ahead(elapsed));
}

Instant NodeClock::world(Instant local) const {
    if (local == never) {
        return never;
    }
    return booted_ + world(std::max(Duration{}, local - begin_));
}

Duration NodeClock::world(Duration local) const {
    LEDGER_ASSERT(local >= Duration{});
    const std::int64_t shown = local.nanoseconds;
    const std::int64_t pace = million + rate_;
    std::int64_t elapsed = shown / pace * million + shown % pace * million / pace;
    while (elapsed + ahead(elapsed) < shown) {
        ++elapsed;
    }
    while (elapsed > 0 && elapsed - 1 + ahead(elapsed - 1) >= shown) {
        --elapsed;
    }
    return nanoseconds(elapsed);
}

void NodeClock::set_wall(Duration by) {
    wall_ahead_ = wall_ahead_ + by;
    wall_set_ = true;
    faults_.fire(Fault::clock_jump);
}

WallTime NodeClock::wall(Instant now) {
    // The wall clock of the simulated world began on 2026-01-01.
    constexpr std::int64_t wall_start = 1'767'225'600'000'000'000;
    faults_.consume(Fault::clock_jump, wall_set_ ? 1 : 0);
    wall_set_ = false;
    return {wall_start + now.nanoseconds + wall_ahead_.nanoseconds};
}

}  // namespace ledger::sim
