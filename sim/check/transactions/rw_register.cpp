#include "sim/check/transactions/rw_register.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "sim/check/transactions/cycle_text.h"
#include "sim/check/transactions/cycles.h"
#include "sim/check/transactions/graph_order.h"
#include "sim/check/transactions/long_fork.h"
#include "sim/check/transactions/register_versions.h"
#include "sim/check/transactions/version_inference.h"

namespace ledger::check {
namespace {

constexpr std::uint32_t none = RegisterVersion::none;
using Views = std::span<const RegisterView>;

class RwRegister {
  public:
    // `of_reads` gets what single reads show, `anomalies` the rest.
    RwRegister(
        const Transactions& transactions, Anomalies& of_reads, Anomalies& anomalies, Effort& effort)
        : transactions_(transactions),
          anomalies_(anomalies),
          effort_(effort),
          versions_(transactions, of_reads, effort),
          graph_(static_cast<std::uint32_t>(transactions.all.size())) {}

    const RegisterVersions& versions() const { return versions_; }
    void connect_writes();
    void connect_all();
    void find_lost_updates();
    enum class Wanted : std::uint8_t { all = 1, g0, no_forks };
    void find_all_cycles(Wanted wanted);
    Coverage coverage() const;

  private:
    void connect_key(Views views);
    void add_versions(Views views);
    void infer(Views views, Support order, Support shown);
    void infer_from(std::vector<Touch>& touches, Support order, Support shown);
    DependencyGraph::After& after_of(std::uint32_t version);
    std::string reason(const CycleStep& step) const;
    void add_cyclic_versions(const Cycle& cycle);
    template <typename F>
    void for_each_key(F&& f);

    const Transaction& transaction(std::uint32_t t) const { return transactions_.all[t]; }
    std::string name(std::uint32_t t) const { return transactions_.name(t); }

