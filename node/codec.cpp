#include "node/codec.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/array.h>
#include <kj/exception.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "node/frame.h"
#include "node/wire.capnp.h"
#include "raft/configuration_body.h"

namespace ledger::node {

namespace {

constexpr std::uint64_t word_bytes = sizeof(capnp::word);
// In front of every Cap'n Proto message: the number of segments less one, the words of the first.
constexpr std::uint64_t segment_table_words = 1;
// Message, list of entries, entry, body: nothing of ours lies deeper.
constexpr int nesting_max = 4;
// Terms and indexes beyond this are no honest count, and would overflow their next().
constexpr std::uint64_t ordinal_max = INT64_MAX;

bool aligned(const std::byte* at) {
    return reinterpret_cast<std::uintptr_t>(at) % alignof(capnp::word) == 0;
}

std::uint64_t words_of(std::uint64_t bytes) {
    return (bytes + word_bytes - 1) / word_bytes;
}

// --- Encoding: the size first, then the message straight into the caller's bytes. ---

ByteSpan body_bytes(const EntryHandle& body) {
    return body ? body->bytes() : ByteSpan{};
}

std::uint32_t envelope_bytes(const EntryHandle& body) {
    return body ? body->envelope_size() : 0;
}

capnp::Data::Reader data_of(ByteSpan bytes) {
    return {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()};
}

// Builds a message into zeroed words that it fills exactly. Cap'n Proto would throw where the size
// was computed wrongly; that is our bug, not the world's, and ends the program.
template <typename Root, typename Fill>
void build(kj::ArrayPtr<capnp::word> words, const Fill& fill) noexcept {
    capnp::FlatMessageBuilder builder(words);
    fill(builder.initRoot<Root>());
    LEDGER_ASSERT(builder.getSegmentsForOutput()[0].size() == words.size());
}

template <typename Root, typename Fill>
void encode_frame(FrameKind kind, std::uint64_t content_words, ByteVector& out, const Fill& fill) {
    const std::uint64_t words = 1 + capnp::sizeInWords<Root>() + content_words;  // 1: root pointer
    const std::uint64_t start = out.size();
    const std::uint64_t bytes = frame_header_bytes + (segment_table_words + words) * word_bytes;
    LEDGER_ASSERT(bytes <= frame_bytes_max);
    out.resize(start + bytes);
    const auto frame = std::span(out).subspan(start);
    std::byte* table = frame.data() + frame_header_bytes;
    store_little_endian(table + 4, static_cast<std::uint32_t>(words));
    std::byte* segment = table + segment_table_words * word_bytes;
    if (aligned(segment)) {
        build<Root>(kj::arrayPtr(reinterpret_cast<capnp::word*>(segment), words), fill);
    } else {
        auto scratch = kj::heapArray<capnp::word>(words);
        std::memset(scratch.begin(), 0, words * word_bytes);
        build<Root>(scratch, fill);
        std::memcpy(segment, scratch.begin(), words * word_bytes);
    }
    seal_frame(frame, kind);
}

std::uint64_t content_words(const CutRequest&) {
    return 0;
}

std::uint64_t content_words(const CutPart& part) {
    return words_of(part.bytes.size());
}

std::uint64_t content_words(const FetchEntry&) {
    return 0;
}

std::uint64_t content_words(const FetchedEntry& fetched) {
    return fetched.copy ? capnp::sizeInWords<wire::Entry>() +
                              words_of(body_bytes(fetched.copy->handle).size())
                        : 0;
}

std::uint64_t content_words(const raft::Message& message) {
    if (const auto* offer = std::get_if<raft::SnapshotOffer>(&message)) {
        return words_of(offer->configuration.envelope().size());
    }
    const auto* append = std::get_if<raft::AppendRequest>(&message);
    if (append == nullptr || append->entries.empty()) {
        return 0;
    }
    std::uint64_t words = 1;  // the list's tag
    for (const EntryRef& entry : append->entries) {
        words += capnp::sizeInWords<wire::Entry>() + words_of(body_bytes(entry.handle).size());
    }
    return words;
}

void write_entry(wire::Entry::Builder to, const EntryRef& entry) {
    const ByteSpan body = body_bytes(entry.handle);
    LEDGER_ASSERT(entry.bytes == body.size());
    to.setIndex(entry.index.value);
    to.setTerm(entry.term.value);
    to.setClusterTime(entry.cluster_time.nanoseconds);
    to.setWallTime(entry.wall_time.nanoseconds);
    to.setKind(static_cast<std::uint8_t>(entry.kind));
    to.setEnvelopeBytes(envelope_bytes(entry.handle));
    to.setErased(entry.handle.is_erased());
    to.setPartlyErased(entry.handle.erasure() == Erasure::part);
    if (!body.empty()) {
        to.setBody(data_of(body));
    }
}

// Writes one message into its place in the union, and the term that all of Raft's have.
class WriteBody {
  public:
    explicit WriteBody(wire::PeerMessage::Builder to) : to_(to) {}

