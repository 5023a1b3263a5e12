#include "sim/explore/core/tables.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <variant>

#include "log/base/assert.h"
#include "log/base/format.h"

namespace ledger::sim {
namespace {

constexpr std::uint8_t cut_kind = std::variant_size_v<raft::Message>;

std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ULL;
    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ULL;
    return x ^ (x >> 32);
}

Hash128 hash_of(std::span<const std::uint64_t> words, std::uint64_t kind) {
    Hash128 hash;
    hash.add(kind);
    for (const std::uint64_t word : words) {
        hash.add(word);
    }
    hash.add(static_cast<std::uint64_t>(words.size()));
    return {mixed(hash.high()), mixed(hash.low())};
}

Print print_of(const Hash128& hash) {
    return {hash.high(), hash.low()};
}

// Kinds of hashed things.
constexpr std::uint64_t of_node = 1;
constexpr std::uint64_t of_packet = 2;
constexpr std::uint64_t of_record = 3;
constexpr std::uint64_t of_configuration = 4;

std::uint8_t small(std::uint64_t number) {
    LEDGER_ASSERT(number < 0xff);
    return static_cast<std::uint8_t>(number);
}

struct BriefOf {
    PacketBrief& brief;

    template <typename M>
    void operator()(const M& message) const {
        brief.term = small(message.term.value);
        if constexpr (std::is_same_v<M, raft::PreVoteResponse>) {
            brief.proposed = small(message.proposed.value);
        }
        if constexpr (std::is_same_v<M, raft::AppendRequest> ||
                      std::is_same_v<M, raft::AppendResponse>) {
            brief.request = static_cast<std::uint32_t>(message.sequence);
            brief.answers = std::is_same_v<M, raft::AppendResponse>;
        }
    }
};

std::uint32_t encoded(const NodeEvent& event) {
    constexpr std::uint32_t number_max = 1u << 26;
    LEDGER_ASSERT(event.number < number_max);
    return (static_cast<std::uint32_t>(event.act) << 27) | (event.late ? number_max : 0u) |
           event.number;
}

// Where the core refuses what no other core says. Here nobody else says anything, and no disk
// forgets.
constexpr std::array<std::string_view, 6> refusals{"raft.impossible_message",
    "raft.second_leader_of_a_term", "raft.append_contradicts_commit", "raft.match_beyond_log",
    "raft.heartbeat_commit_beyond_log", "raft.status_of_unknown_cut"};

std::vector<const SometimesMark*> core_marks() {
    std::vector<const SometimesMark*> marks;
    for (const SometimesMark* mark = first_sometimes_mark(); mark != nullptr; mark = mark->next) {
        if (std::string_view(mark->name).starts_with("raft.")) {
            marks.push_back(mark);
        }
    }
    const auto before = [](const SometimesMark* a, const SometimesMark* b) {
        return std::string_view(a->name) < std::string_view(b->name);
    };
    std::sort(marks.begin(), marks.end(), before);
    // One name may stand at several places; all of them keep their bits.
    marks.resize(std::min(marks.size(), marks_max));
    return marks;
}

}  // namespace

Print spread(const Print& part, std::uint64_t salt) {
    const std::uint64_t salted = salt * 0x9e3779b97f4a7c15ULL;
    return {mixed(part.high + salted), mixed(part.low ^ salted)};
}

bool Step::same_as(const Step& other) const {
    return taken == other.taken && after == other.after && violation == other.violation &&
           std::equal(sent.begin(), sent.end(), other.sent.begin(), other.sent.end()) &&
           granted.size() == other.granted.size() && dropped.size() == other.dropped.size();
}

CoreTables::CoreTables(const CoreBounds& bounds, const Reductions& reductions)
    : rules_(bounds), reductions_(reductions), marks_(core_marks()) {
    for (std::size_t i = 0; i < marks_.size(); ++i) {
        refusals_[i] =
            std::find(refusals.begin(), refusals.end(), marks_[i]->name) != refusals.end();
    }
    std::array<NodeId, core_nodes_max + 1> naming{};
    for (std::uint32_t id = 0; id <= core_nodes_max; ++id) {
        naming[id] = NodeId{id};
    }
    const auto begin = naming.begin() + 1;
    const auto end = begin + bounds.nodes;
    do {
        namings_.push_back(naming);
    } while (reductions.symmetry && std::next_permutation(begin, end));
}

