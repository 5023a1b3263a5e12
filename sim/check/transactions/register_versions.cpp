#include "sim/check/transactions/register_versions.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace ledger::check {
namespace {

constexpr std::uint32_t none = RegisterVersion::none;

}  // namespace

RegisterVersions::RegisterVersions(
    const Transactions& transactions, Anomalies& anomalies, Effort& effort)
    : transactions_(transactions),
      anomalies_(anomalies),
      effort_(effort),
      seen_(transactions.keys.size()) {
    for (const Transaction& transaction : transactions.all) {
        committed_.push_back(transaction.outcome == Outcome::ok);
    }
    index_writes();
    for (std::uint32_t key = 0; key < transactions.keys.size(); ++key) {
        add_nil(key);
    }
    // First the answers, which show who of the others has committed.
    for (const bool answered : {true, false}) {
        for (std::uint32_t t = 0; t < transactions.all.size() && !effort.spent(); ++t) {
            const bool ok = transactions.all[t].outcome == Outcome::ok;
            if (ok == answered && committed_[t]) {
                examine(t);
            }
        }
    }
    std::sort(views_.begin(), views_.end(), [](const RegisterView& a, const RegisterView& b) {
        return std::tie(a.key, a.transaction) < std::tie(b.key, b.transaction);
    });
    effort.hold(versions_.size() * (sizeof(RegisterVersion) + 64) +
                views_.size() * sizeof(RegisterView) + version_of_micro_.size() * 4);
}

void RegisterVersions::index_writes() {
    version_of_micro_.assign(transactions_.micros.size(), none);
    LookupTable<std::uint64_t, std::uint32_t> last;  // transaction and key -> number + 1
    for (std::uint32_t t = 0; t < transactions_.all.size(); ++t) {
        const Transaction& transaction = transactions_.all[t];
        const bool failed = transaction.outcome == Outcome::failed;
        for (std::uint32_t m = 0; m < transaction.micros && effort_.step(); ++m) {
            const std::uint32_t micro = transaction.first_micro + m;
            const MicroOperation& operation = transactions_.micros[micro];
            if (operation.is_read) {
                continue;
            }
            std::uint32_t& slot =
                version_of_[std::uint64_t{operation.key} << 32 | values_.number(*operation.value)];
            if (slot == 0) {
                versions_.push_back({operation.key, operation.value, t, false, false});
                slot = static_cast<std::uint32_t>(versions_.size());
            }
            RegisterVersion& version = versions_[slot - 1];
            if (version.writer != t && !failed) {
                const bool other_failed =
                    transactions_.all[version.writer].outcome == Outcome::failed;
                version.ambiguous = !other_failed || version.ambiguous;
                version.writer = t;
                version.is_final = false;
            }
            if (version.writer != t) {
                continue;  // a failed one wrote what another one may have written
            }
            version_of_micro_[micro] = slot - 1;
            std::uint32_t& before = last[std::uint64_t{t} << 32 | operation.key];
            if (before != 0) {
                versions_[before - 1].is_final = false;
            }
            version.is_final = true;
            before = slot;
        }
    }
}

// What stands there before anything is written. If somebody writes nil too, a nil says nothing.
void RegisterVersions::add_nil(std::uint32_t key) {
    std::uint32_t& slot = version_of_[std::uint64_t{key} << 32 | values_.number(nil_)];
    if (slot == 0) {
        versions_.push_back({key, &nil_, none, true, false});
        slot = static_cast<std::uint32_t>(versions_.size());
    } else {
        versions_[slot - 1].ambiguous = true;
    }
}

std::uint32_t RegisterVersions::find(std::uint32_t key, const Value& value) {
    const auto* slot = version_of_.find(std::uint64_t{key} << 32 | values_.number(value));
    return slot == nullptr ? none : *slot - 1;
}

void RegisterVersions::add(
    AnomalyName name, std::string sentence, std::vector<std::uint32_t> transactions) {
    std::vector<std::uint64_t> ids;
    for (const std::uint32_t t : transactions) {
        ids.push_back(transactions_.all[t].id);
    }
    anomalies_.add({{std::move(name)}, std::move(sentence), {}, std::move(ids)});
}

