#pragma once
// Projection: a definition and the state that events were folded into: the same for everybody who
// folds the same events.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "log/base/ids.h"
#include "log/base/result.h"
#include "log/base/time.h"
#include "log/projection/definition.h"
#include "log/projection/event_fields.h"
#include "log/state/query.h"

namespace ledger::projection {

// Memory of one state: so many groups, and so many bytes of texts and members of sets.
inline constexpr std::uint64_t groups_max = 1'000'000;
inline constexpr std::uint64_t state_bytes_max = 256u << 20;

using Key = std::vector<Value>;
// What one fold has made of the events of a group. Of a sum, a minimum, a first or last value:
// nothing until an event had a value there.
struct Cell {
    std::uint64_t count = 0;  // count only
    Value value;              // sum, min, max, first, last
    std::set<Value> values;   // set only
    friend bool operator==(const Cell&, const Cell&) = default;
};
using Group = std::vector<Cell>;  // per fold
using Groups = std::map<Key, Group>;

struct Standing {
    Position next;                // the first event that was not looked at
    std::uint64_t folded = 0;     // events that met the conditions
    std::uint64_t redacted = 0;   // events that could not be asked: their payload was destroyed
    ClusterTime cluster_time;     // of the last event folded
    WallTime wall_time;
    friend bool operator==(const Standing&, const Standing&) = default;
};

// Streams that the system writes, as projections do their checkpoints.
bool is_system(std::string_view stream);

// Events of system streams count only if a condition compares the stream with a name of one.
class Projection {
  public:
    explicit Projection(Definition definition);

    // Folds one event; those before standing().next must have been, or be none of this projection's.
    // The group it went into; null if it did not count. After an error, which names the event, the
    // state is as it was. Conditions on the envelope, metadata included, are
    // judged before the payload is looked at.
    Result<const Groups::value_type*> apply(const state::RecordedEvent& event);
    // There is nothing for this projection before `next`.
    void skip_to(Position next);

    const Definition& definition() const { return definition_; }
    const Standing& standing() const { return standing_; }
    // In the order of their keys.
    const Groups& groups() const { return groups_; }
    // The groups that definition().top leaves, greatest first; all of them if there is no top.
    std::vector<const Groups::value_type*> shown() const;

    friend bool operator==(const Projection& a, const Projection& b) {
        return a.definition_ == b.definition_ && a.standing_ == b.standing_ &&
               a.groups_ == b.groups_;
    }

    // The definition, the standing and all groups: equal projections give equal bytes.
    void encode(ByteVector& out) const;
    static Result<Projection> decode(ByteSpan bytes);
    // What the groups take in memory, about: what state_bytes_max bounds.
    std::uint64_t bytes() const { return bytes_; }

  private:
    // Fields by their places in fields_.
    struct Places {
        std::vector<std::uint32_t> folds;
        std::vector<std::uint32_t> keys;
        std::vector<std::uint32_t> conditions;
    };

    // Whether the conditions hold that ask the payload, or those that do not.
    bool meets(bool payload) const;
    Key key() const;
    // Whether every fold can take its value, and there is room for all of it.
    Result<void> check(const Group* group) const;
    Groups::iterator add_group(Key&& key);
    void fold_into(Group& group);
    // What all groups take.
    std::uint64_t measured() const;

    Definition definition_;
    EventFields fields_;
    Places places_;
    bool asks_system_ = false;
    Standing standing_;
    Groups groups_;
    std::uint64_t bytes_ = 0;
};

// A cell as people read it, and as JSON.
std::string text_of(const Fold& fold, const Cell& cell);
std::string json_of(const Fold& fold, const Cell& cell);
// What the cell says as one value: the size of a set, nothing where no event had one.
Value value_of(const Fold& fold, const Cell& cell);

}  // namespace ledger::projection
