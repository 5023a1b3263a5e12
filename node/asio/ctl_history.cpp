#include "node/asio/ctl_history.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"

namespace ledger::node::asio {

Outcome<state::Answer> CtlHistory::page(
    const What& what, std::uint64_t from, std::uint32_t count) {
    state::Query query = state::ReadAll{Position{from}, what.direction, count, what.filter};
    if (!what.stream.empty()) {
        query =
            state::ReadStream{what.stream, Revision{from}, what.direction, count, what.filter};
    }
    client::Done done = ask_(std::move(query));
    if (done.ending != client::Ending::done) {
        return Failed{exit_code_of(done), sentence_of(done)};
    }
    LEDGER_ASSERT(done.answer.has_value());
    if (!done.answer->detail) {
        return Failed{exit_integrity, "a node gave an answer of another version than asked for"};
    }
    return std::move(*done.answer);
}

namespace {

// How many numbers a page that began at `from` has gone over. Precondition: it has gone on.
std::uint64_t looked_at(
    const CtlHistory::What& what, std::uint64_t from, const state::Answer& page) {
    if (what.direction == state::Direction::forward) {
        return page.detail->next - std::max(from, page.detail->first);
    }
    const std::uint64_t size = what.stream.empty() ? page.length.value : page.stream_length;
    LEDGER_ASSERT(size > 0);
    return std::min(from, size - 1) - page.detail->next;
}

}  // namespace

Outcome<void> CtlHistory::read(const What& what, const Take& take) {
    std::uint64_t from = what.from;
    std::uint64_t left = what.looked_at_max;
    while (left > 0) {
        const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, what.page_events));
        const auto answer = page(what, from, count);
        if (!answer) {
            return answer.error();
        }
        const std::uint64_t next = answer->detail->next;
        if (!take(*answer) || answer->end || next == from) {
            break;
        }
        left -= std::min(left, looked_at(what, from, *answer));
        from = next;
    }
    return {};
}

Outcome<Position> CtlHistory::length() {
    const auto answer = page({}, UINT64_MAX, 0);
    if (!answer) {
        return answer.error();
    }
    return answer->length;
}

Outcome<Position> CtlHistory::bound_of(const Moment& moment) {
    const auto whole = page({}, UINT64_MAX, 0);
    if (!whole) {
        return whole.error();
    }
    const Position length = whole->length;
    if (const auto* position = std::get_if<Position>(&moment)) {
        return *position < length ? position->next() : length;
    }
    const auto* time = std::get_if<WallTime>(&moment);
    LEDGER_ASSERT(time != nullptr);
    // Wall times never fall along the positions: halve until the first one after the moment is found.
    // What has expired is taken to lie before it.
    Position low{whole->detail->first};
    Position high = length;
    while (low < high) {
        const Position middle{low.value + (high - low) / 2};
        const auto answer = page({}, middle.value, 1);
        if (!answer) {
            return answer.error();
        }
        if (answer->events.empty()) {
            return Failed{exit_integrity, "a node has fewer events than it said"};
        }
        const state::RecordedEvent& event = answer->events.front();
        if (event.wall_time > *time) {
            high = middle;
        } else {
            low = event.position.next();
        }
    }
    return low;
}

Outcome<void> CtlHistory::fold(
    projection::Projection& projection, Position bound, const Seen& seen) {
    trimmed_.clear();
    const Position begin = projection.standing().next;
    if (begin >= bound) {
        return {};
    }
    const std::optional<std::string> only = projection::only_stream(projection.definition());
    // A whole history of one stream is read as that stream, without looking at the others.
    const bool of_stream = only && begin == Position{};
    const What what{.stream = of_stream ? *only : std::string(),
        .from = begin.value,
        .filter = filter_for(projection.definition().conditions),
        .looked_at_max = of_stream ? UINT64_MAX : bound - begin};
    std::optional<Failed> failed;
    bool stopped = false;
    const auto read = this->read(what, [&](const state::Answer& page) {
        if (page.detail->first > what.from) {
            trimmed_ = fmt::format("the {} begins at {} {}", of_stream ? "stream" : "ledger",
                of_stream ? "revision" : "position", page.detail->first);
        }
        for (const state::RecordedEvent& event : page.events) {
            if (event.position >= bound) {
                return false;
            }
            const auto touched = projection.apply(event);
            if (!touched) {
                failed = Failed{exit_check_failed,
                    touched.error().code.message() + ": " + touched.error().place};
                return false;
            }
            if (seen && !seen(event, *touched)) {
                stopped = true;
                return false;
            }
        }
        return true;
    });
    if (!read) {
        return read.error();
    }
    if (failed) {
        return *failed;
    }
    if (!stopped && projection.standing().next < bound) {
        projection.skip_to(bound);
    }
    return {};
}

state::Filter filter_for(const std::vector<projection::Condition>& conditions) {
    using projection::Comparison;
    using projection::Field;
    state::Filter filter;
    for (const projection::Condition& condition : conditions) {
        const auto* text = std::get_if<std::string>(&condition.value);
        if (text == nullptr) {
            continue;
        }
        const bool equal = condition.comparison == Comparison::equal;
        const bool begins = condition.comparison == Comparison::begins_with;
        if (condition.field.kind == Field::Kind::type && equal && filter.types.empty() &&
            text->size() <= state::event_type_bytes_max) {
            filter.types.push_back(*text);
        }
        const bool of_streams =
            condition.field.kind == Field::Kind::stream || condition.field.kind == Field::Kind::category;
        if (of_streams && (equal || begins) && text->size() > filter.stream_prefix.size() &&
            text->size() <= state::stream_name_bytes_max) {
            filter.stream_prefix = *text;
        }
    }
    return filter;
}

}  // namespace ledger::node::asio
