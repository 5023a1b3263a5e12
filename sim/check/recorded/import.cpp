#include "sim/check/recorded/import.h"

#include <algorithm>

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

// A beginning of this size shows the format; an object that is cut at its end does no harm.
constexpr std::uint64_t beginning_bytes = 1u << 16;

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

// Where the first character stands that is neither blank nor in a comment.
std::size_t first_character(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        if (text[at] == ';') {
            at = std::min(text.find('\n', at), text.size());
        } else if (text[at] == ' ' || text[at] == ',' || (text[at] >= '\t' && text[at] <= '\r')) {
            ++at;
        } else {
            break;
        }
    }
    return at;
}

// Whether a JSON object that may be cut at its end has this key, in it or in what it holds.
bool has_key(std::string_view object, std::string_view key) {
    const std::string quoted = fmt::format("\"{}\"", key);
    for (std::size_t at = object.find(quoted); at != std::string_view::npos;
        at = object.find(quoted, at + 1)) {
        const std::size_t behind = object.find_first_not_of(" \t\r\n", at + quoted.size());
        if (behind != std::string_view::npos && object[behind] == ':') {
            return true;
        }
    }
    return false;
}

HistoryFormat json_format(std::string_view text, bool in_array) {
    if (in_array) {
        if (has_key(text, "expected_errors")) {
            return HistoryFormat::kafka_cases;
        }
        return has_key(text, "expected_anomalies") ? HistoryFormat::list_append_cases
                                                   : HistoryFormat::json;
    }
    const std::string_view line = text.substr(0, text.find('\n'));
    if (has_key(line, "client_id") && has_key(line, "op_id")) {
        return HistoryFormat::start_finish;
    }
    return has_key(line, "type") && has_key(line, "process") && !has_key(line, "status")
               ? HistoryFormat::json
               : HistoryFormat::native_log;
}

// Maps one after another, the first one with a key beside the value.
bool is_kv_text(std::string_view text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    return line.find(":key") != std::string_view::npos && line.find('}') != std::string_view::npos;
}

}  // namespace

HistoryFormat detect_format(std::string_view text) {
    if (text.starts_with(byte_order_mark)) {
        text.remove_prefix(byte_order_mark.size());
    }
    const std::size_t begin = first_character(text);
    const std::string_view start = text.substr(begin, beginning_bytes);
    if (start.empty()) {
        return HistoryFormat::edn;
    }
    const bool list = start[0] == '[';
    const std::string_view inner =
        list ? start.substr(std::min(start.size(), 1 + first_character(start.substr(1)))) : start;
    if (inner.starts_with('{')) {
        const std::string_view key =
            inner.substr(std::min(inner.size(), 1 + first_character(inner.substr(1))));
        if (key.starts_with('"')) {
            return json_format(inner, list);
        }
        return !list && is_kv_text(inner) ? HistoryFormat::kv_text : HistoryFormat::edn;
    }
    const std::string_view line = start.substr(0, start.find('\n'));
    const bool log = line.starts_with("INFO") || line.starts_with("WARN") ||
                     line.find("jepsen.util - ") != std::string_view::npos;
    return log ? HistoryFormat::jepsen_log : HistoryFormat::edn;
}

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
    if (text.starts_with(byte_order_mark)) {
        text.remove_prefix(byte_order_mark.size());
    }
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
