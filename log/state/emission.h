#pragma once
// Emission: the tables as they were at one moment, given away in chunks while they change.

#include <cstdint>

#include "log/base/bytes.h"
#include "log/state/cut_records.h"
#include "log/state/tables.h"

namespace ledger::state {

// Streams and positions only grow, so their lengths fix them; nothing may be dropped from them
// meanwhile. Sessions and redactions are frozen as long as this lives, and thawed by end().
class Emission {
  public:
    Emission(const Standing& standing, Tables& tables);

    // Appends the next chunk, of at most `bytes_max` (at least 16) bytes. False if nothing is left.
    bool next_chunk(std::uint64_t bytes_max, ByteVector& out);
    void end();

  private:
    // Encodes the table's next record behind rest_; false if there is none.
    bool write_record();
    void write_stream(StreamNumber stream);
    void write_entry(std::uint64_t number);
    void write_session(SessionId id, const Sessions::Record& record);
    void write_redactions(Index entry, const Redactions::Record& record);

    Tables& tables_;
    CutSummary summary_;
    std::uint64_t entries_end_ = 0;

    std::span<const CutTable> tables_left_;  // the one in hand and those after it
    std::uint64_t next_ = 0;        // record of the table; an entry by its own number
    std::uint64_t last_ = 0;        // index or session id of the record before
    ByteVector rest_;               // encoded, but not yet in a chunk
};

}  // namespace ledger::state
