#include "sim/tape.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"

namespace ledger::sim {
namespace {

Hash128 name_of(Site site, std::uint64_t entity, std::uint64_t sequence) {
    Hash128 name;
    name.add(static_cast<std::uint64_t>(site));
    name.add(entity);
    name.add(sequence);
    return name;
}

}  // namespace

TapeChoices::TapeChoices(
    const check::Scenario& scenario, std::uint64_t seed, Listener listener)
    : scenario_(scenario), seeded_(seed), asked_(scenario.tape.size()),
      listener_(std::move(listener)) {
    LEDGER_ASSERT(scenario.tape.size() <= UINT32_MAX);
    for (std::uint32_t place = 0; place < scenario.tape.size(); ++place) {
        const check::Decision& decision = scenario.tape[place];
        places_[name_of(decision.site, decision.entity, decision.sequence)] = place;
    }
}

const check::Decision* TapeChoices::find(
    Site site, std::uint64_t entity, std::uint64_t sequence) {
    const std::uint32_t* place =
        scenario_.tape.empty() ? nullptr : places_.find(name_of(site, entity, sequence));
    if (place == nullptr) {
        return nullptr;
    }
    if (!asked_[*place]) {
        asked_[*place] = true;
        if (listener_) {
            listener_(*place);
        }
    }
    return &scenario_.tape[*place];
}

bool TapeChoices::kind(Site site) const {
    return scenario_.answers == check::AnsweredBy::kind ||
           (scenario_.answers == check::AnsweredBy::kind_settings &&
               site == Site::nemesis_profile);
}

std::uint64_t TapeChoices::choose(
    Site site, std::uint64_t entity, std::uint64_t sequence, std::uint64_t domain) {
    if (const check::Decision* decision = find(site, entity, sequence)) {
        return std::min(decision->answer, domain - 1);
    }
    return kind(site) ? check::kind_answer(site, entity, sequence, domain)
                      : seeded_.choose(site, entity, sequence, domain);
}

bool TapeChoices::strikes(Site site, std::uint64_t entity, std::uint64_t sequence,
    std::uint32_t parts_per_million) {
    if (const check::Decision* decision = find(site, entity, sequence)) {
        return decision->answer > 0;
    }
    return !kind(site) && seeded_.strikes(site, entity, sequence, parts_per_million);
}

std::uint64_t RecordingChoices::choose(
    Site site, std::uint64_t entity, std::uint64_t sequence, std::uint64_t domain) {
    const std::uint64_t answer = engine_.choose(site, entity, sequence, domain);
    if (answer != check::kind_answer(site, entity, sequence, domain)) {
        tell({site, entity, sequence, domain, answer});
    }
    return answer;
}

bool RecordingChoices::strikes(Site site, std::uint64_t entity, std::uint64_t sequence,
    std::uint32_t parts_per_million) {
    const bool yes = engine_.strikes(site, entity, sequence, parts_per_million);
    if (yes) {
        tell({site, entity, sequence, 2, 1});
    }
    return yes;
}

void RecordingChoices::tell(const check::Decision& decision) {
    bool& seen = seen_[name_of(decision.site, decision.entity, decision.sequence)];
    if (!std::exchange(seen, true)) {
        listener_(decision);
    }
}

}  // namespace ledger::sim
