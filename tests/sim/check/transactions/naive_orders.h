#pragma once
// Naive orders: whether some order of a few transactions explains them, by trying all of them.

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "sim/check/recorded/recorded_history.h"
#include "sim/check/transactions/level.h"
#include "tests/sim/check/transactions/transaction_sample.h"

namespace ledger::check::test {

// Serializable and above: one transaction after the other. Snapshot isolation: each reads what had
// been committed at its begin, and no two that overlap write the same key. Transactions without
// answer may be left out.
class NaiveOrders {
  public:
    NaiveOrders(const RecordedHistory& history, Sample sample) : sample_(sample) {
        for (const RecordedOperation& operation : history.operations) {
            if (operation.outcome == Outcome::failed) {
                continue;
            }
            Transaction transaction;
            transaction.ok = operation.outcome == Outcome::ok;
            transaction.process = operation.process;
            transaction.called = operation.called;
            transaction.returned = operation.returned;
            const Value& value = transaction.ok ? operation.answered : operation.asked;
            for (const Value& micro : *value.list()) {
                const ValueList& parts = *micro.list();
                const auto key = static_cast<std::size_t>(*parts[1].integer());
                transaction.micros.push_back({parts[0].is("r"), key, list_of(parts[2])});
            }
            all_.push_back(std::move(transaction));
        }
    }

    bool exists(Level level) {
        level_ = level;
        done_ = 0;
        open_ = 0;
        state_ = {};
        return level == Level::snapshot_isolation ? next_snapshot() : next_serial();
    }

  private:
    // Small and without pointers, as they are copied at every turn: values below 256, keys below 3.
    struct List {
        std::array<std::uint8_t, 20> values = {};
        std::uint8_t size = 0;
        void push(std::uint8_t value) { values[size++] = value; }
        friend bool operator==(const List&, const List&) = default;
    };
    using State = std::array<List, 3>;
    struct Micro {
        bool is_read = false;
        std::size_t key = 0;
        List list;  // what was read or written
    };
    struct Transaction {
        bool ok = false;
        std::int64_t process = 0;
        std::uint64_t called = 0;
        std::uint64_t returned = 0;
        std::vector<Micro> micros;
        State snapshot = {};
    };

    // Of a register a list of its one value, empty = nil.
    static List list_of(const Value& value) {
        List out;
        if (const ValueList* list = value.list()) {
            for (const Value& element : *list) {
                out.push(static_cast<std::uint8_t>(*element.integer()));
            }
        } else if (!value.is_nil()) {
            out.push(static_cast<std::uint8_t>(*value.integer()));
        }
        return out;
    }

    // Runs the transaction on a state; false if it read something else.
    bool run(const Transaction& transaction, State& state) const {
        for (const Micro& micro : transaction.micros) {
            List& list = state[micro.key];
            if (micro.is_read) {
                if (transaction.ok && !(list == micro.list)) {
                    return false;
                }
            } else if (sample_ == Sample::lists) {
                list.push(micro.list.values[0]);
            } else {
                list = micro.list;
            }
        }
        return true;
    }

    bool may_come(std::size_t i) const {
        for (std::size_t j = 0; j < all_.size(); ++j) {
            const bool session = all_[j].process == all_[i].process;
            const bool ordered = level_ == Level::strict_serializable ||
                                 (level_ == Level::strong_session_serializable && session);
            if (ordered && all_[j].ok && all_[j].returned < all_[i].called &&
                (done_ >> j & 1) == 0) {
                return false;
            }
        }
        return true;
    }

    bool all_done() const {
        for (std::size_t i = 0; i < all_.size(); ++i) {
            if (all_[i].ok && (done_ >> i & 1) == 0) {
                return false;
            }
        }
        return true;
    }

    bool next_serial() {
        if (all_done()) {
            return true;
        }
        const State before = state_;
        for (std::size_t i = 0; i < all_.size(); ++i) {
            if ((done_ >> i & 1) == 0 && may_come(i) && run(all_[i], state_)) {
                done_ |= 1u << i;
                if (next_serial()) {
                    return true;
                }
                done_ &= ~(1u << i);
            }
            state_ = before;
        }
        return false;
    }

    bool writes(std::size_t i, std::size_t key) const {
        return std::any_of(all_[i].micros.begin(), all_[i].micros.end(),
            [&](const Micro& micro) { return !micro.is_read && micro.key == key; });
    }

    // Whether somebody has written what `i` writes since its begin.
    bool conflicts(std::size_t i) {
        for (const Micro& micro : all_[i].micros) {
            if (!micro.is_read && !(state_[micro.key] == all_[i].snapshot[micro.key])) {
                return true;
            }
        }
        return false;
    }

    bool next_snapshot() {
        if (all_done()) {
            return true;
        }
        for (std::size_t i = 0; i < all_.size(); ++i) {
            const std::uint32_t bit = 1u << i;
            if ((done_ & bit) != 0) {
                continue;
            }
            if ((open_ & bit) == 0) {
                State scratch = state_;
                if (!run(all_[i], scratch)) {
                    continue;
                }
                all_[i].snapshot = state_;
                open_ |= bit;
                if (next_snapshot()) {
                    return true;
                }
                open_ &= ~bit;
            } else if (!conflicts(i)) {
                const State before = state_;
                State own = all_[i].snapshot;
                run(all_[i], own);
                for (std::size_t key = 0; key < own.size(); ++key) {
                    if (writes(i, key)) {
                        state_[key] = own[key];
                    }
                }
                done_ |= bit;
                open_ &= ~bit;
                if (next_snapshot()) {
                    return true;
                }
                done_ &= ~bit;
                open_ |= bit;
                state_ = before;
            }
        }
        return false;
    }

    const Sample sample_;
    std::vector<Transaction> all_;
    Level level_ = Level::serializable;
    std::uint32_t done_ = 0;
    std::uint32_t open_ = 0;
    State state_ = {};
};

}  // namespace ledger::check::test
