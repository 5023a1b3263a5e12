#include "sim/explore/core/search.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"

namespace ledger::sim {

// ---- the queue

void StateQueue::push(const CoreState& state) {
    if (chunks_.empty() ||
        chunks_.back().size() + core_nodes_max + core_packets_max + 4 > chunk_words) {
        chunks_.emplace_back().reserve(chunk_words);
    }
    std::vector<std::uint32_t>& words = chunks_.back();
    std::uint64_t spent = state.packets_count;
    for (const std::uint8_t count : state.spent) {
        spent = (spent << 4) | count;
    }
    words.push_back(static_cast<std::uint32_t>(spent));
    words.push_back(static_cast<std::uint32_t>(spent >> 32));
    words.push_back(state.record);
    words.insert(words.end(), state.nodes.begin(), state.nodes.begin() + nodes_);
    const std::span<const PacketNumber> packets = state.packets_in_flight();
    words.insert(words.end(), packets.begin(), packets.end());
    ++size_;
}

std::uint32_t StateQueue::next_word() {
    const std::uint32_t word = chunks_[first_][at_];
    ++at_;
    return word;
}

CoreState StateQueue::pop() {
    LEDGER_ASSERT(size_ > 0);
    if (at_ == chunks_[first_].size()) {
        chunks_[first_] = {};
        ++first_;
        at_ = 0;
    }
    CoreState state;
    std::uint64_t spent = next_word();
    spent |= static_cast<std::uint64_t>(next_word()) << 32;
    for (std::size_t i = spent_count; i-- > 0;) {
        state.spent[i] = spent & 15;
        spent >>= 4;
    }
    state.packets_count = static_cast<std::uint8_t>(spent);
    state.record = next_word();
    for (std::uint32_t i = 0; i < nodes_; ++i) {
        state.nodes[i] = next_word();
    }
    for (std::uint32_t i = 0; i < state.packets_count; ++i) {
        state.packets[i] = next_word();
    }
    --size_;
    return state;
}

// ---- the search

CoreSearch::CoreSearch(CoreSteps& steps, PrintStore& seen, Options options)
    : steps_(steps), seen_(seen), options_(std::move(options)) {
    LEDGER_ASSERT(seen.size() == 0);
}

SearchResult CoreSearch::run() {
    result_.counts.distinct = 1;
    edges_.push_back({});
    if (options_.order == SearchOrder::breadth) {
        breadth_first();
    } else {
        depth_first();
    }
    return std::move(result_);
}

std::uint64_t CoreSearch::bytes() const {
    return seen_.bytes() + queue_bytes_ + edges_.size() * sizeof(Edge) + steps_.tables().bytes();
}

bool CoreSearch::goes_on() {
    const std::uint64_t used = bytes();
    if (used > options_.memory_max) {
        result_.end = SearchEnd::no_memory;
        return false;
    }
    if (options_.watch && !options_.watch(result_.counts, used)) {
        result_.end = SearchEnd::stopped;
        return false;
    }
    return true;
}

void CoreSearch::end_at(const Successor& last, SearchEnd end) {
    result_.end = end;
    result_.violation = std::string(last.violation);
    result_.actions = way_to_current();
    result_.actions.push_back(last.action);
    result_.counts.depth = static_cast<std::uint32_t>(result_.actions.size());
}

CoreSearch::Edge CoreSearch::edge(std::uint32_t parent, const CoreAction& action) const {
    const std::uint64_t packed = pack(action);
    return {parent, static_cast<std::uint32_t>(packed), static_cast<std::uint32_t>(packed >> 32)};
}

CoreState CoreSearch::begin() {
    CoreState state = steps_.first();
    for (const CoreAction& action : options_.before) {
        const Successor* const next = steps_.successor(state, action);
        LEDGER_ASSERT(next != nullptr);
        state = next->state;
    }
    return state;
}

std::vector<CoreAction> CoreSearch::way_to(std::uint32_t number) const {
    std::vector<CoreAction> way;
    while (number != 0) {
        const Edge& edge = edges_[number];
        way.push_back(
            unpack_action(edge.action_low | (static_cast<std::uint64_t>(edge.action_high) << 32)));
        number = edge.parent;
    }
    way.insert(way.end(), options_.before.rbegin(), options_.before.rend());
    std::reverse(way.begin(), way.end());
    return way;
}

std::vector<CoreAction> CoreSearch::way_to_current() const {
    if (options_.order == SearchOrder::breadth) {
        return way_to(current_);
    }
    std::vector<CoreAction> way = options_.before;
    for (std::size_t i = 0; i + 1 < path_.size(); ++i) {
        way.push_back(path_[i].next[path_[i].at - 1].action);
    }
    return way;
}

// False if the search is over.
bool CoreSearch::expand(const CoreState& state, std::uint32_t number, StateQueue& next) {
    current_ = number;
    const std::span<const Successor> found = steps_.successors(state);
    ++result_.counts.expanded;
    for (const Successor& one : found) {
        seen_.expect(one.print);
    }
    for (const Successor& one : found) {
        ++result_.counts.generated;
        if (!one.violation.empty()) {
            end_at(one, SearchEnd::violated);
            return false;
        }
        if (one.target) {
            end_at(one, SearchEnd::reached);
            return false;
        }
        const std::optional<bool> fresh = seen_.insert(one.print);
        if (!fresh) {
            result_.end = SearchEnd::no_memory;
            return false;
        }
        if (*fresh) {
            ++result_.counts.distinct;
            edges_.push_back(edge(number, one.action));
            next.push(one.state);
        }
    }
    return true;
}

void CoreSearch::breadth_first() {
    const std::uint32_t nodes = steps_.bounds().nodes;
    const CoreState first = begin();
    (void)seen_.insert(steps_.print_of(first));
    StateQueue level(nodes);
    level.push(first);
    std::uint32_t number = 0;
    while (!level.empty()) {
        result_.counts.levels.push_back(level.size());
        if (result_.counts.depth == steps_.bounds().depth) {
            result_.counts.cut_by_depth = level.size();
            return;
        }
        StateQueue next(nodes);
        while (!level.empty()) {
            const CoreState state = level.pop();
            if (!expand(state, number, next)) {
                return;
            }
            ++number;
            if (number % options_.watch_every == 0) {
                result_.counts.queue = level.size() + next.size();
                queue_bytes_ = level.bytes() + next.bytes();
                if (!goes_on()) {
                    return;
                }
            }
        }
        result_.counts.queue = next.size();
        if (!next.empty()) {
            ++result_.counts.depth;
        }
        std::swap(level, next);
    }
}

void CoreSearch::depth_first() {
    const CoreState first = begin();
    (void)seen_.insert(steps_.print_of(first));
    const auto enter = [this](const CoreState& state) {
        Frame& frame = path_.emplace_back();
        frame.state = state;
        const auto depth = static_cast<std::uint32_t>(path_.size() - 1);
        result_.counts.depth = std::max(result_.counts.depth, depth);
        if (depth == steps_.bounds().depth) {
            ++result_.counts.cut_by_depth;
            return;
        }
        const std::span<const Successor> found = steps_.successors(state);
        frame.next.assign(found.begin(), found.end());
        ++result_.counts.expanded;
    };
    enter(first);
    while (!path_.empty()) {
        Frame& frame = path_.back();
        if (frame.at == frame.next.size()) {
            path_.pop_back();
            continue;
        }
        const Successor next = frame.next[frame.at];
        ++result_.counts.generated;
        if (!next.violation.empty() || next.target) {
            // The frame's own place still stands before `next`.
            end_at(next, next.target ? SearchEnd::reached : SearchEnd::violated);
            return;
        }
        ++frame.at;
        const std::optional<bool> fresh = seen_.insert(next.print);
        if (!fresh) {
            result_.end = SearchEnd::no_memory;
            return;
        }
        if (!*fresh) {
            continue;
        }
        ++result_.counts.distinct;
        enter(next.state);
        if (result_.counts.distinct % options_.watch_every == 0 && !goes_on()) {
            return;
        }
    }
}

}  // namespace ledger::sim
