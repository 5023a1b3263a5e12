#include "sim/program/known_models.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "log/base/edit_distance.h"
#include "sim/check/errc.h"
#include "sim/check/log_history/log_judge.h"
#include "sim/check/log_history/log_page.h"
#include "sim/check/log_history/log_reader.h"
#include "sim/check/recorded/operation_text.h"
#include "sim/check/search/object_models.h"
#include "sim/check/transactions/transactions.h"

namespace ledger::sim {
namespace {

// A recorded history and what its judgement says of single operations.
struct Pages {
    check::RecordedHistory history;
    struct Note {
        std::string before;
        std::string after;
        std::string rule;
    };
    std::vector<std::pair<std::uint64_t, Note>> notes;  // by id, rising
};

std::vector<std::pair<std::uint64_t, Pages::Note>> notes_of(const check::Judgement& judgement) {
    std::vector<std::pair<std::uint64_t, Pages::Note>> out;
    for (const check::PartialOrder& order : judgement.partial) {
        std::string before = order.before;
        for (const auto& step : order.steps) {
            out.push_back({step.operation, {before, step.state, {}}});
            before = step.state;
        }
        for (const auto& refused : order.refused) {
            out.push_back({refused.operation, {before, {}, refused.why}});
        }
    }
    std::sort(
        out.begin(), out.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    return out;
}

check::PageOperation page_operation(const Pages& pages, std::uint64_t id) {
    const check::RecordedOperation& operation = pages.history.operations[id];
    check::PageOperation out;
    out.id = id;
    out.lane = fmt::format("client {}", operation.process);
    out.called = operation.called;
    out.returned = operation.returned;
    out.called_ns = operation.called_ns;
    out.returned_ns = operation.returned_ns;
    out.line = operation.called_line;
    out.text = check::operation_text(operation);
    out.outcome = operation.outcome;
    out.kind = operation.f;
    const check::ValueList* tuple = operation.asked.list();
    if (pages.history.format == check::HistoryFormat::kv_text && tuple != nullptr &&
        !tuple->empty()) {
        out.key = to_text((*tuple)[0], 60);
    }
    const auto note = std::lower_bound(pages.notes.begin(), pages.notes.end(), id,
        [](const auto& one, std::uint64_t wanted) { return one.first < wanted; });
    if (note != pages.notes.end() && note->first == id) {
        out.before = note->second.before;
        out.after = note->second.after;
        out.rule = note->second.rule;
    }
    return out;
}

Result<check::RecordedHistory> history_of(const CheckedText& text) {
    if (text.one_case != nullptr) {
        return text.one_case->history;
    }
    return check::import_history(text.text, text.format);
}

// For judges of recorded histories; `operation` shows one on a page.
template <typename Judge, typename Operation>
Result<Judged> judge_recorded(
    const CheckedText& text, const Judge& judge, const Operation& operation) {
    LEDGER_TRY(check::RecordedHistory history, history_of(text));
    LEDGER_TRY(check::Judgement judgement, judge(history));
    auto pages = std::make_shared<Pages>();
    pages->history = std::move(history);
    pages->notes = notes_of(judgement);
    Judged out;
    out.judgement = std::move(judgement);
    out.operations = pages->history.operations.size();
    out.annotations = std::move(pages->history.annotations);
    out.operation = [pages, operation](std::uint64_t id) { return operation(*pages, id); };
    return out;
}

Result<Judged> judge_object_model(const CheckedText& text, const std::string& model,
    const std::string& level, check::Budget& budget) {
    return judge_recorded(
        text,
        [&](const check::RecordedHistory& history) {
            return check::judge_object(history, {model, level}, budget);
        },
        page_operation);
}

Result<Judged> judge_transaction_model(const CheckedText& text, const std::string& model,
    const std::string& level, check::Budget& budget) {
    return judge_recorded(
        text,
        [&](const check::RecordedHistory& history) {
            return check::judge_transactions(history, {model, level}, budget);
        },
        [](const Pages& pages, std::uint64_t id) {
            return check::transaction_page_operation(pages.history, id);
        });
}

std::vector<std::string_view> transaction_levels(std::string_view model) {
    if (model.starts_with("kafka-log")) {
        return {"read-committed", "read-uncommitted"};
    }
    return {"strict-serializable", "strong-session-serializable", "serializable",
        "snapshot-isolation", "repeatable-read", "read-committed", "read-uncommitted"};
}

std::vector<std::string_view> log_levels(std::string_view) {
    return {"linearizable", "strict-serializable", "sequential", "strong-session-serializable",
        "bounded-staleness=5ms", "bounded-staleness=100", "monotonic-reads", "read-your-writes",
        "session", "monotonic-writes", "consistent-prefix", "serializable", "snapshot-isolation",
        "eventual"};
}

// What a page of a log points into.
struct LogPages {
    std::shared_ptr<const check::LogHistory> history;
    check::LogJudgement judged;
    std::optional<check::LogPage> page;
};

Result<Judged> judge_log_model(const CheckedText& text, const std::string& model,
    const std::string& level, check::Budget& budget) {
    if (text.format != check::HistoryFormat::native_log) {
        return failure(check::Errc::unknown_option,
            fmt::format("the model {} is for our own JSON lines (--format native), found {}", model,
                to_text(text.format)));
    }
    LEDGER_TRY(const check::LogOptions options, log_options(level));
    auto pages = std::make_shared<LogPages>();
    pages->history = text.log;
    if (pages->history == nullptr) {
        LEDGER_TRY(check::LogHistory history, check::parse_log_history(text.text));
        pages->history = std::make_shared<const check::LogHistory>(std::move(history));
    }
    pages->judged = check::judge_log(*pages->history, options, budget);
    pages->page.emplace(*pages->history, pages->judged);
    Judged out;
    out.judgement = pages->judged.judgement;
    out.judgement.model = model;
    out.judgement.level = options.level_name;
    out.operations = pages->history->operations.size();
    out.annotations = pages->page->annotations();
    out.floor = pages->page->floor();
    out.operation = [pages](std::uint64_t id) { return pages->page->operation(id); };
    return out;
}

// Every operation is one of these functions, and one of `all_of` is among them.
bool only(const check::RecordedHistory& history, const std::vector<std::string_view>& allowed,
    std::string_view needed) {
    bool has = false;
    for (const check::RecordedOperation& operation : history.operations) {
        if (std::find(allowed.begin(), allowed.end(), operation.f) == allowed.end()) {
            return false;
        }
        has = has || operation.f == needed;
    }
    return has;
}

// [["append" k v] ["r" k nil]]: the function of the first micro-operation that is no read.
std::string micro_function(const check::RecordedHistory& history) {
    for (const check::RecordedOperation& operation : history.operations) {
        const check::ValueList* micros = operation.asked.list();
        for (std::uint64_t i = 0; micros != nullptr && i < micros->size(); ++i) {
            const check::ValueList* parts = (*micros)[i].list();
            if (parts == nullptr || parts->size() != 3 || (*parts)[0].text() == nullptr) {
                return {};
            }
            const std::string& f = (*parts)[0].text()->characters;
            if (f != "r" && f != "read") {
                return f;
            }
        }
    }
    return {};
}

}  // namespace

const std::vector<KnownModel>& known_models() {
    static const std::vector<KnownModel> models = {
        {{"append-only-log", "log"}, "a log whose records have positions, in our own JSON lines",
            is_log_model, log_levels, judge_log_model},
        {check::object_model_names(),
            "sequential objects: registers (init=VALUE), key-value maps (partition-by-key,\n"
            "no-partition), queues, stacks, sets, counters, locks, banks (total=NUMBER)",
            check::is_object_model, check::object_model_levels, judge_object_model},
        {{"list-append", "rw-register", "long-fork", "kafka-log"},
            "transactions of lists or registers; logs with offsets", check::is_transaction_model,
            transaction_levels, judge_transaction_model},
    };
    return models;
}

bool is_log_model(std::string_view model) {
    return model == "append-only-log" || model == "log";
}

Result<check::LogOptions> log_options(const std::string& level) {
    check::LogOptions options;
    if (!level.empty()) {
        LEDGER_TRY(options.level, check::parse_log_mode(level));
        options.level_name = level;
    }
    return options;
}

const KnownModel* find_model(std::string_view model) {
    for (const KnownModel& known : known_models()) {
        if (known.is(model)) {
            return &known;
        }
    }
    return nullptr;
}

std::optional<std::string> obvious_model(const CheckedText& text) {
    using check::HistoryFormat;
    switch (text.format) {
        case HistoryFormat::native_log: return "log";
        case HistoryFormat::start_finish: return "s2-stream";
        case HistoryFormat::jepsen_log: return "cas-register";
        case HistoryFormat::kv_text: return "kv-append";
        case HistoryFormat::list_append_cases: return "list-append";
        case HistoryFormat::kafka_cases: return "kafka-log";
        case HistoryFormat::edn:
        case HistoryFormat::json: break;
    }
    const auto history = history_of(text);
    if (!history) {
        return std::nullopt;
    }
    const std::string micro = micro_function(*history);
    if (micro == "append") {
        return "list-append";
    }
    if (micro == "w") {
        return "rw-register";
    }
    if (micro == "send") {
        return "kafka-log";
    }
    if (only(*history, {"read", "write", "cas"}, "write") ||
        only(*history, {"read", "cas"}, "cas")) {
        return "cas-register";
    }
    if (only(*history, {"read", "transfer"}, "transfer")) {
        return "bank";
    }
    if (only(*history, {"acquire", "release"}, "acquire")) {
        return "mutex";
    }
    return std::nullopt;
}

std::string_view most_like(std::string_view name, const std::vector<std::string_view>& names) {
    const auto best =
        std::min_element(names.begin(), names.end(), [&](std::string_view a, std::string_view b) {
            return edit_distance(name, a) < edit_distance(name, b);
        });
    return best == names.end() ? std::string_view() : *best;
}

}  // namespace ledger::sim
