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

    void freeze() override { ledger_.freeze(); }
    bool next_chunk(std::uint64_t bytes_max, ByteVector& out) override {
        return ledger_.next_chunk(bytes_max, out);
    }
    void thaw() override { ledger_.thaw(); }
    void begin_restore() override { ledger_.begin_restore(); }
    void abandon_restore() override { ledger_.abandon_restore(); }
    Result<void> restore_chunk(ByteSpan chunk) override { return ledger_.restore_chunk(chunk); }
    Result<void> end_restore() override { return ledger_.end_restore(); }
    bool has_front() const override { return ledger_.may_apply() && !ledger_.is_whole(); }
    bool needs_past(const EntryRef& entry) const override { return ledger_.needs_past(entry); }
    bool settle() override { return ledger_.settle(); }
    void retain(Index upto) override { ledger_.retain(upto); }
    std::span<const Index> just_erased() const override { return ledger_.just_redacted(); }
    Index erased_from(Index from) const override {
        return ledger_.redacted_from(from).value_or(Index{});
    }
    EntryHandle as_it_stays(Index index, const EntryHandle& body) const override {
        return ledger_.without_redacted(index, body);
    }
    Feature needed() const override;

    const state::Ledger& ledger() const { return ledger_; }

  private:
    state::Ledger ledger_;
};

}  // namespace ledger::node
