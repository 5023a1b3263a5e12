#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "sim/check/errc.h"
#include "sim/check/recorded/import_events.h"

namespace ledger::check {
namespace {

constexpr std::string_view logger = "jepsen.util";
constexpr std::string_view form = "INFO jepsen.util - PROCESS :TYPE :F VALUE";

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

// One line of a text word by word; places count in the whole text.
class Words {
  public:
    Words(std::string_view text, std::uint64_t begin, std::uint64_t end)
        : text_(text), at_(begin), end_(end) {}

    std::string_view next() {
        const std::uint64_t begin = at();
        while (at_ < end_ && !is_blank(text_[at_])) {
            ++at_;
        }
        return text_.substr(begin, at_ - begin);
    }
    // Of the next word.
    std::uint64_t at() {
        while (at_ < end_ && is_blank(text_[at_])) {
            ++at_;
        }
        return at_;
    }
    std::string_view rest() {
        const std::uint64_t begin = at();
        std::uint64_t end = end_;
        while (end > begin && is_blank(text_[end - 1])) {
            --end;
        }
        return text_.substr(begin, end - begin);
    }
    void go_to(std::uint64_t at) { at_ = at; }

  private:
    std::string_view text_;
    std::uint64_t at_;
    std::uint64_t end_;
};

std::string_view without_colon(std::string_view word) {
    return word.starts_with(':') ? word.substr(1) : word;
}

// The value behind the function, and what went wrong behind that.
Result<void> read_value(std::string_view text, std::uint64_t line_end, const ReadLimits& limits,
    Words& words, RecordedEvent& event) {
    if (words.rest().empty()) {
        return {};
    }
    LEDGER_TRY(ReadValue read, read_edn_at(text.substr(0, line_end), words.at(), limits));
    event.value = std::move(read.value);
    words.go_to(read.end);
    event.error = words.rest();
    return {};
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Behind the logger's name: "jepsen.util - " once, "jepsen.util: " later; nothing if it is none.
std::optional<std::size_t> behind_logger(std::string_view line) {
    const std::size_t logged = line.find(logger);
    if (logged == std::string_view::npos) {
        return std::nullopt;
    }
    std::size_t at = logged + logger.size();
    while (at < line.size() && is_blank(line[at])) {
        ++at;
    }
    if (at == line.size() || (line[at] != '-' && line[at] != ':')) {
        return std::nullopt;
    }
    // "jepsen.util -1 :invoke" would be a process.
    const bool ends = at + 1 < line.size() && is_blank(line[at + 1]);
    return ends ? std::optional(at + 1) : std::nullopt;
}

// "3 :invoke :read nil", ":nemesis :info :start nil"
bool is_bare(std::string_view line) {
    Words words(line, 0, line.size());
    const std::string_view process = words.next();
    const std::string_view type = words.next();
    const bool who = process.starts_with(':') ||
                     (!process.empty() && std::all_of(process.begin(), process.end(), is_digit));
    return who && type.starts_with(':') && event_type(type.substr(1)).has_value();
}

// Lines of other loggers, and what follows an error, say nothing of operations.
bool is_of_others(std::string_view line) {
    constexpr std::string_view levels[] = {"INFO", "WARN", "ERROR", "DEBUG", "FATAL", "TRACE"};
    const bool separated =
        line.find(" - ") != std::string_view::npos || line.find(": ") != std::string_view::npos;
    return separated &&
           std::any_of(std::begin(levels), std::end(levels), [line](std::string_view level) {
               return line.find(level) != std::string_view::npos;
           });
}

Result<void> read_line(std::string_view text, std::uint64_t begin, std::uint64_t end,
    std::uint64_t line, const ReadLimits& limits, Pairing& pairing) {
    const std::string_view whole = text.substr(begin, end - begin);
    Words words(text, begin, end);
    if (words.rest().empty()) {
        return {};
    }
    if (const auto behind = behind_logger(whole)) {
        words.go_to(begin + *behind);
    } else if (!is_bare(whole)) {
        return is_of_others(whole) ? Result<void>{}
                                   : error_at(text, words.at(), fmt::format("expected {}", form));
    }
    const std::uint64_t process_at = words.at();
    const std::string_view process = words.next();
    const std::uint64_t type_at = words.at();
    const std::string_view type = words.next();
    RecordedEvent event;
    event.f = without_colon(words.next());
    std::int64_t number = 0;
    const auto [stop, error] =
        std::from_chars(process.data(), process.data() + process.size(), number);
    if (process.starts_with(':')) {
        pairing.annotate(without_colon(process), event.f,
            Value(ValueText{std::string(words.rest()), ValueText::Sort::symbol}));
        return {};
    }
    if (process.empty() || error != std::errc{} || stop != process.data() + process.size()) {
        return error_at(text, process_at,
            fmt::format("expected a process, which is an integer or a keyword, in {}", form));
    }
    const auto known = event_type(without_colon(type));
    if (!known || event.f.empty()) {
        return error_at(text, type_at,
            fmt::format("expected :invoke, :ok, :fail or :info and a function, in {}", form));
    }
    event.process = number;
    event.type = *known;
    event.line = line;
    LEDGER_CHECK(read_value(text, end, limits, words, event));
    if (const auto added = pairing.add(std::move(event)); !added) {
        return placed(text, begin, added.error());
    }
    return {};
}

}  // namespace

bool is_log_line(std::string_view line) {
    return line.find(logger) != std::string_view::npos || is_bare(line) || is_of_others(line) ||
           line.starts_with("INFO") || line.starts_with("WARN");
}

Result<void> read_jepsen_log(std::string_view text, const ReadLimits& limits, Pairing& pairing) {
    std::uint64_t line = 1;
    for (std::uint64_t begin = 0; begin < text.size(); ++line) {
        const std::uint64_t end = std::min<std::uint64_t>(text.find('\n', begin), text.size());
        LEDGER_CHECK(read_line(text, begin, end, line, limits, pairing));
        begin = end + 1;
    }
    return {};
}

namespace {

constexpr std::string_view start_form =
    R"({"event":{"Start" or "Finish": ...},"client_id":N,"op_id":N})";

// {"Append": {...}} and "Read" alike: the name, and the arguments if there are any.
bool take_variant(const Value& value, std::string& name, Value& arguments) {
    if (value.text() != nullptr) {
        name = value.text()->characters;
        return true;
    }
    if (value.map() == nullptr || value.map()->size() != 1) {
        return false;
    }
    const auto& [key, member] = value.map()->front();
    name = key.text() == nullptr ? std::string() : key.text()->characters;
    arguments = member;
    return !name.empty();
}

// What a finish says: the function that it ends and how.
struct Finish {
    std::string_view name;
    std::string_view f;
    EventType type;
};
// "definite failures" have no effect; a read or a check that failed says nothing.
constexpr Finish finishes[] = {
    {"AppendSuccess", "append", EventType::ok},
    {"AppendDefiniteFailure", "append", EventType::fail},
    {"AppendIndefiniteFailure", "append", EventType::info},
    {"ReadSuccess", "read", EventType::ok},
    {"ReadFailure", "read", EventType::fail},
    {"CheckTailSuccess", "tail", EventType::ok},
    {"CheckTailFailure", "tail", EventType::fail},
};

// The event, or false if the object has not this form.
bool start_finish_event(const Value& object, RecordedEvent& event, std::int64_t& operation) {
    const Value* what = object.find("event");
    const Value* client = object.find("client_id");
    const Value* op = object.find("op_id");
    std::string side;
    Value inner;
    if (what == nullptr || client == nullptr || op == nullptr || !client->integer() ||
        !op->integer() || !take_variant(*what, side, inner)) {
        return false;
    }
    event.process = client->integer();
    operation = *op->integer();
    std::string name;
    if (!take_variant(inner, name, event.value)) {
        return false;
    }
    if (side == "Start") {
        event.type = EventType::invoke;
        event.f = name == "Append"      ? "append"
                  : name == "Read"      ? "read"
                  : name == "CheckTail" ? "tail"
                                        : "";
        return !event.f.empty();
    }
    const auto* known = std::find_if(std::begin(finishes), std::end(finishes),
        [&](const Finish& finish) { return finish.name == name; });
    if (side != "Finish" || known == std::end(finishes)) {
        return false;
    }
    event.type = known->type;
    event.f = known->f;
    event.error = known->type == EventType::ok ? std::string() : name;
    return true;
}

}  // namespace

Result<void> read_start_finish(std::string_view text, const ReadLimits& limits, Pairing& pairing) {
    JsonValues values(text, limits);
    LineCounter lines(text);
    for (;;) {
        LEDGER_TRY(const std::optional<Value> object, values.next());
        if (!object) {
            return {};
        }
        RecordedEvent event;
        std::int64_t operation = 0;
        if (!start_finish_event(*object, event, operation)) {
            return error_at(text, values.offset(), fmt::format("expected {}", start_form));
        }
        event.line = lines.line_of(values.offset());
        if (const auto added = pairing.add(std::move(event)); !added) {
            return placed(text, values.offset(), added.error());
        }
    }
}

}  // namespace ledger::check
