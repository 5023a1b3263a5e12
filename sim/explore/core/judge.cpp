#include "sim/explore/core/judge.h"

#include <algorithm>
#include <array>

#include "log/base/assert.h"

namespace ledger::sim {
namespace {

// Whether the disk holds the entry at index `at` + 1, or what it is part of.
bool holds(const NodeBrief& disk, std::uint32_t at, EntryMark mark) {
    const std::uint32_t index = at + 1;
    return index < disk.disk_first || (index <= disk.disk_last && disk.disk[at] == mark);
}

// Counted here once more and by hand: what is judged does not count for itself (raft/quorum.h).
using NodeFlags = std::array<bool, core_nodes_max + 1>;  // by number

bool majority_of(const raft::NodeSet& voters, const NodeFlags& yes) {
    std::uint32_t count = 0;
    for (const NodeId voter : voters) {
        count += yes[voter.value] ? 1u : 0u;
    }
    return 2 * count > voters.size();
}

// Thesis 4.3: in a joint phase of both halves.
bool quorum_of(const raft::Configuration& configuration, const NodeFlags& yes) {
    return majority_of(configuration.voters, yes) &&
           (configuration.outgoing.empty() || majority_of(configuration.outgoing, yes));
}

class Judge {
  public:
    Judge(CoreTables& tables, const CoreBounds& bounds, CoreState& state, NodeId node)
        : tables_(tables),
          bounds_(bounds),
          state_(state),
          node_(node),
          now_(tables.brief(state.nodes[node.value - 1])),
          record_(tables.record(state.record)) {}

    std::string_view elected() {
        std::uint8_t& known = record_.leaders[now_.term];
        if (known != 0 && known != node_.value) {
            return "a term has at most one leader";
        }
        known = static_cast<std::uint8_t>(node_.value);
        if (!quorum_of(core().configurations().current(), voted())) {
            return "a leader has the votes of a quorum on their disks";
        }
        for (std::uint32_t i = 0; i < record_.committed; ++i) {
            // One that is elected late may lead a term that is over.
            if (record_.terms[i] >= now_.term) {
                continue;
            }
            const bool held =
                i + 1 < now_.first || (i + 1u <= now_.last && now_.log[i] == record_.entries[i]);
            if (!held) {
                return "a leader's log contains every committed entry";
            }
        }
        return {};
    }

    // Whose disk says so. Who has gone on to a later term may have.
    NodeFlags voted() const {
        NodeFlags yes{};
        for (std::uint32_t i = 0; i < bounds_.nodes; ++i) {
            const NodeBrief& voter = tables_.brief(state_.nodes[i]);
            yes[i + 1] = voter.durable_term > now_.term ||
                         (voter.durable_term == now_.term && voter.durable_vote == node_.value);
        }
        return yes;
    }

    // Messages of leaders are of their own term only.
    std::string_view follows() const {
        return record_.leaders[now_.term] == now_.leader
                   ? std::string_view{}
                   : "who is followed was elected in that term";
    }

    std::string_view committed(std::uint8_t before) {
        // Raft 5.4.2: what is older is committed with that, and never for itself.
        if (now_.role == raft::Role::leader && now_.commit >= now_.first &&
            now_.log[now_.commit - 1u] >> 24 != now_.term) {
            return "a leader commits by an entry of its own term";
        }
        for (std::uint32_t i = before; i < now_.commit; ++i) {
            if (i + 1 < now_.first) {
                if (i >= record_.committed) {
                    return "what a cut contains was committed";
                }
                continue;
            }
            if (i < record_.committed) {
                if (now_.log[i] != record_.entries[i]) {
                    return "no two nodes apply different entries at one index";
                }
                continue;
            }
            record_.entries[i] = now_.log[i];
            record_.terms[i] = now_.term;
            record_.committed = static_cast<std::uint8_t>(i + 1);
            if (!on_quorum(i)) {
                return "a committed entry is on the disks of a quorum";
            }
        }
        return {};
    }

    // By the membership that the node knows, in force or committed.
    bool on_quorum(std::uint32_t at) const {
        NodeFlags held{};
        for (std::uint32_t i = 0; i < bounds_.nodes; ++i) {
            held[i + 1] = holds(tables_.brief(state_.nodes[i]), at, record_.entries[at]);
        }
        const raft::ConfigurationHistory& history = core().configurations();
        return quorum_of(history.current(), held) ||
               quorum_of(history.in_force_at(core().commit()).configuration, held);
    }

