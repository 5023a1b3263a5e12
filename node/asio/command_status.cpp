#include <algorithm>

#include <fmt/format.h>

#include "log/base/format.h"
#include "node/asio/ctl_client.h"
#include "node/asio/ctl_commands.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

struct Row {
    CtlNode node;
    Life life = Life::dead;
    std::optional<StatusAnswer> answer;
    std::uint64_t lag = 0;  // entries that the leader has committed and this node not applied
};

struct View {
    std::vector<Row> rows;
    std::uint64_t reachable = 0;
    std::uint64_t quorum = 0;
    NodeId leader;  // who says so itself, of the highest term
    Term term;
    Index commit;
};

View look(const CtlCluster& cluster) {
    View view{.rows = {}, .quorum = cluster.quorum(), .leader = {}, .term = {}, .commit = {}};
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
        }
        view.rows.push_back(std::move(row));
    }
    for (Row& row : view.rows) {
        if (row.answer && row.answer->role == raft::Role::leader &&
            row.answer->term == view.term) {
            view.leader = row.answer->node;
        }
        row.lag = row.answer ? view.commit - std::min(view.commit, row.answer->applied) : 0;
    }
    return view;
}

int exit_code_of(const View& view) {
    if (view.reachable < view.quorum || view.leader == NodeId{}) {
        return exit_unavailable;
    }
    return view.reachable < view.rows.size() ? exit_check_failed : exit_ok;
}

const char* health_of(const View& view) {
    if (view.reachable < view.quorum) {
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
    std::string text = fmt::format("{:<5}{:<11}{:<7}{:<9}{:<6}{:<9}{:<9}{:<9}{:<9}{:<6}{}\n",
        "node", "state", "port", "pid", "term", "last", "durable", "commit", "applied", "lag",
        "events");
    for (const Row& row : view.rows) {
        text += fmt::format("n{:<4}{:<11}{:<7}{:<9}", row.node.node.value, state_of(row),
            row.node.port, row.life == Life::dead ? 0 : row.node.process.pid);
        if (row.answer) {
            const StatusAnswer& at = *row.answer;
            text += fmt::format("{:<6}{:<9}{:<9}{:<9}{:<9}{:<6}{}\n", at.term.value,
                at.last.value, at.durable.value, at.commit.value, at.applied.value, row.lag,
                at.length.value);
        } else {
            text += "-\n";
        }
    }
    text += fmt::format("{}: {} of {} nodes answer, {} are needed", health_of(view),
        view.reachable, view.rows.size(), view.quorum);
    text += view.leader == NodeId{} ? std::string("\n")
                                    : fmt::format("; leader n{}\n", view.leader.value);
    return text;
}

void write_row(check::JsonWriter& writer, const Row& row) {
    writer.begin_object().key("node").number(row.node.node.value);
    writer.key("state").text(state_of(row));
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
    writer.key("commit").number(view.commit.value).key("nodes").begin_array();
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
