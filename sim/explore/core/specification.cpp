#include "sim/explore/core/specification.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"

namespace ledger::sim::specification {
namespace {

constexpr EntryMark entry(std::uint8_t term, EntryKind kind, std::uint8_t content) {
    return (static_cast<EntryMark>(term) << 24) | (static_cast<EntryMark>(kind) << 16) | content;
}
std::uint8_t term_of(EntryMark mark) {
    return static_cast<std::uint8_t>(mark >> 24);
}
std::uint8_t size(const std::vector<EntryMark>& log) {
    return static_cast<std::uint8_t>(log.size());
}
TermFacts::Last last_of(const std::vector<EntryMark>& log) {
    return {log.empty() ? std::uint8_t{0} : term_of(log.back()), size(log)};
}
TermFacts& facts(State& state, std::uint8_t term) {
    if (state.terms.size() <= term) {
        state.terms.resize(term + 1u);
    }
    return state.terms[term];
}
bool majority(const State& state, std::size_t count) {
    return count > state.nodes.size() / 2;
}

// While a node is in a term it may have said at any time how much of the leader's log it holds.
void note_held(State& state, std::uint8_t who) {
    const Node& node = state.nodes[who - 1u];
    TermFacts& term = facts(state, node.term);
    std::uint8_t same = 0;
    while (same < std::min(size(node.log), size(term.log)) && node.log[same] == term.log[same]) {
        ++same;
    }
    std::uint8_t& held = term.held[who];
    held = std::max(held, same);
}

void times_out(State state, std::uint8_t who, const std::function<void(State&&)>& visit) {
    Node& node = state.nodes[who - 1u];
    ++node.term;
    node.vote = who;
    node.role = Role::candidate;
    facts(state, node.term).asked[who] = last_of(node.log);
    facts(state, node.term).granted[who] = who;
    ++state.timeouts;
    visit(std::move(state));
}

void sees(
    State state, std::uint8_t who, std::uint8_t term, const std::function<void(State&&)>& visit) {
    Node& node = state.nodes[who - 1u];
    node.term = term;
    node.vote = 0;
    node.role = Role::follower;
    visit(std::move(state));
}

void votes(State state, std::uint8_t who, std::uint8_t candidate,
    const std::function<void(State&&)>& visit) {
    Node& node = state.nodes[who - 1u];
    node.vote = candidate;
    facts(state, node.term).granted[who] = candidate;
    visit(std::move(state));
}

void leads(State state, std::uint8_t who, const std::function<void(State&&)>& visit) {
    Node& node = state.nodes[who - 1u];
    node.role = Role::leader;
    node.log.push_back(entry(node.term, EntryKind::noop, 0));
    TermFacts& term = facts(state, node.term);
    term.leader = who;
    term.log = node.log;
    term.commit = node.commit;  // known from earlier terms
    note_held(state, who);
    visit(std::move(state));
}

void is_asked(State state, std::uint8_t who, std::uint8_t request,
    const std::function<void(State&&)>& visit) {
    Node& node = state.nodes[who - 1u];
    node.log.push_back(entry(node.term, EntryKind::command, request));
    facts(state, node.term).log = node.log;
    note_held(state, who);
    ++state.requests;
    visit(std::move(state));
}

// Entries (previous, upto] of the leader's log arrive, with a commit index of it.
void hears(State state, std::uint8_t who, std::uint8_t previous, std::uint8_t upto,
    std::uint8_t commit, const std::function<void(State&&)>& visit) {
    Node& node = state.nodes[who - 1u];
    const std::vector<EntryMark> theirs = facts(state, node.term).log;
    node.role = Role::follower;
    for (std::uint8_t i = previous; i < upto; ++i) {
        if (i < node.log.size() && term_of(node.log[i]) != term_of(theirs[i])) {
            node.log.resize(i);  // an entry that contradicts goes, with all behind it
        }
        if (i == node.log.size()) {
            node.log.push_back(theirs[i]);
        }
    }
    node.commit = std::max(node.commit, std::min(commit, upto));
    note_held(state, who);
    visit(std::move(state));
}

// A request that changes nothing at a follower is not seen there; what it answers may count all the
// same.
void hears_nothing_new(State& state, std::uint8_t who) {
    const Node& node = state.nodes[who - 1u];
    const TermFacts& term = facts(state, node.term);
    if (node.role == Role::follower && term.leader != 0 && term.leader != who) {
        note_held(state, who);
    }
}

void hear_anything(
    const State& state, std::uint8_t who, const std::function<void(State&&)>& visit) {
    const Node& node = state.nodes[who - 1u];
    const TermFacts& term = state.terms[node.term];
    for (std::uint8_t previous = 0; previous <= size(node.log); ++previous) {
        const bool shared =
            previous == 0 || (previous <= size(term.log) && term_of(node.log[previous - 1u]) ==
                                                                term_of(term.log[previous - 1u]));
        for (std::uint8_t upto = previous; shared && upto <= size(term.log); ++upto) {
            for (std::uint8_t commit = 0; commit <= term.commit; ++commit) {
                hears(state, who, previous, upto, commit, visit);
            }
        }
    }
}

void commits(
    State state, std::uint8_t who, std::uint8_t index, const std::function<void(State&&)>& visit) {
    Node& node = state.nodes[who - 1u];
    node.commit = index;
    facts(state, node.term).commit = index;
    visit(std::move(state));
}

bool may_commit(const State& state, const Node& node, std::uint8_t index) {
    const std::map<std::uint8_t, std::uint8_t>& held = state.terms[node.term].held;
    const auto count = std::count_if(
        held.begin(), held.end(), [index](const auto& one) { return one.second >= index; });
    return term_of(node.log[index - 1u]) == node.term &&
           majority(state, static_cast<std::size_t>(count));
}

void leader_actions(const State& state, std::uint8_t who, std::uint8_t request,
    const std::function<void(State&&)>& visit) {
    const Node& node = state.nodes[who - 1u];
    if (request != 0) {
        is_asked(state, who, request, visit);
    }
    for (std::uint8_t index = node.commit + 1u; index <= size(node.log); ++index) {
        if (may_commit(state, node, index)) {
            commits(state, who, index, visit);
        }
    }
}

}  // namespace

State first(std::uint32_t nodes) {
    State state;
    state.nodes.resize(nodes);
    state.terms.resize(1);
    return state;
}

void actions(const State& state, std::uint8_t who, std::uint8_t request,
    const std::function<void(State&&)>& visit) {
    const Node& node = state.nodes[who - 1u];
    const TermFacts own = node.term < state.terms.size() ? state.terms[node.term] : TermFacts{};
    for (std::size_t term = node.term + 1u; term < state.terms.size(); ++term) {
        if (!state.terms[term].empty()) {
            sees(state, who, static_cast<std::uint8_t>(term), visit);
        }
    }
    for (const auto& [candidate, last] : own.asked) {
        if (node.vote == 0 && candidate != who && last >= last_of(node.log)) {
            votes(state, who, candidate, visit);
        }
    }
    if (node.role == Role::leader) {
        leader_actions(state, who, request, visit);
    } else {
        times_out(state, who, visit);
    }
    if (node.role == Role::candidate) {
        const auto count = std::count_if(own.granted.begin(), own.granted.end(),
            [who](const auto& one) { return one.second == who; });
        if (majority(state, static_cast<std::size_t>(count))) {
            leads(state, who, visit);
        }
    }
    if (node.role != Role::leader && own.leader != 0 && own.leader != who) {
        hear_anything(state, who, visit);
    }
    if (node.role != Role::follower) {
        State given_up = state;
        given_up.nodes[who - 1u].role = Role::follower;
        visit(std::move(given_up));
    }
    for (std::uint8_t commit = 0; commit < node.commit; ++commit) {
        State restarted = state;
        restarted.nodes[who - 1u].role = Role::follower;
        restarted.nodes[who - 1u].commit = commit;
        visit(std::move(restarted));
    }
}

bool conforms(State& state, std::uint8_t who, const Node& after) {
    constexpr std::uint32_t actions_max = 4;  // see a term, vote or hear, lead, commit
    // A command is known by what was appended.
    const bool commanded = !after.log.empty() && after.role == Role::leader;
    const auto request = static_cast<std::uint8_t>(commanded ? after.log.back() & 0xff : 0);
    std::vector<State> level{state};
    for (std::uint32_t count = 0; count <= actions_max && !level.empty(); ++count) {
        for (State& reached : level) {
            if (reached.nodes[who - 1u] == after) {
                state = std::move(reached);
                hears_nothing_new(state, who);
                return true;
            }
        }
        std::vector<State> next;
        for (const State& reached : level) {
            actions(reached, who, request, [&](State&& more) {
                const Node& node = more.nodes[who - 1u];
                const bool on_the_way =
                    node.term <= after.term && node.log.size() <= core_entries_max &&
                    (node.term < after.term || node.vote == 0 || node.vote == after.vote);
                if (on_the_way && std::find(next.begin(), next.end(), more) == next.end()) {
                    next.push_back(std::move(more));
                }
            });
        }
        level = std::move(next);
    }
    return false;
}

Node abstraction(const CoreTables& tables, NodeNumber number) {
    const NodeBrief& brief = tables.brief(number);
    const CoreNode& core = tables.node(number);
    LEDGER_ASSERT(brief.first == 1);  // a log that was cut has no counterpart
    Node node;
    node.term = brief.term;
    node.vote = static_cast<std::uint8_t>(
        core.core ? core.core->status().vote.value : core.disk.hard_state.vote.value);
    node.role = brief.role == raft::Role::leader      ? Role::leader
                : brief.role == raft::Role::candidate ? Role::candidate
                                                      : Role::follower;
    node.log.assign(brief.log.begin(), brief.log.begin() + brief.last);
    node.commit = brief.commit;
    return node;
}

}  // namespace ledger::sim::specification
