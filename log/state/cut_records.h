#pragma once
// CutRecords: the bytes of a frozen state: chunks, tables, records, and how they are read back.

#include <cstdint>
#include <span>

#include "log/base/bytes.h"
#include "log/base/result.h"
#include "log/base/sha256.h"
#include "log/state/command.h"
#include "log/state/tables.h"

namespace ledger::state {

// Of a state that knows no redactions, and of one that does: the older builds of a cluster that is
// upgraded node by node have to make the same cuts until all know them.
inline constexpr std::uint8_t cut_version_before_redact = 1;
inline constexpr std::uint8_t cut_version = 2;
inline std::uint8_t cut_version_of(const Standing& standing) {
    return standing.knows_redact ? cut_version : cut_version_before_redact;
}
inline constexpr std::uint32_t chunk_header_bytes = 2;

enum class CutTable : std::uint8_t {
    summary = 1,
    streams = 2,
    entries = 3,
    sessions = 4,
    redactions = 5,
};
inline constexpr std::uint8_t cut_tables = 5;

// The tables of a cut in the order of their chunks. What grows with the history comes last: all
// before it is enough to go on with.
std::span<const CutTable> tables_in_order(std::uint8_t version);

// The only record of the first table: what all others add up to.
struct CutSummary {
    Standing standing;
    Position length;            // number of events that there ever were
    std::uint64_t streams = 0;  // records in each table
    std::uint64_t entries = 0;
    std::uint64_t sessions = 0;
    std::uint64_t redactions = 0;  // none before version 2
};

// Seven bits in each byte, lowest first; the top bit says that more follow.
void write_varint(ByteVector& out, std::uint64_t value);
void write_summary(ByteVector& out, const CutSummary& summary);

// Reads the fields of one record out of bytes that may end in the middle of it. After the end, or
// after the first wrong field, every field is 0 or empty.
class RecordReader {
  public:
    explicit RecordReader(ByteSpan in) : in_(in) {}

    std::uint8_t u8() { return number<std::uint8_t>(); }
    std::uint64_t u64() { return number<std::uint64_t>(); }
    // Refuses more bytes than the number needs.
    std::uint64_t varint(const char* field);
    Digest digest();
    ByteSpan bytes(std::uint64_t count);

    // The field read last is wrong unless `condition` holds. Names are string literals.
    void require(bool condition, const char* field) {
        if (!condition && ok()) {
            wrong_ = field;
        }
    }

    bool ok() const { return !ended_ && wrong_ == nullptr; }
    bool ended() const { return ended_; }            // in the middle of a field
    const char* wrong() const { return wrong_; }     // the field, nullptr if none
    std::uint64_t offset() const { return at_; }
    bool at_end() const { return at_ == in_.size(); }

  private:
    template <typename Integer>
    Integer number() {
        const ByteSpan raw = bytes(sizeof(Integer));
        return raw.empty() ? Integer{0} : load_little_endian<Integer>(raw.data());
    }

    ByteSpan in_;
    std::uint64_t at_ = 0;
    bool ended_ = false;
    const char* wrong_ = nullptr;
};

CutSummary read_summary(RecordReader& in, std::uint8_t version);

}  // namespace ledger::state
