#include "sim/check/log_history/log_reader.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "sim/check/log_history/log_fields.h"

namespace ledger::check {
namespace {

using Flag = LogOperation::Flag;

void set(LogOperation& op, Flag flag, bool on = true) {
    op.flags = static_cast<std::uint16_t>(on ? op.flags | flag : op.flags & ~flag);
}

bool begins_with_any(std::string_view text, std::initializer_list<std::string_view> beginnings) {
    return std::any_of(beginnings.begin(), beginnings.end(),
        [text](std::string_view beginning) { return text.starts_with(beginning); });
}

std::optional<EventId> id_of_hex(std::string_view text) {
    if (text.size() != 32) {
        return std::nullopt;
    }
    EventId id;
    for (std::uint64_t* half : {&id.high, &id.low}) {
        const char* begin = text.data() + (half == &id.high ? 0 : 16);
        const auto [end, error] = std::from_chars(begin, begin + 16, *half, 16);
        if (error != std::errc{} || end != begin + 16) {
            return std::nullopt;
        }
    }
    return id.high == LogHistory::named_record ? std::nullopt : std::optional(id);
}

LogKind kind_of(std::string_view f) {
    constexpr LogKind kinds[] = {LogKind::append, LogKind::read, LogKind::tail, LogKind::subscribe,
        LogKind::deliver, LogKind::ack, LogKind::nack, LogKind::unsubscribe, LogKind::caught_up,
        LogKind::retain, LogKind::quiescent};
    for (const LogKind kind : kinds) {
        if (f == to_text(kind)) {
            return kind;
        }
    }
    return f == "txn" || f == "transaction" ? LogKind::append : LogKind::read;
}

bool is_known(std::string_view f) {
    return kind_of(f) != LogKind::read || begins_with_any(f, {"read"}) || f == "fault" ||
           f == "leader";
}

}  // namespace

std::uint32_t LogReader::record(const EventId& id) {
    std::uint32_t& number = records_[id];
    if (number == 0) {
        history_.record_ids.push_back(id);
        number = static_cast<std::uint32_t>(history_.record_ids.size());
    }
    return number - 1;
}

std::uint32_t LogReader::record(std::string_view text) {
    if (const std::optional<EventId> id = id_of_hex(text)) {
        return record(*id);
    }
    if (const std::uint32_t* known = named_records_.find(text)) {
        return *known;
    }
    const std::uint32_t number =
        record(EventId{LogHistory::named_record, history_.record_names.size()});
    history_.record_names.emplace_back(text);
    named_records_[std::string(text)] = number;
    return number;
}

std::optional<std::uint32_t> LogReader::record(LineCursor& cursor, const JsonValue& value) {
    if (const std::optional<std::uint64_t> number = value.number()) {
        return record(EventId{0, *number});
    }
    if (const std::string* text = value.text()) {
        return record(*text);
    }
    cursor.fail("expected a record id: a number or a text");
    return std::nullopt;
}

std::uint32_t LogReader::stream(std::string_view name) {
    if (const std::uint32_t* known = streams_.find(name)) {
        return *known;
    }
    const auto number = static_cast<std::uint32_t>(history_.streams.size());
    history_.streams.emplace_back(name);
    streams_[std::string(name)] = number;
    history_.has_streams = true;
    return number;
}

std::uint32_t LogReader::client(std::int64_t number) {
    std::uint32_t& known = clients_[static_cast<std::uint64_t>(number)];
    if (known == 0) {
        history_.clients.push_back(number);
        client_sessions_.push_back(LogOperation::none32);
        known = static_cast<std::uint32_t>(history_.clients.size());
    }
    return known - 1;
}

LogDetails& LogReader::details(LogOperation& op) {
    if (op.details == 0) {
        op.details = static_cast<std::uint32_t>(history_.details.size());
        history_.details.emplace_back();
    }
    return history_.details[op.details];
}

std::optional<std::uint8_t> LogReader::mode(LineCursor& cursor, std::string_view text) {
    if (const std::uint8_t* known = modes_.find(text)) {
        return *known;
    }
    const Result<LogMode> mode = parse_log_mode(text);
    if (!mode || history_.modes.size() > UINT8_MAX) {
        cursor.fail(mode ? "more than 255 modes" : mode.error().place);
        return std::nullopt;
    }
    const auto number = static_cast<std::uint8_t>(history_.modes.size());
    history_.modes.push_back(*mode);
    modes_[std::string(text)] = number;
    return number;
}

// All attempts with one key are one append; without a key, all that begin with the same record.
std::uint32_t LogReader::logical(const Fields& fields, const LogOperation& op) {
    const auto fresh = static_cast<std::uint32_t>(history_.keys.size());
    if (!fields.key.empty()) {
        if (const std::uint32_t* known = keys_.find(fields.key)) {
            return *known;
        }
        keys_[std::string(fields.key)] = fresh;
        history_.keys.emplace_back(fields.key);
        return fresh;
    }
    if (op.count > 0) {
        const std::uint32_t first = history_.records[op.records];
        if (by_first_record_.size() <= first) {
            by_first_record_.resize(history_.record_ids.size(), LogOperation::none32);
        }
        if (by_first_record_[first] != LogOperation::none32) {
            return by_first_record_[first];
        }
        by_first_record_[first] = fresh;
    }
    history_.keys.emplace_back();
    return fresh;
}

bool LogReader::read_fields(LineCursor& cursor, Fields& fields) {
    if (!cursor.begin()) {
        return false;
    }
    while (const std::optional<std::string_view> key = cursor.key()) {
        if (!read_field(cursor, *key, fields)) {
            return false;
        }
    }
    return !cursor.failed();
}

bool LogReader::read_field(LineCursor& cursor, std::string_view key, Fields& fields) {
    const std::optional<LogField> field = number_field_of(key);
    if (field) {
        if (cursor.null()) {
            fields.nulls |= bit(*field);
            return true;
        }
        // "expected" is a number or a word, and so are conditions of other shapes.
        if (*field == LogField::expected && cursor.shape() == LineCursor::Shape::text) {
            const std::optional<std::string_view> word = cursor.text();
            fields.expected_word = word.value_or("");
            return word.has_value();
        }
        const bool is_signed = is_time(*field);
        const std::optional<std::int64_t> time = is_signed ? cursor.signed_number() : std::nullopt;
        const std::optional<std::uint64_t> number = is_signed ? std::nullopt : cursor.number();
        fields.present |= bit(*field);
        fields.numbers[place(*field)] =
            is_signed ? static_cast<std::uint64_t>(time.value_or(0)) : number.value_or(0);
        return !cursor.failed();
    }
    if (key == "records" || key == "record") {
        return read_records(cursor, fields);
    }
    if (key == "end_of_log" || key == "ordered") {
        const std::optional<bool> truth = cursor.null() ? std::nullopt : cursor.boolean();
        (key == "ordered" ? fields.ordered : fields.end) = truth;
        return !cursor.failed();
    }
    return read_name(cursor, key, fields) ||
           (!cursor.failed() && read_complex(cursor, key, fields));
}

bool LogReader::read_records(LineCursor& cursor, Fields& fields) {
    if (fields.has_records) {
        cursor.fail("records are given twice");
        return false;
    }
    fields.has_records = true;
    fields.records = static_cast<std::uint32_t>(history_.records.size());
    const auto read_one = [&] {
        if (cursor.shape() == LineCursor::Shape::number) {
            if (const std::optional<std::uint64_t> id = cursor.number()) {
                history_.records.push_back(record(EventId{0, *id}));
            }
        } else if (const std::optional<std::string_view> id = cursor.text()) {
            history_.records.push_back(record(*id));
        }
    };
    if (cursor.shape() == LineCursor::Shape::object) {
        const std::uint64_t column = cursor.column();
        const std::optional<JsonValue> slice = cursor.any();
        const JsonValue* n = slice ? slice->find("n") : nullptr;
        const JsonValue* hash = slice ? slice->find("hash") : nullptr;
        std::uint64_t value = 0;
        const std::string* text = hash != nullptr ? hash->text() : nullptr;
        const bool is_hash =
            text != nullptr && !text->empty() &&
            std::from_chars(text->data(), text->data() + text->size(), value, 16).ptr ==
                text->data() + text->size();
        const std::optional<std::uint64_t> count = n != nullptr ? n->number() : std::nullopt;
        if (!count || *count > UINT32_MAX || !is_hash) {
            cursor.fail_at(
                column, "expected records, or {\"n\": how many, \"hash\": \"hex digits\"}");
            return false;
        }
        fields.slice = *count;
        fields.hash = value;
        return true;
    }
    if (cursor.shape() != LineCursor::Shape::array) {
        read_one();  // "record" of a delivery
    } else if (cursor.begin_array()) {
        do {
            read_one();
        } while (cursor.next_element());
    }
    fields.count = static_cast<std::uint32_t>(history_.records.size()) - fields.records;
    return !cursor.failed();
}

// Names are texts, some of them numbers as well. False also if this is no such field.
bool LogReader::read_name(LineCursor& cursor, std::string_view key, Fields& fields) {
    std::string_view* name = fields.name(key);
    if (name == nullptr) {
        return false;
    }
    if (cursor.null()) {
        return true;
    }
    if (cursor.shape() == LineCursor::Shape::number && may_be_number(key)) {
        const std::optional<std::uint64_t> number = cursor.number();
        *name = fields.keep(fmt::format("{}", number.value_or(0)));
        return number.has_value();
    }
    const std::optional<std::string_view> text = cursor.text();
    *name = text.value_or("");
    return text.has_value();
}

bool LogReader::read_complex(LineCursor& cursor, std::string_view key, Fields& fields) {
    const std::uint64_t column = cursor.column();
    std::optional<JsonValue> value = cursor.any();
    if (!value) {
        return false;
    }
    if (std::optional<LogArray> array = array_of(key); array && !value->is_null()) {
        if (value->array() == nullptr) {
            cursor.fail_at(column, "expected an array");
            return false;
        }
        fields.arrays.push_back({*array, std::move(*value), column});
    }
    return true;
}

Result<void> LogReader::object(std::string_view text, std::uint64_t line, std::uint64_t column) {
    line_ = line;
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) {
        return {};
    }
    LineCursor cursor(text, line_, column);
    Fields fields;
    if (!read_fields(cursor, fields)) {
        return cursor.error();
    }
    if (fields.f.empty()) {
        cursor.fail_at(1, "the operation has no \"f\"");
    } else if (!is_known(fields.f)) {
        cursor.fail_at(1, fmt::format("no operation of a log: \"f\" is {:.60}", fields.f));
    } else if (fields.f == "fault" || fields.f == "leader") {
        annotation(cursor, fields);
    } else {
        LogOperation op;
        op.kind = kind_of(fields.f);
        op.line = static_cast<std::uint32_t>(line_);
        common(cursor, fields, op);
        if (!cursor.failed()) {
            kind(cursor, fields, op);
        }
        if (!cursor.failed()) {
            history_.operations.push_back(op);
        }
    }
    if (cursor.failed()) {
        return cursor.error();
    }
    return {};
}

