#include "sim/check/search/search.h"

#include <algorithm>

#include "log/base/assert.h"
#include "sim/check/search/model.h"

namespace ledger::check {
namespace {

constexpr std::uint32_t none = SearchOperation::none;
constexpr std::uint64_t never = SearchOperation::never;
constexpr std::uint64_t work_between_questions = 4096;
constexpr std::uint64_t stuck_states_max = 8;

// A list of operations from which any can be taken and put back, last taken first.
class TakenList {
  public:
    explicit TakenList(std::uint32_t count) : next_(count + 1), previous_(count + 1), head_(count) {
        next_[head_] = previous_[head_] = head_;
    }
    void push_back(std::uint32_t operation) {
        const std::uint32_t last = previous_[head_];
        next_[last] = previous_[head_] = operation;
        next_[operation] = head_;
        previous_[operation] = last;
    }
    // In the order of numbers, behind one that was just taken.
    void insert_behind(std::uint32_t taken, std::uint32_t operation) {
        std::uint32_t at = next_[taken];
        while (at != head_ && at < operation) {
            at = next_[at];
        }
        next_[operation] = at;
        previous_[operation] = previous_[at];
        next_[previous_[at]] = operation;
        previous_[at] = operation;
    }
    void take(std::uint32_t operation) {
        next_[previous_[operation]] = next_[operation];
        previous_[next_[operation]] = previous_[operation];
    }
    void put_back(std::uint32_t operation) {
        next_[previous_[operation]] = operation;
        previous_[next_[operation]] = operation;
    }
    std::uint32_t first() const { return next(head_); }
    std::uint32_t next(std::uint32_t operation) const {
        return next_[operation] == head_ ? none : next_[operation];
    }

  private:
    std::vector<std::uint32_t> next_;
    std::vector<std::uint32_t> previous_;
    std::uint32_t head_;
};

// Unknown operations that do the same on the same part.
struct Group {
    std::vector<std::uint32_t> members;  // in the order of their calls
    std::uint32_t used = 0;              // so many of them, the first ones
    std::uint32_t bit = none;            // first of their bits in a mask of 64; none = hashed
};

// Where to go on among the operations that may come next: first those that returned, in the order
// of their calls, then each group of unknown ones with each thing that it may have done.
struct Cursor {
    std::uint32_t operation = none;  // the last one tried; none = from the first
    bool unknown = false;
    std::uint32_t group = 0;  // the next to try
    std::uint32_t choice = 0;
};

struct Frame {
    std::uint32_t operation = 0;
    StepId step = 0;
    StateId before = 0;    // of its part
    bool at_once = false;  // an observation that was taken without a choice
    std::uint32_t group = none;
    Cursor cursor;  // behind it
};

class Searcher {
  public:
    Searcher(
        const SearchProblem& problem, StepTable& steps, const SearchLimits& limits, Budget& budget)
        : problem_(problem),
          operations_(problem.operations),
          steps_(steps),
          limits_(limits),
          budget_(budget),
          states_(problem.initial),
          calls_(static_cast<std::uint32_t>(operations_.size())),
          returns_(static_cast<std::uint32_t>(operations_.size())),
          heads_(static_cast<std::uint32_t>(operations_.size())),
          lane_next_(operations_.size(), none),
          done_(operations_.size(), false),
          work_before_(steps.work()) {
        build();
    }

    SearchResult run();

  private:
    struct Choice {
        std::uint32_t operation = none;  // none = nothing is left
        StepId step = 0;
        std::uint32_t group = none;
        Cursor behind;
    };

    void build();
    void build_lanes();
    void build_groups();

    std::uint64_t deadline() const {
        const std::uint32_t first = returns_.first();
        return first == none ? never : operations_[first].returned;
    }
    // Equal places are concurrent.
    bool is_called(const SearchOperation& operation) const {
        return operation.called <= deadline() &&
               (operation.after == none || done_[operation.after]);
    }
    std::uint32_t next_known(std::uint32_t after) const;
    Choice next_choice(Cursor cursor) const;
    // Whether the step can be left out because of the unknown operation taken last.
    bool is_needless(const Choice& choice, StateId after);
    StateId state_after(std::uint32_t operation, StepId step) {
        ++result_.steps;
        return steps_.step(states_[operations_[operation].part], step);
    }

    void take(std::uint32_t operation, StepId step, StateId after, std::uint32_t group,
        bool at_once, Cursor cursor);
    void undo();
    void take_observations();
    bool enter();
    bool go_back(Cursor& cursor);
    void remember();
    void tell_refused();
    bool must_stop();
    std::uint64_t bytes() const;

