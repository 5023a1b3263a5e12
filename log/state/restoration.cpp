#include "log/state/restoration.h"

#include <algorithm>
#include <string>
#include <utility>

#include "log/base/assert.h"
#include "log/state/outcome.h"

namespace ledger::state {
namespace {

std::uint64_t number_of(CutTable table) {
    return static_cast<std::uint64_t>(table);
}

const char* name_of(CutTable table) {
    switch (table) {
        case CutTable::summary: return "summary";
        case CutTable::streams: return "streams";
        case CutTable::entries: return "entries";
        case CutTable::sessions: return "sessions";
        case CutTable::redactions: return "redactions";
    }
    return "unknown";
}

}  // namespace

Restoration::Restoration(const RestoreLimits& limits, Tables& tables)
    : limits_(limits), tables_(tables) {
    missing_[number_of(CutTable::summary)] = 1;
}

Result<void> Restoration::take(ByteSpan chunk) {
    if (chunk.size() <= chunk_header_bytes) {
        return wrong("a chunk has at least 3 bytes");
    }
    const auto version = static_cast<std::uint8_t>(chunk[0]);
    if (version < cut_version_before_redact || version > cut_version) {
        return failure(Errc::unsupported_version, "chunk of a cut");
    }
    if (version_ != 0 && version != version_) {
        return wrong("a chunk of another version");
    }
    version_ = version;
    if (!begin_table(static_cast<std::uint8_t>(chunk[1]))) {
        return wrong("a chunk of another table was expected");
    }
    const ByteSpan payload = chunk.subspan(chunk_header_bytes);
    rest_.insert(rest_.end(), payload.begin(), payload.end());
    std::uint64_t used = 0;
    while (used < rest_.size()) {
        if (missing_[number_of(table_)] == 0) {
            return wrong("bytes after the last one");
        }
        RecordReader in(ByteSpan(rest_).subspan(static_cast<std::size_t>(used)));
        take_record(in);
        if (in.wrong() != nullptr) {
            return wrong(std::string("wrong ") + in.wrong());
        }
        if (in.ended()) {
            break;  // the rest comes with the next chunk
        }
        used += in.offset();
        ++record_;
        --missing_[number_of(table_)];
    }
    rest_.erase(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(used));
    return has_front() ? check_streams() : Result<void>();
}

bool Restoration::has_front() const {
    const std::span<const CutTable> order = tables_in_order(version_);
    return version_ >= cut_version && !lacks_any_of(order.first(order.size() - 1));
}

bool Restoration::lacks_any_of(std::span<const CutTable> tables) const {
    return std::any_of(tables.begin(), tables.end(),
        [this](CutTable table) { return missing_[number_of(table)] != 0; });
}

Result<Standing> Restoration::finish() const {
    if (lacks_any_of(tables_in_order(version_))) {
        return wrong("the cut ends too early");
    }
    LEDGER_CHECK(check_streams());
    if (tables_.positions.length() != summary_.length) {
        return wrong("entries do not add up to all events");
    }
    LEDGER_ASSERT(rest_.empty());
    return summary_.standing;
}

Result<void> Restoration::check_streams() const {
    const bool add_up =
        version_ >= cut_version
            ? expected_ == summary_.length - summary_.standing.retained
            : streams_without_events_ == 0;
    if (!add_up || dropped_ != summary_.standing.retained.value) {
        return wrong("streams do not add up to all events");
    }
    return {};
}

bool Restoration::begin_table(std::uint8_t table) {
    if (table == number_of(table_)) {
        return missing_[table] != 0;
    }
    const std::span<const CutTable> order = tables_in_order(version_);
    const auto now = std::find(order.begin(), order.end(), table_);
    const auto next = std::find(now, order.end(), static_cast<CutTable>(table));
    // Tables without records have no chunk.
    if (next == order.end() || lacks_any_of({order.begin(), next})) {
        return false;
    }
    LEDGER_ASSERT(rest_.empty());
    table_ = static_cast<CutTable>(table);
    record_ = 0;
    return missing_[table] != 0;
}

void Restoration::take_record(RecordReader& in) {
    switch (table_) {
        case CutTable::summary: take_summary(in); return;
        case CutTable::streams: take_stream(in); return;
        case CutTable::entries: take_entry(in); return;
        case CutTable::sessions: replies_ == 0 ? take_session(in) : take_reply(in); return;
        case CutTable::redactions: take_redactions(in); return;
    }
}

void Restoration::take_summary(RecordReader& in) {
    const CutSummary summary = read_summary(in, version_);
    in.require(summary.streams <= limits_.streams_max, "number of streams");
    in.require(summary.sessions <= limits_.sessions.sessions_max, "number of sessions");
    in.require(summary.redactions <= limits_.redactions_max, "number of redactions");
    if (!in.ok()) {
        return;
    }
    summary_ = summary;
    tables_.positions = Positions(summary.standing.retained);
    entry_ = summary.standing.retained_index;
    missing_[number_of(CutTable::streams)] = summary.streams;
    missing_[number_of(CutTable::entries)] = summary.entries;
    missing_[number_of(CutTable::sessions)] = summary.sessions;
    missing_[number_of(CutTable::redactions)] = summary.redactions;
}

void Restoration::take_stream(RecordReader& in) {
    const std::uint64_t size = in.varint("size of name");
    in.require(size >= 1 && size <= stream_name_bytes_max, "size of name");
    const std::string_view name = as_text(in.bytes(size));
    const std::uint64_t first = in.varint("first retained revision");
    in.require(first <= summary_.standing.retained.value - dropped_, "first retained revision");
    const bool counted = version_ >= cut_version;
    const std::uint64_t events = counted ? in.varint("number of events") : 0;
    in.require(!counted ||
                   (events <= summary_.length - summary_.standing.retained - expected_ &&
                       first + events >= 1),
        "number of events");
    in.require(!tables_.streams.find(name), "name: there is one already");
    if (!in.ok()) {
        return;
    }
    dropped_ += first;
    expected_ += events;
    streams_without_events_ += first == 0 ? 1u : 0u;
    tables_.streams.expect(tables_.streams.create(name, Revision{first}), events);
}

void Restoration::take_entry(RecordReader& in) {
    const std::uint64_t distance = in.varint("index");
    const std::uint64_t count = in.varint("number of events");
    Positions& positions = tables_.positions;
    in.require(distance >= 1 && distance <= summary_.standing.applied - entry_, "index");
    in.require(count >= 1 && count <= command_events_max, "number of events");
    in.require(count <= summary_.length - positions.length(), "number of events");
    streams_.clear();
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        const std::uint64_t stream = in.varint("stream");
        in.require(stream < summary_.streams, "stream");
        streams_.push_back(StreamNumber{static_cast<std::uint32_t>(stream)});
    }
    if (!in.ok()) {
        return;
    }
    entry_ = entry_ + distance;
    for (const StreamNumber stream : streams_) {
        const bool counted = version_ >= cut_version;
        if (counted && !tables_.streams.is_expected(stream)) {
            in.require(false, "stream");
            return;
        }
        const Revision revision = counted ? tables_.streams.place(stream, positions.length())
                                          : tables_.streams.append(stream, positions.length());
        streams_without_events_ -= revision == Revision{} ? 1u : 0u;
        positions.add(entry_, stream, revision);
    }
}

