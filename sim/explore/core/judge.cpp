#include "sim/explore/core/judge.h"

#include <algorithm>
#include <array>

#include "log/base/assert.h"
#include "raft/quorum.h"

namespace ledger::sim {
namespace {

// Whether the disk holds the entry at index `at` + 1, or what it is part of.
bool holds(const NodeBrief& disk, std::uint32_t at, EntryMark mark) {
    const std::uint32_t index = at + 1;
    return index < disk.disk_first || (index <= disk.disk_last && disk.disk[at] == mark);
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

    std::string_view committed(std::uint8_t before) {
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
        std::array<raft::Acknowledged, core_nodes_max> copies{};
        for (std::uint32_t i = 0; i < bounds_.nodes; ++i) {
            const bool held = holds(tables_.brief(state_.nodes[i]), at, record_.entries[at]);
            copies[i] = {NodeId{i + 1}, held ? 1u : 0u};
        }
        const std::span<const raft::Acknowledged> all(copies.data(), bounds_.nodes);
        const raft::Raft& core = *tables_.node(state_.nodes[node_.value - 1]).core;
        const raft::ConfigurationHistory& history = core.configurations();
        return raft::quorum_value(history.current(), all) > 0 ||
               raft::quorum_value(history.in_force_at(core.commit()).configuration, all) > 0;
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
        if (act == Act::crash || act == Act::halt) {
            forget_reads();
        }
        return {};
    }

    void keep() { state_.record = tables_.number(record_); }

  private:
    // Who asked at a node that is gone learns nothing. A read is known by its node only to the
    // core; that a promise is remembered longer than needed asks nothing of anybody.
    void forget_reads() {
        for (std::uint32_t number = 0; number < record_.reads.size(); ++number) {
            bool awaited = false;
            for (std::uint32_t i = 0; i < bounds_.nodes; ++i) {
                awaited = awaited || tables_.awaits_read(state_.nodes[i], number);
            }
            if (!awaited) {
                record_.reads[number] = JudgeRecord::no_read;
            }
        }
    }

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
    const bool reads = act == Act::read || act == Act::read_anywhere || !step.granted.empty() ||
                       !step.dropped.empty() || (begins && bounds.of(Spent::reads) > 0);
    if (!step.elected && !step.committed && !step.log_changed && !step.disk_changed && !begins &&
        !reads) {
        return {};
    }
    Judge judge(tables, bounds, after, action.node);
    std::string_view broken;
    const auto check = [&broken](
                           std::string_view found) { broken = broken.empty() ? found : broken; };
    if (step.elected) {
        check(judge.elected());
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
