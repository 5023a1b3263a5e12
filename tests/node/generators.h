#pragma once
// Generators: any message and event, as RapidCheck values that keep the promises of their types.

#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "node/codec.h"
#include "node/event.h"
#include "node/message.h"
#include "raft/configuration_body.h"

namespace ledger::node::test {

// Small, ordinary and very large numbers alike.
inline std::uint64_t any_number() {
    return *rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(0, 10),
        rc::gen::inRange<std::uint64_t>(0, 1'000'000),
        rc::gen::inRange<std::uint64_t>(0, INT64_MAX), rc::gen::just<std::uint64_t>(INT64_MAX));
}

// Room for what is added to it later.
inline std::uint64_t any_place() {
    return *rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(0, 10),
        rc::gen::inRange<std::uint64_t>(0, INT64_MAX - 1000));
}

inline std::int64_t any_time() {
    return *rc::gen::oneOf(
        rc::gen::inRange<std::int64_t>(-10, 10), rc::gen::arbitrary<std::int64_t>());
}

inline bool any_flag() {
    return *rc::gen::arbitrary<bool>();
}

// Up to `most` bytes whose first eight vary; the rest repeats them.
inline ByteVector any_bytes(std::uint32_t most) {
    const auto size = *rc::gen::oneOf(
        rc::gen::inRange<std::uint32_t>(0, 20), rc::gen::inRange<std::uint32_t>(0, most + 1));
    const auto pattern = *rc::gen::arbitrary<std::uint64_t>();
    ByteVector bytes(size);
    for (std::uint32_t at = 0; at < size; ++at) {
        bytes[at] = static_cast<std::byte>(pattern >> (8 * (at % 8)));
    }
    return bytes;
}

inline EntryHandle any_body() {
    const ByteVector envelope = any_bytes(300);
    const ByteVector erasable = any_bytes(300);
    return envelope.empty() && erasable.empty() ? EntryHandle{}
                                                : EntryHandle::make(envelope, erasable);
}

inline EntryRef any_entry(Index index, Term term) {
    EntryRef entry;
    entry.index = index;
    entry.term = term;
    entry.kind = static_cast<EntryKind>(*rc::gen::inRange<int>(1, 9));
    entry.cluster_time = ClusterTime{any_time()};
    entry.wall_time = WallTime{any_time()};
    entry.handle = any_flag() ? any_body() : any_body().erased();
    if (!entry.handle.erasable().empty() && any_flag()) {
        entry.handle =
            EntryHandle::make_partly_erased(entry.handle.envelope(), entry.handle.erasable());
    }
    entry.bytes = entry.handle ? entry.handle->size() : 0;
    return entry;
}

inline LogId any_log_id() {
    const Term term{any_number()};
    return {term, Index{any_number()}};
}

inline raft::AppendRequest any_append_request() {
    raft::AppendRequest message;
    message.previous.term = Term{any_place()};
    message.previous.index = Index{any_place()};
    message.commit = Index{any_number()};
    message.sequence = *rc::gen::arbitrary<std::uint64_t>();
    LogId last = message.previous;
    for (int left = *rc::gen::inRange(0, 8); left > 0; --left) {
        last.term = last.term + *rc::gen::inRange<std::uint64_t>(0, 3);
        last.index = last.index.next();
        message.entries.push_back(any_entry(last.index, last.term));
    }
    message.term = last.term + *rc::gen::inRange<std::uint64_t>(0, 3);
    message.addressee = Incarnation{any_number()};
    message.trimmed = any_flag();
    return message;
}

inline raft::SnapshotOffer any_snapshot_offer(Term term) {
    const ByteVector body = any_bytes(raft::configuration_bytes_max);
    return {term, any_log_id(), ClusterTime{any_time()}, WallTime{any_time()},
        body.empty() ? EntryHandle{} : EntryHandle::make(body, {})};
}

