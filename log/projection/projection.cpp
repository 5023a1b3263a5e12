#include "log/projection/projection.h"

#include <algorithm>

#include "log/base/assert.h"
#include "log/projection/errc.h"
#include "log/projection/matcher.h"

namespace ledger::projection {
namespace {

constexpr std::uint64_t group_bytes = 64;  // of a group beside its texts, about
constexpr std::uint64_t cell_bytes = 32;

// What the sum of a cell becomes; an error if it cannot take the value.
Result<Number> summed(const Fold& fold, const Value& value, const Value& before) {
    const auto* number = std::get_if<Number>(&value);
    if (number == nullptr) {
        return failure(Errc::wrong_type,
            text_of(fold.field) + " is " + json_of(value) + ", which is no number to sum");
    }
    const auto* so_far = std::get_if<Number>(&before);
    const std::optional<Number> sum = so_far == nullptr ? *number : so_far->plus(*number);
    if (!sum) {
        return failure(Errc::out_of_range, "the " + text_of(fold) + " is beyond 10^20");
    }
    return *sum;
}

bool replaces(Fold::Kind kind, const Value& value, const Value& before) {
    switch (kind) {
        case Fold::Kind::min: return is_nothing(before) || value < before;
        case Fold::Kind::max: return is_nothing(before) || value > before;
        case Fold::Kind::first: return is_nothing(before);
        case Fold::Kind::last: return true;
        case Fold::Kind::count:
        case Fold::Kind::sum:
        case Fold::Kind::set: break;
    }
    return false;
}

// Puts a value, which is something, where check() has said it fits. The bytes that this adds.
std::int64_t put(const Fold& fold, const Value& value, Cell& cell) {
    if (fold.kind == Fold::Kind::set) {
        return cell.values.insert(value).second
                   ? static_cast<std::int64_t>(cell_bytes + bytes_of(value))
                   : 0;
    }
    if (fold.kind == Fold::Kind::sum) {
        const Result<Number> sum = summed(fold, value, cell.value);
        LEDGER_ASSERT(sum.has_value());
        cell.value = *sum;
        return 0;
    }
    if (!replaces(fold.kind, value, cell.value)) {
        return 0;
    }
    const auto before = static_cast<std::int64_t>(bytes_of(cell.value));
    cell.value = value;
    return static_cast<std::int64_t>(bytes_of(cell.value)) - before;
}

std::uint64_t bytes_of(const Key& key) {
    std::uint64_t bytes = group_bytes;
    for (const Value& value : key) {
        bytes += cell_bytes + projection::bytes_of(value);
    }
    return bytes;
}

}  // namespace

bool is_system(std::string_view stream) {
    return stream.starts_with('$');
}

Projection::Projection(Definition definition) : definition_(std::move(definition)) {
    for (const Fold& fold : definition_.folds) {
        places_.folds.push_back(fold.kind == Fold::Kind::count ? 0 : fields_.ask(fold.field));
    }
    for (const Field& key : definition_.keys) {
        places_.keys.push_back(fields_.ask(key));
    }
    for (const Condition& condition : definition_.conditions) {
        places_.conditions.push_back(fields_.ask(condition.field));
        const auto* name = std::get_if<std::string>(&condition.value);
        asks_system_ = asks_system_ || (condition.field.kind == Field::Kind::stream &&
                                           name != nullptr && is_system(*name));
    }
}

void Projection::skip_to(Position next) {
    LEDGER_ASSERT(next >= standing_.next);
    standing_.next = next;
}

bool Projection::meets(bool payload) const {
    for (std::size_t i = 0; i < definition_.conditions.size(); ++i) {
        const Condition& condition = definition_.conditions[i];
        if ((condition.field.kind == Field::Kind::payload) == payload &&
            !holds(fields_[places_.conditions[i]], condition.comparison, condition.value)) {
            return false;
        }
    }
    return true;
}

Key Projection::key() const {
    Key key;
    key.reserve(places_.keys.size());
    for (const std::uint32_t place : places_.keys) {
        key.push_back(fields_[place]);
    }
    return key;
}

Result<void> Projection::check(const Group* group) const {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < definition_.folds.size(); ++i) {
        const Fold& fold = definition_.folds[i];
        if (fold.kind == Fold::Kind::count || is_nothing(fields_[places_.folds[i]])) {
            continue;
        }
        const Value& value = fields_[places_.folds[i]];
        bytes += cell_bytes + projection::bytes_of(value);
        if (fold.kind == Fold::Kind::sum) {
            LEDGER_CHECK(summed(fold, value, group == nullptr ? Value{} : (*group)[i].value));
        }
    }
    if (group == nullptr && groups_.size() == groups_max) {
        return failure(
            Errc::beyond_limit, "the state has " + std::to_string(groups_max) + " groups already");
    }
    if (bytes_ + bytes > state_bytes_max) {
        return failure(Errc::beyond_limit,
            "the state is larger than " + std::to_string(state_bytes_max) + " bytes");
    }
    return {};
}