void Restoration::take_session(RecordReader& in) {
    const std::uint64_t distance = in.varint("session");
    const ClusterTime last_activity{static_cast<std::int64_t>(in.u64())};
    const Sequence pruned_through{in.varint("pruned through")};
    const std::uint64_t replies = in.varint("number of replies");
    in.require(distance >= 1 && distance <= summary_.standing.applied.value - session_.value,
        "session");
    in.require(replies <= limits_.sessions.stored_replies_max, "number of replies");
    if (!in.ok()) {
        return;
    }
    session_ = SessionId{session_.value + distance};
    sequence_ = pruned_through;
    replies_ = replies;
    reply_bytes_ = 0;
    missing_[number_of(CutTable::sessions)] += replies;
    tables_.sessions.restore(session_, last_activity, pruned_through);
}

void Restoration::take_reply(RecordReader& in) {
    const std::uint64_t distance = in.varint("sequence");
    in.require(distance >= 1 && distance <= UINT64_MAX - sequence_.value, "sequence");
    const Digest command = in.digest();
    const std::uint64_t size = in.varint("size of reply");
    in.require(size >= 1 && size <= outcome_bytes_max, "size of reply");
    const ByteSpan bytes = in.bytes(size);
    // A single reply may be larger (SessionLimits).
    const std::uint64_t together = reply_bytes_ + size;
    const bool single = replies_ == 1 && reply_bytes_ == 0;
    in.require(single || together <= limits_.sessions.stored_reply_bytes_max, "size of reply");
    if (!in.ok()) {
        return;
    }
    sequence_ = sequence_ + distance;
    reply_bytes_ = together;
    --replies_;
    tables_.sessions.restore_reply(session_, {.sequence = sequence_,
                                                 .acknowledged_through = {},
                                                 .command = command,
                                                 .bytes = bytes});
}

void Restoration::take_redactions(RecordReader& in) {
    const Index applied = summary_.standing.applied;
    const std::uint64_t distance = in.varint("index");
    in.require(distance >= 1 && distance <= applied - redacted_, "index");
    const std::uint64_t slots = in.varint("number of slots");
    in.require(slots <= command_events_max, "number of slots");
    const std::uint64_t copies = in.varint("number of copies");
    in.require(copies <= Redactions::copies_max && slots + copies >= 1, "number of copies");
    in.require(slots + copies <= limits_.redactions_max - tables_.redactions.size(),
        "number of copies");
    Redactions::Record record;
    std::uint64_t end = 0;
    for (std::uint64_t i = 0; i < slots && in.ok(); ++i) {
        const std::uint64_t step = in.varint("slot");
        in.require(step >= 1 && step <= command_events_max - end, "slot");
        end += in.ok() ? step : 0;
        record.slots.push_back(static_cast<Slot>(in.ok() ? end - 1 : 0));
    }
    Index copy = redacted_ + (in.ok() ? distance : 0);
    for (std::uint64_t i = 0; i < copies && in.ok(); ++i) {
        const std::uint64_t step = in.varint("copy");
        in.require(step >= 1 && step <= applied - copy, "copy");
        copy = copy + (in.ok() ? step : 0);
        record.copies.push_back(copy);
    }
    if (!in.ok()) {
        return;
    }
    redacted_ = redacted_ + distance;
    tables_.redactions.restore(redacted_, std::move(record));
}

Error Restoration::wrong(const std::string& what) const {
    return failure(Errc::malformed, std::string("cut, table ") + name_of(table_) + ", record " +
                                        std::to_string(record_) + ": " + what);
}

}  // namespace ledger::state
