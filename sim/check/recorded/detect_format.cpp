#include <algorithm>
#include <cctype>
#include <vector>

#include "sim/check/recorded/import.h"
#include "sim/check/recorded/import_events.h"

namespace ledger::check {
namespace {

// A beginning of this size shows the format; an object that is cut at its end does no harm.
constexpr std::uint64_t beginning_bytes = 1u << 16;

bool is_blank(char c) {
    return c == ' ' || c == ',' || (c >= '\t' && c <= '\r');
}

// Where the first character stands that is neither blank nor in a comment.
std::size_t first_character(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        if (text[at] == ';') {
            at = std::min(text.find('\n', at), text.size());
        } else if (is_blank(text[at])) {
            ++at;
        } else {
            break;
        }
    }
    return at;
}

std::string_view from_first_character(std::string_view text) {
    return text.substr(first_character(text));
}

// The object or list that the text begins with; all of the text if it is cut at its end.
std::string_view first_value(std::string_view text) {
    std::size_t depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            i += c == '\\' ? 1u : 0u;
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{' || c == '(') {
            ++depth;
        } else if ((c == ']' || c == '}' || c == ')') && --depth == 0) {
            return text.substr(0, i + 1);
        }
    }
    return text;
}

// The keys of a JSON object that may be cut at its end, without those of what it holds.
std::vector<std::string_view> keys_of(std::string_view object) {
    std::vector<std::string_view> keys;
    std::size_t depth = 0;
    for (std::size_t i = 0; i < object.size(); ++i) {
        const char c = object[i];
        if (c == '[' || c == '{') {
            ++depth;
        } else if (c == ']' || c == '}') {
            --depth;
        }
        if (c != '"') {
            continue;
        }
        const std::size_t begin = i + 1;
        for (i = begin; i < object.size() && object[i] != '"'; ++i) {
            i += object[i] == '\\' ? 1u : 0u;
        }
        const std::string_view text = object.substr(begin, i - begin);
        const std::size_t behind = object.find_first_not_of(" \t\r\n", i + 1);
        if (depth == 1 && behind != std::string_view::npos && object[behind] == ':') {
            keys.push_back(text.starts_with(':') ? text.substr(1) : text);
        }
    }
    return keys;
}

class Keys {
  public:
    explicit Keys(std::string_view object) : keys_(keys_of(object)) {}
    bool have(std::string_view key) const {
        return std::find(keys_.begin(), keys_.end(), key) != keys_.end();
    }

  private:
    std::vector<std::string_view> keys_;
};

// {"id": "G0", "ops": [...]}: events of a Kafka workload are called and return one by one, those of
// the mini-language come as a whole.
HistoryFormat case_format(std::string_view object, const Keys& keys) {
    const bool lists = keys.have("expected_anomalies") || keys.have("layout");
    const bool events =
        keys.have("expected_errors") || object.find("\"invoke\"") != std::string_view::npos;
    return events && !lists ? HistoryFormat::kafka_cases : HistoryFormat::list_append_cases;
}

HistoryFormat json_format(std::string_view text) {
    const std::string_view object = first_value(text);
    const Keys keys(object);
    if (keys.have("ops") && !keys.have("type")) {
        return case_format(object, keys);
    }
    if (keys.have("client_id") && keys.have("op_id")) {
        return HistoryFormat::start_finish;
    }
    const bool native = keys.have("call_ns") || keys.have("call_step") || keys.have("status");
    return keys.have("type") && !native ? HistoryFormat::json : HistoryFormat::native_log;
}

// An object of JSON and no map of EDN whose first key is a string.
bool is_json_object(std::string_view text) {
    const std::string_view key = from_first_character(text.substr(1));
    if (!key.starts_with('"')) {
        return false;
    }
    const std::size_t end = key.find('"', 1);
    const std::string_view behind = end == std::string_view::npos
                                        ? std::string_view()
                                        : from_first_character(key.substr(end + 1));
    return behind.empty() || behind.starts_with(':');
}

// Maps one after another, the first one with a key beside the value.
bool is_kv_text(std::string_view text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    return line.find(":key") != std::string_view::npos && line.find('}') != std::string_view::npos;
}

// [0 :invoke :send ...] or [0, "invoke", "send", ...]
HistoryFormat tuple_format(std::string_view tuple) {
    const std::string_view first = first_value(tuple);
    for (const std::string_view type : {"\"invoke\"", "\"ok\"", "\"fail\"", "\"info\""}) {
        if (first.find(type) != std::string_view::npos) {
            return HistoryFormat::json;
        }
    }
    return HistoryFormat::edn;
}

}  // namespace

std::string_view without_byte_order_mark(std::string_view text) {
    constexpr std::string_view mark = "\xef\xbb\xbf";
    return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

bool begins_with_tuple(std::string_view text) {
    const std::string_view start = from_first_character(without_byte_order_mark(text));
    if (!start.starts_with('[')) {
        return false;
    }
    const std::string_view first = from_first_character(start.substr(1));
    return !first.empty() && first[0] != '[' && first[0] != '{' && first[0] != '(' &&
           first[0] != '#' && first[0] != '^' && first[0] != ']';
}

HistoryFormat detect_format(std::string_view text) {
    const std::string_view start =
        from_first_character(without_byte_order_mark(text)).substr(0, beginning_bytes);
    if (start.empty()) {
        return HistoryFormat::edn;
    }
    if (begins_with_tuple(start)) {
        return tuple_format(start);
    }
    const bool list = start[0] == '[';
    const std::string_view inner = list ? from_first_character(start.substr(1)) : start;
    if (inner.starts_with('[')) {
        return tuple_format(inner);
    }
    if (inner.starts_with('{')) {
        if (is_json_object(inner)) {
            return json_format(inner);
        }
        return !list && is_kv_text(inner) ? HistoryFormat::kv_text : HistoryFormat::edn;
    }
    const std::string_view line = start.substr(0, start.find('\n'));
    return is_log_line(line) ? HistoryFormat::jepsen_log : HistoryFormat::edn;
}

}  // namespace ledger::check
