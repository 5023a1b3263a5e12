#pragma once
// Log words: how recorded operations are named in the sentences about them.

#include <cstdint>
#include <span>
#include <string>

#include "sim/check/log_history/log_history.h"

namespace ledger::check {

class LogWords {
  public:
    explicit LogWords(const LogHistory& history) : history_(history) {}

    std::string who(std::uint32_t place) const;     // "client 3"
    std::string what(std::uint32_t place) const;    // "read from 8"
    std::string answer(std::uint32_t place) const;  // "ok at 17"
    // "client 3's read from 8 (operation 13, line 14)".
    std::string name(std::uint32_t place) const;
    // With its interval: "operation 13: client 3, 4.486ms to 4.897ms: read from 8 -> 3 records".
    std::string step(std::uint32_t place) const;
    std::string interval(std::uint32_t place) const;                    // "4.486ms to 4.897ms"
    std::string records(std::span<const std::uint32_t> numbers) const;  // "records 4, 5, 6"
    std::string record(std::uint32_t number) const;                     // "record 4"
    std::string records_of(const LogOperation& op) const;

  private:
    const LogHistory& history_;
};

}  // namespace ledger::check
