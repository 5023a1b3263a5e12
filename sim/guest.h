#pragma once
// Guest: somebody else's state machine, replicated beside the ledger on every simulated node: the
// same replica, log, cuts and repair carry it, the same faults strike it.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "log/base/bytes.h"
#include "log/base/ids.h"
#include "node/ledger_machine.h"
#include "node/state_machine.h"
#include "sim/check/verdict.h"

namespace ledger::sim {

// What has just happened to one replica's guest. Valid during the call only.
struct GuestMoment {
    enum class What : std::uint8_t {
        applied = 1,  // an entry: a command, or one that says nothing to it
        restored,     // it is what a cut holds at `index`
    };
    What what = What::applied;
    NodeId node;
    Index index;
    bool first = false;         // no replica, in no life, had come to this index before
    bool is_command = false;
    ByteSpan command{};         // as Guest::command made it
    ByteSpan outcome{};         // what apply() appended
    const node::StateMachine& machine;
};

// What a test says of its machine. All of it is called within a simulated run: no clock, no entropy
// but what is handed in, nothing that one run leaves to the next.
struct Guest {
    std::string name;  // of the machine; a capsule says which program knows it
    // An empty machine. It may use all of the seam but has_front(), erasure and queries.
    std::function<std::unique_ptr<node::StateMachine>()> make;
    // The command that stands for this answer of the tape, of at most state::metadata_bytes_max
    // bytes; 0 = the plainest one.
    std::function<ByteVector(std::uint64_t answer)> command;
    // How many answers there are.
    std::uint64_t answers = std::uint64_t{1} << 32;
    // Makes the property of one run: it is shown every moment, in the order of the run, and says
    // what is wrong, if something is. May be null: then replicas are only compared with each other.
    using Property = std::function<check::Finding(const GuestMoment& moment)>;
    std::function<Property()> property;
};

// Commands travel as the metadata of events of this type, which are in the envelope: redaction does
// not reach them.
inline constexpr char guest_event_type[] = "guest";

// The ledger and, if there is one, its guest, as one machine. A command reaches the guest when the
// ledger has taken the append that carries it, once. Parts of a frozen state begin with a byte that
// says whose they are, the guest's first; without a guest they are the ledger's own.
class GuestedMachine final : public node::StateMachine {
  public:
    // `guest` may be null, and must outlive this.
    GuestedMachine(const state::Limits& limits, const Guest* guest);

    Result<void> admit(const EntryBody& body) const override;
    void apply(const HashedEntry& entry, ByteVector& outcome) override;
    Result<node::QueryPlan> query(ByteSpan question) const override {
        return ledger_.query(question);
    }
    Result<ByteVector> answer(
        const node::QueryPlan& plan, std::span<const EntryRef> entries) const override {
        return ledger_.answer(plan, entries);
    }
    // The ledger's alone: the guest's is compared by itself.
    Hash128 digest() const override { return ledger_.digest(); }
    node::Summary summary() const override { return ledger_.summary(); }

    void freeze() override;
    bool next_chunk(std::uint64_t bytes_max, ByteVector& out) override;
    void thaw() override;
    void begin_restore() override;
    void abandon_restore() override;
    Result<void> restore_chunk(ByteSpan chunk) override;
    Result<void> end_restore() override;
    bool has_front() const override { return ledger_.has_front(); }
    bool needs_past(const EntryRef& entry) const override { return ledger_.needs_past(entry); }
    bool settle() override { return ledger_.settle(); }
    void retain(Index upto) override;
    std::span<const Index> just_erased() const override { return ledger_.just_erased(); }
    Index erased_from(Index from) const override { return ledger_.erased_from(from); }
    EntryHandle as_it_stays(Index index, const EntryHandle& body) const override {
        return ledger_.as_it_stays(index, body);
    }
    node::Feature needed() const override { return ledger_.needed(); }

    const state::Ledger& ledger() const { return ledger_.ledger(); }
    const node::LedgerMachine& ledger_machine() const { return ledger_; }
    // Null without one.
    const node::StateMachine* guest() const { return guest_.get(); }
    // Of the last apply(): its command, if there was one for the guest, and its outcome.
    bool had_command() const { return static_cast<bool>(command_); }
    ByteSpan command() const { return command_.envelope(); }
    ByteSpan guest_outcome() const { return guest_outcome_; }

  private:
    Result<void> end_guest();

    node::LedgerMachine ledger_;
    std::unique_ptr<node::StateMachine> guest_;
    EntryHandle command_;
    ByteVector guest_outcome_;
    bool guest_frozen_ = false;     // parts of its frozen state are still to be given
    bool guest_restoring_ = false;  // parts of it may still come
    ByteVector part_;
};

}  // namespace ledger::sim
