#include "raft/raft_log.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"

namespace ledger::raft {

RaftLog::RaftLog(Contents contents)
    : first_(contents.first),
      last_(contents.last),
      durable_(contents.last),
      previous_(contents.previous),
      last_cluster_time_(contents.last_cluster_time),
      last_wall_time_(contents.last_wall_time),
      runs_(std::move(contents.terms)),
      window_(std::move(contents.tail)),
      holes_(std::move(contents.holes)) {
    LEDGER_ASSERT(first_ >= Index{1});
    LEDGER_ASSERT(last_.next() >= first_);
    LEDGER_ASSERT(runs_.empty() == (last_ < first_));
    LEDGER_ASSERT(runs_.empty() || runs_.front().first == first_);
    LEDGER_ASSERT(runs_.empty() || runs_.back().first <= last_);
    LEDGER_ASSERT(window_.empty() || window_.back().index == last_);
    LEDGER_ASSERT(window_.empty() || window_.front().index + window_.size() == last_.next());
    LEDGER_ASSERT(holes_.empty() || holes_.front() >= first_in_memory());
    LEDGER_ASSERT(holes_.empty() || holes_.back() <= last_);
    for (std::size_t i = 1; i < runs_.size(); ++i) {
        LEDGER_ASSERT(runs_[i - 1].first < runs_[i].first);
        LEDGER_ASSERT(runs_[i - 1].term < runs_[i].term);
    }
}

Term RaftLog::last_term() const {
    return runs_.empty() ? previous_.term : runs_.back().term;
}

std::optional<Term> RaftLog::term_at(Index index) const {
    if (index > last_) {
        return std::nullopt;
    }
    if (index < first_) {
        // Before the log only the entry right in front of it may be known (index 0: term 0).
        return index == previous_.index && index.next() == first_ ? std::optional(previous_.term)
                                                                  : std::nullopt;
    }
    if (index >= runs_.back().first) {
        return runs_.back().term;
    }
    const auto after = std::upper_bound(runs_.begin(), runs_.end(), index,
        [](Index wanted, const TermRun& run) { return wanted < run.first; });
    LEDGER_ASSERT(after != runs_.begin());
    return (after - 1)->term;
}

bool RaftLog::contains(LogId id) const {
    const std::optional<Term> term = term_at(id.index);
    return term && *term == id.term;
}

LogId RaftLog::last_not_above(LogId limit) const {
    Index index = std::min(limit.index, last_);
    for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
        if (run->first > index) {
            continue;
        }
        if (run->term <= limit.term) {
            return {run->term, index};
        }
        index = run->first.previous();
    }
    return previous_;
}

Index RaftLog::first_in_memory() const {
    return last_.next() - (window_.size() - head_);
}

bool RaftLog::is_hole(Index index) const {
    return std::binary_search(holes_.begin(), holes_.end(), index);
}

const EntryRef* RaftLog::find(Index index) const {
    return is_hole(index) ? nullptr : in_window(index);
}

void RaftLog::mend(const EntryRef& entry) {
    LEDGER_ASSERT(is_hole(entry.index) && contains(entry.id()));
    window_[head_ + static_cast<std::size_t>(entry.index - first_in_memory())] = entry;
    std::erase(holes_, entry.index);
    last_cluster_time_ = std::max(last_cluster_time_, entry.cluster_time);
    last_wall_time_ = std::max(last_wall_time_, entry.wall_time);
}

void RaftLog::replace_body(Index index, const EntryHandle& body) {
    if (find(index) == nullptr) {
        return;
    }
    EntryRef& entry = window_[head_ + static_cast<std::size_t>(index - first_in_memory())];
    LEDGER_ASSERT(entry.handle.envelope_digest() == body.envelope_digest());
    entry.handle = body;
    entry.bytes = body ? body->size() : 0;
}

void RaftLog::forget_holes(Index upto) {
    const auto end = std::upper_bound(holes_.begin(), holes_.end(), upto);
    if (end == holes_.begin()) {
        return;
    }
    const Index last = *(end - 1);
    holes_.erase(holes_.begin(), end);
    release(last);  // nobody may take what is in their places for entries
    LEDGER_ASSERT(first_in_memory() > last);
}

