#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "log/base/format.h"
#include "node/asio/ctl_client.h"
#include "node/asio/ctl_commands.h"
#include "node/asio/ctl_replica_copy.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

// What one replica has to say: itself, and its disk.
struct Replica {
    NodeId node;
    std::optional<StatusAnswer> answer;
    bool read = false;           // the log on its disk was read and verified
    std::string error;           // why not
    Index through;               // committed and read up to here
    std::uint64_t events = 0;    // of those entries
    Position length;             // events that there ever were, those that were given up included
    Index before;                // the log goes on after it; 0 = it is whole
    std::vector<Digest> chain;   // of the entries `before` to `through`
    // Where a lost quorum was given up, with the record in words.
    std::vector<std::pair<Index, std::string>> recoveries;
    std::vector<std::string> differences;
};

struct Verdict {
    std::vector<Replica> replicas;
    Index compared;              // every replica that was read agrees up to here, or differs
    std::uint64_t compared_replicas = 0;
    bool integrity = true;       // no replica contradicts another or itself
    bool complete = true;        // every replica was read, and up to what is committed
};

// Waits until all that run answer and have applied, and hold on their own disks, what any knows to
// be committed (a follower may apply what the others hold before its disk does); what does not come
// true is said later.
std::vector<std::optional<StatusAnswer>> settled_statuses(
    const CtlCluster& cluster, Duration patience) {
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::nanoseconds(patience.nanoseconds);
    while (true) {
        std::vector<std::optional<StatusAnswer>> answers = ask_statuses(cluster);
        Index commit;
        Index held{UINT64_MAX};
        bool all_answer = true;
        for (std::size_t i = 0; i < answers.size(); ++i) {
            const auto& answer = answers[i];
            all_answer = all_answer &&
                         (answer || life_of(cluster.nodes[i].process) != Life::running);
            commit = answer ? std::max(commit, answer->commit) : commit;
            held = answer ? std::min({held, answer->applied, answer->durable}) : held;
        }
        if ((all_answer && held >= commit) || std::chrono::steady_clock::now() >= end) {
            return answers;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

// Bytes that fail their checksums are a finding; files that cannot be reached are none.
void note_error(const Error& error, Replica& replica) {
    replica.error = error.place;
    const bool damaged = error.code == make_error_code(log::Errc::corrupt_record) ||
                         error.code == make_error_code(log::Errc::faulty_entry) ||
                         error.code == make_error_code(log::Errc::wrong_identity);
    if (damaged) {
        replica.differences.push_back("its disk is damaged: " + error.place);
    }
}

void read_replica(const CtlCluster& cluster, Index commit, Replica& replica) {
    Result<CtlReplicaCopy> copy = CtlReplicaCopy::make(cluster, replica.node);
    if (!copy) {
        note_error(copy.error(), replica);
        return;
    }
    // A dead node does not know what was committed after it died, and may hold entries that never
    // were: of its disk only what it knows to be committed counts.
    replica.through = replica.answer ? std::min(replica.answer->applied, copy->last())
                                     : copy->commit();
    replica.through = std::min(replica.through, std::max(commit, copy->commit()));
    replica.before = copy->start().id.index;
    replica.through = std::max(replica.through, replica.before);  // given up since it answered
    replica.chain.push_back(copy->start().hash);
    // One pass keeps the chain, the other cuts the events open.
    Result<void> read = copy->read(replica.through, [&replica](const HashedEntry& entry) {
        replica.chain.push_back(entry.hash);
        if (entry.entry.kind == EntryKind::recovery) {
            replica.recoveries.emplace_back(
                entry.entry.index, as_text(entry.entry.handle.envelope()));
        }
    });
    if (!read) {
        note_error(read.error(), replica);
        return;
    }
    const Result<Position> length = copy->read_events(
        replica.through, [&replica](const state::RecordedEvent&) { ++replica.events; });
    replica.read = static_cast<bool>(length);
    if (length) {
        replica.length = *length;
    } else {
        note_error(length.error(), replica);
    }
}

// What the running node says against what its disk says.
void compare_with_itself(Replica& replica) {
    if (!replica.answer || !replica.read) {
        return;
    }
    const StatusAnswer& at = *replica.answer;
    if (std::min(at.applied, at.durable) > replica.through) {
        replica.differences.push_back(fmt::format(
            "said that {} entries are durable, its disk holds {}",
            std::min(at.applied, at.durable), replica.through));
    } else if (at.applied != replica.through) {
        return;  // its disk is behind; the others' chains tell about what it holds
    } else if (replica.chain.back() != at.chain) {
        replica.differences.push_back(
            fmt::format("its chain at {} is not that of its disk", at.applied));
    } else if (at.length != replica.length) {
        replica.differences.push_back(
            fmt::format("has {} events, its disk {}", at.length, replica.length));
    }
}

void compare_with(const Replica& reference, Replica& replica) {
    const Index end = std::min(reference.through, replica.through);
    for (Index index = std::max(reference.before, replica.before); index <= end; ++index) {
        if (reference.chain[index - reference.before] != replica.chain[index - replica.before]) {
            replica.differences.push_back(
                fmt::format("differs from n{} from index {} on", reference.node, index));
            return;
        }
    }
}

Verdict examine(const CtlCluster& cluster, Duration patience) {
    Verdict verdict;
    std::vector<std::optional<StatusAnswer>> answers = settled_statuses(cluster, patience);
    Index commit;
    for (const auto& answer : answers) {
        commit = answer ? std::max(commit, answer->commit) : commit;
    }
    verdict.compared = Index{UINT64_MAX};
    for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
        Replica replica{.node = cluster.nodes[i].node, .answer = std::move(answers[i])};
        read_replica(cluster, commit, replica);
        compare_with_itself(replica);
        for (const Replica& earlier : verdict.replicas) {
            if (earlier.read && replica.read && replica.differences.empty()) {
                compare_with(earlier, replica);
            }
        }
        verdict.integrity = verdict.integrity && replica.differences.empty();
        verdict.complete = verdict.complete && replica.read && replica.through >= commit;
        if (replica.read) {
            ++verdict.compared_replicas;
            verdict.compared = std::min(verdict.compared, replica.through);
        }
        verdict.replicas.push_back(std::move(replica));
    }
    if (verdict.compared_replicas == 0) {
        verdict.compared = {};
    }
    return verdict;
}

const char* word_of(const Verdict& verdict) {
    return !verdict.integrity ? "violated" : verdict.complete ? "ok" : "inconclusive";
}

std::string note_of(const Replica& replica) {
    if (!replica.differences.empty()) {
        return replica.differences.front();
    }
    return replica.read ? std::string("ok") : "not read: " + replica.error;
}

std::string text_of(const Verdict& verdict) {
    std::string text;
    for (const Replica& replica : verdict.replicas) {
        text += fmt::format("n{}  {} entries, {} events, chain {}  {}{}\n", replica.node,
            replica.through - replica.before, replica.events,
            replica.chain.empty() ? std::string("-") : to_hex(replica.chain.back()).substr(0, 16),
            note_of(replica), replica.answer ? "" : " (does not answer; its disk was read)");
        for (const auto& [index, record] : replica.recoveries) {
            text += fmt::format(
                "    a lost quorum was given up at index {}, acknowledged events may be missing: {}\n",
                index, record);
        }
    }
    return text + fmt::format("{}: {} of {} replicas read, chains compared up to index {}\n",
                      word_of(verdict), verdict.compared_replicas, verdict.replicas.size(),
                      verdict.compared);
}

std::string json_of(const Verdict& verdict) {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.verify/1");
    writer.key("verdict").text(word_of(verdict));
    writer.key("compared_replicas").number(verdict.compared_replicas);
    writer.key("compared_through").number(verdict.compared.value);
    writer.key("nodes").begin_array();
    for (const Replica& replica : verdict.replicas) {
        writer.begin_object().key("node").number(replica.node.value);
        writer.key("running").boolean(replica.answer.has_value());
        writer.key("read").boolean(replica.read);
        writer.key("first").number(replica.before.next().value);
        writer.key("entries").number(replica.through.value);
        writer.key("events").number(replica.events).key("chain");
        if (replica.chain.empty()) {
            writer.null();
        } else {
            writer.text(to_hex(replica.chain.back()));
        }
        writer.key("recoveries").begin_array();
        for (const auto& [index, record] : replica.recoveries) {
            writer.begin_object().key("index").number(index.value);
            writer.key("record").text(record).end_object();
        }
        writer.end_array().key("note").text(note_of(replica)).end_object();
    }
    writer.end_array().end_object();
    return text + "\n";
}

}  // namespace

int command_verify(const CtlOptions& options) {
    const Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    const Verdict verdict = examine(*loaded.cluster, options.timeout);
    say(options.json ? json_of(verdict) : text_of(verdict));
    if (!verdict.integrity) {
        return exit_integrity;
    }
    return verdict.complete ? exit_ok : exit_inconclusive;
}

}  // namespace ledger::node::asio
