#pragma once
// CtlProjection: projections with names: definition and checkpoints are events of a stream of their own.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/projection/projection.h"
#include "node/asio/ctl_history.h"

namespace ledger::node::asio {

// Lower-case letters, digits, - and _, from a letter on, at most 64, and none of the words that begin a
// definition.
bool is_projection_name(std::string_view text);
// The stream that keeps it: "$projection-NAME".
std::string projection_stream(std::string_view name);
// The names of all projections that were defined, in order of their definition.
Outcome<std::vector<std::string>> projection_names(CtlHistory& history);

// A stored projection. The stream holds `defined` events, each the begin of a new life, and after them
// `checkpoint` events: the encoded state in one or several parts, always appended together, at the
// revision that was expected: of two who fold the same projection, one writes each checkpoint.
class CtlProjection {
  public:
    CtlProjection(std::string name, CtlHistory::Ask ask)
        : name_(std::move(name)), ask_(ask), history_(std::move(ask)) {}

    const std::string& name() const { return name_; }
    // The definition in force; earlier checkpoints no longer count.
    Outcome<void> define(const projection::Definition& definition);
    // Looks at the stream as it is now. Failed: exit_not_found if it was never defined.
    Outcome<void> load();
    // As of load().
    const projection::Definition& definition() const { return *definition_; }
    std::uint64_t stream_length() const { return length_; }

    // The state of the last checkpoint whose standing().next is at most `bound`; a new one if there is
    // none. Checkpoints whose payloads were redacted are passed over.
    Outcome<projection::Projection> nearest(Position bound);
    // False: somebody else wrote to the stream, or may have: load() again.
    Outcome<bool> save(const projection::Projection& projection);
    // Redacts the payloads of all checkpoints, so that nothing is left of what they were made of.
    Outcome<std::uint64_t> forget();

  private:
    struct Checkpoint {
        std::uint64_t begin = 0;  // revision of its first part
        std::uint64_t parts = 0;
        Position next;
    };

    Outcome<Checkpoint> checkpoint_at(std::uint64_t revision);
    Outcome<std::optional<projection::Projection>> read(const Checkpoint& checkpoint);

    const std::string name_;
    CtlHistory::Ask ask_;
    CtlHistory history_;
    std::optional<projection::Definition> definition_;
    std::uint64_t begin_ = 0;   // the first revision after the definition
    std::uint64_t length_ = 0;  // of the stream
};

// Folds a stored projection on and writes its checkpoints. What it has in memory is never more than what
// a new one makes of the last checkpoint and the events after it: it may end anywhere.
class CtlProjectionRunner {
  public:
    CtlProjectionRunner(CtlProjection& stored, CtlHistory::Ask ask, std::uint64_t every)
        : stored_(stored), history_(std::move(ask)), every_(every) {}

    struct Step {
        Position next;         // so far it has looked
        bool at_end = false;   // of the ledger as it was then
        bool saved = false;    // a checkpoint was written
    };
    // Goes on by at most `every` positions. Writes a checkpoint when it has folded something since the last
    // one and is `every` positions away from it, or at the end if `settle`; and 64 * `every` away anyway.
    Outcome<Step> step(bool settle);
    // Null before the first step.
    const projection::Projection* projection() const { return state_ ? &*state_ : nullptr; }

  private:
    CtlProjection& stored_;
    CtlHistory history_;
    const std::uint64_t every_;
    std::optional<projection::Projection> state_;
    projection::Standing saved_;  // of the last checkpoint
};

}  // namespace ledger::node::asio
