#include "sim/disk_choices.h"

#include "log/base/assert.h"

namespace ledger::sim {

std::uint64_t Questions::next(Site site) {
    constexpr auto first_site = static_cast<std::uint32_t>(Site::disk_write_latency);
    const std::uint32_t slot = static_cast<std::uint32_t>(site) - first_site;
    LEDGER_ASSERT(slot < asked_.size());
    return crash_ << 32 | asked_[slot]++;
}

std::uint64_t Questions::choose(Site site, std::uint64_t domain) {
    LEDGER_ASSERT(domain >= 1);
    const std::uint64_t answer = choices_.choose(site, entity_, next(site), domain);
    LEDGER_ASSERT(answer < domain);
    return answer;
}

bool Questions::strikes(Site site, std::uint32_t parts_per_million) {
    constexpr std::uint32_t certain = 1'000'000;
    LEDGER_ASSERT(parts_per_million <= certain);
    if (parts_per_million == 0 || parts_per_million == certain) {
        return parts_per_million == certain;
    }
    return choices_.strikes(site, entity_, next(site), parts_per_million);
}

}  // namespace ledger::sim