    void operator()(const raft::Message& message) { std::visit(*this, message); }
    void operator()(const CutRequest& message) {
        auto body = to_.initCutRequest();
        body.setCutTerm(message.cut.term.value);
        body.setCutIndex(message.cut.index.value);
        body.setPart(message.part);
    }
    void operator()(const CutPart& message) {
        auto body = to_.initCutPart();
        body.setCutTerm(message.cut.term.value);
        body.setCutIndex(message.cut.index.value);
        body.setPart(message.part);
        body.setBytes(data_of(message.bytes));
    }
    void operator()(const FetchEntry& message) {
        to_.setTerm(message.term.value);
        auto body = to_.initFetchEntry();
        body.setEntryTerm(message.entry.term.value);
        body.setEntryIndex(message.entry.index.value);
        body.setCrc(message.crc);
    }
    void operator()(const FetchedEntry& message) {
        to_.setTerm(message.term.value);
        auto body = to_.initFetchedEntry();
        body.setEntryTerm(message.entry.term.value);
        body.setEntryIndex(message.entry.index.value);
        body.setResult(static_cast<std::uint8_t>(message.result));
        body.setCutTerm(message.cut.term.value);
        body.setCutIndex(message.cut.index.value);
        body.setWhole(message.whole);
        if (message.copy) {
            write_entry(body.initCopy(), *message.copy);
        }
    }
    void operator()(const raft::PreVoteRequest& message) {
        to_.setTerm(message.term.value);
        auto body = to_.initPreVoteRequest();
        body.setProposed(message.proposed.value);
        body.setLastTerm(message.last.term.value);
        body.setLastIndex(message.last.index.value);
        body.setAttempt(message.attempt);
        body.setAddressee(message.addressee.value);
    }
    void operator()(const raft::PreVoteResponse& message) {
        to_.setTerm(message.term.value);
        auto body = to_.initPreVoteResponse();
        body.setProposed(message.proposed.value);
        body.setAttempt(message.attempt);
        body.setGranted(message.granted);
        body.setRemoved(message.removed.value);
    }
    void operator()(const raft::VoteRequest& message) {
        to_.setTerm(message.term.value);
        auto body = to_.initVoteRequest();
        body.setLastTerm(message.last.term.value);
        body.setLastIndex(message.last.index.value);
        body.setTransfer(message.transfer);
        body.setAddressee(message.addressee.value);
    }
    void operator()(const raft::VoteResponse& message) {
        to_.setTerm(message.term.value);
        to_.initVoteResponse().setGranted(message.granted);
    }
    void operator()(const raft::AppendRequest& message) {
        to_.setTerm(message.term.value);
        auto body = to_.initAppendRequest();
        body.setPreviousTerm(message.previous.term.value);
        body.setPreviousIndex(message.previous.index.value);
        body.setCommit(message.commit.value);
        body.setSequence(message.sequence);
        body.setAddressee(message.addressee.value);
        body.setTrimmed(message.trimmed);
        if (message.entries.empty()) {
            return;
        }
        auto entries = body.initEntries(static_cast<unsigned>(message.entries.size()));
        unsigned at = 0;
        for (const EntryRef& entry : message.entries) {
            write_entry(entries[at], entry);
            ++at;
        }
    }
    void operator()(const raft::AppendResponse& message) {
        to_.setTerm(message.term.value);
        auto body = to_.initAppendResponse();
        body.setSequence(message.sequence);
        body.setMatch(message.match.value);
        body.setPrevious(message.previous.value);
        body.setHintTerm(message.hint.term.value);
        body.setHintIndex(message.hint.index.value);
        body.setAccepted(message.accepted);
        body.setTrimmed(message.trimmed);
        body.setCrowded(message.crowded);
    }
    void operator()(const raft::Heartbeat& message) {
        to_.setTerm(message.term.value);
        auto body = to_.initHeartbeat();
        body.setCommit(message.commit.value);
        body.setRound(message.round);
    }
    void operator()(const raft::HeartbeatResponse& message) {
        to_.setTerm(message.term.value);
        auto body = to_.initHeartbeatResponse();
        body.setRound(message.round);
        body.setCrowded(message.crowded);
    }
    void operator()(const raft::TimeoutNow& message) {
        to_.setTerm(message.term.value);
        to_.setTimeoutNow();
    }
    void operator()(const raft::ReadRequest& message) {
        to_.setTerm(message.term.value);
        to_.initReadRequest().setNumber(message.number);
    }
    void operator()(const raft::ReadResponse& message) {
        to_.setTerm(message.term.value);
        auto body = to_.initReadResponse();
        body.setNumber(message.number);
        body.setIndex(message.index.value);
    }
    void operator()(const raft::SnapshotOffer& message) {
        to_.setTerm(message.term.value);
        auto body = to_.initSnapshotOffer();
        body.setCutTerm(message.cut.term.value);
        body.setCutIndex(message.cut.index.value);
        body.setClusterTime(message.cluster_time.nanoseconds);
        body.setWallTime(message.wall_time.nanoseconds);
        body.setConfiguration(data_of(message.configuration.envelope()));
    }
    void operator()(const raft::SnapshotStatus& message) {
        to_.setTerm(message.term.value);
        auto body = to_.initSnapshotStatus();
        body.setCutTerm(message.cut.term.value);
        body.setCutIndex(message.cut.index.value);
        body.setHeld(message.held);
    }

