#include "node/asio/quorum_recovery.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "node/asio/ctl_replica_copy.h"
#include "raft/configuration_body.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

using raft::Configuration;
using raft::NodeSet;

Error refuse(std::string why) {
    return failure(CtlErrc::refused, std::move(why));
}

void note_configuration(const EntryRef& entry, Survivor& survivor) {
    if (std::optional<Configuration> found = raft::configuration_of(entry)) {
        survivor.configuration = std::move(found);
        survivor.configuration_index = entry.index;
    }
}

// Holds places, but no events: by the configuration, or by what its disk took.
bool is_witness(const Survivor& one, const Configuration& before) {
    return before.member(one.node).witness || one.hard_state.trimmed;
}

// Who holds more.
bool holds_more(const Survivor& a, const Survivor& b, const Configuration& before) {
    const bool a_witness = is_witness(a, before);
    const bool b_witness = is_witness(b, before);
    return a_witness != b_witness ? b_witness : a.last > b.last;
}

const Survivor& of(const std::vector<Survivor>& survivors, NodeId node) {
    const auto at = std::find_if(survivors.begin(), survivors.end(),
        [node](const Survivor& one) { return one.node == node; });
    LEDGER_ASSERT(at != survivors.end());
    return *at;
}

// The newest membership that any survivor has heard of: that of the greatest log.
Configuration newest_configuration(
    const std::vector<Survivor>& survivors, const NodeSet& founders) {
    const Survivor* best = nullptr;
    for (const Survivor& one : survivors) {
        if (one.configuration && (best == nullptr || one.last > best->last)) {
            best = &one;
        }
    }
    Configuration founding;
    founding.voters = founders;
    return best != nullptr ? *best->configuration : founding;
}

bool is_majority(const std::vector<Survivor>& survivors, const NodeSet& voters) {
    const auto count = std::count_if(survivors.begin(), survivors.end(),
        [&](const Survivor& one) { return voters.contains(one.node); });
    return static_cast<std::uint64_t>(count) * 2 > voters.size();
}

// Empty if these may go on without the others.
std::string fault_of(const std::vector<Survivor>& survivors, const Configuration& before) {
    if (before.voters.empty()) {
        return "no survivor's log says who votes; name the first voters with --voters";
    }
    for (const Survivor& one : survivors) {
        if (!before.is_member(one.node)) {
            return fmt::format("n{} is no member any more", one.node);
        }
        const Incarnation meant = before.member(one.node).incarnation;
        if (meant != Incarnation{} && meant != one.incarnation) {
            return fmt::format("{} is not the disk that n{} voted with", one.path, one.node);
        }
    }
    const bool outgoing = !before.joint() || is_majority(survivors, before.outgoing);
    if (is_majority(survivors, before.voters) && outgoing) {
        return "these are a majority: nothing is lost, start them instead";
    }
    return {};
}

Configuration survivors_alone(
    const std::vector<Survivor>& survivors, const Configuration& before) {
    Configuration after;
    after.recoveries = before.recoveries + 1;
    for (const Survivor& one : survivors) {
        after.voters.insert(one.node);
    }
    for (const Survivor& one : survivors) {
        raft::Member member = before.member(one.node);
        member.promote = false;
        member.replaces = {};
        after.set_member(member);
    }
    return after;
}

void write_nodes(check::JsonWriter& writer, const char* key, const NodeSet& nodes) {
    writer.key(key).begin_array();
    for (const NodeId node : nodes) {
        writer.number(node.value);
    }
    writer.end_array();
}

// For people who look at this log in ten years.
std::string record_of(const RecoveryPlan& plan, const std::vector<Survivor>& survivors,
    ClusterId cluster, WallTime now) {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.recovery/1");
    writer.key("meaning").text("A majority was lost and given up by an operator. Events that had "
                               "been acknowledged may be missing from here on.");
    writer.key("cluster").text(to_text(cluster));
    writer.key("wall_time_ns").signed_number(now.nanoseconds);
    writer.key("term").number(plan.term.value);
    write_nodes(writer, "voters_before", plan.before.voters);
    write_nodes(writer, "voters_after", plan.after.voters);
    writer.key("lost").begin_array();
    for (const NodeId node : plan.lost) {
        writer.number(node.value);
    }
    writer.end_array().key("continued_from").number(plan.chosen.value);
    writer.key("survivors").begin_array();
    for (const Survivor& one : survivors) {
        writer.begin_object().key("node").number(one.node.value);
        writer.key("last_term").number(one.last.term.value);
        writer.key("last_index").number(one.last.index.value);
        writer.key("commit").number(one.commit.value);
        writer.key("term").number(one.hard_state.term.value).end_object();
    }
    writer.end_array().end_object();
    return text;
}

