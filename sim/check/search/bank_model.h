#pragma once
// Bank model: accounts between which money is moved, and reads of all balances at once.

#include <optional>
#include <string>
#include <vector>

#include "sim/check/judgement.h"
#include "sim/check/search/model.h"
#include "sim/check/search/value_table.h"

namespace ledger::check {

// Accounts that are integers in one place and texts of digits in another are the same (JSON).
class BankModel {
  public:
    using State = std::vector<std::int64_t>;  // balance of each account
    struct Operation {
        bool reads = false;
        std::uint32_t from = 0;
        std::uint32_t to = 0;
        std::int64_t amount = 0;
        State balances;  // of a read
        friend bool operator==(const Operation&, const Operation&) = default;
    };

    // The first ok read that no transfer can have changed tells the balances at the beginning.
    explicit BankModel(const RecordedHistory& history);
    bool knows_beginning() const { return beginning_.has_value(); }

    Reading<Operation> read(const RecordedOperation& recorded);
    State initial() const { return beginning_.value_or(State()); }
    std::optional<State> step(const State& state, const Operation& operation) const;
    std::uint64_t hash(const State& state) const;
    std::uint64_t hash(const Operation& operation) const;
    std::uint64_t bytes(const State& state) const { return state.size() * 8; }
    std::string describe(const State& state) const;
    std::string refusal(const State& state, const Operation& operation) const;

    // The rules of reference, section 14.3: every read shows the same total, `total` if it is given
    // and that of the first ok read otherwise, and no negative balance. The reads that do not.
    std::vector<Anomaly> wrong_totals(
        const RecordedHistory& history, std::optional<std::int64_t> total, std::uint64_t& reads);

  private:
    std::uint32_t account(const Value& name);
    std::optional<State> balances(const Value& map);

    ValueTable accounts_;
    std::optional<State> beginning_;
};

}  // namespace ledger::check