  private:
    wire::PeerMessage::Builder to_;
};

// Words of a request beyond its own fields.
struct RequestWords {
    std::uint64_t operator()(const Command& command) const {
        return words_of(body_bytes(command.body).size());
    }
    std::uint64_t operator()(const Query& query) const { return words_of(query.question.size()); }
    std::uint64_t operator()(const StatusQuery&) const { return 0; }
    std::uint64_t operator()(const Finalise&) const { return 0; }
    std::uint64_t operator()(const Subscribe& subscribe) const {
        return capnp::sizeInWords<wire::Subscribe>() + words_of(subscribe.stream.size());
    }
    std::uint64_t operator()(const Grant&) const { return capnp::sizeInWords<wire::Grant>(); }
    std::uint64_t operator()(const Unsubscribe&) const { return capnp::sizeInWords<wire::Grant>(); }
    std::uint64_t operator()(const ChangeMembership&) const {
        return capnp::sizeInWords<wire::ChangeMembership>();
    }
    std::uint64_t operator()(const TransferLeadership&) const { return 0; }
};

class WriteOperation {
  public:
    explicit WriteOperation(wire::ClientRequest::Builder to) : to_(to) {}

    void operator()(const Command& command) {
        auto body = to_.initCommand();
        body.setEnvelopeBytes(envelope_bytes(command.body));
        body.setBody(data_of(body_bytes(command.body)));
    }
    void operator()(const Query& query) {
        to_.setQuery(data_of(query.question));
        to_.setReadLevel(static_cast<std::uint8_t>(query.level));
    }
    void operator()(const StatusQuery&) { to_.setStatus(); }
    void operator()(const Finalise& finalise) {
        to_.setFinalise(static_cast<std::uint32_t>(finalise.most));
    }
    void operator()(const Subscribe& subscribe) {
        auto body = to_.initSubscribe();
        body.setNow(subscribe.now);
        body.setFrom(subscribe.from.value);
        body.setStream(data_of(as_bytes(subscribe.stream)));
        body.setWindow(subscribe.window);
    }
    void operator()(const Grant& grant) {
        auto body = to_.initGrant();
        body.setSubscription(grant.subscription.value);
        body.setBytes(grant.bytes);
    }
    void operator()(const Unsubscribe& unsubscribe) {
        to_.initUnsubscribe().setSubscription(unsubscribe.subscription.value);
    }
    void operator()(const ChangeMembership& change) {
        auto body = to_.initChangeMembership();
        body.setVerb(static_cast<std::uint8_t>(change.verb));
        body.setPriority(change.priority);
        body.setNode(change.node.value);
        body.setReplaced(change.replaced.value);
    }
    void operator()(const TransferLeadership& transfer) {
        to_.setTransferLeadership(transfer.target.value);
    }

  private:
    wire::ClientRequest::Builder to_;
};

// The variable part of a reply, as bytes.
struct ReplyContent {
    ByteSpan operator()(const Applied& applied) const { return applied.outcome; }
    ByteSpan operator()(const Answered& answered) const { return answered.answer; }
    ByteSpan operator()(const Redirect&) const { return {}; }
    ByteSpan operator()(const Overloaded&) const { return {}; }
    ByteSpan operator()(const Refused& refused) const { return as_bytes(refused.reason); }
    ByteSpan operator()(const Indeterminate&) const { return {}; }
    ByteSpan operator()(const StatusAnswer& status) const { return status.chain.span(); }
    ByteSpan operator()(const Page& page) const { return page.answer; }
    ByteSpan operator()(const Ended& ended) const { return as_bytes(ended.reason); }
    ByteSpan operator()(const MembershipChanged&) const { return {}; }
    ByteSpan operator()(const LeadershipMoves&) const { return {}; }
};

// Words of a reply beyond its own fields.
std::uint64_t content_words(const ClientReply& reply) {
    const std::uint64_t content = words_of(std::visit(ReplyContent{}, reply.outcome).size());
    const auto* status = std::get_if<StatusAnswer>(&reply.outcome);
    if (status == nullptr) {
        return content;
    }
    const std::uint64_t members = status->members.size() * capnp::sizeInWords<wire::Member>();
    return content + capnp::sizeInWords<wire::Status>() +
           (status->members.empty() ? 0 : 1 + members);  // 1: the list's tag
}

void write_member(wire::Member::Builder to, const MemberStatus& status) {
    to.setNode(status.member.node.value);
    to.setIncarnation(status.member.incarnation.value);
    to.setPriority(status.member.priority);
    to.setVoter(status.voter);
    to.setOutgoing(status.outgoing);
    to.setLearner(status.learner);
    to.setWitness(status.member.witness);
    to.setPromote(status.member.promote);
    to.setReplaces(status.member.replaces.value);
    to.setMatch(status.match.value);
    to.setAnswers(status.answers);
    to.setRounds(status.rounds);
    to.setTrimmed(status.trimmed);
}

class WriteOutcome {
  public:
    explicit WriteOutcome(wire::ClientReply::Builder to) : to_(to) {}