void LogReader::common(LineCursor& cursor, const Fields& fields, LogOperation& op) {
    const bool beside =
        op.kind != LogKind::append && op.kind != LogKind::read && op.kind != LogKind::tail;
    op.id = fields.number(LogField::op).value_or(history_.operations.size());
    if (!beside && !fields.number(LogField::op)) {
        cursor.fail_at(1, "the operation has no \"op\"");
    }
    if (!beside && !fields.number(LogField::client)) {
        cursor.fail_at(1, "the operation has no \"client\"");
    }
    op.client = client(static_cast<std::int64_t>(fields.number(LogField::client).value_or(0)));
    const std::string_view status = beside && fields.status.empty() ? "ok" : fields.status;
    if (status == "ok") {
        op.outcome = Outcome::ok;
    } else if (status == "fail") {
        op.outcome = Outcome::failed;
    } else if (status != "unknown") {
        cursor.fail_at(1, status.empty() ? "the operation has no \"status\""
                                         : fmt::format("\"status\" is {:.40}: expected ok, fail or "
                                                       "unknown",
                                               status));
    }
    times(cursor, fields, op);
    names(cursor, fields, op);
}

void LogReader::times(LineCursor& cursor, const Fields& fields, LogOperation& op) {
    const auto call_step = fields.number(LogField::call_step);
    const auto call_ns = fields.time(LogField::call_ns);
    if (!call_step && !call_ns) {
        cursor.fail_at(1, "the operation has no \"call_ns\"");
        return;
    }
    if (timed_ && history_.has_steps != call_step.has_value()) {
        cursor.fail_at(1, "some operations have \"call_step\" and some do not");
        return;
    }
    timed_ = true;
    history_.has_steps = call_step.has_value();
    const auto ret_step = fields.time(LogField::ret_step);
    const auto ret_ns = fields.time(LogField::ret_ns);
    // A delivery, an acknowledgement and the like are moments.
    const bool moment = op.kind != LogKind::append && op.kind != LogKind::read &&
                        op.kind != LogKind::tail && !ret_ns && !ret_step;
    op.called_ns = call_ns.value_or(0);
    op.returned_ns = ret_ns.value_or(moment ? op.called_ns : LogOperation::never);
    op.called = call_step ? static_cast<std::int64_t>(*call_step) : op.called_ns;
    op.returned =
        call_step ? ret_step.value_or(moment ? op.called : LogOperation::never) : op.returned_ns;
    if (op.called == LogOperation::never) {
        cursor.fail_at(1, "the time of the call is too large");
    } else if (op.outcome == Outcome::unknown) {
        op.returned = LogOperation::never;
    } else if (op.returned == LogOperation::never) {
        cursor.fail_at(1, fmt::format("the operation has an answer, but no \"{}\"",
                              call_step ? "ret_step" : "ret_ns"));
    } else if (op.returned < op.called) {
        cursor.fail_at(1, "the operation returned before it was called");
    }
}

