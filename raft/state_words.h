#pragma once
// StateWords: what a core or a message is, as plain numbers: to compare, to hash, to rename nodes.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "log/base/entry.h"
#include "log/base/ids.h"
#include "log/base/time.h"
#include "raft/membership.h"
#include "raft/message.h"

namespace ledger::raft {

// For exhaustive search: two cores with equal words do the same from here on, whatever is asked of
// them, if their clocks were restarted (Raft::restart_clocks) and leases are off. No moment is
// among the words, and nothing that depends on addresses, capacities or history. Text order of
// fields; sets and peers in the order of the names.
class StateWords {
  public:
    struct Naming {
        // names[i] is what node i is called; nodes beyond it keep their number. Empty: all do.
        std::span<const NodeId> names;
        // A leader's numbers of its requests, as they are. Without them two cores and the requests
        // on their way between them do the same if, besides, the same requests are older than
        // Progress::since: that is all that the numbers are compared with.
        bool request_numbers = true;
    };

    StateWords() = default;
    explicit StateWords(const Naming& naming) : naming_(naming) {}

    std::span<const std::uint64_t> words() const { return words_; }
    void clear() { words_.clear(); }
    // Empty, and with the same names.
    StateWords same_naming() const { return StateWords(naming_); }

    void add(std::uint64_t number) { words_.push_back(number); }
    void add(bool yes) { words_.push_back(yes ? 1 : 0); }
    template <typename Tag>
    void add(Ordinal<Tag> number) {
        words_.push_back(number.value);
    }
    template <typename Tag>
    void add(Strong<Tag> number) {
        words_.push_back(number.value);
    }
    void add(NodeId node) { words_.push_back(name_of(node).value); }
    void add(LogId id) {
        add(id.term);
        add(id.index);
    }
    void add(HardState state) {
        add(state.term);
        add(state.vote);
        add(state.trimmed);
    }
    void add(const NodeSet& nodes);
    void add(const Configuration& configuration);
    // The bytes of a configuration with its nodes renamed; of any other body as they are.
    void add(const EntryRef& entry);
    void add(const Message& message);
    void add_request_number(std::uint64_t number) {
        if (naming_.request_numbers) {
            add(number);
        }
    }

    NodeId name_of(NodeId node) const {
        return node.value < naming_.names.size() ? naming_.names[node.value] : node;
    }

  private:
    Naming naming_;
    std::vector<std::uint64_t> words_;
};

}  // namespace ledger::raft
