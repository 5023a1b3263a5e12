#include "sim/check/transactions/components.h"

#include <algorithm>

namespace ledger::check {
namespace {

// Tarjan's algorithm with a stack of our own: a history has more transactions than a thread frames.
class Tarjan {
  public:
    Tarjan(const DependencyGraph& graph, const WalkRule& rule, const Components* outer)
        : graph_(graph), rule_(rule), outer_(outer) {
        const std::uint64_t states = 2 * std::uint64_t{graph.nodes()};
        out_.of.assign(states, Components::none);
        number_.assign(states, 0);
        low_.assign(states, 0);
    }

    Components run(Effort& effort) {
        const int states = rule_.nonadjacent ? 2 : 1;
        if (outer_ == nullptr) {
            for (std::uint32_t node = 0; node < graph_.nodes(); ++node) {
                visit_all(node, states, effort);
            }
        } else {
            for (const auto& component : outer_->states) {
                for (const std::uint32_t state : component) {
                    visit_all(state / 2, states, effort);
                }
            }
        }
        return std::move(out_);
    }

  private:
    struct Frame {
        std::uint32_t state = 0;
        std::uint32_t edge = 0;  // the next to look at
    };

    void visit_all(std::uint32_t node, int states, Effort& effort) {
        for (int state = 0; state < states; ++state) {
            const std::uint32_t begin = 2 * node + static_cast<std::uint32_t>(state);
            if (number_[begin] == 0 && !effort.spent()) {
                visit(begin, effort);
            }
        }
    }

    bool inside(const Edge& edge) const {
        return outer_ == nullptr || (outer_->at(edge.from, 0) == outer_->at(edge.to, 0) &&
                                        outer_->at(edge.to, 0) != Components::none);
    }

    void open(std::uint32_t state) {
        number_[state] = low_[state] = ++count_;
        path_.push_back(state);
        frames_.push_back({state, graph_.first_edge(state / 2)});
    }

    void visit(std::uint32_t begin, Effort& effort) {
        open(begin);
        while (!frames_.empty()) {
            Frame& frame = frames_.back();
            const std::uint32_t state = frame.state;
            if (frame.edge == graph_.first_edge(state / 2 + 1)) {
                frames_.pop_back();
                close(state);
                if (!frames_.empty()) {
                    std::uint32_t& low = low_[frames_.back().state];
                    low = std::min(low, low_[state]);
                }
                continue;
            }
            const Edge& edge = graph_.edge(frame.edge++);
            const int after = rule_.after(edge, static_cast<int>(state % 2));
            if (after < 0 || !inside(edge) || !effort.step()) {
                continue;
            }
            const std::uint32_t next = 2 * edge.to + static_cast<std::uint32_t>(after);
            if (number_[next] == 0) {
                open(next);
            } else if (number_[next] != closed) {
                low_[state] = std::min(low_[state], number_[next]);
            }
        }
    }

    // All that was opened after `state` is a component, if nothing leads further up.
    void close(std::uint32_t state) {
        if (low_[state] != number_[state]) {
            return;
        }
        const bool alone = path_.back() == state;
        if (!alone) {
            out_.states.emplace_back();
        }
        for (;;) {
            const std::uint32_t top = path_.back();
            path_.pop_back();
            number_[top] = closed;
            if (!alone) {
                out_.of[top] = static_cast<std::uint32_t>(out_.states.size());
                out_.states.back().push_back(top);
            }
            if (top == state) {
                break;
            }
        }
        if (!alone) {
            std::sort(out_.states.back().begin(), out_.states.back().end());
        }
    }

    static constexpr std::uint32_t closed = UINT32_MAX;

    const DependencyGraph& graph_;
    const WalkRule rule_;
    const Components* const outer_;
    Components out_;
    std::vector<std::uint32_t> number_;  // 0 = not seen
    std::vector<std::uint32_t> low_;
    std::vector<std::uint32_t> path_;
    std::vector<Frame> frames_;
    std::uint32_t count_ = 0;
};

}  // namespace

Components components_of(
    const DependencyGraph& graph, const WalkRule& rule, const Components* outer, Effort& effort) {
    return Tarjan(graph, rule, outer).run(effort);
}

}  // namespace ledger::check
