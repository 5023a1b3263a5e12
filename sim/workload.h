#pragma once
// Workload: what clients do in a run: random operations of the swarm, or a given history.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "log/base/choice.h"
#include "sim/guest.h"
#include "sim/operation.h"
#include "sim/profile.h"

namespace ledger::sim {

// The salt of an event of the swarm, and what its payload begins with if it is long enough: no other
// bytes of a run are like these.
state::Salt salt_of(EventId id);
state::Salt payload_mark_of(EventId id);
inline constexpr std::uint32_t payload_mark_bytes = 16;

// Operations drawn on-line from what each lane has learnt: appends to one or several streams with
// right, stale and absent expectations, redactions, reads of streams and of everything in both directions.
class SwarmWorkload final : public OperationSource {
  public:
    // With a guest its commands travel in the first events of appends.
    SwarmWorkload(const WorkloadProfile& profile, ChoiceSource& choices, const Guest* guest);

    std::optional<node::client::What> next(std::uint32_t lane) override;
    void ended(std::uint32_t lane, const node::client::Done& done) override;
    Duration timeout() const override { return profile_.operation_timeout; }
    bool finished() const override { return stopped_ || issued_ >= profile_.operations_max; }
    // Nothing more is asked for.
    void stop() { stopped_ = true; }

  private:
    // How many events each stream has, as far as a lane knows.
    struct Lane {
        std::map<std::string, std::uint64_t, std::less<>> lengths;
        std::uint64_t total = 0;
        std::uint64_t operations = 0;
        std::uint64_t draws = 0;  // for the last of them
    };

    std::uint64_t draw(Site site, std::uint32_t lane, std::uint64_t domain);
    bool chance(Site site, std::uint32_t lane, PartsPerMillion probability);
    state::Append draw_append(std::uint32_t lane);
    state::Expected draw_expected(std::uint32_t lane, const std::string& stream);
    state::Query draw_query(std::uint32_t lane);
    state::Redact draw_redact(std::uint32_t lane);

    const WorkloadProfile profile_;
    ChoiceSource& choices_;
    const Guest* const guest_;
    std::vector<Lane> lanes_;
    std::uint32_t issued_ = 0;
    std::uint64_t events_ = 0;  // numbers event ids
    bool stopped_ = false;
};

// A given list of appends, in order, each until it is answered. Used by `run --input`.
class ImportWorkload final : public OperationSource {
  public:
    explicit ImportWorkload(const std::vector<state::Append>& appends) : appends_(appends) {}

    std::optional<node::client::What> next(std::uint32_t lane) override;
    void ended(std::uint32_t lane, const node::client::Done& done) override;
    // Longer than any run.
    Duration timeout() const override { return seconds(365 * 24 * 3600); }
    bool finished() const override { return done_ == appends_.size(); }

    std::uint64_t done() const { return done_; }
    // Appends that did not take effect for certain.
    struct Refusal {
        std::uint64_t place = 0;  // in the list, from 0
        bool conflict = false;    // refused by the ledger; else of unknown outcome
    };
    const std::vector<Refusal>& refused() const { return refused_; }

  private:
    const std::vector<state::Append>& appends_;
    std::uint64_t done_ = 0;
    std::vector<Refusal> refused_;
};

}  // namespace ledger::sim
