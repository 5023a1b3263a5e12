#include "node/ledger_machine.h"

#include "log/base/assert.h"
#include "log/state/command_view.h"

namespace ledger::node {
namespace {

// The plan's notes: what locate() found, field by field.
void encode_located(const state::Located& located, ByteVector& out) {
    ByteWriter writer(out);
    writer.u64(located.length.value);
    writer.u8(located.stream_exists ? 1 : 0);
    writer.u64(located.stream_length);
    writer.u8(located.end ? 1 : 0);
    writer.u32(static_cast<std::uint32_t>(located.events.size()));
    for (const state::EventLocation& event : located.events) {
        writer.u64(event.position.value);
        writer.u64(event.revision.value);
        writer.u64(event.index.value);
        writer.u32(event.slot);
    }
}

state::Located decode_located(ByteSpan bytes) {
    ByteReader reader(bytes);
    state::Located located;
    located.length = Position{reader.u64()};
    located.stream_exists = reader.u8() != 0;
    located.stream_length = reader.u64();
    located.end = reader.u8() != 0;
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
    return located;
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
    encode_located(located, plan.context);
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
    const state::Located located = decode_located(plan.context);
    state::Answer answer{.length = located.length,
        .stream_exists = located.stream_exists,
        .stream_length = located.stream_length,
        .end = located.end,
        .events = {}};
    answer.events.reserve(located.events.size());
    std::size_t at = 0;
    for (const state::EventLocation& location : located.events) {
        while (at < entries.size() && entries[at].index != location.index) {
            ++at;
        }
        if (at == entries.size()) {
            answer.end = false;  // the rest did not fit; the client reads on from here
            break;
        }
        LEDGER_ASSERT(entries[at].handle);
        LEDGER_TRY(state::RecordedEvent event,
            state::extract_event(*entries[at].handle, location));
        answer.events.push_back(std::move(event));
    }
    LEDGER_ASSERT(located.events.empty() || !answer.events.empty());
    ByteVector bytes;
    state::encode_answer(answer, bytes);
    return bytes;
}

}  // namespace ledger::node
