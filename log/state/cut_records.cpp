#include "log/state/cut_records.h"

#include <algorithm>
#include <iterator>

#include "log/base/assert.h"

// A chunk: version 1 (the same in all chunks of a cut: 2 if the state knows redactions, else 1), table
// 1, then bytes of the table's records, which follow each other without regard to where a chunk ends.
// A chunk holds records of one table; each table begins a chunk, one without records has none. The
// tables come in the order 1, 2, 4, 5, 3 (version 1: 1, 2, 3, 4). Equal states give equal chunks. V
// is a varint, other numbers are little-endian.
//
//   1 summary   one record: applied V, chain 32, digest high 8, digest low 8, retained index V,
//               retained position V, length V, streams V, entries V, sessions V; version 2: also
//               redactions V
//   2 streams   by number: size of name V (1..1024), name, first retained revision V; version 2:
//               also events from there on V
//   3 entries   those with retained events, ascending: distance V (>= 1) of the index from that of
//               the entry before, or from the retained index; events V (1..4096), for each the
//               number of its stream V
//   4 sessions  ascending: distance V (>= 1) of the id from that of the session before, or from 0;
//               last activity 8, pruned through V, replies V; then the replies, ascending:
//               distance V (>= 1) of the sequence from the one before, or from pruned through;
//               command digest 32, size V, bytes
//   5 redactions  version 2; ascending: distance V (>= 1) of the index from that of the record before,
//               or from 0; slots V (<= 4096), copies V (<= 64), at least one of either; then for each
//               slot its distance V (>= 1) from the one before, or from -1; for each copy the
//               distance V (>= 1) of its index from that of the one before, or of the record

namespace ledger::state {

std::span<const CutTable> tables_in_order(std::uint8_t version) {
    static constexpr CutTable before_redact[] = {
        CutTable::summary, CutTable::streams, CutTable::entries, CutTable::sessions};
    static constexpr CutTable now[] = {CutTable::summary, CutTable::streams, CutTable::sessions,
        CutTable::redactions, CutTable::entries};
    static_assert(std::size(now) == cut_tables);
    return version >= cut_version ? std::span<const CutTable>(now)
                                  : std::span<const CutTable>(before_redact);
}

void write_varint(ByteVector& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<std::byte>((value & 0x7f) | 0x80));
        value >>= 7;
    }
    out.push_back(static_cast<std::byte>(value));
}

void write_summary(ByteVector& out, const CutSummary& summary) {
    const Standing& standing = summary.standing;
    ByteWriter writer(out);
    write_varint(out, standing.applied.value);
    writer.bytes(standing.chain.span());
    writer.u64(standing.digest.high());
    writer.u64(standing.digest.low());
    write_varint(out, standing.retained_index.value);
    write_varint(out, standing.retained.value);
    write_varint(out, summary.length.value);
    write_varint(out, summary.streams);
    write_varint(out, summary.entries);
    write_varint(out, summary.sessions);
    LEDGER_ASSERT(standing.knows_redact || summary.redactions == 0);
    if (standing.knows_redact) {
        write_varint(out, summary.redactions);
    }
}

std::uint64_t RecordReader::varint(const char* field) {
    std::uint64_t value = 0;
    for (std::uint32_t shift = 0; shift < 64; shift += 7) {
        const std::uint64_t byte = u8();
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80) {
            const bool shortest = byte != 0 || shift == 0;
            const bool fits = shift < 63 || byte <= 1;
            require(shortest && fits, field);
            return ok() ? value : 0;
        }
    }
    require(false, field);
    return 0;
}

Digest RecordReader::digest() {
    Digest digest;
    const ByteSpan raw = bytes(digest.bytes.size());
    std::copy(raw.begin(), raw.end(), digest.bytes.begin());
    return digest;
}

ByteSpan RecordReader::bytes(std::uint64_t count) {
    if (!ok()) {
        return {};
    }
    if (count > in_.size() - at_) {
        ended_ = true;
        return {};
    }
    const ByteSpan out = in_.subspan(at_, static_cast<std::size_t>(count));
    at_ += count;
    LEDGER_ASSERT(at_ <= in_.size());
    return out;
}

CutSummary read_summary(RecordReader& in, std::uint8_t version) {
    CutSummary summary;
    Standing& standing = summary.standing;
    standing.knows_redact = version >= cut_version;
    standing.applied = Index{in.varint("applied index")};
    standing.chain = in.digest();
    const std::uint64_t high = in.u64();
    const std::uint64_t low = in.u64();
    standing.digest = Hash128(high, low);
    standing.retained_index = Index{in.varint("retained index")};
    in.require(standing.retained_index <= standing.applied, "retained index");
    standing.retained = Position{in.varint("retained position")};
    summary.length = Position{in.varint("length")};
    in.require(standing.retained <= summary.length, "length");
    summary.streams = in.varint("number of streams");
    summary.entries = in.varint("number of entries");
    in.require(summary.entries <= standing.applied - standing.retained_index &&
                   summary.entries <= summary.length - standing.retained,
        "number of entries");
    in.require((summary.entries == 0) == (summary.length == standing.retained),
        "number of entries");
    summary.sessions = in.varint("number of sessions");
    in.require(summary.sessions <= standing.applied.value, "number of sessions");
    if (standing.knows_redact) {
        summary.redactions = in.varint("number of redactions");
        in.require(summary.redactions <= standing.applied.value, "number of redactions");
    }
    return summary;
}

}  // namespace ledger::state
