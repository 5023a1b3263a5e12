#include "sim/check/search/object_models.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "sim/check/recorded/value_text.h"
#include "sim/check/search/bank_model.h"
#include "sim/check/search/counter_model.h"
#include "sim/check/search/growing_set.h"
#include "sim/check/search/kv_model.h"
#include "sim/check/search/multi_register_model.h"
#include "sim/check/search/mutex_model.h"
#include "sim/check/search/queue_drain.h"
#include "sim/check/search/queue_model.h"
#include "sim/check/search/queue_order.h"
#include "sim/check/search/register_model.h"
#include "sim/check/search/register_story.h"
#include "sim/check/search/searched_history.h"
#include "sim/check/search/set_model.h"
#include "sim/check/search/stream_model.h"

namespace ledger::check {
namespace {

// The model as it was asked for, taken apart.
struct Asked {
    std::string name;
    Value initial;
    bool has_initial = false;
    bool by_key = true;
    std::optional<std::int64_t> total;
};

using Judge = Result<Judgement> (*)(
    const RecordedHistory& history, const Asked& asked, SearchRequest request, Budget& budget);

struct ObjectModel {
    std::string_view name;
    std::vector<std::string_view> arguments;
    std::vector<std::string_view> levels;
    Judge judge;
};

// Puts what a rule has found in front of what a search would say.
Judgement found(const SearchRequest& request, std::vector<Anomaly> anomalies,
    std::vector<std::pair<std::string, std::uint64_t>> coverage) {
    Judgement out;
    out.model = request.model;
    out.level = request.level;
    out.coverage = std::move(coverage);
    out.verdict = anomalies.empty() ? Verdict::ok : Verdict::violated;
    out.anomalies_total = anomalies.size();
    anomalies.resize(std::min<std::uint64_t>(anomalies.size(), Judgement::anomalies_max));
    out.anomalies = std::move(anomalies);
    return out;
}

std::vector<std::pair<std::string, std::uint64_t>> counts(const RecordedHistory& history) {
    std::uint64_t by_outcome[4] = {};
    for (const RecordedOperation& operation : history.operations) {
        ++by_outcome[static_cast<std::uint64_t>(operation.outcome)];
    }
    return {{"operations", history.operations.size()},
        {"ok", by_outcome[static_cast<std::uint64_t>(Outcome::ok)]},
        {"failed", by_outcome[static_cast<std::uint64_t>(Outcome::failed)]},
        {"unknown", by_outcome[static_cast<std::uint64_t>(Outcome::unknown)]}};
}

bool is_linearizable(const SearchRequest& request) {
    return request.order.kind == SearchLevel::Kind::linearizable;
}

// What a rule has found, if the history is one of the model.
template <SequentialModel M>
std::string first_wrong(M& model, const RecordedHistory& history) {
    for (const RecordedOperation& operation : history.operations) {
        const auto reading = model.read(operation);
        if (!reading.wrong.empty()) {
            return fmt::format("line {}: {}", operation.called_line, reading.wrong);
        }
    }
    return {};
}

Result<Judgement> judge_register(
    const RecordedHistory& history, const Asked& asked, SearchRequest request, Budget& budget) {
    const bool lines = history.format == HistoryFormat::jepsen_log;
    const Value zero(std::int64_t{0});
    RegisterRules rules;
    rules.initial = asked.has_initial ? asked.initial : lines ? Value() : zero;
    const bool fixed = asked.has_initial && (asked.initial.is_nil() || asked.initial == zero);
    const bool tells = fixed ? asked.initial.is_nil() : lines;
    rules.nil_read_tells = tells;
    rules.failed_cas_tells = tells;
    rules.keyed = has_keys(history);
    request.object = "register";
    RegisterModel model(rules);
    auto judged = judge_by_search(model, history, request, budget);
    if (judged) {
        tell_register_story(history, rules.initial, rules.keyed, *judged);
    }
    return judged;
}

Result<Judgement> judge_kv(
    const RecordedHistory& history, const Asked& asked, SearchRequest request, Budget& budget) {
    const bool lines = history.format == HistoryFormat::kv_text;
    const bool empty_is_nil =
        asked.has_initial ? asked.initial.is("") : lines || asked.name == "kv-append";
    request.by_key = asked.by_key;
    request.object = "value";
    KvModel model(empty_is_nil, false);
    auto judged = judge_by_search(model, history, request, budget);
    if (judged) {
        tell_register_story(history, empty_is_nil ? asked.initial : Value(), true, *judged);
    }
    return judged;
}

Result<Judgement> judge_queue(
    const RecordedHistory& recorded, const Asked& asked, SearchRequest request, Budget& budget) {
    if (has_drains(recorded)) {
        LEDGER_TRY(const Drained drained, without_drains(recorded));
        LEDGER_TRY(
            Judgement judged, judge_queue(drained.history, asked, std::move(request), budget));
        drained.name_originals(judged);
        return judged;
    }
    const RecordedHistory& history = recorded;
    const auto order = asked.name == "fifo-queue" ? QueueModel::Order::first_in
                       : asked.name == "stack"    ? QueueModel::Order::last_in
                                                  : QueueModel::Order::any;
    request.object = asked.name == "stack" ? "stack" : "queue";
    QueueModel model(order, history);
    if (std::string wrong = first_wrong(model, history); !wrong.empty()) {
        return failure(Errc::malformed_history, std::move(wrong));
    }
    if (is_linearizable(request)) {
        auto anomalies = queue_anomalies(history, order == QueueModel::Order::first_in);
        if (!anomalies.empty()) {
            return found(request, std::move(anomalies), counts(history));
        }
    }
    return judge_by_search(model, history, request, budget);
}

Result<Judgement> judge_set(
    const RecordedHistory& history, const Asked&, SearchRequest request, Budget& budget) {
    request.object = "set";
    SetModel model;
    if (std::string wrong = first_wrong(model, history); !wrong.empty()) {
        return failure(Errc::malformed_history, std::move(wrong));
    }
    const bool reads = std::any_of(
        history.operations.begin(), history.operations.end(), [](const RecordedOperation& one) {
            return one.f == "read" && one.outcome == Outcome::ok && !one.answered.is_nil();
        });
    if (is_linearizable(request) && reads) {
        if (auto anomalies = growing_set_anomalies(history)) {
            return found(request, std::move(*anomalies), counts(history));
        }
    }
    return judge_by_search(model, history, request, budget);
}

Result<Judgement> judge_counter(
    const RecordedHistory& history, const Asked& asked, SearchRequest request, Budget& budget) {
    request.object = "counter";
    const auto initial =
        asked.has_initial ? asked.initial.integer() : std::optional<std::int64_t>(0);
    if (!initial) {
        return failure(Errc::unknown_option, "a counter begins with a number: counter(init=5)");
    }
    CounterModel model(*initial);
    if (std::string wrong = first_wrong(model, history); !wrong.empty()) {
        return failure(Errc::malformed_history, std::move(wrong));
    }
    if (is_linearizable(request)) {
        auto anomalies = model.outside_bounds(history);
        if (!anomalies.empty()) {
            return found(request, std::move(anomalies), counts(history));
        }
    }
    return judge_by_search(model, history, request, budget);
}

Result<Judgement> judge_mutex(
    const RecordedHistory& history, const Asked& asked, SearchRequest request, Budget& budget) {
    request.object = "lock";
    MutexModel model(asked.name == "mutex"         ? MutexModel::Rule::any
                     : asked.name == "owner-mutex" ? MutexModel::Rule::owner
                                                   : MutexModel::Rule::fenced);
    return judge_by_search(model, history, request, budget);
}

Result<Judgement> judge_bank(
    const RecordedHistory& history, const Asked& asked, SearchRequest request, Budget& budget) {
    request.object = "bank";
    BankModel model(history);
    if (std::string wrong = first_wrong(model, history); !wrong.empty()) {
        return failure(Errc::malformed_history, std::move(wrong));
    }
    std::uint64_t reads = 0;
    auto anomalies = model.wrong_totals(history, asked.total, reads);
    auto coverage = counts(history);
    coverage.emplace_back("reads of all balances", reads);
    const bool by_rules = request.level == "snapshot-isolation" || !anomalies.empty();
    Judgement judged = found(request, std::move(anomalies), std::move(coverage));
    if (reads == 0) {
        judged.verdict = Verdict::inconclusive;
        judged.reason = "no read tells the balances, so there is nothing to examine";
        return judged;
    }
    if (by_rules) {
        return judged;
    }
    if (!model.knows_beginning()) {
        judged.verdict = Verdict::inconclusive;
        judged.reason =
            "every read shows the right total, but no read before the first transfer tells the "
            "balances at the beginning";
        return judged;
    }
    return judge_by_search(model, history, request, budget);
}

Result<Judgement> judge_multi_register(
    const RecordedHistory& history, const Asked&, SearchRequest request, Budget& budget) {
    request.object = "registers";
    MultiRegisterModel model;
    return judge_by_search(model, history, request, budget);
}

Result<Judgement> judge_stream(
    const RecordedHistory& history, const Asked&, SearchRequest request, Budget& budget) {
    request.object = "stream";
    StreamModel model;
    return judge_by_search(model, history, request, budget);
}

const std::vector<ObjectModel>& models() {
    static const std::vector<std::string_view> all = search_level_names();
    static const std::vector<std::string_view> orders = {"linearizable", "sequential"};
    static const std::vector<std::string_view> transactions = {
        "linearizable", "sequential", "strict-serializable", "strong-session-serializable"};
    static const std::vector<std::string_view> bank = {"snapshot-isolation", "linearizable",
        "sequential", "strict-serializable", "strong-session-serializable"};
    static const std::vector<ObjectModel> models = {
        {"register", {"init"}, all, judge_register},
        {"cas-register", {"init"}, all, judge_register},
        {"kv", {"init", "partition-by-key", "no-partition"}, all, judge_kv},
        {"kv-append", {"init", "partition-by-key", "no-partition"}, all, judge_kv},
        {"queue", {}, orders, judge_queue},
        {"fifo-queue", {}, orders, judge_queue},
        {"stack", {}, orders, judge_queue},
        {"set", {}, all, judge_set},
        {"counter", {"init"}, all, judge_counter},
        {"mutex", {}, orders, judge_mutex},
        {"owner-mutex", {}, orders, judge_mutex},
        {"fenced-mutex", {}, orders, judge_mutex},
        {"bank", {"total"}, bank, judge_bank},
        {"multi-register", {}, transactions, judge_multi_register},
        {"s2-stream", {}, all, judge_stream},
    };
    return models;
}

const ObjectModel* find(std::string_view name) {
    const auto at = std::find_if(models().begin(), models().end(),
        [name](const ObjectModel& model) { return model.name == name; });
    return at == models().end() ? nullptr : &*at;
}

std::string_view bare(std::string_view model) {
    return model.substr(0, model.find('('));
}

std::string joined(const std::vector<std::string_view>& words) {
    std::string out;
    for (const std::string_view word : words) {
        out += out.empty() ? "" : ", ";
        out += word;
    }
    return out;
}

Result<void> take_argument(std::string_view argument, const ObjectModel& model, Asked& asked) {
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const bool known =
        std::find(model.arguments.begin(), model.arguments.end(), name) != model.arguments.end();
    if (!known) {
        return failure(Errc::unknown_option,
            fmt::format("the model {} has no argument {:.60}; {}", model.name, argument,
                model.arguments.empty() ? "it has none" : "it has " + joined(model.arguments)));
    }
    if (name == "partition-by-key" || name == "no-partition") {
        asked.by_key = name == "partition-by-key";
        return {};
    }
    const auto value =
        parse_edn(equals == std::string_view::npos ? "" : argument.substr(equals + 1));
    if (!value || (name == "total" && !value->integer())) {
        return failure(Errc::unknown_option, fmt::format("{:.60}: expected {}={}", argument, name,
                                                 name == "total" ? "NUMBER" : "VALUE"));
    }
    if (name == "total") {
        asked.total = value->integer();
    } else {
        asked.initial = *value;
        asked.has_initial = true;
    }
    return {};
}

// "name" or "name(argument, argument)".
Result<Asked> take_apart(std::string_view text, const ObjectModel& model) {
    Asked asked;
    asked.name = model.name;
    std::string_view rest = text.substr(model.name.size());
    if (rest.empty()) {
        return asked;
    }
    if (rest.front() != '(' || rest.back() != ')') {
        return failure(Errc::unknown_option,
            fmt::format("{:.80}: expected {}(argument, ...)", text, model.name));
    }
    rest = rest.substr(1, rest.size() - 2);
    while (!rest.empty()) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        std::string_view argument = rest.substr(0, comma);
        while (argument.starts_with(' ')) {
            argument.remove_prefix(1);
        }
        LEDGER_CHECK(take_argument(argument, model, asked));
        rest.remove_prefix(std::min(rest.size(), comma + 1));
    }
    return asked;
}

}  // namespace