    // A disk has changed: what was committed stays where it was counted.
    std::string_view durable() const {
        if (bounds_.of(Spent::changes) > 0) {
            return {};  // which quorum holds an old entry is another question then
        }
        for (std::uint32_t i = 0; i < record_.committed; ++i) {
            std::uint32_t copies = 0;
            for (std::uint32_t n = 0; n < bounds_.founders(); ++n) {
                copies += holds(tables_.brief(state_.nodes[n]), i, record_.entries[i]) ? 1u : 0u;
            }
            if (copies < bounds_.founders() / 2 + 1) {
                return "a committed entry stays on the disks of a quorum";
            }
        }
        return {};
    }

    // What a disk says to be committed is.
    std::string_view booted() const {
        for (std::uint32_t i = now_.disk_first - 1u; i < now_.disk_commit; ++i) {
            if (i >= record_.committed || now_.disk[i] != record_.entries[i]) {
                return "a disk keeps what was committed";
            }
        }
        return {};
    }

    // Raft 5.3: logs that agree at an index agree before it.
    std::string_view logs_match() const {
        for (std::uint32_t i = 0; i < bounds_.nodes; ++i) {
            const NodeBrief& other = tables_.brief(state_.nodes[i]);
            if (!other.up || i + 1 == node_.value) {
                continue;
            }
            const std::uint32_t first = std::max(now_.first, other.first);
            bool same = false;
            for (std::uint32_t index = std::min(now_.last, other.last); index >= first; --index) {
                const EntryMark ours = now_.log[index - 1];
                const EntryMark theirs = other.log[index - 1];
                const bool same_term = ours >> 24 == theirs >> 24;
                if ((same_term && ours != theirs) || (same && !same_term)) {
                    return "logs that agree at an index agree before it";
                }
                same = same || same_term;
            }
        }
        return {};
    }

    std::string_view reads(const CoreAction& action, const Step& step) {
        const Act act = action.event.act;
        if (act == Act::read || act == Act::read_anywhere) {
            // Anything that any node knows as committed may have been acknowledged to a client.
            record_.reads[action.event.number] = record_.committed;
        }
        for (const raft::ReadGrant& grant : step.granted) {
            std::uint8_t& required = record_.reads[grant.id.value];
            if (required == JudgeRecord::no_read) {
                return "a read is answered once";
            }
            if (grant.index.value < required) {
                return "a read sees all that was committed before it";
            }
            required = JudgeRecord::no_read;
        }
        for (const raft::ReadId id : step.dropped) {
            record_.reads[id.value] = JudgeRecord::no_read;
        }
        // Who asked at a node that is gone learns nothing.
        const bool gone = act == Act::crash || act == Act::halt;
        for (std::uint32_t number = 0; number < record_.reads.size(); ++number) {
            if (record_.reads[number] == JudgeRecord::no_read || awaited(number)) {
                continue;
            }
            if (!gone) {
                return "who asks gets an answer, or hears that there is none";
            }
            record_.reads[number] = JudgeRecord::no_read;
        }
        return {};
    }

    void keep() {
        if (record_ != tables_.record(state_.record)) {
            state_.record = tables_.number(record_);
        }
    }

  private:
    // Which node was asked is known to that node's core only.
    bool awaited(std::uint32_t read) const {
        bool found = false;
        for (std::uint32_t i = 0; i < bounds_.nodes; ++i) {
            found = found || tables_.awaits_read(state_.nodes[i], read);
        }
        return found;
    }

    const raft::Raft& core() const { return *tables_.node(state_.nodes[node_.value - 1]).core; }

    CoreTables& tables_;
    const CoreBounds& bounds_;
    CoreState& state_;
    const NodeId node_;
    const NodeBrief& now_;
    JudgeRecord record_;
};

}  // namespace

std::string_view judge_step(CoreTables& tables, const CoreBounds& bounds, const CoreState& before,
    CoreState& after, const CoreAction& action, const Step& step) {
    const Act act = action.event.act;
    const bool begins = act == Act::crash || act == Act::halt || act == Act::restart;
    const bool reads = after.spent[static_cast<std::size_t>(Spent::reads)] > 0;
    if (!step.elected && !step.follows && !step.committed && !step.log_changed &&
        !step.disk_changed && !begins && !reads) {
        return {};
    }
    Judge judge(tables, bounds, after, action.node);
    std::string_view broken;
    const auto check = [&broken](
                           std::string_view found) { broken = broken.empty() ? found : broken; };
    if (step.elected) {
        check(judge.elected());
    }
    if (step.follows) {
        check(judge.follows());
    }
    if (step.log_changed) {
        check(judge.logs_match());
    }
    if (step.committed) {
        check(
            judge.committed(begins ? 0 : tables.brief(before.nodes[action.node.value - 1]).commit));
    }
    if (step.disk_changed) {
        check(judge.durable());
    }
    if (begins) {
        check(judge.booted());
    }
    if (reads) {
        check(judge.reads(action, step));
    }
    if (step.elected || step.committed || reads) {
        judge.keep();
    }
    return broken;
}

}  // namespace ledger::sim
