#pragma once
// CounterMachine: the smallest replicated state machine: a number that commands add to.

#include <optional>
#include <utility>

#include "log/file_system.h"
#include "node/state_machine.h"

namespace ledger::node {

// A command's envelope is one u64 to add; the outcome and every answer is the sum as u64.
class CounterMachine : public StateMachine {
  public:
    Result<void> admit(const EntryBody& body) const override {
        if (body.envelope().size() != 8) {
            return failure(log::Errc::invalid_argument, "expected 8 bytes");
        }
        return {};
    }
    void apply(const HashedEntry& entry, ByteVector& outcome) override {
        if (entry.entry.kind == EntryKind::command) {
            sum_ += ByteReader(entry.entry.handle.envelope()).u64();
            ByteWriter(outcome).u64(sum_);
        }
    }
    Result<QueryPlan> query(ByteSpan) const override {
        QueryPlan plan;
        ByteWriter(plan.context).u64(sum_);
        return plan;
    }
    Result<ByteVector> answer(const QueryPlan& plan, std::span<const EntryRef>) const override {
        return plan.context;
    }
    Hash128 digest() const override {
        Hash128 hash;
        hash.add(sum_);
        return hash;
    }
    Summary summary() const override { return {Position{sum_}, {}}; }

    void freeze() override { frozen_ = sum_; }
    bool next_chunk(std::uint64_t, ByteVector& out) override {
        if (frozen_) {
            ByteWriter(out).u64(*frozen_);
        }
        return std::exchange(frozen_, std::nullopt).has_value();
    }
    void thaw() override { frozen_.reset(); }
    void begin_restore() override { sum_ = 0; }
    void abandon_restore() override { sum_ = 0; }
    Result<void> restore_chunk(ByteSpan chunk) override {
        if (chunk.size() != 8) {
            return failure(log::Errc::invalid_argument, "expected 8 bytes");
        }
        sum_ = ByteReader(chunk).u64();
        return {};
    }
    Result<void> end_restore() override { return {}; }
    void retain(Index) override {}

  private:
    std::uint64_t sum_ = 0;
    std::optional<std::uint64_t> frozen_;
};

}  // namespace ledger::node
