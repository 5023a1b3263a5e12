#include "sim/check/recorded/pairing.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/check/errc.h"

namespace ledger::check {
namespace {

// What goes beyond these is left out: annotations are for people.
constexpr std::uint64_t annotations_max = 100'000;
constexpr std::uint64_t lanes_max = 64;

std::string name_of(const RecordedOperation& operation) {
    return fmt::format(
        "{} of line {}", operation.f.empty() ? "operation" : operation.f, operation.called_line);
}

std::string name_of(std::optional<std::int64_t> process) {
    return process ? fmt::format("process {}", *process) : std::string("the recording");
}

std::uint64_t key_of(std::int64_t process) {
    return static_cast<std::uint64_t>(process);
}

}  // namespace

std::optional<EventType> event_type(std::string_view name) {
    if (name == "invoke") {
        return EventType::invoke;
    }
    if (name == "ok") {
        return EventType::ok;
    }
    if (name == "fail") {
        return EventType::fail;
    }
    return name == "info" ? std::optional(EventType::info) : std::nullopt;
}

Result<void> Pairing::add(RecordedEvent event) {
    ++place_;
    const bool is_call = event.type == EventType::invoke;
    if (!has_calls_) {
        has_calls_ = is_call;
    }
    if (*has_calls_) {
        return is_call ? call(event) : answer(event);
    }
    if (is_call) {
        return failure(Errc::malformed_history,
            fmt::format("{} calls {} in a recording that began with a return",
                name_of(event.process), event.f.empty() ? "an operation" : event.f));
    }
    returned_only(event);
    return {};
}

// Two places for each return, so that a call can stand between two of them.
void Pairing::returned_only(RecordedEvent& event) {
    ++place_;
    RecordedOperation operation;
    operation.id = history_.operations.size();
    operation.process = event.process.value_or(static_cast<std::int64_t>(operation.id));
    operation.f = std::move(event.f);
    operation.asked = event.value;
    operation.answered = std::move(event.value);
    operation.error = std::move(event.error);
    operation.returned_ns = event.time_ns;
    operation.called_line = event.line;
    operation.returned_line = event.line;
    if (event.type != EventType::info) {
        operation.outcome = event.type == EventType::ok ? Outcome::ok : Outcome::failed;
        operation.returned = place_;
    }
    if (event.process) {
        std::uint64_t& last = returned_[key_of(*event.process)];
        operation.called = last + 1;
        last = place_;
    } else {
        operation.called = 1;
    }
    history_.operations.push_back(std::move(operation));
}

Result<void> Pairing::call(RecordedEvent& event) {
    const std::uint64_t id = history_.operations.size();
    if (event.process) {
        std::uint64_t& open = open_[key_of(*event.process)];
        if (open != 0) {
            return failure(Errc::malformed_history,
                fmt::format("{} calls {} before its {} has returned", name_of(event.process),
                    event.f.empty() ? "an operation" : event.f,
                    name_of(history_.operations[open - 1])));
        }
        open = id + 1;
    } else {
        open_nameless_ = id;  // one that is still open stays unknown
    }
    RecordedOperation operation;
    operation.id = id;
    operation.process = event.process.value_or(static_cast<std::int64_t>(id));
    operation.f = std::move(event.f);
    operation.asked = std::move(event.value);
    operation.called = place_;
    operation.called_ns = event.time_ns;
    operation.called_line = event.line;
    history_.operations.push_back(std::move(operation));
    return {};
}

Result<void> Pairing::answer(RecordedEvent& event) {
    std::uint64_t* open = event.process ? open_.find(key_of(*event.process)) : nullptr;
    const bool is_open = event.process ? open != nullptr && *open != 0 : open_nameless_.has_value();
    if (!is_open) {
        return failure(Errc::malformed_history,
            fmt::format("{} returns from {}, which it has not called", name_of(event.process),
                event.f.empty() ? "an operation" : event.f));
    }
    RecordedOperation& operation = history_.operations[event.process ? *open - 1 : *open_nameless_];
    if (!event.f.empty() && !operation.f.empty() && event.f != operation.f) {
        return failure(
            Errc::malformed_history, fmt::format("{} returns from {}, but it has called the {}",
                                         name_of(event.process), event.f, name_of(operation)));
    }
    if (operation.f.empty()) {
        operation.f = std::move(event.f);
    }
    operation.answered = std::move(event.value);
    operation.error = std::move(event.error);
    operation.returned_ns = event.time_ns;
    operation.returned_line = event.line;
    if (event.type != EventType::info) {
        operation.outcome = event.type == EventType::ok ? Outcome::ok : Outcome::failed;
        operation.returned = place_;
    }
    if (event.process) {
        *open = 0;
    } else {
        open_nameless_.reset();
    }
    return {};
}

void Pairing::annotate(std::string_view lane, std::string_view name, const Value& value) {
    ++place_;
    std::string text(name);
    if (!value.is_nil()) {
        text += (text.empty() ? "" : " ") + to_text(value);
    }
    const auto known = std::find_if(
        lanes_.begin(), lanes_.end(), [&](const Lane& last) { return last.lane == lane; });
    if (known != lanes_.end() && known->name == name && !known->ended) {
        known->ended = true;
        Annotation& annotation = history_.annotations[known->annotation];
        annotation.to = place_;
        annotation.text = value.is_nil() ? annotation.text : std::move(text);
        return;
    }
    const auto band = std::find_if(bands_.begin(), bands_.end(), [&](const OpenBand& open) {
        return open.ends == name && history_.annotations[open.annotation].lane == lane;
    });
    if (band != bands_.end()) {
        history_.annotations[band->annotation].to = place_;
        bands_.erase(band);
    }
    if (history_.annotations.size() == annotations_max || lanes_.size() == lanes_max) {
        return;
    }
    const std::uint64_t id = history_.annotations.size();
    if (name.starts_with("start")) {
        bands_.push_back({id, "stop" + std::string(name.substr(5))});
    }
    history_.annotations.push_back({std::string(lane), std::move(text), place_, place_});
    Lane last{std::string(lane), std::string(name), id, false};
    if (known != lanes_.end()) {
        *known = std::move(last);
    } else {
        lanes_.push_back(std::move(last));
    }
}

RecordedHistory Pairing::history(HistoryFormat format) && {
    for (const OpenBand& band : bands_) {
        history_.annotations[band.annotation].to = place_;
    }
    if (has_calls_ && !*has_calls_) {
        std::sort(history_.operations.begin(), history_.operations.end(),
            [](const RecordedOperation& a, const RecordedOperation& b) {
                return a.called != b.called ? a.called < b.called : a.id < b.id;
            });
        for (std::uint64_t id = 0; id < history_.operations.size(); ++id) {
            history_.operations[id].id = id;
        }
    }
    history_.format = format;
    return std::move(history_);
}

}  // namespace ledger::check