inline raft::Message any_raft_message(int number) {
    const Term term{any_number()};
    const std::uint64_t count = *rc::gen::arbitrary<std::uint64_t>();
    switch (number) {
        case 0:
            return raft::PreVoteRequest{
                term, Term{any_number()}, any_log_id(), count, Incarnation{any_number()}};
        case 1: return raft::PreVoteResponse{term, Term{any_number()}, count, any_flag(),
                Index{any_number()}};
        case 2: return raft::VoteRequest{term, any_log_id(), any_flag(), Incarnation{any_number()}};
        case 3: return raft::VoteResponse{term, any_flag()};
        case 4: return any_append_request();
        case 5:
            return raft::AppendResponse{term, count, any_flag(), Index{any_number()},
                Index{any_number()}, any_log_id(), any_flag(), any_flag()};
        case 6: return raft::Heartbeat{term, Index{any_number()}, count};
        case 7: return raft::HeartbeatResponse{term, count, any_flag()};
        case 8: return raft::TimeoutNow{term};
        case 9: return raft::ReadRequest{term, count};
        case 10: return raft::ReadResponse{term, count, Index{any_number()}};
        case 11: return any_snapshot_offer(term);
        default: return raft::SnapshotStatus{term, any_log_id(), any_flag()};
    }
}

inline FetchedEntry any_fetched_entry() {
    FetchedEntry fetched{.term = Term{any_number()}, .entry = any_log_id(), .cut = {}, .copy = {}};
    fetched.result = *rc::gen::element(FetchResult::have, FetchResult::never_had,
        FetchResult::faulty, FetchResult::compacted, FetchResult::known);
    if (fetched.result == FetchResult::have) {
        fetched.copy = any_entry(fetched.entry.index, fetched.entry.term);
        fetched.whole = any_flag();
    }
    fetched.cut = any_log_id();
    return fetched;
}

inline PeerBody any_peer_body() {
    const int kind = *rc::gen::inRange(0, 17);
    switch (kind) {
        case 15:
            return FetchEntry{
                Term{any_number()}, any_log_id(), *rc::gen::arbitrary<std::uint32_t>()};
        case 16: return any_fetched_entry();
        case 13:
            return CutRequest{any_log_id(), *rc::gen::arbitrary<std::uint32_t>()};
        case 14:
            return CutPart{any_log_id(), *rc::gen::arbitrary<std::uint32_t>(), any_bytes(3000)};
        default: return any_raft_message(kind);
    }
}

inline Feature any_feature() {
    return Feature{*rc::gen::inRange<std::uint32_t>(1, 5)};
}

inline PeerMessage any_peer_message() {
    const ClusterId cluster{
        *rc::gen::arbitrary<std::uint64_t>(), *rc::gen::arbitrary<std::uint64_t>()};
    return {cluster, GroupId{*rc::gen::arbitrary<std::uint32_t>()},
        NodeId{*rc::gen::arbitrary<std::uint32_t>()}, NodeId{*rc::gen::arbitrary<std::uint32_t>()},
        any_peer_body(),
        Incarnation{*rc::gen::arbitrary<std::uint64_t>()}, any_feature()};
}

