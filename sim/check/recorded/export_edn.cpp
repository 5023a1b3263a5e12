#include <algorithm>

#include <fmt/format.h>

#include "log/base/lookup_table.h"
#include "sim/check/recorded/import.h"

namespace ledger::check {
namespace {

// What a keyword or symbol may consist of without being read as something else.
bool is_name(std::string_view text) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-_.?!*+<>=/$&%").find(c) != std::string_view::npos;
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), plain);
}

void write_string(std::string_view text, std::string& out) {
    out += '"';
    for (const char c : text) {
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default: out += c;
        }
    }
    out += '"';
}

void write(const Value& value, bool keyword, std::string& out);

void write_elements(
    const ValueList& list, std::string_view open, std::string_view close, std::string& out) {
    out += open;
    for (std::uint64_t i = 0; i < list.size(); ++i) {
        out += i == 0 ? "" : " ";
        write(list[i], false, out);
    }
    out += close;
}

void write_text(const ValueText& text, bool keyword, std::string& out) {
    const bool name = is_name(text.characters);
    const bool plain = text.sort == ValueText::Sort::symbol || text.sort == ValueText::Sort::number;
    // A symbol that looks like a number or like a word of the language is none when read again.
    const bool safe = name && text.characters != "nil" && text.characters != "true" &&
                      text.characters != "false" && parse_edn(text.characters) &&
                      !parse_edn(text.characters)->integer();
    if (name && (keyword || text.sort == ValueText::Sort::keyword)) {
        out += ':';
        out += text.characters;
    } else if (plain && safe) {
        out += text.characters;
    } else {
        write_string(text.characters, out);
    }
}

void write(const Value& value, bool keyword, std::string& out) {
    if (const bool* boolean = value.boolean()) {
        out += *boolean ? "true" : "false";
    } else if (const auto integer = value.integer()) {
        out += fmt::format("{}", *integer);
    } else if (const ValueText* text = value.text()) {
        write_text(*text, keyword, out);
    } else if (const ValueList* list = value.list()) {
        write_elements(*list, "[", "]", out);
    } else if (const ValueSet* set = value.set()) {
        write_elements(set->elements, "#{", "}", out);
    } else if (const ValueMap* map = value.map()) {
        out += "{";
        for (std::uint64_t i = 0; i < map->size(); ++i) {
            out += i == 0 ? "" : ", ";
            write((*map)[i].first, true, out);
            out += " ";
            write((*map)[i].second, false, out);
        }
        out += "}";
    } else {
        out += "nil";
    }
}

// [["append" "x" 1]] as JSON and our mini-language give it: Jepsen wants :append.
void write_value(const Value& value, std::string& out) {
    const ValueList* list = value.list();
    const bool micro = list != nullptr && !list->empty() &&
                       std::all_of(list->begin(), list->end(), [](const Value& part) {
                           return part.list() != nullptr && !part.list()->empty() &&
                                  part.list()->front().text() != nullptr;
                       });
    if (!micro) {
        write(value, false, out);
        return;
    }
    out += "[";
    for (std::uint64_t i = 0; i < list->size(); ++i) {
        const ValueList& parts = *(*list)[i].list();
        out += i == 0 ? "[" : " [";
        for (std::uint64_t j = 0; j < parts.size(); ++j) {
            out += j == 0 ? "" : " ";
            write(parts[j], j == 0, out);
        }
        out += "]";
    }
    out += "]";
}

struct ExportedEvent {
    const RecordedOperation* operation = nullptr;
    std::uint64_t place = 0;
    bool call = true;
};

void write_event(const ExportedEvent& event, std::uint64_t index, std::string& out) {
    const RecordedOperation& operation = *event.operation;
    const char* type = event.call                             ? "invoke"
                       : operation.outcome == Outcome::ok     ? "ok"
                       : operation.outcome == Outcome::failed ? "fail"
                                                              : "info";
    out += fmt::format("{{:index {}, :process {}, :type :{}", index, operation.process, type);
    if (!operation.f.empty()) {
        out += ", :f ";
        write_text({operation.f, ValueText::Sort::keyword}, true, out);
    }
    out += ", :value ";
    write_value(event.call ? operation.asked : operation.answered, out);
    if (const auto time = event.call ? operation.called_ns : operation.returned_ns) {
        out += fmt::format(", :time {}", *time);
    }
    if (!event.call && !operation.error.empty()) {
        out += ", :error ";
        write_string(operation.error, out);
    }
    out += "}\n";
}

}  // namespace

std::string to_edn(const Value& value) {
    std::string out;
    write(value, false, out);
    return out;
}

std::string export_edn(const RecordedHistory& history) {
    std::vector<ExportedEvent> events;
    for (const RecordedOperation& operation : history.operations) {
        events.push_back({&operation, operation.called, true});
        if (operation.outcome != Outcome::unknown) {
            events.push_back({&operation, operation.returned, false});
        }
    }
    // At equal places calls come first: they are concurrent.
    std::sort(events.begin(), events.end(), [](const ExportedEvent& a, const ExportedEvent& b) {
        if (a.place != b.place) {
            return a.place < b.place;
        }
        return a.call != b.call ? a.call : a.operation->id < b.operation->id;
    });
    // A process whose operation is unknown says so before it calls again, or at the end.
    std::vector<const RecordedOperation*> lost;
    LookupTable<std::uint64_t, std::uint64_t> lost_of;  // process -> place in `lost` + 1
    std::string out = "[\n";
    std::uint64_t index = 0;
    for (const ExportedEvent& event : events) {
        std::uint64_t& before = lost_of[static_cast<std::uint64_t>(event.operation->process)];
        if (before != 0) {
            write_event({lost[before - 1], event.place, false}, index++, out);
            lost[before - 1] = nullptr;
            before = 0;
        }
        write_event(event, index++, out);
        if (event.operation->outcome == Outcome::unknown) {
            lost.push_back(event.operation);
            before = lost.size();
        }
    }
    for (const RecordedOperation* operation : lost) {
        if (operation != nullptr) {
            write_event({operation, operation->called, false}, index++, out);
        }
    }
    return out + "]\n";
}

}  // namespace ledger::check
