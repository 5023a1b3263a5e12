#include "sim/check/availability.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/base/sometimes.h"
#include "sim/check/names.h"

namespace ledger::check {
namespace {

// What a timer may be late by: a process is busy for at most an eighth of an election timeout.
Duration grace(Duration election_timeout) {
    return election_timeout / 4;
}

}  // namespace

Availability::Node& Availability::node(NodeId id) {
    LEDGER_ASSERT(id != NodeId{});
    if (nodes_.size() < id.value) {
        nodes_.resize(id.value);
    }
    return nodes_[id.value - 1];
}

void Availability::ends(NodeId id) {
    node(id) = {};
}

void Availability::beat_left(NodeId from, NodeId to) {
    Node& of = node(from);
    for (Peer& peer : of.peers) {
        peer.beat = peer.node == to ? of.at : peer.beat;
    }
}

void Availability::answer_left(NodeId from, NodeId to) {
    Node& of = node(from);
    if (of.owes_answer == to) {
        of.owes_answer.reset();
    }
}

void Availability::settled(Term term) {
    ++settled_moments_;
    settled_ = term;
}

Finding Availability::violated(const NodeStep& step, const std::string& what) {
    return tally_.violated(fmt::format("{} {}", node_name(step.node), what));
}

Finding Availability::stepped(const NodeStep& step) {
    Node& of = node(step.node);
    const bool begins = !of.up;
    if (begins) {
        of.up = true;
        of.patient = step.at;
        of.able = step.at;
    }
    LEDGER_ASSERT(step.at >= of.at || begins);
    const NodeId led_by = of.leader;
    Finding found = judge_votes(of, step);
    hear(of, step);
    const auto also = [&found](Finding&& next) {
        if (!found) {
            found = std::move(next);
        }
    };
    also(judge_following(of, step));
    also(judge_campaign(of, step));
    also(judge_candidacy(of, step));
    also(judge_end(of, step));
    also(judge_calm(step));
    take_over_standing(of, step);
    follow_disk(of, step);
    also(led_by == step.node && of.leader == step.node ? judge_leader(of, step)
                                                       : judge_silence(of, step));
    return found;
}

// Thesis §4.2.3: who has heard a leader within the minimum election timeout, or leads, helps nobody
// else to a new term.
Finding Availability::judge_votes(const Node& of, const NodeStep& step) {
    if (of.owes_answer) {
        return violated(step, fmt::format("has been handed a heartbeat of {} and did not answer at "
                                          "once",
                                  node_name(*of.owes_answer)));
    }
    const bool wanted = step.told.what == Told::What::pre_vote_wanted ||
                        (step.told.what == Told::What::vote_wanted && !step.told.transfer);
    if (!wanted) {
        return std::nullopt;
    }
    tally_.examined();
    const bool leads = of.leader == step.node;
    const bool promised =
        leads || (of.leader != NodeId{} && step.at < of.heard + bounds_.election_timeout);
    LEDGER_SOMETIMES(promised, "sim.availability.asked_to_depose_a_leader");
    const bool helps =
        step.did.grants_pre_vote || step.did.grants_vote || step.standing.term > of.term;
    if (!promised || !helps) {
        return std::nullopt;
    }
    return violated(
        step, fmt::format("helps {} to a new term although it {}", node_name(step.told.from),
                  leads ? fmt::format("leads term {}", of.term)
                        : fmt::format("has heard {}, the leader of term {}, {} ago",
                              node_name(of.leader), of.term, to_text(step.at - of.heard))));
}

// Raft fig. 2: there is no leader but that of the own term, and only by what it says itself.
Finding Availability::judge_following(const Node& of, const NodeStep& step) {
    const Standing& now = step.standing;
    const bool same = now.leader == of.leader && now.term == of.term;
    if (now.leader == NodeId{} || now.leader == step.node || same) {
        return std::nullopt;
    }
    tally_.examined();
    const bool spoke =
        step.told.what == Told::What::heartbeat || step.told.what == Told::What::leader_lives;
    if (spoke && step.told.from == now.leader && step.told.term == now.term) {
        return std::nullopt;
    }
    return violated(step, fmt::format("follows {} in term {}, of which {} has not spoken",
                              node_name(now.leader), now.term, node_name(now.leader)));
}

void Availability::hear(Node& of, const NodeStep& step) {
    const Told& told = step.told;
    switch (told.what) {
        case Told::What::heartbeat:
        case Told::What::leader_lives:
            if (step.standing.leader == told.from && step.standing.term == told.term) {
                of.heard = step.at;
                of.patient = step.at;
                if (told.what == Told::What::heartbeat) {
                    tally_.examined();
                    of.owes_answer = told.from;
                }
            }
            break;
        case Told::What::answer:
            for (Peer& peer : of.peers) {
                peer.contact =
                    peer.node == told.from && told.term == of.term ? step.at : peer.contact;
            }
            break;
        case Told::What::pre_vote_granted:
            if (of.round == told.attempt && told.term == of.term.next()) {
                of.granted.push_back(told.from);
            }
            break;
        case Told::What::nothing:
        case Told::What::pre_vote_wanted:
        case Told::What::vote_wanted:
        case Told::What::take_over: break;
    }
}

// Raft §5.2: an election begins when no leader was heard for one election timeout. A vote, and an
// election that was begun, give others as much time.
Finding Availability::judge_campaign(Node& of, const NodeStep& step) {
    if (!step.did.asks_for_pre_votes) {
        return std::nullopt;
    }
    tally_.examined();
    const Duration waited = step.at - of.patient;
    of.round = step.did.asks_for_pre_votes;
    of.granted = {step.node};
    of.patient = step.at;
    if (waited >= bounds_.election_timeout) {
        return std::nullopt;
    }
    return violated(
        step, fmt::format("asks for pre-votes {} after it heard a leader, voted or began "
                          "an election; it may not before {}",
                  to_text(waited), to_text(bounds_.election_timeout)));
}

// Thesis §9.6: a term begins when a majority has said, of this very round, that it wants one; or
// when the leader itself does (thesis §3.10).
Finding Availability::judge_candidacy(const Node& of, const NodeStep& step) {
    if (step.did.wins_pre_votes) {
        tally_.examined();
        if (!majorities(step.standing.electorates, of.granted)) {
            return violated(step, fmt::format("begins term {} with pre-votes of {} only",
                                      step.standing.term, node_names(of.granted)));
        }
    }
    if (step.did.takes_over) {
        tally_.examined();
        const bool asked = step.told.what == Told::What::take_over && step.told.from == of.leader &&
                           step.told.term == of.term;
        if (!asked) {
            return violated(step, fmt::format("begins term {} for a transfer that the leader of "
                                              "term {} did not ask for",
                                      step.standing.term, of.term));
        }
    }
    return std::nullopt;
}

// A leader gives up when it cannot do its work, and for no less.
Finding Availability::judge_end(const Node& of, const NodeStep& step) {
    const Duration timeout = bounds_.election_timeout;
    if (step.did.loses_quorum) {
        tally_.examined();
        if (heard_quorum(of, step, timeout)) {
            return violated(
                step, fmt::format("gives up to lead term {} since nobody answers, but a "
                                  "quorum has answered within {}",
                          of.term, to_text(timeout)));
        }
    }
    if (step.did.finds_disk_stalled) {
        tally_.examined();
        const Duration still = of.stores > of.stored ? step.at - of.disk_progress : Duration{};
        if (still < timeout) {
            return violated(step, fmt::format("gives up to lead term {} since its disk stalls, but "
                                              "has waited for it no longer than {}",
                                      of.term, to_text(still)));
        }
    }
    return std::nullopt;
}

Finding Availability::judge_calm(const NodeStep& step) {
    if (!settled_) {
        return std::nullopt;
    }
    if (step.did.takes_over || step.did.finds_disk_stalled) {
        settled_.reset();  // judged already
        return std::nullopt;
    }
    LEDGER_SOMETIMES(true, "sim.availability.settled");
    if (!step.did.elected && step.standing.term <= *settled_) {
        return std::nullopt;
    }
    return violated(step, fmt::format("is in term {}, where nothing disturbed anybody and all have "
                                      "followed the leader of term {}",
                              step.standing.term, *settled_));
}

void Availability::take_over_standing(Node& of, const NodeStep& step) {
    const Standing& now = step.standing;
    const bool led = of.leader == step.node && of.term == now.term;
    const bool gives_time = step.did.grants_vote || step.did.wins_pre_votes ||
                            step.did.takes_over || of.leader == step.node;
    of.patient = gives_time ? step.at : of.patient;
    of.able = of.may_campaign && now.may_campaign ? of.able : step.at;
    if (now.leader != NodeId{} || now.term != of.term) {
        of.round.reset();
        of.granted.clear();
    }
    if (now.leader != step.node || !led) {
        of.peers.clear();
        of.disk_progress = step.at;
    }
    of.at = step.at;
    of.term = now.term;
    of.leader = now.leader;
    of.may_campaign = now.may_campaign;
    if (now.leader == step.node) {
        keep_peers(of, step);
    }
}

// One for each other member; who is new has time from now on.
void Availability::keep_peers(Node& of, const NodeStep& step) {
    const std::span<const NodeId> members = step.standing.members;
    const auto among = [](std::span<const NodeId> nodes, NodeId node) {
        return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
    };
    std::erase_if(of.peers, [&](const Peer& peer) { return !among(members, peer.node); });
    for (const NodeId member : members) {
        const bool known = std::any_of(of.peers.begin(), of.peers.end(),
            [member](const Peer& peer) { return peer.node == member; });
        if (member != step.node && !known) {
            of.peers.push_back({member, step.at, step.at});
        }
    }
}

void Availability::follow_disk(Node& of, const NodeStep& step) {
    of.shared_since = step.standing.alone ? step.at : of.shared_since;
    if (step.did.stored) {
        of.stored = std::max(of.stored, *step.did.stored);
        of.disk_progress = step.at;
    }
    if (step.did.stores) {
        of.disk_progress = of.stores > of.stored ? of.disk_progress : step.at;
        of.stores = *step.did.stores;
    }
}

// Who can lead and hears no leader does not wait for ever, whatever others ask of it.
Finding Availability::judge_silence(const Node& of, const NodeStep& step) {
    const Instant since = std::max(of.patient, of.able);
    if (!step.caught_up || !of.may_campaign || of.leader == step.node ||
        step.at < since + bounds_.election_timeout) {
        return std::nullopt;
    }
    tally_.examined();
    LEDGER_SOMETIMES(true, "sim.availability.patience_nearly_at_its_end");
    if (step.at <= since + bounds_.silence_max + grace(bounds_.election_timeout)) {
        return std::nullopt;
    }
    return violated(
        step, fmt::format("has heard no leader, given no vote and begun no election for "
                          "{}, in term {}",
                  to_text(step.at - since), of.term));
}

// A leader that cannot lead is in the way of one that could.
Finding Availability::judge_leader(const Node& of, const NodeStep& step) {
    if (!step.caught_up) {
        return std::nullopt;
    }
    tally_.examined();
    const Duration timeout = bounds_.election_timeout;
    for (const Peer& peer : of.peers) {
        if (step.at > peer.beat + timeout / 2 + grace(timeout)) {
            return violated(step, fmt::format("leads term {} and has sent {} no heartbeat for {}",
                                      of.term, node_name(peer.node), to_text(step.at - peer.beat)));
        }
    }
    if (!heard_quorum(of, step, timeout + grace(timeout))) {
        return violated(step, fmt::format("still leads term {}, but no quorum has answered for {}",
                                  of.term, to_text(timeout + grace(timeout))));
    }
    LEDGER_SOMETIMES(
        !heard_quorum(of, step, timeout / 2), "sim.availability.leader_alone_for_long");
    const bool waits = of.stores > of.stored && !step.standing.alone;
    const Instant since = std::max(of.disk_progress, of.shared_since);
    LEDGER_SOMETIMES(waits && step.at > since + timeout / 2,
        "sim.availability.leader_waits_long_for_its_disk");
    if (waits && step.at > since + timeout + grace(timeout)) {
        return violated(step, fmt::format("still leads term {}, but its disk has finished nothing "
                                          "for {}",
                                  of.term, to_text(step.at - since)));
    }
    return std::nullopt;
}

bool Availability::heard_quorum(const Node& of, const NodeStep& step, Duration within) const {
    std::vector<NodeId> heard = {step.node};
    for (const Peer& peer : of.peers) {
        if (peer.contact + within > step.at) {
            heard.push_back(peer.node);
        }
    }
    return heard.size() == of.peers.size() + 1 || majorities(step.standing.electorates, heard);
}

}  // namespace ledger::check
