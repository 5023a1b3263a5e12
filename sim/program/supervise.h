#pragma once
// Supervise: runs work in a child process, so that an assertion in simulated code is a finding.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "log/base/bytes.h"
#include "sim/world.h"

namespace ledger::sim {

// Memory that parent and children share. A child says where it is; a parent reads it when the
// child has died.
struct Progress {
    std::uint64_t seed = 0;
    std::uint64_t step = 0;
    std::int64_t time_nanoseconds = 0;
};

// Maps zeroed memory shared with children to come; never unmapped: the process is short-lived.
void* share_memory(std::size_t bytes);

// Writes every step's number into the shared page, for the case that it is the last one.
class ProgressObserver final : public StepObserver {
  public:
    ProgressObserver(Progress& progress, StepObserver* next) : progress_(progress), next_(next) {}
    void stepping(
        std::uint64_t step, Instant now, NodeId node, const node::Event& event) override;
    void stepped(const node::Replica& replica, std::span<const node::Effect> effects) override;

  private:
    Progress& progress_;
    StepObserver* const next_;
};

struct ChildEnd {
    int exit_code = 0;         // meaningful when signal is 0
    int signal = 0;
    bool timed_out = false;    // then the signal was ours
    std::string last_words;    // the last lines of its standard error
};

// Runs `body` in a child that shares standard output; its standard error is passed on and kept.
ChildEnd supervise(const std::function<int()>& body);

// Runs `beside` in a child while `here` runs in this process; returns the child's end.
ChildEnd supervise_beside(
    const std::function<int()>& beside, const std::function<void()>& here);

// In a child: it dies with its parent, however that ends.
void end_with_parent();
// All of it; a process whose parent is gone ends.
void send_all(int to, ByteSpan bytes);

struct ChildReport {
    ChildEnd end;
    ByteVector said;
};
// How a child tells its parent something.
using Say = std::function<void(ByteSpan bytes)>;

// Runs every body in a child of its own, all at the same time; nothing of theirs is printed. Who takes
// longer than `microseconds_max` is killed (SIGKILL).
std::vector<ChildReport> run_side_by_side(
    std::span<const std::function<void(const Say&)>> bodies, std::uint64_t microseconds_max);

// The finding that a child's death by `signal` stands for.
check::Violation crash_violation(const ChildEnd& end, const Progress& progress);

}  // namespace ledger::sim