// Appends `entry` to what is written, in its place of log and chain.
void append(EntryRef entry, const Survivor& after, Term term, WallTime now, log::Group& group) {
    const bool first = group.entries.empty();
    const LogId last = first ? after.last : group.entries.back().entry.id();
    const Digest previous = first ? after.last_hash : group.entries.back().hash;
    entry.index = last.index.next();
    entry.term = term;
    entry.cluster_time = after.last_cluster_time;
    entry.wall_time = std::max(after.last_wall_time, now);
    const Digest hash = entry_hash(previous, entry);
    group.entries.push_back({std::move(entry), hash});
}

}  // namespace

Result<Survivor> Survivor::look(const std::string& path, ClusterId cluster, NodeId node) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(path, ignored)) {
        return failure(log::Errc::not_found, path + ": there is no such directory");
    }
    Survivor found{.node = node, .path = path};
    const log::Identity identity{cluster, node};
    LEDGER_TRY(found.directory, DataDirectory::take({.path = path, .identity = identity}));
    LEDGER_TRY(const CtlReplicaCopy copy,
        CtlReplicaCopy::make(path, path + "/" + DataDirectory::log_directory, identity));
    const log::Recovered& log = copy.recovered();
    found.incarnation = log.incarnation;
    found.hard_state = log.hard_state;
    found.commit = log.commit;
    found.last = log.last < log.first ? log.previous : LogId{log.terms.back().term, log.last};
    found.last_hash = log.tail.empty() ? log.commit_hash : log.tail.back().hash;
    found.last_cluster_time = log.last_cluster_time;
    found.last_wall_time = log.last_wall_time;
    if (log.configuration) {
        note_configuration(*log.configuration, found);
    }
    for (const HashedEntry& entry : log.tail) {
        note_configuration(entry.entry, found);
    }
    return found;
}

Result<RecoveryPlan> plan_recovery(
    const std::vector<Survivor>& survivors, const NodeSet& founders) {
    if (survivors.empty()) {
        return refuse("nobody is named who survived");
    }
    RecoveryPlan plan;
    plan.before = newest_configuration(survivors, founders);
    if (std::string fault = fault_of(survivors, plan.before); !fault.empty()) {
        return refuse(std::move(fault));
    }
    const Survivor* best = &survivors.front();
    for (const Survivor& one : survivors) {
        best = holds_more(one, *best, plan.before) ? &one : best;
        plan.term = std::max({plan.term, one.hard_state.term, one.last.term});
    }
    if (is_witness(*best, plan.before)) {
        return refuse("only witnesses are left: they hold no events");
    }
    plan.chosen = best->node;
    plan.term = plan.term.next();
    plan.after = survivors_alone(survivors, plan.before);
    for (const Survivor& one : survivors) {
        if (one.node == best->node) {
            continue;
        }
        const bool witness = is_witness(one, plan.before);
        plan.passed.push_back(witness
            ? fmt::format("n{} is a witness: it holds no events", one.node)
            : fmt::format("n{} ends at {} of term {}, n{} at {} of term {}", one.node,
                  one.last.index, one.last.term, best->node, best->last.index, best->last.term));
    }
    for (const NodeId node : plan.before.members()) {
        if (!plan.after.voters.contains(node)) {
            plan.lost.push_back(node);
        }
    }
    return plan;
}

Result<RecoveryDone> carry_out(const RecoveryPlan& plan, const std::vector<Survivor>& survivors,
    ClusterId cluster, WallTime now) {
    const Survivor& chosen = of(survivors, plan.chosen);
    LEDGER_TRY(const log::Opened opened, chosen.directory->open());
    const LogId held = opened.recovered.last < opened.recovered.first
                           ? opened.recovered.previous
                           : LogId{opened.recovered.terms.back().term, opened.recovered.last};
    LEDGER_ASSERT(held == chosen.last);  // nobody else had the directory since it was looked at
    LEDGER_ASSERT(!chosen.hard_state.trimmed);
    RecoveryDone done{.record = {}, .configuration = {},
        .text = record_of(plan, survivors, cluster, now)};
    // The record first: torn in the middle, the membership is still the old one.
    EntryRef record;
    record.kind = EntryKind::recovery;
    record.bytes = static_cast<std::uint32_t>(done.text.size());
    record.handle = EntryHandle::make(as_bytes(done.text), {});
    log::Group group;
    group.hard_state = HardState{plan.term, plan.chosen};  // nobody else leads this term
    group.commit = opened.recovered.commit;
    append(std::move(record), chosen, plan.term, now, group);
    append(raft::configuration_entry(plan.after), chosen, plan.term, now, group);
    done.record = group.entries[0].entry.index;
    done.configuration = group.entries[1].entry.index;
    LEDGER_CHECK(opened.storage->write(group));
    LEDGER_CHECK(opened.storage->sync());
    const log::Group seal{.hard_state = {}, .truncate_to = {}, .entries = {},
        .commit = opened.recovered.commit};
    LEDGER_CHECK(opened.storage->write(seal));
    LEDGER_CHECK(opened.storage->sync());
    return done;
}

}  // namespace ledger::node::asio
