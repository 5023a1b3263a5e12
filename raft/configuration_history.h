#pragma once
// ConfigurationHistory: which configuration is in force, and which one was before it.

#include <algorithm>
#include <vector>

#include "log/base/ids.h"
#include "raft/membership.h"

namespace ledger::raft {

class StateWords;

// A configuration and the index of the entry that holds it; 0 = given at boot.
struct ConfigurationAt {
    Index index;
    Configuration configuration;
    friend bool operator==(const ConfigurationAt&, const ConfigurationAt&) = default;
};

// A configuration is in force as soon as its entry is in the log, committed or not (Raft §6), so a
// truncation brings back the one before it.
class ConfigurationHistory {
  public:
    explicit ConfigurationHistory(const ConfigurationAt& base) : all_{base} {}

    const Configuration& current() const { return all_.back().configuration; }
    Index current_index() const { return all_.back().index; }
    // Nothing is known of what was in force before this index.
    Index oldest_index() const { return all_.front().index; }
    // Whether what was in force at `index` is remembered.
    bool knows(Index index) const;
    // The one in force at `index`, which is not below the oldest that is remembered; in a gap the one
    // before it, which another may have followed.
    const ConfigurationAt& in_force_at(Index index) const;
    // Whoever is a member of one that is remembered, ascending.
    std::vector<NodeId> members() const;
    bool is_member_of_any(NodeId node) const;
    // Whether `holds` is true of the one in force at `index` and of all that follow it.
    template <typename Predicate>
    bool all_since(Index index, Predicate&& holds) const {
        const Index first = in_force_at(index).index;
        return std::all_of(all_.begin(), all_.end(), [&](const ConfigurationAt& one) {
            return one.index < first || holds(one.configuration);
        });
    }
    // How many were written at or beyond `index`.
    std::uint64_t count_from(Index index) const;

    void append(Index index, const Configuration& configuration);
    // There may have been others since the current one.
    void append_after_gap(Index index, const Configuration& configuration);
    // The log ends at `last` from now on. True if another configuration is in force now.
    bool truncate_to(Index last);
    // The entry at `index` is a configuration, but damaged: what was in force from there on, up to the
    // next one that is known, is not known until learn().
    void note_unreadable(Index index);
    bool is_unreadable(Index index) const;
    void learn(Index index, const Configuration& configuration);
    // By a cut there: whatever is damaged at or below `index`, this was in force.
    void learn_in_force_at(Index index, const Configuration& configuration);
    // Whether current() is what the log says.
    bool knows_current() const { return unreadable_.empty() || unreadable_.back() < current_index(); }

    // Nobody will ask for a configuration before the one in force at `index` any more.
    void forget_before(Index index);

    void describe(StateWords& out) const;  // see Raft::describe()

  private:
    // Invariant: never empty, indexes strictly increase.
    std::vector<ConfigurationAt> all_;
    // What was in force at the indexes between these two is not known.
    // Invariant: both 0, or gap_after_ < gap_before_, and that one is committed.
    Index gap_after_;
    Index gap_before_;
    std::vector<Index> unreadable_;  // ascending
};

}  // namespace ledger::raft
