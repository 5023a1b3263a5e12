#include "sim/check/linearizability.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "sim/check/names.h"

namespace ledger::check {
void Linearizability::called(const Operation& operation) {
    LEDGER_ASSERT(open_.find(operation.id) == nullptr);
    Open open{.floor = {operation.id, floors_.now()}, .logical = std::nullopt};
    if (const auto* call = std::get_if<AppendCall>(&operation.call)) {
        open.logical = logical_of(operation, *call);
        Logical& logical = logicals_[*open.logical];
        if (!logical.settled) {
            logical.attempts.push_back(open.floor);
        }
    }
    open_[operation.id] = open;
}

std::uint64_t Linearizability::logical_of(const Operation& operation, const AppendCall& call) {
    const EventId key{operation.session.value, operation.sequence.value};
    if (operation.session.value != 0) {
        if (const std::uint64_t* known = keyed_.find(key)) {
            return *known;
        }
        keyed_[key] = logicals_.size();
    }
    Logical logical;
    if (!call.events.empty()) {
        logical.first_event = call.events.front().id;
    }
    logical.client = operation.client;
    logical.session = operation.session;
    logical.sequence = operation.sequence;
    logicals_.push_back(std::move(logical));
    return logicals_.size() - 1;
}

Finding Linearizability::returned(const Operation& operation) {
    const Open* found = open_.find(operation.id);
    LEDGER_ASSERT(found != nullptr);
    const Open open = *found;
    open_.erase(operation.id);
    if (std::holds_alternative<Unknown>(operation.answer)) {
        return std::nullopt;
    }
    if (std::holds_alternative<Refused>(operation.answer)) {
        refused(open);
        return std::nullopt;
    }
    if (!open.logical) {
        return judge(operation, open.floor);
    }
    Logical& logical = logicals_[*open.logical];
    if (logical.settled) {
        // A later answer repeats the first one, whose rank everybody has seen already.
        return std::nullopt;
    }
    LEDGER_ASSERT(!logical.attempts.empty());
    const Floor floor = logical.attempts.front();
    logical.settled = true;
    logical.attempts = {};
    return judge(operation, floor);
}

// This attempt can no longer be the one that takes effect.
void Linearizability::refused(const Open& open) {
    if (!open.logical) {
        return;
    }
    std::erase_if(logicals_[*open.logical].attempts,
        [&](const Floor& attempt) { return attempt.id == open.floor.id; });
}

Finding Linearizability::finish() {
    Finding first;
    for (const Logical& logical : logicals_) {
        Finding finding = finish_unanswered(logical);
        first = first ? std::move(first) : std::move(finding);
    }
    return first;
}

// An append that was never answered is a write all the same if the order has it.
Finding Linearizability::finish_unanswered(const Logical& logical) {
    if (logical.settled || logical.attempts.empty() || !logical.first_event) {
        return std::nullopt;
    }
    const std::optional<Position> position = order_.find(*logical.first_event);
    if (!position) {
        return std::nullopt;
    }
    const OrderedAppend& append = order_.append_of(*position);
    return future(client_name(logical.client, logical.session, logical.sequence), append.first,
        append.events, Floors::write_rank(append.end()), logical.attempts.front());
}

Finding Linearizability::judge(const Operation& operation, const Floor& floor) {
    const Explained explained = explain(order_, operation);
    if (explained.is == Explained::Is::silent) {
        return std::nullopt;
    }
    tally_.examined();
    if (explained.is == Explained::Is::wrong) {
        return tally_.violated(explained.sentence);
    }
    if (explained.is == Explained::Is::observation) {
        return judge_observation(operation, explained.allowed, floor);
    }
    const std::uint64_t rank = Floors::write_rank(explained.allowed.lowest);
    raise(rank, operation, floor);
    const auto* answer = std::get_if<Acknowledged>(&operation.answer);
    const auto* call = std::get_if<AppendCall>(&operation.call);
    LEDGER_ASSERT(answer != nullptr);
    LEDGER_ASSERT(call != nullptr);
    return future(client_name(operation.client, operation.session, operation.sequence),
        answer->first, call->events.size(), rank, floor);
}

Finding Linearizability::judge_observation(
    const Operation& operation, const AllowedVersions& allowed, const Floor& floor) {
    const std::optional<std::uint64_t> version = allowed.least(order_, floor.shown.version());
    if (!version) {
        return tally_.violated(stale(operation, allowed, floor));
    }
    const std::uint64_t rank = Floors::observation_rank(*version);
    LEDGER_ASSERT(rank >= floor.shown.rank);
    raise(rank, operation, floor);
    return std::nullopt;
}

void Linearizability::raise(std::uint64_t rank, const Operation& operation, const Floor& floor) {
    const auto step = static_cast<std::int64_t>(operation.returned.step);
    if (!floors_.raise(rank, shown_.size(), floor.shown, step)) {
        return;
    }
    Shown shown;
    shown.id = operation.id;
    shown.client = operation.client;
    shown.session = operation.session;
    shown.sequence = operation.sequence;
    shown.called = operation.called.time;
    shown.returned = operation.returned.time;
    shown.version = rank / 2;
    if (const auto* call = std::get_if<AppendCall>(&operation.call)) {
        shown.appended = std::holds_alternative<Acknowledged>(operation.answer)
                             ? static_cast<std::uint32_t>(call->events.size())
                             : 0;
    }
    shown_.push_back(shown);
}

Finding Linearizability::future(const std::string& who, Position first, std::uint64_t events,
    std::uint64_t rank, const Floor& floor) {
    if (rank >= floor.shown.rank) {
        return std::nullopt;
    }
    const bool in_the_order = first.value < order_.length();
    const std::string event =
        in_the_order ? fmt::format(" (event {})", event_name(order_.event(first).id)) : "";
    return tally_.violated(fmt::format(
        "{}: the append of operation {} stands at {}{}, but before it was called {}: an event "
        "entered the past",
        who, floor.id, positions_name(first.value, events), event, witness(floor.shown.by)));
}

std::string Linearizability::stale(
    const Operation& operation, const AllowedVersions& allowed, const Floor& floor) const {
    const std::string what =
        fmt::format("{} (operation {}, called at {}, answered at {})", describe(operation),
            operation.id, time_name(operation.called.time), time_name(operation.returned.time));
    const std::optional<std::uint64_t> any = allowed.least(order_, 0);
    if (!any) {
        // An interval that ends before it begins lies inside the append that ends at `lowest`.
        const bool inside = allowed.lowest > allowed.highest;
        const std::uint64_t position = inside ? allowed.lowest - 1 : allowed.lowest;
        if (allowed.lowest >= allowed.highest && position < order_.length()) {
            const OrderedAppend& torn = order_.append_of(Position{position});
            return fmt::format("{} and was shown a part of the atomic append at {}: a torn read",
                what, positions_name(torn.first.value, torn.events));
        }
        return fmt::format("{} and was given an answer that was true at no moment", what);
    }
    if (allowed.hole_first <= allowed.hole_last) {
        return fmt::format(
            "{} and was refused although its condition held from length {} on: "
            "before it was called {}",
            what, allowed.hole_first, witness(floor.shown.by));
    }
    const std::uint64_t known = floor.shown.version();
    const std::uint64_t shown = std::min(allowed.highest, order_.length());
    std::string text = fmt::format("{} and was answered from length ", what);
    text += allowed.lowest < shown ? fmt::format("{}..{}", *any, shown) : fmt::format("{}", *any);
    text += fmt::format(", but before it was called {}", witness(floor.shown.by));
    if (shown < known && shown < order_.length()) {
        const OrderedEvent& lost = order_.event(Position{shown});
        text += fmt::format(
            ": the answer is stale by {}, the first missing one is event {} at "
            "position {}",
            plural(known - shown, "event"), event_name(lost.id), shown);
    }
    return text;
}

// "client 3 had been told at 1.1s that its 2 events stand at positions 40..41 (operation 7)".
std::string Linearizability::witness(std::uint64_t by) const {
    LEDGER_ASSERT(by < shown_.size());
    const Shown& shown = shown_[by];
    const std::string who = client_name(shown.client, shown.session, shown.sequence);
    const std::string what =
        shown.appended > 0
            ? fmt::format("its {} {} at {}", plural(shown.appended, "event"),
                  shown.appended == 1 ? "stands" : "stand",
                  positions_name(shown.version - shown.appended, shown.appended))
            : fmt::format("the ledger has at least {}", plural(shown.version, "event"));
    return fmt::format("{} had been told at {} that {} (operation {}, called at {})", who,
        time_name(shown.returned), what, shown.id, time_name(shown.called));
}

}  // namespace ledger::check
