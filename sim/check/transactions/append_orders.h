#pragma once
// Append orders: in which order the elements of each list were appended, as the reads show it.

#include <cstdint>
#include <string>
#include <vector>

#include "log/base/lookup_table.h"
#include "sim/check/transactions/anomalies.h"
#include "sim/check/transactions/effort.h"
#include "sim/check/transactions/interner.h"
#include "sim/check/transactions/transaction.h"

namespace ledger::check {

struct RecordedAppend {
    static constexpr std::uint32_t none = UINT32_MAX;
    std::uint32_t transaction = 0;
    std::uint32_t key = 0;
    const Value* value = nullptr;
    std::uint32_t position = none;  // in the order of its key; none = no read shows it
    bool is_last = false;           // of its transaction on this key
    std::uint32_t before = none;    // the one before it of its transaction on this key
};

// The order of one list: the longest read, of which every other read must be the beginning.
struct AppendOrder {
    const ValueList* longest = nullptr;  // nullptr = nobody read the list
    std::uint32_t reader = 0;            // transaction that read it
    std::vector<std::uint32_t> appends;  // per element the number of its append, or none
    // Positions 0 .. size: the committed append at or after the position, and the one before it.
    std::vector<std::uint32_t> next;
    std::vector<std::uint32_t> previous;
    std::uint32_t aborted = RecordedAppend::none;  // the first position of an aborted append
    std::vector<std::uint32_t> unseen;             // committed appends that no read shows
    // Reads contradict each other or show an element twice: nothing follows from its order.
    bool contradictory = false;
    // Two transactions that may have taken effect appended the same value: who wrote what a read
    // shows is not known, and the key is left out.
    bool ambiguous = false;

    bool usable() const { return !contradictory && !ambiguous; }
};

// Finds the orders and adds to `anomalies` what is wrong with them: duplicate elements, orders that
// are not compatible with each other or with that of a transaction, garbage. A transaction without
// answer has committed if a read shows one of its appends.
class AppendOrders {
  public:
    AppendOrders(const Transactions& transactions, Anomalies& anomalies, Effort& effort);

    const RecordedAppend& append(std::uint32_t number) const { return appends_[number]; }
    // The append that micro-operation `micro` (place in Transactions::micros) is.
    std::uint32_t append_of(std::uint32_t micro) const { return append_of_micro_[micro]; }
    const AppendOrder& order(std::uint32_t key) const { return orders_[key]; }
    std::uint32_t keys() const { return static_cast<std::uint32_t>(orders_.size()); }
    bool committed(std::uint32_t transaction) const { return committed_[transaction]; }
    std::string value_text(std::uint32_t append) const {
        return to_text(*appends_[append].value, 60);
    }
    // The append of an element of a key, or none.
    std::uint32_t find(std::uint32_t key, const Value& element);

  private:
    void index_appends();
    void find_longest();
    void resolve(std::uint32_t key);
    void compare_reads();
    void compare(std::uint32_t transaction, std::uint32_t key, const ValueList& list);
    void link(std::uint32_t key);
    void add_garbage(std::uint32_t transaction, std::uint32_t key, const Value& element);
    void check_program_order(std::uint32_t key);

    const Transactions& transactions_;
    Anomalies& anomalies_;
    Effort& effort_;
    Interner values_;
    std::vector<RecordedAppend> appends_;
    std::vector<std::uint32_t> append_of_micro_;
    LookupTable<std::uint64_t, std::uint32_t> append_of_element_;  // key and value -> number + 1
    std::vector<AppendOrder> orders_;
    std::vector<bool> committed_;
};

}  // namespace ledger::check
