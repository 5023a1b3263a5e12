#pragma once
// Samples: one fixed value of every message and event, for golden files and damage tests.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "log/base/entry.h"
#include "node/codec.h"
#include "node/event.h"
#include "node/message.h"

namespace ledger::node::test {

struct NamedMessage {
    std::string name;
    Decoded message;
};

struct NamedEvent {
    std::string name;
    Event event;
};

inline EntryRef sample_entry(
    std::uint64_t index, std::uint64_t term, std::string_view envelope, std::string_view erasable) {
    EntryRef entry;
    entry.index = Index{index};
    entry.term = Term{term};
    entry.kind = envelope.empty() ? EntryKind::noop : EntryKind::command;
    entry.bytes = static_cast<std::uint32_t>(envelope.size() + erasable.size());
    entry.cluster_time = ClusterTime{1'000'000'000 + static_cast<std::int64_t>(index)};
    entry.wall_time = WallTime{1'700'000'000'000'000'000 + static_cast<std::int64_t>(index)};
    if (entry.bytes > 0) {
        entry.handle = EntryHandle::make(as_bytes(envelope), as_bytes(erasable));
    }
    return entry;
}

// As a witness has it.
inline EntryRef sample_erased_entry(std::uint64_t index, std::uint64_t term) {
    EntryRef entry = sample_entry(index, term, "envelope", "salt and payload");
    entry.handle = entry.handle.erased();
    entry.bytes = entry.handle->size();
    return entry;
}

// As everybody has it after one of its events was redacted.
inline EntryRef sample_partly_erased_entry(std::uint64_t index, std::uint64_t term) {
    EntryRef entry = sample_entry(index, term, "envelope", "left");
    entry.handle = EntryHandle::make_partly_erased(as_bytes("envelope"), as_bytes("left"));
    return entry;
}

inline PeerMessage sample_peer_message(const raft::Message& body) {
    return {
        ClusterId{0x1122334455667788, 0x99aabbccddeeff00}, GroupId{1}, NodeId{2}, NodeId{3}, body,
        Incarnation{0x5566}, Feature::cuts};
}

inline ClientRequest sample_command(RequestId id, const EntryHandle& body) {
    ClientRequest request{id, {}};
    request.operation.emplace<Command>(Command{body});
    return request;
}

inline ByteVector sample_bytes(std::string_view text) {
    const ByteSpan bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

inline raft::AppendRequest sample_append_request() {
    return {Term{7}, LogId{Term{5}, Index{40}}, Index{39}, 12,
        {sample_entry(41, 6, "", ""), sample_entry(42, 6, "envelope", "salt and payload"),
            sample_entry(43, 7, "only an envelope", "")},
        Incarnation{0x5566}, true};
}

inline StatusAnswer sample_status() {
    return {.node = NodeId{2},
        .cluster = ClusterId{0x1122334455667788, 0x99aabbccddeeff00},
        .role = raft::Role::leader,
        .term = Term{7},
        .leader = NodeId{2},
        .last = Index{44},
        .durable = Index{43},
        .commit = Index{42},
        .applied = Index{41},
        .length = Position{120},
        .chain = sha256(as_bytes("forty-one")),
        .incarnation = Incarnation{0x5566},
        .transfer_target = NodeId{3},
        .configuration_index = Index{38},
        .faulty = 2,
        .crowded = true,
        .repair_blocked = Index{39},
        .members = {{.member = {.node = NodeId{2}, .incarnation = Incarnation{0x5566}, .priority = 3},
                        .voter = true,
                        .match = Index{43},
                        .answers = true,
                        .rounds = 3},
            {.member = {.node = NodeId{3}, .witness = true}, .outgoing = true, .match = Index{42}},
            {.member = {.node = NodeId{5}, .promote = true, .replaces = NodeId{3}},
                .learner = true,
                .match = Index{7},
                .trimmed = true}}};
}

inline std::vector<NamedMessage> sample_messages() {
    // Straight into the variant: GCC 12 takes a moved temporary variant for uninitialised.
    const auto peer = []<typename Body>(Body body) {
        PeerMessage message = sample_peer_message({});
        message.body.emplace<raft::Message>().emplace<Body>(std::move(body));
        return message;
    };
    const auto cut = []<typename Body>(Body body) {
        PeerMessage message = sample_peer_message({});
        message.body.emplace<Body>(std::move(body));
        return message;
    };
    const LogId last{Term{5}, Index{40}};
    const auto fetched = [last](
                             FetchResult result, std::optional<EntryRef> copy = {}, bool whole = false) {
        const bool compacted = result == FetchResult::compacted;
        return FetchedEntry{Term{7}, last, result,
            compacted ? LogId{Term{6}, Index{42}} : LogId{}, std::move(copy), whole};
    };
    const EntryHandle body = EntryHandle::make(as_bytes("command"), as_bytes("payload"));
    const RequestId id{77};
    return {
        {"pre_vote_request", peer(raft::PreVoteRequest{Term{6}, Term{7}, last, 3})},
        {"pre_vote_response", peer(raft::PreVoteResponse{Term{6}, Term{7}, 3, true})},
        {"pre_vote_response_removed",
            peer(raft::PreVoteResponse{Term{6}, Term{7}, 3, false, Index{41}})},
        {"vote_request", peer(raft::VoteRequest{Term{7}, last, true})},
        {"vote_response", peer(raft::VoteResponse{Term{7}, true})},
        {"append_request_probe", peer(raft::AppendRequest{Term{7}, last, Index{39}, 11, {}})},
        {"append_request", peer(sample_append_request())},
        {"append_response_accepted",
            peer(raft::AppendResponse{Term{7}, 12, true, Index{43}, Index{40}, {}, true, true})},
        {"append_response_rejected", peer(raft::AppendResponse{Term{7}, 12, false, Index{},
                                         Index{40}, LogId{Term{4}, Index{31}}})},
        {"heartbeat", peer(raft::Heartbeat{Term{7}, Index{39}, 1000})},
        {"heartbeat_response", peer(raft::HeartbeatResponse{Term{7}, 1000, true})},
        {"timeout_now", peer(raft::TimeoutNow{Term{7}})},
        {"read_request", peer(raft::ReadRequest{Term{7}, 31})},
        {"read_response", peer(raft::ReadResponse{Term{7}, 31, Index{43}})},
        {"snapshot_offer", peer(raft::SnapshotOffer{Term{7}, last, ClusterTime{12}, WallTime{34},
                               EntryHandle::make(as_bytes("a configuration"), {})})},
        {"snapshot_status", peer(raft::SnapshotStatus{Term{7}, last, true})},
        {"cut_request", cut(CutRequest{last, 3})},
        {"cut_part", cut(CutPart{last, 3, sample_bytes("a part of the state")})},
        {"fetch_entry", cut(FetchEntry{Term{7}, last, 0x12345678})},
        {"fetched_entry_have", cut(fetched(FetchResult::have, sample_entry(40, 5, "envelope",
                                   "salt and payload")))},
        {"fetched_entry_have_noop", cut(fetched(FetchResult::have, sample_entry(40, 5, "", "")))},
        {"fetched_entry_have_erased", cut(fetched(FetchResult::have, sample_erased_entry(40, 5)))},
        {"fetched_entry_have_partly_erased",
            cut(fetched(FetchResult::have, sample_partly_erased_entry(40, 5), true))},
        {"fetched_entry_never_had", cut(fetched(FetchResult::never_had))},
        {"fetched_entry_faulty", cut(fetched(FetchResult::faulty))},
        {"fetched_entry_compacted", cut(fetched(FetchResult::compacted))},
        {"fetched_entry_known", cut(fetched(FetchResult::known))},
        {"peer_hello", PeerHello{ClusterId{0x1122334455667788, 0x99aabbccddeeff00}, NodeId{4},
                           NodeId{2}, 7004}},
        {"request_command", sample_command(id, body)},
        {"request_query", ClientRequest{id, Query{sample_bytes("what is at 7?")}}},
        {"request_query_applied",
            ClientRequest{id, Query{sample_bytes("what is at 7?"), ReadLevel::applied}}},
        {"request_status", ClientRequest{id, StatusQuery{}}},
        {"request_finalise", ClientRequest{id, Finalise{Feature::cuts}}},
        {"request_subscribe",
            ClientRequest{id, Subscribe{false, Position{120}, "orders", 1u << 20}}},
        {"request_subscribe_now", ClientRequest{id, Subscribe{true, {}, "", 1u << 16}}},
        {"request_grant", ClientRequest{id, Grant{RequestId{70}, 1u << 19}}},
        {"request_unsubscribe", ClientRequest{id, Unsubscribe{RequestId{70}}}},
        {"request_change_membership",
            ClientRequest{id, ChangeMembership{MembershipVerb::replace, NodeId{5}, NodeId{3}, 2}}},
        {"request_transfer_leadership", ClientRequest{id, TransferLeadership{NodeId{3}}}},
        {"reply_applied", ClientReply{id, Applied{Index{43}, sample_bytes("appended")}}},
        {"reply_answered", ClientReply{id, Answered{Index{43}, sample_bytes("an event")}}},
        {"reply_redirect", ClientReply{id, Redirect{NodeId{2}}}},
        {"reply_overloaded", ClientReply{id, Overloaded{milliseconds(20)}}},
        {"reply_disk_full", ClientReply{id, Overloaded{milliseconds(200), true}}},
        {"reply_refused", ClientReply{id, Refused{"larger than entry_bytes_max"}}},
        {"reply_indeterminate", ClientReply{id, Indeterminate{}}},
        {"reply_status", ClientReply{id, sample_status()}},
        {"reply_page", ClientReply{id, Page{Position{121}, true, sample_bytes("an event")}}},
        {"reply_ended", ClientReply{id, Ended{"this node cannot read entry 7"}}},
        {"reply_membership_changed", ClientReply{id, MembershipChanged{Index{43}}}},
        {"reply_leadership_moves", ClientReply{id, LeadershipMoves{NodeId{3}}}},
    };
}

inline log::Recovered sample_recovered() {
    log::Recovered recovered;
    recovered.incarnation = Incarnation{0x1234'5678'9abc'def0};
    recovered.hard_state = {Term{7}, NodeId{2}, true};
    recovered.previous = {Term{4}, Index{9}};
    recovered.first = Index{10};
    recovered.last = Index{42};
    recovered.terms = {{Index{10}, Term{5}}, {Index{41}, Term{6}}};
    recovered.commit = Index{40};
    recovered.commit_hash = sha256(as_bytes("forty"));
    recovered.tail = {{sample_entry(41, 6, "", ""), sha256(as_bytes("forty-one"))},
        {sample_entry(42, 6, "envelope", "payload"), sha256(as_bytes("forty-two"))}};
    recovered.configuration = sample_entry(12, 5, "voters", "");
    recovered.configuration->kind = EntryKind::configuration;
    recovered.last_cluster_time = ClusterTime{1'000'000'042};
    recovered.last_wall_time = WallTime{1'700'000'000'000'000'042};
    recovered.torn_bytes = 513;
    recovered.torn_entries = 2;
    return recovered;
}

// The same disk with damage: a committed configuration, an entry of the tail, a group in doubt.
inline log::Recovered sample_recovered_with_damage() {
    log::Recovered recovered = sample_recovered();
    recovered.faulty_configuration = Index{30};
    recovered.faulty = {{.index = Index{30}, .term = Term{5}, .envelope_bytes = 20, .kind = 3},
        {.index = Index{42}, .term = Term{6}, .envelope_bytes = 8, .erasable_bytes = 7,
            .envelope_crc = 0x12345678, .kind = 2, .flags = 1}};
    recovered.tail[1] = {};
    recovered.tail[1].entry.index = Index{42};
    recovered.tail[1].entry.term = Term{6};
    recovered.unsealed = {{.index = Index{43}, .term = Term{7}, .envelope_crc = 0x9abcdef0, .kind = 1}};
    return recovered;
}

// Every message of Raft and every request as an event, and every other event.
inline log::CutManifest sample_manifest() {
    return {.id = LogId{Term{5}, Index{40}},
        .cluster_time = ClusterTime{12},
        .wall_time = WallTime{34},
        .entry_hash = sha256(as_bytes("forty")),
        .configuration = sample_bytes("a configuration"),
        .control = sample_bytes("a note"),
        .chunks = {sha256(as_bytes("one")), sha256(as_bytes("two"))},
        .bytes = 6};
}

inline std::vector<NamedEvent> sample_events() {
    std::vector<NamedEvent> events;
    events.push_back({"start", Start{sample_recovered(), WallTime{1'700'000'000'000'000'100}, {}}});
    events.push_back({"start_with_cuts",
        Start{sample_recovered(), WallTime{1'700'000'000'000'000'100}, {sample_manifest()}}});
    events.push_back({"start_with_damage",
        Start{sample_recovered_with_damage(), WallTime{1'700'000'000'000'000'100}, {}}});
    for (NamedMessage& sample : sample_messages()) {
        if (auto* peer = std::get_if<PeerMessage>(&sample.message)) {
            events.push_back({"message_" + sample.name, Message{std::move(*peer)}});
        }
        if (auto* request = std::get_if<ClientRequest>(&sample.message)) {
            events.push_back({"client_" + sample.name, Client{ClientId{9}, std::move(*request)}});
        }
    }
    events.push_back({"stored", Stored{Ticket{5}}});
    events.push_back({"stored_crowded", Stored{Ticket{6}, {Index{3}}, true}});
    events.push_back({"store_failed", StoreFailed{Ticket{6}}});
    events.push_back({"loaded", Loaded{4, sample_recovered().tail, false}});
    events.push_back({"loaded_failed", Loaded{4, {}, true}});
    events.push_back({"loaded_damaged", Loaded{4, {}, true, Index{41}}});
    events.push_back({"time", Time{WallTime{1'700'000'000'000'000'101}}});
    events.push_back({"peer_up", PeerUp{NodeId{3}}});
    events.push_back({"peer_down", PeerDown{NodeId{3}}});
    events.push_back({"cut_stored", CutStored{8, 3, false}});
    events.push_back({"cut_stored_failed", CutStored{8, 0, true}});
    events.push_back({"cut_stored_no_space", CutStored{8, 0, true, true}});
    events.push_back({"chunk_loaded", ChunkLoaded{9, sample_bytes("a part of the state"), false}});
    events.push_back({"chunk_loaded_failed", ChunkLoaded{9, {}, true}});
    return events;
}

inline void encode_any(const Decoded& message, ByteVector& out) {
    std::visit([&out](const auto& alternative) { encode(alternative, out); }, message);
}

inline ByteVector frame_of(const Decoded& message) {
    ByteVector out;
    encode_any(message, out);
    return out;
}

}  // namespace ledger::node::test
