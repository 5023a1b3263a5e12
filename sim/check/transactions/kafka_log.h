#pragma once
// Kafka log: judges sends and polls of logs with offsets, one log per key.

#include "log/base/result.h"
#include "sim/check/recorded/recorded_history.h"
#include "sim/check/transactions/anomalies.h"
#include "sim/check/transactions/coverage.h"
#include "sim/check/transactions/effort.h"

namespace ledger::check {

struct KafkaOptions {
    // Records of several producers may interleave, as they do in Kafka, where a transaction's sends
    // are not isolated: then int-send-skip and G0 are no errors, and the order of sends makes no
    // edges. Off: the sends of one operation stand next to each other in the log.
    bool interleaved_batches = false;
    // The consumers polled each log to its end after the last send, so that what was acknowledged
    // and never polled is an error ("unseen"); otherwise it is a number of the coverage.
    bool end_is_polled = false;
};

// The catalogue of the reference (checking, section 17.1). Operations: f = send, poll or txn, with
// micro-operations ["send" key value] (answered with [offset value] for the value, where the offset
// is known) and ["poll"] (answered with {key [[offset value] ...]}); and assign or subscribe with a
// list of keys. Others are skipped. Values are unique per key.
Result<Coverage> examine_kafka_log(const RecordedHistory& history, const KafkaOptions& options,
    Anomalies& anomalies, Effort& effort);

}  // namespace ledger::check
