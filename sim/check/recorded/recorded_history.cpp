#include "sim/check/recorded/recorded_history.h"

namespace ledger::check {

std::string_view to_text(Outcome outcome) {
    return outcome == Outcome::ok ? "ok" : outcome == Outcome::failed ? "failed" : "unknown";
}

std::string_view to_text(HistoryFormat format) {
    switch (format) {
        case HistoryFormat::native_log: return "JSON lines";
        case HistoryFormat::edn: return "EDN operation maps";
        case HistoryFormat::json: return "JSON operation maps";
        case HistoryFormat::jepsen_log: return "Jepsen log lines";
        case HistoryFormat::kv_text: return "key-value lines";
        case HistoryFormat::list_append_cases: return "list-append cases";
        case HistoryFormat::kafka_cases: return "Kafka cases";
        case HistoryFormat::start_finish: return "start and finish lines";
    }
    return "unknown format";
}

}  // namespace ledger::check
