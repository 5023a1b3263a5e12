#pragma once
// Operation: what simulated clients ask for, and where they get it from.

#include <cstdint>
#include <optional>

#include "log/base/time.h"
#include "node/client.h"

namespace ledger::sim {

// Where clients get their work. One source serves all clients of a run.
class OperationSource {
  public:
    virtual ~OperationSource() = default;
    // The next operation of the client with this lane (0, 1, ...), or nothing: it is finished.
    virtual std::optional<node::client::What> next(std::uint32_t lane) = 0;
    virtual void ended(std::uint32_t lane, const node::client::Done& done) = 0;
    // How long a client tries before it gives an operation up.
    virtual Duration timeout() const = 0;
    // The mean pause of a client before its next operation; nothing = that of the workload.
    virtual std::optional<Duration> think_mean() const { return std::nullopt; }
    virtual bool finished() const = 0;
};

}  // namespace ledger::sim
