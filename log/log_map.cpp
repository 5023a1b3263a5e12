#include "log/log_map.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "log/base/assert.h"

namespace ledger::log {

namespace {

static_assert(hash_mark_interval % map_mark_interval == 0);

// Hashes below the commit are dropped when so many have gathered.
constexpr std::size_t forget_after = 1024;

// The greatest mark at or before `index`; null if all come later.
const HashMark* find_mark(std::span<const HashMark> marks, Index index) {
    if (!marks.empty() && marks.back().index <= index) {
        return &marks.back();  // where appending asks
    }
    const auto after = std::upper_bound(marks.begin(), marks.end(), index,
        [](Index wanted, const HashMark& mark) { return wanted < mark.index; });
    return after == marks.begin() ? nullptr : &*std::prev(after);
}

// The number of runs that begin at or before `index`.
template <typename Run>
std::size_t runs_until(std::span<const Run> runs, Index index) {
    const auto after = std::upper_bound(runs.begin(), runs.end(), index,
        [](Index wanted, const Run& run) { return wanted < run.first; });
    return static_cast<std::size_t>(after - runs.begin());
}

// No reader holds it any more. The count alone orders nothing; to let go of a copy comes after all that
// readers did before they let go of theirs.
bool is_ours_alone(const std::shared_ptr<SegmentMap>& map) {
    if (map.use_count() != 1) {
        return false;
    }
    std::shared_ptr<SegmentMap>(map).reset();
    return true;
}

// The marks of a whole map: before its first entry, of the closed runs, of the open one.
struct Marks {
    const HashMark& base;
    std::span<const SegmentRun> closed;
    std::span<const HashMark> open;

