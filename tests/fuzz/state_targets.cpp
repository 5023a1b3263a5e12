// Bodies of commands, stored outcomes, and the records of a frozen state.
#include <algorithm>

#include "log/base/assert.h"
#include "log/state/command.h"
#include "log/state/cut_records.h"
#include "log/state/ledger.h"
#include "log/state/outcome.h"
#include "tests/fuzz/target.h"

namespace ledger::fuzz {
namespace {

state::Append sample_append(std::uint64_t sequence) {
    state::Append append{.session = SessionId{1},
        .sequence = Sequence{sequence},
        .acknowledged_through = {},
        .streams = {{"a", {}}, {"bc", {state::Expected::Kind::exact, Revision{4}}}},
        .events = {}};
    for (const std::uint32_t stream : {0u, 1u, 0u}) {
        state::NewEvent event;
        event.stream = stream;
        event.id = {1, sequence};
        event.type = "type";
        event.metadata = {std::byte{1}};
        event.salt = {2, 3};
        event.payload = {std::byte{4}, std::byte{5}};
        append.events.push_back(event);
    }
    return append;
}

// --- commands: u32 bytes of the envelope, the envelope, the erasable part ------------------------

ByteVector command_bytes(ByteSpan envelope, ByteSpan erasable) {
    ByteVector bytes;
    ByteWriter out(bytes);
    out.sized(envelope);
    out.bytes(erasable);
    return bytes;
}

Verdict judge_command(ByteSpan bytes) {
    ByteReader in(bytes);
    const ByteSpan envelope = in.sized();
    const ByteSpan erasable = in.bytes(in.remaining());
    const auto command = state::decode_command(envelope, erasable);
    if (!command) {
        return {{}, command.error().place.empty() ? "an error without a place" : ""};
    }
    if (!state::check_command(*command) || !state::view_command(envelope)) {
        return {{}, "a command that nobody may make was read"};
    }
    const EntryHandle again = state::encode_command(*command);
    // It is the only encoding of what it means, commitments aside.
    const EntryHandle body = EntryHandle::make(envelope, erasable);
    const bool same = std::ranges::equal(again.envelope(), envelope) &&
                      std::ranges::equal(again.erasable(), erasable);
    const bool committed = state::verify_commitments(*body).has_value();
    return {command_bytes(again.envelope(), again.erasable()),
        same == committed ? "" : "a command has two forms"};
}

std::vector<ByteVector> command_seeds() {
    std::vector<ByteVector> seeds;
    for (const state::Command& command :
        {state::Command{sample_append(1)}, state::Command{state::RegisterSession{}},
            state::Command{state::Redact{
                SessionId{1}, Sequence{2}, Sequence{1}, {Position{0}, Position{2}}}}}) {
        const EntryHandle body = state::encode_command(command);
        seeds.push_back(command_bytes(body.envelope(), body.erasable()));
    }
    return seeds;
}

// --- outcomes ------------------------------------------------------------------------------------

Verdict judge_outcome(ByteSpan bytes) {
    const auto outcome = state::decode_outcome(bytes);
    if (!outcome) {
        return {{}, outcome.error().place.empty() ? "an error without a place" : ""};
    }
    ByteVector again;
    state::encode_outcome(*outcome, again);
    const bool same = std::ranges::equal(again, bytes);
    return {again, same ? "" : "an outcome has two forms"};
}

std::vector<ByteVector> outcome_seeds() {
    const std::vector<state::Outcome> outcomes = {
        state::Appended{Position{5}, 3, {Revision{1}, Revision{2}, Revision{0}}, {7}, {8}},
        state::Conflict{{{"a", {state::Expected::Kind::exact, Revision{1}}, true, Revision{2}}},
            Position{9}},
        state::SessionExpired{}, state::SequenceTooOld{}, state::Mismatch{},
        state::SessionRegistered{SessionId{4}}, state::Malformed{}, state::LimitReached{},
        state::Redacted{3}, state::NoSuchEvents{{Position{1}, Position{9}}, Position{2}, Position{8}}};
    std::vector<ByteVector> seeds;
    for (const state::Outcome& outcome : outcomes) {
        state::encode_outcome(outcome, seeds.emplace_back());
    }
    return seeds;
}

// --- cuts ----------------------------------------------------------------------------------------

Verdict judge_summary(ByteSpan bytes) {
    state::RecordReader in(bytes);
    const state::CutSummary summary = state::read_summary(in, state::cut_version);
    if (!in.ok()) {
        return {{}, in.ended() == (in.wrong() != nullptr) ? "no reason, or two" : ""};
    }
    ByteVector again;
    state::write_summary(again, summary);
    const bool same = std::ranges::equal(again, bytes.first(static_cast<std::size_t>(in.offset())));
    return {again, same ? "" : "a summary has two forms"};
}

// u32 bytes of each chunk, then the chunk.
Verdict judge_chunks(ByteSpan bytes) {
    state::Ledger ledger;
    ledger.begin_restore();
    ByteReader in(bytes);
    while (in.remaining() > 0) {
        const ByteSpan chunk = in.sized();
        if (!in.ok() || !ledger.restore_chunk(chunk)) {
            return {};
        }
    }
    if (!ledger.end_restore()) {
        return {};
    }
    // What was accepted can be used, and frozen again.
    (void)ledger.locate(state::ReadAll{Position{}, state::Direction::forward, 10});
    (void)ledger.locate(
        state::ReadStream{"a", Revision{}, state::Direction::backward, 10});
    ByteVector again;
    ByteVector chunk;
    ledger.freeze();
    for (; ledger.next_chunk(64u << 10, chunk); chunk.clear()) {
        ByteWriter(again).sized(chunk);
    }
    ledger.thaw();
    state::Ledger twice;
    twice.begin_restore();
    ByteReader back(again);
    bool whole = true;
    while (back.remaining() > 0 && whole) {
        whole = twice.restore_chunk(back.sized()).has_value();
    }
    whole = whole && twice.end_restore().has_value();
    const bool same = whole && twice.digest() == ledger.digest() &&
                      twice.applied() == ledger.applied() && twice.length() == ledger.length();
    return {again, same ? "" : "a state does not come back"};
}

std::vector<ByteVector> chunk_seeds() {
    state::Ledger ledger;
    std::vector<ByteVector> seeds;
    const auto freeze = [&] {
        ByteVector chunk;
        ByteVector& seed = seeds.emplace_back();
        ledger.freeze();
        for (; ledger.next_chunk(64u << 10, chunk); chunk.clear()) {
            ByteWriter(seed).sized(chunk);
        }
        ledger.thaw();
    };
    freeze();
    ByteVector outcome;
    for (std::uint64_t index = 1; index <= 4; ++index) {
        EntryRef entry;
        entry.index = Index{index};
        entry.term = Term{1};
        entry.kind = EntryKind::command;
        state::Append append = sample_append(index - 1);
        append.streams[1].expected = {};
        entry.handle = index == 1 ? state::encode_command(state::Command{state::RegisterSession{}})
                                  : state::encode_command(append);
        entry.bytes = entry.handle->size();
        outcome.clear();
        ledger.apply(entry, sha256(as_bytes("chain")), outcome);
    }
    freeze();
    return seeds;
}

std::vector<ByteVector> summary_seeds() {
    state::CutSummary summary;
    summary.standing = {.applied = Index{900},
        .chain = sha256(as_bytes("chain")),
        .digest = Hash128(3, 4),
        .retained_index = Index{100},
        .retained = Position{50}};
    summary.length = Position{70};
    summary.streams = 5;
    summary.entries = 20;
    summary.sessions = 7;
    ByteVector bytes;
    summary.standing.knows_redact = true;
    summary.redactions = 3;
    state::write_summary(bytes, summary);
    return {bytes};
}

}  // namespace

std::vector<Target> state_targets() {
    return {
        {"command", false, command_seeds(), judge_command},
        {"outcome", false, outcome_seeds(), judge_outcome},
        {"cut_summary", false, summary_seeds(), judge_summary},
        {"cut_chunks", false, chunk_seeds(), judge_chunks},
    };
}

}  // namespace ledger::fuzz
