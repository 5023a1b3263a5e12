#include "sim/check/allowed_versions.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "sim/check/names.h"

namespace ledger::check {
namespace {

using Condition = state::Expected::Kind;

std::uint64_t add_saturated(std::uint64_t a, std::uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

Explained wrong(const Operation& operation, std::string_view why) {
    return {Explained::Is::wrong, {}, fmt::format("{} {}", describe(operation), why)};
}

Explained observation(const AllowedVersions& allowed) {
    return {Explained::Is::observation, allowed, {}};
}

struct Asked {
    std::uint64_t from = 0;
    std::uint32_t count = 0;
    bool forward = true;
    bool whole_ledger = false;
};

class PageCheck {
  public:
    PageCheck(const Order& order, const Row& row, const Asked& page, const Operation& operation,
        const ReadAnswer& answer)
        : order_(order), row_(row), page_(page), operation_(operation), answer_(answer) {}

    Explained explain() const {
        if (answer_.length && *answer_.length > order_.length()) {
            return wrong(
                operation_, fmt::format("and was shown the ledger at length {}, but it has only {}",
                                *answer_.length, plural(order_.length(), "event")));
        }
        if (answer_.events.size() > page_.count) {
            return wrong(operation_, fmt::format("and was given {} where it asked for at most {}",
                                         plural(answer_.events.size(), "event"), page_.count));
        }
        const std::optional<std::uint64_t> first = first_number();
        if (!answer_.events.empty() && !first) {
            return wrong(
                operation_, fmt::format("and was shown event {}, which is nowhere in what it read",
                                event_name(answer_.events.front().id)));
        }
        if (Explained content = same_content(first); content.is != Explained::Is::silent) {
            return content;
        }
        return versions(first);
    }

  private:
    // The row's number of the first event of the page.
    std::optional<std::uint64_t> first_number() const {
        if (answer_.events.empty()) {
            return std::nullopt;
        }
        if (page_.forward) {
            return page_.from;
        }
        if (answer_.length) {
            const std::uint64_t length = row_.length_at(*answer_.length);
            return std::min(page_.from, length == 0 ? 0 : length - 1);
        }
        const SeenEvent& event = answer_.events.front();
        if (!answer_.positions) {
            return row_.find(event.id);
        }
        return page_.whole_ledger ? event.position.value : event.revision.value;
    }

    Explained same_content(std::optional<std::uint64_t> first) const {
        for (std::size_t i = 0; i < answer_.events.size(); ++i) {
            if (!page_.forward && *first < i) {
                return wrong(operation_, "and was given more events than there are before it");
            }
            const std::uint64_t number = page_.forward ? *first + i : *first - i;
            if (number >= row_.length()) {
                return wrong(operation_,
                    fmt::format("and was shown event {} as number {}, but there are only {}",
                        event_name(answer_.events[i].id), number, plural(row_.length(), "event")));
            }
            const Position position = row_.position(number);
            if (!same_event(answer_.events[i], position)) {
                return different(answer_.events[i], position);
            }
        }
        return {};
    }

    bool same_event(const SeenEvent& seen, Position position) const {
        const OrderedEvent& event = order_.event(position);
        return seen.id == event.id && (!answer_.positions || (seen.position == position &&
                                                                 seen.revision == event.revision));
    }

    Explained different(const SeenEvent& seen, Position position) const {
        const OrderedEvent& event = order_.event(position);
        if (seen.id == event.id) {
            return wrong(operation_,
                fmt::format("and was shown event {} at position {} with revision {}, but it stands "
                            "at position {} with revision {}",
                    event_name(seen.id), seen.position, seen.revision, position, event.revision));
        }
        return wrong(
            operation_, fmt::format("and was shown event {} where position {} holds event {}",
                            event_name(seen.id), position, event_name(event.id)));
    }

    Explained versions(std::optional<std::uint64_t> first) const {
        const PageVersions found = page_versions(row_, {.from = page_.from,
                                                           .count = page_.count,
                                                           .shown = answer_.events.size(),
                                                           .end = answer_.end,
                                                           .forward = page_.forward,
                                                           .first = first,
                                                           .length = answer_.length,
                                                           .stream_length = answer_.stream_length});
        return found.wrong.empty() ? observation(found.allowed) : wrong(operation_, found.wrong);
    }

    const Order& order_;
    const Row& row_;
    const Asked& page_;
    const Operation& operation_;
    const ReadAnswer& answer_;
};

Explained explain_read(const Order& order, const Operation& operation, const ReadAnswer& answer) {
    if (const auto* all = std::get_if<state::ReadAll>(&operation.call)) {
        const Asked page{
            all->from.value, all->count, all->direction == state::Direction::forward, true};
        return PageCheck(order, Row(order), page, operation, answer).explain();
    }
    if (const auto* stream = std::get_if<state::ReadStream>(&operation.call)) {
        const Asked page{stream->from.value, stream->count,
            stream->direction == state::Direction::forward, false};
        return PageCheck(
            order, Row(order, order.find_stream(stream->stream)), page, operation, answer)
            .explain();
    }
    LEDGER_ASSERT(std::holds_alternative<TailCall>(operation.call));
    LEDGER_ASSERT(answer.length.has_value());
    if (*answer.length > order.length()) {
        return wrong(operation, fmt::format("and was told {}, but the ledger has only {}",
                                    *answer.length, order.length()));
    }
    return observation(AllowedVersions::exactly(*answer.length));
}

// An append without events: its conditions held at the length it names.
Explained explain_check(
    const Order& order, const Operation& operation, const AppendCall& call, std::uint64_t at) {
    for (const state::StreamCheck& check : call.streams) {
        if (!holds(order, check, at)) {
            return wrong(operation,
                fmt::format("and was told that all conditions held at length {}, but it had asked "
                            "for {} and {}",
                    at, describe(check), describe_stream_at(order, check.stream, at)));
        }
    }
    if (call.expected_length && *call.expected_length != at) {
        return wrong(operation, fmt::format("for length {} and was told that it held at length {}",
                                    *call.expected_length, at));
    }
    return observation(AllowedVersions::exactly(at));
}

Explained explain_acknowledged(const Order& order, const Operation& operation,
    const AppendCall& call, const Acknowledged& answer) {
    const std::uint64_t count = call.events.size();
    const std::uint64_t end = add_saturated(answer.first.value, count);
    if (end > order.length()) {
        return wrong(operation,
            fmt::format("and was told that this makes length {}, but the ledger has only {}", end,
                plural(order.length(), "event")));
    }
    if (count == 0) {
        return explain_check(order, operation, call, answer.first.value);
    }
    const OrderedAppend& append = order.append_of(answer.first);
    const OrderedEvent& event = order.event(answer.first);
    if (append.first != answer.first || event.id != call.events.front().id) {
        return wrong(operation,
            fmt::format("and was told {}, but position {} holds event {}",
                positions_name(answer.first.value, count), answer.first, event_name(event.id)));
    }
    if (append.events != count) {
        return wrong(operation, fmt::format("of which {} are in the ledger, from position {} on",
                                    append.events, answer.first));
    }
    return {Explained::Is::write, AllowedVersions::exactly(end), {}};
}

// Versions at which the condition holds; it must be one about a stream that exists in the order.
AllowedVersions versions_where(const Order& order, const state::StreamCheck& check) {
    const Row row(order, order.find_stream(check.stream));
    switch (check.expected.kind) {
        case Condition::any: return {};
        case Condition::no_stream: return row.versions(0, 0);
        case Condition::exists: {
            return row.length() == 0 ? AllowedVersions::none() : row.versions(1, UINT64_MAX);
        }
        case Condition::exact: {
            const std::uint64_t count = add_saturated(check.expected.revision.value, 1);
            return count > row.length() ? AllowedVersions::none() : row.versions(count, count);
        }
    }
    LEDGER_ASSERT(false);
    return {};
}

// One failed check says what it found: `exists` and `actual`.
state::StreamCheck found_by(const state::FailedCheck& check) {
    return {check.stream, check.exists ? state::Expected{Condition::exact, check.actual}
                                       : state::Expected{Condition::no_stream, {}}};
}

bool is_asked(const AppendCall& call, const state::FailedCheck& check) {
    return std::any_of(
        call.streams.begin(), call.streams.end(), [&](const state::StreamCheck& asked) {
            return asked.stream == check.stream && asked.expected == check.expected;
        });
}

// What a failed check says it found would have satisfied it.
bool satisfied(const state::FailedCheck& check) {
    switch (check.expected.kind) {
        case Condition::any: return true;
        case Condition::no_stream: return !check.exists;
        case Condition::exists: return check.exists;
        case Condition::exact: return check.exists && check.actual == check.expected.revision;
    }
    LEDGER_ASSERT(false);
    return false;
}

const state::FailedCheck* find_check(const Conflicted& answer, const std::string& stream) {
    const auto at = std::find_if(answer.checks.begin(), answer.checks.end(),
        [&](const state::FailedCheck& check) { return check.stream == stream; });
    return at == answer.checks.end() ? nullptr : &*at;
}

// The failed checks are the ones that failed, no more and no less, and say what was there.
Explained explain_conflict_at(const Order& order, const Operation& operation,
    const AppendCall& call, const Conflicted& answer, std::uint64_t at) {
    bool failed = call.expected_length && *call.expected_length != at;
    for (const state::StreamCheck& check : call.streams) {
        const state::FailedCheck* reported = find_check(answer, check.stream);
        if ((reported == nullptr) != holds(order, check, at)) {
            return wrong(operation,
                fmt::format("expecting {} and was told at length {} that this {}, but {}",
                    describe(check), at, reported == nullptr ? "holds" : "does not hold",
                    describe_stream_at(order, check.stream, at)));
        }
        if (reported != nullptr &&
            (reported->expected != check.expected || !holds(order, found_by(*reported), at))) {
            return wrong(
                operation, fmt::format("and was refused because of {} at length {}, but {}",
                               describe(found_by(*reported)), at,
                               describe_stream_at(order, check.stream, at)));
        }
        failed = failed || reported != nullptr;
    }
    if (!failed) {
        return wrong(operation, fmt::format("and was refused at length {}, where all of its "
                                            "conditions held",
                                    at));
    }
    return observation(AllowedVersions::exactly(at));
}

Explained explain_conflict(const Order& order, const Operation& operation, const AppendCall& call,
    const Conflicted& answer) {
    if (answer.at) {
        if (*answer.at > order.length()) {
            return wrong(
                operation, fmt::format("and was refused at length {}, but the ledger has only {}",
                               *answer.at, plural(order.length(), "event")));
        }
        return explain_conflict_at(order, operation, call, answer, *answer.at);
    }
    AllowedVersions allowed;
    for (const state::FailedCheck& check : answer.checks) {
        if (!is_asked(call, check) || satisfied(check)) {
            return wrong(operation, fmt::format("and was refused because of {}, which is no reason",
                                        describe(found_by(check))));
        }
        if (check.exists &&
            check.actual.value >= Row(order, order.find_stream(check.stream)).length()) {
            return wrong(operation, fmt::format("and was refused because of {}, which was never so",
                                        describe(found_by(check))));
        }
        const AllowedVersions one = versions_where(order, found_by(check));
        allowed.lowest = std::max(allowed.lowest, one.lowest);
        allowed.highest = std::min(allowed.highest, one.highest);
    }
    if (answer.checks.empty()) {
        const bool one_condition = call.streams.size() == 1 && !call.expected_length;
        if (!one_condition && !call.expected_length) {
            return {};  // one of several conditions, nobody says which
        }
        const AllowedVersions held = one_condition
                                         ? versions_where(order, call.streams.front())
                                         : AllowedVersions::exactly(*call.expected_length);
        allowed.hole_first = held.lowest;
        allowed.hole_last = held.highest;
    }
    return observation(allowed);
}

}  // namespace

Explained explain(const Order& order, const Operation& operation) {
    if (const auto* answer = std::get_if<ReadAnswer>(&operation.answer)) {
        return explain_read(order, operation, *answer);
    }
    const auto* call = std::get_if<AppendCall>(&operation.call);
    if (call == nullptr) {
        return {};
    }
    if (const auto* answer = std::get_if<Acknowledged>(&operation.answer)) {
        return explain_acknowledged(order, operation, *call, *answer);
    }
    if (const auto* answer = std::get_if<Conflicted>(&operation.answer)) {
        return explain_conflict(order, operation, *call, *answer);
    }
    return {};
}

std::uint64_t stream_length_at(
    const Order& order, const std::string& stream, std::uint64_t length) {
    const std::optional<StreamNumber> number = order.find_stream(stream);
    return number ? order.stream_length_at(*number, length) : 0;
}

bool holds(const Order& order, const state::StreamCheck& check, std::uint64_t length) {
    const std::uint64_t count = stream_length_at(order, check.stream, length);
    switch (check.expected.kind) {
        case Condition::any: return true;
        case Condition::no_stream: return count == 0;
        case Condition::exists: return count > 0;
        case Condition::exact: return count > 0 && count - 1 == check.expected.revision.value;
    }
    LEDGER_ASSERT(false);
    return false;
}

std::string describe(const state::StreamCheck& check) {
    switch (check.expected.kind) {
        case Condition::any: return fmt::format("stream {} in any state", check.stream);
        case Condition::no_stream: return fmt::format("stream {} to be empty", check.stream);
        case Condition::exists: return fmt::format("stream {} to exist", check.stream);
        case Condition::exact:
            return fmt::format(
                "stream {} to end at revision {}", check.stream, check.expected.revision);
    }
    return {};
}

std::string describe_stream_at(
    const Order& order, const std::string& stream, std::uint64_t length) {
    return fmt::format("stream {} had {} at length {}", stream,
        plural(stream_length_at(order, stream, length), "event"), length);
}

}  // namespace ledger::check
