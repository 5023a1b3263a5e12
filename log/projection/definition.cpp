#include "log/projection/definition.h"

#include <algorithm>

#include "log/base/assert.h"
#include "log/projection/errc.h"
#include "log/projection/words.h"

namespace ledger::projection {
namespace {

Error too_many(std::string_view what, std::uint32_t limit) {
    return failure(
        Errc::beyond_limit, "more than " + std::to_string(limit) + " " + std::string(what));
}

Result<std::vector<Fold>> read_folds(Words& words) {
    std::vector<Fold> folds;
    do {
        LEDGER_TRY(Fold fold, words.fold());
        folds.push_back(std::move(fold));
        if (folds.size() > folds_max) {
            return too_many("folds", folds_max);
        }
    } while (words.take_comma());
    return folds;
}

Result<std::vector<Field>> read_keys(Words& words) {
    std::vector<Field> keys;
    do {
        LEDGER_TRY(Field key, words.field());
        keys.push_back(std::move(key));
        if (keys.size() > keys_max) {
            return too_many("fields after 'by'", keys_max);
        }
    } while (words.take_comma());
    return keys;
}

Result<std::vector<Condition>> read_conditions(Words& words) {
    std::vector<Condition> conditions;
    do {
        Condition condition;
        LEDGER_TRY(condition.field, words.field());
        LEDGER_TRY(condition.comparison, words.comparison());
        LEDGER_TRY(condition.value, words.literal());
        conditions.push_back(std::move(condition));
        if (conditions.size() > conditions_max) {
            return too_many("conditions", conditions_max);
        }
    } while (words.take("and"));
    return conditions;
}

template <typename Things>
std::string join(const Things& things) {
    std::string text;
    for (const auto& thing : things) {
        text += (text.empty() ? "" : ", ") + text_of(thing);
    }
    return text;
}

std::string text_of_condition(const Condition& condition) {
    return text_of(condition.field) + ' ' + std::string(text_of(condition.comparison)) + ' ' +
           json_of(condition.value);
}

}  // namespace

bool holds(const Value& value, Comparison comparison, const Value& with) {
    const bool comparable = value.index() == with.index();
    switch (comparison) {
        case Comparison::equal: return value == with;
        case Comparison::different: return value != with;
        case Comparison::less: return comparable && value < with;
        case Comparison::at_most: return comparable && value <= with;
        case Comparison::more: return comparable && value > with;
        case Comparison::at_least: return comparable && value >= with;
        case Comparison::begins_with: break;
    }
    const auto* text = std::get_if<std::string>(&value);
    const auto* prefix = std::get_if<std::string>(&with);
    return text != nullptr && prefix != nullptr && text->starts_with(*prefix);
}

Result<Definition> parse_definition(std::string_view text) {
    if (text.size() > definition_bytes_max) {
        return failure(Errc::beyond_limit, std::to_string(text.size()) + " bytes, at most " +
                                               std::to_string(definition_bytes_max));
    }
    Words words(text);
    Definition definition;
    LEDGER_TRY(definition.folds, read_folds(words));
    if (words.take("by")) {
        LEDGER_TRY(definition.keys, read_keys(words));
    }
    if (words.take("where")) {
        LEDGER_TRY(definition.conditions, read_conditions(words));
    }
    if (words.take("top")) {
        LEDGER_TRY(definition.top, words.count());
    }
    if (!words.at_end()) {
        return words.expected(!definition.conditions.empty() ? "'and', 'top' or the end"
                              : !definition.keys.empty()     ? "',', 'where', 'top' or the end"
                                                             : "',', 'by', 'where', 'top' or the end");
    }
    LEDGER_ASSERT(!definition.folds.empty());
    return definition;
}

Result<std::vector<Condition>> parse_conditions(std::string_view text) {
    if (text.size() > definition_bytes_max) {
        return failure(Errc::beyond_limit, std::to_string(text.size()) + " bytes, at most " +
                                               std::to_string(definition_bytes_max));
    }
    Words words(text);
    LEDGER_TRY(std::vector<Condition> conditions, read_conditions(words));
    if (!words.at_end()) {
        return words.expected("'and' or the end");
    }
    return conditions;
}

std::string text_of(const Definition& definition) {
    std::string text = join(definition.folds);
    if (!definition.keys.empty()) {
        text += " by " + join(definition.keys);
    }
    std::string_view link = " where ";
    for (const Condition& condition : definition.conditions) {
        text += std::string(link) + text_of_condition(condition);
        link = " and ";
    }
    if (definition.top != 0) {
        text += " top " + std::to_string(definition.top);
    }
    return text;
}

std::optional<std::string> only_stream(const Definition& definition) {
    for (const Condition& condition : definition.conditions) {
        const auto* name = std::get_if<std::string>(&condition.value);
        if (condition.field.kind == Field::Kind::stream &&
            condition.comparison == Comparison::equal && name != nullptr) {
            return *name;
        }
    }
    return std::nullopt;
}

}  // namespace ledger::projection
