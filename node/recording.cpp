#include "node/recording.h"

#include <algorithm>
#include <iterator>
#include <type_traits>
#include <variant>

#include "log/base/assert.h"
#include "log/base/crc32c.h"
#include "log/base/format.h"
#include "node/event_codec.h"
#include "node/frame.h"
#include "node/ledger_machine.h"

// A recording: header, then steps.
//
// Header: magic "LGRR" (4), version (4), bytes of the rest without its checksum (4), the fields in
// the order in which header_numbers() names them (8 each), the voters (4 for their number, 4
// each), CRC-32C of the rest (4).
// Step: bytes of the event (4), time (8), event (node/event_codec.h), the first 8 bytes of the hash
// after the step (8), CRC-32C of its number, from 1 (8 bytes that are not written), and of all before
// it in this step (4).
namespace ledger::node {

namespace {

constexpr char magic[4] = {'L', 'G', 'R', 'R'};
constexpr std::uint32_t version = 7;
constexpr std::uint32_t crc_bytes = 4;
constexpr std::uint32_t step_bytes_min = 4 + 8 + 8 + crc_bytes;
// Greater than any event: a recovered tail or a message of many entries.
constexpr std::uint32_t event_bytes_max = 1u << 30;

// Every number of the header, once, in order; `visit` gets a reference to each.
template <typename Header, typename Visitor>
void header_numbers(Header& header, Visitor&& visit) {
    visit(header.config.cluster.high);
    visit(header.config.cluster.low);
    visit(header.config.group.value);
    visit(header.config.raft.self.value);
    visit(header.config.raft.election_timeout_min.nanoseconds);
    visit(header.config.raft.heartbeat_interval.nanoseconds);
    visit(header.config.raft.append_entries_max);
    visit(header.config.raft.append_bytes_max);
    visit(header.config.raft.catch_up_entries_max);
    visit(header.config.raft.catch_up_bytes_max);
    visit(header.config.raft.catch_up_bytes_per_second);
    visit(header.config.raft.inflight_messages_max);
    visit(header.config.raft.inflight_bytes_max);
    visit(header.config.raft.uncommitted_bytes_max);
    visit(header.config.limits.apply_entries_max);
    visit(header.config.limits.load_bytes_max);
    visit(header.config.limits.entry_cache_entries);
    visit(header.config.limits.waiters_max);
    visit(header.config.limits.queries_max);
    visit(header.config.limits.answer_bytes_max);
    visit(header.config.limits.pending_bytes_max);
    visit(header.config.limits.question_bytes_max);
    visit(header.config.limits.retry_after.nanoseconds);
    visit(header.config.limits.proposal_delay_max.nanoseconds);
    visit(header.config.limits.founding_time.nanoseconds);
    visit(header.config.limits.seal_delay.nanoseconds);
    visit(header.config.limits.cut_entries);
    visit(header.config.limits.cut_chunk_bytes);
    visit(header.config.limits.retain_entries);
    visit(header.config.limits.kept_entries_min);
    visit(header.config.limits.kept_entries_max);
    visit(header.config.limits.discard_entries);
    visit(header.config.limits.cut_transfers_max);
    visit(header.config.limits.cut_bytes_per_second);
    visit(header.config.limits.cut_retry.nanoseconds);
    visit(header.config.limits.cut_patience.nanoseconds);
    visit(header.config.features_max);
    visit(header.machine.sessions_max);
    visit(header.machine.stored_replies_max);
    visit(header.machine.stored_reply_bytes_max);
    visit(header.machine.streams_max);
    visit(header.key);
}

ByteVector encode_header(const RecordingHeader& header) {
    ByteVector rest;
    ByteWriter writer(rest);
    header_numbers(
        header, [&writer](const auto& number) { writer.u64(static_cast<std::uint64_t>(number)); });
    writer.u32(header.config.raft.configuration.voters.size());
    for (const NodeId voter : header.config.raft.configuration.voters) {
        writer.u32(voter.value);
    }
    return rest;
}

Error damaged(std::string what) {
    return failure(CodecErrc::malformed, "recording: " + std::move(what));
}

struct HeaderFound {
    RecordingHeader header;
    std::uint64_t bytes = 0;
};

Result<HeaderFound> decode_header(ByteSpan bytes) {
    ByteReader prefix(bytes);
    const ByteSpan found_magic = prefix.bytes(sizeof(magic));
    const std::uint32_t found_version = prefix.u32();
    const std::uint32_t size = prefix.u32();
    if (!prefix.ok() || !is_recording(found_magic)) {
        return damaged("it does not begin as one");
    }
    if (found_version != version) {
        return failure(CodecErrc::unsupported_version,
            fmt::format("recording of version {}, this build reads {}", found_version, version));
    }
    const ByteSpan rest = prefix.bytes(size);
    const std::uint32_t crc = prefix.u32();
    if (!prefix.ok() || crc != crc32c(rest)) {
        return damaged("its header is damaged");
    }
    HeaderFound found;
    ByteReader reader(rest);
    header_numbers(found.header, [&reader](auto& number) {
        number = static_cast<std::remove_reference_t<decltype(number)>>(reader.u64());
    });
    const std::uint32_t voters = reader.u32();
    for (std::uint32_t left = std::min(voters, raft::members_max); left > 0; --left) {
        found.header.config.raft.configuration.voters.insert(NodeId{reader.u32()});
    }
    if (!reader.ok() || !reader.at_end() || found.header.config.raft.self == NodeId{}) {
        return damaged("its header makes no sense");
    }
    found.bytes = prefix.offset();
    return found;
}

void hash_effect(const Effect& effect, Hash128& hash) {
    hash.add(std::uint64_t{effect.index()} + 1);
    if (const auto* send = std::get_if<Send>(&effect)) {
        hash.add(send->after.value);
        hash_event(Message{send->message}, hash);
    } else if (const auto* store = std::get_if<Store>(&effect)) {
        hash.add(store->ticket.value);
        hash.add(std::uint64_t{store->group->entries.size()});
        hash.add(store->group->commit.value);
    } else if (const auto* load = std::get_if<Load>(&effect)) {
        hash.add(load->request);
        hash.add(load->first.value);
        hash.add(load->last.value);
        hash.add(load->bytes_max);
    } else if (const auto* store_cut = std::get_if<StoreCut>(&effect)) {
        hash.add(store_cut->request);
        hash.add(store_cut->cut.index.value);
        hash.add(std::uint64_t{store_cut->work.index()});
    } else if (const auto* chunk = std::get_if<LoadChunk>(&effect)) {
        hash.add(chunk->request);
        hash.add(chunk->cut.index.value);
        hash.add(chunk->number);
    } else if (const auto* discard = std::get_if<Discard>(&effect)) {
        hash.add(discard->upto.value);
    } else if (const auto* wake = std::get_if<WakeAt>(&effect)) {
        hash.add(static_cast<std::uint64_t>(wake->deadline.nanoseconds));
    } else if (const auto* trace = std::get_if<Trace>(&effect)) {
        hash.add(static_cast<std::uint64_t>(trace->transition.role));
        hash.add(trace->transition.term.value);
        hash.add(trace->transition.leader.value);
        hash.add(static_cast<std::uint64_t>(trace->transition.cause));
    } else if (const auto* reply = std::get_if<Reply>(&effect)) {
        hash.add(reply->client.value);
        hash.add(reply->reply.id.value);
        hash.add(std::uint64_t{reply->reply.outcome.index()});
    }
}

void hash_after(const Replica& replica, const StateMachine& machine,
    std::span<const Effect> effects, Hash128& hash) {
    for (const Effect& effect : effects) {
        hash_effect(effect, hash);
    }
    const raft::Status status = replica.raft().status();
    hash.add(static_cast<std::uint64_t>(status.role));
    hash.add(status.term.value);
    hash.add(status.vote.value);
    hash.add(status.leader.value);
    hash.add(status.last.value);
    hash.add(status.durable.value);
    hash.add(status.commit.value);
    hash.add(replica.applied().value);
    const Hash128 digest = machine.digest();
    hash.add(digest.high());
    hash.add(digest.low());
}

void hash_before(Instant now, const Event& event, Hash128& hash) {
    hash.add(static_cast<std::uint64_t>(now.nanoseconds));
    hash_event(event, hash);
}

struct Step {
    Instant now;
    Event event;
    std::uint64_t hash = 0;
};

// How long the step at the beginning of `rest` is; 0: the bytes end before it does.
std::uint64_t step_bytes(ByteSpan rest) {
    ByteReader reader(rest);
    const std::uint32_t event_bytes = reader.u32();
    const std::uint64_t bytes = step_bytes_min + event_bytes;
    const bool whole = reader.ok() && event_bytes <= event_bytes_max && bytes <= rest.size();
    return whole ? bytes : 0;
}

// A step that is missing, or stands elsewhere, is as bad as a damaged one: what follows would be
// handed to a replica that it never happened to.
std::uint32_t step_crc(ByteSpan checked, std::uint64_t number) {
    std::byte bytes[sizeof(number)];
    store_little_endian(bytes, number);
    return crc32c(checked, crc32c(bytes));
}

Result<Step> read_step(ByteSpan bytes, std::uint64_t number) {
    ByteReader reader(bytes);
    const std::uint32_t event_bytes = reader.u32();
    const auto now = Instant{reader.i64()};
    const ByteSpan event = reader.bytes(event_bytes);
    const std::uint64_t hash = reader.u64();
    const std::uint64_t checked = reader.offset();
    if (reader.u32() != step_crc(bytes.first(static_cast<std::size_t>(checked)), number)) {
        return damaged("a step is damaged");
    }
    LEDGER_ASSERT(reader.ok() && reader.remaining() == 0);
    LEDGER_TRY(Event decoded, decode_event(event));
    return Step{now, std::move(decoded), hash};
}

}  // namespace

Recorder::Recorder(const RecordingHeader& header, ByteVector& out) : out_(out) {
    const ByteVector rest = encode_header(header);
    ByteWriter writer(out_);
    writer.bytes(std::as_bytes(std::span(magic)));
    writer.u32(version);
    writer.u32(static_cast<std::uint32_t>(rest.size()));
    writer.bytes(rest);
    writer.u32(crc32c(rest));
    hash_.add_bytes(rest);
}

void Recorder::stepping(Instant now, const Event& event) {
    // Nobody takes bytes from `out` between stepping() and stepped(), so its end is this step.
    step_at_ = out_.size();
    ByteWriter writer(out_);
    writer.u32(0);
    writer.i64(now.nanoseconds);
    const std::uint64_t before = out_.size();
    encode_event(event, out_);
    const std::uint64_t event_bytes = out_.size() - before;
    LEDGER_ASSERT(event_bytes <= event_bytes_max);
    store_little_endian(out_.data() + step_at_, static_cast<std::uint32_t>(event_bytes));
    hash_before(now, event, hash_);
}

void Recorder::stepped(
    const Replica& replica, const StateMachine& machine, std::span<const Effect> effects) {
    LEDGER_ASSERT(out_.size() > step_at_);
    hash_after(replica, machine, effects, hash_);
    ByteWriter writer(out_);
    writer.u64(hash_.high());
    const ByteSpan step = ByteSpan(out_).subspan(static_cast<std::size_t>(step_at_));
    const std::uint32_t crc = step_crc(step, ++steps_);
    writer.u32(crc);
}

bool is_recording(ByteSpan bytes) {
    const ByteSpan expected = std::as_bytes(std::span(magic));
    return bytes.size() >= expected.size() &&
           std::equal(expected.begin(), expected.end(), bytes.begin());
}

Result<Replayed> replay_recording(ByteSpan bytes) {
    LEDGER_TRY(const HeaderFound found, decode_header(bytes));
    LedgerMachine machine(found.header.machine);
    SeededChoices choices(found.header.key);
    Replica replica(found.header.config, machine, choices);
    Replayed replayed;
    replayed.hash.add_bytes(encode_header(found.header));
    ByteSpan rest = bytes.subspan(static_cast<std::size_t>(found.bytes));
    while (!rest.empty()) {
        const auto bytes_of_step = static_cast<std::size_t>(step_bytes(rest));
        if (bytes_of_step == 0) {
            replayed.torn_bytes = rest.size();
            break;
        }
        LEDGER_TRY(Step step, read_step(rest.first(bytes_of_step), replayed.steps + 1));
        if (!replica.started() && !std::holds_alternative<Start>(step.event)) {
            return damaged("its first step is no start");
        }
        rest = rest.subspan(bytes_of_step);
        hash_before(step.now, step.event, replayed.hash);
        const auto effects = replica.step(step.now, std::move(step.event));
        hash_after(replica, machine, effects, replayed.hash);
        ++replayed.steps;
        if (replayed.hash.high() != step.hash) {
            replayed.differs_at = replayed.steps;
            break;
        }
    }
    return replayed;
}

}  // namespace ledger::node
