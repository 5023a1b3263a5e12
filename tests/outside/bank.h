#pragma once
// Bank: a replicated state machine of three accounts, as somebody else would write it.

#include <array>
#include <optional>

#include "log/base/bytes.h"
#include "log/state/command.h"
#include "node/state_machine.h"

// A command: from, to, amount. Nobody may owe anything.
struct Transfer {
    std::uint8_t from = 0;
    std::uint8_t to = 0;
    std::uint8_t amount = 0;
};

inline ledger::ByteVector encode(const Transfer& transfer) {
    return {std::byte{transfer.from}, std::byte{transfer.to}, std::byte{transfer.amount}};
}

class Bank final : public ledger::node::StateMachine {
  public:
    using Accounts = std::array<std::uint64_t, 3>;

    const Accounts& accounts() const { return accounts_; }
    std::uint64_t total() const { return accounts_[0] + accounts_[1] + accounts_[2]; }

    ledger::Result<void> admit(const ledger::EntryBody& body) const override {
        if (body.envelope().size() != 3) {
            return ledger::failure(ledger::state::Errc::malformed, "a transfer has three bytes");
        }
        return {};
    }
    void apply(const ledger::HashedEntry& entry, ledger::ByteVector& outcome) override {
        if (entry.entry.kind != ledger::EntryKind::command) {
            return;
        }
        const ledger::ByteSpan bytes = entry.entry.handle.envelope();
        const auto from = static_cast<std::size_t>(bytes[0]) % 3;
        const auto to = static_cast<std::size_t>(bytes[1]) % 3;
        const auto amount = static_cast<std::uint64_t>(bytes[2]);
        const bool covered = accounts_[from] >= amount;
        if (covered) {
            accounts_[from] -= amount;
            accounts_[to] += amount;
        }
        outcome.push_back(std::byte{covered});
    }
    ledger::Hash128 digest() const override {
        ledger::Hash128 hash;
        for (const std::uint64_t account : accounts_) {
            hash.add(account);
        }
        return hash;
    }
    ledger::node::Summary summary() const override { return {}; }

    void freeze() override { frozen_ = accounts_; }
    bool next_chunk(std::uint64_t, ledger::ByteVector& out) override {
        if (!frozen_) {
            return false;
        }
        for (const std::uint64_t account : *frozen_) {
            ledger::ByteWriter(out).u64(account);
        }
        frozen_.reset();
        return true;
    }
    void thaw() override { frozen_.reset(); }
    void begin_restore() override { accounts_ = opening; }
    void abandon_restore() override { accounts_ = opening; }
    ledger::Result<void> restore_chunk(ledger::ByteSpan chunk) override {
        ledger::ByteReader reader(chunk);
        for (std::uint64_t& account : accounts_) {
            account = reader.u64();
        }
#ifdef FORGETFUL
        accounts_[2] = opening[2];
#endif
        if (!reader.ok() || !reader.at_end()) {
            return ledger::failure(ledger::state::Errc::malformed, "three accounts were expected");
        }
        return {};
    }
    ledger::Result<void> end_restore() override { return {}; }
    void retain(ledger::Index) override {}

    // Nobody asks this bank anything.
    ledger::Result<ledger::node::QueryPlan> query(ledger::ByteSpan) const override {
        return ledger::failure(ledger::state::Errc::malformed, "there are no queries");
    }
    ledger::Result<ledger::ByteVector> answer(const ledger::node::QueryPlan&,
        std::span<const ledger::EntryRef>) const override {
        return ledger::ByteVector();
    }

  private:
    static constexpr Accounts opening = {100, 100, 100};
    Accounts accounts_ = opening;
    std::optional<Accounts> frozen_;
};
