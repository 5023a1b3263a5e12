// Judge: each property is broken on purpose, by a state that no correct run could reach, and found.
#include "sim/explore/core/judge.h"

#include <deque>
#include <functional>

#include <catch2/catch.hpp>

#include "tests/sim/explore/core/sample.h"

namespace ledger::sim {
namespace {

// A real step of a search, to be falsified.
class Scene {
  public:
    using Wanted =
        std::function<bool(const CoreTables& tables, const Successor& next, const Step& step)>;

    // The first such step, breadth first.
    Scene(std::string_view bounds, const Wanted& wanted)
        : steps_(bounds_of(bounds), Reductions{}, {}) {
        std::deque<CoreState> queue{steps_.first()};
        PrintSet seen(1ULL << 28);
        while (true) {
            REQUIRE(!queue.empty());
            before_ = queue.front();
            queue.pop_front();
            for (const Successor& next : steps_.successors(before_)) {
                const Step& step = step_of(next.action);
                if (wanted(steps_.tables(), next, step)) {
                    action = next.action;
                    after = next.state;
                    return;
                }
                if (seen.insert(next.print).value_or(false)) {
                    queue.push_back(next.state);
                }
            }
        }
    }

    JudgeRecord record() const { return steps_.tables().record(before_.record); }
    // What the judge says if this was remembered before the step.
    std::string judged(const JudgeRecord& remembered) {
        CoreState forged = after;
        forged.record = steps_.tables().number(remembered);
        Step step = step_of(action);
        step.disk_changed = step.disk_changed && !as_booted_;
        return std::string(
            judge_step(steps_.tables(), steps_.bounds(), before_, forged, action, step));
    }
    CoreTables& tables() { return steps_.tables(); }
    // The crash left the disk as it was.
    void only_booted() { as_booted_ = true; }
    const NodeBrief& actor() { return steps_.tables().brief(after.nodes[action.node.value - 1]); }

    CoreAction action;
    CoreState after;

  private:
    const Step& step_of(const CoreAction& of) {
        return steps_.tables().step(before_.nodes[of.node.value - 1], of.event);
    }

