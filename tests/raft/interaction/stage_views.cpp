// The commands of a script that only look.
#include "log/base/format.h"
#include "tests/raft/interaction/stage.h"
#include "tests/raft/interaction/words.h"

namespace ledger::raft::interaction {

void Stage::status(Words& words) {
    const bool all = words.done();
    const std::uint32_t wanted = all ? 0 : node(words);
    for (std::uint32_t id = 1; id <= cluster().size(); ++id) {
        if (!all && id != wanted) {
            continue;
        }
        say(fmt::format("n{} {}", id,
            cluster().up(id)
                ? text_of(cluster().raft(id).status(), cluster().raft(id).log().last_id().term)
                : "down"));
    }
}

void Stage::show_log(Words& words) {
    for (std::uint32_t id : nodes(words)) {
        say(fmt::format("n{} {}", id, text_of(cluster().raft(id).log())));
    }
}

// What a leader knows of the others.
void Stage::progress(Words& words) {
    const std::uint32_t id = live_node(words);
    const Leader* leader = std::get_if<Leader>(&cluster().raft(id).role_state());
    if (leader == nullptr) {
        throw BadScript(fmt::format("n{} is no leader", id));
    }
    for (const Progress& peer : leader->peers) {
        say(text_of(peer));
    }
}

void Stage::network(Words&) {
    for (const Cluster::InFlight& one : cluster().network()) {
        say(fmt::format("{} -> {} {}", text_of(one.from), text_of(one.to), text_of(one.message)));
    }
    for (const Cluster::InFlight& one : held_) {
        say(fmt::format(
            "{} -> {} {}, held", text_of(one.from), text_of(one.to), text_of(one.message)));
    }
}

}  // namespace ledger::raft::interaction
