#pragma once
// Operation: what a simulated client asked for and what came of it.

#include <cstdint>
#include <optional>
#include <variant>

#include "log/base/entry.h"
#include "log/base/ids.h"
#include "log/state/command.h"
#include "log/state/outcome.h"
#include "log/state/query.h"

namespace ledger::sim {

struct Operation {
    std::uint64_t id = 0;  // dense over the run, from 1
    ClientId client;       // a new id after every unknown outcome
    std::variant<state::Append, state::RegisterSession, state::Query> what;
    EntryHandle body;      // of a command
    ByteVector question;   // of a query
};

enum class Ending : std::uint8_t {
    ok,      // executed; outcome or answer is there
    failed,  // definitely not executed
    unknown  // executed at most once, at some time after the call, or never
};

struct OperationEnd {
    Ending ending = Ending::unknown;
    NodeId node;           // that gave the final answer
    std::uint32_t attempts = 0;
    std::optional<state::Outcome> outcome;  // of a command that was judged, conflicts included
    std::optional<state::Answer> answer;
};

// Where clients get their work. One source serves all clients of a run.
class OperationSource {
  public:
    virtual ~OperationSource() = default;
    // The next operation of the client with this lane (0, 1, ...), or nothing: it is finished.
    // Appends come without session and sequence; the client fills them in.
    virtual std::optional<decltype(Operation::what)> next(std::uint32_t lane) = 0;
    virtual void ended(std::uint32_t lane, const Operation& operation, const OperationEnd& end) = 0;
    // May the client give up after WorkloadProfile::attempts_max tries?
    virtual bool may_give_up() const = 0;
    virtual bool finished() const = 0;
};

}  // namespace ledger::sim
