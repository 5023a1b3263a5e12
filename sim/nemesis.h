#pragma once
// Nemesis: decides when which fault hits whom, within the profile of the seed.

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "log/base/choice.h"
#include "log/base/ids.h"
#include "log/base/time.h"
#include "sim/check/scenario.h"
#include "sim/faults.h"
#include "sim/network.h"
#include "sim/profile.h"

namespace ledger::sim {

// What the nemesis may see and do.
class NemesisPort {
  public:
    virtual ~NemesisPort() = default;
    virtual bool up(NodeId node) const = 0;
    virtual NodeId leader() const = 0;  // of the highest term; 0 = none
    // Who is up and plays this part, which is not `number`; 0 = nobody.
    virtual NodeId playing(check::Who::Part part) const = 0;
    virtual void crash(NodeId node, Duration outage) = 0;
    // The node will crash in the middle of its next step with effects.
    virtual void crash_mid_step(NodeId node, Duration outage) = 0;
    // The node will crash after its next group is written, before the sync has returned.
    virtual void crash_before_sync(NodeId node, Duration outage) = 0;
    // The node's process stands still.
    virtual void pause(NodeId node, Duration length) = 0;
    // Nothing that the node's disk has begun ends.
    virtual void stall_disk(NodeId node, Duration length) = 0;
    // The next operation of this kind fails on the node's disk, and it may halt of it.
    virtual void fail_disk(NodeId node, Fault fault, Duration outage) = 0;
    virtual void set_wall_clock(NodeId node, Duration by) = 0;
    virtual void nemesis_ends(std::uint64_t action, Duration after) = 0;
    virtual Instant time() const = 0;
    // The connection of these two is gone, and `knows` hears of it.
    virtual void disconnect(NodeId knows, NodeId other) = 0;
    // They have a new one, and both know.
    virtual void reconnect(NodeId one, NodeId other) = 0;
    virtual void note(const char* lane, const std::string& text, Duration length) = 0;
};

class Nemesis final {
  public:
    Nemesis(const Profile& profile, ChoiceSource& choices, FaultCounts& faults, Network& network,
        NemesisPort& port);

    // When a hunted leader is struck.
    struct Moment {
        bool at_acceptance = false;  // as the first acceptance of its entries arrives
        Duration after;              // else so long after its election
    };
    // A leader was elected. Says when to strike it, if it is to be hunted.
    std::optional<Moment> elected(NodeId leader);
    // It is time: crashes it or cuts it off.
    void hunt(NodeId leader);
    // Comes every few milliseconds: who has begun to play a part that is rarely played is often struck
    // at once, where the profile aims at parts.
    void lie_in_wait();
    // When the next strike is due.
    Instant next_strike();
    void strike();
    // Does what a scenario says; false if whom it names is not there now.
    bool carry_out(const check::NemesisLine& line);
    // A partition ends.
    void end(std::uint64_t action);
    // All of them end.
    void end_all();

  private:
    enum class Action : std::uint8_t {
        crash,
        crash_leader,
        crash_mid_step,
        crash_before_sync,
        crash_storm,
        split,
        isolate_leader,
        one_way,
        bridge,
        ring,
        flap,
        clog,
        slow_link,
        half_open,
        pause,
        disk_stall,
        disk_error,
        clock_jump,
    };
    using Links = std::vector<std::pair<NodeId, NodeId>>;
    struct Partition {
        std::uint64_t action = 0;
        Fault fault = Fault::partition_symmetric;
        std::uint64_t touched_before = 0;  // messages that its links had kept back when it began
        Links links;
        bool cut = true;                   // these links are cut now
        std::uint64_t flaps = 0;           // that are still to come
        NodeId deaf;                       // half open: it does not know that the connection is gone
    };

    // What it is about decides alone what is asked: questions of one turn move none of another.
    static constexpr std::uint64_t strikes = 0, hunts = 1, chases = 2, flaps = 3, ambushes = 4;
    void begin_turn(std::uint64_t kind, std::uint64_t number);
    std::uint64_t draw(Site site, std::uint64_t domain);
    Duration draw_duration();
    // Who plays a part, where the profile aims at that, or anybody.
    NodeId random_node();
    // Returns it, until the next one is made.
    Partition& partition(Fault fault, Links&& links, const std::string& text);
    // The same, but the links are troubled otherwise; ends after `length`.
    Partition& trouble(Fault fault, Links&& links, const std::string& text, Duration length);
    std::uint64_t touched(const Links& links) const;
    std::pair<NodeId, NodeId> random_link();
    void ring();
    void flap();
    void clog();
    void slow_link();
    void half_open();
    void finish(const Partition& partition);
    void fail(NodeId node, Fault fault);
    void split();
    void isolate(NodeId node, Fault fault);
    void one_way();
    void bridge();
    void act(Action action, NodeId leader);
    void harm(Action action, NodeId node);
    // The leader or anybody, as the profile aims; 0 if that one is down.
    NodeId victim(NodeId leader);
    NodeId resolve(const check::Who& who) const;
    bool do_to_link(check::Verb verb, NodeId from, NodeId to);
    void storm();
    void crash(NodeId node);
    bool chance(Site site, PartsPerMillion probability);

    const Profile& profile_;
    ChoiceSource& choices_;
    FaultCounts& faults_;
    Network& network_;
    NemesisPort& port_;
    std::vector<Action> repertoire_;
    std::vector<Partition> partitions_;
    std::uint64_t actions_ = 0;
    std::uint64_t hunted_ = 0;  // the isolation of the leader hunted last; 0 = none
    std::uint64_t strikes_ = 0;
    std::uint64_t elections_ = 0;
    std::uint64_t chases_ = 0;
    std::uint64_t flaps_ = 0;
    std::uint64_t ambushes_ = 0;
    std::array<NodeId, 2> prey_{};  // who plays each rare part, when last looked
    std::uint64_t turn_ = 0;   // the entity of its questions
    std::uint64_t draws_ = 0;  // in this turn
    bool hunting_ = false;
    std::optional<Duration> length_;  // of what is being done, if a scenario says it
};

}  // namespace ledger::sim
