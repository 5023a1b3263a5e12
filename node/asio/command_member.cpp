#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>

#include <fmt/format.h>

#include "log/base/format.h"
#include "node/asio/ctl_client.h"
#include "node/asio/ctl_commands.h"
#include "node/membership.h"
#include "raft/progress.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

namespace fs = std::filesystem;

constexpr Duration end_patience = seconds(5);
constexpr std::uint16_t first_port = 7001;

using Clock = std::chrono::steady_clock;

Clock::time_point deadline_of(const CtlOptions& options) {
    return Clock::now() + std::chrono::nanoseconds(options.timeout.nanoseconds);
}

// Of the leader of the highest term.
std::optional<StatusAnswer> ask_leader(const CtlCluster& cluster) {
    std::optional<StatusAnswer> leader;
    for (auto& answer : ask_statuses(cluster)) {
        const bool leads = answer && answer->role == raft::Role::leader &&
                           answer->cluster == cluster.id;
        if (leads && (!leader || answer->term > leader->term)) {
            leader = std::move(*answer);
        }
    }
    return leader;
}

// Until a leader's answer says so; the last answer of one otherwise.
using Wanted = std::function<bool(const StatusAnswer&)>;
std::optional<StatusAnswer> wait_for(
    const CtlCluster& cluster, Clock::time_point end, const Wanted& wanted) {
    while (true) {
        std::optional<StatusAnswer> leader = ask_leader(cluster);
        if (leader && wanted(*leader)) {
            return leader;
        }
        if (Clock::now() >= end) {
            return std::nullopt;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

// What is committed and no joint phase.
bool settled(const StatusAnswer& leader) {
    return leader.configuration_index <= leader.commit &&
           std::none_of(leader.members.begin(), leader.members.end(),
               [](const MemberStatus& member) { return member.outgoing; });
}

const MemberStatus* find(const StatusAnswer& leader, NodeId node) {
    const auto at = std::find_if(leader.members.begin(), leader.members.end(),
        [node](const MemberStatus& member) { return member.member.node == node; });
    return at == leader.members.end() ? nullptr : &*at;
}

std::string disk_text(Incarnation incarnation) {
    return incarnation == Incarnation{} ? "-" : fmt::format("{:016x}", incarnation.value);
}

std::string text_of(const StatusAnswer& leader) {
    std::string text = fmt::format("{:<6}{:<26}{:<9}{:<10}{:<10}{}\n", "node", "part", "answers",
        "match", "priority", "disk");
    for (const MemberStatus& one : leader.members) {
        text += fmt::format("n{:<5}{:<26}{:<9}{:<10}{:<10}{}\n", one.member.node.value,
            part_of(one), one.answers ? "yes" : "no", one.match.value, one.member.priority,
            disk_text(one.member.incarnation));
    }
    text += fmt::format("configuration at index {}{}; leader n{}, term {}\n",
        leader.configuration_index, settled(leader) ? "" : ", changing", leader.node, leader.term);
    return text;
}

// The answer to every verb: what was done, and the membership since.
int answer(const CtlOptions& options, const std::string& done, const StatusAnswer& leader) {
    if (!options.json) {
        say(done.empty() ? text_of(leader) : done + "\n" + text_of(leader));
        return exit_ok;
    }
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.members/1");
    writer.key("configuration").number(leader.configuration_index.value);
    writer.key("settled").boolean(settled(leader));
    writer.key("leader").number(leader.node.value).key("term").number(leader.term.value);
    write_members(writer, leader.members);
    writer.end_object();
    say(text + "\n");
    return exit_ok;
}

// Starts what is not running, and formats what has no disk; such a node joins.
Result<void> prepare(CtlCluster& cluster, CtlNode& node) {
    const std::string data = cluster.data_directory(node.node);
    if (!fs::exists(data)) {
        LEDGER_CHECK(format_node(cluster, node.node));
        node.join = true;
    }
    if (life_of(node.process) == Life::dead) {
        LEDGER_CHECK(start_node(cluster, node));
    }
    return {};
}

Result<std::uint16_t> free_port(const CtlCluster& cluster) {
    std::uint16_t from = first_port;
    for (const CtlNode& node : cluster.nodes) {
        from = std::max<std::uint16_t>(from, static_cast<std::uint16_t>(node.port + 1));
    }
    if (const auto port = find_ports(loopback, from, 1)) {
        return *port;
    }
    return failure(LauncherErrc::port_busy, fmt::format("no free port from {} on", from));
}

// The node of this number, made one of the local cluster's if it is not yet.
Result<CtlNode*> local_node(CtlCluster& cluster, NodeId wanted) {
    if (CtlNode* known = cluster.find(wanted); known != nullptr) {
        return known;
    }
    if (cluster.nodes.size() >= raft::members_max) {
        return failure(CtlErrc::bad_input, "there are as many nodes as can be");
    }
    LEDGER_TRY(const std::uint16_t port, free_port(cluster));
    cluster.nodes.push_back({.node = wanted, .port = port, .join = true, .process = {},
        .recording = {}});
    std::sort(cluster.nodes.begin(), cluster.nodes.end(),
        [](const CtlNode& a, const CtlNode& b) { return a.node < b.node; });
    return cluster.find(wanted);
}

NodeId next_number(const CtlCluster& cluster) {
    NodeId next{1};
    while (fs::exists(cluster.data_directory(next)) || fs::exists(cluster.retired_directory(next)) ||
           std::any_of(cluster.nodes.begin(), cluster.nodes.end(),
               [next](const CtlNode& node) { return node.node == next; })) {
        ++next.value;
    }
    return next;
}

// The process of a node that left ends; its data is put aside.
Result<void> retire(CtlCluster& cluster, NodeId gone) {
    const CtlNode* node = cluster.find(gone);
    if (node == nullptr) {
        return {};
    }
    if (const Result<bool> stopped = stop_node(*node, end_patience); !stopped) {
        return stopped.error();
    }
    std::error_code error;
    fs::remove_all(cluster.retired_directory(gone), error);
    fs::rename(cluster.data_directory(gone), cluster.retired_directory(gone), error);
    std::erase_if(cluster.nodes, [gone](const CtlNode& one) { return one.node == gone; });
    return save_cluster(cluster);
}

class Member {
  public:
    Member(const CtlOptions& options, CtlCluster& cluster)
        : options_(options), cluster_(cluster), end_(deadline_of(options)) {}

    int list() {
        const auto leader = wait_for(cluster_, end_, [](const StatusAnswer&) { return true; });
        return leader ? answer(options_, "", *leader)
                      : fail(options_, exit_unavailable, "no node says that it leads");
    }

    int admit(MembershipVerb verb, NodeId wanted, NodeId replaced) {
        const NodeId node = wanted == NodeId{} ? next_number(cluster_) : wanted;
        const bool was_there = cluster_.find(node) != nullptr;
        const Result<CtlNode*> local = local_node(cluster_, node);
        if (!local) {
            return fail(options_, exit_environment, local.error());
        }
        if (const Result<void> ready = prepare(cluster_, **local); !ready) {
            return fail(options_, exit_environment, ready.error());
        }
        const client::Done done = ask(ChangeMembership{verb, node, replaced, 0});
        if (done.ending == client::Ending::failed && !was_there) {
            static_cast<void>(retire(cluster_, node));  // started for nothing
        }
        if (done.ending != client::Ending::done) {
            return refused(done);
        }
        const auto leader = wait_for(cluster_, end_, [&](const StatusAnswer& at) {
            const MemberStatus* member = find(at, node);
            const bool there = member != nullptr &&
                               (verb == MembershipVerb::add_learner || member->voter);
            return there && settled(at) && (replaced == NodeId{} || find(at, replaced) == nullptr);
        });
        if (!leader) {
            return unfinished(fmt::format("n{} has not caught up yet", node));
        }
        if (replaced != NodeId{}) {
            if (const Result<void> gone = retire(cluster_, replaced); !gone) {
                return fail(options_, exit_environment, gone.error());
            }
        }
        return answer(options_, replaced == NodeId{}
                                    ? fmt::format("n{} is a member", node)
                                    : fmt::format("n{} has taken the place of n{}", node, replaced),
            *leader);
    }

    int remove(NodeId node) {
        const client::Done done = ask(ChangeMembership{MembershipVerb::remove, node, {}, 0});
        if (done.ending != client::Ending::done) {
            return refused(done);
        }
        const auto leader = wait_for(cluster_, end_, [node](const StatusAnswer& at) {
            return at.node != node && find(at, node) == nullptr && settled(at);
        });
        if (!leader) {
            return unfinished(fmt::format("n{} has not left yet", node));
        }
        if (const Result<void> gone = retire(cluster_, node); !gone) {
            return fail(options_, exit_environment, gone.error());
        }
        return answer(options_, fmt::format("n{} is no member any more", node), *leader);
    }

    int change(const ChangeMembership& change, const std::string& text) {
        const client::Done done = ask(change);
        if (done.ending != client::Ending::done) {
            return refused(done);
        }
        const auto leader = wait_for(cluster_, end_, [&](const StatusAnswer& at) {
            const MemberStatus* member = find(at, change.node);
            return member != nullptr && settled(at) &&
                   (change.verb != MembershipVerb::promote || member->voter);
        });
        return leader ? answer(options_, text, *leader)
                      : unfinished(fmt::format("n{} has not caught up yet", change.node));
    }

    int transfer(NodeId target) {
        const client::Done done = ask(TransferLeadership{target});
        if (done.ending != client::Ending::done) {
            return refused(done);
        }
        const auto leader = wait_for(
            cluster_, end_, [&](const StatusAnswer& at) { return at.node == done.node; });
        return leader ? answer(options_, fmt::format("n{} leads", leader->node), *leader)
                      : unfinished(fmt::format("n{} does not lead yet", done.node));
    }

  private:
    client::Done ask(client::What what) {
        return CtlClient(cluster_).run(std::move(what), options_.timeout);
    }
    int refused(const client::Done& done) {
        const bool by_a_node = done.ending == client::Ending::failed && done.node != NodeId{};
        return fail(options_, by_a_node ? exit_conflict : exit_code_of(done), sentence_of(done));
    }
    int unfinished(const std::string& what) {
        return fail(options_, exit_inconclusive,
            what + "; what was asked for is committed and goes on: ledgerctl member list");
    }

    const CtlOptions& options_;
    CtlCluster& cluster_;
    const Clock::time_point end_;
};

}  // namespace

std::string part_of(const MemberStatus& one) {
    std::string part = one.voter && one.outgoing ? "voter"
                       : one.voter               ? "voter"
                       : one.outgoing            ? "voter, leaving"
                                                 : "learner";
    if (one.member.witness) {
        part += ", witness";
    }
    if (one.member.promote) {
        part += ", to vote";
    }
    if (one.member.replaces != NodeId{}) {
        part += fmt::format(" for n{}", one.member.replaces);
    }
    if (one.member.promote && one.rounds > 0) {
        const bool given_up = one.rounds >= raft::catch_up_rounds_max;
        part += given_up ? fmt::format(", given up after {} slow rounds: promote it again", one.rounds)
                         : fmt::format(", {} slow rounds of {}", one.rounds, raft::catch_up_rounds_max);
    }
    if (one.trimmed && !one.member.witness) {
        part += ", has the disk of a witness: format it anew";
    }
    return part;
}

void write_members(check::JsonWriter& writer, const std::vector<MemberStatus>& members) {
    writer.key("members").begin_array();
    for (const MemberStatus& one : members) {
        writer.begin_object().key("node").number(one.member.node.value);
        writer.key("voter").boolean(one.voter).key("outgoing").boolean(one.outgoing);
        writer.key("learner").boolean(one.learner).key("witness").boolean(one.member.witness);
        writer.key("promote").boolean(one.member.promote).key("replaces");
        if (one.member.replaces == NodeId{}) {
            writer.null();
        } else {
            writer.number(one.member.replaces.value);
        }
        writer.key("priority").number(one.member.priority);
        writer.key("disk").text(disk_text(one.member.incarnation));
        writer.key("match").number(one.match.value).key("answers").boolean(one.answers);
        writer.key("rounds").number(one.rounds).key("trimmed").boolean(one.trimmed);
        writer.end_object();
    }
    writer.end_array();
}

int command_member(const CtlOptions& options, const MemberOptions& what) {
    const Result<CtlLock> lock = CtlLock::take(options.directory);
    Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    if (!lock) {
        return fail(options, exit_environment, lock.error());
    }
    Member member(options, *loaded.cluster);
    const NodeId node{what.node};
    switch (what.action) {
        case MemberAction::list: return member.list();
        case MemberAction::add:
            return member.admit(what.witness   ? MembershipVerb::add_witness
                                : what.learner ? MembershipVerb::add_learner
                                               : MembershipVerb::add_voter,
                node, {});
        case MemberAction::replace:
            return member.admit(MembershipVerb::replace, NodeId{what.by}, node);
        case MemberAction::remove: return member.remove(node);
        case MemberAction::promote:
            return member.change({MembershipVerb::promote, node, {}, 0},
                fmt::format("n{} votes", node));
        case MemberAction::priority:
            return member.change({MembershipVerb::set_priority, node, {}, what.priority},
                fmt::format("n{} has priority {}", node, what.priority));
        case MemberAction::transfer: return member.transfer(node);
    }
    return exit_bug;
}

}  // namespace ledger::node::asio
