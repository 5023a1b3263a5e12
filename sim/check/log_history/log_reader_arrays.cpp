#include <fmt/format.h>

#include "log/base/assert.h"
#include "sim/check/log_history/log_fields.h"
#include "sim/check/log_history/log_reader.h"

// The fields of a line that hold arrays of objects: conditions, conflicts and read sets.
namespace ledger::check {
namespace {

using Kind = state::Expected::Kind;

std::optional<state::Expected> expected_of(const JsonValue* value) {
    if (value == nullptr || value->is_null()) {
        return state::Expected{};
    }
    if (const std::optional<std::uint64_t> revision = value->number()) {
        return state::Expected{Kind::exact, Revision{*revision}};
    }
    const std::string* word = value->text();
    if (word == nullptr) {
        return std::nullopt;
    }
    if (*word == "any") {
        return state::Expected{};
    }
    if (*word == "no-stream" || *word == "no_stream") {
        return state::Expected{Kind::no_stream, {}};
    }
    if (*word == "exists") {
        return state::Expected{Kind::exists, {}};
    }
    return std::nullopt;
}

constexpr std::string_view expected_words = "\"expected\" is a revision, any, no-stream or exists";

const std::string* text_of(const JsonValue& object, std::string_view key) {
    const JsonValue* value = object.find(key);
    return value == nullptr ? nullptr : value->text();
}

std::optional<std::uint64_t> number_of(const JsonValue& object, std::string_view key) {
    const JsonValue* value = object.find(key);
    return value == nullptr ? std::nullopt : value->number();
}

}  // namespace

void LogReader::checks(LineCursor& cursor, const Fields& fields, LogOperation& op) {
    const auto expected = fields.number(LogField::expected);
    if (op.stream != 0) {
        const JsonValue word{std::string(fields.expected_word)};
        const auto check =
            fields.expected_word.empty()
                ? (expected ? state::Expected{Kind::exact, Revision{*expected}} : state::Expected{})
                : expected_of(&word);
        if (!check) {
            return cursor.fail_at(1, expected_words);
        }
        details(op).checks.push_back({history_.streams[op.stream], *check});
    } else if (expected || !fields.expected_word.empty()) {
        return cursor.fail_at(1, "\"expected\" needs a \"stream\"");
    }
    if (const Fields::Array* streams = fields.array(LogArray::streams)) {
        for (const JsonValue& one : *streams->value.array()) {
            const std::string* name = text_of(one, "stream");
            const auto check = expected_of(one.find("expected"));
            if (name == nullptr || name->empty() || !check) {
                return cursor.fail_at(streams->column,
                    fmt::format("a stream has a name in \"stream\", and {}", expected_words));
            }
            stream(*name);
            details(op).checks.push_back({*name, *check});
        }
    }
    if (const Fields::Array* places = fields.array(LogArray::record_streams)) {
        for (const JsonValue& one : *places->value.array()) {
            const std::optional<std::uint64_t> place = one.number();
            LogDetails& more = details(op);
            if (!place || *place >= more.checks.size()) {
                return cursor.fail_at(places->column, "no place in \"streams\"");
            }
            more.record_streams.push_back(stream(more.checks[*place].stream));
        }
        if (details(op).record_streams.size() != op.count) {
            cursor.fail_at(places->column, "as many as there are records are needed");
        }
    }
    if (const Fields::Array* revisions = fields.array(LogArray::revisions)) {
        for (const JsonValue& one : *revisions->value.array()) {
            if (!one.number()) {
                return cursor.fail_at(revisions->column, "a revision is a number");
            }
            details(op).revisions.push_back(*one.number());
        }
    }
}

void LogReader::conflicts(LineCursor& cursor, const Fields& fields, LogOperation& op) {
    if (const auto actual = fields.number(LogField::actual); actual && op.stream != 0) {
        LogDetails& more = details(op);
        more.failed.push_back(
            {history_.streams[op.stream], more.checks.front().expected, true, Revision{*actual}});
    }
    if (const Fields::Array* conflicts = fields.array(LogArray::conflicts)) {
        for (const JsonValue& one : *conflicts->value.array()) {
            const std::string* name = text_of(one, "stream");
            const auto check = expected_of(one.find("expected"));
            const JsonValue* actual = one.find("actual");
            const bool exists = actual != nullptr && !actual->is_null();
            if (name == nullptr || !check || (exists && !actual->number())) {
                return cursor.fail_at(conflicts->column,
                    "a conflict names its \"stream\", what was \"expected\" and the \"actual\" "
                    "revision, null if there was none");
            }
            stream(*name);
            details(op).failed.push_back(
                {*name, *check, exists, Revision{exists ? *actual->number() : 0}});
        }
    }
    if (const Fields::Array* events = fields.array(LogArray::in_the_way)) {
        for (const JsonValue& one : *events->value.array()) {
            const std::optional<std::uint64_t> position = number_of(one, "position");
            const JsonValue* id = one.find("record");
            if (!position || id == nullptr) {
                return cursor.fail_at(
                    events->column, "a conflicting event has a \"position\" and a \"record\"");
            }
            if (const std::optional<std::uint32_t> number = record(cursor, *id)) {
                details(op).in_the_way.emplace_back(*position, *number);
            }
        }
    }
}

void LogReader::parts(LineCursor& cursor, const Fields& fields, LogOperation& op) {
    const Fields::Array* reads = fields.array(LogArray::reads);
    if (reads == nullptr) {
        return;
    }
    for (const JsonValue& one : *reads->value.array()) {
        LogPart part;
        const std::string* name = text_of(one, "stream");
        const JsonValue* max = one.find("max");
        const JsonValue* shown = one.find("records");
        if (one.object() == nullptr || (max != nullptr && !max->is_null() && !max->number()) ||
            (op.ok() && (shown == nullptr || shown->array() == nullptr))) {
            return cursor.fail_at(reads->column,
                "a read has \"stream\", \"from\", \"max\", \"records\" and \"end_of_log\"");
        }
        part.stream = name == nullptr ? 0 : stream(*name);
        part.from = number_of(one, "from").value_or(0);
        part.max = max == nullptr ? LogOperation::none : max->number().value_or(LogOperation::none);
        part.records = static_cast<std::uint32_t>(history_.records.size());
        if (shown != nullptr && shown->array() != nullptr) {
            for (const JsonValue& id : *shown->array()) {
                history_.records.push_back(record(cursor, id).value_or(0));
            }
        }
        part.count = static_cast<std::uint32_t>(history_.records.size()) - part.records;
        const JsonValue* end = one.find("end_of_log");
        part.ends =
            end != nullptr && end->boolean() != nullptr ? *end->boolean() : part.count < part.max;
        details(op).parts.push_back(part);
    }
}

void LogReader::conditions(LineCursor& cursor, const Fields& fields, LogOperation& op) {
    const Fields::Array* conditions = fields.array(LogArray::conditions);
    if (conditions == nullptr) {
        return;
    }
    for (const JsonValue& one : *conditions->value.array()) {
        LogCondition condition;
        const JsonValue* streams = one.find("streams");
        if (streams == nullptr || streams->array() == nullptr || streams->array()->empty()) {
            return cursor.fail_at(conditions->column, "a condition names \"streams\"");
        }
        for (const JsonValue& name : *streams->array()) {
            if (name.text() == nullptr || name.text()->empty()) {
                return cursor.fail_at(conditions->column, "a stream has a name");
            }
            condition.streams.push_back(stream(*name.text()));
        }
        condition.after = number_of(one, "after").value_or(LogOperation::none);
        details(op).conditions.push_back(std::move(condition));
    }
}

}  // namespace ledger::check
