#pragma once
// Branching choices: a run that goes on otherwise from some step on.

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "log/base/choice.h"

namespace ledger::sim {

// From this step on, another seed answers.
struct Branch {
    std::uint64_t step = 0;
    std::uint64_t seed = 0;
    friend bool operator==(const Branch&, const Branch&) = default;
};

// Answers as `engine` does until the first branch, then by the seed of the last branch that is
// reached. What such a run decides is a tape like any other's.
class BranchingChoices final : public ChoiceSource {
  public:
    // `branches` ascend by step; the engine must outlive this.
    BranchingChoices(ChoiceSource& engine, std::vector<Branch> branches)
        : engine_(engine), branches_(std::move(branches)) {}

    // The run has come to this step.
    void at(std::uint64_t step) {
        while (next_ < branches_.size() && branches_[next_].step <= step) {
            seeded_.emplace(branches_[next_].seed);
            ++next_;
        }
    }
    std::uint64_t choose(Site site, std::uint64_t entity, std::uint64_t sequence,
        std::uint64_t domain) override {
        return next_ == 0 ? engine_.choose(site, entity, sequence, domain)
                          : seeded_->choose(site, entity, sequence, domain);
    }
    bool strikes(Site site, std::uint64_t entity, std::uint64_t sequence,
        std::uint32_t parts_per_million) override {
        return next_ == 0 ? engine_.strikes(site, entity, sequence, parts_per_million)
                          : seeded_->strikes(site, entity, sequence, parts_per_million);
    }

  private:
    ChoiceSource& engine_;
    const std::vector<Branch> branches_;
    std::size_t next_ = 0;
    std::optional<SeededChoices> seeded_;
};

}  // namespace ledger::sim
