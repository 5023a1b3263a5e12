#include "sim/check/transactions/dependency_graph.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"

namespace ledger::check {

std::uint64_t DependencyGraph::bytes() const {
    return 2 * edges_.capacity() * sizeof(Edge) + nodes_ * sizeof(std::uint32_t);
}

void DependencyGraph::add(const Edge& edge) {
    LEDGER_ASSERT(edge.from < nodes_ && edge.to < nodes_);
    LEDGER_ASSERT(is_junction(edge.from) == (edge.kind == EdgeKind::onward));
    if (edge.from != edge.to) {
        edges_.push_back(edge);
        supports_ |= 1u << static_cast<unsigned>(edge.support);
    }
}

void DependencyGraph::add_after(const After& after) {
    if (after.successors.empty()) {
        return;
    }
    // Both sorted, to tell apart readers that are successors themselves.
    std::vector<std::uint32_t> readers = after.readers;
    std::sort(readers.begin(), readers.end());
    readers.erase(std::unique(readers.begin(), readers.end()), readers.end());
    const auto reads = [&readers](std::uint32_t transaction) {
        return std::binary_search(readers.begin(), readers.end(), transaction);
    };
    std::vector<std::uint32_t> writers;  // the successors
    std::vector<const After::Successor*> both;
    const std::uint32_t everyone = add_junction();
    const std::uint32_t strangers = add_junction();  // successors that did not read the version
    add({everyone, strangers, EdgeKind::onward, Support::data, {}});
    const auto label = [&after](const After::Successor& successor) {
        return EdgeLabel{after.key, after.version, successor.version, successor.why};
    };
    for (const After::Successor& successor : after.successors) {
        const bool is_reader = reads(successor.transaction);
        if (is_reader && successor.support != Support::data) {
            continue;
        }
        if (is_reader) {
            both.push_back(&successor);
        }
        writers.push_back(successor.transaction);
        add({is_reader ? everyone : strangers, successor.transaction, EdgeKind::onward,
            successor.support, label(successor)});
    }
    std::sort(writers.begin(), writers.end());
    const auto writes = [&writers](std::uint32_t transaction) {
        return std::binary_search(writers.begin(), writers.end(), transaction);
    };
    const EdgeLabel read{after.key, after.version, EdgeLabel::none, EdgeLabel::none};
    for (const std::uint32_t reader : readers) {
        add({reader, writes(reader) ? strangers : everyone, EdgeKind::rw, Support::data, read});
    }
    for (std::uint64_t i = 0; both.size() > 1 && i < both.size(); ++i) {
        const After::Successor& next = *both[(i + 1) % both.size()];
        add({both[i]->transaction, next.transaction, EdgeKind::rw, Support::data, label(next)});
    }
    for (const Support support : after.writer_supports) {
        if (!writes(after.writer)) {
            add({after.writer, everyone, EdgeKind::ww, support, read});
            continue;
        }
        for (const After::Successor& successor : after.successors) {
            if (successor.support == Support::data || successor.support == support) {
                add({after.writer, successor.transaction, EdgeKind::ww, support, label(successor)});
            }
        }
    }
}

void DependencyGraph::add_order(std::span<const Span> spans, Support support) {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> returns;
    for (const Span& span : spans) {
        if (span.returned != UINT64_MAX) {
            returns.emplace_back(span.returned, span.node);
        }
    }
    std::sort(returns.begin(), returns.end());
    // A junction stands between returns and the calls after them; each leads to the next one, so
    // that whatever returned in front of a junction reaches all calls behind it.
    std::uint32_t junction = EdgeLabel::none;
    std::uint64_t done = 0;
    for (const Span& span : spans) {
        if (done < returns.size() && returns[done].first < span.called) {
            const std::uint32_t next = add_junction();
            if (junction != EdgeLabel::none) {
                add({junction, next, EdgeKind::onward, support, {}});
            }
            junction = next;
        }
        for (; done < returns.size() && returns[done].first < span.called; ++done) {
            add({returns[done].second, junction, EdgeKind::order, support, {}});
        }
        if (junction != EdgeLabel::none) {
            add({junction, span.node, EdgeKind::onward, support, {}});
        }
    }
}

void DependencyGraph::finish() {
    begin_.assign(nodes_ + 1, 0);
    for (const Edge& edge : edges_) {
        ++begin_[edge.from + 1];
    }
    for (std::uint32_t node = 0; node < nodes_; ++node) {
        begin_[node + 1] += begin_[node];
    }
    std::vector<std::uint32_t> at(begin_.begin(), begin_.end() - 1);
    std::vector<Edge> sorted(edges_.size());
    for (const Edge& edge : edges_) {
        sorted[at[edge.from]++] = edge;
    }
    edges_ = std::move(sorted);
}

}  // namespace ledger::check