    const HashMark& at_or_before(Index index) const {
        LEDGER_ASSERT(index >= base.index);
        const HashMark* found = find_mark(open, index);
        // A closed run has a mark at its end: one of the last two that begin early enough has it.
        for (std::size_t i = runs_until(closed, index); found == nullptr && i > 0; --i) {
            found = find_mark(closed[i - 1].marks.span(), index);
        }
        return found != nullptr ? *found : base;
    }
};

}  // namespace

Place place_of(SegmentId segment, const FooterName& name) {
    const std::uint64_t offset = std::uint64_t{name.place} * record_alignment;
    return {segment, offset, offset + record_bytes(name.envelope_bytes, name.erasable_bytes)};
}

// --- What readers see ---

SegmentMap::SegmentMap(const HashMark& base, ArrayView<SegmentRun> closed, SegmentRun open,
    ArrayView<TermRun> terms, std::uint64_t rewrites)
    : base_(base), closed_(std::move(closed)), open_(std::move(open)), terms_(std::move(terms)),
      rewrites_(rewrites) {
    LEDGER_ASSERT(open_.first ==
                  (closed_.empty() ? base_.index.next() : closed_.back().last.next()));
    LEDGER_ASSERT(terms_.empty() == (last() < first()));
}

SegmentEntries SegmentMap::entries_in(SegmentId segment) const {
    SegmentEntries entries{segment, Index{1}, Index{0}};
    const auto add = [&](const SegmentRun& run) {
        if (run.segment == segment && !run.is_empty()) {
            entries.first = entries.is_empty() ? run.first : entries.first;
            entries.last = run.last;
        }
    };
    // Runs lie in the order of their segments.
    const std::span<const SegmentRun> closed = closed_.span();
    auto run = std::lower_bound(closed.begin(), closed.end(), segment,
        [](const SegmentRun& other, SegmentId wanted) { return other.segment < wanted; });
    for (; run != closed.end() && run->segment == segment; ++run) {
        add(*run);
    }
    add(open_);
    return entries;
}

const SegmentRun& SegmentMap::run_of(Index index) const {
    LEDGER_ASSERT(holds(index));
    if (index >= open_.first) {
        return open_;
    }
    return closed_[runs_until(closed_.span(), index) - 1];
}

Place SegmentMap::place(Index index) const {
    const SegmentRun& run = run_of(index);
    LEDGER_ASSERT(run.is_placed());
    const std::uint64_t at = index - run.first;
    const std::uint64_t offset = std::uint64_t{run.places[at]} * record_alignment;
    const std::uint64_t end = at + 1 == run.places.size()
                                  ? run.end
                                  : std::uint64_t{run.places[at + 1]} * record_alignment;
    LEDGER_ASSERT(offset < end);
    return {run.segment, offset, end};
}

Term SegmentMap::term_at(Index index) const {
    LEDGER_ASSERT(holds(index));
    return terms_[runs_until(terms_.span(), index) - 1].term;
}

const HashMark& SegmentMap::mark_at_or_before(Index index) const {
    return Marks{base_, closed_.span(), open_.marks.span()}.at_or_before(index);
}

// --- What the writer keeps ---

LogMap::LogMap(const LogId& previous, const Digest& hash)
    : base_{previous.index, hash}, base_term_(previous.term) {
    LEDGER_ASSERT(previous.index > Index{0} || previous.term == Term{0});
    open_.first = previous.index.next();
}

void LogMap::append_place(Term term, const Place& place) {
    LEDGER_ASSERT(term >= last_term());
    LEDGER_ASSERT(place.offset % record_alignment == 0 && place.offset < place.end);
    const Index index = last().next();
    if (place.segment != open_.segment) {
        close_run();
        open_.segment = place.segment;
    }
    LEDGER_ASSERT(open_.places.empty() || place.offset >= open_.end);
    append_term(index, term);
    open_.places.push_back(static_cast<std::uint32_t>(place.offset / record_alignment));
    open_.end = place.end;
}

void LogMap::append_term(Index index, Term term) {
    LEDGER_ASSERT(term >= last_term());
    if (terms_.empty() || terms_.back().term != term) {
        terms_.push_back({index, term});
    }
}

void LogMap::append_sealed(SegmentId segment, Index last_index, std::span<const TermRun> terms,
    const Digest& last_hash) {
    close_run();
    const Index first = open_.first;
    if (last_index < first) {
        return;
    }
    LEDGER_ASSERT(!terms.empty() && terms.front().first == first);
    for (const TermRun& run : terms) {
        append_term(run.first, run.term);
    }
    GrowingArray<HashMark> end;
    end.push_back({last_index, last_hash});
    closed_.push_back({.segment = segment, .first = first, .last = last_index, .marks = end.view()});
    open_.first = last_index.next();
    learn(last_index, last_hash);
}

void LogMap::seal(SegmentId segment) {
    if (open_.segment == segment) {
        close_run();
    }
    std::size_t kept = closed_.size();
    while (kept > 0 && closed_[kept - 1].segment == segment) {
        --kept;
    }
    if (kept == closed_.size()) {
        return;
    }
    GrowingArray<HashMark> end;
    end.push_back({last(), hash_at(last())});
    const SegmentRun whole{.segment = segment,
        .first = closed_[kept].first,
        .last = last(),
        .marks = end.view()};
    closed_.cut(kept);
    closed_.push_back(whole);
}

// Nothing more is appended to the run; it gets the mark that every closed run ends with.
void LogMap::close_run() {
    const Index next = last().next();
    if (!open_.places.empty()) {
        mark(last(), hash_at(last()));
        closed_.push_back({open_.segment, open_.first, last(), open_.end, open_.places.view(),
            open_.marks.view()});
    }
    open_ = OpenRun{};
    open_.first = next;
}

void LogMap::mark(Index index, const Digest& hash) {
    if (open_.marks.empty() || open_.marks.back().index < index) {
        open_.marks.push_back({index, hash});
    }
}

void LogMap::append(Term term, const Place& place, const Digest& hash) {
    append_place(term, place);
    recent_.push_back({last(), hash});
    if (last().value % map_mark_interval == 0) {
        mark(last(), hash);
    }
}

void LogMap::append_unhashed(Term term, const Place& place) {
    append_place(term, place);
}

void LogMap::truncate(Index last_index, const Digest& hash) {
    LEDGER_ASSERT(last_index.next() >= first() && last_index <= last());
    while (!recent_.empty() && recent_.back().index > last_index) {
        recent_.pop_back();
    }
    terms_.cut(runs_until(terms_.span(), last_index));
    if (last_index < open_.first) {
        truncate_closed(last_index, hash);
    } else if (last_index < last()) {
        cut_open(last_index);
        learn(last_index, hash);
        close_run();  // what comes next does not follow in the file
    }
    learn(last_index, hash);
    LEDGER_ASSERT(last() == last_index);
}

void LogMap::cut_open(Index last_index) {
    const std::uint64_t kept = last_index.next() - open_.first;
    open_.end = std::uint64_t{open_.places[kept]} * record_alignment;
    open_.places.cut(kept);
    while (!open_.marks.empty() && open_.marks.back().index > last_index) {
        open_.marks.cut(open_.marks.size() - 1);
    }
}

void LogMap::truncate_closed(Index last_index, const Digest& hash) {
    open_ = OpenRun{};
    open_.first = last_index.next();
    closed_.cut(runs_until(closed_.span(), last_index));
    if (closed_.empty() || closed_.back().last == last_index) {
        return;
    }
    SegmentRun run = closed_.back();
    if (run.is_placed()) {
        const std::uint64_t kept = last_index.next() - run.first;
        run.end = std::uint64_t{run.places[kept]} * record_alignment;
        run.places = run.places.first(kept);
    }
    run.last = last_index;
    GrowingArray<HashMark> marks;
    for (const HashMark& known : run.marks.span()) {
        if (known.index < last_index) {
            marks.push_back(known);
        }
    }
    marks.push_back({last_index, hash});
    run.marks = marks.view();
    closed_.cut(closed_.size() - 1);
    closed_.push_back(run);
}

void LogMap::discard(Index first_kept) {
    LEDGER_ASSERT(holds(first_kept));
    const Index before = first_kept.previous();
    const HashMark base{before, hash_at(before)};
    const auto term_at = [this](Index index) {
        const std::size_t begun = runs_until(terms_.span(), index);
        return begun == 0 ? base_term_ : terms_[begun - 1].term;
    };
    const Term base_term = term_at(before);
    GrowingArray<TermRun> terms;
    terms.push_back({first_kept, term_at(first_kept)});
    for (std::size_t i = runs_until(terms_.span(), first_kept); i < terms_.size(); ++i) {
        terms.push_back(terms_[i]);
    }
    GrowingArray<SegmentRun> closed;
    for (std::size_t i = runs_until(closed_.span(), before); i < closed_.size(); ++i) {
        closed.push_back(closed_[i]);
    }
    terms_ = std::move(terms);
    closed_ = std::move(closed);
    base_ = base;
    base_term_ = base_term;
    std::erase_if(recent_, [before](const HashMark& known) { return known.index <= before; });
    LEDGER_ASSERT((closed_.empty() ? open_.first : closed_[0].first) == first_kept);
}

void LogMap::rewritten(SegmentId segment) {
    ++rewrites_;
    LEDGER_ASSERT(open_.segment != segment || open_.places.empty());
    GrowingArray<SegmentRun> closed;
    for (const SegmentRun& run : closed_.span()) {
        if (run.segment != segment) {
            closed.push_back(run);
            continue;
        }
        GrowingArray<HashMark> end;
        end.push_back(run.marks.back());
        LEDGER_ASSERT(end.back().index == run.last);
        const bool goes_on = !closed.empty() && closed.back().segment == segment;
        const Index first = goes_on ? closed.back().first : run.first;
        if (goes_on) {
            closed.cut(closed.size() - 1);
        }
        closed.push_back(
            {.segment = segment, .first = first, .last = run.last, .marks = end.view()});
    }
    closed_ = std::move(closed);
}

void LogMap::learn(Index index, const Digest& hash) {
    LEDGER_ASSERT(index.next() >= first() && index <= last());
    if (const Digest* known = find_hash(index)) {
        LEDGER_ASSERT(*known == hash);
        return;
    }
    if (index >= open_.first && index.value % map_mark_interval == 0) {
        mark(index, hash);
    }
    const auto after = std::upper_bound(recent_.begin(), recent_.end(), index,
        [](Index wanted, const HashMark& known) { return wanted < known.index; });
    recent_.insert(after, {index, hash});
}

void LogMap::committed(Index commit) {
    LEDGER_ASSERT(commit <= last());
    const auto keep = std::lower_bound(recent_.begin(), recent_.end(), commit,
        [](const HashMark& known, Index index) { return known.index < index; });
    if (static_cast<std::size_t>(keep - recent_.begin()) >= forget_after) {
        recent_.erase(recent_.begin(), keep);
    }
}

const Digest* LogMap::find_hash(Index index) const {
    const HashMark* known = find_mark(recent_, index);
    if (known == nullptr || known->index != index) {
        known = &Marks{base_, closed_.span(), open_.marks.span()}.at_or_before(index);
    }
    return known->index == index ? &known->hash : nullptr;
}

const Digest& LogMap::hash_at(Index index) const {
    const Digest* known = find_hash(index);
    LEDGER_ASSERT(known != nullptr);
    return *known;
}

std::vector<HashMark> LogMap::footer_marks(Index from) const {
    std::vector<HashMark> found;
    const auto add = [&](std::span<const HashMark> marks) {
        std::copy_if(marks.begin(), marks.end(), std::back_inserter(found),
            [&](const HashMark& known) {
                return known.index >= from && known.index.value % hash_mark_interval == 0;
            });
    };
    const std::span<const SegmentRun> closed = closed_.span();
    const std::size_t begun = runs_until(closed, from);
    for (std::size_t i = begun == 0 ? 0 : begun - 1; i < closed.size(); ++i) {
        add(closed[i].marks.span());
    }
    add(open_.marks.span());
    return found;
}

SharedMap LogMap::publish() {
    SegmentRun open{open_.segment, open_.first, last(), open_.end, open_.places.view(),
        open_.marks.view()};
    SegmentMap map(base_, closed_.view(), std::move(open), terms_.view(), rewrites_);
    for (std::shared_ptr<SegmentMap>& slot : published_) {
        if (is_ours_alone(slot)) {
            *slot = std::move(map);
            return slot;
        }
    }
    std::rotate(published_.begin(), published_.begin() + 1, published_.end());
    published_.back() = std::make_shared<SegmentMap>(std::move(map));
    return published_.back();
}

}  // namespace ledger::log
