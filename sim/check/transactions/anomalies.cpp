#include "sim/check/transactions/anomalies.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"

namespace ledger::check {
namespace {

const AnomalyName* name_at(const std::vector<AnomalyName>& names, Level level) {
    for (const AnomalyName& name : names) {
        if (name.broken.contains(level)) {
            return &name;
        }
    }
    return nullptr;
}

// The weaker the level that is broken the worse it is.
Level worst_of(const std::vector<AnomalyName>& names) {
    BrokenLevels all;
    for (const AnomalyName& name : names) {
        all.add(name.broken);
    }
    return all.weakest_broken().value_or(Level::strict_serializable);
}

}  // namespace

void Anomalies::add(FoundAnomaly found) {
    LEDGER_ASSERT(!found.names.empty());
    std::string all;
    for (const AnomalyName& name : found.names) {
        broken_.add(name.broken);
        all += name.name + "|";
    }
    Total& total = totals_[all];
    ++total.count;
    if (total.count <= Judgement::anomalies_max) {
        total.names = found.names;
        found_.push_back(std::move(found));
    }
}

std::vector<std::uint64_t> Anomalies::shown(
    const std::vector<std::pair<Level, std::uint64_t>>& order) const {
    // Many of one kind leave room for the others: so many of each in any case.
    const std::uint64_t of_each = std::max<std::uint64_t>(
        1, Judgement::anomalies_max / std::max<std::uint64_t>(1, totals_.size()));
    std::map<std::string, std::uint64_t> counts;
    std::vector<bool> is_shown(found_.size(), false);
    std::uint64_t room = Judgement::anomalies_max;
    for (const bool fill : {false, true}) {
        for (const auto& [worst, i] : order) {
            if (room > 0 && !is_shown[i] &&
                (fill || ++counts[found_[i].names.front().name] <= of_each)) {
                is_shown[i] = true;
                --room;
            }
        }
    }
    std::vector<std::uint64_t> out;
    for (const auto& [worst, i] : order) {
        if (is_shown[i]) {
            out.push_back(i);
        }
    }
    return out;
}

void Anomalies::judge(Level level, Judgement& judgement) const {
    std::vector<std::pair<Level, std::uint64_t>> order;
    for (std::uint64_t i = 0; i < found_.size(); ++i) {
        if (name_at(found_[i].names, level) != nullptr) {
            order.emplace_back(worst_of(found_[i].names), i);
        }
    }
    std::sort(order.begin(), order.end());
    for (const std::uint64_t i : shown(order)) {
        const FoundAnomaly& found = found_[i];
        judgement.anomalies.push_back(
            {name_at(found.names, level)->name, found.sentence, found.steps, found.operations});
    }
    for (const auto& [all, total] : totals_) {
        judgement.anomalies_total += name_at(total.names, level) != nullptr ? total.count : 0;
    }
    if (judgement.anomalies_total > 0) {
        judgement.verdict = Verdict::violated;
    }
    const auto held = broken_.strongest_held();
    judgement.strongest_held = held ? to_text(*held) : "";
    const auto broken = broken_.weakest_broken();
    judgement.weakest_violated = broken ? to_text(*broken) : "";
}

}  // namespace ledger::check
