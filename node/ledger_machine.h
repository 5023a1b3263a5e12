#pragma once
// LedgerMachine: the event ledger as a replicated state machine.

#include "log/state/ledger.h"
#include "node/state_machine.h"

namespace ledger::node {

class LedgerMachine final : public StateMachine {
  public:
    explicit LedgerMachine(const state::Limits& limits = {}) : ledger_(limits) {}

    Result<void> admit(const EntryBody& body) const override;
    void apply(const HashedEntry& entry, ByteVector& outcome) override;
    Result<QueryPlan> query(ByteSpan question) const override;
    Result<ByteVector> answer(
        const QueryPlan& plan, std::span<const EntryRef> entries) const override;
    Hash128 digest() const override { return ledger_.digest(); }
    Summary summary() const override { return {ledger_.length(), ledger_.chain()}; }

    const state::Ledger& ledger() const { return ledger_; }

  private:
    state::Ledger ledger_;
};

}  // namespace ledger::node