const EntryRef* RaftLog::in_window(Index index) const {
    const Index begin = first_in_memory();
    if (index < begin || index > last_) {
        return nullptr;
    }
    return &window_[head_ + static_cast<std::size_t>(index - begin)];
}

std::span<const EntryRef> RaftLog::entries(Index first, Index last) const {
    LEDGER_ASSERT(first <= last);
    LEDGER_ASSERT(last <= last_);
    const EntryRef* const begin = in_window(first);
    LEDGER_ASSERT(begin != nullptr);
    return {begin, static_cast<std::size_t>(last - first + 1)};
}

void RaftLog::append(const EntryRef& entry) {
    LEDGER_ASSERT(entry.index == last_.next());
    LEDGER_ASSERT(entry.term >= last_term());
    LEDGER_ASSERT(entry.term > Term{0});
    if (runs_.empty() || runs_.back().term != entry.term) {
        runs_.push_back({entry.index, entry.term});
    }
    window_.push_back(entry);
    last_ = entry.index;
    last_cluster_time_ = entry.cluster_time;
    last_wall_time_ = entry.wall_time;
}

void RaftLog::truncate_to(Index last, Term current) {
    LEDGER_ASSERT(last < last_);
    LEDGER_ASSERT(last.next() >= first_);
    LEDGER_ASSERT(last.next() >= first_in_memory());
    LEDGER_ASSERT(current >= truncated_in_);
    window_.resize(window_.size() - static_cast<std::size_t>(last_ - last));
    while (!runs_.empty() && runs_.back().first > last) {
        runs_.pop_back();
    }
    std::erase_if(holes_, [last](Index hole) { return hole > last; });
    last_ = last;
    durable_ = std::min(durable_, last);
    truncated_in_ = current;
    if (const EntryRef* entry = find(last); entry != nullptr) {
        last_cluster_time_ = entry->cluster_time;
        last_wall_time_ = entry->wall_time;
    }
}

void RaftLog::stored(LogId upto, Term current) {
    // An entry that was overwritten and later came back is a different write. Within one term a
    // log is rewritten by one leader only, which never takes back what it sent, so the node's
    // term at the time of the write tells the two apart.
    if (current < truncated_in_ || !contains(upto)) {
        return;
    }
    durable_ = std::max(durable_, upto.index);
    LEDGER_ASSERT(durable_ <= last_);
}

void RaftLog::release(Index upto) {
    const Index begin = first_in_memory();
    const Index end = std::min(upto, durable_);
    if (end < begin) {
        return;
    }
    const auto count = static_cast<std::size_t>(end - begin + 1);
    for (std::size_t i = head_; i < head_ + count; ++i) {
        window_[i] = EntryRef{};  // the handle goes now, its place later
    }
    head_ += count;
    // Moving the rest to the front costs at most what was released since the last time.
    if (head_ * 2 >= window_.size()) {
        window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(head_));
        head_ = 0;
    }
    LEDGER_ASSERT(first_in_memory() == end.next());
}

void RaftLog::begin_after(Index upto) {
    LEDGER_ASSERT(upto <= last_);
    LEDGER_ASSERT(upto <= durable_);
    if (upto < first_) {
        return;
    }
    const std::optional<Term> term = term_at(upto);
    LEDGER_ASSERT(term.has_value());
    LEDGER_ASSERT(holes_.empty() || holes_.front() > upto);
    previous_ = {*term, upto};
    first_ = upto.next();
    while (runs_.size() > 1 && runs_[1].first <= first_) {
        runs_.erase(runs_.begin());
    }
    if (first_ > last_) {
        runs_.clear();
    } else {
        runs_.front().first = first_;
    }
    release(upto);
}

void RaftLog::restart_after(
    LogId cut, ClusterTime cluster_time, WallTime wall_time, Term current) {
    LEDGER_ASSERT(!contains(cut));
    LEDGER_ASSERT(current >= truncated_in_);
    first_ = cut.index.next();
    last_ = cut.index;
    durable_ = cut.index;
    previous_ = cut;
    last_cluster_time_ = cluster_time;
    last_wall_time_ = wall_time;
    truncated_in_ = current;
    runs_.clear();
    window_.clear();
    head_ = 0;
    holes_.clear();
}

}  // namespace ledger::raft
