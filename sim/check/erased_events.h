#pragma once
// ErasedEvents: what was redacted is gone: from all answers to later questions, and in the end from
// every disk.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "log/base/bytes.h"
#include "log/base/ids.h"
#include "sim/check/history.h"
#include "sim/check/verdict.h"

namespace ledger::check {

class ErasedEvents {
  public:
    // The redaction of this event took effect: it is committed.
    void committed(Position position) { events_.try_emplace(position, never_told); }
    // A client was told so.
    void acknowledged(Position position, const When& when);
    // A linearizable read has ended: if it was asked after that, it shows no payload.
    [[nodiscard]] Finding answered(const Operation& read);

    // Positions, ascending, whose payloads no disk may hold in the end.
    std::vector<Position> positions() const;
    // Bytes that stand for the payload of an event and occur nowhere else.
    struct Mark {
        Position position;
        ByteVector bytes;  // all marks of a search have the same size, at least 8
    };
    // The durable bytes of one file; each mark in each file counts as examined.
    [[nodiscard]] Finding file(
        NodeId node, const std::string& name, ByteSpan bytes, const std::vector<Mark>& marks);

    // Name "erasure".
    CheckResult result() const { return tally_.result(); }

  private:
    static constexpr std::uint64_t never_told = UINT64_MAX;

    std::map<Position, std::uint64_t> events_;  // the step at which a client was told first
    Tally tally_{"erasure"};
};

}  // namespace ledger::check
