#include "sim/check/log_history/log_subscriptions.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "sim/check/names.h"
#include "sim/check/row.h"

namespace ledger::check {
namespace {

constexpr std::uint64_t none = LogOperation::none;

std::string due_text(const std::optional<std::uint64_t>& due) {
    return due ? fmt::format("position {} was due", *due) : std::string("nothing was due");
}

}  // namespace

LogSubscriptions::LogSubscriptions(const LogHistory& history, const LogContent& content,
    const LogOptions& options, LogFindings& findings)
    : history_(history),
      content_(content),
      options_(options),
      findings_(findings),
      words_(history),
      subscribers_(history.subscriptions.size()) {}

void LogSubscriptions::add(
    const char* name, std::uint32_t place, const std::string& what, std::uint32_t witness) {
    std::vector<std::string> steps = {words_.step(place)};
    std::vector<std::uint32_t> places = {place};
    if (witness != LogOperation::none32) {
        steps.insert(steps.begin(), words_.step(witness));
        places.insert(places.begin(), witness);
    }
    findings_.add(name, fmt::format("{}: {}", words_.name(place), what), std::move(steps), places);
}

bool LogSubscriptions::matches(const Subscriber& subscriber, std::uint64_t position) const {
    const StreamNumber stream = content_.order().event(Position{position}).stream;
    return (subscriber.stream == 0 || stream.value == subscriber.stream) &&
           content_.order().name(stream).starts_with(subscriber.filter);
}

// The first position at or after `from` that it must be handed, if any.
std::optional<std::uint64_t> LogSubscriptions::due(
    const Subscriber& subscriber, std::uint64_t from) const {
    const Order& order = content_.order();
    if (subscriber.stream != 0) {
        if (subscriber.stream >= order.streams()) {
            return std::nullopt;
        }
        const Row row(order, StreamNumber{subscriber.stream});
        const std::uint64_t before = row.length_at(from);
        return before < row.length() ? std::optional(row.position(before).value) : std::nullopt;
    }
    while (from < order.length() && !matches(subscriber, from)) {
        ++from;
    }
    return from < order.length() ? std::optional(from) : std::nullopt;
}

void LogSubscriptions::check() {
    std::vector<std::pair<std::int64_t, std::uint32_t>> lines;
    for (std::uint32_t place = 0; place < history_.operations.size(); ++place) {
        const LogOperation& op = history_.operations[place];
        if ((op.subscription != LogOperation::none32 || op.kind == LogKind::retain) &&
            op.returned != LogOperation::never) {
            lines.emplace_back(op.returned, place);
        }
    }
    std::sort(lines.begin(), lines.end());
    for (const auto& [time, place] : lines) {
        const LogOperation& op = history_.operations[place];
        if (op.kind == LogKind::retain) {
            retained_ = std::max(retained_, op.from);
            continue;
        }
        Subscriber& subscriber = subscribers_[op.subscription];
        switch (op.kind) {
            case LogKind::subscribe: subscribe(place); break;
            case LogKind::deliver: deliver(place); break;
            case LogKind::ack:
            case LogKind::nack: acknowledge(place, subscriber); break;
            case LogKind::caught_up: subscriber.caught_up = true; break;
            case LogKind::unsubscribe:
                subscriber.ended = true;
                ++subscriber.life;
                break;
            default: break;
        }
    }
    finish();
}

void LogSubscriptions::subscribe(std::uint32_t place) {
    const LogOperation& op = history_.operations[place];
    Subscriber& subscriber = subscribers_[op.subscription];
    if (op.has(LogOperation::truncated)) {
        truncated(place, subscriber);
        return;
    }
    if (!op.ok()) {
        return;
    }
    ++subscriber.life;
    subscriber.ended = false;
    subscriber.caught_up = false;
    subscriber.batch = none;
    subscriber.last = none;
    subscriber.bookmarked = 0;
    subscriber.retained = retained_;
    if (op.has(LogOperation::in_group)) {
        join(place, subscriber);
        return;
    }
    if (subscriber.begun) {
        ++resumed_;
        resume(place, subscriber);
        return;
    }
    subscriber.begun = true;
    subscriber.stream = op.stream;
    subscriber.filter = history_.details[op.details].filter;
    if (op.max != none) {
        subscriber.next = op.max + 1;
    } else if (op.from != none) {
        subscriber.next = op.from;
    }
    subscriber.acknowledged = subscriber.next.value_or(0);
}

// S9: it goes on behind its checkpoint.
void LogSubscriptions::resume(std::uint32_t place, Subscriber& subscriber) {
    const LogOperation& op = history_.operations[place];
    subscriber.delivered = false;
    if (op.max == none || !subscriber.next) {
        subscriber.resuming = true;
        return;
    }
    const std::uint64_t next = op.max + 1;
    const std::optional<std::uint64_t> lacks = due(subscriber, *subscriber.next);
    if (lacks && *lacks < next) {
        add("wrong-resumption", place,
            fmt::format("it resumes behind position {}, but has not been handed position {} (S9)",
                op.max, *lacks));
    } else if (next < subscriber.acknowledged) {
        add("wrong-resumption", place,
            fmt::format("it resumes behind position {}, but had acknowledged all below {} (S9)",
                op.max, subscriber.acknowledged));
    }
    subscriber.next = next;
}

// S13: a typed answer with the first position that is kept, and only if something is lacking.
void LogSubscriptions::truncated(std::uint32_t place, Subscriber& subscriber) {
    const LogOperation& op = history_.operations[place];
    subscriber.ended = true;
    const std::uint64_t start = op.max != none    ? op.max + 1
                                : op.from != none ? op.from
                                                  : subscriber.next.value_or(0);
    if (op.position == none) {
        add("false-truncation", place,
            "it was refused as truncated, but not told the first position that is kept (S13)");
    } else if (start >= op.position) {
        add("false-truncation", place,
            fmt::format("it was refused as truncated, but asked for position {} on, and from {} on "
                        "all is kept (S13)",
                start, op.position));
    }
}

void LogSubscriptions::join(std::uint32_t place, Subscriber& subscriber) {
    const LogOperation& op = history_.operations[place];
    const LogDetails& details = history_.details[op.details];
    const auto known = std::ranges::find_if(
        groups_, [&](const Group& group) { return group.name == details.group; });
    subscriber.group = static_cast<std::uint32_t>(known - groups_.begin());
    if (known != groups_.end()) {
        return;
    }
    Group group;
    group.name = details.group;
    group.begin = op.from == none ? 0 : op.from;
    group.timeout_ns = op.expected;
    group.ordered = details.ordered;
    group.what.stream = op.stream;
    group.what.filter = details.filter;
    group.handed.resize(content_.order().length());
    groups_.push_back(std::move(group));
}

void LogSubscriptions::deliver(std::uint32_t place) {
    const LogOperation& op = history_.operations[place];
    Subscriber& subscriber = subscribers_[op.subscription];
    for (std::uint64_t i = 0; i < op.count; ++i) {
        ++deliveries_;
        const std::uint64_t position = std::max(op.from, op.from + i);  // does not wrap
        if (!content_is_right(place, subscriber, position, history_.records[op.records + i])) {
            return;
        }
        if (subscriber.group != LogOperation::none32) {
            deliver_to_group(place, subscriber, position);
            continue;
        }
        in_order(place, subscriber, position);
        if (op.expected != none) {
            whole_batch(place, subscriber, position);
        }
        subscriber.batch = op.expected;
        subscriber.last = position;
        subscriber.last_by = place;
        subscriber.delivered = true;
        subscriber.caught_up = false;
    }
    if (op.length != none && subscriber.group == LogOperation::none32) {
        bookmark(place, subscriber);
    }
}

// S4, S7 and S8.
bool LogSubscriptions::content_is_right(std::uint32_t place, const Subscriber& subscriber,
    std::uint64_t position, std::uint32_t record) {
    const LogOperation& op = history_.operations[place];
    if (position >= content_.order().length()) {
        add("uncommitted-delivery", place,
            fmt::format("position {} is not in the log, which has {} (S4)", position,
                plural(content_.order().length(), "record")));
        return false;
    }
    const std::uint32_t there = content_.record_at(position);
    if (there != record) {
        add("uncommitted-delivery", place,
            fmt::format("{} was handed out as position {}, where the log has {} (S4)",
                words_.record(record), position, words_.record(there)),
            content_.shown_by(position));
        return false;
    }
    const Subscriber& what =
        subscriber.group == LogOperation::none32 ? subscriber : groups_[subscriber.group].what;
    if (!matches(what, position)) {
        add("filter-ignored", place,
            fmt::format("{} is of stream {}, which it does not follow (S7)", words_.record(record),
                content_.order().name(content_.order().event(Position{position}).stream)));
        return false;
    }
    const LogContent::Logical* owner = content_.owner_of(record);
    if (owner != nullptr && owner->called != INT64_MAX && op.returned < owner->called) {
        add("future-delivery", place,
            fmt::format("{} was handed out before it was sent (S8)", words_.record(record)),
            owner->called_by);
    }
    return true;
}

// S1, S2, S3, S10; S9 and S13 where they begin.
void LogSubscriptions::in_order(
    std::uint32_t place, Subscriber& subscriber, std::uint64_t position) {
    if (!subscriber.next) {
        subscriber.next = position;
    }
    if (position < subscriber.bookmarked) {
        add("wrong-bookmark", place,
            fmt::format("position {} comes after the bookmark {} (S6)", position,
                subscriber.bookmarked - 1));
    }
    if (subscriber.resuming) {
        resumed_at(place, subscriber, position);
        return;
    }
    const std::optional<std::uint64_t> expected = due(subscriber, *subscriber.next);
    if (position < *subscriber.next) {
        const char* name = subscriber.delivered ? "repeated-delivery" : "wrong-start";
        add(name, place,
            fmt::format("position {} came, but {} ({})", position, due_text(expected),
                subscriber.delivered ? "S3" : "S1"),
            subscriber.delivered ? subscriber.last_by : LogOperation::none32);
        return;
    }
    LEDGER_ASSERT(expected.has_value());
    if (position != *expected) {
        const bool gone = !subscriber.delivered && *expected < subscriber.retained &&
                          position >= subscriber.retained;
        const char* name = gone                    ? "silent-truncation"
                           : !subscriber.delivered ? "wrong-start"
                           : subscriber.caught_up  ? "gap-at-the-switch-to-live"
                                                   : "subscription-gap";
        const char* rule = gone                    ? "S13"
                           : !subscriber.delivered ? "S1"
                           : subscriber.caught_up  ? "S10"
                                                   : "S2";
        add(name, place,
            fmt::format("position {} came, but {}: records are missing ({})", position,
                due_text(expected), rule),
            subscriber.delivered ? subscriber.last_by : LogOperation::none32);
    }
    subscriber.next = position + 1;
}

void LogSubscriptions::resumed_at(
    std::uint32_t place, Subscriber& subscriber, std::uint64_t position) {
    const std::optional<std::uint64_t> lacks = due(subscriber, *subscriber.next);
    if (position < subscriber.acknowledged) {
        add("wrong-resumption", place,
            fmt::format("position {} came again, though all below {} was acknowledged (S9)",
                position, subscriber.acknowledged));
    } else if (!lacks || position > *lacks) {
        if (position >= *subscriber.next) {
            add("wrong-resumption", place,
                fmt::format(
                    "position {} came after it resumed, but {} (S9)", position, due_text(lacks)));
        }
    }
    subscriber.resuming = false;
    subscriber.next = position + 1;
}

// S5: the records of one append come in one handing-over.
void LogSubscriptions::whole_batch(
    std::uint32_t place, Subscriber& subscriber, std::uint64_t position) {
    if (subscriber.last == none || subscriber.batch == none) {
        return;
    }
    const Order& order = content_.order();
    const OrderedAppend& append = order.append_of(Position{position});
    const bool together = subscriber.last >= append.first.value && subscriber.last < position;
    if (together && subscriber.batch != history_.operations[place].expected) {
        add("split-batch", place,
            fmt::format("the append at {} came in parts (S5)",
                positions_name(append.first.value, append.events)),
            subscriber.last_by);
    }
}

// S6.
void LogSubscriptions::bookmark(std::uint32_t place, Subscriber& subscriber) {
    const LogOperation& op = history_.operations[place];
    if (op.length >= content_.order().length()) {
        add("wrong-bookmark", place,
            fmt::format("bookmark {}, but the log has only {} (S6)", op.length,
                plural(content_.order().length(), "record")));
        return;
    }
    const LogContent::Logical* owner = content_.owner_of(content_.record_at(op.length));
    if (owner != nullptr && owner->called != INT64_MAX && op.returned < owner->called) {
        add("wrong-bookmark", place,
            fmt::format("bookmark {}, whose record had not been sent (S6)", op.length),
            owner->called_by);
    }
    const std::optional<std::uint64_t> lacks =
        due(subscriber, subscriber.next.value_or(op.length + 1));
    if (lacks && *lacks <= op.length) {
        add("wrong-bookmark", place,
            fmt::format("bookmark {}, but position {} was not handed out (S6)", op.length, *lacks));
    }
    subscriber.bookmarked = std::max(subscriber.bookmarked, op.length + 1);
    subscriber.next = std::max(subscriber.next.value_or(0), op.length + 1);
}

void LogSubscriptions::acknowledge(std::uint32_t place, Subscriber& subscriber) {
    const LogOperation& op = history_.operations[place];
    if (subscriber.group != LogOperation::none32) {
        std::vector<Handed>& handed = groups_[subscriber.group].handed;
        if (op.from < handed.size()) {
            handed[op.from].done = handed[op.from].done || op.kind == LogKind::ack;
            handed[op.from].refused = op.kind == LogKind::nack;
        }
    } else if (op.kind == LogKind::ack) {
        subscriber.acknowledged = std::max(subscriber.acknowledged, op.from + 1);
    } else {
        subscriber.acknowledged = std::min(subscriber.acknowledged, op.from);
        subscriber.resuming = true;
    }
}

// S12: again only after a refusal, a time-out or the end of whoever had it; a stream in its order.
void LogSubscriptions::deliver_to_group(
    std::uint32_t place, const Subscriber& subscriber, std::uint64_t position) {
    const LogOperation& op = history_.operations[place];
    Group& group = groups_[subscriber.group];
    Handed& handed = group.handed[position];
    if (handed.to != LogOperation::none32) {
        const Subscriber& holder = subscribers_[handed.to];
        const bool over = holder.ended || holder.life != handed.life;
        const bool late =
            group.timeout_ns != none &&
            static_cast<std::uint64_t>(op.returned_ns) - static_cast<std::uint64_t>(handed.at_ns) >=
                group.timeout_ns;
        if (handed.done) {
            add("group-redelivery", place,
                fmt::format(
                    "position {} came again after it had been acknowledged (S12)", position),
                handed.by);
        } else if (!handed.refused && !over && !late) {
            add("group-redelivery", place,
                fmt::format("position {} came again while another one had it (S12)", position),
                handed.by);
        }
    } else if (group.ordered) {
        const OrderedEvent& event = content_.order().event(Position{position});
        const std::uint64_t before =
            event.revision.value == 0
                ? position
                : content_.order().position_of(event.stream, event.revision.previous()).value;
        if (before != position && before >= group.begin &&
            group.handed[before].to == LogOperation::none32) {
            add("group-order", place,
                fmt::format("position {} came before position {} of the same stream (S12)",
                    position, before));
        }
    }
    handed = {op.subscription, subscriber.life, place, op.returned_ns, handed.done, false};
}

void LogSubscriptions::finish_group(const Group& group) {
    for (std::uint64_t position = group.begin; position < group.handed.size(); ++position) {
        if (matches(group.what, position) && group.handed[position].to == LogOperation::none32) {
            findings_.add("group-loss",
                fmt::format("position {} ({}) was handed to no member of group {} (S12)", position,
                    words_.record(content_.record_at(position)), group.name),
                {}, {content_.shown_by(position)});
            return;
        }
    }
}

// S11.
void LogSubscriptions::finish() {
    if (!options_.settled) {
        return;
    }
    for (std::uint32_t number = 0; number < subscribers_.size(); ++number) {
        const Subscriber& subscriber = subscribers_[number];
        if (!subscriber.begun || subscriber.ended || !subscriber.next) {
            continue;
        }
        if (const auto lacks = due(subscriber, *subscriber.next)) {
            std::uint64_t unseen = 0;
            for (auto at = lacks; at; at = due(subscriber, *at + 1)) {
                ++unseen;
            }
            findings_.add("unseen-records",
                fmt::format("subscriber {} was never handed {}, the first one at position {} (S11)",
                    history_.subscriptions[number], plural(unseen, "record"), *lacks),
                {}, {content_.shown_by(*lacks)});
        }
    }
    for (const Group& group : groups_) {
        finish_group(group);
    }
}

}  // namespace ledger::check
