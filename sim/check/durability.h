#pragma once
// Durability: what was acknowledged is on the disks of a quorum, at that moment and at the end.

#include <cstdint>
#include <span>
#include <vector>

#include "log/base/ids.h"
#include "log/base/sha256.h"
#include "sim/check/committed_log.h"
#include "sim/check/verdict.h"

namespace ledger::check {

// Voters a majority of whom decides.
using Electorate = std::span<const NodeId>;

// Whether a majority of each is among `holders`.
bool majorities(std::span<const Electorate> electorates, std::span<const NodeId> holders);

// A positive reply at the moment it leaves, with the truth read from the disk images (what would
// survive a crash now), never from memory.
struct Acknowledgement {
    ClientId client;
    SessionId session;
    Sequence sequence;
    Index index;
    std::span<const NodeId> holders;  // nodes whose durable disk holds this very entry
    std::span<const Electorate> electorates;  // of the configuration in force: one, or two if joint
};

class Durability {
  public:
    explicit Durability(const CommittedLog& committed) : committed_(committed) {}

    [[nodiscard]] Finding acknowledged(const Acknowledgement& acknowledgement);

    // At the end: every entry of every voter's disk, then finish() once.
    void holds(NodeId node, Index index, const Digest& entry_hash);
    [[nodiscard]] Finding finish(std::span<const Electorate> electorates);
    // How many indexes have been acknowledged.
    std::uint64_t promises() const { return promises_made_; }

    // Name "durability"; examined = acknowledgements judged.
    CheckResult result() const { return tally_.result(); }

  private:
    struct Promise {
        bool made = false;
        ClientId client;
        SessionId session;
        Sequence sequence;
        std::vector<NodeId> holders;  // at the end
    };

    const CommittedLog& committed_;
    std::vector<Promise> promises_;  // [0] is index 1
    std::uint64_t promises_made_ = 0;
    Tally tally_{"durability"};
};

}  // namespace ledger::check
