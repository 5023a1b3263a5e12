// The commands of a script that change who is a member.
#include <variant>

#include "log/base/format.h"
#include "tests/raft/interaction/stage.h"
#include "tests/raft/interaction/words.h"

namespace ledger::raft::interaction {

void Stage::change_to(std::uint32_t id, const Configuration& target) {
    say_refusal(id, cluster().change(id, target));
}

void Stage::say_refusal(std::uint32_t id, const ChangeOutcome& outcome) {
    if (const auto* refused = std::get_if<ChangeRefused>(&outcome)) {
        say(fmt::format("n{}: refused, {}", id, refused->reason));
    } else if (const auto* other = std::get_if<NotLeader>(&outcome)) {
        say(fmt::format("n{}: refused, the leader is {}", id, text_of(other->leader)));
    }
}

// `change n1 1,2,4+5`: these voters and learners; who stays keeps what is said of it.
void Stage::change(Words& words) {
    const std::uint32_t id = live_node(words);
    const Configuration wanted = parse_configuration(words.take("members like 1,2,4+5"));
    Configuration target = wanted;
    const Configuration& current = cluster().raft(id).configuration();
    for (NodeId node : wanted.members()) {
        Member member = current.member(node);
        member.promote = member.promote && wanted.learners.contains(node);
        member.replaces = member.promote ? member.replaces : NodeId{};
        target.set_member(member);
    }
    change_to(id, target);
}

// `learn n1 n4`, `learn n1 n4 promote`, `learn n1 n4 witness`
void Stage::learn(Words& words) {
    const std::uint32_t id = live_node(words);
    Member fresh{.node = NodeId{node(words)}};
    fresh.promote = words.take_if("promote");
    fresh.witness = words.take_if("witness");
    change_to(id, with_learner(cluster().raft(id).configuration(), fresh));
}

// `remove n1 n3`
void Stage::remove(Words& words) {
    const std::uint32_t id = live_node(words);
    change_to(id, without(cluster().raft(id).configuration(), NodeId{node(words)}));
}

// `replace n1 n3 n4`: n4 learns, then votes instead of n3.
void Stage::replace(Words& words) {
    const std::uint32_t id = live_node(words);
    const NodeId old{node(words)};
    const NodeId fresh{node(words)};
    change_to(id, with_replacement(cluster().raft(id).configuration(), old, {.node = fresh}));
}

// `leave n1`: n1 ends the joint phase, where that waits (`group leave_by_hand=1`).
void Stage::leave(Words& words) {
    const std::uint32_t id = live_node(words);
    say_refusal(id, cluster().leave(id));
}

// The disk is formatted anew; `restart` brings the node back with nothing.
void Stage::wipe(Words& words) {
    cluster().wipe(node(words));
}

}  // namespace ledger::raft::interaction