void LogReader::names(LineCursor& cursor, const Fields& fields, LogOperation& op) {
    if (!fields.stream.empty()) {
        op.stream = stream(fields.stream);
    }
    if (!fields.node.empty()) {
        std::uint32_t& node = nodes_[std::string(fields.node)];
        if (node == 0) {
            node = static_cast<std::uint32_t>(history_.nodes.size());
            history_.nodes.emplace_back(fields.node);
        }
        op.node = node;
    }
    if (!fields.session.empty()) {
        std::uint32_t& session = sessions_[std::string(fields.session)];
        session = session == 0 ? ++history_.sessions : session;
        op.session = session - 1;
    } else {
        std::uint32_t& session = client_sessions_[op.client];
        session = session == LogOperation::none32 ? history_.sessions++ : session;
        op.session = session;
    }
    if (!fields.mode.empty()) {
        op.mode = mode(cursor, fields.mode).value_or(0);
    }
    op.attempt = static_cast<std::uint16_t>(
        std::min<std::uint64_t>(fields.number(LogField::attempt).value_or(1), UINT16_MAX));
    if (!fields.error.empty() && op.outcome != Outcome::ok) {
        // Texts of refusals repeat; only one that no other field explains is worth its memory.
        set(op, LogOperation::conflict,
            op.outcome == Outcome::failed && op.kind == LogKind::append &&
                begins_with_any(fields.error, {"wrong-expected", "wrong expected", "conflict"}));
        set(op, LogOperation::partial,
            begins_with_any(fields.error, {"duplicate_partial", "partial"}));
        set(op, LogOperation::truncated, begins_with_any(fields.error, {"truncated"}));
        if ((op.flags &
                (LogOperation::conflict | LogOperation::partial | LogOperation::truncated)) == 0) {
            details(op).error = fields.error;
        }
    }
    if (fields.has_records) {
        op.records = fields.records;
        op.count = fields.count;
    }
    if (fields.slice) {
        op.records = static_cast<std::uint32_t>(history_.hashes.size());
        op.count = static_cast<std::uint32_t>(*fields.slice);
        history_.hashes.push_back(fields.hash);
        history_.has_slices = true;
        set(op, LogOperation::hashed);
    }
}

