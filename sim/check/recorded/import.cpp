#include "sim/check/recorded/import.h"

#include <fmt/format.h>

#include "sim/check/errc.h"
#include "sim/check/recorded/import_events.h"

namespace ledger::check {
namespace {

struct FormatName {
    std::string_view name;
    HistoryFormat format;
};
constexpr FormatName format_names[] = {
    {"native", HistoryFormat::native_log},
    {"edn", HistoryFormat::edn},
    {"json", HistoryFormat::json},
    {"jepsen-log", HistoryFormat::jepsen_log},
    {"kv-text", HistoryFormat::kv_text},
    {"list-append-cases", HistoryFormat::list_append_cases},
    {"kafka-cases", HistoryFormat::kafka_cases},
    {"start-finish", HistoryFormat::start_finish},
};

}  // namespace

std::optional<HistoryFormat> format_of(std::string_view name) {
    for (const FormatName& known : format_names) {
        if (known.name == name) {
            return known.format;
        }
    }
    return std::nullopt;
}

std::string_view format_name(HistoryFormat format) {
    for (const FormatName& known : format_names) {
        if (known.format == format) {
            return known.name;
        }
    }
    return "unknown";
}

Result<RecordedHistory> import_history(
    std::string_view text, std::optional<HistoryFormat> format, const ReadLimits& limits) {
    const HistoryFormat known = format ? *format : detect_format(text);
    text = without_byte_order_mark(text);
    Pairing pairing;
    switch (known) {
        case HistoryFormat::edn:
        case HistoryFormat::kv_text: LEDGER_CHECK(read_edn_maps(text, limits, pairing)); break;
        case HistoryFormat::json: LEDGER_CHECK(read_json_maps(text, limits, pairing)); break;
        case HistoryFormat::jepsen_log: LEDGER_CHECK(read_jepsen_log(text, limits, pairing)); break;
        case HistoryFormat::start_finish:
            LEDGER_CHECK(read_start_finish(text, limits, pairing));
            break;
        case HistoryFormat::native_log:
        case HistoryFormat::list_append_cases:
        case HistoryFormat::kafka_cases:
            return error_at(text, 0,
                fmt::format(
                    "expected one history of operation maps or lines, found {}", to_text(known)));
    }
    RecordedHistory history = std::move(pairing).history(known);
    if (history.operations.empty()) {
        return error_at(text, text.size(), "expected an operation: the history holds none");
    }
    return history;
}

}  // namespace ledger::check
