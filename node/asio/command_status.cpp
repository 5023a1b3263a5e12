#include <algorithm>

#include <fmt/format.h>

#include "log/base/format.h"
#include "node/asio/ctl_client.h"
#include "node/asio/ctl_commands.h"
#include "node/membership.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

struct Row {
    CtlNode node;
    Life life = Life::dead;
    std::optional<StatusAnswer> answer;
    std::string part;       // in the membership
    std::uint64_t lag = 0;  // entries that the leader has committed and this node not applied
};

struct View {
    std::vector<Row> rows;
    std::uint64_t reachable = 0;
    std::uint64_t quorum = 0;
    NodeId leader;  // who says so itself, of the highest term
    Term term;
    Index commit;
    // The newest configuration that anybody who answers has.
    Index configuration_index;
    std::vector<MemberStatus> members;
};

bool answers(const View& view, NodeId node) {
    return std::any_of(view.rows.begin(), view.rows.end(),
        [node](const Row& row) { return row.node.node == node && row.answer; });
}

// Each half of a joint configuration decides for itself.
bool has_quorum(const View& view) {
    const raft::Configuration configuration = configuration_of(view.members);
    const auto majority = [&view](const raft::NodeSet& voters) {
        const auto there = std::count_if(voters.begin(), voters.end(),
            [&view](NodeId node) { return answers(view, node); });
        return voters.empty() || static_cast<std::uint64_t>(there) > voters.size() / 2;
    };
    return !view.members.empty() && majority(configuration.voters) &&
           majority(configuration.outgoing);
}

// How few copies with payloads a quorum may hold: with witnesses fewer than it has voters.
std::uint64_t data_copies_min(const View& view) {
    std::uint64_t voters = 0;
    std::uint64_t witnesses = 0;
    for (const MemberStatus& one : view.members) {
        voters += one.voter ? 1u : 0u;
        witnesses += one.voter && one.member.witness ? 1u : 0u;
    }
    const std::uint64_t quorum = voters / 2 + 1;
    return quorum - std::min(quorum, witnesses);
}

std::string part_in(const View& view, NodeId node) {
    const auto at = std::find_if(view.members.begin(), view.members.end(),
        [node](const MemberStatus& one) { return one.member.node == node; });
    return at == view.members.end() ? std::string("none") : part_of(*at);
}

View look(const CtlCluster& cluster) {
    View view{.rows = {}, .quorum = cluster.quorum(), .leader = {}, .term = {}, .commit = {},
        .configuration_index = {}, .members = {}};
    std::vector<std::optional<StatusAnswer>> answers = ask_statuses(cluster);
    for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
        const CtlNode& node = cluster.nodes[i];
        Row row{.node = node, .life = life_of(node.process), .answer = std::move(answers[i])};
        // Another cluster's node may have got the port.
        if (row.answer && row.answer->cluster != cluster.id) {
            row.answer.reset();
        }
        if (row.answer) {
            ++view.reachable;
            view.commit = std::max(view.commit, row.answer->commit);
            view.term = std::max(view.term, row.answer->term);
            const bool leads = row.answer->role == raft::Role::leader;
            const Index at = row.answer->configuration_index;
            if (at > view.configuration_index || view.members.empty() ||
                (leads && at == view.configuration_index)) {
                view.configuration_index = at;
                view.members = row.answer->members;
            }
        }
        view.rows.push_back(std::move(row));
    }
    const auto voters = std::count_if(view.members.begin(), view.members.end(),
        [](const MemberStatus& one) { return one.voter; });
    view.quorum = view.members.empty() ? view.quorum : static_cast<std::uint64_t>(voters) / 2 + 1;
    for (Row& row : view.rows) {
        if (row.answer && row.answer->role == raft::Role::leader &&
            row.answer->term == view.term) {
            view.leader = row.answer->node;
        }
        row.part = part_in(view, row.node.node);
        row.lag = row.answer ? view.commit - std::min(view.commit, row.answer->applied) : 0;
    }
    return view;
}

int exit_code_of(const View& view) {
    if (!has_quorum(view) || view.leader == NodeId{}) {
        return exit_unavailable;
    }
    return view.reachable < view.rows.size() ? exit_check_failed : exit_ok;
}

const char* health_of(const View& view) {
    if (!has_quorum(view)) {
        return "no quorum";
    }
    if (view.leader == NodeId{}) {
        return "no leader";
    }
    return view.reachable < view.rows.size() ? "degraded" : "healthy";
}

