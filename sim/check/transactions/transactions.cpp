#include "sim/check/transactions/transactions.h"

#include <array>
#include <optional>

#include <fmt/format.h>

#include "sim/check/errc.h"
#include "sim/check/transactions/anomalies.h"
#include "sim/check/transactions/kafka_log.h"
#include "sim/check/transactions/list_append.h"
#include "sim/check/transactions/rw_register.h"
#include "sim/check/transactions/transaction.h"

namespace ledger::check {
namespace {

enum class Family : std::uint8_t {
    list_append = 1,
    rw_register,
    writes_alone,
    long_fork,
    kafka_log
};

struct Model {
    std::string_view name;
    Family family;
    std::optional<Level> fixed;  // the only level
    KafkaOptions kafka = {};
};

constexpr std::array models = {
    Model{"list-append", Family::list_append, std::nullopt},
    Model{"list-append (JSON form)", Family::list_append, std::nullopt},
    Model{"list-append / serializable", Family::list_append, Level::serializable},
    Model{"rw-register", Family::rw_register, std::nullopt},
    // G0 is all that read uncommitted forbids.
    Model{"rw-register (default anomalies)", Family::writes_alone, Level::read_uncommitted},
    Model{"rw-register (JSON form)", Family::writes_alone, Level::read_uncommitted},
    Model{"long-fork", Family::long_fork, std::nullopt},
    Model{"kafka-log", Family::kafka_log, std::nullopt},
    Model{"kafka-log(batches=interleaved)", Family::kafka_log, std::nullopt,
        {.interleaved_batches = true}},
    Model{"kafka-log(end=polled)", Family::kafka_log, std::nullopt, {.end_is_polled = true}},
};

const Model* model_named(std::string_view name) {
    for (const Model& model : models) {
        if (model.name == name) {
            return &model;
        }
    }
    return nullptr;
}

// The levels a model knows.
bool knows(const Model& model, Level level) {
    if (model.fixed) {
        return level == *model.fixed;
    }
    return model.family != Family::kafka_log || implies(Level::read_committed, level);
}

// What was not looked for is not known to hold.
void cap_held(const Model& model, Judgement& judgement) {
    const std::optional<Level> held = level_named(judgement.strongest_held);
    const Level most = model.family == Family::kafka_log      ? Level::read_committed
                       : model.family == Family::writes_alone ? Level::read_uncommitted
                                                              : Level::strict_serializable;
    if (held && *held > most) {
        judgement.strongest_held = to_text(most);
    }
}

Result<Level> level_of(const Model& model, const std::string& name) {
    if (name.empty()) {
        return model.fixed                         ? *model.fixed
               : model.family == Family::kafka_log ? Level::read_committed
                                                   : Level::strict_serializable;
    }
    const std::optional<Level> level = level_named(name);
    if (level && knows(model, *level)) {
        return *level;
    }
    std::string known;
    for (const Level other : levels) {
        if (knows(model, other)) {
            known += known.empty() ? "" : ", ";
            known += to_text(other);
        }
    }
    return failure(Errc::unknown_option,
        fmt::format("unknown level {} of model {}; known: {}", name, model.name, known));
}

// Adds what is wrong with the history.
Result<Coverage> examine(
    const RecordedHistory& history, const Model& model, Anomalies& anomalies, Effort& effort) {
    if (model.family == Family::kafka_log) {
        return examine_kafka_log(history, model.kafka, anomalies, effort);
    }
    const bool append = model.family == Family::list_append;
    LEDGER_TRY(const Transactions transactions,
        read_transactions(history, append ? WriteKind::append : WriteKind::write));
    effort.hold(transactions.all.size() * sizeof(Transaction) +
                transactions.micros.size() * sizeof(MicroOperation));
    switch (model.family) {
        case Family::list_append: return examine_list_append(transactions, anomalies, effort);
        case Family::rw_register: return examine_rw_register(transactions, anomalies, effort);
        case Family::writes_alone: return examine_register_writes(transactions, anomalies, effort);
        case Family::long_fork: return examine_long_fork(transactions, anomalies, effort);
        case Family::kafka_log: break;
    }
    return Coverage{};
}

std::string micro_text(const Value& micro) {
    const ValueList* parts = micro.list();
    if (parts == nullptr || parts->empty()) {
        return to_text(micro, 60);
    }
    std::string out = to_text((*parts)[0], 20);
    for (std::uint64_t i = 1; i < parts->size(); ++i) {
        const bool is_answer = i == 2 && (out.starts_with("r ") || out.starts_with("read "));
        out += (is_answer ? " -> " : " ") + to_text((*parts)[i], 100);
    }
    return out;
}

}  // namespace

bool is_transaction_model(std::string_view model) {
    return model_named(model) != nullptr;
}

std::string transaction_models() {
    std::string out;
    for (const Model& model : models) {
        out += out.empty() ? "" : ", ";
        out += model.name;
    }
    return out;
}

Result<Judgement> judge_transactions(
    const RecordedHistory& history, const TransactionOptions& options, Budget& budget) {
    const Model* model = model_named(options.model);
    if (model == nullptr) {
        return failure(
            Errc::unknown_option, fmt::format("unknown model {} of transactions; known: {}",
                                      options.model, transaction_models()));
    }
    LEDGER_TRY(const Level level, level_of(*model, options.level));
    Effort effort(budget);
    Anomalies anomalies;
    LEDGER_TRY(const Coverage coverage, examine(history, *model, anomalies, effort));

    Judgement out;
    out.model = options.model;
    out.level = to_text(level);
    out.coverage = coverage.counts;
    anomalies.judge(level, out);
    cap_held(*model, out);
    if (out.verdict == Verdict::violated) {
        return out;
    }
    if (effort.spent()) {
        out.reason = budget.why();
        out.strongest_held.clear();
    } else if (coverage.examined == 0) {
        out.reason = "no answer shows anything that could be compared";
        out.strongest_held.clear();
    } else {
        out.verdict = Verdict::ok;
    }
    return out;
}

PageOperation transaction_page_operation(const RecordedHistory& history, std::uint64_t id) {
    const RecordedOperation& operation = history.operations[id];
    PageOperation out;
    out.id = id;
    out.lane = fmt::format("client {}", operation.process);
    out.called = operation.called;
    out.returned = operation.returned;
    out.called_ns = operation.called_ns;
    out.returned_ns = operation.returned_ns;
    out.line = operation.called_line;
    out.outcome = operation.outcome;
    out.kind = operation.f.empty() ? "transaction" : operation.f;
    const bool answered = operation.answered.list() != nullptr;
    const Value& value = answered ? operation.answered : operation.asked;
    if (const ValueList* micros = value.list()) {
        for (const Value& micro : *micros) {
            out.text += (out.text.empty() ? "" : ", ") + micro_text(micro);
            const ValueList* parts = micro.list();
            if (out.key.empty() && parts != nullptr && parts->size() > 1) {
                out.key = to_text((*parts)[1], 60);
            }
        }
    } else {
        out.text = to_text(value);
    }
    return out;
}

}  // namespace ledger::check
