#include "tests/raft/interaction/facts.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <span>

#include "log/base/format.h"
#include "tests/raft/interaction/selector.h"
#include "tests/raft/interaction/words.h"

namespace ledger::raft::interaction {
namespace {

// Every fact is a number; some have names.
enum class Reads { number, node, role, state };

template <typename Subject>
struct Field {
    std::string_view name;
    Reads reads;
    std::uint64_t (*value)(const Subject&);
};

constexpr std::array roles{Role::follower, Role::pre_candidate, Role::candidate, Role::leader};
constexpr std::array states{Progress::State::probe, Progress::State::replicate};

template <typename Enum, std::size_t N>
std::uint64_t named(const std::array<Enum, N>& all, std::string_view name) {
    for (Enum one : all) {
        if (text_of(one) == name) {
            return static_cast<std::uint64_t>(one);
        }
    }
    throw BadScript(fmt::format("'{}' is none of the names", name));
}

std::uint64_t parse_value(Reads reads, std::string_view text) {
    switch (reads) {
        case Reads::number: return parse_number(text, "a number");
        case Reads::role: return named(roles, text);
        case Reads::state: return named(states, text);
        case Reads::node:
            if (text == "none") {
                return 0;
            }
            return text.starts_with('n') ? parse_node(text).value : parse_number(text, "a node");
    }
    return 0;
}

std::string text_of_value(Reads reads, std::uint64_t value) {
    switch (reads) {
        case Reads::number: return fmt::format("{}", value);
        case Reads::node: return text_of(NodeId{static_cast<std::uint32_t>(value)});
        case Reads::role: return std::string(text_of(static_cast<Role>(value)));
        case Reads::state: return std::string(text_of(static_cast<Progress::State>(value)));
    }
    return {};
}

constexpr std::array<Field<Raft>, 10> node_fields{{
    {"role", Reads::role,
        [](const Raft& raft) { return static_cast<std::uint64_t>(raft.status().role); }},
    {"term", Reads::number, [](const Raft& raft) { return raft.status().term.value; }},
    {"vote", Reads::node, [](const Raft& raft) { return std::uint64_t{raft.status().vote.value}; }},
    {"leader", Reads::node,
        [](const Raft& raft) { return std::uint64_t{raft.status().leader.value}; }},
    {"first", Reads::number, [](const Raft& raft) { return raft.log().first().value; }},
    {"last", Reads::number, [](const Raft& raft) { return raft.status().last.value; }},
    {"last_term", Reads::number, [](const Raft& raft) { return raft.log().last_id().term.value; }},
    {"durable", Reads::number, [](const Raft& raft) { return raft.status().durable.value; }},
    {"commit", Reads::number, [](const Raft& raft) { return raft.status().commit.value; }},
    {"transfer", Reads::node,
        [](const Raft& raft) { return std::uint64_t{raft.status().transfer_target.value}; }},
}};

constexpr std::array<Field<Progress>, 5> progress_fields{{
    {"state", Reads::state, [](const Progress& p) { return static_cast<std::uint64_t>(p.state); }},
    {"match", Reads::number, [](const Progress& p) { return p.match.value; }},
    {"next", Reads::number, [](const Progress& p) { return p.next.value; }},
    {"inflight", Reads::number,
        [](const Progress& p) { return std::uint64_t{p.inflight.count()}; }},
    {"bytes", Reads::number, [](const Progress& p) { return p.inflight.bytes(); }},
}};

std::uint64_t highest_term(const Cluster& cluster) {
    std::uint64_t term = 0;
    for (std::uint32_t id = 1; id <= cluster.size(); ++id) {
        term = cluster.up(id) ? std::max(term, cluster.raft(id).status().term.value) : term;
    }
    return term;
}

std::uint64_t nodes_up(const Cluster& cluster) {
    std::uint64_t count = 0;
    for (std::uint32_t id = 1; id <= cluster.size(); ++id) {
        count += cluster.up(id) ? 1u : 0u;
    }
    return count;
}

constexpr std::array<Field<Cluster>, 7> group_fields{{
    {"leader", Reads::node,
        [](const Cluster& cluster) { return std::uint64_t{cluster.leader().value}; }},
    {"term", Reads::number, highest_term},
    {"up", Reads::number, nodes_up},
    {"committed", Reads::number, [](const Cluster& cluster) { return cluster.committed(); }},
    {"reads_granted", Reads::number,
        [](const Cluster& cluster) { return cluster.reads_granted(); }},
    {"reads_dropped", Reads::number,
        [](const Cluster& cluster) { return cluster.reads_dropped(); }},
    {"messages", Reads::number,
        [](const Cluster& cluster) { return std::uint64_t{cluster.messages()}; }},
}};

template <typename Fields>
const auto& field_named(const Fields& fields, std::string_view name) {
    const auto found = std::find_if(
        fields.begin(), fields.end(), [name](const auto& field) { return field.name == name; });
    if (found == fields.end()) {
        throw BadScript(fmt::format("there is no fact '{}' here", name));
    }
    return *found;
}

bool compare(std::uint64_t left, std::string_view relation, std::uint64_t right) {
    if (relation == "=") {
        return left == right;
    }
    if (relation == "!=") {
        return left != right;
    }
    if (relation == ">=") {
        return left >= right;
    }
    if (relation == "<=") {
        return left <= right;
    }
    if (relation == ">") {
        return left > right;
    }
    if (relation == "<") {
        return left < right;
    }
    throw BadScript(fmt::format("'{}' is no relation", relation));
}

constexpr std::string_view relation_characters = "=<>!";

// `commit>=5` in three parts.
struct Claim {
    std::string_view field;
    std::string_view relation;
    std::string_view value;
};

Claim parse_claim(std::string_view word) {
    const std::size_t begin = word.find_first_of(relation_characters);
    if (begin == std::string_view::npos) {
        throw BadScript(fmt::format("expected a claim like commit>=5 and not '{}'", word));
    }
    const std::size_t end = word.find_first_not_of(relation_characters, begin);
    return {word.substr(0, begin), word.substr(begin, end - begin),
        end == std::string_view::npos ? "" : word.substr(end)};
}

// All remaining words are claims about one subject.
template <typename Fields, typename Subject>
void check_claims(
    const Fields& fields, const Subject& subject, std::string_view name, Words& words) {
    do {
        const std::string_view word = words.take("a claim like commit>=5");
        const Claim claim = parse_claim(word);
        const auto& field = field_named(fields, claim.field);
        const std::uint64_t value = field.value(subject);
        if (!compare(value, claim.relation, parse_value(field.reads, claim.value))) {
            throw Unmet(fmt::format("{} has {}={}, expected {}", name, field.name,
                text_of_value(field.reads, value), word));
        }
    } while (!words.done());
}

const Raft& node_of(const Cluster& cluster, std::string_view word) {
    const NodeId node = word == "leader" ? cluster.leader() : parse_node(word);
    if (node == NodeId{}) {
        throw Unmet("there is no leader");
    }
    if (node.value > cluster.size()) {
        throw BadScript(fmt::format("there is no node '{}'", word));
    }
    if (!cluster.up(node.value)) {
        throw Unmet(fmt::format("{} is down", text_of(node)));
    }
    return cluster.raft(node.value);
}

bool is_node(std::string_view word) {
    return word == "leader" || (word.size() > 1 && word[0] == 'n' && word[1] >= '0' &&
                                   word[1] <= '9' && !is_link(word));
}

const Progress& progress_of(const Cluster& cluster, std::string_view word) {
    const Link link = parse_link(word);
    const Raft& raft = node_of(cluster, text_of(link.from));
    const Leader* leader = std::get_if<Leader>(&raft.role_state());
    if (leader == nullptr) {
        throw Unmet(fmt::format("{} is no leader", text_of(link.from)));
    }
    for (const Progress& peer : leader->peers) {
        if (peer.node == link.to) {
            return peer;
        }
    }
    throw Unmet(fmt::format("{} does not replicate to {}", text_of(link.from), text_of(link.to)));
}

// `log n1 = n2 = n3`, `log n1 != n2`, `log n1 = 1-3@1,4@2`.
void check_logs(const Cluster& cluster, Words& words) {
    const std::string first = text_of(node_of(cluster, words.take("a node")).log());
    do {
        const std::string_view relation = words.take("= or !=");
        const std::string_view other = words.take("a node or entries");
        const std::string text =
            is_node(other) ? text_of(node_of(cluster, other).log()) : std::string(other);
        if ((first == text) != (relation == "=")) {
            throw Unmet(fmt::format("the log is {}, expected {} {}", first, relation, text));
        }
    } while (!words.done());
}

// `members n1 = 1,2,4/1,2,3+5`
void check_members(const Cluster& cluster, Words& words) {
    const std::string members = text_of(node_of(cluster, words.take("a node")).configuration());
    const std::string_view relation = words.take("= or !=");
    const std::string_view wanted = words.take("members like 1,2,4/1,2,3+5");
    if ((members == wanted) != (relation == "=")) {
        throw Unmet(fmt::format("the members are {}, expected {} {}", members, relation, wanted));
    }
}

// `messages n1->n2 append_request = 2`.
void check_messages(const Cluster& cluster, Words& words) {
    const Selector selector = take_selector(words);
    const std::string_view relation = words.take("a relation like =");
    const std::uint64_t wanted = parse_number(words.take("a number"), "a number");
    const std::uint64_t found = selector.choose(cluster.network()).size();
    if (!compare(found, relation, wanted)) {
        throw Unmet(
            fmt::format("{} such messages on their way, expected {} {}", found, relation, wanted));
    }
}

// `commit n3 >= 5`, `term n1 = n2`.
void check_relation(const Cluster& cluster, std::string_view name, Words& words) {
    const auto& field = field_named(node_fields, name);
    const std::string_view node = words.take("a node");
    const std::uint64_t left = field.value(node_of(cluster, node));
    const std::string_view relation = words.take("a relation like >=");
    const std::string_view other = words.take("a node or a value");
    const bool nodes = is_node(other) && field.reads != Reads::node;
    const std::uint64_t right =
        nodes ? field.value(node_of(cluster, other)) : parse_value(field.reads, other);
    if (!compare(left, relation, right)) {
        throw Unmet(fmt::format("{} has {}={}, expected {} {}", node, name,
            text_of_value(field.reads, left), relation, text_of_value(field.reads, right)));
    }
}

}  // namespace

void check_fact(const Cluster& cluster, Words& words) {
    if (words.take_if("log")) {
        check_logs(cluster, words);
    } else if (words.take_if("members")) {
        check_members(cluster, words);
    } else if (words.take_if("messages")) {
        check_messages(cluster, words);
    } else if (is_link(words.peek())) {
        const std::string_view link = words.take("a link");
        check_claims(progress_fields, progress_of(cluster, link), link, words);
    } else if (is_node(words.peek())) {
        const std::string_view node = words.take("a node");
        check_claims(node_fields, node_of(cluster, node), node, words);
    } else if (words.peek().find_first_of(relation_characters) != std::string_view::npos) {
        check_claims(group_fields, cluster, "the group", words);
    } else {
        check_relation(cluster, words.take("a claim"), words);
    }
    words.must_be_done();
}

}  // namespace ledger::raft::interaction