void LogReader::kind(LineCursor& cursor, const Fields& fields, LogOperation& op) {
    switch (op.kind) {
        case LogKind::append: return append(cursor, fields, op);
        case LogKind::read: return read(cursor, fields, op);
        case LogKind::tail:
            op.length = fields.number(LogField::tail).value_or(LogOperation::none);
            if (op.ok() && op.length == LogOperation::none) {
                cursor.fail_at(1, "an answered tail has no \"tail\"");
            }
            return;
        case LogKind::quiescent: return;
        case LogKind::retain:
            op.from = fields.number(LogField::position).value_or(LogOperation::none);
            if (op.from == LogOperation::none) {
                cursor.fail_at(1, "retain has no \"position\"");
            }
            return;
        default: return subscription(cursor, fields, op);
    }
}

void LogReader::append(LineCursor& cursor, const Fields& fields, LogOperation& op) {
    if (op.has(LogOperation::hashed)) {
        cursor.fail_at(1, "an append lists its records, else nobody knows what it wrote");
        return;
    }
    if (!fields.has_records) {
        cursor.fail_at(1, "an append has no \"records\"");
        return;
    }
    op.expected = fields.number(LogField::expected_tail).value_or(LogOperation::none);
    op.position = fields.number(LogField::position).value_or(LogOperation::none);
    if (op.ok() && op.position == LogOperation::none) {
        cursor.fail_at(1, "an answered append has no \"position\"");
        return;
    }
    op.logical = logical(fields, op);
    set(op, LogOperation::stored, !fields.session.empty() && !fields.key.empty());
    if (op.outcome == Outcome::failed) {
        append_failed(fields, op);
    }
    checks(cursor, fields, op);
    conflicts(cursor, fields, op);
    parts(cursor, fields, op);
    conditions(cursor, fields, op);
}

