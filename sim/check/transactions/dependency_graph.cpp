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
    }
}

void DependencyGraph::add_after(const After& after) {
    if (after.successors.empty()) {
        return;
    }
    // Both sorted, to tell apart readers that are successors themselves.
    std::vector<After::Successor> successors = after.successors;
    std::sort(successors.begin(), successors.end(),
        [](const auto& a, const auto& b) { return a.transaction < b.transaction; });
    std::vector<std::uint32_t> readers = after.readers;
    std::sort(readers.begin(), readers.end());
    readers.erase(std::unique(readers.begin(), readers.end()), readers.end());
    const EdgeLabel read{after.key, after.version, EdgeLabel::none, EdgeLabel::none};

    const std::uint32_t everyone = add_junction();
    const std::uint32_t strangers = add_junction();  // successors that did not read the version
    std::vector<const After::Successor*> both;
    add({everyone, strangers, EdgeKind::onward, Support::data, {}});
    for (const After::Successor& successor : successors) {
        const bool reads = std::binary_search(readers.begin(), readers.end(), successor.transaction);
        if (reads) {
            both.push_back(&successor);
        }
        add({reads ? everyone : strangers, successor.transaction, EdgeKind::onward,
            successor.support, {after.key, after.version, successor.version, successor.why}});
    }
    const auto is_successor = [&](std::uint32_t transaction) {
        const auto at = std::lower_bound(successors.begin(), successors.end(), transaction,
            [](const auto& a, std::uint32_t b) { return a.transaction < b; });
        return at != successors.end() && at->transaction == transaction;
    };
    for (const std::uint32_t reader : readers) {
        add({reader, is_successor(reader) ? strangers : everyone, EdgeKind::rw, Support::data, read});
    }
    for (std::uint64_t i = 0; both.size() > 1 && i < both.size(); ++i) {
        const After::Successor& next = *both[(i + 1) % both.size()];
        add({both[i]->transaction, next.transaction, EdgeKind::rw, next.support,
            {after.key, after.version, next.version, next.why}});
    }
    if (after.writer == EdgeLabel::none) {
        return;
    }
    if (!is_successor(after.writer)) {
        add({after.writer, everyone, EdgeKind::ww, after.writer_support, read});
        return;
    }
    for (const After::Successor& successor : successors) {
        add({after.writer, successor.transaction, EdgeKind::ww,
            std::max(after.writer_support, successor.support),
            {after.key, after.version, successor.version, successor.why}});
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
