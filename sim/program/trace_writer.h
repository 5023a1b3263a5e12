#pragma once
// TraceWriter: a run's steps as JSON lines, one per Replica::step.

#include <cstdio>
#include <string>

#include "sim/world.h"

namespace ledger::sim {

// {"step", "time_ns", "node", "event", "detail", "role", "term", "commit", "applied", "effects"}.
class TraceWriter final : public StepObserver {
  public:
    explicit TraceWriter(std::FILE* file) : file_(file) {}
    void stepping(
        std::uint64_t step, Instant now, NodeId node, const node::Event& event) override;
    void stepped(const node::Replica& replica, std::span<const node::Effect> effects) override;
    // False if a line did not reach the file.
    bool flush() { return std::fflush(file_) == 0 && std::ferror(file_) == 0; }

  private:
    std::FILE* const file_;
    std::string line_;
};

// One line for people: "AppendRequest from n1: term 3, after 17@3, 2 entries, commit 15".
std::string describe_event(const node::Event& event);

}  // namespace ledger::sim