    const Transactions& transactions_;
    Anomalies& anomalies_;
    Effort& effort_;
    RegisterVersions versions_;
    DependencyGraph graph_;
    std::vector<InferredOrder> inferred_;
    // Of the key that is connected at the moment.
    std::vector<DependencyGraph::After> afters_;
    LookupTable<std::uint64_t, std::uint32_t> after_number_;  // version -> place in afters_ + 1
};

template <typename F>
void RwRegister::for_each_key(F&& f) {
    const std::vector<RegisterView>& all = versions_.views();
    for (std::uint64_t i = 0, end = 0; i < all.size(); i = end) {
        for (end = i + 1; end < all.size() && all[end].key == all[i].key; ++end) {
        }
        f(std::span(all).subspan(i, end - i));
    }
}

DependencyGraph::After& RwRegister::after_of(std::uint32_t version) {
    std::uint32_t& number = after_number_[version];
    if (number == 0) {
        const RegisterVersion& of = versions_.version(version);
        DependencyGraph::After after;
        after.key = of.key;
        after.version = version;
        if (of.writer != none && !of.ambiguous && versions_.committed(of.writer)) {
            after.writer = of.writer;
            // Not by the data alone: there the wr edge to the one that read it before it wrote says
            // as much, and is sure.
            after.writer_supports = {Support::session, Support::realtime};
        }
        afters_.push_back(std::move(after));
        number = static_cast<std::uint32_t>(afters_.size());
    }
    return afters_[number - 1];
}

// Who reads a version, who wrote it, and who wrote on top of it.
void RwRegister::add_versions(Views views) {
    std::uint32_t nil = none;
    for (const RegisterView& view : views) {
        if (view.read == none || !effort_.step()) {
            continue;
        }
        const RegisterVersion& version = versions_.version(view.read);
        nil = version.writer == none ? view.read : nil;
        if (version.writer != none) {
            graph_.add({version.writer, view.transaction, EdgeKind::wr, Support::data,
                {view.key, view.read, none, none}});
        }
        if (!version.is_final) {
            // Its writer wrote over it.
            graph_.add({view.transaction, version.writer, EdgeKind::rw, Support::data,
                {view.key, view.read, none, none}});
        }
        DependencyGraph::After& after = after_of(view.read);
        after.readers.push_back(view.transaction);
        if (view.write != none && version.writer != none) {
            after.successors.push_back({view.transaction, view.write, Support::data, none});
        }
    }
    if (nil == none) {
        return;
    }
    for (const RegisterView& view : views) {
        if (view.write != none) {
            after_of(nil).successors.push_back({view.transaction, view.write, Support::data, none});
        }
    }
}

void RwRegister::infer_from(std::vector<Touch>& touches, Support order, Support shown) {
    std::sort(touches.begin(), touches.end(), [](const Touch& a, const Touch& b) {
        return std::tie(a.called, a.transaction) < std::tie(b.called, b.transaction);
    });
    for (const InferredOrder& inferred : infer_orders(touches, effort_)) {
        const RegisterVersion& earlier = versions_.version(inferred.earlier);
        const RegisterVersion& later = versions_.version(inferred.later);
        // That nil is first is known, and an ambiguous version has no one writer.
        if (earlier.writer == none || earlier.ambiguous ||
            (inferred.shown && later.writer == none)) {
            continue;
        }
        const std::uint32_t writer = inferred.shown ? later.writer : inferred.shown_in;
        if (writer == earlier.writer) {
            continue;
        }
        const auto why = static_cast<std::uint32_t>(inferred_.size());
        inferred_.push_back(inferred);
        after_of(inferred.earlier)
            .successors.push_back({writer, inferred.later, inferred.shown ? shown : order, why});
    }
}

void RwRegister::infer(Views views, Support order, Support shown) {
    std::vector<Touch> touches;
    for (const RegisterView& view : views) {
        const Transaction& whole = transaction(view.transaction);
        const std::uint32_t first = view.read != none ? view.read : view.write;
        const std::uint32_t last = view.write != none ? view.write : view.read;
        touches.push_back(
            {view.transaction, whole.called, whole.returned, first, last, view.read != none});
    }
    if (order == Support::realtime) {
        infer_from(touches, order, shown);
        return;
    }
    const auto process = [this](
                             const Touch& touch) { return transaction(touch.transaction).process; };
    std::sort(touches.begin(), touches.end(), [&](const Touch& a, const Touch& b) {
        return std::tuple(process(a), a.transaction) < std::tuple(process(b), b.transaction);
    });
    for (std::uint64_t i = 0, end = 0; i < touches.size(); i = end) {
        for (end = i + 1; end < touches.size() && process(touches[end]) == process(touches[i]);
            ++end) {
        }
        std::vector<Touch> of_one(touches.begin() + static_cast<std::ptrdiff_t>(i),
            touches.begin() + static_cast<std::ptrdiff_t>(end));
        infer_from(of_one, order, shown);
    }
}

void RwRegister::connect_key(Views views) {
    afters_.clear();
    after_number_.clear();
    add_versions(views);
    infer(views, Support::session, Support::session_shown);
    infer(views, Support::realtime, Support::realtime_shown);
    for (DependencyGraph::After& after : afters_) {
        // One is enough of each transaction and support.
        auto& successors = after.successors;
        std::sort(successors.begin(), successors.end(), [](const auto& a, const auto& b) {
            return std::tie(a.transaction, a.support, a.why) <
                   std::tie(b.transaction, b.support, b.why);
        });
        successors.erase(std::unique(successors.begin(), successors.end(),
                             [](const auto& a, const auto& b) {
                                 return a.transaction == b.transaction && a.support == b.support;
                             }),
            successors.end());
        graph_.add_after(after);
    }
}

void RwRegister::connect_all() {
    for_each_key([this](Views views) { connect_key(views); });
    add_orders(transactions_, [this](std::uint32_t t) { return versions_.committed(t); }, graph_);
}

void RwRegister::connect_writes() {
    for (const RegisterView& view : versions_.views()) {
        if (view.read != none && view.write != none &&
            versions_.version(view.read).writer != none) {
            graph_.add({versions_.version(view.read).writer, view.transaction, EdgeKind::ww,
                Support::data, {view.key, view.read, view.write, none}});
        }
    }
}

// Two that read the same version and both wrote over it: one has not seen the other.
void RwRegister::find_lost_updates() {
    std::vector<RegisterView> updates;
    std::copy_if(versions_.views().begin(), versions_.views().end(), std::back_inserter(updates),
        [](const RegisterView& view) { return view.read != none && view.write != none; });
    std::sort(updates.begin(), updates.end(), [](const RegisterView& a, const RegisterView& b) {
        return std::tie(a.read, a.transaction) < std::tie(b.read, b.transaction);
    });
    for (std::uint64_t i = 0, end = 0; i < updates.size(); i = end) {
        for (end = i + 1; end < updates.size() && updates[end].read == updates[i].read; ++end) {
        }
        if (end - i < 2) {
            continue;
        }
        FoundAnomaly found;
        found.names.push_back({"lost-update", {Level::repeatable_read, Level::snapshot_isolation}});
        found.sentence =
            fmt::format("{} and {}{} read {} = {} and then wrote it, none having seen the other",
                name(updates[i].transaction), name(updates[i + 1].transaction),
                end - i > 2 ? fmt::format(" and {} others", end - i - 2) : "",
                transactions_.key_text(updates[i].key), versions_.value_text(updates[i].read));
        for (std::uint64_t u = i; u < std::min(end, i + 10); ++u) {
            found.operations.push_back(transaction(updates[u].transaction).id);
        }
        anomalies_.add(std::move(found));
    }
}

std::string RwRegister::reason(const CycleStep& step) const {
    const EdgeLabel& label = step.label;
    const std::string key = transactions_.key_text(label.key);
    const std::string value = versions_.value_text(label.before);
    const std::string to = name(step.to);
    if (step.kind == EdgeKind::wr) {
        return fmt::format("{} read {} = {}, which it wrote", to, key, value);
    }
    std::string out = fmt::format(
        "it {} {} = {}, and {} ", step.kind == EdgeKind::rw ? "read" : "wrote", key, value, to);
    if (label.after == none) {
        return out + "wrote another value over it";
    }
    out += fmt::format("wrote {} over it", versions_.value_text(label.after));
    if (label.why != none) {
        const InferredOrder& why = inferred_[label.why];
        out += fmt::format(" ({} had {} and returned before {}, which {} {}, was called)",
            name(why.seen_in), value, name(why.shown_in), why.shown ? "read" : "wrote",
            versions_.value_text(why.later));
    }
    return out;
}

// Versions of one register that come before each other; told besides the cycle they make.
void RwRegister::add_cyclic_versions(const Cycle& cycle) {
    const auto overwrites = [this](const CycleStep& step) {
        // A wr edge to one that wrote on top of what it read.
        const auto& views = versions_.views();
        const auto at = std::lower_bound(views.begin(), views.end(), step,
            [](const RegisterView& view, const CycleStep& wanted) {
                return std::tie(view.key, view.transaction) < std::tie(wanted.label.key, wanted.to);
            });
        return at != views.end() && at->key == step.label.key && at->transaction == step.to &&
               at->write != none;
    };
    for (const CycleStep& step : cycle.steps) {
        const bool ww =
            step.kind == EdgeKind::ww || (step.kind == EdgeKind::wr && overwrites(step));
        if (!ww || step.label.key != cycle.steps[0].label.key) {
            return;
        }
    }
    FoundAnomaly found;
    const BrokenLevels broken{cycle.support == Support::data ? Level::read_committed
                              : cycle.support == Support::session
                                  ? Level::strong_session_serializable
                                  : Level::strict_serializable};
    found.names.push_back({"cyclic-versions" + cycle_suffix(cycle.support), broken});
    found.sentence = fmt::format(
        "the values of {} can stand in no order", transactions_.key_text(cycle.steps[0].label.key));
    for (const CycleStep& step : cycle.steps) {
        found.operations.push_back(transaction(step.from).id);
        found.steps.push_back(fmt::format("{}: {}", name(step.from), reason(step)));
    }
    anomalies_.add(std::move(found));
}

void RwRegister::find_all_cycles(Wanted wanted) {
    const CycleSpeaker speaker{"transaction",
        [this](std::uint32_t t) -> const RecordedOperation& {
            return transactions_.history->operations[transaction(t).id];
        },
        [this](const CycleStep& step) { return reason(step); }};
    graph_.finish();
    effort_.hold(graph_.bytes() * 2);
    for (const Cycle& cycle : find_cycles(graph_, effort_)) {
        const bool several_missed =
            cycle.support == Support::data &&
            (cycle.kind == CycleClass::g_nonadjacent || cycle.kind == CycleClass::g2_item);
        if ((wanted == Wanted::g0 && cycle.kind != CycleClass::g0) ||
            (wanted == Wanted::no_forks && several_missed) ||
            is_lost_update_between_readers(cycle)) {
            continue;
        }
        anomalies_.add(describe(cycle, speaker));
        if (wanted != Wanted::g0) {
            add_cyclic_versions(cycle);
        }
    }
}

Coverage RwRegister::coverage() const {
    Coverage out;
    out.examined = versions_.reads();
    count_outcomes(transactions_, [this](std::uint32_t t) { return versions_.committed(t); }, out);
    std::uint64_t ambiguous = 0;
    for (std::uint32_t i = 0; i < versions_.versions(); ++i) {
        ambiguous += versions_.version(i).ambiguous ? 1u : 0u;
    }
    out.add("registers", transactions_.keys.size());
    out.add("values left out (written by two transactions)", ambiguous);
    out.add("reads compared", versions_.reads());
    out.add("dependencies", graph_.edges());
    return out;
}

}  // namespace

Coverage examine_rw_register(
    const Transactions& transactions, Anomalies& anomalies, Effort& effort) {
    RwRegister model(transactions, anomalies, anomalies, effort);
    model.find_lost_updates();
    model.connect_all();
    model.find_all_cycles(RwRegister::Wanted::all);
    return model.coverage();
}

Coverage examine_register_writes(
    const Transactions& transactions, Anomalies& anomalies, Effort& effort) {
    Anomalies others;  // not asked for
    RwRegister model(transactions, others, anomalies, effort);
    model.connect_writes();
    model.find_all_cycles(RwRegister::Wanted::g0);
    return model.coverage();
}

Coverage examine_long_fork(const Transactions& transactions, Anomalies& anomalies, Effort& effort) {
    RwRegister model(transactions, anomalies, anomalies, effort);
    model.find_lost_updates();
    const bool forks = find_long_forks(transactions, model.versions(), anomalies, effort);
    model.connect_all();
    model.find_all_cycles(forks ? RwRegister::Wanted::no_forks : RwRegister::Wanted::all);
    return model.coverage();
}

}  // namespace ledger::check
