#include "sim/check/log_history/log_sweep.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "sim/check/names.h"

namespace ledger::check {

LogSweep::LogSweep(const LogHistory& history, const LogContent& content, const LogOptions& options,
    LogFindings& findings)
    : history_(history),
      content_(content),
      options_(options),
      findings_(findings),
      views_(history, content),
      words_(history) {}

// Which floors anybody asks for.
void LogSweep::look_at_modes() {
    for (std::size_t i = modes_seen_; i < history_.modes.size(); ++i) {
        const LogMode& mode = i == 0 ? options_.level : history_.modes[i];
        needs_sessions_ = needs_sessions_ || mode.needs_sessions();
        needs_seen_ = needs_seen_ || mode.has(LogMode::sequential);
        needs_time_ =
            needs_time_ || (history_.has_steps && !(mode.promises == LogMode::linearizable));
    }
    modes_seen_ = history_.modes.size();
}

const LogMode& LogSweep::mode_of(const LogOperation& op) const {
    return op.mode == 0 ? options_.level : history_.modes[op.mode];
}

std::uint64_t LogSweep::life_number(const LogOperation& op) const {
    if (op.session >= sessions_.size()) {
        return 0;
    }
    const std::vector<std::int64_t>& ends = sessions_[op.session].ends;
    return static_cast<std::uint64_t>(std::ranges::lower_bound(ends, op.called) - ends.begin());
}

// The session as the operation finds it; nullptr if nothing was noted of it.
const LogSweep::Life* LogSweep::life_of(const LogOperation& op) const {
    if (!needs_sessions_ || op.session >= sessions_.size()) {
        return nullptr;
    }
    const std::vector<Life>& lives = sessions_[op.session].lives;
    const std::uint64_t number = life_number(op);
    return number < lives.size() ? &lives[number] : nullptr;
}

void LogSweep::unanswered(std::uint32_t place) {
    const LogOperation& op = history_.operations[place];
    if (sessions_.size() <= op.session) {
        sessions_.resize(history_.sessions);
    }
    std::vector<std::int64_t>& ends = sessions_[op.session].ends;
    ends.insert(std::ranges::upper_bound(ends, op.called), op.called);
}

// An answer that a session stores may have been decided for any attempt that was not refused.
LogSweep::Promised LogSweep::promised(std::uint32_t place) const {
    const LogOperation& op = history_.operations[place];
    Promised least = promised_alone(op);
    if (op.kind != LogKind::append || !op.has(LogOperation::stored)) {
        return least;
    }
    for (const std::uint32_t other : content_.attempts(content_.logical_of(place))) {
        const LogOperation& attempt = history_.operations[other];
        const bool refused =
            attempt.outcome == Outcome::failed && !attempt.has(LogOperation::conflict);
        if (refused || attempt.called > op.returned) {
            continue;
        }
        const Promised one = promised_alone(attempt);
        least = one.floor.rank < least.floor.rank ? one : least;
    }
    return least;
}

LogSweep::Promised LogSweep::promised_alone(const LogOperation& op) const {
    const LogMode& mode = mode_of(op);
    Promised best;
    const auto take = [&best](const Floors::Floor& floor, LogMode::Promise promise) {
        if (floor.rank > best.floor.rank) {
            best = {floor, promise};
        }
    };
    // The read that the log is taken from was made when all was quiet, whatever its level.
    const bool quiet = content_.whole_read() != LogContent::nobody &&
                       &op == &history_.operations[content_.whole_read()];
    if (quiet || mode.has(LogMode::linearizable)) {
        take(floors_.before(op.called), LogMode::linearizable);
    }
    if (mode.has(LogMode::bounded_time)) {
        const Floors& floors = history_.has_steps ? by_time_ : floors_;
        const auto bound = static_cast<std::int64_t>(mode.bound_ns);
        const bool begins = op.called_ns < INT64_MIN + bound;
        take(begins ? Floors::Floor{} : floors.before(op.called_ns - bound), LogMode::bounded_time);
    }
    if (mode.has(LogMode::bounded_records)) {
        Floors::Floor floor = floors_.before(op.called);
        const std::uint64_t version = floor.version();
        floor.rank = version <= mode.bound_records
                         ? 0
                         : Floors::observation_rank(version - mode.bound_records);
        take(floor, LogMode::bounded_records);
    }
    if (mode.has(LogMode::prefix) && op.called >= quiescent_) {
        const std::uint64_t length = content_.order().length();
        if (length > 0) {
            take(
                {Floors::observation_rank(length), content_.shown_by(length - 1)}, LogMode::prefix);
        }
    }
    if (const Life* session = life_of(op)) {
        if (mode.has(LogMode::sequential)) {
            take(session->all.before(op.called), LogMode::sequential);
        }
        if (mode.has(LogMode::monotonic_reads)) {
            take(session->reads.before(op.called), LogMode::monotonic_reads);
        }
        if (mode.has(LogMode::read_your_writes)) {
            take(session->writes.before(op.called), LogMode::read_your_writes);
        }
    }
    return best;
}

// Of an append: what had been shown when the attempt was called that can have the effect, of
// several the one that promises least. In sequential mode only what its own session had shown binds
// it, but nobody can see a record before it was sent.
LogSweep::Promised LogSweep::promised_write(const LogContent::Logical& logical) const {
    if (!mode_of(history_.operations[logical.called_by]).has(LogMode::sequential)) {
        return {floors_.before(logical.called), LogMode::linearizable};
    }
    std::optional<Promised> least;
    for (const std::uint32_t place : content_.attempts(logical)) {
        const LogOperation& op = history_.operations[place];
        if (op.outcome == Outcome::failed) {
            continue;
        }
        Promised one = {seen_.before(op.called), LogMode::linearizable};
        const Life* life = life_of(op);
        const Floors::Floor own = life == nullptr ? Floors::Floor{} : life->all.before(op.called);
        if (own.rank > one.floor.rank) {
            one = {own, LogMode::sequential};
        }
        least = !least || one.floor.rank < least->floor.rank ? one : least;
    }
    return least.value_or(Promised{});
}

bool LogSweep::returned(std::uint32_t place, bool whole) {
    if (modes_seen_ != history_.modes.size()) {
        look_at_modes();
    }
    const LogOperation& op = history_.operations[place];
    if (op.kind == LogKind::quiescent) {
        quiescent_ = std::min(quiescent_, op.called);
        return true;
    }
    if (op.kind == LogKind::deliver && options_.subscriptions_coupled && op.count > 0) {
        const std::uint64_t upto = op.from + op.count;
        if (op.from < upto && upto <= content_.order().length()) {
            LogView view;
            view.is = LogView::Is::observation;
            view.allowed.lowest = upto;
            return observed(place, view, whole);
        }
        return true;
    }
    const LogView view = views_.view(place);
    if (view.is == LogView::Is::silent) {
        return true;
    }
    if (view.is == LogView::Is::observation) {
        return observed(place, view, whole);
    }
    ++judged_;
    if (view.is == LogView::Is::wrong) {
        std::vector<std::string> steps;
        for (const std::uint32_t witness : view.witnesses) {
            steps.push_back(words_.step(witness));
        }
        findings_.add(view.name, view.sentence, std::move(steps), view.witnesses);
    } else {
        wrote(place, view, whole);
    }
    return true;
}

bool LogSweep::observed(std::uint32_t place, const LogView& view, bool whole) {
    const LogOperation& op = history_.operations[place];
    const Promised floor = promised(place);
    const std::optional<std::uint64_t> version =
        view.allowed.least(content_.order(), floor.floor.version());
    if (!version && !whole && view.allowed.highest > content_.order().length()) {
        return false;
    }
    ++judged_;
    if (!mode_of(op).has(LogMode::linearizable)) {
        measure(op, view.allowed);
    }
    if (!version) {
        if (view.allowed.least(content_.order(), 0)) {
            stale(place, view, floor);
        } else {
            torn(place, view);
        }
        return true;
    }
    raise(place, Floors::observation_rank(*version), floor.floor);
    return true;
}

void LogSweep::wrote(std::uint32_t place, const LogView& view, bool whole) {
    const LogOperation& op = history_.operations[place];
    const LogContent::Logical& logical = content_.logical_of(place);
    const Promised floor = promised_write(logical);
    // On-line another attempt may still come to light, called earlier.
    const bool sure = whole || history_.keys[op.logical].empty();
    if (!sure) {
        suspects_.push_back(place);
    } else {
        in_time(place, floor, logical.landed, op.count);
    }
    raise(place, Floors::write_rank(view.allowed.lowest), floor.floor);
}

void LogSweep::raise(std::uint32_t place, std::uint64_t rank, const Floors::Floor& own) {
    const LogOperation& op = history_.operations[place];
    floors_.raise(rank, place, own, op.returned);
    const bool writes = op.kind == LogKind::append && op.count > 0 && op.ok();
    if (needs_seen_ && !writes) {
        seen_.raise(rank, place, {}, op.returned);
    }
    if (needs_time_) {
        // The order of events is that of the steps, whatever the clocks say.
        latest_ns_ = std::max(latest_ns_, op.returned_ns);
        by_time_.raise(rank, place, {}, latest_ns_);
    }
    if (needs_sessions_) {
        raise_session(place, rank);
    }
}

void LogSweep::raise_session(std::uint32_t place, std::uint64_t rank) {
    const LogOperation& op = history_.operations[place];
    if (sessions_.size() <= op.session) {
        sessions_.resize(history_.sessions);
    }
    std::vector<Life>& lives = sessions_[op.session].lives;
    const std::uint64_t number = life_number(op);
    if (lives.size() <= number) {
        lives.resize(number + 1);
    }
    Life& life = lives[number];
    life.all.raise(rank, place, {}, op.returned);
    const bool writes = op.kind == LogKind::append && op.count > 0 && op.ok();
    if (writes || op.kind != LogKind::append) {
        (writes ? life.writes : life.reads).raise(rank, place, {}, op.returned);
    }
}

void LogSweep::measure(const LogOperation& op, const AllowedVersions& allowed) {
    const Floors::Floor known = floors_.before(op.called);
    if (known.version() <= allowed.highest) {
        return;
    }
    ++staleness_.answers;
    staleness_.records_max = std::max(staleness_.records_max, known.version() - allowed.highest);
    const Floors& floors = history_.has_steps && needs_time_ ? by_time_ : floors_;
    const Floors::Step* since = floors.first_showing(allowed.highest + 1);
    if (since != nullptr && (!history_.has_steps || needs_time_)) {
        staleness_.ns_max = std::max(staleness_.ns_max,
            static_cast<std::uint64_t>(op.called_ns) - static_cast<std::uint64_t>(since->time));
    }
}

std::vector<std::string> LogSweep::steps(
    std::uint32_t place, const Promised& promised, const std::string& about) const {
    const auto by = static_cast<std::uint32_t>(promised.floor.by);
    std::vector<std::string> steps = {
        fmt::format("{}: this shows version {}", words_.step(by), promised.floor.version()),
        words_.step(place)};
    if (!about.empty()) {
        steps.push_back(about);
    }
    return steps;
}

// An append stands below what had been shown before it was called.
bool LogSweep::in_time(
    std::uint32_t place, const Promised& promised, std::uint64_t first, std::uint64_t count) {
    // Records that become visible one by one are there from the first of them on.
    const std::uint64_t version = first + (options_.atomic ? count : 1);
    if (Floors::write_rank(version) >= promised.floor.rank) {
        return true;
    }
    const auto by = static_cast<std::uint32_t>(promised.floor.by);
    const LogOperation& witness = history_.operations[by];
    const bool session = promised.promise == LogMode::sequential;
    const bool wrote = witness.kind == LogKind::append && witness.count > 0 && witness.ok();
    const std::uint32_t record = content_.record_at(first);
    findings_.add(session ? "session-order-broken"
                  : wrote ? "reordered-pair"
                          : "future-read",
        fmt::format("{} stands at {}, but {} had ended before it was called and shows version {}: "
                    "{} entered the past",
            words_.name(place), positions_name(first, count), words_.name(by),
            promised.floor.version(), words_.record(record)),
        steps(place, promised,
            fmt::format("{} stands at position {} and is part of version {}", words_.record(record),
                first, version)),
        {by, place});
    return false;
}

namespace {

std::string stale_name(const LogOperation& op, LogMode::Promise promise) {
    switch (promise) {
        case LogMode::bounded_time:
        case LogMode::bounded_records: return "stale-beyond-the-bound";
        case LogMode::monotonic_reads: return "non-monotonic-read";
        case LogMode::read_your_writes: return "own-write-not-seen";
        case LogMode::sequential: return "session-order-broken";
        case LogMode::prefix: return "not-converged";
        default: break;
    }
    if (op.kind == LogKind::tail) {
        return "stale-tail";
    }
    if (op.kind == LogKind::append) {
        return op.has(LogOperation::conflict) ? "spurious-wrong-expected" : "stale-check";
    }
    return "stale-read";
}

}  // namespace

void LogSweep::stale(std::uint32_t place, const LogView& view, const Promised& promised) {
    const LogOperation& op = history_.operations[place];
    const std::uint64_t length = content_.order().length();
    const std::uint64_t known = promised.floor.version();
    const std::uint64_t shown = std::min(view.allowed.highest, length);
    const auto by = static_cast<std::uint32_t>(promised.floor.by);
    std::string name = stale_name(op, promised.promise);
    // I2: the key had landed, and its retry was judged later.
    const bool retried = op.has(LogOperation::conflict) && op.kind == LogKind::append &&
                         content_.logical_of(place).landed != LogContent::nowhere;
    if (retried) {
        name = "idempotent-success-lost";
    }
    if (view.allowed.hole_first <= view.allowed.hole_last && !retried) {
        findings_.add(name,
            fmt::format("{} was refused, although its condition held from length {} on: {} had "
                        "ended before it was called",
                words_.name(place), view.allowed.hole_first, words_.name(by)),
            steps(place, promised, fmt::format("nothing was appended after length {}", known)),
            {by, place});
        return;
    }
    std::string gap;
    if (shown < known && shown < length) {
        const std::uint32_t record = content_.record_at(shown);
        gap =
            record == LogContent::hole
                ? fmt::format("the record at position {} is missing from it", shown)
                : fmt::format("{} at position {} is missing from it", words_.record(record), shown);
    }
    // What the read at the end lacks is lost, not late.
    if (content_.whole_read() == place && promised.promise == LogMode::linearizable) {
        name = "lost-append";
    }
    findings_.add(name,
        fmt::format("{} was answered from version {} at best, but {} had ended before it was "
                    "called and shows version {}{}{}",
            words_.name(place), shown, words_.name(by), known, gap.empty() ? "" : ": ", gap),
        steps(place, promised, gap), {by, place});
}

// True at no version: it shows the inside of an append.
void LogSweep::torn(std::uint32_t place, const LogView& view) {
    const Order& order = content_.order();
    const LogOperation& op = history_.operations[place];
    if (op.kind == LogKind::append && op.has(LogOperation::conflict)) {
        const bool landed = content_.logical_of(place).landed != LogContent::nowhere;
        findings_.add(landed ? "idempotent-success-lost" : "spurious-wrong-expected",
            fmt::format("{} was refused because of a condition that held at every version{}",
                words_.name(place), landed ? " before another attempt took effect" : ""),
            {words_.step(place)}, {place});
        return;
    }
    const std::uint64_t end = std::min(view.allowed.lowest, view.allowed.highest);
    std::vector<std::uint32_t> places = {place};
    std::vector<std::string> steps = {words_.step(place)};
    std::string name = "impossible-answer";
    std::string what = "was true at no moment";
    if (end < order.length()) {
        const OrderedAppend& append = order.append_of(Position{end});
        name = "torn-batch";
        what = fmt::format(
            "shows a part of the append at {}", positions_name(append.first.value, append.events));
        const std::uint32_t record = content_.record_at(append.first.value);
        const LogContent::Logical* owner =
            record == LogContent::hole ? nullptr : content_.owner_of(record);
        if (owner != nullptr) {
            places.push_back(owner->first);
            steps.push_back(words_.step(owner->first));
        }
    }
    findings_.add(name, fmt::format("{} {}", words_.name(place), what), std::move(steps), places);
}

void LogSweep::unanswered_landed(const LogContent::Logical& logical) {
    const bool lands = logical.landed != LogContent::nowhere && logical.ok == LogContent::nobody &&
                       logical.called_by != LogContent::nobody;
    if (!lands) {
        return;
    }
    in_time(logical.called_by, promised_write(logical), logical.landed,
        history_.operations[logical.called_by].count);
}

void LogSweep::finish() {
    for (const std::uint32_t place : suspects_) {
        const LogContent::Logical& logical = content_.logical_of(place);
        in_time(place, promised_write(logical), logical.landed, history_.operations[place].count);
    }
    suspects_ = {};
    for (const LogContent::Logical& logical : content_.logicals()) {
        unanswered_landed(logical);
        if (logical.landed != LogContent::nowhere) {
            committed(logical.first);
        }
    }
    monotonic_writes();
}

// The read set of an append that took effect (checking.md 10.1).
void LogSweep::committed(std::uint32_t place) {
    const LogOperation& op = history_.operations[place];
    if (op.details == 0 || history_.details[op.details].parts.empty()) {
        return;
    }
    const LogView reads = views_.parts(place);
    if (reads.is == LogView::Is::wrong) {
        findings_.add(reads.name, reads.sentence, {words_.step(place)}, reads.witnesses);
        return;
    }
    const Order& order = content_.order();
    const std::uint64_t at = content_.logical_of(place).landed;
    if (reads.allowed.lowest <= at && at <= reads.allowed.highest) {
        return;
    }
    std::vector<std::uint32_t> written = history_.details[op.details].record_streams;
    written.push_back(written.empty() ? op.stream : written.front());
    const std::uint64_t snapshot = std::min(reads.allowed.highest, at);
    const auto changed = std::ranges::find_if(written, [&](std::uint32_t stream) {
        return order.stream_length_at(StreamNumber{stream}, snapshot) !=
               order.stream_length_at(StreamNumber{stream}, at);
    });
    const bool future = reads.allowed.lowest > at;
    // The largest snapshot of the read set: no other append to the same streams since.
    if (mode_of(op).has(LogMode::snapshot) && !future && changed == written.end()) {
        return;
    }
    const std::string stream =
        changed == written.end() ? "" : fmt::format(" of stream {}", history_.streams[*changed]);
    findings_.add(future                     ? "future-read"
                  : changed == written.end() ? "write-skew"
                                             : "lost-update",
        fmt::format("{} took effect at position {}, but what it had read was true {} {} only{}",
            words_.name(place), at, future ? "from version" : "up to version",
            future ? reads.allowed.lowest : reads.allowed.highest,
            stream.empty() ? "" : ": an append" + stream + " came in between"),
        {words_.step(place)}, {place});
}

// Appends of one session stand in the order of their calls, also those under way together.
void LogSweep::monotonic_writes() {
    struct Write {
        std::uint32_t session;
        std::uint64_t life;
        std::int64_t called;
        std::uint32_t place;
    };
    std::vector<Write> writes;
    for (std::uint32_t place = 0; place < history_.operations.size(); ++place) {
        const LogOperation& op = history_.operations[place];
        if (op.kind != LogKind::append || !mode_of(op).has(LogMode::monotonic_writes) ||
            content_.logical_of(place).landed == LogContent::nowhere || !op.ok()) {
            continue;
        }
        writes.push_back({op.session, life_number(op), op.called, place});
    }
    std::sort(writes.begin(), writes.end(), [](const Write& a, const Write& b) {
        return std::tie(a.session, a.life, a.called, a.place) <
               std::tie(b.session, b.life, b.called, b.place);
    });
    const Write* highest = nullptr;  // of those called strictly before
    const Write* pending = nullptr;  // of those called at the same time
    const auto at = [this](const Write& write) { return content_.logical_of(write.place).landed; };
    for (std::size_t i = 0; i < writes.size(); ++i) {
        const Write& write = writes[i];
        const Write* before = i == 0 ? nullptr : &writes[i - 1];
        if (before == nullptr || before->session != write.session || before->life != write.life) {
            highest = nullptr;
            pending = nullptr;
        } else if (before->called != write.called) {
            highest = highest == nullptr || at(*pending) > at(*highest) ? pending : highest;
            pending = nullptr;
        }
        pending = pending == nullptr || at(write) > at(*pending) ? &write : pending;
        if (highest != nullptr && at(write) < at(*highest)) {
            findings_.add("non-monotonic-write",
                fmt::format("{} stands at position {}, below {} at position {}, which the same "
                            "session had called before",
                    words_.name(write.place), at(write), words_.name(highest->place), at(*highest)),
                {words_.step(highest->place), words_.step(write.place)},
                {highest->place, write.place});
        }
    }
}

Floors::Floor LogSweep::floor_of(std::uint32_t place) const {
    return floors_.before(history_.operations[place].called);
}

std::uint64_t LogSweep::bytes() const {
    return (floors_.steps().size() + seen_.steps().size() + by_time_.steps().size()) *
           sizeof(Floors::Step);
}

}  // namespace ledger::check
