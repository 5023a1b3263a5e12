#pragma once
// LogWalk: what is known of the log at one place, while its records are gone through in order.

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "log/base/entry.h"

namespace ledger::log {

// Unlike the map of an open log it also goes on behind damage: then a hash is unknown until
// something names it again.
class LogWalk {
  public:
    Index last() const { return last_; }
    Term last_term() const { return term_at(last_); }
    // The hash at last(), if it is known.
    const std::optional<Digest>& hash() const { return hashes_.back(); }
    // The hash at `index` <= last(), if it is known.
    std::optional<Digest> hash_at(Index index) const;
    Term term_at(Index index) const;

    // The next entry; its hash is unknown if that of the one before or its own bytes are.
    void append(Term term, const std::optional<Digest>& hash);
    // The log ends at `index`, whose full hash is known.
    void truncate(Index index, const Digest& hash);
    // The log is here, whatever was known before. The hash may be unknown.
    void stand_at(LogId id, const std::optional<Digest>& hash);
    // Nothing below is truncated any more: hashes there may be forgotten.
    void committed(Index index);

  private:
    Index last_;
    Index oldest_;  // of the hashes
    std::deque<std::optional<Digest>> hashes_{Digest{}};  // Invariant: of [oldest_, last_]
    std::vector<TermRun> terms_{{Index{}, Term{}}};       // Invariant: never empty
};

}  // namespace ledger::log
