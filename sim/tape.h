#pragma once
// Tape: the engines that play decisions, and the one that writes them down.

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "log/base/choice.h"
#include "log/base/hash128.h"
#include "log/base/lookup_table.h"
#include "sim/check/decision.h"
#include "sim/check/scenario.h"

namespace ledger::sim {

// Answers what the tape says; what it does not say, the kind answer or the seed's.
class TapeChoices final : public ChoiceSource {
  public:
    // Is told the place on the tape of each decision when it is asked for first; those that never are
    // are stale.
    using Listener = std::function<void(std::uint32_t place)>;

    // The scenario must outlive this.
    TapeChoices(const check::Scenario& scenario, std::uint64_t seed, Listener listener);

    // An answer beyond a domain that has become smaller is its last one.
    std::uint64_t choose(Site site, std::uint64_t entity, std::uint64_t sequence,
        std::uint64_t domain) override;
    bool strikes(Site site, std::uint64_t entity, std::uint64_t sequence,
        std::uint32_t parts_per_million) override;

  private:
    const check::Decision* find(Site site, std::uint64_t entity, std::uint64_t sequence);
    bool kind(Site site) const;

    const check::Scenario& scenario_;
    SeededChoices seeded_;
    LookupTable<Hash128, std::uint32_t> places_;
    std::vector<bool> asked_;
    const Listener listener_;
};

// Tells what another engine answers, where that is not the kind answer: in the order of asking, each
// question once.
class RecordingChoices final : public ChoiceSource {
  public:
    using Listener = std::function<void(const check::Decision& decision)>;

    RecordingChoices(ChoiceSource& engine, Listener listener)
        : engine_(engine), listener_(std::move(listener)) {}

    std::uint64_t choose(Site site, std::uint64_t entity, std::uint64_t sequence,
        std::uint64_t domain) override;
    bool strikes(Site site, std::uint64_t entity, std::uint64_t sequence,
        std::uint32_t parts_per_million) override;

  private:
    void tell(const check::Decision& decision);

    ChoiceSource& engine_;
    const Listener listener_;
    LookupTable<Hash128, bool> seen_;
};

}  // namespace ledger::sim
