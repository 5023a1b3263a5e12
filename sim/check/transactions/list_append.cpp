#include "sim/check/transactions/list_append.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "sim/check/transactions/append_orders.h"
#include "sim/check/transactions/cycle_text.h"
#include "sim/check/transactions/cycles.h"
#include "sim/check/transactions/graph_order.h"

namespace ledger::check {
namespace {

constexpr std::uint32_t none = RecordedAppend::none;

// How far a transaction saw a list beyond what it appended itself.
struct ExternalRead {
    std::uint32_t key = 0;
    std::uint32_t length = 0;
    std::uint32_t transaction = 0;
    bool appends = false;  // it appended to the list afterwards
};

class ListAppend {
  public:
    ListAppend(const Transactions& transactions, Anomalies& anomalies, Effort& effort)
        : transactions_(transactions),
          anomalies_(anomalies),
          effort_(effort),
          orders_(transactions, anomalies, effort),
          graph_(static_cast<std::uint32_t>(transactions.all.size())),
          views_(transactions.keys.size()) {}

    Coverage run();

  private:
    // What one transaction knows of one list so far.
    struct View {
        std::uint32_t transaction = none;  // whose this is
        std::vector<std::uint32_t> own;    // its appends
        std::uint32_t length = none;       // of the list before its own appends, as it read it
        std::uint64_t shown = 0;           // elements in its longest read
        bool appends_after_read = false;
        bool wrong = false;  // it contradicts itself, so nothing follows from its reads
    };

    View& view_of(std::uint32_t transaction, std::uint32_t key);
    void examine(std::uint32_t transaction);
    void examine_append(std::uint32_t number, View& view);
    void examine_read(
        std::uint32_t transaction, std::uint32_t key, const ValueList& list, View& view);
    void find_aborted(std::uint32_t transaction, std::uint32_t key, const ValueList& list);
    void add_aborted(std::uint32_t transaction, std::uint32_t append);
    void find_intermediate(std::uint32_t transaction, std::uint32_t key, std::uint64_t length);
    void find_lost_updates();
    void connect(std::uint32_t key);
    void connect_read(const ExternalRead& read, std::vector<std::uint32_t>& of_last);
    std::string reason(const CycleStep& step) const;
    void find_cycles_of_data();

    std::string name(std::uint32_t t) const { return transactions_.name(t); }
    std::uint64_t id(std::uint32_t t) const { return transactions_.all[t].id; }
    std::uint32_t writer(std::uint32_t append) const { return orders_.append(append).transaction; }

