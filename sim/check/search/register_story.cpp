#include "sim/check/search/register_story.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/check/recorded/operation_text.h"

namespace ledger::check {
namespace {

// What an operation writes, or what a read was told.
struct Touch {
    Value key;
    Value value;
    bool reads = false;
    bool writes = false;
};

Touch touch_of(const RecordedOperation& operation, bool keyed) {
    Touch out;
    const auto second = [&](const Value& value, bool take_key) -> Value {
        const ValueList* pair = value.list();
        if (!keyed || pair == nullptr || pair->size() != 2) {
            return value;
        }
        out.key = take_key ? (*pair)[0] : out.key;
        return (*pair)[1];
    };
    const Value asked = second(operation.asked, true);
    const std::string& f = operation.f;
    if (f == "read" || f == "get" || f == "r") {
        out.reads = operation.outcome == Outcome::ok;
        out.value = second(operation.answered, false);
    } else if (operation.outcome != Outcome::failed && f == "cas") {
        const ValueList* pair = asked.list();
        out.writes = pair != nullptr && pair->size() == 2;
        out.value = out.writes ? (*pair)[1] : Value();
    } else if (operation.outcome != Outcome::failed && f != "append") {
        out.writes = true;
        out.value = asked;
    }
    return out;
}

}  // namespace

void tell_register_story(
    const RecordedHistory& history, const Value& initial, bool keyed, Judgement& judgement) {
    if (judgement.anomalies.empty() || judgement.anomalies[0].operations.empty() ||
        judgement.level != "linearizable") {
        return;
    }
    const bool appends = std::any_of(history.operations.begin(), history.operations.end(),
        [](const RecordedOperation& one) { return one.f == "append"; });
    Anomaly& anomaly = judgement.anomalies[0];
    const RecordedOperation& read = history.operations[anomaly.operations[0]];
    const Touch told = touch_of(read, keyed);
    if (appends || !told.reads) {
        return;
    }
    std::vector<const RecordedOperation*> writers;
    std::vector<const RecordedOperation*> others;  // that ended before the read was called
    for (const RecordedOperation& one : history.operations) {
        const Touch touch = touch_of(one, keyed);
        if (!touch.writes || !(touch.key == told.key)) {
            continue;
        }
        if (touch.value == told.value) {
            writers.push_back(&one);
        } else if (one.returned < read.called) {
            others.push_back(&one);
        }
    }
    std::string story;
    std::string name;
    std::vector<std::uint64_t> witness = {read.id};
    const bool began_with_it = told.value == initial;
    const auto called_in_time = [&](const RecordedOperation* one) {
        return one->called <= read.returned;
    };
    if (!began_with_it && std::none_of(writers.begin(), writers.end(), called_in_time)) {
        name = writers.empty() ? "garbage-read" : "future-read";
        story = writers.empty() ? "which nobody wrote"
                                : fmt::format("which only {} writes, and it was called later",
                                      operation_with_place(*writers[0]));
        if (!writers.empty()) {
            witness.push_back(writers[0]->id);
        }
    } else {
        // One that no writer of the value can come behind.
        const auto over =
            std::find_if(others.begin(), others.end(), [&](const RecordedOperation* other) {
                return std::all_of(
                    writers.begin(), writers.end(), [&](const RecordedOperation* writer) {
                        return writer->returned < other->called || writer->called > read.returned;
                    });
            });
        if (over == others.end()) {
            return;
        }
        name = "stale-read";
        story = fmt::format("but {} had written over it and ended before the read was called",
            operation_with_place(**over));
        witness.push_back((*over)->id);
    }
    anomaly.steps.insert(anomaly.steps.begin(), anomaly.sentence);
    anomaly.name = name;
    anomaly.sentence =
        fmt::format("{} saw {}, {}", operation_with_place(read), to_text(told.value, 80), story);
    for (const std::uint64_t id : anomaly.operations) {
        if (std::find(witness.begin(), witness.end(), id) == witness.end()) {
            witness.push_back(id);
        }
    }
    anomaly.operations = std::move(witness);
}

}  // namespace ledger::check
