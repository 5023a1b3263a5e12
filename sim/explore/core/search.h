#pragma once
// Search: every state of the production core that the environment can bring about within bounds.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/explore/core/print_set.h"
#include "sim/explore/core/state.h"

namespace ledger::sim {

enum class SearchOrder : std::uint8_t {
    breadth,  // the counterexample is a shortest one
    depth,    // finds deep ones early; needs no queue
};

// Why a search ended.
enum class SearchEnd : std::uint8_t {
    exhausted,  // every state within the bounds was examined
    violated,
    reached,  // the target
    stopped,  // by whoever watched it
    no_memory,
};

struct SearchCounts {
    std::uint64_t generated = 0;  // successors, with those that were known
    std::uint64_t distinct = 0;   // states, the first one included
    std::uint64_t expanded = 0;   // of them: whose successors were made
    std::uint32_t depth = 0;      // actions to the farthest state
    std::uint64_t queue = 0;      // states that wait to be expanded
    std::uint64_t cut_by_depth = 0;
    std::vector<std::uint64_t> levels;  // breadth first: states by depth
};

struct SearchResult {
    SearchEnd end = SearchEnd::exhausted;
    SearchCounts counts;
    std::string violation;            // the sentence
    std::vector<CoreAction> actions;  // to the violation or the target
};

// States in a row, in the order in which they came; reading takes them away.
class StateQueue {
  public:
    explicit StateQueue(std::uint32_t nodes) : nodes_(nodes) {}

    void push(const CoreState& state);
    CoreState pop();
    bool empty() const { return size_ == 0; }
    std::uint64_t size() const { return size_; }
    std::uint64_t bytes() const { return chunks_.size() * chunk_words * sizeof(std::uint32_t); }
    // For checkpoints: everything, as words.
    template <typename Visit>
    void visit(Visit&& visit) const {
        for (std::size_t i = first_; i < chunks_.size(); ++i) {
            const std::size_t begin = i == first_ ? at_ : 0;
            visit(std::span<const std::uint32_t>(chunks_[i]).subspan(begin));
        }
    }

  private:
    static constexpr std::size_t chunk_words = 1u << 18;
    std::uint32_t next_word();

    std::uint32_t nodes_;
    std::vector<std::vector<std::uint32_t>> chunks_;
    std::size_t first_ = 0;  // chunk that is being read
    std::size_t at_ = 0;     // word in it
    std::uint64_t size_ = 0;
};

// Called now and then with what was done so far; false ends the search.
using SearchWatch = std::function<bool(const SearchCounts& counts, std::uint64_t bytes)>;

class CoreSearch {
  public:
    struct Options {
        SearchOrder order = SearchOrder::breadth;
        std::uint64_t memory_max = 8ULL << 30;  // bytes, of all that grows
        SearchWatch watch = {};
        std::vector<CoreAction> before = {};   // from the first state to where the search begins
        std::uint64_t watch_every = 1u << 14;  // states
    };

    // `seen` is empty and outlives the search, as does `steps`.
    CoreSearch(CoreSteps& steps, PrintStore& seen, Options options);
    SearchResult run();

    // The way to what was being examined: for who finds an assertion failed.
    std::vector<CoreAction> way_to_current() const;
    const SearchCounts& counts() const { return result_.counts; }
    std::uint64_t bytes() const;

  private:
    // How a state was reached first.
    struct Edge {
        std::uint32_t parent = 0;
        std::uint32_t action_low = 0;
        std::uint32_t action_high = 0;
    };
    struct Frame {
        CoreState state;
        std::vector<Successor> next;
        std::size_t at = 0;
    };

    CoreState begin();
    void breadth_first();
    void depth_first();
    bool expand(const CoreState& state, std::uint32_t number, StateQueue& next);
    bool goes_on();
    void end_at(const Successor& last, SearchEnd end);
    Edge edge(std::uint32_t parent, const CoreAction& action) const;
    std::vector<CoreAction> way_to(std::uint32_t number) const;

    CoreSteps& steps_;
    PrintStore& seen_;
    const Options options_;
    SearchResult result_;
    std::deque<Edge> edges_;  // by the number of the state
    std::deque<Frame> path_;
    std::uint64_t queue_bytes_ = 0;
    std::uint32_t current_ = 0;
};

}  // namespace ledger::sim
