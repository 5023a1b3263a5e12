#include "sim/program/trace_writer.h"

#include <array>
#include <variant>

#include <fmt/format.h>

#include "log/base/format.h"
#include "raft/configuration_body.h"
#include "sim/check/json.h"

namespace ledger::sim {
namespace {

template <typename... Cases>
struct Match : Cases... {
    using Cases::operator()...;
};
template <typename... Cases>
Match(Cases...) -> Match<Cases...>;

std::string place(LogId id) {
    return fmt::format("{}@{}", id.index, id.term);
}

// "1,2,4w/1,2,3+5p": voters, outgoing ones, learners; w is a witness, p to be promoted.
std::string membership(const raft::Configuration& configuration) {
    const auto list = [&](const raft::NodeSet& nodes) {
        std::string text;
        for (const NodeId node : nodes) {
            const raft::Member member = configuration.member(node);
            text += fmt::format("{}{}{}{}", text.empty() ? "" : ",", node,
                member.witness ? "w" : "", member.promote ? "p" : "");
        }
        return text;
    };
    std::string text = list(configuration.voters);
    text += configuration.joint() ? "/" + list(configuration.outgoing) : "";
    return text + (configuration.learners.empty() ? "" : "+" + list(configuration.learners));
}

// What the entries say of the membership; empty if nothing.
std::string memberships(std::span<const EntryRef> entries) {
    std::string text;
    for (const EntryRef& entry : entries) {
        if (const auto configuration = raft::configuration_of(entry)) {
            text += fmt::format(", members {} at {}", membership(*configuration), entry.index);
        }
    }
    return text;
}

std::string describe_change(const node::ChangeMembership& change) {
    constexpr std::array<const char*, 8> verbs = {"", "add learner", "add voter", "add witness",
        "remove", "replace", "promote", "set priority of"};
    return fmt::format("{} n{}{}", verbs[static_cast<std::size_t>(change.verb)], change.node,
        change.replaced == NodeId{} ? "" : fmt::format(" for n{}", change.replaced));
}

std::string describe_message(const raft::Message& message) {
    return std::visit(
        Match{
            [](const raft::PreVoteRequest& m) {
                return fmt::format("PreVoteRequest for term {}, last {}", m.proposed, place(m.last));
            },
            [](const raft::PreVoteResponse& m) {
                return fmt::format("PreVoteResponse for term {}: {}", m.proposed,
                    m.granted ? "granted" : "refused");
            },
            [](const raft::VoteRequest& m) {
                return fmt::format("VoteRequest of term {}, last {}", m.term, place(m.last));
            },
            [](const raft::VoteResponse& m) {
                return fmt::format(
                    "VoteResponse of term {}: {}", m.term, m.granted ? "granted" : "refused");
            },
            [](const raft::AppendRequest& m) {
                return fmt::format("AppendRequest of term {}, after {}, {} entries, commit {}{}",
                    m.term, place(m.previous), m.entries.size(), m.commit,
                    memberships(m.entries));
            },
            [](const raft::AppendResponse& m) {
                return m.accepted ? fmt::format("AppendResponse of term {}: holds {}", m.term, m.match)
                                  : fmt::format("AppendResponse of term {}: not after {}, look at {}",
                                        m.term, m.previous, place(m.hint));
            },
            [](const raft::Heartbeat& m) {
                return fmt::format(
                    "Heartbeat of term {}, round {}, commit {}", m.term, m.round, m.commit);
            },
            [](const raft::HeartbeatResponse& m) {
                return fmt::format("HeartbeatResponse of term {}, round {}", m.term, m.round);
            },
            [](const raft::ReadRequest& m) {
                return fmt::format("ReadRequest {} of term {}", m.number, m.term);
            },
            [](const raft::ReadResponse& m) {
                return fmt::format(
                    "ReadResponse {} of term {}: index {}", m.number, m.term, m.index);
            },
            [](const raft::SnapshotOffer& m) {
                return fmt::format("SnapshotOffer of term {}, cut {}", m.term, place(m.cut));
            },
            [](const raft::SnapshotStatus& m) {
                return fmt::format("SnapshotStatus of term {}, cut {}: {}", m.term, place(m.cut),
                    m.held ? "held" : "wanted");
            },
            [](const raft::TimeoutNow& m) { return fmt::format("TimeoutNow of term {}", m.term); },
        },
        message);
}

std::string describe_body(const node::PeerBody& body) {
    return std::visit(
        Match{
            [](const raft::Message& m) { return describe_message(m); },
            [](const node::CutRequest& m) {
                return fmt::format("CutRequest for part {} of cut {}", m.part, place(m.cut));
            },
            [](const node::CutPart& m) {
                return fmt::format("CutPart {} of cut {}, {} bytes", m.part, place(m.cut),
                    m.bytes.size());
            },
            [](const node::FetchEntry& m) {
                return fmt::format("FetchEntry of term {}: {}", m.term, place(m.entry));
            },
            [](const node::FetchedEntry& m) {
                constexpr std::array<const char*, 6> words = {
                    "", "have", "never had", "faulty", "compacted", "known"};
                return fmt::format("FetchedEntry of term {}: {} {}", m.term, place(m.entry),
                    words[static_cast<std::size_t>(m.result)]);
            },
        },
        body);
}

constexpr std::array<const char*, 11> event_names = {"Start", "Message", "Stored", "StoreFailed",
    "Loaded", "Time", "Client", "PeerUp", "PeerDown", "CutStored", "ChunkLoaded"};
constexpr std::array<const char*, 9> operation_names = {"command", "query", "status query",
    "subscribe", "grant", "unsubscribe", "change of the membership", "transfer of leadership",
    "finalise"};
constexpr std::array<const char*, 11> effect_names = {
    "Send", "Store", "Load", "WakeAt", "Reply", "Trace", "Halt", "Advanced",
    "StoreCut", "LoadChunk", "Discard"};
static_assert(event_names.size() == std::variant_size_v<node::Event>);
static_assert(
    operation_names.size() == std::variant_size_v<decltype(node::ClientRequest::operation)>);
static_assert(effect_names.size() == std::variant_size_v<node::Effect>);

std::string describe_operation(const node::ClientRequest& request) {
    if (const auto* change = std::get_if<node::ChangeMembership>(&request.operation)) {
        return describe_change(*change);
    }
    if (const auto* move = std::get_if<node::TransferLeadership>(&request.operation)) {
        return move->target == NodeId{} ? std::string("transfer of leadership")
                                        : fmt::format("transfer of leadership to n{}", move->target);
    }
    return operation_names[request.operation.index()];
}

}  // namespace

std::string describe_event(const node::Event& event) {
    return std::visit(
        Match{
            [](const node::Start& e) {
                return fmt::format("term {}, log up to {}, committed {} for certain, {} bytes torn",
                    e.recovered.hard_state.term, e.recovered.last, e.recovered.commit,
                    e.recovered.torn_bytes);
            },
            [](const node::Message& e) {
                return fmt::format(
                    "from n{}: {}", e.message.from, describe_body(e.message.body));
            },
            [](const node::Stored& e) { return fmt::format("ticket {}", e.ticket); },
            [](const node::StoreFailed& e) { return fmt::format("ticket {}", e.ticket); },
            [](const node::Loaded& e) {
                return fmt::format("request {}, {} entries", e.request, e.entries.size());
            },
            [](const node::Time&) { return std::string(); },
            [](const node::Client& e) {
                return fmt::format("connection {}, request {}, {}", e.client, e.request.id,
                    describe_operation(e.request));
            },
            [](const node::PeerUp& e) { return fmt::format("n{}", e.peer); },
            [](const node::PeerDown& e) { return fmt::format("n{}", e.peer); },
            [](const node::CutStored& e) {
                return fmt::format("request {}, {} chunks{}", e.request, e.chunks,
                    e.failed ? ", failed" : "");
            },
            [](const node::ChunkLoaded& e) {
                return fmt::format("request {}, {} bytes", e.request, e.bytes.size());
            },
        },
        event);
}

void TraceWriter::stepping(
    std::uint64_t step, Instant now, NodeId node, const node::Event& event) {
    line_.clear();
    check::JsonWriter writer(line_);
    writer.begin_object().key("step").number(step);
    writer.key("time_ns").signed_number(now.nanoseconds);
    writer.key("node").number(node.value);
    writer.key("event").text(event_names[event.index()]);
    writer.key("detail").text(describe_event(event));
    line_ += ',';
}

void TraceWriter::stepped(
    const node::Replica& replica, std::span<const node::Effect> effects) {
    const raft::Status status = replica.raft().status();
    std::string rest;
    check::JsonWriter writer(rest);
    writer.begin_object().key("role").text(raft::to_text(status.role));
    writer.key("term").number(status.term.value);
    writer.key("last").number(status.last.value);
    writer.key("durable").number(status.durable.value);
    writer.key("commit").number(status.commit.value);
    writer.key("applied").number(replica.applied().value);
    writer.key("effects").begin_array();
    for (const node::Effect& effect : effects) {
        writer.text(effect_names[effect.index()]);
    }
    writer.end_array().key("transitions").begin_array();
    for (const node::Effect& effect : effects) {
        if (const auto* trace = std::get_if<node::Trace>(&effect)) {
            writer.text(raft::to_text(trace->transition));
        }
    }
    writer.end_array().end_object();
    line_ += std::string_view(rest).substr(1);
    line_ += '\n';
    std::fwrite(line_.data(), 1, line_.size(), file_);
}

}  // namespace ledger::sim
