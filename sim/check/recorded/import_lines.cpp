#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "sim/check/errc.h"
#include "sim/check/recorded/import_events.h"

namespace ledger::check {
namespace {

constexpr std::string_view logger = "jepsen.util - ";
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

Result<void> read_line(std::string_view text, std::uint64_t begin, std::uint64_t end,
    std::uint64_t line, const ReadLimits& limits, Pairing& pairing) {
    const std::string_view whole = text.substr(begin, end - begin);
    Words words(text, begin, end);
    if (words.rest().empty()) {
        return {};
    }
    const std::size_t logged = whole.find(logger);
    if (logged == std::string_view::npos) {
        // Lines of other loggers say nothing of operations.
        const bool other = whole.find(" - ") != std::string_view::npos &&
                           (whole.find("INFO") != std::string_view::npos ||
                               whole.find("WARN") != std::string_view::npos);
        return other ? Result<void>{}
                     : error_at(text, words.at(), fmt::format("expected {}", form));
    }
    words.go_to(begin + logged + logger.size());
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
