#include "raft/transition.h"

#include "log/base/format.h"

namespace ledger::raft {
namespace {

std::string what_it_is(const Transition& transition) {
    switch (transition.role) {
        case Role::leader: return fmt::format("leads term {}", transition.term);
        case Role::candidate: return fmt::format("asks for votes in term {}", transition.term);
        case Role::pre_candidate:
            return fmt::format("asks for pre-votes in term {}", transition.term);
        case Role::follower: break;
    }
    return transition.leader == NodeId{}
               ? fmt::format("follows nobody in term {}", transition.term)
               : fmt::format("follows n{} in term {}", transition.leader, transition.term);
}

}  // namespace

std::string_view to_text(Role role) {
    switch (role) {
        case Role::follower: return "follower";
        case Role::pre_candidate: return "pre-candidate";
        case Role::candidate: return "candidate";
        case Role::leader: return "leader";
    }
    return "nothing";
}

std::string_view to_text(Cause cause) {
    switch (cause) {
        case Cause::booted: return "booted";
        case Cause::timeout: return "election timeout";
        case Cause::pre_vote_won: return "pre-vote won";
        case Cause::elected: return "elected";
        case Cause::refused: return "refused by a majority";
        case Cause::newer_term: return "newer term";
        case Cause::leader_heard: return "leader heard";
        case Cause::vote_granted: return "vote granted";
        case Cause::quorum_lost: return "quorum lost";
        case Cause::disk_stalled: return "disk stalled";
        case Cause::transfer: return "asked to take over";
        case Cause::removed: return "removed";
    }
    return "unknown";
}

std::string to_text(const Transition& transition) {
    const std::string vote =
        transition.vote == NodeId{} ? "none" : fmt::format("n{}", transition.vote);
    return fmt::format("{}: {}; vote {}, log ends at {} of term {}, commit {}, configuration {}",
        what_it_is(transition), to_text(transition.cause), vote, transition.last.index,
        transition.last.term, transition.commit, transition.configuration);
}

}  // namespace ledger::raft