inline ClientRequest any_request() {
    ClientRequest request{RequestId{*rc::gen::arbitrary<std::uint64_t>()}, {}};
    switch (*rc::gen::inRange(0, 11)) {
        case 0: request.operation = StatusQuery{}; break;
        case 6:
            request.operation =
                ChangeMembership{static_cast<MembershipVerb>(*rc::gen::inRange(1, 8)),
                    NodeId{*rc::gen::arbitrary<std::uint32_t>()},
                    NodeId{*rc::gen::arbitrary<std::uint32_t>()},
                    *rc::gen::arbitrary<std::uint8_t>()};
            break;
        case 7:
            request.operation = TransferLeadership{NodeId{*rc::gen::arbitrary<std::uint32_t>()}};
            break;
        case 8: request.operation = Finalise{any_feature()}; break;
        case 1:
        case 2:
            request.operation = Query{any_bytes(3000),
                *rc::gen::element(
                    ReadLevel::linearizable, ReadLevel::applied, ReadLevel::anywhere)};
            break;
        case 3:
            request.operation = Subscribe{any_flag(), Position{any_number()},
                std::string(as_text(any_bytes(40))), *rc::gen::arbitrary<std::uint64_t>()};
            break;
        case 4:
            request.operation = Grant{RequestId{*rc::gen::arbitrary<std::uint64_t>()},
                *rc::gen::arbitrary<std::uint64_t>()};
            break;
        case 5:
            request.operation = Unsubscribe{RequestId{*rc::gen::arbitrary<std::uint64_t>()}};
            break;
        default: request.operation = Command{any_body()}; break;
    }
    return request;
}

inline Digest any_digest() {
    return sha256(any_bytes(8));
}

inline MemberStatus any_member(NodeId node) {
    return {.member = {.node = node,
                .incarnation = Incarnation{*rc::gen::arbitrary<std::uint64_t>()},
                .priority = *rc::gen::arbitrary<std::uint8_t>(),
                .witness = any_flag(),
                .promote = any_flag(),
                .replaces = NodeId{*rc::gen::arbitrary<std::uint32_t>()}},
        .voter = any_flag(),
        .outgoing = any_flag(),
        .learner = any_flag(),
        .match = Index{any_number()},
        .answers = any_flag(),
        .rounds = *rc::gen::arbitrary<std::uint8_t>(),
        .trimmed = any_flag()};
}

inline StatusAnswer any_status() {
    StatusAnswer status;
    status.node = NodeId{*rc::gen::arbitrary<std::uint32_t>()};
    status.cluster = {*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::arbitrary<std::uint64_t>()};
    status.role = *rc::gen::element(raft::Role::follower, raft::Role::pre_candidate,
        raft::Role::candidate, raft::Role::leader);
    status.term = Term{any_number()};
    status.leader = NodeId{*rc::gen::arbitrary<std::uint32_t>()};
    status.last = Index{any_number()};
    status.durable = Index{any_number()};
    status.commit = Index{any_number()};
    status.applied = Index{any_number()};
    status.length = Position{any_number()};
    status.chain = any_digest();
    status.incarnation = Incarnation{*rc::gen::arbitrary<std::uint64_t>()};
    status.transfer_target = NodeId{*rc::gen::arbitrary<std::uint32_t>()};
    status.configuration_index = Index{any_number()};
    status.faulty = any_number();
    status.crowded = any_flag();
    status.repair_blocked = Index{any_number()};
    for (std::uint32_t left = *rc::gen::inRange<std::uint32_t>(0, 6), node = 0; left > 0; --left) {
        node += *rc::gen::inRange<std::uint32_t>(1, 1000);
        status.members.push_back(any_member(NodeId{node}));
    }
    status.features = any_feature();
    status.active = any_feature();
    return status;
}

inline ClientReply any_reply() {
    const RequestId id{*rc::gen::arbitrary<std::uint64_t>()};
    switch (*rc::gen::inRange(0, 11)) {
        case 9: return {id, MembershipChanged{Index{any_number()}}};
        case 10: return {id, LeadershipMoves{NodeId{*rc::gen::arbitrary<std::uint32_t>()}}};
        case 7: return {id, Page{Position{any_number()}, any_flag(), any_bytes(3000)}};
        case 8: return {id, Ended{std::string(as_text(any_bytes(200)))}};
        case 0: return {id, Applied{Index{any_number()}, any_bytes(3000)}};
        case 1: return {id, Answered{Index{any_number()}, any_bytes(3000)}};
        case 2: return {id, Redirect{NodeId{*rc::gen::arbitrary<std::uint32_t>()}}};
        case 3: return {id, Overloaded{Duration{any_time()}, any_flag()}};
        case 4: return {id, Refused{std::string(as_text(any_bytes(200)))}};
        case 5: return {id, any_status()};
        default: return {id, Indeterminate{}};
    }
}

