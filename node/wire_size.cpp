#include "node/wire_size.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::node {

// The formula, in bytes; padded(n) is n rounded up to a multiple of 8:
//
//   peer message      128, and for an append request with entries
//                     8 + the sum over them of 48 + padded(body),
//                     for a snapshot offer padded(configuration),
//                     for a part of a cut padded(its bytes),
//                     for a fetched entry 48 + padded(body) if there is a copy
//   peer hello         72
//   client request     72 + padded(body, question or stream), and 32 with a subscription's
//                     beginning, 16 with a grant, an end or a change of the membership
//   client reply       80 + padded(outcome, answer or reason), 80 + 160 with a status, and for
//                     one with members 8 + 40 for each
//
// The constants are what the first version of the wire needed: 24 of frame header, 16 of Cap'n
// Proto framing, and the fields. They belong to the model: changing them changes every simulated
// run, changing the schema does not.
namespace {

constexpr std::uint64_t peer_message_bytes = 128;
constexpr std::uint64_t entry_list_bytes = 8;
constexpr std::uint64_t entry_bytes = 48;
constexpr std::uint64_t peer_hello_bytes = 72;
constexpr std::uint64_t client_request_bytes = 72;
constexpr std::uint64_t subscribe_bytes = 32;
constexpr std::uint64_t grant_bytes = 16;
constexpr std::uint64_t client_reply_bytes = 80;
constexpr std::uint64_t change_bytes = 16;
constexpr std::uint64_t status_bytes = 160;
constexpr std::uint64_t member_list_bytes = 8;
constexpr std::uint64_t member_bytes = 40;

constexpr std::uint64_t padded(std::uint64_t bytes) {
    return (bytes + 7) / 8 * 8;
}

std::uint64_t body_bytes(const EntryHandle& body) {
    return body ? body->size() : 0;
}

struct OperationBytes {
    std::uint64_t operator()(const Command& command) const { return body_bytes(command.body); }
    std::uint64_t operator()(const Query& query) const { return query.question.size(); }
    std::uint64_t operator()(const StatusQuery&) const { return 0; }
    std::uint64_t operator()(const Finalise&) const { return 0; }
    std::uint64_t operator()(const Subscribe& subscribe) const {
        return subscribe_bytes + subscribe.stream.size();
    }
    std::uint64_t operator()(const Grant&) const { return grant_bytes; }
    std::uint64_t operator()(const Unsubscribe&) const { return grant_bytes; }
    std::uint64_t operator()(const ChangeMembership&) const { return change_bytes; }
    std::uint64_t operator()(const TransferLeadership&) const { return 0; }
};

struct OutcomeBytes {
    std::uint64_t operator()(const Applied& applied) const { return applied.outcome.size(); }
    std::uint64_t operator()(const Answered& answered) const { return answered.answer.size(); }
    std::uint64_t operator()(const Redirect&) const { return 0; }
    std::uint64_t operator()(const Overloaded&) const { return 0; }
    std::uint64_t operator()(const Refused& refused) const { return refused.reason.size(); }
    std::uint64_t operator()(const Indeterminate&) const { return 0; }
    std::uint64_t operator()(const StatusAnswer& status) const {
        const std::uint64_t members = status.members.size();
        return status_bytes + (members == 0 ? 0 : member_list_bytes + members * member_bytes);
    }
    std::uint64_t operator()(const Page& page) const { return page.answer.size(); }
    std::uint64_t operator()(const Ended& ended) const { return ended.reason.size(); }
    std::uint64_t operator()(const MembershipChanged&) const { return 0; }
    std::uint64_t operator()(const LeadershipMoves&) const { return 0; }
};

}  // namespace

std::uint64_t wire_size(const PeerMessage& message) {
    if (const auto* part = std::get_if<CutPart>(&message.body)) {
        return peer_message_bytes + padded(part->bytes.size());
    }
    if (const auto* fetched = std::get_if<FetchedEntry>(&message.body)) {
        return peer_message_bytes +
               (fetched->copy ? entry_bytes + padded(fetched->copy->bytes) : 0);
    }
    if (const auto* offer = raft_message<raft::SnapshotOffer>(message)) {
        return peer_message_bytes + padded(body_bytes(offer->configuration));
    }
    const auto* append = raft_message<raft::AppendRequest>(message);
    if (append == nullptr || append->entries.empty()) {
        return peer_message_bytes;
    }
    std::uint64_t bytes = peer_message_bytes + entry_list_bytes;
    for (const EntryRef& entry : append->entries) {
        LEDGER_ASSERT(entry.bytes <= entry_bytes_max);
        bytes += entry_bytes + padded(entry.bytes);
    }
    return bytes;
}

std::uint64_t append_request_bytes_max(const raft::Config& config) {
    const std::uint64_t entries =
        std::max(config.append_entries_max, config.catch_up_entries_max);
    const std::uint64_t bodies = std::max({config.append_bytes_max, config.catch_up_bytes_max,
        std::uint64_t{entry_bytes_max}});
    return peer_message_bytes + entry_list_bytes + entries * (entry_bytes + padded(1)) + bodies;
}

std::uint64_t wire_size(const PeerHello&) {
    return peer_hello_bytes;
}

std::uint64_t wire_size(const ClientRequest& request) {
    return client_request_bytes + padded(std::visit(OperationBytes{}, request.operation));
}

std::uint64_t wire_size(const ClientReply& reply) {
    return client_reply_bytes + padded(std::visit(OutcomeBytes{}, reply.outcome));
}

}  // namespace ledger::node