Groups::iterator Projection::add_group(Key&& key) {
    bytes_ += bytes_of(key) + cell_bytes * definition_.folds.size();
    const auto [group, is_new] = groups_.try_emplace(std::move(key));
    LEDGER_ASSERT(is_new);
    group->second.resize(definition_.folds.size());
    return group;
}

void Projection::fold_into(Group& group) {
    for (std::size_t i = 0; i < definition_.folds.size(); ++i) {
        const Fold& fold = definition_.folds[i];
        if (fold.kind == Fold::Kind::count) {
            ++group[i].count;
        } else if (const Value& value = fields_[places_.folds[i]]; !is_nothing(value)) {
            bytes_ += static_cast<std::uint64_t>(put(fold, value, group[i]));
        }
    }
}

Result<const Groups::value_type*> Projection::apply(const state::RecordedEvent& event) {
    LEDGER_ASSERT(event.position >= standing_.next);
    const auto pass = [this, &event] {
        standing_.next = event.position.next();
        return nullptr;
    };
    if (is_system(event.stream) && !asks_system_) {
        return pass();
    }
    if (const Result<void> read = fields_.read_envelope(event); !read) {
        return at_event(event, read.error());
    }
    if (!meets(false)) {
        return pass();
    }
    if (fields_.asks_payload()) {
        if (event.erased) {
            ++standing_.redacted;
            return pass();
        }
        if (const Result<void> read = fields_.read_payload(event); !read) {
            return at_event(event, read.error());
        }
        if (!meets(true)) {
            return pass();
        }
    }
    const auto known = groups_.find(key());
    if (const Result<void> fits = check(known == groups_.end() ? nullptr : &known->second); !fits) {
        return at_event(event, fits.error());
    }
    const auto group = known == groups_.end() ? add_group(key()) : known;
    fold_into(group->second);
    ++standing_.folded;
    standing_.cluster_time = event.cluster_time;
    standing_.wall_time = event.wall_time;
    pass();
    return &*group;
}

std::uint64_t Projection::measured() const {
    std::uint64_t bytes = 0;
    for (const auto& [key, group] : groups_) {
        bytes += bytes_of(key) + cell_bytes * group.size();
        for (const Cell& cell : group) {
            bytes += projection::bytes_of(cell.value);
            for (const Value& value : cell.values) {
                bytes += cell_bytes + projection::bytes_of(value);
            }
        }
    }
    return bytes;
}

std::vector<const Groups::value_type*> Projection::shown() const {
    std::vector<const Groups::value_type*> shown;
    shown.reserve(groups_.size());
    for (const auto& group : groups_) {
        shown.push_back(&group);
    }
    if (definition_.top == 0) {
        return shown;
    }
    const Fold& fold = definition_.folds.front();
    std::sort(shown.begin(), shown.end(), [&fold](const auto* a, const auto* b) {
        const Value left = value_of(fold, a->second.front());
        const Value right = value_of(fold, b->second.front());
        return left != right ? left > right : a->first < b->first;
    });
    shown.resize(std::min<std::size_t>(shown.size(), definition_.top));
    return shown;
}

Value value_of(const Fold& fold, const Cell& cell) {
    switch (fold.kind) {
        case Fold::Kind::count: return Number(cell.count);
        case Fold::Kind::set: return Number(cell.values.size());
        case Fold::Kind::sum:
        case Fold::Kind::min:
        case Fold::Kind::max:
        case Fold::Kind::first:
        case Fold::Kind::last: break;
    }
    return cell.value;
}

namespace {

template <typename Text>
std::string listed(const std::set<Value>& values, Text text) {
    std::string out;
    for (const Value& value : values) {
        out += (out.empty() ? "" : ", ") + text(value);
    }
    return out;
}

}  // namespace

std::string text_of(const Fold& fold, const Cell& cell) {
    if (fold.kind == Fold::Kind::set) {
        return "{" + listed(cell.values, [](const Value& value) { return text_of(value); }) + "}";
    }
    return text_of(value_of(fold, cell));
}

std::string json_of(const Fold& fold, const Cell& cell) {
    if (fold.kind == Fold::Kind::set) {
        return "[" + listed(cell.values, [](const Value& value) { return json_of(value); }) + "]";
    }
    return json_of(value_of(fold, cell));
}

}  // namespace ledger::projection
