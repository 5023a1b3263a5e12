#include "sim/check/log_history/log_fields.h"

#include <utility>

namespace ledger::check {
namespace {

template <typename Field, std::size_t count>
std::optional<Field> find(
    const std::pair<std::string_view, Field> (&table)[count], std::string_view key) {
    for (const auto& [name, field] : table) {
        if (name == key) {
            return field;
        }
    }
    return std::nullopt;
}

// The ones of every line first.
constexpr std::pair<std::string_view, LogField> number_fields[] = {
    {"op", LogField::op},
    {"client", LogField::client},
    {"call_ns", LogField::call_ns},
    {"ret_ns", LogField::ret_ns},
    {"call_step", LogField::call_step},
    {"ret_step", LogField::ret_step},
    {"position", LogField::position},
    {"from", LogField::from},
    {"max", LogField::max},
    {"tail", LogField::tail},
    {"expected_tail", LogField::expected_tail},
    {"expected", LogField::expected},
    {"current", LogField::current},
    {"at", LogField::at},
    {"attempt", LogField::attempt},
    {"stream_length", LogField::stream_length},
    {"version", LogField::version},
    {"checkpoint", LogField::checkpoint},
    {"retained", LogField::retained},
    {"bookmark", LogField::bookmark},
    {"batch", LogField::batch},
    {"actual", LogField::actual},
    {"timeout_ns", LogField::timeout_ns},
};

constexpr std::pair<std::string_view, LogArray> arrays_of_lines[] = {
    {"streams", LogArray::streams},
    {"record_streams", LogArray::record_streams},
    {"revisions", LogArray::revisions},
    {"conflicts", LogArray::conflicts},
    {"conflicting", LogArray::in_the_way},
    {"reads", LogArray::reads},
    {"conditions", LogArray::conditions},
};

}  // namespace

std::optional<LogField> number_field_of(std::string_view key) {
    return find(number_fields, key);
}

std::optional<LogArray> array_of(std::string_view key) {
    return find(arrays_of_lines, key);
}

bool may_be_number(std::string_view key) {
    return key == "session" || key == "node" || key == "sub" || key == "key" || key == "group";
}

std::string_view* LogReader::Fields::name(std::string_view wanted) {
    const std::pair<std::string_view, std::string_view*> names[] = {
        {"status", &status},
        {"f", &f},
        {"error", &error},
        {"key", &key},
        {"stream", &stream},
        {"node", &node},
        {"session", &session},
        {"mode", &mode},
        {"direction", &direction},
        {"filter", &filter},
        {"group", &group},
        {"sub", &sub},
        {"text", &text},
    };
    for (const auto& [known, field] : names) {
        if (known == wanted) {
            return field;
        }
    }
    return nullptr;
}

}  // namespace ledger::check
