#pragma once
// Known models: every model that `ledgersim check` knows, and what judges it.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log/base/result.h"
#include "sim/check/judgement.h"
#include "sim/check/log_history/log_judge.h"
#include "sim/check/page/history_page.h"
#include "sim/check/recorded/import.h"
#include "sim/check/recorded/recorded_history.h"

namespace ledger::sim {

// A history as a checker gets it: the text of a file, one case out of a file of many, or a log that
// was read already.
struct CheckedText {
    std::string_view text;
    check::HistoryFormat format = check::HistoryFormat::edn;
    const check::RecordedCase* one_case = nullptr;
    std::shared_ptr<const check::LogHistory> log = nullptr;
};

// A judgement and what pages and exports need beside it.
struct Judged {
    check::Judgement judgement;
    std::uint64_t operations = 0;
    // Of any operation; what it points to lives as long as this function.
    std::function<check::PageOperation(std::uint64_t id)> operation;
    std::vector<check::Annotation> annotations;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> floor;
};

struct KnownModel {
    std::vector<std::string_view> names;  // without arguments
    // What it is, with arguments: for help.
    std::string_view about;
    bool (*is)(std::string_view model);
    // Names of levels, the default first.
    std::vector<std::string_view> (*levels)(std::string_view model);
    Result<Judged> (*judge)(const CheckedText& text, const std::string& model,
        const std::string& level, check::Budget& budget);
};

const std::vector<KnownModel>& known_models();
// Nothing if there is no such model.
const KnownModel* find_model(std::string_view model);
bool is_log_model(std::string_view model);
// The level of a log by its name; empty = the default.
Result<check::LogOptions> log_options(const std::string& level);

// The model of a history that names none, if its format or its operations leave no doubt.
std::optional<std::string> obvious_model(const CheckedText& text);

// The name in the list that is most like this one.
std::string_view most_like(std::string_view name, const std::vector<std::string_view>& names);

}  // namespace ledger::sim
