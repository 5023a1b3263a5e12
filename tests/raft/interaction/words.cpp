#include "tests/raft/interaction/words.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "log/base/format.h"
#include "raft/configuration_body.h"
#include "tests/raft/interaction/script.h"
#include "tests/raft/solo.h"

namespace ledger::raft::interaction {
namespace {

// The names of the messages in the order of the variant, and their fields: both writing and
// reading a message go through these.
constexpr std::array<std::string_view, std::variant_size_v<Message>> kinds{"pre_vote_request",
    "pre_vote_response", "vote_request", "vote_response", "append_request", "append_response",
    "heartbeat", "heartbeat_response", "timeout_now", "read_request", "read_response",
    "snapshot_offer", "snapshot_status"};

template <typename Visitor>
void visit_fields(Visitor& field, PreVoteRequest& m) {
    field("term", m.term);
    field("proposed", m.proposed);
    field("last", m.last);
    field("attempt", m.attempt);
    field("addressee", m.addressee);
}
template <typename Visitor>
void visit_fields(Visitor& field, PreVoteResponse& m) {
    field("term", m.term);
    field("proposed", m.proposed);
    field("attempt", m.attempt);
    field("granted", m.granted);
    field("removed", m.removed);
}
template <typename Visitor>
void visit_fields(Visitor& field, VoteRequest& m) {
    field("term", m.term);
    field("last", m.last);
    field("transfer", m.transfer);
    field("addressee", m.addressee);
}
template <typename Visitor>
void visit_fields(Visitor& field, VoteResponse& m) {
    field("term", m.term);
    field("granted", m.granted);
}
template <typename Visitor>
void visit_fields(Visitor& field, AppendRequest& m) {
    field("term", m.term);
    field("previous", m.previous);
    field("commit", m.commit);
    field("sequence", m.sequence);
    field("entries", m.entries);
}
template <typename Visitor>
void visit_fields(Visitor& field, AppendResponse& m) {
    field("term", m.term);
    field("sequence", m.sequence);
    field("accepted", m.accepted);
    field("match", m.match);
    field("previous", m.previous);
    field("hint", m.hint);
    field("crowded", m.crowded);
}
template <typename Visitor>
void visit_fields(Visitor& field, Heartbeat& m) {
    field("term", m.term);
    field("commit", m.commit);
    field("round", m.round);
}
template <typename Visitor>
void visit_fields(Visitor& field, HeartbeatResponse& m) {
    field("term", m.term);
    field("round", m.round);
    field("crowded", m.crowded);
}

template <typename Visitor>
void visit_fields(Visitor& field, ReadRequest& m) {
    field("term", m.term);
    field("number", m.number);
}
template <typename Visitor>
void visit_fields(Visitor& field, ReadResponse& m) {
    field("term", m.term);
    field("number", m.number);
    field("index", m.index);
}
template <typename Visitor>
void visit_fields(Visitor& field, SnapshotOffer& m) {
    field("term", m.term);
    field("cut", m.cut);
}
template <typename Visitor>
void visit_fields(Visitor& field, SnapshotStatus& m) {
    field("term", m.term);
    field("cut", m.cut);
    field("held", m.held);
}
template <typename Visitor>
void visit_fields(Visitor& field, TimeoutNow& m) {
    field("term", m.term);
}

// Writes the fields that differ from zero.
struct FieldWriter {
    std::string text;

    void operator()(std::string_view name, bool value) {
        text += value ? fmt::format(" {}", name) : "";
    }
    void operator()(std::string_view name, std::uint64_t value) {
        text += value != 0 ? fmt::format(" {}={}", name, value) : "";
    }
    void operator()(std::string_view name, Term value) { (*this)(name, value.value); }
    void operator()(std::string_view name, Index value) { (*this)(name, value.value); }
    void operator()(std::string_view name, Incarnation value) { (*this)(name, value.value); }
    void operator()(std::string_view name, LogId value) {
        text += value != LogId{} ? fmt::format(" {}={}", name, text_of(value)) : "";
    }
    void operator()(std::string_view name, const std::vector<EntryRef>& value) {
        text += value.empty() ? "" : fmt::format(" {}={}", name, text_of(value));
    }
};

// Reads one word: `name=value`, or `name` alone for what is true.
struct FieldReader {
    std::string_view name;
    std::string_view value;
    bool known = false;

