#include "sim/check/transactions/kafka_clients.h"

#include <algorithm>

#include <fmt/format.h>

namespace ledger::check {

KafkaClients::KafkaClients(const KafkaHistory& history, const KafkaOrder& order,
    bool interleaved_batches, Anomalies& anomalies, Effort& effort)
    : history_(history),
      order_(order),
      interleaved_batches_(interleaved_batches),
      anomalies_(anomalies) {
    note_known_times();
    std::map<std::int64_t, Stands> consumers;
    std::map<std::int64_t, Stands> producers;
    for (std::uint32_t o = 0; o < history.operations.size() && effort.step(); ++o) {
        const KafkaOperation& operation = history.operations[o];
        consume(o, consumers[operation.process]);
        if (order.committed(o) && !operation.sends.empty()) {
            produce(o, producers[operation.process]);
        }
    }
}

KafkaClients::Steps KafkaClients::steps_of(const std::vector<KafkaSight>& sights) const {
    Steps steps;
    for (const KafkaSight& sight : sights) {
        if (const auto place = order_.place(sight)) {
            steps[history_.records[sight.record].key].push_back({*place, sight.record});
        }
    }
    return steps;
}

std::string KafkaClients::skipped(const Move& move) const {
    std::string out;
    std::uint64_t count = 0;
    for (std::uint64_t p = move.from.place + 1; p < move.to.place; ++p) {
        if (++count <= 5) {
            out += (out.empty() ? "" : ", ") + history_.value_text(order_.log(move.key)[p]);
        }
    }
    return count <= 5 ? out : fmt::format("{} and {} others", out, count - 5);
}

// `what`: "polled" or "sent".
void KafkaClients::add(std::string_view name, const Move& move, std::string_view what) {
    const bool inside = move.from_operation == move.to_operation;
    const std::string from = history_.value_text(move.from.record);
    const std::string to = history_.value_text(move.to.record);
    const std::string key = history_.keys[move.key];
    std::string sentence;
    if (move.to.place > move.from.place) {
        sentence = fmt::format("{} {} {} and next {} of {}, over {}",
            history_.name(move.to_operation), what, from, to, key, skipped(move));
    } else {
        sentence = fmt::format("{} {} {} of {} after {}, which does not stand before it (delta {})",
            history_.name(move.to_operation), what, to, key, from,
            static_cast<std::int64_t>(move.to.place) - static_cast<std::int64_t>(move.from.place));
    }
    std::vector<std::uint64_t> operations = {history_.operations[move.to_operation].id};
    if (!inside) {
        sentence += fmt::format("; {} had {} {}", history_.name(move.from_operation), what, from);
        operations.insert(operations.begin(), history_.operations[move.from_operation].id);
    }
    anomalies_.add({{{std::string(name), {Level::read_uncommitted}}}, std::move(sentence), {},
        std::move(operations)});
}

void KafkaClients::consume(std::uint32_t number, Stands& stands) {
    const KafkaOperation& operation = history_.operations[number];
    if (operation.kind == KafkaOperation::Kind::assignment) {
        std::erase_if(stands, [&](const auto& stand) {
            return operation.outcome != Outcome::ok ||
                   std::find(operation.assigned.begin(), operation.assigned.end(), stand.first) ==
                       operation.assigned.end();
        });
        return;
    }
    for (const auto& [key, steps] : steps_of(operation.polls)) {
        const auto stand = stands.find(key);
        if (stand != stands.end()) {
            const Move move{key, stand->second.at, steps.front(), stand->second.operation, number};
            if (move.to.place > move.from.place + 1) {
                add("poll-skip", move, "polled");
            } else if (move.to.place <= move.from.place) {
                add("nonmonotonic-poll", move, "polled");
            }
        }
        for (std::uint64_t i = 1; i < steps.size(); ++i) {
            const Move move{key, steps[i - 1], steps[i], number, number};
            if (move.to.place > move.from.place + 1) {
                add("int-poll-skip", move, "polled");
            } else if (move.to.place <= move.from.place) {
                add("int-nonmonotonic-poll", move, "polled");
            }
        }
        if (operation.outcome == Outcome::ok) {
            stands[key] = {steps.back(), number};
        }
    }
    if (operation.outcome == Outcome::ok) {
        measure_lag(operation, stands);
    }
}

void KafkaClients::produce(std::uint32_t number, Stands& stands) {
    const KafkaOperation& operation = history_.operations[number];
    for (const auto& [key, steps] : steps_of(operation.sends)) {
        const auto stand = stands.find(key);
        if (stand != stands.end() && steps.front().place < stand->second.at.place) {
            add("nonmonotonic-send",
                {key, stand->second.at, steps.front(), stand->second.operation, number}, "sent");
        }
        for (std::uint64_t i = 1; i < steps.size(); ++i) {
            const Move move{key, steps[i - 1], steps[i], number, number};
            if (move.to.place <= move.from.place) {
                add("int-nonmonotonic-send", move, "sent");
            } else if (move.to.place > move.from.place + 1 && !interleaved_batches_) {
                add("int-send-skip", move, "sent");
            }
        }
        // One without answer may have come to its log later than what the client sends next.
        if (operation.outcome == Outcome::ok) {
            stands[key] = {steps.back(), number};
        }
    }
}

void KafkaClients::note_known_times() {
    for (std::uint32_t key = 0; key < history_.keys.size(); ++key) {
        known_ns_.emplace_back(order_.log(key).size(), INT64_MAX);
    }
    for (const KafkaOperation& operation : history_.operations) {
        const auto returned = history_.recorded->operations[operation.id].returned_ns;
        if (operation.outcome != Outcome::ok || !returned) {
            continue;
        }
        for (const auto* sights : {&operation.sends, &operation.polls}) {
            for (const KafkaSight& sight : *sights) {
                if (const auto place = order_.place(sight)) {
                    std::int64_t& known = known_ns_[history_.records[sight.record].key][*place];
                    known = std::min(known, *returned);
                }
            }
        }
    }
    for (std::vector<std::int64_t>& of_key : known_ns_) {
        for (std::uint64_t place = of_key.size(); place > 1; --place) {
            of_key[place - 2] = std::min(of_key[place - 2], of_key[place - 1]);
        }
    }
}

void KafkaClients::measure_lag(const KafkaOperation& operation, const Stands& stands) {
    const auto called = history_.recorded->operations[operation.id].called_ns;
    if (!called || operation.polls.empty()) {
        return;
    }
    for (const auto& [key, stand] : stands) {
        const std::vector<std::int64_t>& known = known_ns_[key];
        if (stand.at.place + 1 < known.size() && known[stand.at.place + 1] < *called) {
            lag_ns_ = std::max(lag_ns_, *called - known[stand.at.place + 1]);
        }
    }
}

}  // namespace ledger::check
