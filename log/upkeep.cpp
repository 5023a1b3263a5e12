#include "log/upkeep.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"

namespace ledger::log {

namespace {

constexpr std::uint64_t wait_runs_max = 64;

// Bodies are counted by the thread that steps the replica: what is kept here has its own.
EntryRef clone(const EntryRef& entry) {
    EntryRef copy = {};
    copy.index = entry.index;
    copy.term = entry.term;
    copy.kind = entry.kind;
    copy.bytes = entry.bytes;
    copy.cluster_time = entry.cluster_time;
    copy.wall_time = entry.wall_time;
    if (entry.handle) {
        copy.handle = EntryHandle::make(
            entry.handle.envelope(), entry.handle.erasable(), entry.handle.erasure());
    }
    return copy;
}

bool is_no_space(const Error& error) {
    return error.code == make_error_code(Errc::no_space);
}

bool is_held(const SegmentMap& map, const EntryRef& entry) {
    return map.holds(entry.index) && map.term_at(entry.index) == entry.term;
}

}  // namespace

void Upkeep::want(const Group& group) {
    // A copy of which something was erased is the form in which its entry stays: what stood here may
    // have had more, and then its place does not fit.
    for (const EntryRef& copy : group.repairs) {
        if (copy.handle.erasure() == ledger::Erasure::none) {
            keep(copy);
        } else {
            LEDGER_SOMETIMES(true, "log.repaired_by_an_erased_copy");
            keep_erasure(copy);
        }
    }
    for (const EntryRef& form : group.erasures) {
        keep_erasure(form);
    }
    if (!group.repairs.empty() || !group.erasures.empty()) {
        waiting_.clear();
    }
}

void Upkeep::keep(const EntryRef& copy) {
    const auto at = std::lower_bound(copies_.begin(), copies_.end(), copy.index,
        [](const EntryRef& other, Index index) { return other.index < index; });
    if (at != copies_.end() && at->index == copy.index) {
        *at = clone(copy);
    } else {
        copies_.insert(at, clone(copy));
    }
}

// Of two forms of one entry the one counts that has less.
void Upkeep::keep_erasure(const EntryRef& form) {
    const auto at = std::lower_bound(erasures_.begin(), erasures_.end(), form.index,
        [](const Erasure& other, Index index) { return other.form.index < index; });
    if (at == erasures_.end() || at->form.index != form.index) {
        erasures_.insert(at, {clone(form), false});
    } else if (at->form.term != form.term || erases(form, at->form)) {
        *at = {clone(form), false};
    }
}

bool Upkeep::is_idle() const {
    return copies_.empty() && erasures_.empty() && log_.unweighed.empty() && wasteful_.empty();
}

Result<SharedMap> Upkeep::run(const SharedMap& published) {
    damaged_.clear();
    erasing_.clear();
    if (is_idle()) {
        return published;
    }
    map_ = published;
    ++runs_;
    leave_out_gone();
    LEDGER_CHECK(weigh());
    LEDGER_CHECK(check_erasures());
    LEDGER_CHECK(rewrite_all());
    LEDGER_CHECK(repair_all());
    LEDGER_CHECK(save_space());
    note_erasing();
    return std::exchange(map_, nullptr);
}

// What is not, or no longer, in the log.
void Upkeep::leave_out_gone() {
    std::erase_if(copies_, [this](const EntryRef& copy) { return !is_held(*map_, copy); });
    std::erase_if(erasures_, [this](const Erasure& one) { return !is_held(*map_, one.form); });
    std::erase_if(wasteful_, [this](SegmentId id) { return find(id) == nullptr; });
    std::erase_if(waiting_, [this](const Waiting& one) { return find(one.segment) == nullptr; });
}

bool Upkeep::is_wasteful(const OpenSegment& segment) const {
    const std::uint64_t dead = segment.dead.total();
    return dead >= std::max<std::uint64_t>(options_.dead_bytes_min, 1) &&
           dead * 100 > options_.dead_percent * segment.bytes;
}

// The active segment counts by itself, and so does one that has just been sealed.
Result<void> Upkeep::weigh() {
    for (const Unweighed& one : std::exchange(log_.unweighed, {})) {
        OpenSegment* const segment = find(one.segment);
        if (segment == nullptr) {
            continue;
        }
        if (one.truncated) {
            LEDGER_TRY(const auto file,
                files_.open(path_in(options_.directory, segment_name(one.segment))));
            const auto footer = read_footer_summary(*file, one.segment);
            // Without a footer all that is known is that something is superseded.
            segment->dead.superseded =
                footer && *footer ? dead_bytes(*file, **footer, *map_).superseded
                                  : std::max<std::uint64_t>(segment->dead.superseded, 1);
        }
        const bool known =
            std::find(wasteful_.begin(), wasteful_.end(), one.segment) != wasteful_.end();
        if (!known && is_wasteful(*segment)) {
            wasteful_.push_back(one.segment);
        }
    }
    return {};
}

// Which of the entries have their form already. One that cannot be read needs it all the same.
Result<void> Upkeep::check_erasures() {
    for (Erasure& one : erasures_) {
        if (one.done || !may_try(segment_of(one.form.index))) {
            continue;
        }
        const Result<EntryRef> entry = reader_.read_unchained(*map_, one.form.index);
        if (!entry && reader_.damaged() != one.form.index) {
            return entry.error();
        }
        one.done = entry && !erases(one.form, *entry);
        LEDGER_SOMETIMES(!entry.has_value(), "log.damaged_entry_erased");
    }
    return {};
}

// Where there is something to erase; and what a truncation has left behind may be the same payload,
// proposed once before.
std::vector<SegmentId> Upkeep::to_rewrite() const {
    std::vector<SegmentId> ids;
    for (const Erasure& one : erasures_) {
        if (!one.done) {
            ids.push_back(segment_of(one.form.index));
        }
    }
    for (const OpenSegment& segment : log_.segments) {
        if (!erasures_.empty() && segment.dead.superseded > 0) {
            ids.push_back(segment.id);
        }
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
}

Result<void> Upkeep::rewrite_all() {
    for (const SegmentId id : to_rewrite()) {
        if (may_try(id)) {
            LEDGER_CHECK(rewrite(id));
        }
    }
    return {};
}

Result<void> Upkeep::rewrite(SegmentId id) {
    LEDGER_CHECK(close_if_active(id));
    const SegmentEntries live = map_->entries_in(id);
    const std::vector<const EntryRef*> copies = copies_in(live);
    std::vector<const EntryRef*> erasures;
    for (const Erasure& one : erasures_) {
        if (one.form.index >= live.first && one.form.index <= live.last) {
            erasures.push_back(&one.form);
        }
    }
    const bool followed = log_.segments.back().id > id;
    auto rewritten = rewrite_segment(files_, options_.directory, *map_,
        {.segment = id,
            .epoch = log_.epoch,
            .commit = log_.commit,
            .followed = followed,
            .erasures = erasures,
            .copies = copies});
    if (!rewritten && is_no_space(rewritten.error())) {
        LEDGER_SOMETIMES(true, "log.rewrite_without_space");
        wait(id);
        return {};
    }
    LEDGER_TRY(const Rewritten done, std::move(rewritten));
    if (!done.done) {
        damaged_.insert(damaged_.end(), done.missing.begin(), done.missing.end());
        wait(id);
        return {};
    }
    for (const HashMark& known : done.hashes) {
        log_.map.learn(known.index, known.hash);
    }
    log_.map.rewritten(id);
    map_ = log_.map.publish();
    reader_.follow(*map_);
    OpenSegment* const segment = find(id);
    LEDGER_ASSERT(segment != nullptr && segment->file == nullptr);
    segment->end = done.body_end;
    segment->bytes = done.bytes;
    segment->dead = {};
    std::erase(wasteful_, id);
    for (Erasure& one : erasures_) {
        one.done = one.done || (one.form.index >= live.first && one.form.index <= live.last);
    }
    finish(live);
    return {};
}

Result<void> Upkeep::close_if_active(SegmentId id) {
    if (log_.active && log_.segments.back().id == id) {
        LEDGER_CHECK(writer_.close_active());
        LEDGER_CHECK(weigh());
    }
    return {};
}

std::vector<const EntryRef*> Upkeep::copies_in(const SegmentEntries& live) const {
    std::vector<const EntryRef*> mine;
    for (const EntryRef& copy : copies_) {
        if (copy.index >= live.first && copy.index <= live.last) {
            mine.push_back(&copy);
        }
    }
    return mine;
}

// All of these are whole.
void Upkeep::finish(const SegmentEntries& live) {
    const auto whole = [&](Index index) { return index >= live.first && index <= live.last; };
    std::erase_if(copies_, [&](const EntryRef& copy) { return whole(copy.index); });
    std::erase_if(log_.faulty, [&](const EntryIdentity& name) { return whole(name.index); });
}

Result<void> Upkeep::repair_all() {
    std::vector<SegmentId> ids;
    for (const EntryRef& copy : copies_) {
        const SegmentId id = segment_of(copy.index);
        if ((ids.empty() || ids.back() != id) && may_try(id)) {
            ids.push_back(id);
        }
    }
    for (const SegmentId id : ids) {
        LEDGER_CHECK(repair(id));
    }
    return {};
}

Result<void> Upkeep::repair(SegmentId id) {
    LEDGER_CHECK(close_if_active(id));
    const SegmentEntries live = map_->entries_in(id);
    auto repaired =
        repair_segment(files_, options_.directory, *map_, live, copies_in(live));
    if (!repaired && is_no_space(repaired.error())) {
        return {};  // whoever reads them finds them once more
    }
    LEDGER_TRY(const Repaired done, std::move(repaired));
    damaged_.insert(damaged_.end(), done.missing.begin(), done.missing.end());
    if (done.missing.empty()) {
        for (const HashMark& known : done.hashes) {
            log_.map.learn(known.index, known.hash);
        }
        finish(live);
    }
    return {};
}

// One segment at a time: nobody waits for it.
Result<void> Upkeep::save_space() {
    const auto next = std::find_if(
        wasteful_.begin(), wasteful_.end(), [this](SegmentId id) { return may_try(id); });
    if (next == wasteful_.end()) {
        return {};
    }
    LEDGER_SOMETIMES(true, "log.rewrite_for_space");
    const SegmentId id = *next;
    return rewrite(id);
}

void Upkeep::note_erasing() {
    const bool superseded = std::any_of(log_.segments.begin(), log_.segments.end(),
        [](const OpenSegment& segment) { return segment.dead.superseded > 0; });
    std::erase_if(
        erasures_, [superseded](const Erasure& one) { return one.done && !superseded; });
    for (const Erasure& one : erasures_) {
        erasing_.push_back(one.form.index);
    }
    std::sort(damaged_.begin(), damaged_.end());
    damaged_.erase(std::unique(damaged_.begin(), damaged_.end()), damaged_.end());
}

OpenSegment* Upkeep::find(SegmentId id) {
    const auto found = std::lower_bound(log_.segments.begin(), log_.segments.end(), id,
        [](const OpenSegment& segment, SegmentId wanted) { return segment.id < wanted; });
    return found == log_.segments.end() || found->id != id ? nullptr : &*found;
}

bool Upkeep::may_try(SegmentId id) const {
    return std::none_of(waiting_.begin(), waiting_.end(), [&](const Waiting& one) {
        return one.segment == id && runs_ < one.next_run;
    });
}

void Upkeep::wait(SegmentId id) {
    auto at = std::find_if(waiting_.begin(), waiting_.end(),
        [id](const Waiting& one) { return one.segment == id; });
    if (at == waiting_.end()) {
        at = waiting_.insert(at, Waiting{id, 1, 0});
    } else {
        at->runs = std::min(2 * at->runs, wait_runs_max);
    }
    at->next_run = runs_ + at->runs;
}

}  // namespace ledger::log
