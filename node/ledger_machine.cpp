#include "node/ledger_machine.h"

#include <algorithm>
#include <span>

#include "log/base/assert.h"
#include "log/state/command_view.h"

namespace ledger::node {
namespace {

// The plan's notes: the question, and what locate() found, field by field.
void encode_notes(ByteSpan question, const state::Located& located, ByteVector& out) {
    ByteWriter writer(out);
    writer.sized(question);
    writer.u64(located.length.value);
    writer.u8(located.stream_exists ? 1 : 0);
    writer.u64(located.stream_length);
    writer.u8(located.end ? 1 : 0);
    writer.u64(located.first);
    writer.u32(static_cast<std::uint32_t>(located.events.size()));
    for (const state::EventLocation& event : located.events) {
        writer.u64(event.position.value);
        writer.u64(event.revision.value);
        writer.u64(event.index.value);
        writer.u32(event.slot);
    }
}

struct Notes {
    state::Query query;
    state::Located located;
};

Notes decode_notes(ByteSpan bytes) {
    ByteReader reader(bytes);
    Result<state::Query> query = state::decode_query(reader.sized());
    LEDGER_ASSERT(query.has_value());
    Notes notes{.query = std::move(*query), .located = {}};
    state::Located& located = notes.located;
    located.length = Position{reader.u64()};
    located.stream_exists = reader.u8() != 0;
    located.stream_length = reader.u64();
    located.end = reader.u8() != 0;
    located.first = reader.u64();
    const std::uint32_t count = reader.u32();
    located.events.resize(count);
    for (state::EventLocation& event : located.events) {
        event.position = Position{reader.u64()};
        event.revision = Revision{reader.u64()};
        event.index = Index{reader.u64()};
        event.slot = reader.u32();
    }
    LEDGER_ASSERT(reader.ok());
    LEDGER_ASSERT(reader.at_end());
    return notes;
}

// Where the read stands before anything was looked at.
std::uint64_t begin_of(const state::Query& query, std::uint64_t first) {
    const auto of = [first](std::uint64_t from, state::Direction direction) {
        return direction == state::Direction::forward ? std::max(from, first) : from;
    };
    if (const auto* stream = std::get_if<state::ReadStream>(&query)) {
        return of(stream->from.value, stream->direction);
    }
    const auto* all = std::get_if<state::ReadAll>(&query);
    return all == nullptr ? 0 : of(all->from.value, all->direction);
}

std::uint64_t after(const state::Query& query, const state::EventLocation& location) {
    if (const auto* stream = std::get_if<state::ReadStream>(&query)) {
        const bool forward = stream->direction == state::Direction::forward;
        return forward ? location.revision.value + 1 : location.revision.value - 1;
    }
    const auto* all = std::get_if<state::ReadAll>(&query);
    const bool forward = all == nullptr || all->direction == state::Direction::forward;
    return forward ? location.position.value + 1 : location.position.value - 1;
}

}  // namespace

static_assert(static_cast<std::uint32_t>(Feature::erasure) == state::Ledger::redact_version);

Feature LedgerMachine::needed() const {
    return ledger_.knows_redact() ? Feature::erasure : Feature::base;
}

Result<void> LedgerMachine::admit(const EntryBody& body) const {
    if (state::is_redact(body.envelope()) && !ledger_.knows_redact()) {
        return failure(state::Errc::unsupported_version,
            "redaction needs feature version 3 in force (ledgerctl upgrade finalise)");
    }
    // Reads the command where it lies, with all the checks that decoding it would make.
    return state::verify_commitments(body);
}

void LedgerMachine::apply(const HashedEntry& entry, ByteVector& outcome) {
    ledger_.apply(entry.entry, entry.hash, outcome);
}

Result<QueryPlan> LedgerMachine::query(ByteSpan question) const {
    LEDGER_TRY(const state::Query query, state::decode_query(question));
    LEDGER_TRY(const state::Located located, ledger_.locate(query));
    QueryPlan plan;
    encode_notes(question, located, plan.context);
    if (const auto* follow = std::get_if<state::Follow>(&query)) {
        plan.bytes_max = follow->bytes_max;
    }
    for (const state::EventLocation& event : located.events) {
        if (plan.entries.empty() || plan.entries.back() != event.index) {
            plan.entries.push_back(event.index);
        }
    }
    return plan;
}

Result<ByteVector> LedgerMachine::answer(
    const QueryPlan& plan, std::span<const EntryRef> entries) const {
    const auto [query, located] = decode_notes(plan.context);
    state::Answer answer{.length = located.length,
        .stream_exists = located.stream_exists,
        .stream_length = located.stream_length,
        .end = located.end,
        .events = {}};
    static const state::Filter everything;
    const state::Filter* filter = state::filter_of(query);
    if (filter != nullptr) {
        answer.detail = state::Detail{.next = begin_of(query, located.first), .first = located.first};
    } else {
        answer.events.reserve(located.events.size());
    }
    std::span<const state::EventLocation> rest(located.events);
    for (const EntryRef& entry : entries) {
        LEDGER_ASSERT(!rest.empty() && rest.front().index == entry.index);
        std::size_t count = 1;
        while (count < rest.size() && rest[count].index == entry.index) {
            ++count;
        }
        LEDGER_CHECK(state::extract_events(entry, rest.first(count),
            filter == nullptr ? everything : *filter, answer.events));
        if (filter != nullptr) {
            answer.detail->next = after(query, rest[count - 1]);
        }
        rest = rest.subspan(count);
    }
    LEDGER_ASSERT(located.events.empty() || !entries.empty());
    if (!rest.empty()) {
        answer.end = false;  // the rest did not fit; the client reads on from here
    }
    ByteVector bytes;
    state::encode_answer(answer, bytes);
    return bytes;
}

}  // namespace ledger::node
