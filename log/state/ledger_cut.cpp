#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "log/state/ledger.h"

namespace ledger::state {
namespace {

// A chunk of a cut replaces about as many records as it brings.
constexpr std::uint64_t sweep_steps_per_chunk = 1024;
constexpr std::uint64_t settle_steps = 16 * 1024;

}  // namespace

void Ledger::freeze() {
    LEDGER_ASSERT(!emission_);
    LEDGER_ASSERT(is_whole());
    emission_.emplace(standing_, tables_);
}

bool Ledger::next_chunk(std::uint64_t bytes_max, ByteVector& out) {
    LEDGER_ASSERT(emission_.has_value());
    return emission_->next_chunk(bytes_max, out);
}

void Ledger::thaw() {
    LEDGER_ASSERT(emission_.has_value());
    emission_->end();
    emission_.reset();
}

void Ledger::begin_restore() {
    if (emission_) {
        thaw();
    }
    discarded_.push_back(std::exchange(tables_, Tables(limits_.sessions())));
    standing_ = initial();
    just_redacted_.clear();
    dropping_ = false;
    serving_ = false;
    restoration_.emplace(
        RestoreLimits{limits_.streams_max, limits_.sessions(), limits_.redactions_max}, tables_);
    LEDGER_ASSERT(length() == Position{});
}

void Ledger::abandon_restore() {
    LEDGER_ASSERT(restoration_.has_value());
    begin_restore();
    restoration_.reset();
}

Result<void> Ledger::restore_chunk(ByteSpan chunk) {
    LEDGER_ASSERT(restoration_.has_value());
    sweep(sweep_steps_per_chunk);
    LEDGER_CHECK(restoration_->take(chunk));
    if (!serving_ && restoration_->has_front()) {
        serving_ = true;
        standing_ = restoration_->standing();
        tables_.recent.emplace(restoration_->length());
    }
    return {};
}

Result<void> Ledger::end_restore() {
    LEDGER_ASSERT(restoration_.has_value());
    LEDGER_TRY(const Standing standing, restoration_->finish());
    standing_ = serving_ ? standing_ : standing;
    restoration_.reset();
    LEDGER_ASSERT(retained() <= length());
    settle();
    return {};
}

bool Ledger::settle() {
    settle(settle_steps);
    return !restoration_ && tables_.recent.has_value();
}

// What came meanwhile takes its place behind the past.
void Ledger::settle(std::uint64_t steps) {
    if (restoration_ || !tables_.recent) {
        return;
    }
    Positions& positions = tables_.positions;
    const Positions& recent = *tables_.recent;
    for (; steps > 0 && positions.length() < recent.length(); --steps) {
        const Position next = positions.length();
        const StreamNumber stream = recent.stream(next);
        const Revision revision = tables_.streams.place(stream, next);
        positions.add(recent.locate(next).index, stream, revision);
    }
    if (positions.length() == recent.length()) {
        discarded_.emplace_back(limits_.sessions()).positions = std::move(*tables_.recent);
        tables_.recent.reset();
    }
}

bool Ledger::needs_past(const EntryRef& entry) const {
    if (is_whole() || entry.kind != EntryKind::command || !knows_redact()) {
        return false;
    }
    const Result<CommandView> command = view_command(entry.handle.envelope());
    if (!command) {
        return false;
    }
    if (const auto* append = std::get_if<AppendView>(&*command)) {
        // A repetition is noted beside the entry that it repeats.
        return append->session != SessionId{} &&
               tables_.sessions.has_reply(append->session, append->sequence);
    }
    return std::holds_alternative<RedactView>(*command);
}

void Ledger::retain(Index upto) {
    LEDGER_ASSERT(upto <= applied());
    LEDGER_ASSERT(is_whole());
    if (upto <= standing_.retained_index) {
        return;
    }
    standing_.retained_index = upto;
    standing_.retained = tables_.positions.first_above(upto);
    LEDGER_SOMETIMES(emission_.has_value(), "state.retained_while_frozen");
    tables_.streams.drop_before(retained());
    dropping_ = true;
}

void Ledger::sweep(std::uint64_t steps) {
    tables_.sessions.sweep(steps);
    tables_.redactions.sweep(steps);
    if (!discarded_.empty()) {
        Tables& last = discarded_.back();
        const bool streams = last.streams.discard();
        const bool positions = last.positions.discard();
        const bool sessions = last.sessions.discard(steps);
        const bool redactions = last.redactions.discard(steps);
        const bool recent = !last.recent || last.recent->discard();
        if (streams && positions && sessions && redactions && recent) {
            discarded_.pop_back();
        }
    }
    settle(steps);
    // What is frozen may still need what lies below the retained point.
    if (!emission_ && is_whole()) {
        dropping_ = dropping_ && !tables_.positions.drop_before(retained());
        tables_.streams.sweep(steps);
    }
}

}  // namespace ledger::state
