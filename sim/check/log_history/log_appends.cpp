#include "sim/check/log_history/log_appends.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "sim/check/names.h"

namespace ledger::check {
namespace {

constexpr std::uint32_t nobody = LogContent::nobody;
constexpr std::uint64_t nowhere = LogContent::nowhere;

}  // namespace

LogAppends::LogAppends(const LogHistory& history, const LogContent& content,
    const LogOptions& options, LogFindings& findings)
    : history_(history),
      content_(content),
      options_(options),
      findings_(findings),
      views_(history, content),
      words_(history) {}

void LogAppends::add(
    const char* name, const std::string& sentence, std::vector<std::uint32_t> places) {
    std::vector<std::string> steps;
    for (const std::uint32_t place : places) {
        steps.push_back(words_.step(place));
    }
    findings_.add(name, sentence, std::move(steps), places);
}

void LogAppends::check() {
    for (const Logical& logical : content_.logicals()) {
        check_one(logical);
    }
    for (const Logical& logical : content_.shadows()) {
        check_one(logical);
    }
    fragments();
    repeats();
}

// Some attempt was not definitely refused, and no stored answer refuses all of them.
bool LogAppends::may_land(const Logical& logical) const {
    return logical.called != INT64_MAX && !logical.final_conflict;
}

void LogAppends::check_one(const Logical& logical) {
    if (logical.first == nobody || content_.payload(logical).empty()) {
        return;
    }
    retries_ += logical.attempts - 1;
    if (logical.final_conflict && logical.ok != nobody) {
        add("idempotent-answer-changed",
            fmt::format("{} was acknowledged, though its session holds a conflict as the answer to "
                        "this key",
                words_.name(logical.ok)),
            {logical.conflicted, logical.ok});
    }
    if (logical.shadows != nobody && (logical.ok != nobody || logical.landed != nowhere)) {
        const Logical& original = content_.logical(logical.shadows);
        if (original.called != INT64_MAX) {
            add("key-reused",
                fmt::format("{} took effect, though its key had been used for {}: it must be "
                            "refused (I3)",
                    words_.name(logical.first), words_.records(content_.payload(original))),
                {original.first, logical.first});
            return;
        }
    }
    if (logical.landed == nowhere) {
        missing(logical);
    } else {
        landed(logical);
    }
}

void LogAppends::landed(const Logical& logical) {
    if (!may_land(logical)) {
        const std::uint32_t place =
            logical.conflicted == nobody ? logical.first : logical.conflicted;
        add("aborted-append-visible",
            fmt::format("{} was definitely refused, but its {} at {}", words_.name(place),
                content_.payload(logical).size() == 1 ? "record stands" : "records stand",
                positions_name(logical.landed, content_.payload(logical).size())),
            {place, content_.shown_by(logical.landed)});
        return;
    }
    conditions(logical);
    positions(logical);
}

void LogAppends::conditions(const Logical& logical) {
    std::string broken;
    std::uint32_t by = nobody;
    for (const std::uint32_t place : content_.attempts(logical)) {
        if (history_.operations[place].outcome == Outcome::failed) {
            continue;
        }
        broken = views_.broken_condition(place, logical.landed);
        if (broken.empty()) {
            return;
        }
        by = place;
    }
    if (by == nobody) {
        return;
    }
    const LogOperation& op = history_.operations[by];
    const bool tail = op.expected != LogOperation::none && op.expected != logical.landed;
    add(tail ? "expected-tail-ignored" : "condition-ignored",
        fmt::format(
            "{} took effect at position {}, but {}", words_.name(by), logical.landed, broken),
        {by});
}

void LogAppends::positions(const Logical& logical) {
    for (const std::uint32_t place : content_.attempts(logical)) {
        const LogOperation& op = history_.operations[place];
        if (!op.ok() || may_repeat_at(logical, op.position)) {
            continue;
        }
        if (op.position == logical.landed) {
            revisions(place, logical.landed);
            continue;
        }
        const LogOperation& first = history_.operations[logical.ok];
        if (place != logical.ok && first.position != op.position) {
            add("idempotent-answer-changed",
                fmt::format("{} was acknowledged at position {}, but an earlier attempt was at "
                            "position {}, where its records stand (I1)",
                    words_.name(place), op.position, first.position),
                {logical.ok, place});
        } else {
            misplaced(logical, place);
        }
    }
}

// Acknowledged at one position, stands at another one.
void LogAppends::misplaced(const Logical& logical, std::uint32_t place) {
    const LogOperation& op = history_.operations[place];
    const std::uint32_t there = content_.record_at(op.position);
    const Logical* other = there == LogContent::hole ? nullptr : content_.owner_of(there);
    const bool swapped = other != nullptr && other->ok != nobody && other != &logical &&
                         history_.operations[other->ok].position == logical.landed;
    std::vector<std::uint32_t> places = {place};
    if (other != nullptr) {
        places.push_back(other->ok == nobody ? other->first : other->ok);
    }
    add(swapped ? "reordered-pair" : "wrong-position",
        fmt::format("{} was acknowledged at position {}, but its records stand at {}{}",
            words_.name(place), op.position,
            positions_name(logical.landed, content_.payload(logical).size()),
            other == nullptr
                ? ""
                : fmt::format(", and position {} holds {}", op.position, words_.record(there))),
        places);
}

void LogAppends::revisions(std::uint32_t place, std::uint64_t position) {
    const LogOperation& op = history_.operations[place];
    const std::vector<std::uint64_t>& told = history_.details[op.details].revisions;
    if (told.empty()) {
        return;
    }
    bool same = told.size() == op.count;
    for (std::uint64_t i = 0; same && i < told.size(); ++i) {
        same = content_.order().event(Position{position + i}).revision.value == told[i];
    }
    if (!same) {
        add("wrong-position",
            fmt::format("{} was told revisions that its records do not have in their streams",
                words_.name(place)),
            {place});
    }
}

// How many of its records stand somewhere, other appends' aside.
std::uint64_t LogAppends::present(const Logical& logical) const {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(content_.payload(logical), [&](std::uint32_t record) {
            return content_.place_of(record) != nowhere && content_.owner_of(record) == &logical &&
                   !content_.is_shared(record);
        }));
}

