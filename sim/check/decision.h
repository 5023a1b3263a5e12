#pragma once
// Decision: one answer of a run that was not the kind one, by its name: what a tape is made of.

#include <cstdint>
#include <string>

#include "log/base/choice.h"

namespace ledger::check {

struct Decision {
    Site site{};
    std::uint64_t entity = 0;
    std::uint64_t sequence = 0;
    std::uint64_t domain = 1;
    std::uint64_t answer = 0;
    friend bool operator==(const Decision&, const Decision&) = default;
};

// What a question is answered where nobody has decided otherwise: no fault, the shortest time, the
// first in order. Only election timeouts are not the shortest for everybody: then nobody would win.
std::uint64_t kind_answer(
    Site site, std::uint64_t entity, std::uint64_t sequence, std::uint64_t domain);

// "net.loss 1:3 17/1000000 = 999999": site, entity (its halves, if the upper one is not 0), sequence,
// domain, answer.
std::string print_decision(const Decision& decision);
// For people: "message 17 from n1 to n3 is lost".
std::string describe(const Decision& decision);

}  // namespace ledger::check
