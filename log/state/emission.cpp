#include "log/state/emission.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::state {

Emission::Emission(const Standing& standing, Tables& tables) : tables_(tables) {
    const std::uint64_t first_entry = tables.positions.entry_from(standing.retained);
    entries_end_ = tables.positions.entries_end();
    summary_ = {.standing = standing,
        .length = tables.positions.length(),
        .streams = tables.streams.count(),
        .entries = entries_end_ - first_entry,
        .sessions = tables.sessions.count(),
        .redactions = tables.redactions.records()};
    LEDGER_ASSERT(standing.retained <= summary_.length);
    LEDGER_ASSERT(!tables.recent);
    tables_left_ = tables_in_order(cut_version_of(standing));
    tables.sessions.freeze();
    tables.redactions.freeze();
}

void Emission::end() {
    tables_.sessions.thaw();
    tables_.redactions.thaw();
}

bool Emission::next_chunk(std::uint64_t bytes_max, ByteVector& out) {
    LEDGER_ASSERT(bytes_max >= 16);
    const std::uint64_t room = bytes_max - chunk_header_bytes;
    while (!tables_left_.empty()) {
        while (rest_.size() < room && write_record()) {
        }
        if (!rest_.empty()) {
            break;
        }
        tables_left_ = tables_left_.subspan(1);
        const bool entries = !tables_left_.empty() && tables_left_.front() == CutTable::entries;
        next_ = entries ? entries_end_ - summary_.entries : 0;
        last_ = entries ? summary_.standing.retained_index.value : 0;
    }
    if (tables_left_.empty()) {
        return false;
    }
    const auto end =
        rest_.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(room, rest_.size()));
    ByteWriter(out).u8(cut_version_of(summary_.standing));
    ByteWriter(out).u8(static_cast<std::uint8_t>(tables_left_.front()));
    out.insert(out.end(), rest_.begin(), end);
    rest_.erase(rest_.begin(), end);
    return true;
}

bool Emission::write_record() {
    const std::uint64_t record = next_;
    switch (tables_left_.front()) {
        case CutTable::summary:
            if (record == 1) {
                return false;
            }
            write_summary(rest_, summary_);
            break;
        case CutTable::streams:
            if (record == summary_.streams) {
                return false;
            }
            write_stream(StreamNumber{static_cast<std::uint32_t>(record)});
            break;
        case CutTable::entries:
            if (record == entries_end_) {
                return false;
            }
            write_entry(record);
            break;
        case CutTable::sessions: {
            const auto session = tables_.sessions.next_frozen();
            if (!session) {
                LEDGER_ASSERT(record == summary_.sessions);
                return false;
            }
            write_session(session->key, session->value);
            break;
        }
        case CutTable::redactions: {
            const auto redactions = tables_.redactions.next_frozen();
            if (!redactions) {
                LEDGER_ASSERT(record == summary_.redactions);
                return false;
            }
            write_redactions(redactions->key, redactions->value);
            break;
        }
    }
    ++next_;
    return true;
}

void Emission::write_stream(StreamNumber stream) {
    const std::string_view name = tables_.streams.name(stream);
    // Memory may hold older positions, which are dropped when there is time.
    const Revision first =
        tables_.streams.revision_from(stream, summary_.standing.retained);
    write_varint(rest_, name.size());
    ByteWriter(rest_).bytes(as_bytes(name));
    write_varint(rest_, first.value);
    if (summary_.standing.knows_redact) {
        // Of those that there were when it was frozen: nothing is dropped meanwhile, but more come.
        const Revision end = tables_.streams.revision_from(stream, summary_.length);
        write_varint(rest_, end - first);
    }
}

void Emission::write_entry(std::uint64_t number) {
    const Positions& positions = tables_.positions;
    const Positions::EntryStart& entry = positions.entry(number);
    const Position end =
        number + 1 == entries_end_ ? summary_.length : positions.entry(number + 1).first;
    LEDGER_ASSERT(entry.index.value > last_);
    LEDGER_ASSERT(entry.first < end);
    write_varint(rest_, entry.index.value - last_);
    write_varint(rest_, end - entry.first);
    for (Position position = entry.first; position < end; ++position) {
        write_varint(rest_, positions.stream(position).value);
    }
    last_ = entry.index.value;
}

void Emission::write_session(SessionId id, const Sessions::Record& record) {
    LEDGER_ASSERT(id.value > last_);
    ByteWriter writer(rest_);
    write_varint(rest_, id.value - last_);
    writer.i64(record.last_activity.nanoseconds);
    write_varint(rest_, record.pruned_through.value);
    write_varint(rest_, record.stored);
    Sequence before = record.pruned_through;
    for (std::uint32_t i = 0; i < record.stored; ++i) {
        const Sessions::StoredReply& reply = record.replies[i];
        LEDGER_ASSERT(before < reply.sequence);
        write_varint(rest_, reply.sequence - before);
        writer.bytes(reply.command.span());
        write_varint(rest_, reply.bytes.size());
        writer.bytes(reply.bytes);
        before = reply.sequence;
    }
    last_ = id.value;
}

void Emission::write_redactions(Index entry, const Redactions::Record& record) {
    LEDGER_ASSERT(entry.value > last_);
    write_varint(rest_, entry.value - last_);
    write_varint(rest_, record.slots.size());
    write_varint(rest_, record.copies.size());
    std::uint64_t end = 0;
    for (const Slot slot : record.slots) {
        LEDGER_ASSERT(slot >= end);
        write_varint(rest_, slot + 1 - end);
        end = std::uint64_t{slot} + 1;
    }
    Index before = entry;
    for (const Index copy : record.copies) {
        write_varint(rest_, copy - before);
        before = copy;
    }
    last_ = entry.value;
}

}  // namespace ledger::state
