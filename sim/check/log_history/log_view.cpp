#include "sim/check/log_history/log_view.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "sim/check/allowed_versions.h"
#include "sim/check/names.h"

namespace ledger::check {
namespace {

constexpr std::uint64_t none = LogOperation::none;

std::uint64_t add_saturated(std::uint64_t a, std::uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

LogView observation(const AllowedVersions& allowed) {
    LogView view;
    view.is = LogView::Is::observation;
    view.allowed = allowed;
    return view;
}

// Whether the answer said that nothing follows; an answer that is silent on it is taken as one
// that fills its page unless there is no more.
bool ends(const LogOperation& op) {
    return op.has(LogOperation::end) || (!op.has(LogOperation::not_end) && op.count < op.max);
}

}  // namespace

LogView LogViews::wrong(std::uint32_t place, const char* name, const std::string& what) const {
    LogView view;
    view.is = LogView::Is::wrong;
    view.name = name;
    view.sentence = fmt::format("{} {}", words_.name(place), what);
    view.witnesses = {place};
    return view;
}

Row LogViews::row(std::uint32_t stream) const {
    if (stream == 0) {
        return Row(content_.order());
    }
    const bool known = stream < content_.order().streams();
    return {content_.order(), known ? std::optional(StreamNumber{stream}) : std::nullopt};
}

namespace {

// How long the row is at least of which a forward read was given this.
std::uint64_t shown_to(const LogOperation& op) {
    const bool more = op.has(LogOperation::not_end);
    return op.count == 0 && !more ? 0 : add_saturated(add_saturated(op.from, op.count), more ? 1 : 0);
}

}  // namespace

bool LogViews::is_known(std::uint32_t place) const {
    const LogOperation& op = history_.operations[place];
    if (content_.order().length() < reaches(place)) {
        return false;
    }
    if (op.details != 0 && !parts_are_known(history_.details[op.details])) {
        return false;
    }
    if (op.kind != LogKind::read || !op.ok() || op.length != none) {
        return true;
    }
    const Row of = row(op.stream);
    if (op.expected != none && op.expected > of.length()) {
        return false;
    }
    if (!op.has(LogOperation::backward)) {
        return shown_to(op) <= of.length();
    }
    if (op.count == 0) {
        return true;
    }
    return op.has(LogOperation::hashed) ||
           content_.place_of(history_.records[op.records]) != LogContent::nowhere;
}

bool LogViews::parts_are_known(const LogDetails& details) const {
    return std::ranges::all_of(details.parts, [this](const LogPart& part) {
        return add_saturated(part.from, part.count) <= row(part.stream).length();
    }) && std::ranges::all_of(details.failed, [this](const state::FailedCheck& check) {
        const Order& order = content_.order();
        return !check.exists ||
               check.actual.value < Row(order, order.find_stream(check.stream)).length();
    });
}

// The position up to which the content must be known, so that the answer can be judged.
std::uint64_t LogViews::reaches(std::uint32_t place) const {
    const LogOperation& op = history_.operations[place];
    const auto known = [](std::uint64_t value) { return value == none ? 0 : value; };
    switch (op.kind) {
        case LogKind::append: {
            std::uint64_t reach = known(op.length);
            if (op.ok()) {
                reach = add_saturated(known(op.position), op.count);
            } else if (op.has(LogOperation::conflict) && op.details == 0 && op.length == none) {
                reach = add_saturated(known(op.expected), 1);
            }
            for (const auto& [position, record] : history_.details[op.details].in_the_way) {
                reach = std::max(reach, add_saturated(position, 1));
            }
            return reach;
        }
        case LogKind::read:
            if (op.stream != 0 || op.has(LogOperation::backward) || !op.ok()) {
                return known(op.length);
            }
            return std::max(known(op.length), shown_to(op));
        case LogKind::tail: return known(op.length);
        default: return 0;
    }
}

LogView LogViews::view(std::uint32_t place) const {
    const LogOperation& op = history_.operations[place];
    if (op.kind == LogKind::append) {
        return append(place);
    }
    if (!op.ok()) {
        return {};
    }
    if (op.kind == LogKind::tail) {
        return op.length > content_.order().length()
                   ? wrong(place, "divergence",
                         fmt::format("was told {}, but only {} can be in the log", op.length,
                             plural(content_.order().length(), "record")))
                   : observation(AllowedVersions::exactly(op.length));
    }
    return op.kind == LogKind::read ? read(place) : LogView{};
}

LogView LogViews::append(std::uint32_t place) const {
    const LogOperation& op = history_.operations[place];
    if (op.has(LogOperation::conflict)) {
        return conflict(place);
    }
    if (!op.ok()) {
        return {};
    }
    if (op.count == 0) {
        return check(place);
    }
    const LogContent::Logical& logical = content_.logical_of(place);
    if (logical.landed == LogContent::nowhere) {
        return {};  // lost, torn and so on: said once, of the whole append
    }
    LogView view = observation({logical.landed + op.count, UINT64_MAX});
    if (logical.ok == place) {
        view.is = LogView::Is::write;
    }
    return view;
}

// An append without records says that its conditions held at the length it names.
LogView LogViews::check(std::uint32_t place) const {
    const LogOperation& op = history_.operations[place];
    if (op.position > content_.order().length()) {
        return wrong(place, "divergence",
            fmt::format("was answered at length {}, but only {} can be in the log", op.position,
                plural(content_.order().length(), "record")));
    }
    const std::string broken = broken_condition(place, op.position);
    if (!broken.empty()) {
        return wrong(place, "condition-ignored",
            fmt::format(
                "was told that its conditions held at length {}, but {}", op.position, broken));
    }
    return observation(AllowedVersions::exactly(op.position));
}

std::string LogViews::broken_condition(std::uint32_t place, std::uint64_t length) const {
    const LogOperation& op = history_.operations[place];
    if (op.expected != none && op.expected != length) {
        return fmt::format("it expected length {}", op.expected);
    }
    const LogDetails& details = history_.details[op.details];
    for (const state::StreamCheck& check : details.checks) {
        if (!holds(content_.order(), check, length)) {
            return fmt::format("it expected {}, and {}", describe(check),
                describe_stream_at(content_.order(), check.stream, length));
        }
    }
    for (const LogCondition& condition : details.conditions) {
        if (const auto from = broken_from(condition); from && *from <= length) {
            return fmt::format(
                "it expected no record of stream {} after position {}, and there "
                "is one from length {} on",
                history_.streams[condition.streams.front()],
                condition.after == none ? "-1" : fmt::format("{}", condition.after), *from);
        }
    }
    return {};
}

std::optional<std::uint64_t> LogViews::broken_from(const LogCondition& condition) const {
    const std::uint64_t begin = condition.after == none ? 0 : add_saturated(condition.after, 1);
    std::optional<std::uint64_t> first;
    for (const std::uint32_t stream : condition.streams) {
        const Row of = row(stream);
        const std::uint64_t before = of.length_at(begin);
        if (before < of.length()) {
            const std::uint64_t version = of.version_with(before + 1);
            first = std::min(first.value_or(version), version);
        }
    }
    return first;
}

// As the checks of simulated runs see it.
Operation LogViews::operation(std::uint32_t place) const {
    const LogOperation& op = history_.operations[place];
    const LogDetails& details = history_.details[op.details];
    Operation operation;
    operation.id = OperationId{op.id};
    operation.client = ClientId{static_cast<std::uint64_t>(history_.clients[op.client])};
    AppendCall call;
    call.streams = details.checks;
    call.expected_length = op.expected == none ? std::nullopt : std::optional(op.expected);
    operation.call = std::move(call);
    Conflicted answer;
    answer.checks = details.failed;
    answer.at = op.length == none ? std::nullopt : std::optional(op.length);
    operation.answer = std::move(answer);
    return operation;
}

LogView LogViews::explained(std::uint32_t place) const {
    const LogOperation& op = history_.operations[place];
    const LogDetails& details = history_.details[op.details];
    if (!details.conditions.empty()) {
        std::optional<std::uint64_t> from;
        for (const LogCondition& condition : details.conditions) {
            const auto one = broken_from(condition);
            from = one && from ? std::min(*one, *from) : one ? one : from;
        }
        const bool alone = op.expected == none && details.failed.empty() &&
                           std::ranges::all_of(details.checks, [](const auto& check) {
                               return check.expected.kind == state::Expected::Kind::any;
                           });
        if (!alone) {
            return {};  // one of conditions of several kinds, nobody says which
        }
        if (!from || (op.length != none && op.length < *from)) {
            return wrong(place, "spurious-wrong-expected",
                "was refused although no record that it forbids was there");
        }
        return observation(op.length == none ? AllowedVersions{*from, UINT64_MAX}
                                             : AllowedVersions::exactly(op.length));
    }
    const Explained found = explain(content_.order(), operation(place));
    if (found.is == Explained::Is::wrong) {
        return wrong(place, "spurious-wrong-expected", "was refused wrongly: " + found.sentence);
    }
    return found.is == Explained::Is::silent ? LogView{} : observation(found.allowed);
}

LogView LogViews::conflict(std::uint32_t place) const {
    const LogOperation& op = history_.operations[place];
    LogView view;
    if (op.details != 0) {
        view = explained(place);
    } else if (op.expected == none) {
        return wrong(place, "spurious-wrong-expected",
            "was refused because of a condition, but it had none");
    } else if (op.length == none) {
        view = observation({0, UINT64_MAX, op.expected, op.expected});
    } else if (op.length == op.expected) {
        return wrong(place, "spurious-wrong-expected",
            fmt::format("was refused at length {}, which it had asked for", op.length));
    } else if (op.length > content_.order().length()) {
        return wrong(place, "divergence",
            fmt::format("was refused at length {}, but only {} can be in the log", op.length,
                plural(content_.order().length(), "record")));
    } else {
        view = observation(AllowedVersions::exactly(op.length));
    }
    if (view.is == LogView::Is::wrong) {
        return view;
    }
    // I2: a retry that is refused although another attempt took effect was judged before it did.
    const LogContent::Logical& logical = content_.logical_of(place);
    if (logical.landed != LogContent::nowhere && !op.has(LogOperation::stored)) {
        view.is = LogView::Is::observation;
        view.allowed.highest = std::min(view.allowed.highest, logical.landed);
    }
    return in_the_way(place, std::move(view));
}

// The conflicting events that the answer lists are in the log, and were there already.
LogView LogViews::in_the_way(std::uint32_t place, LogView view) const {
    const LogOperation& op = history_.operations[place];
    for (const auto& [position, record] : history_.details[op.details].in_the_way) {
        if (content_.record_at(position) != record) {
            return different(place, record, position);
        }
        view.is = LogView::Is::observation;
        view.allowed.lowest = std::max(view.allowed.lowest, position + 1);
    }
    return view;
}

LogView LogViews::different(
    std::uint32_t place, std::uint32_t shown, std::uint64_t position) const {
    const std::uint32_t there = content_.record_at(position);
    const LogContent::Logical* owner = content_.owner_of(shown);
    const char* name = "corrupt-record";
    std::string why;
    if (owner == nullptr) {
        name = "garbage-record";
        why = ", a record that nobody has written";
    } else if (owner->called == INT64_MAX && owner->landed == LogContent::nowhere) {
        name = "aborted-append-visible";
        why = ", though its append was definitely refused";
    } else if (owner->ok != LogContent::nobody) {
        const LogOperation& ok = history_.operations[owner->ok];
        const auto records = content_.payload(*owner);
        if (position - ok.position < records.size() && records[position - ok.position] == shown) {
            name = "divergence";
            why = ", where its append had been acknowledged";
        }
    }
    if (there == LogContent::hole) {
        return wrong(place, name,
            fmt::format("was shown {} at position {}{}, but the log has only {}",
                words_.record(shown), position, why, plural(content_.order().length(), "record")));
    }
    const std::uint32_t by = content_.shown_by(position);
    LogView view = wrong(place, name,
        fmt::format("was shown {} at position {}{}, but {} was shown {} there",
            words_.record(shown), position, why, words_.name(by), words_.record(there)));
    view.witnesses.push_back(by);
    return view;
}

// A slice known by its hash alone, read backwards while the log may have ended below where the read
// began: the first place, from there down, at which it fits.
std::optional<std::uint64_t> LogViews::hashed_backward(
    const LogOperation& op, const Row& row) const {
    const std::uint64_t highest = std::min(add_saturated(op.from, 1), row.length());
    for (std::uint64_t first = highest; first >= op.count; --first) {
        if (same_slice(op, row, first - 1)) {
            return first - 1;
        }
    }
    return highest > 0 ? std::optional(highest - 1) : std::nullopt;
}

std::optional<std::uint64_t> LogViews::first_number(const LogOperation& op, const Row& row) const {
    if (op.count == 0) {
        return std::nullopt;
    }
    if (!op.has(LogOperation::backward)) {
        return op.from;
    }
    if (op.length != none) {
        const std::uint64_t length = row.length_at(std::min(op.length, content_.order().length()));
        return std::min(op.from, length == 0 ? 0 : length - 1);
    }
    std::uint64_t position = op.position;
    if (position == none && op.has(LogOperation::hashed)) {
        return hashed_backward(op, row);
    }
    if (position == none) {
        position = content_.place_of(history_.records[op.records]);
    }
    if (position >= content_.order().length()) {
        return std::nullopt;
    }
    if (op.stream == 0) {
        return position;
    }
    const OrderedEvent& event = content_.order().event(Position{position});
    return event.stream == StreamNumber{op.stream} ? std::optional(event.revision.value)
                                                   : std::nullopt;
}

bool LogViews::same_slice(const LogOperation& op, const Row& row, std::uint64_t first) const {
    const std::uint64_t told = history_.hashes[op.records];
    if (op.stream == 0 && !op.has(LogOperation::backward)) {
        const std::optional<std::uint64_t> hash = content_.slice_hash(first, op.count);
        return !hash || *hash == told;
    }
    std::uint64_t hash = 0;
    for (std::uint64_t i = 0; i < op.count; ++i) {
        const std::uint64_t number = op.has(LogOperation::backward) ? first - i : first + i;
        const std::uint32_t record = content_.record_at(row.position(number).value);
        if (record == LogContent::hole) {
            return true;  // nobody knows
        }
        hash = slice_extended(hash, content_.digit(record));
    }
    return hash == told;
}

LogView LogViews::read(std::uint32_t place) const {
    const LogOperation& op = history_.operations[place];
    if (op.details != 0 && !history_.details[op.details].parts.empty()) {
        return parts(place);
    }
    if (op.count > op.max) {
        return wrong(place, "corrupt-record",
            fmt::format(
                "was given {} where it asked for at most {}", plural(op.count, "record"), op.max));
    }
    if (op.length != none && op.length > content_.order().length()) {
        return wrong(place, "divergence",
            fmt::format("was answered at length {}, but only {} can be in the log", op.length,
                plural(content_.order().length(), "record")));
    }
    const Row of = row(op.stream);
    const bool backward = op.has(LogOperation::backward);
    const std::optional<std::uint64_t> first = first_number(op, of);
    if (op.count > 0) {
        const std::uint64_t last =
            backward ? first.value_or(0) : add_saturated(op.from, op.count - 1);
        if (!first || last >= of.length() || (backward && *first + 1 < op.count)) {
            return wrong(place, op.stream == 0 ? "divergence" : "corrupt-record",
                fmt::format("was shown {}, but there are only {} to read from",
                    words_.records_of(op), plural(of.length(), "record")));
        }
        if (op.has(LogOperation::hashed)) {
            if (!same_slice(op, of, *first)) {
                return wrong(place, "corrupt-record",
                    fmt::format("was shown {} whose hash is not that of the log",
                        plural(op.count, "record")));
            }
        } else {
            for (std::uint64_t i = 0; i < op.count; ++i) {
                const std::uint64_t position =
                    of.position(backward ? *first - i : *first + i).value;
                const std::uint32_t shown = history_.records[op.records + i];
                if (content_.record_at(position) != shown) {
                    return different(place, shown, position);
                }
            }
        }
        if (op.position != none && op.position != of.position(*first).value) {
            return wrong(place, "wrong-position",
                fmt::format("was told that its first record stands at position {}, but it stands "
                            "at {}",
                    op.position, of.position(*first).value));
        }
    }
    // Without an end and a length, a page that asks for nothing says nothing.
    if (op.count == 0 && op.max == 0 && op.length == none && !op.has(LogOperation::end) &&
        !op.has(LogOperation::not_end)) {
        return {};
    }
    const PageVersions found = page_versions(
        of, {.from = op.from,
                .count = op.max,
                .shown = op.count,
                .end = ends(op),
                .forward = !backward,
                .first = first,
                .length = op.length == none ? std::nullopt : std::optional(op.length),
                .stream_length = op.expected == none ? std::nullopt : std::optional(op.expected)});
    return found.wrong.empty() ? observation(found.allowed)
                               : wrong(place, "corrupt-record", found.wrong);
}

LogView LogViews::page(std::uint32_t place, const LogPart& part) const {
    const Row of = row(part.stream);
    for (std::uint64_t i = 0; i < part.count; ++i) {
        const std::uint32_t shown = history_.records[part.records + i];
        if (add_saturated(part.from, i) >= of.length()) {
            return wrong(place, "corrupt-record",
                fmt::format("was shown {} as number {} of stream {}, which has only {}",
                    words_.record(shown), add_saturated(part.from, i),
                    history_.streams[part.stream], of.length()));
        }
        const std::uint64_t position = of.position(part.from + i).value;
        if (content_.record_at(position) != shown) {
            return different(place, shown, position);
        }
    }
    const PageVersions found = page_versions(of, {.from = part.from,
                                                     .count = part.max,
                                                     .shown = part.count,
                                                     .end = part.ends,
                                                     .first = {},
                                                     .length = {},
                                                     .stream_length = {}});
    return found.wrong.empty() ? observation(found.allowed)
                               : wrong(place, "corrupt-record", found.wrong);
}

LogView LogViews::parts(std::uint32_t place) const {
    const LogOperation& op = history_.operations[place];
    LogView all = observation({});
    for (const LogPart& part : history_.details[op.details].parts) {
        const LogView one = page(place, part);
        if (one.is == LogView::Is::wrong) {
            return one;
        }
        all.allowed.lowest = std::max(all.allowed.lowest, one.allowed.lowest);
        all.allowed.highest = std::min(all.allowed.highest, one.allowed.highest);
    }
    if (!all.allowed.least(content_.order(), 0)) {
        return wrong(place, "fractured-read",
            "was shown its streams as they were at no one moment: what it saw of one was true only "
            "after another had gone on");
    }
    return all;
}

}  // namespace ledger::check