    template <typename T>
    void operator()(std::string_view field, T& target) {
        if (field == name) {
            read(target);
            known = true;
        }
    }
    void read(bool& target) const { target = true; }
    void read(std::uint64_t& target) const { target = parse_number(value, name); }
    void read(Term& target) const { target = Term{parse_number(value, name)}; }
    void read(Index& target) const { target = Index{parse_number(value, name)}; }
    void read(Incarnation& target) const { target = Incarnation{parse_number(value, name)}; }
    void read(LogId& target) const { target = parse_log_id(value); }
    void read(std::vector<EntryRef>& target) const { target = parse_entries(value); }
};

template <std::size_t I = 0>
Message message_of(std::size_t kind) {
    if constexpr (I + 1 < std::variant_size_v<Message>) {
        return kind == I ? Message{std::in_place_index<I>} : message_of<I + 1>(kind);
    } else {
        return Message{std::in_place_index<I>};
    }
}

// A run of entries of one term.
std::string text_of_run(Index first, Index last, Term term) {
    return first == last ? fmt::format("{}@{}", first, term)
                         : fmt::format("{}-{}@{}", first, last, term);
}

std::string text_of_transition(const Transition& transition) {
    const bool led = transition.role == Role::follower && transition.leader != NodeId{0};
    return fmt::format("{} of term {}{} ({})", text_of(transition.role), transition.term,
        led ? " under " + text_of(transition.leader) : "", to_text(transition.cause));
}

}  // namespace

std::string text_of(LogId id) {
    return id == LogId{} ? "0" : fmt::format("{}@{}", id.index, id.term);
}

std::string text_of(const std::vector<EntryRef>& entries) {
    std::string text;
    for (std::size_t i = 0; i < entries.size();) {
        std::size_t end = i + 1;
        while (end < entries.size() && entries[end].term == entries[i].term) {
            ++end;
        }
        text += text.empty() ? "" : ",";
        text += text_of_run(entries[i].index, entries[end - 1].index, entries[i].term);
        i = end;
    }
    return text;
}

std::string text_of(const RaftLog& log) {
    std::vector<EntryRef> entries;
    for (Index index = log.first(); index <= log.last(); ++index) {
        entries.push_back(entry_at(index.value, log.term_at(index)->value));
    }
    return entries.empty() ? "empty" : text_of(entries);
}

std::string_view text_of(Role role) {
    switch (role) {
        case Role::follower: return "follower";
        case Role::pre_candidate: return "pre_candidate";
        case Role::candidate: return "candidate";
        case Role::leader: return "leader";
    }
    return "?";
}

std::string_view text_of(Progress::State state) {
    switch (state) {
        case Progress::State::probe: return "probe";
        case Progress::State::replicate: return "replicate";
        case Progress::State::snapshot: return "snapshot";
    }
    return "?";
}

std::string text_of(NodeId node) {
    return node == NodeId{0} ? "none" : fmt::format("n{}", node);
}

std::string text_of(const Configuration& configuration) {
    const auto list = [&configuration](const NodeSet& nodes) {
        std::string text;
        for (NodeId node : nodes) {
            const Member member = configuration.member(node);
            text += fmt::format("{}{}{}{}", text.empty() ? "" : ",", node,
                member.witness ? "w" : "", member.promote ? "p" : "");
        }
        return text;
    };
    std::string text = list(configuration.voters);
    text += configuration.joint() ? "/" + list(configuration.outgoing) : "";
    return text + (configuration.learners.empty() ? "" : "+" + list(configuration.learners));
}

std::string_view kind_of(const Message& message) {
    return kinds[message.index()];
}

bool is_kind(std::string_view word) {
    return std::find(kinds.begin(), kinds.end(), word) != kinds.end();
}

std::string text_of(const Message& message) {
    FieldWriter writer{std::string(kind_of(message))};
    Message copy = message;
    std::visit([&writer](auto& m) { visit_fields(writer, m); }, copy);
    return writer.text;
}

Message parse_message(std::string_view kind, const std::vector<std::string_view>& fields) {
    const auto found = std::find(kinds.begin(), kinds.end(), kind);
    if (found == kinds.end()) {
        throw BadScript(fmt::format("'{}' is no kind of message", kind));
    }
    Message message = message_of(static_cast<std::size_t>(found - kinds.begin()));
    for (std::string_view word : fields) {
        const std::size_t equals = word.find('=');
        FieldReader reader{.name = word.substr(0, equals),
            .value = equals == std::string_view::npos ? "" : word.substr(equals + 1)};
        std::visit([&reader](auto& m) { visit_fields(reader, m); }, message);
        if (!reader.known) {
            throw BadScript(fmt::format("{} has no field '{}'", kind, reader.name));
        }
    }
    return message;
}

std::string text_of(const Status& status, Term last_term) {
    return fmt::format("{} term={} vote={} leader={} last={} durable={} commit={}",
        text_of(status.role), status.term, text_of(status.vote), text_of(status.leader),
        text_of(LogId{last_term, status.last}), status.durable, status.commit);
}

std::string text_of(const Progress& peer) {
    std::string text = fmt::format(
        "{} {} match={} next={}", text_of(peer.node), text_of(peer.state), peer.match, peer.next);
    if (!peer.inflight.empty()) {
        text += fmt::format(" inflight={}", peer.inflight.count());
    }
    text += peer.waiting ? " waiting" : "";
    if (peer.loading) {
        text += fmt::format(" loading={}-{}", peer.loading->first, peer.loading->last);
    }
    return text;
}

std::vector<std::string> lines_of(NodeId node, const Ready& ready, bool quiet) {
    std::vector<std::string> lines;
    const std::string self = text_of(node);
    for (const Transition& transition : ready.transitions) {
        lines.push_back(fmt::format("{}: {}", self, text_of_transition(transition)));
    }
    if (ready.truncate_to) {
        lines.push_back(fmt::format("{}: truncates to {}", self, *ready.truncate_to));
    }
    if (!quiet && ready.hard_state) {
        lines.push_back(fmt::format("{}: stores term {} vote {}", self, ready.hard_state->term,
            text_of(ready.hard_state->vote)));
    }
    if (!quiet && !ready.entries.empty()) {
        lines.push_back(fmt::format("{}: stores {}", self, text_of(ready.entries)));
    }
    for (const EntryRef& entry : ready.entries) {
        if (const std::optional<Configuration> members = configuration_of(entry)) {
            lines.push_back(fmt::format("{}: members {}", self, text_of(*members)));
        }
    }
    if (ready.restore) {
        lines.push_back(fmt::format("{}: starts from the cut at {}, members {}", self,
            text_of(ready.restore->id), text_of(ready.restore->configuration)));
    }
    for (const SnapshotWanted& wanted : ready.snapshots) {
        lines.push_back(fmt::format(
            "{}: sends its cut at {} to {}", self, text_of(wanted.cut.id), text_of(wanted.peer)));
    }
    for (const Outgoing& out : ready.messages) {
        if (!quiet) {
            lines.push_back(fmt::format("{} -> {} {}{}", self, text_of(out.to),
                text_of(out.message), out.durable ? " (when stored)" : ""));
        }
    }
    for (const ReadGrant& read : ready.reads) {
        lines.push_back(fmt::format("{}: read {} granted at {}", self, read.id, read.index));
    }
    for (ReadId read : ready.dropped_reads) {
        lines.push_back(fmt::format("{}: read {} dropped", self, read));
    }
    for (const LoadWanted& load : ready.loads) {
        lines.push_back(
            fmt::format("{}: loads {}-{} for {}", self, load.first, load.last, text_of(load.peer)));
    }
    return lines;
}

Configuration parse_configuration(std::string_view text) {
    const auto parse_set = [](std::string_view list) {
        NodeSet nodes;
        for (std::string_view node : split(list, ',')) {
            nodes.insert(
                NodeId{static_cast<std::uint32_t>(parse_number(node, "nodes like 1,2,4"))});
        }
        return nodes;
    };
    const std::vector<std::string_view> parts = split(text, '+');
    const std::vector<std::string_view> halves = split(parts[0], '/');
    Configuration configuration{.voters = parse_set(halves[0])};
    if (halves.size() == 2) {
        configuration.outgoing = parse_set(halves[1]);
    }
    if (parts.size() == 2) {
        configuration.learners = parse_set(parts[1]);
    }
    return configuration;
}

LogId parse_log_id(std::string_view text) {
    const std::vector<std::string_view> parts = split(text, '@');
    if (parts.size() == 1 && text == "0") {
        return {};
    }
    if (parts.size() != 2) {
        throw BadScript(fmt::format("expected an entry like 2@1 and not '{}'", text));
    }
    return {Term{parse_number(parts[1], "a term")}, Index{parse_number(parts[0], "an index")}};
}

std::vector<EntryRef> parse_entries(std::string_view text) {
    std::vector<EntryRef> entries;
    for (std::string_view run : split(text, ',')) {
        const std::size_t dash = run.find('-');
        const LogId last =
            parse_log_id(dash == std::string_view::npos ? run : run.substr(dash + 1));
        const std::uint64_t first = dash == std::string_view::npos
                                        ? last.index.value
                                        : parse_number(run.substr(0, dash), "an index");
        for (std::uint64_t index = first; index <= last.index.value; ++index) {
            entries.push_back(entry_at(index, last.term.value));
        }
    }
    return entries;
}

NodeId parse_node(std::string_view text) {
    if (!text.starts_with('n')) {
        throw BadScript(fmt::format("expected a node like n1 and not '{}'", text));
    }
    const std::uint64_t id = parse_number(text.substr(1), "a node like n1");
    if (id == 0 || id > members_max) {
        throw BadScript(fmt::format("there is no node '{}'", text));
    }
    return NodeId{static_cast<std::uint32_t>(id)};
}

}  // namespace ledger::raft::interaction
