#include "sim/check/recorded/value.h"

#include <algorithm>

#include <fmt/format.h>

namespace ledger::check {
namespace {

// In the order of `less`: what is compared first stands first.
std::vector<const Value*> sorted(const ValueList& list) {
    std::vector<const Value*> out;
    for (const Value& value : list) {
        out.push_back(&value);
    }
    std::sort(out.begin(), out.end(), [](const Value* a, const Value* b) { return less(*a, *b); });
    return out;
}

using Pair = const std::pair<Value, Value>*;

std::vector<Pair> sorted(const ValueMap& map) {
    std::vector<Pair> out;
    for (const auto& pair : map) {
        out.push_back(&pair);
    }
    std::sort(out.begin(), out.end(), [](Pair a, Pair b) { return less(a->first, b->first); });
    return out;
}

// Below zero, zero, above: the shorter one is less if it is how the other one begins.
int compare(const Value& a, const Value& b);

int compare(const std::vector<const Value*>& a, const std::vector<const Value*>& b) {
    for (std::uint64_t i = 0; i < a.size() && i < b.size(); ++i) {
        if (const int order = compare(*a[i], *b[i]); order != 0) {
            return order;
        }
    }
    return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

std::vector<const Value*> flat(const ValueMap& map) {
    std::vector<const Value*> out;
    for (const Pair pair : sorted(map)) {
        out.push_back(&pair->first);
        out.push_back(&pair->second);
    }
    return out;
}

std::vector<const Value*> flat(const ValueList& list) {
    std::vector<const Value*> out;
    for (const Value& value : list) {
        out.push_back(&value);
    }
    return out;
}

int compare(const Value& a, const Value& b) {
    if (a.variant().index() != b.variant().index()) {
        return a.variant().index() < b.variant().index() ? -1 : 1;
    }
    if (const bool* left = a.boolean()) {
        return static_cast<int>(*left) - static_cast<int>(*b.boolean());
    }
    if (const auto left = a.integer()) {
        return *left < *b.integer() ? -1 : *left > *b.integer() ? 1 : 0;
    }
    if (const ValueText* left = a.text()) {
        return left->characters.compare(b.text()->characters);
    }
    if (const ValueList* left = a.list()) {
        return compare(flat(*left), flat(*b.list()));
    }
    if (const ValueSet* left = a.set()) {
        return compare(sorted(left->elements), sorted(b.set()->elements));
    }
    if (const ValueMap* left = a.map()) {
        return compare(flat(*left), flat(*b.map()));
    }
    return 0;
}

void write(const Value& value, std::uint64_t bytes_max, std::string& out);

void write_list(const ValueList& list, const char* open, const char* close, std::uint64_t bytes_max,
    std::string& out) {
    out += open;
    for (std::uint64_t i = 0; i < list.size(); ++i) {
        if (out.size() >= bytes_max) {
            out += fmt::format(" ... {} more", list.size() - i);
            break;
        }
        out += i == 0 ? "" : " ";
        write(list[i], bytes_max, out);
    }
    out += close;
}

void write_map(const ValueMap& map, std::uint64_t bytes_max, std::string& out) {
    out += "{";
    for (std::uint64_t i = 0; i < map.size(); ++i) {
        if (out.size() >= bytes_max) {
            out += fmt::format(" ... {} more", map.size() - i);
            break;
        }
        out += i == 0 ? "" : ", ";
        write(map[i].first, bytes_max, out);
        out += " ";
        write(map[i].second, bytes_max, out);
    }
    out += "}";
}

void write(const Value& value, std::uint64_t bytes_max, std::string& out) {
    if (const bool* boolean = value.boolean()) {
        out += *boolean ? "true" : "false";
    } else if (const auto integer = value.integer()) {
        out += fmt::format("{}", *integer);
    } else if (const ValueText* text = value.text()) {
        const std::string& all = text->characters;
        out += all.empty()               ? "\"\""
               : all.size() <= bytes_max ? all
                                         : all.substr(0, bytes_max) + "...";
    } else if (const ValueList* list = value.list()) {
        write_list(*list, "[", "]", bytes_max, out);
    } else if (const ValueSet* set = value.set()) {
        write_list(set->elements, "#{", "}", bytes_max, out);
    } else if (const ValueMap* map = value.map()) {
        write_map(*map, bytes_max, out);
    } else {
        out += "nil";
    }
}

}  // namespace

Value::Value() = default;
Value::Value(Variant value) : value_(std::move(value)) {}
Value::Value(const Value& other) = default;
Value::Value(Value&& other) noexcept = default;
Value& Value::operator=(const Value& other) = default;
Value& Value::operator=(Value&& other) noexcept = default;
Value::~Value() = default;

std::optional<std::int64_t> Value::integer() const {
    const auto* number = std::get_if<std::int64_t>(&value_);
    return number == nullptr ? std::nullopt : std::optional(*number);
}

bool Value::is(std::string_view characters) const {
    const ValueText* own = text();
    return own != nullptr && own->characters == characters;
}

const Value* Value::find(std::string_view key) const {
    if (const ValueMap* own = map()) {
        for (const auto& [name, value] : *own) {
            if (name.is(key)) {
                return &value;
            }
        }
    }
    return nullptr;
}

bool less(const Value& a, const Value& b) {
    return compare(a, b) < 0;
}

std::string to_text(const Value& value, std::uint64_t bytes_max) {
    std::string out;
    write(value, bytes_max, out);
    return out;
}

}  // namespace ledger::check
