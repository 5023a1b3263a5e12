#include "sim/check/log_history/log_findings.h"

#include <algorithm>

namespace ledger::check {
namespace {

// What destroys data before what shows it wrongly before what shows it late.
constexpr std::string_view worst_first[] = {"lost-append", "lost-record", "torn-batch",
    "duplicate-append", "aborted-append-visible", "garbage-record", "divergence", "wrong-position",
    "reordered-pair", "expected-tail-ignored", "condition-ignored", "key-reused",
    "partial-duplicate-accepted", "idempotent-success-lost", "idempotent-answer-changed",
    "lost-update", "write-skew", "fractured-read", "future-read", "corrupt-record",
    "impossible-answer"};

std::uint32_t rank_of(std::string_view name) {
    const auto at = std::ranges::find(worst_first, name);
    return static_cast<std::uint32_t>(at - std::begin(worst_first));
}

}  // namespace

void LogFindings::add(std::string name, std::string sentence, std::vector<std::string> steps,
    const std::vector<std::uint32_t>& places) {
    constexpr std::size_t kept_max = 2000;
    ++total_;
    if (found_.size() >= kept_max) {
        return;
    }
    Found found;
    found.rank = rank_of(name);
    found.anomaly.name = std::move(name);
    found.anomaly.sentence = std::move(sentence);
    found.anomaly.steps = std::move(steps);
    for (const std::uint32_t place : places) {
        found.anomaly.operations.push_back(place);
    }
    found_.push_back(std::move(found));
}

std::vector<Anomaly> LogFindings::news() {
    std::vector<Anomaly> news;
    for (; told_ < found_.size(); ++told_) {
        news.push_back(found_[told_].anomaly);
    }
    return news;
}

std::vector<Anomaly> LogFindings::worst() const {
    std::vector<std::pair<std::uint32_t, std::size_t>> order;
    for (std::size_t i = 0; i < found_.size(); ++i) {
        order.emplace_back(found_[i].rank, i);
    }
    std::sort(order.begin(), order.end());
    std::vector<Anomaly> worst;
    for (const auto& [rank, i] : order) {
        if (worst.size() == Judgement::anomalies_max) {
            break;
        }
        worst.push_back(found_[i].anomaly);
    }
    return worst;
}

}  // namespace ledger::check
