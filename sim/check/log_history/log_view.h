#pragma once
// Log view: what an answer of a recorded log means: the versions at which it can have been given.

#include <cstdint>
#include <string>
#include <vector>

#include "sim/check/history.h"
#include "sim/check/log_history/log_content.h"
#include "sim/check/log_history/log_words.h"
#include "sim/check/row.h"

namespace ledger::check {

struct LogView {
    enum class Is : std::uint8_t {
        silent = 1,   // says nothing
        write,        // made the version allowed.lowest
        observation,  // given at one of `allowed`
        wrong,        // fits no version
    };
    Is is = Is::silent;
    AllowedVersions allowed;
    std::string name;                      // wrong: of the anomaly
    std::string sentence;                  // wrong
    std::vector<std::uint32_t> witnesses;  // wrong: places of operations
};

// Content rules C1 and C3 of one answer (checking.md 4) and its allowed set (5). The content must
// be known as far as the answer goes.
class LogViews {
  public:
    LogViews(const LogHistory& history, const LogContent& content)
        : history_(history), content_(content), words_(history) {}

    LogView view(std::uint32_t place) const;
    // Versions at which all pages of a read of several streams, or of a read set, were true.
    LogView parts(std::uint32_t place) const;
    // Whether the content is known as far as the answer goes; on-line.
    bool is_known(std::uint32_t place) const;
    // Whether a condition of the append does not hold at `length`; a sentence says which.
    std::string broken_condition(std::uint32_t place, std::uint64_t length) const;

  private:
    std::uint64_t reaches(std::uint32_t place) const;
    bool parts_are_known(const LogDetails& details) const;
    LogView append(std::uint32_t place) const;
    LogView check(std::uint32_t place) const;
    LogView conflict(std::uint32_t place) const;
    LogView explained(std::uint32_t place) const;
    LogView in_the_way(std::uint32_t place, LogView view) const;
    LogView read(std::uint32_t place) const;
    LogView page(std::uint32_t place, const LogPart& part) const;
    LogView wrong(std::uint32_t place, const char* name, const std::string& what) const;
    LogView different(std::uint32_t place, std::uint32_t shown, std::uint64_t position) const;
    std::optional<std::uint64_t> hashed_backward(const LogOperation& op, const Row& row) const;
    std::optional<std::uint64_t> first_number(const LogOperation& op, const Row& row) const;
    bool same_slice(const LogOperation& op, const Row& row, std::uint64_t first) const;
    // The first version at which the condition no longer holds; nothing if it holds for ever.
    std::optional<std::uint64_t> broken_from(const LogCondition& condition) const;
    Row row(std::uint32_t stream) const;
    Operation operation(std::uint32_t place) const;

    const LogHistory& history_;
    const LogContent& content_;
    LogWords words_;
};

}  // namespace ledger::check
