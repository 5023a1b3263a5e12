#include "sim/check/exactly_once.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "sim/check/allowed_versions.h"
#include "sim/check/names.h"

namespace ledger::check {

std::string ExactlyOnce::name(const Logical& logical) const {
    return "the append of " + client_name(logical.client, logical.session, logical.sequence);
}

void ExactlyOnce::called(const Operation& operation) {
    const auto* call = std::get_if<AppendCall>(&operation.call);
    if (call == nullptr) {
        return;
    }
    LEDGER_ASSERT(attempts_.find(operation.id) == nullptr);
    const EventId key{operation.session.value, operation.sequence.value};
    const std::uint64_t* known = operation.session.value != 0 ? keyed_.find(key) : nullptr;
    if (known != nullptr) {
        Logical& logical = logicals_[*known];
        ++logical.attempts;
        attempts_[operation.id] = {*known, same_events(logical, *call)};
        return;
    }
    const std::uint64_t number = logicals_.size();
    if (operation.session.value != 0) {
        keyed_[key] = number;
    }
    if (!call->events.empty()) {
        by_first_event_[call->events.front().id] = number;
    }
    attempts_[operation.id] = {number, true};
    Logical& logical = logicals_.emplace_back();
    logical.call = *call;
    logical.client = operation.client;
    logical.session = operation.session;
    logical.sequence = operation.sequence;
    logical.attempts = 1;
}

bool ExactlyOnce::same_events(const Logical& logical, const AppendCall& call) const {
    if (!logical.landed) {
        return logical.call == call;
    }
    const OrderedAppend& append = order_.appends()[*logical.landed];
    if (append.events != call.events.size()) {
        return false;
    }
    for (std::uint64_t i = 0; i < append.events; ++i) {
        if (order_.event(append.first + i).id != call.events[i].id) {
            return false;
        }
    }
    return true;
}

Finding ExactlyOnce::returned(const Operation& operation) {
    const Attempt* open = attempts_.find(operation.id);
    if (open == nullptr) {
        LEDGER_ASSERT(!std::holds_alternative<AppendCall>(operation.call));
        return std::nullopt;
    }
    const Attempt attempt = *open;
    attempts_.erase(operation.id);
    Finding finding;
    if (const auto* answer = std::get_if<Acknowledged>(&operation.answer)) {
        finding = acknowledged(attempt, *answer);
    } else if (std::holds_alternative<Conflicted>(operation.answer) && attempt.same) {
        finding = conflicted(logicals_[attempt.logical]);
    } else if (std::holds_alternative<Refused>(operation.answer)) {
        finding = refused(logicals_[attempt.logical]);
    }
    return finding ? tally_.violated(std::move(*finding)) : std::nullopt;
}

Finding ExactlyOnce::acknowledged(const Attempt& attempt, const Acknowledged& answer) {
    Logical& logical = logicals_[attempt.logical];
    tally_.examined();
    if (!attempt.same) {
        return fmt::format(
            "{} was sent again with other events and acknowledged at position {}: "
            "the second one must be refused",
            name(logical), answer.first);
    }
    if (logical.conflicted) {
        return fmt::format(
            "{} was acknowledged at position {} after it had been refused because "
            "of a conflict",
            name(logical), answer.first);
    }
    if (logical.acknowledged) {
        const bool same = logical.acknowledged->first == answer.first &&
                          logical.acknowledged->revisions == answer.revisions;
        return same ? Finding{}
                    : fmt::format(
                          "{} was acknowledged at position {} and, when it was retried, at "
                          "position {}",
                          name(logical), logical.acknowledged->first, answer.first);
    }
    logical.acknowledged = answer;
    return logical.landed ? placed(logical) : std::nullopt;
}

Finding ExactlyOnce::conflicted(Logical& logical) {
    tally_.examined();
    if (logical.acknowledged) {
        return fmt::format(
            "{} was refused because of a conflict after it had been acknowledged "
            "at position {}",
            name(logical), logical.acknowledged->first);
    }
    logical.conflicted = true;
    return settled(logical);
}

Finding ExactlyOnce::refused(Logical& logical) {
    tally_.examined();
    ++logical.refused;
    LEDGER_ASSERT(logical.refused <= logical.attempts);
    return settled(logical);
}

// Nothing of an append that was definitely refused is in the order.
Finding ExactlyOnce::settled(const Logical& logical) const {
    const bool refused_for_good = logical.conflicted || logical.refused == logical.attempts;
    if (!logical.landed || !refused_for_good) {
        return std::nullopt;
    }
    const OrderedAppend& append = order_.appends()[*logical.landed];
    return fmt::format("{} was definitely refused{}, but its events stand at {}", name(logical),
        logical.conflicted ? " because of a conflict" : "",
        positions_name(append.first.value, append.events));
}

Finding ExactlyOnce::advance() {
    Finding first;
    for (; seen_appends_ < order_.appends().size(); ++seen_appends_) {
        tally_.examined();
        if (Finding finding = landed(seen_appends_)) {
            Finding counted = tally_.violated(std::move(*finding));
            first = first ? std::move(first) : std::move(counted);
        }
    }
    return first;
}

Finding ExactlyOnce::landed(std::uint64_t number) {
    const OrderedAppend& append = order_.appends()[number];
    if (Finding finding = repeated(append)) {
        return finding;
    }
    const std::uint64_t* owner = by_first_event_.find(order_.event(append.first).id);
    return owner == nullptr ? stranger(append) : match(logicals_[*owner], number);
}

Finding ExactlyOnce::match(Logical& logical, std::uint64_t number) {
    const OrderedAppend& append = order_.appends()[number];
    LEDGER_ASSERT(!logical.landed);  // else its first event would stand twice
    logical.landed = number;
    Finding finding = whole(logical, append);
    if (!finding) {
        finding = settled(logical);
    }
    if (!finding) {
        finding = conditions(logical, append);
    }
    if (!finding && logical.acknowledged) {
        finding = placed(logical);
    }
    logical.call = {};
    return finding;
}

Finding ExactlyOnce::repeated(const OrderedAppend& append) const {
    for (std::uint64_t i = 0; i < append.events; ++i) {
        const Position here = append.first + i;
        const EventId id = order_.event(here).id;
        const std::optional<Position> first = order_.find(id);
        LEDGER_ASSERT(first.has_value());
        if (*first == here) {
            continue;
        }
        const std::uint64_t* owner =
            by_first_event_.find(order_.event(order_.append_of(*first).first).id);
        return fmt::format(
            "event {} stands at positions {} and {}: {} took effect twice "
            "(log indexes {} and {})",
            event_name(id), *first, here, owner == nullptr ? "its append" : name(logicals_[*owner]),
            order_.append_of(*first).index, append.index);
    }
    return std::nullopt;
}

// Nobody's append begins with this event. Slow search, for the sentence only.
Finding ExactlyOnce::stranger(const OrderedAppend& append) const {
    const EventId id = order_.event(append.first).id;
    for (const Logical& logical : logicals_) {
        const bool has = std::any_of(logical.call.events.begin(), logical.call.events.end(),
            [&](const WrittenEvent& event) { return event.id == id; });
        if (has) {
            return fmt::format(
                "{} is torn: the ledger holds {} from position {} on, but not its "
                "first event {}",
                name(logical), plural(append.events, "event"), append.first,
                event_name(logical.call.events.front().id));
        }
    }
    return fmt::format("event {} at position {} (log index {}) was written by nobody",
        event_name(id), append.first, append.index);
}

Finding ExactlyOnce::whole(const Logical& logical, const OrderedAppend& append) const {
    const std::vector<WrittenEvent>& events = logical.call.events;
    if (append.events != events.size()) {
        return fmt::format("{} is torn: of its {} the ledger holds {}, from position {} on",
            name(logical), plural(events.size(), "event"), append.events, append.first);
    }
    for (std::size_t i = 0; i < events.size(); ++i) {
        const Position position = append.first + i;
        const OrderedEvent& event = order_.event(position);
        if (event.id != events[i].id) {
            return fmt::format("position {} holds event {} where {} has event {}", position,
                event_name(event.id), name(logical), event_name(events[i].id));
        }
        // Imported histories know no streams.
        if (events[i].stream < logical.call.streams.size() &&
            order_.name(event.stream) != logical.call.streams[events[i].stream].stream) {
            return fmt::format("event {} of {} stands in stream {} instead of {}",
                event_name(event.id), name(logical), order_.name(event.stream),
                logical.call.streams[events[i].stream].stream);
        }
    }
    return std::nullopt;
}

Finding ExactlyOnce::conditions(const Logical& logical, const OrderedAppend& append) const {
    const std::uint64_t at = append.first.value;
    for (const state::StreamCheck& check : logical.call.streams) {
        if (!holds(order_, check, at)) {
            return fmt::format("{} took effect at position {} although it expected {}: {}",
                name(logical), at, describe(check), describe_stream_at(order_, check.stream, at));
        }
    }
    if (logical.call.expected_length && *logical.call.expected_length != at) {
        return fmt::format(
            "{} took effect at position {} although it expected the ledger to have "
            "{}",
            name(logical), at, plural(*logical.call.expected_length, "event"));
    }
    return std::nullopt;
}

// The acknowledgement says where the events are.
Finding ExactlyOnce::placed(const Logical& logical) const {
    LEDGER_ASSERT(logical.landed.has_value());
    LEDGER_ASSERT(logical.acknowledged.has_value());
    const OrderedAppend& append = order_.appends()[*logical.landed];
    if (append.first != logical.acknowledged->first) {
        return fmt::format("{} was acknowledged at position {}, but its events stand at {}",
            name(logical), logical.acknowledged->first,
            positions_name(append.first.value, append.events));
    }
    const std::vector<Revision>& revisions = logical.acknowledged->revisions;
    if (!revisions.empty() && revisions.size() != append.events) {
        return fmt::format("{} has {}, but was acknowledged with {}", name(logical),
            plural(append.events, "event"), plural(revisions.size(), "revision"));
    }
    for (std::size_t i = 0; i < revisions.size(); ++i) {
        const OrderedEvent& event = order_.event(append.first + i);
        if (event.revision != revisions[i]) {
            return fmt::format("{} was told revision {} for event {}, which has revision {}",
                name(logical), revisions[i], event_name(event.id), event.revision);
        }
    }
    return std::nullopt;
}

Finding ExactlyOnce::finish() {
    Finding first = advance();
    for (const Logical& logical : logicals_) {
        if (!logical.acknowledged || logical.landed || logical.call.events.empty()) {
            continue;
        }
        Finding lost = tally_.violated(
            fmt::format("{} was acknowledged at {}, but the ledger does not hold its events: a "
                        "lost append",
                name(logical),
                positions_name(logical.acknowledged->first.value, logical.call.events.size())));
        first = first ? std::move(first) : std::move(lost);
    }
    return first;
}

}  // namespace ledger::check
