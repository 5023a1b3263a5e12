#include "node/asio/projection_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/format.h"
#include "node/asio/ctl_moment.h"

namespace ledger::node::asio {
namespace {

using projection::Definition;
using projection::Group;
using projection::Key;
using projection::Projection;

using Row = std::vector<std::string>;

// The width of a text on a terminal, about: code points.
std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(),
        [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// Control characters would move the cursor, or worse.
std::string printable(std::string text) {
    std::replace_if(
        text.begin(), text.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return text;
}

std::string table_of_rows(const std::vector<Row>& rows) {
    std::vector<std::size_t> widths(rows.front().size(), 0);
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    }
    std::string text;
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += row[i];
            const bool last = i + 1 == row.size();
            text += last ? "\n" : std::string(widths[i] - width_of(row[i]) + 2, ' ');
        }
    }
    return text;
}

Row head_of(const Definition& definition) {
    Row head;
    for (const projection::Field& key : definition.keys) {
        head.push_back(text_of(key));
    }
    for (const projection::Fold& fold : definition.folds) {
        head.push_back(text_of(fold));
    }
    return head;
}

std::string json_of_key(const Key& key) {
    std::string text = "[";
    for (const projection::Value& value : key) {
        text += (text.size() > 1 ? "," : "") + json_of(value);
    }
    return text + "]";
}

std::string json_of_group(const Definition& definition, const Group* group) {
    if (group == nullptr) {
        return "null";
    }
    std::string text = "[";
    for (std::size_t i = 0; i < group->size(); ++i) {
        text += (i > 0 ? "," : "") + json_of(definition.folds[i], (*group)[i]);
    }
    return text + "]";
}

std::string before_and_after(
    const projection::Fold& fold, const projection::Cell* before, const projection::Cell* after) {
    const std::string old = before == nullptr ? "" : printable(text_of(fold, *before));
    const std::string now = after == nullptr ? "" : printable(text_of(fold, *after));
    return old == now ? now : old.empty() ? "+ " + now : now.empty() ? "- " + old : old + " -> " + now;
}

}  // namespace

std::string table_of(const Definition& definition, const Shown& groups) {
    std::vector<Row> rows = {head_of(definition)};
    for (const auto* group : groups) {
        Row row;
        for (const projection::Value& value : group->first) {
            row.push_back(printable(text_of(value)));
        }
        for (std::size_t i = 0; i < group->second.size(); ++i) {
            row.push_back(printable(text_of(definition.folds[i], group->second[i])));
        }
        rows.push_back(std::move(row));
    }
    return table_of_rows(rows);
}

std::string standing_text(const Projection& projection) {
    const projection::Standing& standing = projection.standing();
    std::string text = standing.next == Position{}
                           ? std::string("before the first event")
                           : fmt::format("as of position {}", standing.next.previous());
    text += fmt::format(": {} events", standing.folded);
    if (standing.folded > 0) {
        text += fmt::format(", the last at {}", text_of(standing.wall_time));
    }
    return standing.redacted == 0 ? text
                                  : text + fmt::format(", {} redacted", standing.redacted);
}

void write_standing(std::string& text, const Projection& projection) {
    const projection::Standing& standing = projection.standing();
    text += "\"definition\":" + projection::quoted(text_of(projection.definition()));
    text += ",\"position\":";
    text += standing.next == Position{} ? "null" : std::to_string(standing.next.value - 1);
    text += ",\"last_time\":";
    text += standing.folded == 0 ? "null" : projection::quoted(text_of(standing.wall_time));
    text += fmt::format(
        ",\"folded\":{},\"redacted\":{}", standing.folded, standing.redacted);
}

std::string json_of(const Definition& definition, const Shown& groups) {
    std::string text = "[";
    for (const auto* group : groups) {
        text += text.size() > 1 ? "," : "";
        text += "{\"key\":" + json_of_key(group->first) +
                ",\"values\":" + json_of_group(definition, &group->second) + "}";
    }
    return text + "]";
}

std::vector<Change> changes_between(const Projection& before, const Projection& after) {
    std::vector<Change> changes;
    auto old = before.groups().begin();
    auto now = after.groups().begin();
    while (old != before.groups().end() || now != after.groups().end()) {
        const bool only_old = now == after.groups().end() ||
                              (old != before.groups().end() && old->first < now->first);
        const bool only_now = old == before.groups().end() ||
                              (now != after.groups().end() && now->first < old->first);
        if (only_old) {
            changes.push_back({&old->first, &old->second, nullptr});
            ++old;
        } else if (only_now) {
            changes.push_back({&now->first, nullptr, &now->second});
            ++now;
        } else {
            if (old->second != now->second) {
                changes.push_back({&now->first, &old->second, &now->second});
            }
            ++old;
            ++now;
        }
    }
    return changes;
}

std::string table_of(const Definition& definition, const std::vector<Change>& changes) {
    std::vector<Row> rows = {head_of(definition)};
    for (const Change& change : changes) {
        Row row;
        for (const projection::Value& value : *change.key) {
            row.push_back(printable(text_of(value)));
        }
        for (std::size_t i = 0; i < definition.folds.size(); ++i) {
            row.push_back(before_and_after(definition.folds[i],
                change.before == nullptr ? nullptr : &(*change.before)[i],
                change.after == nullptr ? nullptr : &(*change.after)[i]));
        }
        rows.push_back(std::move(row));
    }
    return table_of_rows(rows);
}

std::string json_of(const Definition& definition, const std::vector<Change>& changes) {
    std::string text = "[";
    for (const Change& change : changes) {
        text += text.size() > 1 ? "," : "";
        text += "{\"key\":" + json_of_key(*change.key) +
                ",\"before\":" + json_of_group(definition, change.before) +
                ",\"after\":" + json_of_group(definition, change.after) + "}";
    }
    return text + "]";
}

}  // namespace ledger::node::asio
