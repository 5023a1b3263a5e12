#include "sim/guest.h"

#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "log/state/command_view.h"

namespace ledger::sim {
namespace {

enum class Part : std::uint8_t { ledger = 1, guest = 2 };

// The guest's command that this append carries: at most one, in its first event.
std::optional<ByteSpan> command_in(ByteSpan envelope) {
    const auto view = state::view_command(envelope);
    const auto* append = view ? std::get_if<state::AppendView>(&*view) : nullptr;
    if (append == nullptr || append->event_count == 0) {
        return std::nullopt;
    }
    const state::EventView event = state::EventCursor(*append).next();
    return event.type == guest_event_type ? std::optional(event.metadata) : std::nullopt;
}

}  // namespace

GuestedMachine::GuestedMachine(const state::Limits& limits, const Guest* guest)
    : ledger_(limits), guest_(guest == nullptr ? nullptr : guest->make()) {}

Result<void> GuestedMachine::admit(const EntryBody& body) const {
    LEDGER_CHECK(ledger_.admit(body));
    if (guest_) {
        if (const auto command = command_in(body.envelope())) {
            return guest_->admit(*EntryHandle::make(*command, {}));
        }
    }
    return {};
}

void GuestedMachine::apply(const HashedEntry& entry, ByteVector& outcome) {
    const Position before = ledger_.ledger().length();
    ledger_.apply(entry, outcome);
    if (!guest_) {
        return;
    }
    command_ = {};
    // A conflict or the repetition of an append that was taken before adds nothing.
    if (entry.entry.kind == EntryKind::command && ledger_.ledger().length() > before) {
        if (const auto command = command_in(entry.entry.handle.envelope())) {
            command_ = EntryHandle::make(*command, {});
        }
    }
    HashedEntry shown = entry;
    shown.entry.kind = command_ ? EntryKind::command : EntryKind::noop;
    shown.entry.handle = command_;
    shown.entry.bytes = command_ ? command_->size() : 0;
    guest_outcome_.clear();
    guest_->apply(shown, guest_outcome_);
}

void GuestedMachine::freeze() {
    ledger_.freeze();
    if (guest_) {
        guest_->freeze();
        guest_frozen_ = true;
    }
}

bool GuestedMachine::next_chunk(std::uint64_t bytes_max, ByteVector& out) {
    if (!guest_) {
        return ledger_.next_chunk(bytes_max, out);
    }
    // Each part with a byte in front, and never fewer bytes than the seam allows.
    constexpr std::uint64_t least = 16;
    const std::uint64_t room = bytes_max > least ? bytes_max - 1 : least;
    part_.clear();
    Part whose = Part::guest;
    if (guest_frozen_ && !guest_->next_chunk(room, part_)) {
        guest_frozen_ = false;
    }
    if (!guest_frozen_) {
        part_.clear();
        whose = Part::ledger;
        if (!ledger_.next_chunk(room, part_)) {
            return false;
        }
    }
    out.push_back(static_cast<std::byte>(whose));
    out.insert(out.end(), part_.begin(), part_.end());
    return true;
}

void GuestedMachine::thaw() {
    ledger_.thaw();
    if (guest_) {
        guest_->thaw();
        guest_frozen_ = false;
    }
}

void GuestedMachine::begin_restore() {
    ledger_.begin_restore();
    if (guest_) {
        guest_->begin_restore();
        guest_frozen_ = false;
        guest_restoring_ = true;
    }
}

void GuestedMachine::abandon_restore() {
    ledger_.abandon_restore();
    if (!guest_) {
        return;
    }
    // What was taken up may have been whole already, and entries applied to it.
    if (!guest_restoring_) {
        guest_->begin_restore();
    }
    guest_->abandon_restore();
    guest_restoring_ = false;
}

Result<void> GuestedMachine::end_guest() {
    if (guest_restoring_) {
        LEDGER_CHECK(guest_->end_restore());
        guest_restoring_ = false;
    }
    return {};
}

Result<void> GuestedMachine::restore_chunk(ByteSpan chunk) {
    if (!guest_) {
        return ledger_.restore_chunk(chunk);
    }
    if (chunk.empty()) {
        return failure(state::Errc::malformed, "a part of a cut without its first byte");
    }
    const auto whose = static_cast<Part>(chunk[0]);
    if (whose == Part::guest && guest_restoring_) {
        return guest_->restore_chunk(chunk.subspan(1));
    }
    if (whose != Part::ledger) {
        return failure(state::Errc::malformed, "a part of a cut that is nobody's");
    }
    // The guest's parts come first: it is whole before any entry is applied.
    LEDGER_CHECK(end_guest());
    return ledger_.restore_chunk(chunk.subspan(1));
}

Result<void> GuestedMachine::end_restore() {
    LEDGER_CHECK(end_guest());
    return ledger_.end_restore();
}

void GuestedMachine::retain(Index upto) {
    ledger_.retain(upto);
    if (guest_) {
        guest_->retain(upto);
    }
}

}  // namespace ledger::sim
