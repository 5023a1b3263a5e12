#include "sim/check/committed_log.h"

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/state/command_view.h"
#include "log/state/outcome.h"
#include "sim/check/names.h"

namespace ledger::check {
namespace {

// The revision claimed for each event continues its stream.
Finding revisions_continue(NodeId node, Index index, const Order& order,
    std::span<const Order::NewEvent> events, const state::Appended& claimed) {
    for (std::size_t i = 0; i < events.size(); ++i) {
        std::uint64_t expected = order.stream_length(events[i].stream);
        for (std::size_t before = 0; before < i; ++before) {
            expected += events[before].stream == events[i].stream ? 1u : 0u;
        }
        if (claimed.revisions[i].value != expected) {
            return fmt::format(
                "{} gave event {} at index {} revision {} of stream {}, which has {}",
                node_name(node), event_name(events[i].id), index, claimed.revisions[i],
                order.name(events[i].stream), plural(expected, "event"));
        }
    }
    return std::nullopt;
}

// Past decisions may be answered again: the outcome of a repeated command is the stored one.
bool is_stored_answer(
    const Order& order, const state::AppendView& append, const state::Appended& claimed) {
    if (append.session.value == 0) {
        return false;
    }
    if (claimed.events == 0) {
        return append.event_count == 0 && claimed.first.value <= order.length();
    }
    if (claimed.first.value >= order.length()) {
        return false;
    }
    const OrderedAppend& stored = order.append_of(claimed.first);
    return stored.first == claimed.first && stored.events == claimed.events &&
           stored.session == append.session && stored.sequence == append.sequence;
}

}  // namespace

Finding CommittedLog::applied(NodeId node, Index index, Term term, EntryKind kind,
    const Digest& entry_hash, const Hash128& state_digest, const EntryRef* entry,
    ByteSpan outcome) {
    if (Finding finding = in_order(node, index)) {
        return tally_.violated(std::move(*finding));
    }
    applied_by_[node.value] = index;
    const CommittedEntry seen{.term = term,
        .kind = kind,
        .first_by = node,
        .entry_hash = entry_hash,
        .envelope_digest = {},
        .state_digest = state_digest};
    if (!wants(index)) {
        tally_.examined();
        Finding finding = compare(node, index, seen);
        return finding ? tally_.violated(std::move(*finding)) : std::nullopt;
    }
    LEDGER_ASSERT(entry != nullptr);
    Finding finding = define(node, index, seen, *entry, outcome);
    return finding ? tally_.violated(std::move(*finding)) : std::nullopt;
}

void CommittedLog::restarted(NodeId node) {
    if (node.value < applied_by_.size()) {
        applied_by_[node.value] = Index{};
    }
}

void CommittedLog::restored(NodeId node, Index index) {
    if (applied_by_.size() <= node.value) {
        applied_by_.resize(node.value + 1);
    }
    applied_by_[node.value] = index;
}

Index CommittedLog::applied_by(NodeId node) const {
    return node.value < applied_by_.size() ? applied_by_[node.value] : Index{};
}

const CommittedEntry& CommittedLog::entry(Index index) const {
    LEDGER_ASSERT(index.value >= 1);
    LEDGER_ASSERT(index <= last());
    return entries_[index.value - 1];
}

Index CommittedLog::index_of(Position position) const {
    return order_.append_of(position).index;
}

Finding CommittedLog::in_order(NodeId node, Index index) {
    LEDGER_ASSERT(node.value != 0);
    if (applied_by_.size() <= node.value) {
        applied_by_.resize(node.value + 1);
    }
    const Index before = applied_by_[node.value];
    if (index == before.next()) {
        return std::nullopt;
    }
    // From here on the node is followed from where it claims to be.
    applied_by_[node.value] = index;
    return fmt::format("{} applied index {} after index {}: it {}", node_name(node), index, before,
        index <= before ? "went back without a restart" : "skipped entries");
}

Finding CommittedLog::define(NodeId node, Index index, const CommittedEntry& identity,
    const EntryRef& entry, ByteSpan outcome) {
    if (index != last().next()) {
        return fmt::format("{} applied index {}, but nobody has applied index {}", node_name(node),
            index, last().next());
    }
    LEDGER_ASSERT(entry.index == index);
    entries_.push_back(identity);
    entries_.back().envelope_digest = entry.handle.envelope_digest();
    if (index.value > 1 && identity.term < entries_[index.value - 2].term) {
        return fmt::format(
            "{} applied index {} of term {} after index {} of term {}: terms of "
            "committed entries never fall",
            node_name(node), index, identity.term, index.previous(),
            entries_[index.value - 2].term);
    }
    if (entry.cluster_time < cluster_time_ || entry.wall_time < wall_time_) {
        return fmt::format(
            "{} applied index {} whose {} lies before that of index {}: replicated clocks never "
            "go back",
            node_name(node), index,
            entry.cluster_time < cluster_time_ ? "cluster time" : "wall time", index.previous());
    }
    cluster_time_ = entry.cluster_time;
    wall_time_ = entry.wall_time;
    return entry.kind == EntryKind::command ? extend_order(node, index, entry, outcome)
                                            : std::nullopt;
}

Finding CommittedLog::extend_order(
    NodeId node, Index index, const EntryRef& entry, ByteSpan outcome) {
    const Result<state::Outcome> decided = state::decode_outcome(outcome);
    if (!decided) {
        return fmt::format(
            "{} gave the command at index {} no readable outcome", node_name(node), index);
    }
    const auto* claimed = std::get_if<state::Appended>(&*decided);
    if (claimed == nullptr) {
        return std::nullopt;
    }
    const Result<state::CommandView> command = state::view_command(entry.handle.envelope());
    const auto* append = command ? std::get_if<state::AppendView>(&*command) : nullptr;
    if (append == nullptr) {
        return fmt::format(
            "{} answered the command at index {} with positions, but it is no append",
            node_name(node), index);
    }
    if (is_stored_answer(order_, *append, *claimed)) {
        return std::nullopt;
    }
    if (claimed->first.value != order_.length()) {
        return fmt::format(
            "{} gave the append at index {} position {}, but the ledger had {}: "
            "positions are dense",
            node_name(node), index, claimed->first, plural(order_.length(), "event"));
    }
    if (claimed->events != append->event_count || claimed->revisions.size() != claimed->events) {
        return fmt::format("{} answered the append of {} at index {} with {}", node_name(node),
            plural(append->event_count, "event"), index, plural(claimed->events, "position"));
    }
    std::vector<StreamNumber> streams;
    for (state::StreamCursor cursor(*append); !cursor.done();) {
        streams.push_back(order_.stream(cursor.next().name));
    }
    std::vector<Order::NewEvent> events;
    for (state::EventCursor cursor(*append); !cursor.done();) {
        const state::EventView event = cursor.next();
        events.push_back({event.id, streams[event.stream]});
    }
    if (events.empty()) {
        return std::nullopt;
    }
    Finding finding = revisions_continue(node, index, order_, events, *claimed);
    order_.push(index, append->session, append->sequence, events);
    return finding;
}

Finding CommittedLog::compare(NodeId node, Index index, const CommittedEntry& seen) {
    const CommittedEntry& known = entry(index);
    const std::string here = node_name(node);
    const std::string there = node == known.first_by
                                  ? fmt::format("{} in an earlier life", node_name(known.first_by))
                                  : node_name(known.first_by);
    if (seen.term != known.term || seen.kind != known.kind) {
        return fmt::format(
            "{} applied a {} entry of term {} at index {}, where {} had applied a {} entry of "
            "term {}",
            here, to_text(seen.kind), seen.term, index, there, to_text(known.kind), known.term);
    }
    if (seen.entry_hash != known.entry_hash) {
        return fmt::format(
            "{} applied an entry with hash {} at index {} (term {}), where {} had applied one "
            "with hash {}",
            here, short_hash(seen.entry_hash), index, seen.term, there,
            short_hash(known.entry_hash));
    }
    if (seen.state_digest != known.state_digest) {
        return fmt::format(
            "{} and {} applied the same entry at index {} but decided differently: state digest "
            "{} against {}",
            here, there, index, short_hash(seen.state_digest), short_hash(known.state_digest));
    }
    return std::nullopt;
}

}  // namespace ledger::check
