#pragma once
// Kafka order: which record stands where in each log, as sends and polls show it.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/check/transactions/anomalies.h"
#include "sim/check/transactions/effort.h"
#include "sim/check/transactions/kafka_operations.h"

namespace ledger::check {

// The known offsets of each key, sorted; a record's place is its number among them, so that offsets
// which nobody is known to hold are no gaps. Adds inconsistent-offsets and duplicate.
class KafkaOrder {
  public:
    KafkaOrder(const KafkaHistory& history, Anomalies& anomalies, Effort& effort);

    // An operation without answer has committed if an ok poll returned something that it sent.
    bool committed(std::uint32_t operation) const { return committed_[operation]; }
    // Per key the records in order; if an offset has several, one of them.
    const std::vector<std::uint32_t>& log(std::uint32_t key) const { return logs_[key]; }
    // The place of what was sent or polled, if it is known.
    std::optional<std::uint64_t> place(const KafkaSight& sight) const;
    bool is_duplicate(std::uint32_t record) const { return is_duplicate_[record]; }
    // How many places are known.
    std::uint64_t places() const { return places_; }

  private:
    struct Known {
        std::uint32_t key = 0;
        std::int64_t offset = 0;
        std::uint32_t record = 0;
        std::uint32_t operation = 0;  // that shows it
    };
    std::vector<Known> known_offsets() const;
    // All of one offset of one key.
    void add_place(std::span<const Known> known);
    void add_duplicates(std::vector<Known> known);

    const KafkaHistory& history_;
    Anomalies& anomalies_;
    std::vector<bool> committed_;
    std::vector<std::vector<std::uint32_t>> logs_;
    std::vector<std::vector<std::int64_t>> offsets_;  // per key, of the places of logs_
    std::vector<std::uint32_t> place_of_record_;      // its first, or none
    std::vector<bool> is_duplicate_;                  // per record
    std::uint64_t places_ = 0;
};

}  // namespace ledger::check