    void operator()(const Applied& applied) {
        auto body = to_.initApplied();
        body.setIndex(applied.index.value);
        body.setOutcome(data_of(applied.outcome));
    }
    void operator()(const Answered& answered) {
        auto body = to_.initAnswered();
        body.setIndex(answered.index.value);
        body.setAnswer(data_of(answered.answer));
    }
    void operator()(const Redirect& redirect) { to_.setRedirect(redirect.leader.value); }
    void operator()(const Overloaded& overloaded) {
        to_.setOverloaded(overloaded.retry_after.nanoseconds);
        to_.setDiskFull(overloaded.disk_full);
    }
    void operator()(const Refused& refused) { to_.setRefused(data_of(as_bytes(refused.reason))); }
    void operator()(const Indeterminate&) { to_.setIndeterminate(); }
    void operator()(const StatusAnswer& status) {
        auto body = to_.initStatus();
        body.setNode(status.node.value);
        body.setLeader(status.leader.value);
        body.setClusterHigh(status.cluster.high);
        body.setClusterLow(status.cluster.low);
        body.setRole(static_cast<std::uint8_t>(status.role));
        body.setTerm(status.term.value);
        body.setLast(status.last.value);
        body.setDurable(status.durable.value);
        body.setCommit(status.commit.value);
        body.setApplied(status.applied.value);
        body.setLength(status.length.value);
        body.setChain(data_of(status.chain.span()));
        body.setFeatures(static_cast<std::uint32_t>(status.features));
        body.setActive(static_cast<std::uint32_t>(status.active));
        body.setIncarnation(status.incarnation.value);
        body.setTransferTarget(status.transfer_target.value);
        body.setConfigurationIndex(status.configuration_index.value);
        body.setFaulty(status.faulty);
        body.setRepairBlocked(status.repair_blocked.value);
        body.setCrowded(status.crowded);
        if (status.members.empty()) {
            return;
        }
        auto members = body.initMembers(static_cast<unsigned>(status.members.size()));
        unsigned at = 0;
        for (const MemberStatus& member : status.members) {
            write_member(members[at], member);
            ++at;
        }
    }
    void operator()(const Page& page) {
        auto body = to_.initPage();
        body.setNext(page.next.value);
        body.setCaughtUp(page.caught_up);
        body.setAnswer(data_of(page.answer));
    }
    void operator()(const Ended& ended) { to_.setEnded(data_of(as_bytes(ended.reason))); }
    void operator()(const MembershipChanged& changed) {
        to_.setMembershipChanged(changed.index.value);
    }
    void operator()(const LeadershipMoves& moves) { to_.setLeadershipMoves(moves.target.value); }

  private:
    wire::ClientReply::Builder to_;
};

// --- Decoding: fields as they are, and one question at the end whether all were in range. ---

// Notes the first field whose value no honest sender could have sent.
class FieldCheck {
  public:
    void require(bool holds, const char* field) {
        if (!holds && wrong_ == nullptr) {
            wrong_ = field;
        }
    }
    Term term(std::uint64_t number, const char* field) {
        require(number <= ordinal_max, field);
        return Term{number};
    }
    Index index(std::uint64_t number, const char* field) {
        require(number <= ordinal_max, field);
        return Index{number};
    }
    bool ok() const { return wrong_ == nullptr; }
    const char* wrong() const { return wrong_; }