raft::StateWords CoreTables::words_for(std::uint32_t naming) const {
    return raft::StateWords({.names = namings_[naming], .request_numbers = true});
}

NodeNumber CoreTables::first_life(NodeId self) {
    return number(rules_.first_life(self));
}

// Two node states are one if their words are, request numbers included: what has no number of its
// own is only left out of the prints, by which whole states are compared.
NodeNumber CoreTables::number(CoreNode&& node) {
    raft::StateWords words = words_for(0);
    node.describe(words);
    const Hash128 key = hash_of(words.words(), of_node);
    if (const NodeNumber* known = node_numbers_.find(key)) {
        if (examine_twins_) {
            examine(node, *known);
        }
        return *known;
    }
    const auto fresh = static_cast<NodeNumber>(nodes_.size());
    node_numbers_[key] = fresh;
    for (std::uint32_t naming = 0; naming < namings(); ++naming) {
        raft::StateWords named(
            {.names = namings_[naming], .request_numbers = !reductions_.request_numbers});
        node.describe(named);
        node_prints_.push_back(print_of(hash_of(named.words(), of_node)));
    }
    NodeBrief brief = brief_of(node);
    nodes_.push_back({std::move(node), std::move(brief)});
    return fresh;
}

PacketNumber CoreTables::number(Packet&& packet) {
    raft::StateWords words = words_for(0);
    describe(packet, words);
    const Hash128 key = hash_of(words.words(), of_packet);
    if (const PacketNumber* known = packet_numbers_.find(key)) {
        return *known;
    }
    const auto fresh = static_cast<PacketNumber>(packets_.size());
    packet_numbers_[key] = fresh;
    for (std::uint32_t naming = 0; naming < namings(); ++naming) {
        raft::StateWords named(
            {.names = namings_[naming], .request_numbers = !reductions_.request_numbers});
        describe(packet, named);
        packet_prints_.push_back(print_of(hash_of(named.words(), of_packet)));
    }
    PacketBrief brief{.from = packet.from, .to = packet.to};
    brief.kind = packet.cut ? cut_kind : static_cast<std::uint8_t>(packet.message.index());
    if (!packet.cut) {
        std::visit(BriefOf{brief}, packet.message);
    }
    packets_.push_back({std::move(packet), brief, key.low()});
    return fresh;
}

RecordNumber CoreTables::number(const JudgeRecord& record) {
    std::array<std::uint64_t, 3 * core_entries_max> words{};
    const auto fill = [&](std::uint32_t naming) {
        std::size_t at = 0;
        for (std::size_t i = 0; i < record.entries.size(); ++i) {
            const std::uint64_t term = static_cast<std::uint64_t>(record.terms[i]) << 32;
            words[at] = i < record.committed ? record.entries[i] | term : 0;
            ++at;
        }
        for (std::size_t term = 1; term < record.leaders.size(); ++term) {
            words[at] = namings_[naming][record.leaders[term]].value;
            ++at;
        }
        for (const std::uint8_t read : record.reads) {
            words[at] = read;
            ++at;
        }
        LEDGER_ASSERT(at == words.size());
        return hash_of(words, of_record);
    };
    const Hash128 key = fill(0);
    if (const RecordNumber* known = record_numbers_.find(key)) {
        return *known;
    }
    const auto fresh = static_cast<RecordNumber>(records_.size());
    record_numbers_[key] = fresh;
    for (std::uint32_t naming = 0; naming < namings(); ++naming) {
        record_prints_.push_back(print_of(fill(naming)));
    }
    records_.push_back(record);
    return fresh;
}

EntryMark CoreTables::mark_of(const EntryRef& entry) {
    std::uint32_t content = entry.bytes;
    if (entry.kind == EntryKind::configuration) {
        raft::StateWords words;
        words.add(entry);
        const Hash128 key = hash_of(words.words().subspan(2), of_configuration);
        std::uint32_t& known = configurations_[key];
        known = known == 0 ? static_cast<std::uint32_t>(configurations_.size()) : known;
        content = known;
    }
    LEDGER_ASSERT(content < (1u << 16));
    return (static_cast<std::uint32_t>(small(entry.term.value)) << 24) |
           (static_cast<std::uint32_t>(entry.kind) << 16) | content;
}

