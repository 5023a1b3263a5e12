#pragma once
// Log fields: what stands on one line of a log history, before it is known what the line is.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/check/log_history/log_reader.h"

namespace ledger::check {

enum class LogField : std::uint8_t {
    op,
    client,
    call_ns,
    ret_ns,
    call_step,
    ret_step,
    expected_tail,
    expected,
    position,
    current,
    at,
    from,
    max,
    tail,
    attempt,
    stream_length,
    version,
    checkpoint,
    retained,
    bookmark,
    batch,
    actual,
    timeout_ns,
    last,
};
enum class LogArray : std::uint8_t {
    streams,
    record_streams,
    revisions,
    conflicts,
    in_the_way,
    reads,
    conditions,
    last,
};

constexpr std::uint32_t bit(LogField field) {
    return 1u << static_cast<std::uint32_t>(field);
}
constexpr std::size_t place(LogField field) {
    return static_cast<std::size_t>(field);
}
// Numbers with a sign.
constexpr bool is_time(LogField field) {
    return field == LogField::client || field == LogField::call_ns || field == LogField::ret_ns;
}
std::optional<LogField> number_field_of(std::string_view key);
std::optional<LogArray> array_of(std::string_view key);
// Of names: "session" and the like may be written as numbers.
bool may_be_number(std::string_view key);

struct LogReader::Fields {
    struct Array {
        LogArray is = LogArray::last;
        JsonValue value;  // an array
        std::uint64_t column = 0;
    };

    std::array<std::uint64_t, static_cast<std::size_t>(LogField::last)> numbers{};
    std::uint32_t present = 0;  // bits of LogField
    std::uint32_t nulls = 0;
    std::string_view f, status, error, key, stream, node, session, mode, filter, group, direction,
        sub, text, expected_word;
    std::optional<bool> end;
    std::optional<bool> ordered;
    bool has_records = false;
    std::uint32_t records = 0;  // place in LogHistory::records
    std::uint32_t count = 0;
    std::optional<std::uint64_t> slice;  // of {n, hash}: n
    std::uint64_t hash = 0;
    std::vector<Array> arrays;
    std::vector<std::unique_ptr<std::string>> kept;

    std::optional<std::uint64_t> number(LogField field) const {
        return (present & bit(field)) != 0 ? std::optional(numbers[place(field)]) : std::nullopt;
    }
    std::optional<std::int64_t> time(LogField field) const {
        return (present & bit(field)) != 0
                   ? std::optional(static_cast<std::int64_t>(numbers[place(field)]))
                   : std::nullopt;
    }
    const Array* array(LogArray is) const {
        for (const Array& array : arrays) {
            if (array.is == is) {
                return &array;
            }
        }
        return nullptr;
    }
    // The place of a text field; nullptr if `key` is none.
    std::string_view* name(std::string_view key);
    std::string_view keep(std::string made) {
        kept.push_back(std::make_unique<std::string>(std::move(made)));
        return *kept.back();
    }
};

}  // namespace ledger::check
