#include "sim/check/raft_safety.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "sim/check/names.h"

namespace ledger::check {

Finding RaftSafety::elected(
    NodeId node, Term term, LogId last, std::optional<Term> term_at_committed) {
    LEDGER_ASSERT(node.value != 0);
    tally_.examined();
    ++elections_;
    const NodeId* known = leaders_.find(term);
    if (known != nullptr) {
        // Raft §5.2: at most one leader per term. A node leads a term in one life only.
        return tally_.violated(
            *known == node ? fmt::format("{} became leader of term {} twice", node_name(node), term)
                           : fmt::format("{} and {} are both leader of term {}", node_name(*known),
                                 node_name(node), term));
    }
    leaders_[term] = node;
    // Raft §5.4: the log of a leader holds every entry committed in earlier terms. By log matching
    // the last one stands for all. A candidate whose votes arrive late, when others are already in
    // a higher term, may lack what was committed there.
    const Index committed = committed_.last();
    if (committed.value == 0 || committed_.entry(committed).term > term || highest_ > term) {
        return std::nullopt;
    }
    const Term expected = committed_.entry(committed).term;
    if (!term_at_committed || last.index < committed) {
        return tally_.violated(fmt::format(
            "{} became leader of term {} with a log that ends at index {} (term {}), but {} has "
            "applied index {} (term {}): committed entries are missing",
            node_name(node), term, last.index, last.term,
            node_name(committed_.entry(committed).first_by), committed, expected));
    }
    if (*term_at_committed != expected) {
        return tally_.violated(fmt::format(
            "{} became leader of term {} with an entry of term {} at index {}, where {} has "
            "applied one of term {}",
            node_name(node), term, *term_at_committed, committed,
            node_name(committed_.entry(committed).first_by), expected));
    }
    return std::nullopt;
}

Finding RaftSafety::won(
    NodeId node, Term term, std::span<const Electorate> electorates) {
    tally_.examined();
    std::vector<NodeId> voters = votes_[{term, node}];
    for (std::uint32_t other = 1; other < terms_.size(); ++other) {
        if (terms_[other] > term) {
            voters.push_back(NodeId{other});
        }
    }
    if (majorities(electorates, voters)) {
        return std::nullopt;
    }
    return tally_.violated(fmt::format(
        "{} became leader of term {}, but only the disks of {} have said that they voted for it",
        node_name(node), term, node_names(voters)));
}

void RaftSafety::wiped(NodeId node) {
    LEDGER_ASSERT(node.value != 0);
    if (node.value < durable_.size()) {
        durable_[node.value] = {};
    }
}

Finding RaftSafety::hard_state(NodeId node, const HardState& durable) {
    LEDGER_ASSERT(node.value != 0);
    if (durable_.size() <= node.value) {
        durable_.resize(node.value + 1);
        terms_.resize(node.value + 1);
    }
    tally_.examined();
    const HardState before = durable_[node.value];
    durable_[node.value] = durable;
    highest_ = std::max(highest_, durable.term);
    terms_[node.value] = std::max(terms_[node.value], durable.term);
    if (durable.vote.value != 0) {
        std::vector<NodeId>& votes = votes_[{durable.term, durable.vote}];
        if (std::find(votes.begin(), votes.end(), node) == votes.end()) {
            votes.push_back(node);
        }
    }
    if (durable.term < before.term) {
        return tally_.violated(fmt::format("the term on the disk of {} fell from {} to {}",
            node_name(node), before.term, durable.term));
    }
    if (durable.term == before.term && before.vote.value != 0 && durable.vote != before.vote) {
        const std::string now = durable.vote.value == 0
                                    ? std::string("forgot it")
                                    : fmt::format("now says {}", node_name(durable.vote));
        return tally_.violated(
            fmt::format("{} voted for {} in term {}, but its disk {}: a vote lasts for its term",
                node_name(node), node_name(before.vote), before.term, now));
    }
    return std::nullopt;
}

}  // namespace ledger::check