void LogAppends::missing(const Logical& logical) {
    const auto records = content_.payload(logical);
    const std::uint64_t standing = present(logical);
    const std::uint32_t place = logical.ok == nobody ? logical.first : logical.ok;
    const LogOperation& op = history_.operations[place];
    if (!may_land(logical)) {
        if (standing > 0) {
            add("aborted-append-visible",
                fmt::format("{} was definitely refused, but {} of its records can be seen",
                    words_.name(place), standing),
                {place});
        }
        return;
    }
    const auto shared = std::ranges::find_if(records, [&](std::uint32_t record) {
        const Logical* owner = content_.owner_of(record);
        return content_.is_shared(record) && content_.place_of(record) != nowhere &&
               owner != &logical;
    });
    if (shared != records.end() && (logical.ok != nobody || standing > 0)) {
        add("partial-duplicate-accepted",
            fmt::format("{} was not refused, though {} had been written by another append (I5)",
                words_.name(place), words_.record(*shared)),
            {content_.owner_of(*shared)->first, place});
        return;
    }
    if (logical.ok != nobody && standing == 0) {
        const std::uint32_t there = content_.record_at(op.position);
        std::vector<std::uint32_t> places = {place};
        std::string instead = "the log does not hold its records";
        if (there != LogContent::hole) {
            places.push_back(content_.shown_by(op.position));
            instead = fmt::format("position {} holds {}, as {} was shown", op.position,
                words_.record(there), words_.name(places.back()));
        }
        add("lost-append",
            fmt::format("{} was acknowledged at {}, but {}", words_.name(place),
                positions_name(op.position, records.size()), instead),
            places);
        return;
    }
    if (standing > 0 && (options_.atomic || logical.ok != nobody)) {
        add("torn-batch",
            fmt::format("{} is torn: {} of its {} stand in the log, and not together and in order",
                words_.name(place), standing, plural(records.size(), "record")),
            {place});
    }
}

// What stands in the log without being a whole append.
void LogAppends::fragments() {
    for (const std::uint64_t position : content_.fragments()) {
        const std::uint32_t record = content_.record_at(position);
        const std::uint32_t by = content_.shown_by(position);
        if (content_.owner_of(record) == nullptr) {
            add("garbage-record",
                fmt::format("{} at position {}, as {} was shown, was written by nobody",
                    words_.record(record), position, words_.name(by)),
                {by});
        } else if (content_.place_of(record) != position) {
            add("duplicate-append",
                fmt::format("{} stands at positions {} and {}, as {} was shown",
                    words_.record(record), content_.place_of(record), position, words_.name(by)),
                {content_.owner_of(record)->first, by});
        }
    }
}

// I4: a second effect is legal once the window is over.
bool LogAppends::legal_repeat(const LogContent::Repeat& repeat) const {
    if (repeat.again - repeat.first > options_.window_records) {
        return true;
    }
    const Logical& logical = content_.logical(repeat.logical);
    const std::int64_t known = logical.ok == nobody ? history_.operations[logical.first].called_ns
                                                    : history_.operations[logical.ok].returned_ns;
    return std::ranges::any_of(content_.attempts(logical), [&](std::uint32_t place) {
        const std::int64_t called = history_.operations[place].called_ns;
        return called > known &&
               static_cast<std::uint64_t>(called) - static_cast<std::uint64_t>(known) >
                   options_.window_ns;
    });
}

bool LogAppends::may_repeat_at(const Logical& logical, std::uint64_t position) const {
    return std::ranges::any_of(content_.repeats(), [&](const LogContent::Repeat& repeat) {
        return repeat.again == position && &content_.logical(repeat.logical) == &logical &&
               legal_repeat(repeat);
    });
}

void LogAppends::repeats() {
    for (const LogContent::Repeat& repeat : content_.repeats()) {
        if (legal_repeat(repeat)) {
            ++beyond_window_;
            continue;
        }
        const Logical& logical = content_.logical(repeat.logical);
        std::vector<std::uint32_t> places = {
            content_.attempts(logical).begin(), content_.attempts(logical).end()};
        places.push_back(content_.shown_by(repeat.again));
        add("duplicate-append",
            fmt::format("{} took effect twice, at positions {} and {}", words_.name(places.front()),
                repeat.first, repeat.again),
            places);
    }
}

}  // namespace ledger::check