std::vector<std::string_view> object_model_names() {
    std::vector<std::string_view> out;
    for (const ObjectModel& model : models()) {
        out.push_back(model.name);
    }
    return out;
}

bool is_object_model(std::string_view model) {
    return find(bare(model)) != nullptr;
}

std::vector<std::string_view> object_model_levels(std::string_view name) {
    const ObjectModel* model = find(bare(name));
    return model == nullptr ? std::vector<std::string_view>() : model->levels;
}

Result<Judgement> judge_object(
    const RecordedHistory& history, const ObjectOptions& options, Budget& budget) {
    const ObjectModel* model = find(bare(options.model));
    if (model == nullptr) {
        return failure(Errc::unknown_option, fmt::format("there is no model {:.60}; there are {}",
                                                 options.model, joined(object_model_names())));
    }
    LEDGER_TRY(const Asked asked, take_apart(options.model, *model));
    SearchRequest request;
    request.model = options.model;
    request.level = options.level.empty() ? std::string(model->levels.front()) : options.level;
    const auto known =
        std::find_if(model->levels.begin(), model->levels.end(), [&](std::string_view level) {
            return level == request.level ||
                   (level == "session" && request.level.find('+') != std::string::npos) ||
                   (level.starts_with("bounded-staleness=") &&
                       request.level.starts_with("bounded-staleness="));
        });
    // Transactions have names of their own for the same orders.
    std::string_view order = request.level;
    if (request.level == "strict-serializable" || request.level == "snapshot-isolation") {
        order = "linearizable";
    } else if (request.level == "strong-session-serializable") {
        order = "sequential";
    }
    const auto level = search_level_of(order);
    if (known == model->levels.end() || !level) {
        return failure(Errc::unknown_option,
            fmt::format("the model {} does not know the level {:.60}; it knows {}", model->name,
                request.level, joined(model->levels)));
    }
    request.order = *level;
    return model->judge(history, asked, std::move(request), budget);
}

}  // namespace ledger::check
