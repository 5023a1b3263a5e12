#pragma once
// Every order: judges tiny histories by trying all orders, straight from what the levels mean.

#include <optional>
#include <vector>

#include "sim/check/recorded/recorded_history.h"
#include "sim/check/search/model.h"
#include "sim/check/search/search_level.h"

namespace ledger::check {

// Deliberately naive: no memory, no shortcuts, the levels as sentences.
template <SequentialModel M>
class EveryOrder {
  public:
    EveryOrder(M& model, const RecordedHistory& history, SearchLevel level, bool by_key)
        : model_(model), level_(level), history_(history) {
        for (const RecordedOperation& operation : history.operations) {
            auto reading = model.read(operation);
            if (!reading.does.empty()) {
                entries_.push_back({&operation, std::move(reading)});
            }
        }
        by_key_ = by_key;
    }

    bool exists() {
        if (!by_key_) {
            std::vector<std::size_t> all(entries_.size());
            for (std::size_t i = 0; i < all.size(); ++i) {
                all[i] = i;
            }
            return search(all);
        }
        std::vector<bool> taken(entries_.size(), false);
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            std::vector<std::size_t> part;
            for (std::size_t j = i; j < entries_.size() && !taken[i]; ++j) {
                if (entries_[j].reading.key == entries_[i].reading.key) {
                    part.push_back(j);
                }
            }
            for (const std::size_t j : part) {
                taken[j] = true;
            }
            if (!part.empty() && !search(part)) {
                return false;
            }
        }
        return true;
    }

  private:
    struct Entry {
        const RecordedOperation* operation;
        Reading<typename M::Operation> reading;
    };

    // Whether x must stand in front of y if both stand.
    bool before(std::size_t x, std::size_t y) const {
        const RecordedOperation& a = *entries_[x].operation;
        const RecordedOperation& b = *entries_[y].operation;
        if (a.outcome == Outcome::unknown) {
            return false;
        }
        const bool real_time = a.returned < b.called;
        const bool one_session = a.process == b.process && a.returned <= b.called && x < y;
        const bool a_sees = entries_[x].reading.observes;
        const bool b_sees = entries_[y].reading.observes;
        using enum SearchLevel::Kind;
        switch (level_.kind) {
            case linearizable: return real_time;
            case sequential: return one_session;
            case bounded_staleness:
                return b_sees ? *a.returned_ns < *b.called_ns - level_.staleness_ns : real_time;
            case monotonic_reads: return b_sees ? a_sees && one_session : real_time;
            case read_your_writes: return b_sees ? !a_sees && one_session : real_time;
            case session: return b_sees ? one_session : real_time;
            case monotonic_writes: return b_sees ? false : a_sees ? real_time : one_session;
            case consistent_prefix:
            case eventual: return b_sees ? false : real_time;
        }
        return false;
    }

    bool search(const std::vector<std::size_t>& part) {
        std::vector<bool> done(entries_.size(), false);
        std::vector<std::pair<Value, typename M::State>> states;
        return go_on(part, done, states);
    }

    bool go_on(const std::vector<std::size_t>& part, std::vector<bool>& done,
        std::vector<std::pair<Value, typename M::State>>& states) {
        bool all = true;
        for (const std::size_t i : part) {
            all = all && (done[i] || entries_[i].operation->outcome == Outcome::unknown);
        }
        if (all) {
            return true;
        }
        for (const std::size_t i : part) {
            if (done[i]) {
                continue;
            }
            bool may = true;
            for (const std::size_t j : part) {
                may = may && (done[j] || !before(j, i));
            }
            if (!may) {
                continue;
            }
            for (const auto& does : entries_[i].reading.does) {
                const Value& key = entries_[i].reading.key;
                typename M::State now = model_.initial();
                for (const auto& [name, state] : states) {
                    now = name == key ? state : now;
                }
                const auto after = model_.step(now, does);
                if (!after) {
                    continue;
                }
                states.emplace_back(key, *after);
                done[i] = true;
                const bool found = go_on(part, done, states);
                done[i] = false;
                states.pop_back();
                if (found) {
                    return true;
                }
            }
        }
        return false;
    }

    M& model_;
    const SearchLevel level_;
    const RecordedHistory& history_;
    std::vector<Entry> entries_;
    bool by_key_ = true;
};

}  // namespace ledger::check
