#include <charconv>
#include <chrono>
#include <variant>

#include <fmt/format.h>

#include "log/base/format.h"
#include "node/asio/cluster_text.h"
#include "node/asio/ctl_commands.h"
#include "node/asio/quorum_recovery.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

// What the command line means.
struct Named {
    ClusterId cluster;
    std::vector<std::pair<NodeId, std::string>> survivors;
    raft::NodeSet founders;
};

Error bad_word(const std::string& word, const std::string& expected) {
    return failure(CtlErrc::bad_input, fmt::format("'{}': expected {}", word, expected));
}

Result<NodeId> node_of(std::string_view word) {
    NodeId node;
    const auto [stop, error] =
        std::from_chars(word.data(), word.data() + word.size(), node.value);
    if (error != std::errc{} || stop != word.data() + word.size() || node == NodeId{}) {
        return bad_word(std::string(word), "a node's number");
    }
    return node;
}

Result<raft::NodeSet> nodes_of(std::string_view list) {
    raft::NodeSet nodes;
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        LEDGER_TRY(const NodeId node, node_of(list.substr(0, comma)));
        if (nodes.size() == raft::members_max || !nodes.insert(node)) {
            return bad_word(std::string(list), "each node once, at most 16");
        }
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return nodes;
}

Result<Named> understand(const CtlOptions& options, const RecoverOptions& recover) {
    Named named;
    Result<CtlCluster> known = load_cluster(options.directory);
    if (known) {
        named.cluster = known->id;
        for (const CtlNode& node : known->nodes) {
            named.founders.insert(node.node);
        }
    }
    if (!recover.cluster.empty()) {
        const std::optional<ClusterId> cluster = parse_cluster(recover.cluster);
        if (!cluster) {
            return bad_word(recover.cluster, "a cluster's identity, 32 hex digits");
        }
        named.cluster = *cluster;
    } else if (!known) {
        return failure(CtlErrc::bad_input,
            options.directory + " holds no cluster: name its identity with --cluster");
    }
    if (!recover.voters.empty()) {
        LEDGER_TRY(named.founders, nodes_of(recover.voters));
    }
    raft::NodeSet seen;
    for (const std::string& word : recover.survivors) {
        const std::size_t equals = word.find('=');
        LEDGER_TRY(const NodeId node, node_of(std::string_view(word).substr(0, equals)));
        const bool place_known = equals != std::string::npos || (known && known->find(node));
        if (!place_known || seen.size() == raft::members_max || !seen.insert(node)) {
            return bad_word(word, "N=DIRECTORY, or N of the cluster in --dir, each node once");
        }
        named.survivors.emplace_back(node,
            equals == std::string::npos ? known->data_directory(node) : word.substr(equals + 1));
    }
    return named;
}

std::string text_of(const raft::NodeSet& nodes) {
    std::string text;
    for (const NodeId node : nodes) {
        text += fmt::format("{}n{}", text.empty() ? "" : ", ", node);
    }
    return text.empty() ? "nobody" : text;
}

std::string text_of(const Survivor& one) {
    std::string text = fmt::format("n{}  {}\n    log ends at {} of term {}, committed at least to "
                                   "{}, in term {}\n",
        one.node, one.path, one.last.index, one.last.term, one.commit, one.hard_state.term);
    if (!one.configuration) {
        return text + "    no membership in its log\n";
    }
    const raft::Configuration& now = *one.configuration;
    text += fmt::format("    membership of index {}: {} vote", one.configuration_index,
        text_of(now.voters));
    text += now.joint() ? fmt::format(", until it is left also {}", text_of(now.outgoing)) : "";
    text += now.learners.empty() ? "" : fmt::format(", {} learn", text_of(now.learners));
    text += now.recoveries == 0 ? ""
                                : fmt::format(", a quorum was given up {} times", now.recoveries);
    return text + "\n";
}

std::string text_of(const RecoveryPlan& plan) {
    std::string text = fmt::format("n{} goes on: of the survivors it holds most\n", plan.chosen);
    for (const std::string& why : plan.passed) {
        text += fmt::format("    {}\n", why);
    }
    raft::NodeSet lost;
    for (const NodeId node : plan.lost) {
        lost.insert(node);
    }
    return text +
           fmt::format("given up for good: {}\n"
                       "WHAT ONLY THEY HELD IS LOST, ALSO IF IT WAS ACKNOWLEDGED. Nobody will be "
                       "able to say what it was.\n",
               text_of(lost));
}

