#pragma once
// Dependency graph: which transaction must stand before which one, and why.

#include <cstdint>
#include <span>
#include <vector>

namespace ledger::check {

enum class EdgeKind : std::uint8_t {
    ww = 1,  // the later one wrote over what the earlier one wrote
    wr,      // the later one read what the earlier one wrote
    rw,      // the earlier one read what the later one wrote over
    order,   // the earlier one returned before the later one was called
    onward,  // out of a junction: what the edge into the junction says goes on here
};

// What an edge rests on. What rests on an order binds only levels that promise this order. `shown`:
// that one version comes after another was concluded from a read that saw the later one, not from
// the transaction that wrote it.
enum class Support : std::uint8_t { data = 0, session, realtime, session_shown, realtime_shown };

// What explains an edge; the model that made it knows what the numbers mean.
struct EdgeLabel {
    static constexpr std::uint32_t none = UINT32_MAX;
    std::uint32_t key = none;
    std::uint32_t before = none;  // the version at the tail
    std::uint32_t after = none;   // the version at the head
    std::uint32_t why = none;     // how one knows that `before` comes before `after`
};

struct Edge {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    EdgeKind kind = EdgeKind::ww;
    Support support = Support::data;
    EdgeLabel label;
};

// When a transaction was called and returned; UINT64_MAX = it never did.
struct Span {
    std::uint32_t node = 0;
    std::uint64_t called = 0;
    std::uint64_t returned = UINT64_MAX;
};

// Nodes 0 .. transactions-1 are transactions, those after them junctions: many edges in times many
// edges out would be too many, so they meet in a junction, whose edges out are all `onward`. A walk
// from transaction to transaction through junctions is one edge, of the kind it begins with.
class DependencyGraph {
  public:
    explicit DependencyGraph(std::uint32_t transactions)
        : transactions_(transactions), nodes_(transactions) {}

    std::uint32_t transactions() const { return transactions_; }
    std::uint32_t nodes() const { return nodes_; }
    bool is_junction(std::uint32_t node) const { return node >= transactions_; }
    std::uint64_t bytes() const;
    bool has(Support support) const {
        return (supports_ >> static_cast<unsigned>(support) & 1) != 0;
    }

    std::uint32_t add_junction() { return nodes_++; }
    // Edges from a transaction to itself say nothing and are left out.
    void add(const Edge& edge);

    // What is known of all that comes after one version of a key.
    struct After {
        std::uint32_t key = 0;
        std::uint32_t version = 0;               // of the label
        std::vector<std::uint32_t> readers;      // transactions that read this version
        std::uint32_t writer = EdgeLabel::none;  // wrote it
        std::vector<Support> writer_supports;    // an edge of each is wanted from the writer
        struct Successor {
            std::uint32_t transaction = 0;
            std::uint32_t version = 0;  // written by it, some time after After::version
            Support support = Support::data;
            std::uint32_t why = EdgeLabel::none;
        };
        // No transaction twice with the same support. Those that are readers too have Support::data
        // or are left out.
        std::vector<Successor> successors;
    };
    // rw from all readers and ww from the writer to all successors but themselves. In linear size:
    // if several readers are successors too they get a ring instead of edges from each to each;
    // that is a lost update, which the caller tells of.
    void add_after(const After& after);

    // `order` edges between all of which one returned before the other was called (equal times are
    // concurrent), in linear size. `spans` in the order of calls.
    void add_order(std::span<const Span> spans, Support support);

    // Ends the making; edges are then known by their tails.
    void finish();
    std::span<const Edge> from(std::uint32_t node) const {
        return std::span(edges_).subspan(begin_[node], begin_[node + 1] - begin_[node]);
    }
    std::uint32_t first_edge(std::uint32_t node) const { return begin_[node]; }
    const Edge& edge(std::uint32_t number) const { return edges_[number]; }
    std::uint32_t edges() const { return static_cast<std::uint32_t>(edges_.size()); }

  private:
    std::uint32_t transactions_;
    std::uint32_t nodes_;
    std::uint32_t supports_ = 0;        // a bit per Support of an edge
    std::vector<Edge> edges_;           // sorted by tail after finish()
    std::vector<std::uint32_t> begin_;  // per node its first edge; one more at the end
};

}  // namespace ledger::check