void RegisterVersions::examine(std::uint32_t transaction) {
    touched_.clear();
    const Transaction& whole = transactions_.all[transaction];
    for (std::uint32_t m = 0; m < whole.micros && effort_.step(); ++m) {
        const MicroOperation& micro = transactions_.micros[whole.first_micro + m];
        Seen& seen = seen_[micro.key];
        if (seen.transaction != transaction) {
            seen = Seen{};
            seen.transaction = transaction;
            touched_.push_back(micro.key);
        }
        if (!micro.is_read) {
            seen.has_written = true;
            seen.now = micro.value;
            seen.write = version_of_micro_[whole.first_micro + m];
        } else if (whole.outcome == Outcome::ok) {
            examine_read(transaction, micro.key, *micro.value, seen);
        }
    }
    for (const std::uint32_t key : touched_) {
        const Seen& seen = seen_[key];
        RegisterView view{key, transaction, seen.wrong ? none : seen.read, seen.write};
        if (seen.read != none && versions_[seen.read].writer != none &&
            transactions_.all[versions_[seen.read].writer].outcome == Outcome::failed) {
            add_aborted_updates(transaction, seen.read, seen.has_written);
            view.read = none;
        }
        if (view.read != none || view.write != none) {
            views_.push_back(view);
        }
    }
}

void RegisterVersions::examine_read(
    std::uint32_t transaction, std::uint32_t key, const Value& value, Seen& seen) {
    ++reads_;
    const std::string name = transactions_.name(transaction);
    if (seen.now != nullptr && !(*seen.now == value)) {
        seen.wrong = true;
        add({"internal", seen.has_written
                             ? BrokenLevels{Level::read_uncommitted}
                             : BrokenLevels{Level::repeatable_read, Level::snapshot_isolation}},
            fmt::format("{} read {} as {}, but had {} {} itself", name, transactions_.key_text(key),
                to_text(value, 60), seen.has_written ? "written" : "read", to_text(*seen.now, 60)),
            {transaction});
    }
    const bool external = !seen.has_written;
    seen.now = &value;
    if (!external) {
        return;
    }
    const std::uint32_t version = find(key, value);
    if (version == none) {
        seen.wrong = true;
        add({"garbage-read", {Level::read_uncommitted}},
            fmt::format("{} read {} in {}, which nobody wrote to it: a garbage read", name,
                to_text(value, 60), transactions_.key_text(key)),
            {transaction});
        return;
    }
    examine_version(transaction, version, seen);
}

void RegisterVersions::examine_version(
    std::uint32_t transaction, std::uint32_t number, Seen& seen) {
    const RegisterVersion& version = versions_[number];
    if (version.ambiguous) {
        return;
    }
    if (!seen.has_read) {
        seen.read = number;
        seen.has_read = true;
    }
    if (version.writer == none || transactions_.all[version.writer].outcome == Outcome::failed) {
        return;
    }
    const std::string what = fmt::format("{} read {} in {}", transactions_.name(transaction),
        value_text(number), transactions_.key_text(version.key));
    if (version.writer == transaction) {
        seen.wrong = true;
        add({"future-read", {Level::read_uncommitted}},
            fmt::format("{} before it wrote it itself", what), {transaction});
        return;
    }
    committed_[version.writer] = true;
    if (!version.is_final) {
        add({"G1b", {Level::read_committed}},
            fmt::format("intermediate read: {}, which {} wrote and then wrote over", what,
                transactions_.name(version.writer)),
            {version.writer, transaction});
    }
}

void RegisterVersions::add_aborted_updates(
    std::uint32_t transaction, std::uint32_t version, bool overwrites) {
    const std::uint32_t writer = versions_[version].writer;
    FoundAnomaly found;
    found.names.push_back({"G1a", {Level::read_committed}});
    found.sentence =
        fmt::format("aborted read: {} read {} in {}, which {} had written, but that failed",
            transactions_.name(transaction), value_text(version),
            transactions_.key_text(versions_[version].key), transactions_.name(writer));
    if (overwrites) {
        found.names.push_back({"dirty-update", {Level::read_uncommitted}});
        found.steps.push_back(fmt::format(
            "dirty update: {} wrote on top of it, and committed", transactions_.name(transaction)));
    }
    found.operations = {transactions_.all[writer].id, transactions_.all[transaction].id};
    anomalies_.add(std::move(found));
}

}  // namespace ledger::check
