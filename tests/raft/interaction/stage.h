#pragma once
// Stage: performs the commands of a script on a cluster and tells what the nodes did.

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/raft/cluster.h"
#include "tests/raft/interaction/script.h"
#include "tests/raft/interaction/selector.h"

namespace ledger::raft::interaction {

// Election timeouts as the script sets them, else T + 20 ms for n1, T + 40 ms for n2 and so on.
class ScriptedTimeouts final : public ChoiceSource {
  public:
    // From the next draw of this node on. Between T and 2T.
    void set(NodeId node, Duration timeout) { timeouts_[node] = timeout; }
    // From now on chance decides, so that a script cannot hold up the end of its play.
    void release() { free_ = true; }

    std::uint64_t choose(
        Site site, std::uint64_t entity, std::uint64_t sequence, std::uint64_t domain) override;

  private:
    std::map<NodeId, Duration> timeouts_;
    SeededChoices chance_{1};
    bool free_ = false;
};

// README.md of raft/ describes the commands. Every step of every node is checked by the cluster:
// invariants of the state and of the transition, and the safety properties of the whole group.
class Stage {
  public:
    Stage() = default;
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    // One command; what happened, line by line. Throws BadScript when the command is wrong, Unmet
    // when it claims what is not so, Violation when a node broke a promise of Raft.
    std::vector<std::string> perform(const std::string& command);
    // All faults stop: the group must find a leader, commit and agree. Throws Violation.
    void finish();

  private:
    using Command = void (Stage::*)(Words&);
    struct Named {
        std::string_view name;
        Command command;
    };
    static const std::vector<Named>& commands();

    // commands of stage.cpp
    void group(Words& words);
    void boot(Words& words);
    void timeout(Words& words);
    void pass(Words& words);
    void wait(Words& words);
    void campaign(Words& words);
    void elect(Words& words);
    void settle(Words& words);
    void run(Words& words);
    void crash(Words& words);
    void restart(Words& words);
    void propose(Words& words);
    void read(Words& words);
    void transfer(Words& words);
    void store(Words& words);
    void load(Words& words);
    void snapshot(Words& words);
    void ship(Words& words);
    void disk(Words& words);
    void expect(Words& words);
    // commands of stage_network.cpp
    void deliver(Words& words);
    void drop(Words& words);
    void duplicate(Words& words);
    void hold(Words& words);
    void release(Words& words);
    void inject(Words& words);
    void cut(Words& words);
    void partition(Words& words);
    void isolate(Words& words);
    void heal(Words& words);
    void lose(Words& words);
    void link_down(Words& words);
    // commands of stage_membership.cpp
    void change(Words& words);
    void learn(Words& words);
    void remove(Words& words);
    void replace(Words& words);
    void leave(Words& words);
    void wipe(Words& words);
    // commands of stage_views.cpp
    void status(Words& words);
    void show_log(Words& words);
    void progress(Words& words);
    void network(Words& words);

    Cluster& cluster();
    std::uint32_t node(Words& words);
    std::uint32_t live_node(Words& words);
    std::vector<std::uint32_t> nodes(Words& words);
    void change_to(std::uint32_t id, const Configuration& target);
    void say_refusal(std::uint32_t id, const ChangeOutcome& outcome);
    void say(std::string line);
    void watch(NodeId node, const Ready& ready);
    void note_commit(NodeId node);
    void deliver_one(std::size_t which, bool keep);
    bool lossy(const Cluster::InFlight& one) const;
    void come_to_rest();

    ScriptedTimeouts timeouts_;
    std::optional<Cluster> cluster_;
    bool recover_ = true;
    bool quiet_ = false;  // only what changes roles, logs and commits is told
    std::deque<Cluster::InFlight> held_;
    std::vector<Selector> lossy_;         // what is lost on delivery, until `heal`
    std::set<std::uint32_t> slow_disks_;  // stored only by command
    std::map<NodeId, Index> commits_;     // as last told
    std::uint64_t reads_ = 0;
    std::vector<std::string> lines_;  // of the command under way
};

}  // namespace ledger::raft::interaction
