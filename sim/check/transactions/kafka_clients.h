#pragma once
// Kafka clients: whether each consumer and each producer went forward through its logs.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/check/transactions/anomalies.h"
#include "sim/check/transactions/effort.h"
#include "sim/check/transactions/kafka_operations.h"
#include "sim/check/transactions/kafka_order.h"

namespace ledger::check {

// Consumers: poll-skip, nonmonotonic-poll and the same inside one operation (int-poll-skip,
// int-nonmonotonic-poll). Where a consumer stands is where its last ok operation ended: one that
// failed or whose outcome is unknown must rewind, so each one is measured from there. An assignment
// forgets the keys that it drops, and all of them if it is not ok.
// Producers: nonmonotonic-send, int-nonmonotonic-send and, unless batches interleave,
// int-send-skip.
class KafkaClients {
  public:
    KafkaClients(const KafkaHistory& history, const KafkaOrder& order, bool interleaved_batches,
        Anomalies& anomalies, Effort& effort);

    // The longest time that the end a poll showed had been outdated already when the poll was
    // called (lower bound), in nanoseconds, or 0; only of histories with times.
    std::int64_t realtime_lag_ns() const { return lag_ns_; }

  private:
    // What one operation saw of one key: places and records, in its order.
    struct Step {
        std::uint64_t place = 0;
        std::uint32_t record = 0;
    };
    using Steps = std::map<std::uint32_t, std::vector<Step>>;  // by key
    struct Stand {
        Step at;
        std::uint32_t operation = 0;  // that brought the client there
    };
    using Stands = std::map<std::uint32_t, Stand>;  // by key
    struct Move {
        std::uint32_t key = 0;
        Step from;
        Step to;
        std::uint32_t from_operation = 0;
        std::uint32_t to_operation = 0;
    };

    Steps steps_of(const std::vector<KafkaSight>& sights) const;
    void consume(std::uint32_t operation, Stands& stands);
    void produce(std::uint32_t operation, Stands& stands);
    void add(std::string_view name, const Move& move, std::string_view what);
    std::string skipped(const Move& move) const;
    void note_known_times();
    void measure_lag(const KafkaOperation& operation, const Stands& stands);

    const KafkaHistory& history_;
    const KafkaOrder& order_;
    const bool interleaved_batches_;
    Anomalies& anomalies_;
    // Per key and place the earliest time at which this place or a later one was known to be taken.
    std::vector<std::vector<std::int64_t>> known_ns_;
    std::int64_t lag_ns_ = 0;
};

}  // namespace ledger::check
