#include "sim/check/search/value_table.h"

#include <algorithm>

#include <fmt/format.h>

namespace ledger::check {
namespace {

// The same for equal values, different for others: what a text was written as plays no part, nor
// does the order of sets and maps.
void append_key(const Value& value, std::string& out) {
    if (const bool* boolean = value.boolean()) {
        out += *boolean ? 'T' : 'F';
    } else if (const auto integer = value.integer()) {
        out += fmt::format("i{};", *integer);
    } else if (const ValueText* text = value.text()) {
        out += fmt::format("t{}:{}", text->characters.size(), text->characters);
    } else if (const ValueList* list = value.list()) {
        out += fmt::format("l{}:", list->size());
        for (const Value& element : *list) {
            append_key(element, out);
        }
    } else if (value.set() != nullptr || value.map() != nullptr) {
        std::vector<std::string> elements;
        if (const ValueSet* set = value.set()) {
            for (const Value& element : set->elements) {
                append_key(element, elements.emplace_back());
            }
        } else {
            for (const auto& [key, member] : *value.map()) {
                std::string& element = elements.emplace_back();
                append_key(key, element);
                append_key(member, element);
            }
        }
        std::sort(elements.begin(), elements.end());
        out += fmt::format("{}{}:", value.set() != nullptr ? 's' : 'm', elements.size());
        for (const std::string& element : elements) {
            out += element;
        }
    } else {
        out += 'n';
    }
}

}  // namespace

std::uint32_t ValueTable::number(const Value& value) {
    std::uint32_t* known = nullptr;
    if (const auto integer = value.integer()) {
        known = &integers_[static_cast<std::uint64_t>(*integer)];
    } else {
        std::string key;
        append_key(value, key);
        known = &others_[key];
    }
    if (*known == 0) {
        values_.push_back(value);
        *known = size();
    }
    return *known - 1;
}

}  // namespace ledger::check