void LogReader::append_failed(const Fields& fields, LogOperation& op) {
    const auto current = fields.number(LogField::current);
    op.length = current ? *current : fields.number(LogField::at).value_or(LogOperation::none);
    if (current || fields.array(LogArray::conflicts) != nullptr ||
        fields.number(LogField::actual)) {
        set(op, LogOperation::conflict);
    }
}

void LogReader::read(LineCursor& cursor, const Fields& fields, LogOperation& op) {
    parts(cursor, fields, op);
    const bool several = op.details != 0 && !history_.details[op.details].parts.empty();
    op.from = fields.number(LogField::from).value_or(several ? 0 : LogOperation::none);
    op.max = fields.number(LogField::max).value_or(LogOperation::none);
    op.position = fields.number(LogField::position).value_or(LogOperation::none);
    op.length = fields.number(LogField::tail)
                    .value_or(fields.number(LogField::version).value_or(LogOperation::none));
    op.expected = fields.number(LogField::stream_length).value_or(LogOperation::none);
    set(op, LogOperation::backward, fields.direction == "backward");
    if (!fields.direction.empty() && fields.direction != "backward" &&
        fields.direction != "forward") {
        cursor.fail_at(1, "\"direction\" is forward or backward");
    }
    if (fields.end) {
        set(op, *fields.end ? LogOperation::end : LogOperation::not_end);
    }
    if (op.from == LogOperation::none) {
        cursor.fail_at(1, "a read has no \"from\"");
    } else if (op.ok() && !fields.has_records && !fields.slice && !several) {
        cursor.fail_at(1, "an answered read has no \"records\"");
    }
}

void LogReader::subscription(LineCursor& cursor, const Fields& fields, LogOperation& op) {
    if (fields.sub.empty()) {
        cursor.fail_at(1, fmt::format("{} has no \"sub\"", to_text(op.kind)));
        return;
    }
    std::uint32_t& sub = subscriptions_[std::string(fields.sub)];
    if (sub == 0) {
        history_.subscriptions.emplace_back(fields.sub);
        sub = static_cast<std::uint32_t>(history_.subscriptions.size());
    }
    op.subscription = sub - 1;
    op.from = fields.number(LogField::position).value_or(LogOperation::none);
    if (op.kind == LogKind::subscribe) {
        op.from = fields.number(LogField::from).value_or(LogOperation::none);
        op.max = fields.number(LogField::checkpoint).value_or(LogOperation::none);
        op.position = fields.number(LogField::retained).value_or(LogOperation::none);
        op.expected = fields.number(LogField::timeout_ns).value_or(LogOperation::none);
        set(op, LogOperation::in_group, !fields.group.empty());
        if (!fields.filter.empty() || !fields.group.empty()) {
            LogDetails& more = details(op);
            more.filter = fields.filter;
            more.group = fields.group;
            more.ordered = fields.ordered.value_or(false);
        }
    } else if (op.kind == LogKind::deliver) {
        op.length = fields.number(LogField::bookmark).value_or(LogOperation::none);
        op.expected = fields.number(LogField::batch).value_or(LogOperation::none);
        if (op.has(LogOperation::hashed)) {
            cursor.fail_at(1, "a delivery lists its records");
        } else if (op.count > 0 && op.from == LogOperation::none) {
            cursor.fail_at(1, "a delivery of a record has no \"position\"");
        } else if (op.count == 0 && op.length == LogOperation::none) {
            cursor.fail_at(1, "a delivery has neither \"record\" nor \"bookmark\"");
        }
    } else if ((op.kind == LogKind::ack || op.kind == LogKind::nack) &&
               op.from == LogOperation::none) {
        cursor.fail_at(1, fmt::format("{} has no \"position\"", to_text(op.kind)));
    }
}

void LogReader::annotation(LineCursor& cursor, const Fields& fields) {
    const bool steps = fields.time(LogField::call_step).has_value();
    const auto from = fields.time(steps ? LogField::call_step : LogField::call_ns);
    const auto to = fields.time(steps ? LogField::ret_step : LogField::ret_ns);
    if (!from) {
        cursor.fail_at(1, "the annotation has no \"call_ns\"");
        return;
    }
    Annotation annotation;
    annotation.lane = fields.f;
    annotation.text = fields.text.empty() ? fields.node : fields.text;
    annotation.from = static_cast<std::uint64_t>(from.value_or(0));
    annotation.to = static_cast<std::uint64_t>(to.value_or(from.value_or(0)));
    history_.annotations.push_back(std::move(annotation));
}

}  // namespace ledger::check
