#pragma once
// Log reader: our own JSON lines, one operation each, into a LogHistory; see README.md for the
// fields.

#include <cstdint>
#include <string>
#include <string_view>

#include "log/base/lookup_table.h"
#include "log/base/result.h"
#include "sim/check/log_history/line_cursor.h"
#include "sim/check/log_history/log_history.h"

namespace ledger::check {

// Reads lines one by one. Known fields are checked, unknown ones are passed over. Errors begin with
// "line 3, column 17: ..."; after one the reader must not be used any more.
class LogReader {
  public:
    // So many lines will come: saves copying.
    void expect(std::uint64_t lines) { history_.operations.reserve(lines); }
    // A line that is no operation (an annotation, blank) adds none.
    Result<void> line(std::string_view text) { return object(text, line_ + 1, 1); }
    // The same for an object that begins in this line and column, and may go over several lines.
    Result<void> object(std::string_view text, std::uint64_t line, std::uint64_t column);
    const LogHistory& history() const { return history_; }
    // The reader must not be used any more.
    LogHistory take() { return std::move(history_); }

    // The fields of a line, before it is known what it is.
    struct Fields;

  private:
    bool read_fields(LineCursor& cursor, Fields& fields);
    bool read_field(LineCursor& cursor, std::string_view key, Fields& fields);
    bool read_records(LineCursor& cursor, Fields& fields);
    bool read_name(LineCursor& cursor, std::string_view key, Fields& fields);
    bool read_complex(LineCursor& cursor, std::string_view key, Fields& fields);

    void common(LineCursor& cursor, const Fields& fields, LogOperation& op);
    void times(LineCursor& cursor, const Fields& fields, LogOperation& op);
    void names(LineCursor& cursor, const Fields& fields, LogOperation& op);
    void kind(LineCursor& cursor, const Fields& fields, LogOperation& op);
    void append(LineCursor& cursor, const Fields& fields, LogOperation& op);
    void append_failed(const Fields& fields, LogOperation& op);
    void read(LineCursor& cursor, const Fields& fields, LogOperation& op);
    void subscription(LineCursor& cursor, const Fields& fields, LogOperation& op);
    void annotation(LineCursor& cursor, const Fields& fields);

    void checks(LineCursor& cursor, const Fields& fields, LogOperation& op);
    void conflicts(LineCursor& cursor, const Fields& fields, LogOperation& op);
    void parts(LineCursor& cursor, const Fields& fields, LogOperation& op);
    void conditions(LineCursor& cursor, const Fields& fields, LogOperation& op);
    std::uint32_t record(const EventId& id);
    std::optional<std::uint32_t> record(LineCursor& cursor, const JsonValue& value);
    std::uint32_t record(std::string_view text);
    std::uint32_t stream(std::string_view name);
    std::uint32_t client(std::int64_t number);
    std::uint32_t logical(const Fields& fields, const LogOperation& op);
    std::optional<std::uint8_t> mode(LineCursor& cursor, std::string_view text);
    LogDetails& details(LogOperation& op);

    LogHistory history_;
    std::uint64_t line_ = 0;
    bool timed_ = false;  // a line has said whether there are steps
    LookupTable<EventId, std::uint32_t> records_;
    LookupTable<std::string, std::uint32_t> named_records_;
    LookupTable<std::string, std::uint32_t> streams_;
    LookupTable<std::string, std::uint32_t> subscriptions_;
    LookupTable<std::string, std::uint32_t> nodes_;
    LookupTable<std::string, std::uint32_t> sessions_;
    LookupTable<std::string, std::uint32_t> keys_;
    LookupTable<std::string, std::uint8_t> modes_;
    LookupTable<std::uint64_t, std::uint32_t> clients_;
    std::vector<std::uint32_t> client_sessions_;  // of those that name none
    std::vector<std::uint32_t> by_first_record_;  // logical appends without a key
};

// A whole text: one object after another, in lines or not, or an array of them. An empty one, and
// one without an operation, is refused.
Result<LogHistory> parse_log_history(std::string_view text);
// Whether its objects stand one on each line, by the beginning of the text.
bool is_in_lines(std::string_view text);

}  // namespace ledger::check