  private:
    const char* wrong_ = nullptr;
};

ByteSpan bytes_of(capnp::Data::Reader data) {
    return {reinterpret_cast<const std::byte*>(data.begin()), data.size()};
}

ByteVector copy_of(capnp::Data::Reader data) {
    const ByteSpan bytes = bytes_of(data);
    return {bytes.begin(), bytes.end()};
}

EntryHandle read_entry_body(capnp::Data::Reader data, std::uint32_t envelope_size,
    FieldCheck& check, Erasure erasure = Erasure::none) {
    const ByteSpan bytes = bytes_of(data);
    check.require(bytes.size() <= entry_bytes_max, "body");
    check.require(envelope_size <= bytes.size(), "envelopeBytes");
    check.require(erasure != Erasure::whole || envelope_size == bytes.size(), "erased");
    check.require(erasure != Erasure::part || envelope_size < bytes.size(), "partlyErased");
    if ((bytes.empty() && erasure == Erasure::none) || !check.ok()) {
        return {};
    }
    return EntryHandle::make(bytes.first(envelope_size), bytes.subspan(envelope_size), erasure);
}

EntryRef read_entry(wire::Entry::Reader from, FieldCheck& check) {
    EntryRef entry;
    check.require(known_entry_kind(from.getKind()), "entry.kind");
    entry.index = check.index(from.getIndex(), "entry.index");
    entry.term = check.term(from.getTerm(), "entry.term");
    entry.kind = static_cast<EntryKind>(from.getKind());
    entry.cluster_time = ClusterTime{from.getClusterTime()};
    entry.wall_time = WallTime{from.getWallTime()};
    const capnp::Data::Reader body = from.getBody();  // once: see decode_words
    check.require(!from.getErased() || !from.getPartlyErased(), "partlyErased");
    const Erasure erasure = from.getErased()         ? Erasure::whole
                            : from.getPartlyErased() ? Erasure::part
                                                     : Erasure::none;
    entry.handle = read_entry_body(body, from.getEnvelopeBytes(), check, erasure);
    entry.bytes = static_cast<std::uint32_t>(body_bytes(entry.handle).size());
    return entry;
}

// Raft may rely on it: entries follow `previous` without a gap, terms never fall (Raft §5.3) and
// none is above the sender's own.
raft::AppendRequest read_append_request(
    Term term, wire::PeerMessage::AppendRequest::Reader from, FieldCheck& check) {
    raft::AppendRequest message{.term = term};
    message.previous.term = check.term(from.getPreviousTerm(), "previousTerm");
    message.previous.index = check.index(from.getPreviousIndex(), "previousIndex");
    message.commit = check.index(from.getCommit(), "commit");
    message.sequence = from.getSequence();
    message.addressee = Incarnation{from.getAddressee()};
    message.trimmed = from.getTrimmed();
    const auto entries = from.getEntries();
    if (!check.ok() || entries.size() == 0) {
        return message;
    }
    // At most one element per word of the frame: the traversal limit has counted the list.
    message.entries.reserve(entries.size());
    LogId last = message.previous;
    for (const wire::Entry::Reader element : entries) {
        EntryRef entry = read_entry(element, check);
        check.require(entry.index == last.index.next(), "entry.index");
        check.require(entry.term >= last.term && entry.term <= term, "entry.term");
        if (!check.ok()) {
            break;
        }
        last = entry.id();
        message.entries.push_back(std::move(entry));
    }
    return message;
}

raft::PreVoteRequest read_pre_vote_request(
    Term term, wire::PeerMessage::PreVoteRequest::Reader from, FieldCheck& check) {
    raft::PreVoteRequest message{.term = term};
    message.proposed = check.term(from.getProposed(), "proposed");
    message.last.term = check.term(from.getLastTerm(), "lastTerm");
    message.last.index = check.index(from.getLastIndex(), "lastIndex");
    message.attempt = from.getAttempt();
    message.addressee = Incarnation{from.getAddressee()};
    return message;
}

raft::PreVoteResponse read_pre_vote_response(
    Term term, wire::PeerMessage::PreVoteResponse::Reader from, FieldCheck& check) {
    raft::PreVoteResponse message{.term = term};
    message.proposed = check.term(from.getProposed(), "proposed");
    message.attempt = from.getAttempt();
    message.granted = from.getGranted();
    message.removed = check.index(from.getRemoved(), "removed");
    return message;
}

raft::VoteRequest read_vote_request(
    Term term, wire::PeerMessage::VoteRequest::Reader from, FieldCheck& check) {
    raft::VoteRequest message{.term = term};
    message.last.term = check.term(from.getLastTerm(), "lastTerm");
    message.last.index = check.index(from.getLastIndex(), "lastIndex");
    message.transfer = from.getTransfer();
    message.addressee = Incarnation{from.getAddressee()};
    return message;
}

raft::AppendResponse read_append_response(
    Term term, wire::PeerMessage::AppendResponse::Reader from, FieldCheck& check) {
    raft::AppendResponse message{.term = term};
    message.sequence = from.getSequence();
    message.accepted = from.getAccepted();
    message.match = check.index(from.getMatch(), "match");
    message.previous = check.index(from.getPrevious(), "previous");
    message.hint.term = check.term(from.getHintTerm(), "hintTerm");
    message.hint.index = check.index(from.getHintIndex(), "hintIndex");
    message.trimmed = from.getTrimmed();
    message.crowded = from.getCrowded();
    return message;
}

raft::SnapshotOffer read_snapshot_offer(
    Term term, wire::PeerMessage::SnapshotOffer::Reader from, FieldCheck& check) {
    raft::SnapshotOffer message{.term = term};
    message.cut.term = check.term(from.getCutTerm(), "cutTerm");
    message.cut.index = check.index(from.getCutIndex(), "cutIndex");
    message.cluster_time = ClusterTime{from.getClusterTime()};
    message.wall_time = WallTime{from.getWallTime()};
    const ByteSpan body = bytes_of(from.getConfiguration());
    check.require(body.size() <= raft::configuration_bytes_max, "configuration");
    if (check.ok() && !body.empty()) {
        message.configuration = EntryHandle::make(body, {});
    }
    return message;
}

raft::SnapshotStatus read_snapshot_status(
    Term term, wire::PeerMessage::SnapshotStatus::Reader from, FieldCheck& check) {
    raft::SnapshotStatus message{.term = term};
    message.cut.term = check.term(from.getCutTerm(), "cutTerm");
    message.cut.index = check.index(from.getCutIndex(), "cutIndex");
    message.held = from.getHeld();
    return message;
}

raft::Message read_raft_message(wire::PeerMessage::Reader from, FieldCheck& check) {
    const Term term = check.term(from.getTerm(), "term");
    switch (from.which()) {
        case wire::PeerMessage::PRE_VOTE_REQUEST:
            return read_pre_vote_request(term, from.getPreVoteRequest(), check);
        case wire::PeerMessage::PRE_VOTE_RESPONSE:
            return read_pre_vote_response(term, from.getPreVoteResponse(), check);
        case wire::PeerMessage::VOTE_REQUEST:
            return read_vote_request(term, from.getVoteRequest(), check);
        case wire::PeerMessage::VOTE_RESPONSE:
            return raft::VoteResponse{term, from.getVoteResponse().getGranted()};
        case wire::PeerMessage::APPEND_REQUEST:
            return read_append_request(term, from.getAppendRequest(), check);
        case wire::PeerMessage::APPEND_RESPONSE:
            return read_append_response(term, from.getAppendResponse(), check);
        case wire::PeerMessage::HEARTBEAT: {
            const auto body = from.getHeartbeat();
            return raft::Heartbeat{term, check.index(body.getCommit(), "commit"), body.getRound()};
        }
        case wire::PeerMessage::HEARTBEAT_RESPONSE:
            return raft::HeartbeatResponse{term, from.getHeartbeatResponse().getRound(),
                from.getHeartbeatResponse().getCrowded()};
        case wire::PeerMessage::TIMEOUT_NOW: return raft::TimeoutNow{term};
        case wire::PeerMessage::READ_REQUEST:
            return raft::ReadRequest{term, from.getReadRequest().getNumber()};
        case wire::PeerMessage::READ_RESPONSE: {
            const auto body = from.getReadResponse();
            return raft::ReadResponse{
                term, body.getNumber(), check.index(body.getIndex(), "index")};
        }
        case wire::PeerMessage::SNAPSHOT_OFFER:
            return read_snapshot_offer(term, from.getSnapshotOffer(), check);
        case wire::PeerMessage::SNAPSHOT_STATUS:
            return read_snapshot_status(term, from.getSnapshotStatus(), check);
        case wire::PeerMessage::CUT_REQUEST:
        case wire::PeerMessage::CUT_PART:
        case wire::PeerMessage::FETCH_ENTRY:
        case wire::PeerMessage::FETCHED_ENTRY: break;
    }
    check.require(false, "union of messages");  // sent by a newer program
    return {};
}

template <typename Group>
LogId read_cut(Group from, FieldCheck& check) {
    return {check.term(from.getCutTerm(), "cutTerm"), check.index(from.getCutIndex(), "cutIndex")};
}

template <typename Group>
LogId read_entry_id(Group from, FieldCheck& check) {
    return {check.term(from.getEntryTerm(), "entryTerm"),
        check.index(from.getEntryIndex(), "entryIndex")};
}

FetchedEntry read_fetched_entry(wire::PeerMessage::Reader from, FieldCheck& check) {
    const auto body = from.getFetchedEntry();
    FetchedEntry message;
    message.term = check.term(from.getTerm(), "term");
    message.entry = read_entry_id(body, check);
    check.require(known_fetch_result(body.getResult()), "result");
    if (check.ok()) {
        message.result = static_cast<FetchResult>(body.getResult());
    }
    message.cut = read_cut(body, check);
    if (body.hasCopy()) {
        message.copy = read_entry(body.getCopy(), check);
        check.require(message.copy->id() == message.entry, "copy");
    }
    check.require(body.hasCopy() == (message.result == FetchResult::have), "copy");
    message.whole = body.getWhole();
    return message;
}

PeerBody read_body(wire::PeerMessage::Reader from, FieldCheck& check) {
    switch (from.which()) {
        case wire::PeerMessage::FETCH_ENTRY: {
            const auto body = from.getFetchEntry();
            return FetchEntry{check.term(from.getTerm(), "term"), read_entry_id(body, check),
                body.getCrc()};
        }
        case wire::PeerMessage::FETCHED_ENTRY: return read_fetched_entry(from, check);
        case wire::PeerMessage::CUT_REQUEST: {
            const auto body = from.getCutRequest();
            return CutRequest{read_cut(body, check), body.getPart()};
        }
        case wire::PeerMessage::CUT_PART: {
            const auto body = from.getCutPart();
            return CutPart{read_cut(body, check), body.getPart(), copy_of(body.getBytes())};
        }
        default: return read_raft_message(from, check);
    }
}

// Builds that knew of no versions said nothing.
Feature read_feature(std::uint32_t number) {
    return std::max(Feature{number}, Feature::base);
}

PeerMessage read_peer_message(wire::PeerMessage::Reader from, FieldCheck& check) {
    return {ClusterId{from.getClusterHigh(), from.getClusterLow()}, GroupId{from.getGroup()},
        NodeId{from.getFrom()}, NodeId{from.getTo()}, read_body(from, check),
        Incarnation{from.getIncarnation()}, read_feature(from.getFeatures())};
}

PeerHello read_peer_hello(wire::PeerHello::Reader from) {
    return {ClusterId{from.getClusterHigh(), from.getClusterLow()}, NodeId{from.getFrom()},
        NodeId{from.getTo()}, from.getPort()};
}

Position read_position(std::uint64_t number, const char* field, FieldCheck& check) {
    check.require(number <= ordinal_max, field);
    return Position{number};
}

Query read_query(wire::ClientRequest::Reader from, FieldCheck& check) {
    check.require(known_read_level(from.getReadLevel()), "readLevel");
    return {copy_of(from.getQuery()), check.ok() ? static_cast<ReadLevel>(from.getReadLevel())
                                                 : ReadLevel::linearizable};
}

Subscribe read_subscribe(wire::Subscribe::Reader from, FieldCheck& check) {
    return {.now = from.getNow(),
        .from = read_position(from.getFrom(), "from", check),
        .stream = std::string(as_text(bytes_of(from.getStream()))),
        .window = from.getWindow()};
}

ChangeMembership read_change(wire::ChangeMembership::Reader from, FieldCheck& check) {
    check.require(known_membership_verb(from.getVerb()), "verb");
    return {.verb = check.ok() ? static_cast<MembershipVerb>(from.getVerb())
                               : MembershipVerb::add_learner,
        .node = NodeId{from.getNode()},
        .replaced = NodeId{from.getReplaced()},
        .priority = from.getPriority()};
}

ClientRequest read_client_request(wire::ClientRequest::Reader from, FieldCheck& check) {
    ClientRequest request{RequestId{from.getId()}, {}};
    switch (from.which()) {
        case wire::ClientRequest::COMMAND: {
            const auto command = from.getCommand();
            request.operation =
                Command{read_entry_body(command.getBody(), command.getEnvelopeBytes(), check)};
            return request;
        }
        case wire::ClientRequest::QUERY:
            request.operation = read_query(from, check);
            return request;
        case wire::ClientRequest::STATUS:
            request.operation = StatusQuery{};
            return request;
        case wire::ClientRequest::FINALISE:
            request.operation = Finalise{Feature{from.getFinalise()}};
            return request;
        case wire::ClientRequest::SUBSCRIBE:
            request.operation = read_subscribe(from.getSubscribe(), check);
            return request;
        case wire::ClientRequest::GRANT: {
            const auto grant = from.getGrant();  // once: see decode_words
            request.operation = Grant{RequestId{grant.getSubscription()}, grant.getBytes()};
            return request;
        }
        case wire::ClientRequest::UNSUBSCRIBE:
            request.operation = Unsubscribe{RequestId{from.getUnsubscribe().getSubscription()}};
            return request;
        case wire::ClientRequest::CHANGE_MEMBERSHIP:
            request.operation = read_change(from.getChangeMembership(), check);
            return request;
        case wire::ClientRequest::TRANSFER_LEADERSHIP:
            request.operation = TransferLeadership{NodeId{from.getTransferLeadership()}};
            return request;
    }
    check.require(false, "union of operations");
    return request;
}

raft::Role read_role(std::uint8_t number, FieldCheck& check) {
    const bool known = number >= static_cast<std::uint8_t>(raft::Role::follower) &&
                       number <= static_cast<std::uint8_t>(raft::Role::leader);
    check.require(known, "role");
    return known ? static_cast<raft::Role>(number) : raft::Role::follower;
}

MemberStatus read_member(wire::Member::Reader from, FieldCheck& check) {
    return {.member = {.node = NodeId{from.getNode()},
                .incarnation = Incarnation{from.getIncarnation()},
                .priority = from.getPriority(),
                .witness = from.getWitness(),
                .promote = from.getPromote(),
                .replaces = NodeId{from.getReplaces()}},
        .voter = from.getVoter(),
        .outgoing = from.getOutgoing(),
        .learner = from.getLearner(),
        .match = check.index(from.getMatch(), "match"),
        .answers = from.getAnswers(),
        .rounds = from.getRounds(),
        .trimmed = from.getTrimmed()};
}

std::vector<MemberStatus> read_members(wire::Status::Reader from, FieldCheck& check) {
    std::vector<MemberStatus> members;
    const auto list = from.getMembers();
    check.require(list.size() <= raft::members_max, "members");
    if (!check.ok()) {
        return members;
    }
    members.reserve(list.size());
    NodeId before;
    for (const wire::Member::Reader element : list) {
        members.push_back(read_member(element, check));
        check.require(members.back().member.node > before, "members.node");
        before = members.back().member.node;
    }
    return members;
}

StatusAnswer read_status(wire::Status::Reader from, FieldCheck& check) {
    StatusAnswer status;
    status.node = NodeId{from.getNode()};
    status.leader = NodeId{from.getLeader()};
    status.cluster = ClusterId{from.getClusterHigh(), from.getClusterLow()};
    status.role = read_role(from.getRole(), check);
    status.term = check.term(from.getTerm(), "term");
    status.last = check.index(from.getLast(), "last");
    status.durable = check.index(from.getDurable(), "durable");
    status.commit = check.index(from.getCommit(), "commit");
    status.applied = check.index(from.getApplied(), "applied");
    status.length = read_position(from.getLength(), "length", check);
    status.features = read_feature(from.getFeatures());
    status.active = read_feature(from.getActive());
    status.incarnation = Incarnation{from.getIncarnation()};
    status.transfer_target = NodeId{from.getTransferTarget()};
    status.configuration_index = check.index(from.getConfigurationIndex(), "configurationIndex");
    status.faulty = from.getFaulty();
    status.repair_blocked = check.index(from.getRepairBlocked(), "repairBlocked");
    status.crowded = from.getCrowded();
    status.members = read_members(from, check);
    const ByteSpan chain = bytes_of(from.getChain());
    check.require(chain.size() == status.chain.bytes.size(), "chain");
    if (check.ok()) {
        std::copy(chain.begin(), chain.end(), status.chain.bytes.begin());
    }
    return status;
}

ClientReply read_client_reply(wire::ClientReply::Reader from, FieldCheck& check) {
    const RequestId id{from.getId()};
    switch (from.which()) {
        case wire::ClientReply::APPLIED: {
            const auto body = from.getApplied();
            return {id, Applied{check.index(body.getIndex(), "index"), copy_of(body.getOutcome())}};
        }
        case wire::ClientReply::ANSWERED: {
            const auto body = from.getAnswered();
            return {id, Answered{check.index(body.getIndex(), "index"), copy_of(body.getAnswer())}};
        }
        case wire::ClientReply::REDIRECT: return {id, Redirect{NodeId{from.getRedirect()}}};
        case wire::ClientReply::OVERLOADED:
            return {id, Overloaded{Duration{from.getOverloaded()}, from.getDiskFull()}};
        case wire::ClientReply::REFUSED:
            return {id, Refused{std::string(as_text(bytes_of(from.getRefused())))}};
        case wire::ClientReply::INDETERMINATE: return {id, Indeterminate{}};
        case wire::ClientReply::STATUS: return {id, read_status(from.getStatus(), check)};
        case wire::ClientReply::PAGE: {
            const auto body = from.getPage();
            return {id, Page{read_position(body.getNext(), "next", check), body.getCaughtUp(),
                            copy_of(body.getAnswer())}};
        }
        case wire::ClientReply::ENDED:
            return {id, Ended{std::string(as_text(bytes_of(from.getEnded())))}};
        case wire::ClientReply::MEMBERSHIP_CHANGED:
            return {id, MembershipChanged{check.index(from.getMembershipChanged(), "index")}};
        case wire::ClientReply::LEADERSHIP_MOVES:
            return {id, LeadershipMoves{NodeId{from.getLeadershipMoves()}}};
    }
    check.require(false, "union of outcomes");
    return {id, Indeterminate{}};
}

std::string_view kind_text(FrameKind kind) {
    switch (kind) {
        case FrameKind::peer_message: return "peer message";
        case FrameKind::client_request: return "client request";
        case FrameKind::client_reply: return "client reply";
        case FrameKind::peer_hello: return "peer hello";
    }
    return "frame";
}

Decoded read_root(FrameKind kind, capnp::MessageReader& message, FieldCheck& check) {
    switch (kind) {
        case FrameKind::peer_message:
            return read_peer_message(message.getRoot<wire::PeerMessage>(), check);
        case FrameKind::client_request:
            return read_client_request(message.getRoot<wire::ClientRequest>(), check);
        case FrameKind::peer_hello:
            return read_peer_hello(message.getRoot<wire::PeerHello>());
        case FrameKind::client_reply: break;
    }
    return read_client_reply(message.getRoot<wire::ClientReply>(), check);
}

// The traversal limit is the size of the payload: a message of ours is read exactly once, so one
// that makes us read more has pointers into each other and would grow when decoded.
Result<Decoded> decode_words(FrameKind kind, kj::ArrayPtr<const capnp::word> words) {
    const capnp::ReaderOptions limits{words.size(), nesting_max};
    FieldCheck check;
    try {
        capnp::FlatArrayMessageReader message(words, limits);
        check.require(message.getEnd() == words.end(), "end of message");
        Decoded decoded = read_root(kind, message, check);
        if (check.ok()) {
            return decoded;
        }
    } catch (const kj::Exception& exception) {
        return failure(CodecErrc::malformed,
            fmt::format("{}: {}", kind_text(kind), exception.getDescription().cStr()));
    }
    return failure(CodecErrc::malformed,
        fmt::format("{}: field {} is out of range", kind_text(kind), check.wrong()));
}

}  // namespace

void encode(const PeerMessage& message, ByteVector& out) {
    const auto content = [](const auto& body) { return content_words(body); };
    encode_frame<wire::PeerMessage>(FrameKind::peer_message, std::visit(content, message.body), out,
        [&message](wire::PeerMessage::Builder to) {
            to.setClusterHigh(message.cluster.high);
            to.setClusterLow(message.cluster.low);
            to.setGroup(message.group.value);
            to.setFrom(message.from.value);
            to.setTo(message.to.value);
            to.setIncarnation(message.incarnation.value);
            to.setFeatures(static_cast<std::uint16_t>(message.features));
            std::visit(WriteBody{to}, message.body);
        });
}

void encode(const PeerHello& hello, ByteVector& out) {
    encode_frame<wire::PeerHello>(
        FrameKind::peer_hello, 0, out, [&hello](wire::PeerHello::Builder to) {
            to.setClusterHigh(hello.cluster.high);
            to.setClusterLow(hello.cluster.low);
            to.setFrom(hello.from.value);
            to.setTo(hello.to.value);
            to.setPort(hello.port);
        });
}

void encode(const ClientRequest& request, ByteVector& out) {
    encode_frame<wire::ClientRequest>(FrameKind::client_request,
        std::visit(RequestWords{}, request.operation), out,
        [&request](wire::ClientRequest::Builder to) {
            to.setId(request.id.value);
            std::visit(WriteOperation{to}, request.operation);
        });
}

void encode(const ClientReply& reply, ByteVector& out) {
    encode_frame<wire::ClientReply>(FrameKind::client_reply, content_words(reply), out,
        [&reply](wire::ClientReply::Builder to) {
            to.setId(reply.id.value);
            std::visit(WriteOutcome{to}, reply.outcome);
        });
}

Result<Decoded> decode(ByteSpan frame) {
    LEDGER_TRY(const Frame opened, open_frame(frame));
    const std::uint64_t words = opened.payload.size() / word_bytes;
    if (aligned(opened.payload.data())) {
        return decode_words(opened.kind,
            kj::arrayPtr(reinterpret_cast<const capnp::word*>(opened.payload.data()), words));
    }
    auto copy = kj::heapArray<capnp::word>(words);
    std::memcpy(copy.begin(), opened.payload.data(), words * word_bytes);
    return decode_words(opened.kind, copy);
}

}  // namespace ledger::node