NodeBrief CoreTables::brief_of(const CoreNode& node) {
    NodeBrief brief;
    brief.durable_term = small(node.disk.hard_state.term.value);
    brief.durable_vote = small(node.disk.hard_state.vote.value);
    brief.disk_first = small(node.disk.base.index.next().value);
    brief.disk_last = small(node.disk.last().value);
    brief.disk_commit = small(node.disk.commit.value);
    LEDGER_ASSERT(brief.disk_last <= core_entries_max);
    for (const EntryRef& entry : node.disk.entries) {
        brief.disk[entry.index.value - 1] = mark_of(entry);
    }
    for (const WriteGroup& group : node.pending) {
        for (const Packet& packet : group.held) {
            if (std::holds_alternative<raft::AppendResponse>(packet.message)) {
                brief.held.push_back({number(Packet(packet)), brief.groups});
            }
        }
        ++brief.groups;
    }
    brief.parts = small(node.parts());
    brief.term = brief.durable_term;
    if (!node.core) {
        return brief;
    }
    const raft::Raft& core = *node.core;
    const raft::Status status = core.status();
    brief.up = true;
    brief.role = status.role;
    brief.term = small(status.term.value);
    brief.leader = small(status.leader.value);
    brief.commit = small(status.commit.value);
    brief.first = small(core.log().first().value);
    brief.last = small(status.last.value);
    LEDGER_ASSERT(brief.last <= core_entries_max);
    for (Index index = core.log().first(); index <= core.log().last(); ++index) {
        const EntryRef* const entry = core.log().find(index);
        LEDGER_ASSERT(entry != nullptr);  // nothing is released, nothing is damaged
        brief.log[index.value - 1] = mark_of(*entry);
    }
    if (const auto* leader = std::get_if<raft::Leader>(&core.role_state())) {
        for (const raft::Progress& peer : leader->peers) {
            brief.since[peer.node.value] = static_cast<std::uint32_t>(peer.since);
        }
    }
    return brief;
}

const Step& CoreTables::step(NodeNumber node, const NodeEvent& event) {
    const std::uint64_t key = (static_cast<std::uint64_t>(node) << 32) | encoded(event);
    if (const std::uint32_t* known = step_numbers_.find(key)) {
        return steps_[*known];
    }
    Step fresh = work_out(node, event);
    step_numbers_[key] = static_cast<std::uint32_t>(steps_.size());
    return steps_.emplace_back(fresh);
}

Step CoreTables::work_out(NodeNumber from, const NodeEvent& event) {
    std::array<std::uint64_t, marks_max> hits{};
    for (std::size_t i = 0; i < marks_.size(); ++i) {
        hits[i] = marks_[i]->hits;
    }
    asked_ = {from, event};
    CoreNode node = nodes_[from].node;
    const Packet* const packet =
        event.act == Act::deliver ? &packets_[event.number].packet : nullptr;
    NodeOutcome outcome = rules_.step(node, event, packet);
    Step step;
    step.taken = outcome.taken;
    step.after = from;
    step.violation = outcome.violation;
    for (std::size_t i = 0; i < marks_.size(); ++i) {
        step.marks[i] = marks_[i]->hits > hits[i];
    }
    if (step.violation.empty() && (step.marks & refusals_).any()) {
        step.violation = "no node says what others have to refuse";
    }
    if (!step.taken || !step.violation.empty()) {
        return step;
    }
    step.after = number(std::move(node));
    if (!outcome.sent.empty()) {
        std::vector<PacketNumber>& sent = sent_.emplace_back();
        for (Packet& one : outcome.sent) {
            sent.push_back(number(std::move(one)));
        }
        std::sort(sent.begin(), sent.end());
        step.sent = sent;
    }
    if (!outcome.granted.empty()) {
        step.granted = granted_.emplace_back(std::move(outcome.granted));
    }
    if (!outcome.dropped.empty()) {
        step.dropped = dropped_.emplace_back(std::move(outcome.dropped));
    }
    const NodeBrief& before = nodes_[from].brief;
    const NodeBrief& after = nodes_[step.after].brief;
    step.idle =
        step.after == from && step.sent.empty() && step.granted.empty() && step.dropped.empty();
    step.elected = after.role == raft::Role::leader &&
                   (before.role != raft::Role::leader || before.term != after.term);
    step.follows = after.role != raft::Role::leader && after.leader != 0 &&
                   (before.leader != after.leader || before.term != after.term);
    step.committed = after.commit > before.commit;
    step.log_changed = after.log != before.log || after.last != before.last;
    step.disk_changed = after.disk != before.disk || after.disk_last != before.disk_last ||
                        after.disk_first != before.disk_first;
    return step;
}

