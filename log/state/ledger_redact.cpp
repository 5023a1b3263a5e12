#include <algorithm>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "log/state/erasable.h"
#include "log/state/ledger.h"

namespace ledger::state {

void Ledger::note_version(const EntryRef& entry) {
    ByteReader body(entry.handle.envelope());
    const std::uint32_t version = body.u32();
    standing_.knows_redact = standing_.knows_redact || (body.ok() && version >= redact_version);
}

void Ledger::execute(const EntryRef&, const RedactView& redact, ByteVector& outcome) {
    NoSuchEvents missing{{}, retained(), length()};
    std::vector<EventLocation> events;  // that have not been redacted
    std::uint64_t wanted = tables_.redactions.size();
    for (std::uint32_t place = 0; place < redact.count; ++place) {
        const Position position = redact.position(place);
        if (position < retained() || position >= length()) {
            missing.positions.push_back(position);
            continue;
        }
        const EventLocation event = tables_.positions.locate(position);
        const Redactions::Record* const record = tables_.redactions.find(event.index);
        if (!tables_.redactions.contains(event.index, static_cast<Slot>(event.slot))) {
            events.push_back(event);
            wanted += 1 + (record != nullptr ? record->copies.size() : 0);
        }
    }
    LEDGER_SOMETIMES(!missing.positions.empty(), "state.redact_without_events");
    if (!missing.positions.empty()) {
        encode_outcome(missing, outcome);
        return;
    }
    LEDGER_SOMETIMES(wanted > limits_.redactions_max, "state.redactions_limit_reached");
    if (wanted > limits_.redactions_max) {
        encode_outcome(LimitReached{Bound::redactions}, outcome);
        return;
    }
    for (const EventLocation& event : events) {
        const auto slot = static_cast<Slot>(event.slot);
        this->redact(event.index, slot);
        const Redactions::Record* const record = tables_.redactions.find(event.index);
        LEDGER_ASSERT(record != nullptr);
        LEDGER_SOMETIMES(!record->copies.empty(), "state.redacted_with_its_copies");
        for (const Index copy : std::vector<Index>(record->copies)) {
            this->redact(copy, slot);
        }
    }
    encode_outcome(Redacted{static_cast<std::uint32_t>(events.size())}, outcome);
}

void Ledger::redact(Index entry, Slot slot) {
    if (tables_.redactions.add(entry, slot)) {
        const auto at = std::lower_bound(just_redacted_.begin(), just_redacted_.end(), entry);
        if (at == just_redacted_.end() || *at != entry) {
            just_redacted_.insert(at, entry);
        }
    }
    LEDGER_ASSERT(tables_.redactions.size() <= limits_.redactions_max);
}

// Nobody will ever ask for its payloads, and nobody can name them.
void Ledger::redact_all(const EntryRef& entry, const AppendView& append) {
    if (tables_.redactions.size() + append.event_count > limits_.redactions_max) {
        return;
    }
    for (std::uint32_t slot = 0; slot < append.event_count; ++slot) {
        redact(entry.index, static_cast<Slot>(slot));
    }
}

void Ledger::note_copy(const EntryRef& entry, const AppendView& append,
    Sessions::Verdict verdict, ByteSpan outcome) {
    using Verdict = Sessions::Verdict;
    if (!knows_redact() || append.event_count == 0 || verdict == Verdict::fresh ||
        verdict == Verdict::mismatch) {
        return;
    }
    if (verdict != Verdict::answered) {
        // Which entry it repeats, if any, is forgotten.
        redact_all(entry, append);
        return;
    }
    const Result<Outcome> answered = decode_outcome(outcome);
    const auto* appended = answered ? std::get_if<Appended>(&*answered) : nullptr;
    if (appended == nullptr || appended->events == 0 || appended->first < retained() ||
        appended->first >= length()) {
        return;
    }
    const Index original = tables_.positions.locate(appended->first).index;
    const Redactions::Record* const record = tables_.redactions.find(original);
    const std::vector<Slot> slots = record != nullptr ? record->slots : std::vector<Slot>{};
    if (record != nullptr && record->copies.size() == Redactions::copies_max) {
        redact_all(entry, append);
        return;
    }
    if (tables_.redactions.size() + 1 + slots.size() > limits_.redactions_max) {
        return;
    }
    tables_.redactions.add_copy(original, entry.index);
    LEDGER_SOMETIMES(!slots.empty(), "state.copy_of_what_is_redacted");
    for (const Slot slot : slots) {
        redact(entry.index, slot);
    }
}

EntryHandle Ledger::without_redacted(Index entry, const EntryHandle& body) const {
    const Redactions::Record* const record = tables_.redactions.find(entry);
    return record == nullptr ? body : erase_events(body, record->slots);
}

}  // namespace ledger::state
