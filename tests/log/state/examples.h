#pragma once
// Examples: entries, commands and generators that the tests of the ledger share.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <rapidcheck.h>

#include "log/base/entry.h"
#include "log/state/command.h"
#include "log/state/ledger.h"
#include "log/state/outcome.h"

namespace ledger::state {

inline ByteVector to_bytes(std::string_view text) {
    const ByteSpan span = as_bytes(text);
    return {span.begin(), span.end()};
}

inline ByteVector to_bytes(ByteSpan span) {
    return {span.begin(), span.end()};
}

inline NewEvent event_in(std::uint32_t stream, std::string_view payload) {
    return {.stream = stream, .type = "t", .payload = to_bytes(payload)};
}

inline EntryRef entry_with(std::uint64_t index, EntryHandle body, std::int64_t time = 0) {
    EntryRef entry;
    entry.index = Index{index};
    entry.term = Term{1};
    entry.kind = EntryKind::command;
    entry.bytes = body ? body->size() : 0;
    entry.cluster_time = {time};
    entry.wall_time = {time + 1'000'000};
    entry.handle = std::move(body);
    return entry;
}

// The entry as of which redactions are known.
inline EntryRef redact_known_at(std::uint64_t index) {
    ByteVector body(sizeof(std::uint32_t));
    store_little_endian(body.data(), Ledger::redact_version);
    EntryRef entry = entry_with(index, EntryHandle::make(body, {}));
    entry.kind = EntryKind::feature;
    return entry;
}

inline ByteVector encoded(const Outcome& outcome) {
    ByteVector bytes;
    encode_outcome(outcome, bytes);
    return bytes;
}

inline ByteVector encoded(const Query& query) {
    ByteVector bytes;
    encode_query(query, bytes);
    return bytes;
}

inline ByteVector encoded(const Answer& answer) {
    ByteVector bytes;
    encode_answer(answer, bytes);
    return bytes;
}

// A ledger, the log it was fed and the chain over it.
class Feed {
  public:
    explicit Feed(const Limits& limits = {}) : ledger(limits) {}

    // Applies the command as the next entry and returns the outcome's bytes.
    ByteVector bytes_of(const Command& command) { return bytes_of(encode_command(command)); }
    ByteVector bytes_of(EntryHandle body) {
        return bytes_of(entry_with(log.size() + 1, std::move(body), time));
    }
    ByteVector bytes_of(const EntryRef& entry) {
        log.push_back(entry);
        chain = entry_hash(chain, entry);
        ByteVector outcome;
        ledger.apply(entry, chain, outcome);
        return outcome;
    }
    // The same, decoded.
    Outcome operator()(const Command& command) { return decoded(bytes_of(command)); }
    static Outcome decoded(const ByteVector& bytes) {
        const auto outcome = decode_outcome(bytes);
        RC_ASSERT(outcome.has_value());
        return *outcome;
    }
    // From here on redactions are known.
    void learn_redact() { bytes_of(redact_known_at(log.size() + 1)); }
    SessionId open() {
        const Outcome outcome = (*this)(RegisterSession{});
        const auto* opened = std::get_if<SessionRegistered>(&outcome);
        RC_ASSERT(opened != nullptr);
        return opened->session;
    }
    // The events a query finds, with the bodies out of the log.
    Answer read(const Query& query) const {
        const Result<Located> located = ledger.locate(query);
        RC_ASSERT(located.has_value());
        Answer answer{
            located->length, located->stream_exists, located->stream_length, located->end, {}};
        for (const EventLocation& location : located->events) {
            const EntryHandle body =
                ledger.without_redacted(location.index, log[location.index.value - 1].handle);
            const auto event = extract_event(*body, location);
            RC_ASSERT(event.has_value());
            answer.events.push_back(*event);
        }
        return answer;
    }

    Ledger ledger;
    std::vector<EntryRef> log;
    Digest chain;
    std::int64_t time = 0;
};

namespace any {

inline rc::Gen<ByteVector> bytes() {
    return rc::gen::map(
        rc::gen::arbitrary<std::string>(), [](const std::string& text) { return to_bytes(text); });
}

inline rc::Gen<Expected> expected() {
    return rc::gen::map(rc::gen::pair(rc::gen::inRange(1, 5), rc::gen::arbitrary<std::uint64_t>()),
        [](const std::pair<int, std::uint64_t>& from) {
            Expected out{static_cast<Expected::Kind>(from.first), {}};
            if (out.kind == Expected::Kind::exact) {
                out.revision = Revision{from.second};
            }
            return out;
        });
}

inline rc::Gen<EventId> event_id() {
    return rc::gen::construct<EventId>(
        rc::gen::arbitrary<std::uint64_t>(), rc::gen::arbitrary<std::uint64_t>());
}

inline rc::Gen<std::string> name() {
    return rc::gen::nonEmpty<std::string>();
}

inline rc::Gen<Append> append() {
    return rc::gen::exec([] {
        Append out;
        out.session = SessionId{*rc::gen::arbitrary<std::uint64_t>()};
        out.acknowledged_through = Sequence{*rc::gen::inRange<std::uint64_t>(0, 1u << 30)};
        out.sequence = out.acknowledged_through + *rc::gen::inRange<std::uint64_t>(1, 1u << 30);
        const auto names = *rc::gen::unique<std::vector<std::string>>(name());
        for (const std::string& stream : names) {
            out.streams.push_back({stream, *expected()});
        }
        const std::uint32_t streams = static_cast<std::uint32_t>(names.size());
        const int events = streams == 0 ? 0 : *rc::gen::inRange(0, 8);
        for (int i = 0; i < events; ++i) {
            NewEvent event;
            event.stream = *rc::gen::inRange<std::uint32_t>(0, streams);
            event.id = *event_id();
            event.type = *rc::gen::arbitrary<std::string>();
            event.metadata = *bytes();
            event.salt.high = *rc::gen::arbitrary<std::uint64_t>();
            event.salt.low = *rc::gen::arbitrary<std::uint64_t>();
            event.payload = *bytes();
            out.events.push_back(std::move(event));
        }
        return out;
    });
}

}  // namespace any
}  // namespace ledger::state