bool CoreTables::awaits_read(NodeNumber number, std::uint32_t read) const {
    const CoreNode& node = nodes_[number].node;
    if (!node.core) {
        return false;
    }
    const raft::ReadId id{read};
    if (const auto* leader = std::get_if<raft::Leader>(&node.core->role_state())) {
        return leader->reads.contains(id, NodeId{});
    }
    const auto* follower = std::get_if<raft::Follower>(&node.core->role_state());
    return follower != nullptr &&
           std::any_of(follower->reads.waiting.begin(), follower->reads.waiting.end(),
               [id](const raft::ForwardedReads::Waiting& one) { return one.id == id; });
}

// The same words by another way: the same must follow.
void CoreTables::examine(const CoreNode& twin, NodeNumber known) {
    if (!different_twin_.empty()) {
        return;
    }
    ++twins_examined_;
    const auto words_of = [this](const CoreNode& node, const NodeOutcome& outcome) {
        std::vector<std::vector<std::uint64_t>> all;
        const auto keep = [&all](const raft::StateWords& words) {
            all.emplace_back(words.words().begin(), words.words().end());
        };
        if (outcome.taken && outcome.violation.empty()) {
            raft::StateWords words = words_for(0);
            node.describe(words);
            keep(words);
            for (const Packet& packet : outcome.sent) {
                raft::StateWords one = words_for(0);
                describe(packet, one);
                keep(one);
            }
        }
        std::sort(all.begin(), all.end());  // in which order they leave does not matter
        return all;
    };
    const auto compare = [&](const NodeEvent& event, const Packet* packet) {
        CoreNode a = nodes_[known].node;
        CoreNode b = twin;
        const NodeOutcome of_a = rules_.step(a, event, packet);
        const NodeOutcome of_b = rules_.step(b, event, packet);
        if (words_of(a, of_a) != words_of(b, of_b)) {
            different_twin_ = fmt::format("node {} does not do the same in {}{}", twin.self,
                to_text(event.act), event.late ? ", late" : "");
        }
    };
    compare({.act = Act::store, .late = true}, nullptr);
    for (std::uint32_t act = 1; act <= static_cast<std::uint32_t>(Act::cut); ++act) {
        compare({.act = static_cast<Act>(act), .late = false, .number = 1}, nullptr);
    }
    const std::size_t newest = packets_.size();
    for (std::size_t i = newest - std::min<std::size_t>(newest, 40); i < newest; ++i) {
        if (packets_[i].packet.to == twin.self) {
            const NodeEvent event{.act = Act::deliver, .number = static_cast<std::uint32_t>(i)};
            compare(event, &packets_[i].packet);
            compare(
                {.act = Act::deliver, .late = true, .number = event.number}, &packets_[i].packet);
        }
    }
}

std::uint64_t CoreTables::bytes() const {
    // A core with its vectors; a leader's progress of its peers is most of it.
    constexpr std::uint64_t node_bytes = sizeof(NodeEntry) + 2'400;
    constexpr std::uint64_t packet_bytes = sizeof(PacketEntry) + 150;
    constexpr std::uint64_t place = 3 * sizeof(std::uint64_t) * 2;
    return nodes_.size() * (node_bytes + place) + packets_.size() * (packet_bytes + place) +
           records_.size() * (sizeof(JudgeRecord) + place) +
           steps_.size() * (sizeof(Step) + place) +
           (node_prints_.size() + packet_prints_.size() + record_prints_.size()) * sizeof(Print);
}

}  // namespace ledger::sim
