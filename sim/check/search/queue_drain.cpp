#include "sim/check/search/queue_drain.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/check/errc.h"

namespace ledger::check {

bool has_drains(const RecordedHistory& history) {
    return std::any_of(history.operations.begin(), history.operations.end(),
        [](const RecordedOperation& operation) { return operation.f == "drain"; });
}

void Drained::name_originals(Judgement& judgement) const {
    for (Anomaly& anomaly : judgement.anomalies) {
        std::vector<std::uint64_t> named;
        for (const std::uint64_t id : anomaly.operations) {
            const std::uint64_t original = originals[id];
            if (std::find(named.begin(), named.end(), original) == named.end()) {
                named.push_back(original);
            }
        }
        anomaly.operations = std::move(named);
    }
    for (PartialOrder& partial : judgement.partial) {
        for (PartialOrder::Step& step : partial.steps) {
            step.operation = originals[step.operation];
        }
        for (PartialOrder::Refused& refused : partial.refused) {
            refused.operation = originals[refused.operation];
        }
    }
}

Result<Drained> without_drains(const RecordedHistory& history) {
    Drained out;
    out.history.format = history.format;
    out.history.annotations = history.annotations;
    const auto add = [&out](RecordedOperation operation) {
        out.originals.push_back(operation.id);
        operation.id = out.history.operations.size();
        out.history.operations.push_back(std::move(operation));
    };
    for (const RecordedOperation& operation : history.operations) {
        if (operation.f != "drain") {
            add(operation);
            continue;
        }
        if (operation.outcome == Outcome::failed) {
            continue;
        }
        const ValueList* values = operation.answered.list();
        const bool nothing = operation.outcome == Outcome::ok && operation.answered.is_nil();
        if (operation.outcome == Outcome::unknown || (values == nullptr && !nothing)) {
            return failure(Errc::malformed_history,
                fmt::format("line {}: expected a drain that says what it took: one without an "
                            "answer may have taken anything",
                    operation.called_line));
        }
        RecordedOperation take = operation;
        take.f = "dequeue";
        take.asked = Value();
        for (std::uint64_t i = 0; values != nullptr && i < values->size(); ++i) {
            take.answered = (*values)[i];
            add(take);
        }
        take.answered = Value();
        add(take);
    }
    return out;
}

}  // namespace ledger::check
