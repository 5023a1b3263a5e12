#pragma once
// Exhaustive search: whether any order of a small history's operations explains all of its answers.

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/sim/check/naive_ledger.h"

namespace ledger::check::test {

// Tries every order of the operations of a small history that ends in the recorded one.
class Search {
  public:
    explicit Search(const Recording& recording)
        : operations_(recording.operations), final_(recording.events()) {}

    // Whoever ended before another one was called comes first.
    bool linearizable() { return from(0, {}, {}); }
    // Only inside a session, which an operation without an answer ends; but nobody sees an event
    // before its append was called.
    bool sequential() {
        sessions_only_ = true;
        return from(0, {}, {});
    }

  private:
    using Key = std::pair<std::uint64_t, std::uint64_t>;
    // What was decided for a session's sequence: the position, or the length at a conflict.
    struct Decision {
        Key key;
        bool taken = false;
        std::uint64_t at = 0;
        auto operator<=>(const Decision&) const = default;
    };
    using Decisions = std::vector<Decision>;

    // Sessions of appends carry their number, all others are their clients'.
    std::pair<bool, std::uint64_t> session_of(std::size_t i) const {
        const Operation& op = operations_[i];
        return op.session.value != 0 ? std::pair(true, op.session.value)
                                     : std::pair(false, op.client.value);
    }
    std::int64_t life_of(std::size_t i) const {
        return std::count_if(operations_.begin(), operations_.end(), [&](const Operation& op) {
            const auto j = static_cast<std::size_t>(&op - operations_.data());
            return std::holds_alternative<Unknown>(op.answer) && session_of(j) == session_of(i) &&
                   op.called.step < operations_[i].called.step;
        });
    }
    bool writes(std::size_t i) const {
        const auto* call = std::get_if<AppendCall>(&operations_[i].call);
        return call != nullptr && !call->events.empty() &&
               !std::holds_alternative<Conflicted>(operations_[i].answer);
    }
    bool binds(std::size_t j, std::size_t i) const {
        if (!sessions_only_) {
            return true;
        }
        const bool sees =
            !writes(j) || !std::holds_alternative<Acknowledged>(operations_[j].answer);
        return (sees && writes(i)) || (session_of(i) == session_of(j) && life_of(i) == life_of(j));
    }

    bool ready(std::size_t i, std::uint32_t done) const {
        for (std::size_t j = 0; j < operations_.size(); ++j) {
            const bool before = answered(j) && binds(j, i) &&
                                operations_[j].returned.step < operations_[i].called.step;
            if (before && (done >> j & 1) == 0) {
                return false;
            }
        }
        return true;
    }
    bool answered(std::size_t i) const {
        return !std::holds_alternative<Unknown>(operations_[i].answer) &&
               !std::holds_alternative<Refused>(operations_[i].answer);
    }

    bool from(std::uint32_t done, const NaiveLedger& ledger, const Decisions& decisions) {
        if (ledger.events.size() > final_.size() ||
            !std::equal(ledger.events.begin(), ledger.events.end(), final_.begin(),
                [](const Stored& a, const Stored& b) {
                    return a.id == b.id && a.stream == b.stream;
                })) {
            return false;
        }
        bool all_done = ledger.events.size() == final_.size();
        for (std::size_t i = 0; i < operations_.size(); ++i) {
            all_done = all_done && ((done >> i & 1) != 0 || !answered(i));
        }
        if (all_done) {
            return true;
        }
        if (!tried_.insert({done, ledger.events.size(), decisions}).second) {
            return false;
        }
        for (std::size_t i = 0; i < operations_.size(); ++i) {
            const bool refused = std::holds_alternative<Refused>(operations_[i].answer);
            if ((done >> i & 1) == 0 && !refused && ready(i, done) &&
                next(i, done | 1u << i, ledger, decisions)) {
                return true;
            }
        }
        return false;
    }

    bool next(
        std::size_t i, std::uint32_t done, const NaiveLedger& ledger, const Decisions& decisions) {
        const Operation& op = operations_[i];
        if (const auto* read = std::get_if<ReadAnswer>(&op.answer)) {
            return ledger.could_answer(op.call, *read) && from(done, ledger, decisions);
        }
        const auto* call = std::get_if<AppendCall>(&op.call);
        if (call == nullptr) {
            return from(done, ledger, decisions);
        }
        const Key key{op.session.value, op.sequence.value};
        for (const Decision& decision : decisions) {
            if (op.session.value != 0 && decision.key == key) {
                return same_answer(op, *call, decision) && from(done, ledger, decisions);
            }
        }
        const bool taken = ledger.accepts(*call);
        const Decision decision{key, taken, ledger.events.size()};
        if (!same_answer(op, *call, decision)) {
            return false;
        }
        NaiveLedger after = ledger;
        for (const WrittenEvent& written : taken ? call->events : std::vector<WrittenEvent>{}) {
            after.events.push_back({written.id, call->streams[written.stream].stream});
        }
        Decisions now = decisions;
        if (op.session.value != 0) {
            now.push_back(decision);
            std::sort(now.begin(), now.end());
        }
        return from(done, after, now);
    }

    bool same_answer(const Operation& op, const AppendCall& call, const Decision& decision) const {
        if (const auto* ok = std::get_if<Acknowledged>(&op.answer)) {
            return decision.taken && ok->first.value == decision.at;
        }
        if (const auto* no = std::get_if<Conflicted>(&op.answer)) {
            const NaiveLedger then{
                {final_.begin(), final_.begin() + static_cast<long>(decision.at)}};
            return !decision.taken && (!no->at || *no->at == decision.at) && same(*no, then, call);
        }
        return true;
    }
    static bool same(const Conflicted& told, const NaiveLedger& ledger, const AppendCall& call) {
        const Conflicted truth = conflict(ledger, call);
        if (told.at) {
            return told.checks == truth.checks;
        }
        return std::all_of(told.checks.begin(), told.checks.end(), [&](const auto& check) {
            return check == failed(ledger, {check.stream, check.expected});
        });
    }

    bool sessions_only_ = false;
    const std::vector<Operation>& operations_;
    const std::vector<Stored> final_;
    std::set<std::tuple<std::uint32_t, std::size_t, Decisions>> tried_;
};

}  // namespace ledger::check::test
