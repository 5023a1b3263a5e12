#include "log/state/ledger.h"

#include <algorithm>
#include <string>

#include "log/base/assert.h"
#include "log/base/sometimes.h"

namespace ledger::state {
namespace {

// More than one entry can leave behind, so that a sweep ends.
constexpr std::uint64_t sweep_steps_per_entry = 8;
// Redactions count until they are dropped, so that dropping them is part of what replicas agree on.
constexpr std::uint32_t redactions_dropped_per_entry = 8;

// The numbers begin..end-1 that a read finds among first..length-1.
struct Page {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool last = false;  // nothing further in this direction
};

// What there is to read: the numbers below `first` have expired.
struct Extent {
    std::uint64_t first = 0;
    std::uint64_t length = 0;
};

// Nothing if the read begins with a number that has expired.
std::optional<Page> page_of(
    std::uint64_t from, Direction direction, std::uint32_t count, const Extent& extent) {
    const auto [first, length] = extent;
    LEDGER_ASSERT(first <= length);
    const std::uint64_t most = std::min(count, read_events_max);
    if (direction == Direction::forward) {
        const std::uint64_t begin = std::min(from, length);
        const std::uint64_t end = begin + std::min(most, length - begin);
        return begin < first ? std::nullopt : std::optional(Page{begin, end, end == length});
    }
    const std::uint64_t end = from < length ? from + 1 : length;
    if (end <= first && first > 0) {
        return std::nullopt;
    }
    const std::uint64_t begin = std::max(end - std::min(most, end), first);
    return Page{begin, end, begin == 0};
}

// Where the read begins: one that asks for details does not mind what has expired.
template <typename Read>
std::uint64_t begin_of(const Read& query, std::uint64_t first) {
    const bool passes_over = query.filter && query.direction == Direction::forward;
    return passes_over ? std::max(query.from.value, first) : query.from.value;
}

// The k-th number of a page in the direction of reading.
std::uint64_t nth(const Page& page, Direction direction, std::uint64_t k) {
    LEDGER_ASSERT(k < page.end - page.begin);
    return direction == Direction::forward ? page.begin + k : page.end - 1 - k;
}

}  // namespace

Ledger::Ledger(const Limits& limits)
    : limits_(limits), standing_(initial()), tables_(limits.sessions()) {}

Standing Ledger::initial() const {
    Standing standing;
    standing.knows_redact = limits_.knows_redact;
    return standing;
}

void Ledger::apply(const EntryRef& entry, const Digest& hash, ByteVector& outcome) {
    LEDGER_ASSERT(entry.index == applied().next());
    LEDGER_ASSERT(may_apply());
    const std::uint64_t outcome_at = outcome.size();
    standing_.applied = entry.index;
    standing_.chain = hash;
    just_redacted_.clear();
    if (entry.kind == EntryKind::command) {
        decide(entry, outcome);
        LEDGER_ASSERT(outcome.size() > outcome_at);
    } else if (entry.kind == EntryKind::feature) {
        note_version(entry);
    }
    tables_.redactions.drop(standing_.retained_index, redactions_dropped_per_entry);
    standing_.digest.add(entry.index.value);
    standing_.digest.add(hash.truncated());
    standing_.digest.add_bytes(ByteSpan(outcome).subspan(outcome_at));
    sweep(sweep_steps_per_entry);
}

void Ledger::decide(const EntryRef& entry, ByteVector& outcome) {
    const Result<CommandView> command = view_command(entry.handle.envelope());
    if (!command) {
        encode_outcome(Malformed{}, outcome);
        return;
    }
    if (const auto* append = std::get_if<AppendView>(&*command)) {
        const std::uint64_t outcome_at = outcome.size();
        const Sessions::Verdict verdict = once(entry, *append, outcome);
        note_copy(entry, *append, verdict, ByteSpan(outcome).subspan(outcome_at));
        return;
    }
    if (const auto* redact = std::get_if<RedactView>(&*command)) {
        if (knows_redact()) {
            once(entry, *redact, outcome);
        } else {
            encode_outcome(Malformed{}, outcome);
        }
        return;
    }
    const SessionId session{entry.index.value};
    const bool one_expired = tables_.sessions.open(session, entry.cluster_time);
    LEDGER_SOMETIMES(one_expired, "state.session_expired_by_bound");
    encode_outcome(SessionRegistered{session}, outcome);
}

template <typename View>
Sessions::Verdict Ledger::once(
    const EntryRef& entry, const View& command, ByteVector& outcome) {
    using Verdict = Sessions::Verdict;
    if (command.session == SessionId{}) {
        execute(entry, command, outcome);
        return Verdict::fresh;
    }
    const Digest& digest = entry.handle.envelope_digest();
    const auto [verdict, reply] =
        tables_.sessions.judge(command.session, command.sequence, digest, entry.cluster_time);
    LEDGER_SOMETIMES(verdict == Sessions::Verdict::answered, "state.retry_replayed");
    LEDGER_SOMETIMES(verdict == Sessions::Verdict::mismatch, "state.mismatch");
    LEDGER_SOMETIMES(verdict == Sessions::Verdict::too_old, "state.sequence_too_old");
    LEDGER_SOMETIMES(verdict == Sessions::Verdict::expired, "state.session_expired");
    switch (verdict) {
        case Verdict::answered:
            outcome.insert(outcome.end(), reply.begin(), reply.end());
            return verdict;
        case Verdict::mismatch: encode_outcome(Mismatch{}, outcome); return verdict;
        case Verdict::too_old: encode_outcome(SequenceTooOld{}, outcome); return verdict;
        case Verdict::expired: encode_outcome(SessionExpired{}, outcome); return verdict;
        case Verdict::fresh: break;
    }
    const std::uint64_t outcome_at = outcome.size();
    execute(entry, command, outcome);
    tables_.sessions.store(command.session, {.sequence = command.sequence,
                                        .acknowledged_through = command.acknowledged_through,
                                        .command = digest,
                                        .bytes = ByteSpan(outcome).subspan(outcome_at)});
    return verdict;
}

void Ledger::execute(const EntryRef& entry, const AppendView& append, ByteVector& outcome) {
    std::vector<FailedCheck> failed = check(append);
    LEDGER_SOMETIMES(!failed.empty(), "state.conflict");
    LEDGER_SOMETIMES(failed.size() > 1, "state.conflict_of_several_checks");
    if (!failed.empty()) {
        encode_outcome(Conflict{std::move(failed), length()}, outcome);
        return;
    }
    const bool room = fits(append);
    LEDGER_SOMETIMES(!room, "state.limit_reached");
    if (!room) {
        encode_outcome(LimitReached{Bound::streams}, outcome);
        return;
    }
    write(entry, append, outcome);
}

std::vector<FailedCheck> Ledger::check(const AppendView& append) {
    std::vector<FailedCheck> failed;
    targets_.clear();
    for (StreamCursor streams(append); !streams.done();) {
        const StreamView stream = streams.next();
        const std::optional<StreamNumber> number = tables_.streams.find(stream.name);
        const std::uint64_t stream_length = number ? tables_.streams.length(*number) : 0;
        targets_.push_back({number, false});
        if (!holds(stream.expected, stream_length)) {
            failed.push_back({std::string(stream.name), stream.expected, stream_length > 0,
                Revision{stream_length > 0 ? stream_length - 1 : 0}});
        }
    }
    LEDGER_ASSERT(targets_.size() == append.stream_count);
    return failed;
}

bool Ledger::fits(const AppendView& append) {
    for (EventCursor events(append); !events.done();) {
        targets_[events.next().stream].written = true;
    }
    std::uint64_t wanted = tables_.streams.count();
    std::uint32_t written = 0;
    for (const Target& target : targets_) {
        wanted += target.written && !target.number ? 1u : 0u;
        written += target.written ? 1u : 0u;
    }
    LEDGER_SOMETIMES(written > 1, "state.multi_stream_append");
    return wanted <= limits_.streams_max;
}

void Ledger::write(const EntryRef& entry, const AppendView& append, ByteVector& outcome) {
    std::uint32_t place = 0;
    for (StreamCursor streams(append); !streams.done(); ++place) {
        const StreamView stream = streams.next();
        if (Target& target = targets_[place]; target.written && !target.number) {
            target.number = tables_.streams.create(stream.name);
        }
    }
    appended_.first = length();
    appended_.events = append.event_count;
    appended_.cluster_time = entry.cluster_time;
    appended_.wall_time = entry.wall_time;
    appended_.revisions.clear();
    Position position = length();
    for (EventCursor events(append); !events.done(); ++position) {
        const Target& target = targets_[events.next().stream];
        LEDGER_ASSERT(target.number.has_value());
        const bool late = tables_.recent.has_value();
        const Revision revision = late ? tables_.streams.append_unplaced(*target.number)
                                       : tables_.streams.append(*target.number, position);
        (late ? *tables_.recent : tables_.positions).add(entry.index, *target.number, revision);
        appended_.revisions.push_back(revision);
    }
    LEDGER_ASSERT(length() == position);
    encode_outcome(appended_, outcome);
}

Result<Located> Ledger::locate(const Query& query) const {
    if (!is_whole()) {
        return failure(Errc::restoring, "this node's state; ask again");
    }
    if (const auto* stream = std::get_if<ReadStream>(&query)) {
        return locate_stream(*stream);
    }
    if (const auto* follow = std::get_if<Follow>(&query)) {
        return locate_follow(*follow);
    }
    const auto* all = std::get_if<ReadAll>(&query);
    LEDGER_ASSERT(all != nullptr);
    return locate_all(*all);
}

Result<Located> Ledger::locate_stream(const ReadStream& query) const {
    Located located;
    located.length = length();
    const std::optional<StreamNumber> stream = tables_.streams.find(query.stream);
    located.stream_exists = stream.has_value();
    located.stream_length = stream ? tables_.streams.length(*stream) : 0;
    const Revision first =
        stream ? tables_.streams.revision_from(*stream, retained()) : Revision{};
    located.first = first.value;
    const std::optional<Page> page = page_of(begin_of(query, first.value), query.direction,
        query.count, {.first = first.value, .length = located.stream_length});
    if (!page && query.filter) {
        return located;
    }
    if (!page) {
        return failure(
            Errc::expired, "the stream begins at revision " + std::to_string(first.value));
    }
    located.end = page->last;
    located.events.reserve(page->end - page->begin);
    for (std::uint64_t k = 0; k < page->end - page->begin; ++k) {
        const Revision revision{nth(*page, query.direction, k)};
        located.events.push_back(
            tables_.positions.locate(tables_.streams.position(*stream, revision)));
        LEDGER_ASSERT(located.events.back().revision == revision);
    }
    return located;
}

Result<Located> Ledger::locate_follow(const Follow& query) const {
    if (query.stream.empty()) {
        return locate_all({query.from, Direction::forward, query.count});
    }
    const std::optional<StreamNumber> stream = tables_.streams.find(query.stream);
    if (!stream) {
        return locate_stream({query.stream, {}, Direction::forward, query.count});
    }
    // A stream that has lost nothing has lost nothing below the retained point either.
    const bool whole = tables_.streams.revision_from(*stream, retained()) == Revision{};
    if (query.from < retained() && !whole) {
        return expired();
    }
    const Revision first = tables_.streams.revision_from(*stream, query.from);
    return locate_stream({query.stream, first, Direction::forward, query.count});
}

Result<Located> Ledger::locate_all(const ReadAll& query) const {
    Located located;
    located.length = length();
    located.first = retained().value;
    const std::optional<Page> page = page_of(begin_of(query, located.first), query.direction,
        query.count, {.first = located.first, .length = length().value});
    if (!page && query.filter) {
        return located;
    }
    if (!page) {
        return expired();
    }
    located.end = page->last;
    located.events.reserve(page->end - page->begin);
    for (std::uint64_t k = 0; k < page->end - page->begin; ++k) {
        located.events.push_back(
            tables_.positions.locate(Position{nth(*page, query.direction, k)}));
    }
    return located;
}

Error Ledger::expired() const {
    return failure(
        Errc::expired, "the ledger begins at position " + std::to_string(retained().value));
}

}  // namespace ledger::state
