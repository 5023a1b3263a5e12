#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "log/state/ledger.h"

namespace ledger::state {
namespace {

// A chunk of a cut replaces about as many records as it brings.
constexpr std::uint64_t sweep_steps_per_chunk = 1024;

}  // namespace

void Ledger::freeze() {
    LEDGER_ASSERT(!emission_);
    LEDGER_ASSERT(!restoration_);
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
    if (restoration_) {
        discarded_.push_back(std::move(restoration_->tables()));
    }
    discarded_.push_back(std::exchange(tables_, Tables(limits_.sessions())));
    standing_ = initial();
    just_redacted_.clear();
    dropping_ = false;
    restoration_.emplace(
        RestoreLimits{limits_.streams_max, limits_.sessions(), limits_.redactions_max});
    LEDGER_ASSERT(length() == Position{});
}

void Ledger::abandon_restore() {
    LEDGER_ASSERT(restoration_.has_value());
    discarded_.push_back(std::move(restoration_->tables()));
    restoration_.reset();
}

Result<void> Ledger::restore_chunk(ByteSpan chunk) {
    LEDGER_ASSERT(restoration_.has_value());
    sweep(sweep_steps_per_chunk);
    return restoration_->take(chunk);
}

Result<void> Ledger::end_restore() {
    LEDGER_ASSERT(restoration_.has_value());
    LEDGER_TRY(standing_, restoration_->finish());
    tables_ = std::move(restoration_->tables());
    restoration_.reset();
    LEDGER_ASSERT(retained() <= length());
    return {};
}

void Ledger::retain(Index upto) {
    LEDGER_ASSERT(upto <= applied());
    LEDGER_ASSERT(!restoration_);
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
        if (streams && positions && sessions && redactions) {
            discarded_.pop_back();
        }
    }
    // What is frozen may still need what lies below the retained point.
    if (!emission_) {
        dropping_ = dropping_ && !tables_.positions.drop_before(retained());
        tables_.streams.sweep(steps);
    }
}

}  // namespace ledger::state
