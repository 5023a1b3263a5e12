#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "log/base/format.h"
#include "node/asio/ctl_client.h"
#include "node/asio/ctl_commands.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

constexpr Duration answer_patience = seconds(2);

struct Versions {
    std::vector<std::optional<StatusAnswer>> answers;  // as the nodes of the cluster
    Feature active{0};  // the newest that any says; 0 = nobody answers
    Feature common{UINT32_MAX};  // the newest that all know
    NodeId leader;
    Term term;  // its
    bool complete = true;
};

Versions look(const CtlCluster& cluster) {
    Versions all{.answers = ask_statuses(cluster), .leader = {}, .term = {}};
    for (const auto& answer : all.answers) {
        if (!answer || answer->cluster != cluster.id) {
            all.complete = false;
            continue;
        }
        all.active = std::max(all.active, answer->active);
        all.common = std::min(all.common, answer->features);
        if (answer->role == raft::Role::leader && answer->term >= all.term) {
            all.leader = answer->node;
            all.term = answer->term;
        }
    }
    return all;
}

std::string verdict_of(const Versions& all) {
    if (all.active == Feature{0}) {
        return "nobody answers";
    }
    if (!all.complete) {
        return "not all nodes answer: nothing newer can be put in force";
    }
    return all.common > all.active ? "all nodes know a newer version: ledgerctl upgrade finalise"
                                   : "nothing to finalise";
}

std::string text_of(const CtlCluster& cluster, const Versions& all) {
    std::string text = fmt::format("{:<6}{:<8}{}\n", "node", "knows", "in force");
    for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
        const auto& answer = all.answers[i];
        const std::string known =
            answer ? std::to_string(static_cast<std::uint32_t>(answer->features)) : "-";
        const std::string active =
            answer ? std::to_string(static_cast<std::uint32_t>(answer->active)) : "-";
        text += fmt::format("n{:<5}{:<8}{}\n", cluster.nodes[i].node, known, active);
    }
    return text + verdict_of(all) + "\n";
}

std::string json_of(const CtlCluster& cluster, const Versions& all) {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.upgrade/1");
    writer.key("active").number(static_cast<std::uint32_t>(all.active));
    writer.key("can_finalise").boolean(all.complete && all.common > all.active);
    writer.key("note").text(verdict_of(all)).key("nodes").begin_array();
    for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
        const auto& answer = all.answers[i];
        writer.begin_object().key("node").number(cluster.nodes[i].node.value);
        writer.key("answers").boolean(answer.has_value());
        if (answer) {
            writer.key("knows").number(static_cast<std::uint32_t>(answer->features));
            writer.key("active").number(static_cast<std::uint32_t>(answer->active));
        }
        writer.end_object();
    }
    writer.end_array().end_object();
    return text + "\n";
}

// Asks leader after leader until one decides; nothing if none did in time.
std::optional<ClientReply> decide(CtlCluster& cluster, Duration patience) {
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::nanoseconds(patience.nanoseconds);
    while (std::chrono::steady_clock::now() < end) {
        const CtlNode* const leader = cluster.find(look(cluster).leader);
        if (leader != nullptr) {
            ClientRequest request{.id = RequestId{1}, .operation = {}};
            request.operation.emplace<Finalise>();
            auto reply = ask_once(*leader, std::move(request), answer_patience);
            if (reply && (std::holds_alternative<Applied>(reply->outcome) ||
                             std::holds_alternative<Refused>(reply->outcome))) {
                return reply;
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return std::nullopt;
}

}  // namespace

int command_upgrade_status(const CtlOptions& options) {
    const Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    const Versions all = look(*loaded.cluster);
    say(options.json ? json_of(*loaded.cluster, all) : text_of(*loaded.cluster, all));
    return all.active == Feature{0} ? exit_unavailable : exit_ok;
}

int command_upgrade_finalise(const CtlOptions& options) {
    Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    const std::optional<ClientReply> reply = decide(*loaded.cluster, options.timeout);
    if (!reply) {
        return fail(options, exit_unavailable, "no leader decided in time; `ledgerctl upgrade "
                                               "status` shows what is in force");
    }
    if (const auto* refused = std::get_if<Refused>(&reply->outcome)) {
        return fail(options, exit_conflict, refused->reason);
    }
    const Versions all = look(*loaded.cluster);
    say(options.json ? json_of(*loaded.cluster, all)
                     : fmt::format("feature version {} is in force\n",
                           static_cast<std::uint32_t>(all.active)));
    return exit_ok;
}

}  // namespace ledger::node::asio