const char* state_of(const Row& row) {
    if (!row.answer) {
        return row.life == Life::dead ? "down" : row.life == Life::paused ? "paused" : "silent";
    }
    switch (row.answer->role) {
        case raft::Role::leader: return "leader";
        case raft::Role::candidate: return "candidate";
        default: return "follower";
    }
}

std::string text_of(const View& view) {
    std::string text = fmt::format("{:<5}{:<11}{:<7}{:<9}{:<6}{:<9}{:<9}{:<9}{:<9}{:<6}{:<9}{}\n",
        "node", "state", "port", "pid", "term", "last", "durable", "commit", "applied", "lag",
        "events", "part");
    for (const Row& row : view.rows) {
        text += fmt::format("n{:<4}{:<11}{:<7}{:<9}", row.node.node.value, state_of(row),
            row.node.port, row.life == Life::dead ? 0 : row.node.process.pid);
        if (row.answer) {
            const StatusAnswer& at = *row.answer;
            text += fmt::format("{:<6}{:<9}{:<9}{:<9}{:<9}{:<6}{:<9}{}\n", at.term.value,
                at.last.value, at.durable.value, at.commit.value, at.applied.value, row.lag,
                at.length.value, row.part);
        } else {
            text += fmt::format("{:<57}{}\n", "-", row.part);
        }
    }
    text += fmt::format("{}: {} of {} nodes answer, {} are needed", health_of(view),
        view.reachable, view.rows.size(), view.quorum);
    text += view.leader == NodeId{} ? std::string("\n")
                                    : fmt::format("; leader n{}\n", view.leader.value);
    for (const Row& row : view.rows) {
        if (row.answer && row.answer->crowded) {
            text += fmt::format(
                "n{}: its disk is full or nearly so: it takes no appends until there is space\n",
                row.node.node.value);
        }
        if (row.answer && row.answer->repair_blocked != Index{}) {
            text += fmt::format("n{}: entry {} is damaged on its disk and nobody that answers has a "
                                "copy; {} damaged in all\n",
                row.node.node.value, row.answer->repair_blocked.value, row.answer->faulty);
        } else if (row.answer && row.answer->faulty > 0) {
            text += fmt::format("n{}: {} entries are damaged on its disk and being repaired\n",
                row.node.node.value, row.answer->faulty);
        }
    }
    if (!view.members.empty() && data_copies_min(view) == 1 && view.members.size() > 1 &&
        view.quorum > 1) {
        text += "what is acknowledged may be there with one data copy: a quorum may need a witness\n";
    }
    return text;
}

void write_row(check::JsonWriter& writer, const Row& row) {
    writer.begin_object().key("node").number(row.node.node.value);
    writer.key("state").text(state_of(row));
    writer.key("part").text(row.part);
    writer.key("port").number(row.node.port);
    writer.key("pid");
    if (row.life == Life::dead) {
        writer.null();
    } else {
        writer.number(static_cast<std::uint64_t>(row.node.process.pid));
    }
    if (row.answer) {
        const StatusAnswer& at = *row.answer;
        writer.key("term").number(at.term.value).key("last").number(at.last.value);
        writer.key("durable").number(at.durable.value).key("commit").number(at.commit.value);
        writer.key("applied").number(at.applied.value).key("lag").number(row.lag);
        writer.key("events").number(at.length.value).key("chain").text(to_hex(at.chain));
        writer.key("faulty").number(at.faulty);
        writer.key("repair_blocked").number(at.repair_blocked.value);
        writer.key("crowded").boolean(at.crowded);
    }
    writer.end_object();
}

std::string json_of(const View& view, const CtlCluster& cluster) {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.status/1");
    writer.key("health").text(health_of(view));
    writer.key("cluster").text(to_text(cluster.id));
    writer.key("reachable").number(view.reachable);
    writer.key("quorum").number(view.quorum).key("leader");
    if (view.leader == NodeId{}) {
        writer.null();
    } else {
        writer.number(view.leader.value);
    }
    writer.key("term").number(view.term.value);
    writer.key("commit").number(view.commit.value);
    writer.key("configuration").number(view.configuration_index.value);
    writer.key("data_copies_min").number(data_copies_min(view));
    write_members(writer, view.members);
    writer.key("nodes").begin_array();
    for (const Row& row : view.rows) {
        write_row(writer, row);
    }
    writer.end_array().end_object();
    return text + "\n";
}

}  // namespace

int command_status(const CtlOptions& options) {
    const Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    const View view = look(*loaded.cluster);
    say(options.json ? json_of(view, *loaded.cluster) : text_of(view));
    return exit_code_of(view);
}

}  // namespace ledger::node::asio