    Visited::Key word_of_operation(std::uint32_t operation) const {
        return {mixed(operation, 1), mixed(operation, 2)};
    }
    Visited::Key word_of_state(std::uint32_t part) const {
        const std::uint64_t both = (std::uint64_t{part} << 32) | states_[part];
        return {mixed(both, 3), mixed(both, 4)};
    }
    void toggle(Visited::Key word) {
        key_.high ^= word.high;
        key_.low ^= word.low;
    }

    const SearchProblem& problem_;
    const std::vector<SearchOperation>& operations_;
    StepTable& steps_;
    const SearchLimits& limits_;
    Budget& budget_;

    std::vector<StateId> states_;
    TakenList calls_;    // of lane 0
    TakenList returns_;  // of those whose return somebody may have to wait for
    TakenList heads_;    // the first one of each other lane, in the order of numbers
    std::vector<std::uint32_t> lane_next_;
    std::vector<std::uint8_t> done_;
    std::vector<Group> groups_;
    std::uint64_t known_left_ = 0;
    std::uint64_t known_ = 0;

    Visited visited_;
    Visited::Key key_;
    std::uint64_t used_ = 0;
    std::vector<Frame> stack_;

    // The best order so far: a copy of the stack, whose first `best_same_` frames are still as in
    // the stack.
    std::vector<Frame> best_;
    std::uint64_t best_same_ = 0;
    std::uint64_t best_deadline_ = 0;
    std::uint64_t best_done_ = 0;
    bool has_best_ = false;