    CoreSteps steps_;
    CoreState before_;
    bool as_booted_ = false;
};

constexpr EntryMark other_entry = 0x01020009;  // a command of term 1 that nobody proposed

JudgeRecord with_entry(JudgeRecord record, std::size_t at, EntryMark entry) {
    record.committed = std::max(record.committed, static_cast<std::uint8_t>(at + 1));
    record.entries[at] = entry;
    return record;
}

}  // namespace

TEST_CASE("judge: a second leader of a term is found", "[explore]") {
    Scene scene("nodes=3 timeouts=1",
        [](const CoreTables&, const Successor&, const Step& step) { return step.elected; });
    JudgeRecord record = scene.record();
    CHECK(scene.judged(record).empty());
    record.leaders[1] = static_cast<std::uint8_t>(scene.action.node.value % 3 + 1);
    CHECK(scene.judged(record) == "a term has at most one leader");
}

TEST_CASE("judge: a leader whose voters' disks do not know of it is found", "[explore]") {
    for (const char* bounds : {"nodes=3 timeouts=1", "nodes=4 timeouts=1"}) {
        Scene scene(bounds,
            [](const CoreTables&, const Successor&, const Step& step) { return step.elected; });
        CHECK(scene.judged(scene.record()).empty());
        // Of all but itself one has voted, or two: one of them has not.
        for (std::uint32_t id = 1; id <= 4; ++id) {
            NodeNumber& voter = scene.after.nodes[id - 1];
            if (id != scene.action.node.value &&
                scene.tables().brief(voter).durable_vote == scene.action.node.value) {
                voter = scene.tables().first_life(NodeId{id});
                break;
            }
        }
        CHECK(scene.judged(scene.record()) == "a leader has the votes of a quorum on their disks");
    }
}

TEST_CASE("judge: a follower of somebody who was not elected in that term is found", "[explore]") {
    Scene scene("nodes=3 timeouts=1",
        [](const CoreTables&, const Successor&, const Step& step) { return step.follows; });
    JudgeRecord record = scene.record();
    CHECK(scene.judged(record).empty());
    record.leaders[1] = static_cast<std::uint8_t>(scene.action.node.value);
    CHECK(scene.judged(record) == "who is followed was elected in that term");
    record.leaders[1] = 0;
    CHECK(scene.judged(record) == "who is followed was elected in that term");
}

TEST_CASE("judge: a leader that lacks what was committed is found", "[explore]") {
    Scene scene("nodes=3 timeouts=1",
        [](const CoreTables&, const Successor&, const Step& step) { return step.elected; });
    JudgeRecord record = with_entry(scene.record(), 0, other_entry);
    CHECK(scene.judged(record) == "a leader's log contains every committed entry");
    record.terms[0] = 1;  // what is committed in the same term or a later one says nothing about it
    CHECK(scene.judged(record).empty());
}

TEST_CASE("judge: two entries applied at one index are found", "[explore]") {
    Scene scene("nodes=3 timeouts=1",
        [](const CoreTables&, const Successor&, const Step& step) { return step.committed; });
    CHECK(scene.judged(scene.record()).empty());
    CHECK(scene.judged(with_entry(scene.record(), 0, other_entry)) ==
          "no two nodes apply different entries at one index");
}

TEST_CASE("judge: a commit without a quorum of disks is found", "[explore]") {
    Scene scene("nodes=3 timeouts=1",
        [](const CoreTables&, const Successor&, const Step& step) { return step.committed; });
    for (std::uint32_t id = 1; id <= 3; ++id) {
        if (id != scene.action.node.value) {
            scene.after.nodes[id - 1] = scene.tables().first_life(NodeId{id});
        }
    }
    CHECK(scene.judged(scene.record()) == "a committed entry is on the disks of a quorum");
}

TEST_CASE("judge: a committed entry that leaves the disks of its quorum is found", "[explore]") {
    Scene scene("nodes=3 timeouts=1",
        [](const CoreTables&, const Successor&, const Step& step) { return step.disk_changed; });
    CHECK(scene.judged(scene.record()).empty());
    CHECK(scene.judged(with_entry(scene.record(), 0, other_entry)) ==
          "a committed entry stays on the disks of a quorum");
}

TEST_CASE("judge: logs that agree at an index and not before it are found", "[explore]") {
    // Two nodes that took different commands at one index from a leader of one term.
    Scene scene("nodes=3 timeouts=1 requests=2",
        [](const CoreTables&, const Successor& next, const Step& step) {
            return step.log_changed && next.action.event.act == Act::propose;
        });
    const NodeId leader = scene.action.node;
    CHECK(scene.judged(scene.record()).empty());
    CoreTables& tables = scene.tables();
    const NodeNumber same = scene.after.nodes[leader.value - 1];
    const Step& more = tables.step(same, {.act = Act::propose, .late = false, .number = 2});
    REQUIRE(more.taken);
    const std::uint32_t last = tables.brief(more.after).last;
    REQUIRE(last >= 2);
    const Step& less = tables.step(same, {.act = Act::propose, .late = false, .number = 3});
    CoreState forged = scene.after;
    forged.nodes[leader.value - 1] = more.after;
    forged.nodes[leader.value % 3] = less.after;
    CHECK(std::string(judge_step(tables, bounds_of("nodes=3 timeouts=1 requests=2"), scene.after,
              forged, {.event = {.act = Act::propose}, .node = leader}, more)) ==
          "logs that agree at an index agree before it");
}

TEST_CASE("judge: reads that are too old, or answered twice, are found", "[explore]") {
    Scene scene(
        "nodes=3 timeouts=1 reads=1", [](const CoreTables&, const Successor&, const Step& step) {
            return !step.granted.empty();
        });
    JudgeRecord record = scene.record();
    CHECK(scene.judged(record).empty());
    record.reads[1] = 9;
    CHECK(scene.judged(record) == "a read sees all that was committed before it");
    record.reads[1] = JudgeRecord::no_read;
    CHECK(scene.judged(record) == "a read is answered once");
    record = scene.record();
    record.reads[2] = 0;  // of which no node knows
    CHECK(scene.judged(record) == "who asks gets an answer, or hears that there is none");
}

TEST_CASE(
    "judge: a disk that calls something else committed is found at the next boot", "[explore]") {
    Scene scene("nodes=1 timeouts=1 requests=2 crashes=1",
        [](const CoreTables& tables, const Successor& next, const Step&) {
            return next.action.event.act == Act::crash &&
                   tables.brief(next.state.nodes[0]).disk_commit > 0;
        });
    CHECK(scene.judged(scene.record()).empty());
    REQUIRE(scene.actor().disk_commit > 0);
    scene.only_booted();
    CHECK(scene.judged(with_entry(scene.record(), 0, other_entry)) ==
          "a disk keeps what was committed");
}

}  // namespace ledger::sim
