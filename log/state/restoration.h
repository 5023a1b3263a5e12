#pragma once
// Restoration: tables filled from the chunks of a frozen state, which may be any bytes.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "log/base/bytes.h"
#include "log/base/result.h"
#include "log/state/cut_records.h"
#include "log/state/tables.h"

namespace ledger::state {

// What the records may add up to; also those of Sessions.
struct RestoreLimits {
    std::uint32_t streams_max = 0;
    SessionLimits sessions;
    std::uint32_t redactions_max = 0;
};

// Whatever the bytes are, the tables stay such that they can be used. Memory is bounded by the
// chunks' own size and one record.
class Restoration {
  public:
    // `tables` are empty, and outlive it.
    Restoration(const RestoreLimits& limits, Tables& tables);

    // The next chunk. Errors name table, record and field.
    Result<void> take(ByteSpan chunk);
    // All but the entries has come, which is the last table and the one that grows with the history:
    // from here on events may be appended to tables.recent. In a cut of version 1 it is not the last.
    bool has_front() const;
    // Precondition: has_front(). Where the state stands.
    const Standing& standing() const { return summary_.standing; }
    Position length() const { return summary_.length; }  // of events
    // Nothing is missing.
    Result<Standing> finish() const;

  private:
    // Goes on to the table that a chunk begins; true if it may come here.
    bool begin_table(std::uint8_t table);
    bool lacks_any_of(std::span<const CutTable> tables) const;
    Result<void> check_streams() const;
    void take_record(RecordReader& in);
    void take_summary(RecordReader& in);
    void take_stream(RecordReader& in);
    void take_entry(RecordReader& in);
    void take_session(RecordReader& in);
    void take_reply(RecordReader& in);
    void take_redactions(RecordReader& in);
    Error wrong(const std::string& what) const;

    const RestoreLimits limits_;
    Tables& tables_;
    std::uint8_t version_ = 0;  // of the first chunk, hence of all; 0 = none came yet
    CutSummary summary_;
    std::array<std::uint64_t, cut_tables + 1> missing_{};  // records, by table
    CutTable table_ = CutTable::summary;
    std::uint64_t record_ = 0;  // of the table, from 0; of an error's place
    ByteVector rest_;           // the beginning of a record whose end comes with the next chunk

    std::uint64_t streams_without_events_ = 0;  // version 1
    std::uint64_t dropped_ = 0;      // events, over all streams so far
    std::uint64_t expected_ = 0;     // that are retained, likewise; version 2
    Index entry_;                    // the last one
    std::vector<StreamNumber> streams_;  // of the entry in hand
    SessionId session_;              // the last one
    Sequence sequence_;              // of its last reply
    std::uint64_t replies_ = 0;      // of it that are still to come
    std::uint64_t reply_bytes_ = 0;  // of it so far
    Index redacted_;                 // the entry of the last record
};

}  // namespace ledger::state