    std::uint64_t next_question_ = 0;
    const std::uint64_t work_before_;
    bool spent_ = false;
    bool stopped_ = false;
    SearchResult result_;
};

void Searcher::build() {
    std::vector<std::uint32_t> by_return;
    for (std::uint32_t i = 0; i < operations_.size(); ++i) {
        const SearchOperation& operation = operations_[i];
        LEDGER_ASSERT(
            i == 0 || operations_[i - 1].called <= operation.called || operation.lane != 0);
        if (operation.unknown) {
            continue;
        }
        ++known_;
        if (operation.lane == 0) {
            calls_.push_back(i);
        }
        if (operation.returned != never) {
            by_return.push_back(i);
        }
    }
    known_left_ = known_;
    std::sort(by_return.begin(), by_return.end(), [this](std::uint32_t a, std::uint32_t b) {
        return operations_[a].returned != operations_[b].returned
                   ? operations_[a].returned < operations_[b].returned
                   : a < b;
    });
    for (const std::uint32_t operation : by_return) {
        returns_.push_back(operation);
    }
    build_lanes();
    build_groups();
    for (std::uint32_t part = 0; part < states_.size(); ++part) {
        toggle(word_of_state(part));
    }
}

void Searcher::build_lanes() {
    std::vector<std::uint32_t> last(problem_.lanes, none);
    for (std::uint32_t i = 0; i < operations_.size(); ++i) {
        const std::uint32_t lane = operations_[i].lane;
        if (lane == 0 || operations_[i].unknown) {
            continue;
        }
        if (last[lane] == none) {
            heads_.push_back(i);
        } else {
            lane_next_[last[lane]] = i;
        }
        last[lane] = i;
    }
}

// Those that wait for another operation are alone: being called earlier does not mean that they can
// come earlier.
void Searcher::build_groups() {
    LookupTable<std::uint64_t, std::uint32_t> known;  // hash of what they do -> group + 1
    for (std::uint32_t i = 0; i < operations_.size(); ++i) {
        const SearchOperation& operation = operations_[i];
        if (!operation.unknown) {
            continue;
        }
        std::uint64_t hash = operation.part;
        for (const StepId step : operation.does) {
            hash = mixed(hash, step);
        }
        std::uint32_t* same = operation.after == none ? &known[hash] : nullptr;
        const bool fits = same != nullptr && *same != 0 &&
                          operations_[groups_[*same - 1].members[0]].does == operation.does &&
                          operations_[groups_[*same - 1].members[0]].part == operation.part;
        if (fits) {
            groups_[*same - 1].members.push_back(i);
            continue;
        }
        groups_.push_back({{i}});
        if (same != nullptr && *same == 0) {
            *same = static_cast<std::uint32_t>(groups_.size());
        }
    }
    std::uint64_t bits = 0;
    for (Group& group : groups_) {
        if (bits + group.members.size() <= 64) {
            group.bit = static_cast<std::uint32_t>(bits);
            bits += group.members.size();
        }
    }
}

// Behind `after` in the order of calls; the first one if it is none. Real time first, then the
// lanes, of which only the heads may come.
std::uint32_t Searcher::next_known(std::uint32_t after) const {
    const bool in_real_time = after == none || operations_[after].lane == 0;
    if (in_real_time) {
        std::uint32_t next = after == none ? calls_.first() : calls_.next(after);
        while (next != none && operations_[next].called <= deadline()) {
            if (is_called(operations_[next])) {
                return next;
            }
            next = calls_.next(next);
        }
    }
    std::uint32_t head = in_real_time ? heads_.first() : heads_.next(after);
    while (head != none && !is_called(operations_[head])) {
        head = heads_.next(head);
    }
    return head;
}

Searcher::Choice Searcher::next_choice(Cursor cursor) const {
    if (!cursor.unknown) {
        const std::uint32_t operation = next_known(cursor.operation);
        if (operation != none) {
            cursor.operation = operation;
            return {operation, operations_[operation].does[0], none, cursor};
        }
        cursor.unknown = true;
    }
    for (; cursor.group < groups_.size(); ++cursor.group, cursor.choice = 0) {
        const Group& group = groups_[cursor.group];
        if (group.used == group.members.size()) {
            continue;
        }
        const std::uint32_t operation = group.members[group.used];
        const SearchOperation& one = operations_[operation];
        if (is_called(one) && cursor.choice < one.does.size()) {
            const StepId step = one.does[cursor.choice];
            const std::uint32_t in = cursor.group;
            ++cursor.choice;
            return {operation, step, in, cursor};
        }
    }
    return {};
}

bool Searcher::is_needless(const Choice& choice, StateId after) {
    const SearchOperation& next = operations_[choice.operation];
    if (choice.group != none && after == states_[next.part]) {
        return true;
    }
    if (stack_.empty() || stack_.back().at_once || stack_.back().group == none) {
        return false;
    }
    // `last` is unknown and took its part from `last.before`; `choice` was allowed there as well.
    const Frame& last = stack_.back();
    const std::uint32_t part = operations_[last.operation].part;
    const bool smaller = choice.group == none || choice.group < last.group ||
                         (choice.group == last.group && choice.step < last.step);
    if (choice.group == last.group && !(operations_[choice.operation].does.size() > 1)) {
        return false;  // two of a kind: their order is fixed already
    }
    if (part != next.part) {
        return smaller;
    }
    const StateId without = steps_.step(last.before, choice.step);
    if (without == after) {
        return true;
    }
    return smaller && without != no_state && steps_.step(without, last.step) == after;
}

void Searcher::take(std::uint32_t operation, StepId step, StateId after, std::uint32_t group,
    bool at_once, Cursor cursor) {
    const SearchOperation& one = operations_[operation];
    stack_.push_back({operation, step, states_[one.part], at_once, group, cursor});
    if (after != states_[one.part]) {
        toggle(word_of_state(one.part));
        states_[one.part] = after;
        toggle(word_of_state(one.part));
    }
    if (group != none) {
        Group& used = groups_[group];
        if (used.bit == none) {
            toggle(word_of_operation(operation));
        } else {
            used_ |= std::uint64_t{1} << (used.bit + used.used);
        }
        ++used.used;
        return;
    }
    toggle(word_of_operation(operation));
    done_[operation] = true;
    --known_left_;
    if (one.lane == 0) {
        calls_.take(operation);
    } else {
        heads_.take(operation);
        if (lane_next_[operation] != none) {
            heads_.insert_behind(operation, lane_next_[operation]);
        }
    }
    if (one.returned != never) {
        returns_.take(operation);
    }
}

void Searcher::undo() {
    const Frame frame = stack_.back();
    stack_.pop_back();
    best_same_ = std::min<std::uint64_t>(best_same_, stack_.size());
    const SearchOperation& one = operations_[frame.operation];
    if (frame.before != states_[one.part]) {
        toggle(word_of_state(one.part));
        states_[one.part] = frame.before;
        toggle(word_of_state(one.part));
    }
    if (frame.group != none) {
        Group& used = groups_[frame.group];
        --used.used;
        if (used.bit == none) {
            toggle(word_of_operation(frame.operation));
        } else {
            used_ &= ~(std::uint64_t{1} << (used.bit + used.used));
        }
        return;
    }
    toggle(word_of_operation(frame.operation));
    done_[frame.operation] = false;
    ++known_left_;
    if (one.returned != never) {
        returns_.put_back(frame.operation);
    }
    if (one.lane == 0) {
        calls_.put_back(frame.operation);
    } else {
        if (lane_next_[frame.operation] != none) {
            heads_.take(lane_next_[frame.operation]);
        }
        heads_.put_back(frame.operation);
    }
}

// Until no observation that may come next is true.
void Searcher::take_observations() {
    for (bool again = true; again;) {
        again = false;
        std::uint32_t at = next_known(none);
        while (at != none && !must_stop()) {
            const SearchOperation& one = operations_[at];
            const bool is_true = one.observes && state_after(at, one.does[0]) == states_[one.part];
            if (is_true) {
                take(at, one.does[0], states_[one.part], none, true, {});
                again = true;
            }
            // The links of one that was taken still lead on. What its return held back, and who
            // comes behind it in its lane, is seen in the next round.
            at = next_known(at);
        }
    }
}

// False if nothing new can be found from here.
bool Searcher::enter() {
    take_observations();
    remember();
    return known_left_ == 0 || visited_.add(key_, used_);
}

// Takes back the last choice and all that followed from it; false if there is none.
bool Searcher::go_back(Cursor& cursor) {
    while (!stack_.empty()) {
        const bool was_choice = !stack_.back().at_once;
        cursor = stack_.back().cursor;
        undo();
        if (was_choice) {
            return true;
        }
    }
    return false;
}

// Keeps the order if it is the best one so far. Only what has changed since is copied.
void Searcher::remember() {
    const std::uint64_t at = deadline();
    const std::uint64_t count = known_ - known_left_;
    const bool further = !has_best_ || at > best_deadline_;
    if (further || (at == best_deadline_ && count > best_done_)) {
        best_.resize(best_same_);
        best_.insert(
            best_.end(), stack_.begin() + static_cast<std::ptrdiff_t>(best_same_), stack_.end());
        best_same_ = stack_.size();
        best_done_ = count;
        has_best_ = true;
    }
    if (further) {
        best_deadline_ = at;
        result_.stuck_states.clear();
        result_.stuck = returns_.first();
    }
    if (at == best_deadline_ && result_.stuck != none) {
        const StateId state = states_[operations_[result_.stuck].part];
        auto& known = result_.stuck_states;
        if (known.size() < stuck_states_max &&
            std::find(known.begin(), known.end(), state) == known.end()) {
            known.push_back(state);
        }
    }
}

std::uint64_t Searcher::bytes() const {
    const std::uint64_t each = sizeof(SearchOperation) + 4 * sizeof(StepId) + 40;
    return operations_.size() * each + visited_.bytes() + visited_.bytes_to_grow() +
           steps_.bytes() + (stack_.capacity() + best_.capacity()) * sizeof(Frame);
}

bool Searcher::must_stop() {
    const std::uint64_t work = result_.steps + steps_.work() - work_before_;
    if (stopped_ || work < next_question_) {
        return stopped_;
    }
    next_question_ = work + work_between_questions;
    spent_ = budget_.spent(bytes());
    stopped_ = spent_ || work > limits_.work_max;
    return stopped_;
}

// What may come next at the end of the best order and is refused there.
void Searcher::tell_refused() {
    while (!stack_.empty()) {
        undo();
    }
    for (const Frame& frame : best_) {
        const StateId after = state_after(frame.operation, frame.step);
        take(frame.operation, frame.step, after, frame.group, frame.at_once, frame.cursor);
    }
    for (std::uint32_t at = next_known(none); at != none; at = next_known(at)) {
        if (state_after(at, operations_[at].does[0]) == no_state) {
            result_.refused.push_back(at);
        }
    }
}

SearchResult Searcher::run() {
    enter();
    Cursor cursor;
    while (known_left_ > 0) {
        if (must_stop()) {
            result_.end = spent_ ? SearchEnd::spent : SearchEnd::work_max;
            break;
        }
        const Choice choice = next_choice(cursor);
        if (choice.operation == none) {
            if (!go_back(cursor)) {
                result_.end = SearchEnd::none;
                break;
            }
            continue;
        }
        cursor = choice.behind;
        const StateId after = state_after(choice.operation, choice.step);
        if (after == no_state || is_needless(choice, after)) {
            continue;
        }
        take(choice.operation, choice.step, after, choice.group, false, cursor);
        if (enter()) {
            cursor = {};
        } else {
            go_back(cursor);
        }
    }
    if (known_left_ == 0) {
        result_.end = SearchEnd::found;
    }
    tell_refused();
    for (const Frame& frame : best_) {
        result_.order.push_back({frame.operation, frame.step, 0});
    }
    std::vector<StateId> states = problem_.initial;
    for (FoundStep& step : result_.order) {
        StateId& state = states[operations_[step.operation].part];
        state = steps_.step(state, step.step);
        step.state = state;
    }
    return std::move(result_);
}

}  // namespace

SearchResult search(
    const SearchProblem& problem, StepTable& steps, const SearchLimits& limits, Budget& budget) {
    return Searcher(problem, steps, limits, budget).run();
}

}  // namespace ledger::check