inline Decoded any_message() {
    switch (*rc::gen::inRange(0, 5)) {
        case 4:
            return PeerHello{ClusterId{any_number(), any_number()},
                NodeId{*rc::gen::arbitrary<std::uint32_t>()},
                NodeId{*rc::gen::arbitrary<std::uint32_t>()},
                *rc::gen::arbitrary<std::uint16_t>()};
        case 0: return any_request();
        case 1: return any_reply();
        default: return any_peer_message();
    }
}

inline std::vector<HashedEntry> any_hashed_entries() {
    std::vector<HashedEntry> entries;
    for (int left = *rc::gen::inRange(0, 6); left > 0; --left) {
        const EntryRef entry = any_entry(Index{any_number()}, Term{any_number()});
        entries.push_back({entry, any_digest()});
    }
    return entries;
}

inline std::vector<log::EntryIdentity> any_names() {
    std::vector<log::EntryIdentity> names;
    for (int left = *rc::gen::inRange(0, 4); left > 0; --left) {
        names.push_back({.index = Index{any_number()},
            .term = Term{any_number()},
            .envelope_bytes = *rc::gen::arbitrary<std::uint32_t>(),
            .erasable_bytes = *rc::gen::arbitrary<std::uint32_t>(),
            .envelope_crc = *rc::gen::arbitrary<std::uint32_t>(),
            .kind = *rc::gen::arbitrary<std::uint8_t>(),
            .flags = *rc::gen::arbitrary<std::uint8_t>()});
    }
    return names;
}

inline log::Recovered any_recovered() {
    log::Recovered recovered;
    recovered.incarnation = Incarnation{any_number()};
    recovered.hard_state = {
        Term{any_number()}, NodeId{*rc::gen::arbitrary<std::uint32_t>()}, any_flag()};
    recovered.previous = {Term{any_number()}, Index{any_number()}};
    recovered.first = Index{any_number()};
    recovered.last = Index{any_number()};
    for (int left = *rc::gen::inRange(0, 5); left > 0; --left) {
        recovered.terms.push_back({Index{any_number()}, Term{any_number()}});
    }
    recovered.commit = Index{any_number()};
    recovered.commit_hash = any_digest();
    recovered.tail = any_hashed_entries();
    if (any_flag()) {
        recovered.configuration = any_entry(Index{any_number()}, Term{any_number()});
    }
    recovered.last_cluster_time = ClusterTime{any_time()};
    recovered.last_wall_time = WallTime{any_time()};
    recovered.faulty_configuration = Index{any_number()};
    recovered.faulty = any_names();
    recovered.unsealed = any_names();
    recovered.crowded = any_flag();
    recovered.torn_bytes = any_number();
    recovered.torn_entries = any_number();
    return recovered;
}

inline Event any_event() {
    switch (*rc::gen::inRange(0, 9)) {
        case 0: return Start{any_recovered(), WallTime{any_time()}};
        case 1: return Message{any_peer_message()};
        case 2: return Stored{Ticket{*rc::gen::arbitrary<std::uint64_t>()}, {}, any_flag()};
        case 3: return StoreFailed{Ticket{*rc::gen::arbitrary<std::uint64_t>()}};
        case 4: return Loaded{any_number(), any_hashed_entries(), any_flag(), Index{any_number()}};
        case 5: return Time{WallTime{any_time()}};
        case 6: return Client{ClientId{*rc::gen::arbitrary<std::uint64_t>()}, any_request()};
        case 7: return PeerUp{NodeId{*rc::gen::arbitrary<std::uint32_t>()}};
        default: return PeerDown{NodeId{*rc::gen::arbitrary<std::uint32_t>()}};
    }
}

}  // namespace ledger::node::test
