#include "log/projection/predicate.h"

#include <algorithm>

#include "log/base/assert.h"
#include "log/projection/words.h"

namespace ledger::projection {
namespace {

std::string folds_of(const Definition& definition) {
    std::string text;
    for (const Fold& fold : definition.folds) {
        text += (text.empty() ? "'" : ", '") + text_of(fold) + "'";
    }
    return text;
}

Result<Key> read_key(Words& words, const Definition& definition) {
    Key key;
    do {
        LEDGER_TRY(Value value, words.literal());
        key.push_back(std::move(value));
    } while (words.take_comma());
    if (key.size() != definition.keys.size()) {
        const std::size_t count = definition.keys.size();
        return words.expected(std::to_string(count) + (count == 1 ? " value" : " values") +
                              " after 'for', one per field after 'by'");
    }
    return key;
}

bool group_holds(const Predicate& predicate, const Projection& projection, const Group& group) {
    const Fold& fold = projection.definition().folds[predicate.fold];
    return holds(value_of(fold, group[predicate.fold]), predicate.comparison, predicate.value);
}

}  // namespace

Result<Predicate> parse_predicate(std::string_view text, const Definition& definition) {
    Words words(text);
    Predicate predicate;
    Words before = words;
    LEDGER_TRY(const Fold fold, words.fold());
    const auto found = std::find(definition.folds.begin(), definition.folds.end(), fold);
    if (found == definition.folds.end()) {
        return before.expected("one of the folds " + folds_of(definition));
    }
    predicate.fold = static_cast<std::uint32_t>(found - definition.folds.begin());
    LEDGER_TRY(predicate.comparison, words.comparison());
    LEDGER_TRY(predicate.value, words.literal());
    if (words.take("for")) {
        if (definition.keys.empty()) {
            return words.expected("the end: without 'by' there is one group");
        }
        LEDGER_TRY(predicate.key, read_key(words, definition));
    }
    if (!words.at_end()) {
        return words.expected(predicate.key ? "the end" : "'for' or the end");
    }
    return predicate;
}

bool holds(const Predicate& predicate, const Projection& projection) {
    const Groups& groups = projection.groups();
    if (!predicate.key && !projection.definition().keys.empty()) {
        return std::any_of(groups.begin(), groups.end(), [&](const auto& group) {
            return group_holds(predicate, projection, group.second);
        });
    }
    const auto group = groups.find(predicate.key.value_or(Key{}));
    return group_holds(predicate, projection,
        group == groups.end() ? Group(projection.definition().folds.size()) : group->second);
}

bool holds_now(const Predicate& predicate, const Projection& projection,
    const Groups::value_type* touched) {
    if (touched == nullptr || (predicate.key && touched->first != *predicate.key)) {
        return false;
    }
    return group_holds(predicate, projection, touched->second);
}

}  // namespace ledger::projection
