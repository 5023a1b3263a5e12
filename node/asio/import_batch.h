#pragma once
// ImportBatch: lines of an import that go in as one append, with the effect of one after the other.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/base/lookup_table.h"
#include "log/base/sha256.h"
#include "log/state/command.h"

namespace ledger::node::asio {

// One line that holds an append, and the input up to its end.
struct ImportLine {
    state::Append append;
    std::uint64_t number = 0;  // from 1, blank lines counted
    Sha256 through;            // over all lines up to this one, with their ends
};

// A line fits behind others if its expectations follow from theirs: then the whole append is
// refused only if a line would have been, and else leaves what the lines would have left. What
// fits depends on the lines alone, so that whoever begins with the same line gets the same batch.
class ImportBatch {
  public:
    explicit ImportBatch(std::uint32_t lines_max);

    // Whether a batch with this line at its end would still be one. The first line always fits.
    bool fits(const ImportLine& line) const;
    // It must fit.
    void add(ImportLine&& line);

    bool empty() const { return lines_.empty(); }
    // By the number of its lines.
    bool full() const { return lines_.size() >= lines_max_; }
    const std::vector<ImportLine>& lines() const { return lines_; }
    std::uint64_t events() const { return events_; }
    // All lines as one append; at least one must be in.
    state::Append merged() const;

  private:
    // A stream after the lines that are in.
    struct Stream {
        std::optional<Revision> revision;  // of its last event, if the lines tell
    };

    bool follows(const state::StreamCheck& check) const;

    const std::uint32_t lines_max_;
    std::vector<ImportLine> lines_;
    LookupTable<std::string, Stream> streams_;
    std::uint64_t events_ = 0;
    std::uint64_t bytes_ = 0;
};

}  // namespace ledger::node::asio