    const Transactions& transactions_;
    Anomalies& anomalies_;
    Effort& effort_;
    AppendOrders orders_;
    DependencyGraph graph_;
    std::vector<View> views_;             // per key
    std::vector<std::uint32_t> touched_;  // keys of the transaction under examination
    std::vector<ExternalRead> reads_;
    std::uint64_t compared_ = 0;
};

ListAppend::View& ListAppend::view_of(std::uint32_t transaction, std::uint32_t key) {
    View& view = views_[key];
    if (view.transaction != transaction) {
        view.own.clear();
        view = View{transaction, std::move(view.own), none, 0, false, false};
        touched_.push_back(key);
    }
    return view;
}

void ListAppend::examine(std::uint32_t transaction) {
    static const ValueList empty;
    touched_.clear();
    const Transaction& whole = transactions_.all[transaction];
    for (std::uint32_t m = 0; m < whole.micros && effort_.step(); ++m) {
        const MicroOperation& micro = transactions_.micros[whole.first_micro + m];
        View& view = view_of(transaction, micro.key);
        if (!micro.is_read) {
            examine_append(orders_.append_of(whole.first_micro + m), view);
            continue;
        }
        const ValueList* list = micro.value->list();
        examine_read(transaction, micro.key, list == nullptr ? empty : *list, view);
    }
    for (const std::uint32_t key : touched_) {
        const View& view = views_[key];
        if (view.length != none && !view.wrong && orders_.order(key).usable()) {
            reads_.push_back({key, view.length, transaction, view.appends_after_read});
        }
    }
}

void ListAppend::examine_append(std::uint32_t number, View& view) {
    const RecordedAppend& append = orders_.append(number);
    if (append.position < view.shown && orders_.order(append.key).usable()) {
        view.wrong = true;
        anomalies_.add({{{"future-read", {Level::read_uncommitted}}},
            fmt::format("{} read {} in {} before it appended it itself", name(append.transaction),
                orders_.value_text(number), transactions_.key_text(append.key)),
            {}, {id(append.transaction)}});
    }
    view.own.push_back(number);
    view.appends_after_read = view.appends_after_read || view.length != none;
}

void ListAppend::examine_read(
    std::uint32_t transaction, std::uint32_t key, const ValueList& list, View& view) {
    if (orders_.order(key).ambiguous) {
        return;
    }
    ++compared_;
    find_aborted(transaction, key, list);
    view.shown = std::max<std::uint64_t>(view.shown, list.size());
    const std::uint64_t own = view.own.size();
    bool ends_with_own = own <= list.size();
    for (std::uint64_t i = 0; ends_with_own && i < own; ++i) {
        ends_with_own = list[list.size() - own + i] == *orders_.append(view.own[i]).value;
    }
    if (!ends_with_own) {
        view.wrong = true;
        anomalies_.add({{{"internal", {Level::read_uncommitted}}},
            fmt::format("{} read {} {}, which does not end with what it had appended itself: {}",
                name(transaction), transactions_.key_text(key),
                list.empty() ? "as empty" : "up to " + to_text(list.back(), 60),
                orders_.value_text(view.own.back())),
            {}, {id(transaction)}});
        return;
    }
    const auto length = static_cast<std::uint32_t>(list.size() - own);
    if (view.length != none && view.length != length) {
        view.wrong = true;
        // Which read committed allows: it has no snapshots.
        anomalies_.add({{{"internal", {Level::repeatable_read, Level::snapshot_isolation}}},
            fmt::format("{} read {} twice, with {} elements and with {} that others appended",
                name(transaction), transactions_.key_text(key), view.length, length),
            {}, {id(transaction)}});
    }
    view.length = length;
    find_intermediate(transaction, key, length);
}

void ListAppend::find_aborted(std::uint32_t transaction, std::uint32_t key, const ValueList& list) {
    const AppendOrder& order = orders_.order(key);
    if (order.usable()) {
        if (order.aborted < list.size()) {
            add_aborted(transaction, order.appends[order.aborted]);
        }
        return;
    }
    for (const Value& element : list) {
        const std::uint32_t number = orders_.find(key, element);
        if (number != none && transactions_.all[writer(number)].outcome == Outcome::failed) {
            add_aborted(transaction, number);
            return;
        }
    }
}

void ListAppend::add_aborted(std::uint32_t transaction, std::uint32_t append) {
    const RecordedAppend& aborted = orders_.append(append);
    const AppendOrder& order = orders_.order(aborted.key);
    FoundAnomaly found;
    found.names.push_back({"G1a", {Level::read_committed}});
    found.operations = {id(aborted.transaction), id(transaction)};
    found.sentence = fmt::format(
        "aborted read: {} read {} in {}, which {} had appended, but that failed", name(transaction),
        orders_.value_text(append), transactions_.key_text(aborted.key), name(aborted.transaction));
    // A committed element behind the aborted one was written on top of it.
    const std::uint32_t above = order.usable() ? order.next[aborted.position] : none;
    if (above != none) {
        found.names.push_back({"dirty-update", {Level::read_uncommitted}});
        found.steps.push_back(
            fmt::format("dirty update: {} appended {} on top of it, and committed",
                name(writer(above)), orders_.value_text(above)));
        found.operations.push_back(id(writer(above)));
    }
    anomalies_.add(std::move(found));
}

void ListAppend::find_intermediate(
    std::uint32_t transaction, std::uint32_t key, std::uint64_t length) {
    const AppendOrder& order = orders_.order(key);
    const std::uint32_t last = order.usable() && length > 0 ? order.appends[length - 1] : none;
    if (last == none || orders_.append(last).is_last || writer(last) == transaction ||
        transactions_.all[writer(last)].outcome == Outcome::failed) {
        return;
    }
    anomalies_.add({{{"G1b", {Level::read_committed}}},
        fmt::format("intermediate read: {} read {} up to {}, but {} appended more to it afterwards",
            name(transaction), transactions_.key_text(key), orders_.value_text(last),
            name(writer(last))),
        {}, {id(writer(last)), id(transaction)}});
}

// Two that saw the same version and both wrote on top of it: one has not seen the other.
void ListAppend::find_lost_updates() {
    std::vector<ExternalRead> updates;
    std::copy_if(reads_.begin(), reads_.end(), std::back_inserter(updates),
        [](const ExternalRead& read) { return read.appends; });
    std::sort(updates.begin(), updates.end(), [](const ExternalRead& a, const ExternalRead& b) {
        return std::tie(a.key, a.length, a.transaction) < std::tie(b.key, b.length, b.transaction);
    });
    for (std::uint64_t i = 0, end = 0; i < updates.size(); i = end) {
        for (end = i + 1; end < updates.size() && updates[end].key == updates[i].key &&
                          updates[end].length == updates[i].length;
            ++end) {
        }
        if (end - i < 2) {
            continue;
        }
        FoundAnomaly found;
        found.names.push_back({"lost-update", {Level::repeatable_read, Level::snapshot_isolation}});
        const std::uint32_t last = orders_.order(updates[i].key).previous[updates[i].length];
        found.sentence = fmt::format(
            "{} and {}{} read {} {} and then appended to it, none having seen the "
            "other",
            name(updates[i].transaction), name(updates[i + 1].transaction),
            end - i > 2 ? fmt::format(" and {} others", end - i - 2) : "",
            transactions_.key_text(updates[i].key),
            last == none ? "as empty" : "up to " + orders_.value_text(last));
        for (std::uint64_t u = i; u < std::min(end, i + 10); ++u) {
            found.operations.push_back(id(updates[u].transaction));
        }
        anomalies_.add(std::move(found));
    }
}

void ListAppend::connect_read(const ExternalRead& read, std::vector<std::uint32_t>& of_last) {
    const AppendOrder& order = orders_.order(read.key);
    const std::uint32_t seen = order.previous[read.length];
    const std::uint32_t next = order.next[read.length];
    if (seen != none) {
        graph_.add({writer(seen), read.transaction, EdgeKind::wr, Support::data,
            {read.key, seen, none, none}});
    }
    if (next == none) {
        of_last.push_back(read.transaction);
    } else {
        graph_.add({read.transaction, writer(next), EdgeKind::rw, Support::data,
            {read.key, seen, next, none}});
    }
}

// Of a key that nobody may doubt: the edges between those that appended, and what comes last.
void ListAppend::connect(std::uint32_t key) {
    const AppendOrder& order = orders_.order(key);
    if (!order.usable()) {
        return;
    }
    std::uint32_t last = none;
    for (std::uint64_t i = 0; i < order.appends.size() && effort_.step(); ++i) {
        const std::uint32_t here = order.next[i];
        if (here == none || here != order.appends[i]) {
            continue;
        }
        if (last != none) {
            graph_.add(
                {writer(last), writer(here), EdgeKind::ww, Support::data, {key, last, here, none}});
        }
        last = here;
    }
}

std::string ListAppend::reason(const CycleStep& step) const {
    const std::string key = transactions_.key_text(step.label.key);
    const std::uint32_t before = step.label.before;
    const std::uint32_t after = step.label.after;
    const std::string to = name(step.to);
    if (step.kind == EdgeKind::wr) {
        return fmt::format(
            "{} read {} up to {}, which it appended", to, key, orders_.value_text(before));
    }
    const bool unseen = orders_.append(after).position == none;
    const std::string then = fmt::format("{} appended {}{}", to, orders_.value_text(after),
        unseen ? ", which no read shows, so it came later" : " behind it");
    if (step.kind == EdgeKind::ww) {
        return fmt::format("it appended {} to {}, and {}", orders_.value_text(before), key, then);
    }
    return before == none
               ? fmt::format("it read {} as empty, and {}", key, then)
               : fmt::format("it read {} up to {}, and {}", key, orders_.value_text(before), then);
}

void ListAppend::find_cycles_of_data() {
    const CycleSpeaker speaker{"transaction",
        [this](std::uint32_t t) -> const RecordedOperation& {
            return transactions_.history->operations[transactions_.all[t].id];
        },
        [this](const CycleStep& step) { return reason(step); }};
    graph_.finish();
    effort_.hold(graph_.bytes() * 2);
    for (const Cycle& cycle : find_cycles(graph_, effort_)) {
        if (!is_lost_update_between_readers(cycle)) {
            anomalies_.add(describe(cycle, speaker));
        }
    }
}

Coverage ListAppend::run() {
    for (std::uint32_t t = 0; t < transactions_.all.size(); ++t) {
        if (transactions_.all[t].outcome == Outcome::ok) {
            examine(t);
        }
    }
    find_lost_updates();
    std::sort(reads_.begin(), reads_.end(), [](const ExternalRead& a, const ExternalRead& b) {
        return std::tie(a.key, a.transaction) < std::tie(b.key, b.transaction);
    });
    auto read = reads_.begin();
    std::uint64_t left_out = 0;
    for (std::uint32_t key = 0; key < orders_.keys(); ++key) {
        const AppendOrder& order = orders_.order(key);
        left_out += order.ambiguous ? 1 : 0;
        connect(key);
        std::vector<std::uint32_t> of_last;
        for (; read != reads_.end() && read->key == key; ++read) {
            connect_read(*read, of_last);
        }
        if (!order.usable()) {
            continue;
        }
        DependencyGraph::After after;
        after.key = key;
        after.version = order.previous.back();
        after.readers = std::move(of_last);
        if (after.version != none) {
            after.writer = writer(after.version);
            after.writer_supports = {Support::data};
        }
        for (const std::uint32_t append : order.unseen) {
            after.successors.push_back({writer(append), append, Support::data, EdgeLabel::none});
        }
        graph_.add_after(after);
    }
    add_orders(transactions_, [this](std::uint32_t t) { return orders_.committed(t); }, graph_);
    find_cycles_of_data();

    Coverage coverage;
    coverage.examined = compared_;
    count_outcomes(
        transactions_, [this](std::uint32_t t) { return orders_.committed(t); }, coverage);
    coverage.add("lists", orders_.keys());
    coverage.add("lists left out (a value was appended to them twice)", left_out);
    coverage.add("reads compared", compared_);
    coverage.add("dependencies", graph_.edges());
    return coverage;
}

}  // namespace

Coverage examine_list_append(
    const Transactions& transactions, Anomalies& anomalies, Effort& effort) {
    return ListAppend(transactions, anomalies, effort).run();
}

}  // namespace ledger::check