struct Report {
    std::vector<Survivor> survivors;
    std::optional<RecoveryPlan> plan;
    std::optional<RecoveryDone> done;
    bool dry_run = false;
};

void write_nodes(check::JsonWriter& writer, const char* key, const raft::NodeSet& nodes) {
    writer.key(key).begin_array();
    for (const NodeId node : nodes) {
        writer.number(node.value);
    }
    writer.end_array();
}

std::string json_of(const Report& report, ClusterId cluster) {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.recover_quorum/1");
    writer.key("cluster").text(to_text(cluster));
    writer.key("dry_run").boolean(report.dry_run).key("written").boolean(report.done.has_value());
    writer.key("survivors").begin_array();
    for (const Survivor& one : report.survivors) {
        writer.begin_object().key("node").number(one.node.value).key("directory").text(one.path);
        writer.key("last_term").number(one.last.term.value);
        writer.key("last_index").number(one.last.index.value);
        writer.key("commit").number(one.commit.value);
        writer.key("term").number(one.hard_state.term.value);
        if (one.configuration) {
            writer.key("configuration_index").number(one.configuration_index.value);
            write_nodes(writer, "voters", one.configuration->voters);
        }
        writer.end_object();
    }
    writer.end_array();
    if (report.plan) {
        writer.key("chosen").number(report.plan->chosen.value);
        writer.key("new_term").number(report.plan->term.value);
        write_nodes(writer, "new_voters", report.plan->after.voters);
        writer.key("recoveries").number(report.plan->after.recoveries);
        writer.key("lost").begin_array();
        for (const NodeId node : report.plan->lost) {
            writer.number(node.value);
        }
        writer.end_array();
    }
    if (report.done) {
        writer.key("record_index").number(report.done->record.value);
        writer.key("configuration_index").number(report.done->configuration.value);
        writer.key("record").text(report.done->text);
    }
    writer.end_object();
    return text + "\n";
}

int exit_code_of(const Error& error) {
    if (error.code == make_error_code(CtlErrc::refused)) {
        return exit_conflict;
    }
    if (error.code == make_error_code(CtlErrc::bad_input)) {
        return exit_usage;
    }
    const bool damaged = error.code == make_error_code(log::Errc::corrupt_record) ||
                         error.code == make_error_code(log::Errc::faulty_entry);
    return damaged ? exit_integrity : exit_environment;
}

WallTime wall_now() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
}

Result<void> recover_quorum(
    const CtlOptions& options, const RecoverOptions& recover, const Named& named, Report& report) {
    for (const auto& [node, path] : named.survivors) {
        LEDGER_TRY(Survivor found, Survivor::look(path, named.cluster, node));
        say(options.json ? std::string() : text_of(found));
        report.survivors.push_back(std::move(found));
    }
    LEDGER_TRY(report.plan, plan_recovery(report.survivors, named.founders));
    say(options.json ? std::string() : text_of(*report.plan));
    if (recover.dry_run) {
        return {};
    }
    if (recover.confirmation != to_text(named.cluster)) {
        return failure(CtlErrc::refused,
            "nothing is written. To do it: --i-accept-losing-acknowledged-events " +
                to_text(named.cluster));
    }
    LEDGER_TRY(report.done, carry_out(*report.plan, report.survivors, named.cluster, wall_now()));
    return {};
}

}  // namespace

int command_recover_quorum(const CtlOptions& options, const RecoverOptions& recover) {
    const Result<Named> named = understand(options, recover);
    if (!named) {
        return fail(options, exit_code_of(named.error()), named.error());
    }
    Report report{.survivors = {}, .plan = {}, .done = {}, .dry_run = recover.dry_run};
    if (const Result<void> done = recover_quorum(options, recover, *named, report); !done) {
        return fail(options, exit_code_of(done.error()), done.error());
    }
    if (options.json) {
        say(json_of(report, named->cluster));
    } else if (!report.done) {
        say("dry run: nothing is written\n");
    } else {
        say(fmt::format("written to n{}: the record at index {}, the membership at {}, term {}\n"
                        "start the survivors; never start one of the lost on its old data, and "
                        "nobody as a founder of this cluster; add new members instead\n",
            report.plan->chosen, report.done->record, report.done->configuration,
            report.plan->term));
    }
    return exit_ok;
}

}  // namespace ledger::node::asio
