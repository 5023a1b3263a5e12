#include "tests/log/state/model.h"

#include <algorithm>
#include <set>

#include "tests/log/state/examples.h"

namespace ledger::state {

std::uint64_t Model::length_of(const std::string& stream) const {
    const auto found = streams_.find(stream);
    return found == streams_.end() ? 0 : found->second.size();
}

Outcome Model::apply(std::uint64_t index, std::int64_t time, const Command* command) {
    if (command == nullptr) {
        return Malformed{};
    }
    if (const auto* redact = std::get_if<Redact>(command)) {
        return knows_redact_ ? once(index, time, *redact) : Outcome{Malformed{}};
    }
    if (const auto* wanted = std::get_if<Append>(command)) {
        const Outcome outcome = once(index, time, *wanted);
        indexes_.resize(events_.size(), index);
        return outcome;
    }
    return open(index, time);
}

Outcome Model::open(std::uint64_t index, std::int64_t time) {
    if (sessions_.size() == limits_.sessions_max) {
        auto oldest = sessions_.begin();
        for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
            if (at->second.last < oldest->second.last) {
                oldest = at;
            }
        }
        sessions_.erase(oldest);
    }
    sessions_[index].last = time;
    return SessionRegistered{SessionId{index}};
}

template <typename Asked>
Outcome Model::once(std::uint64_t index, std::int64_t time, const Asked& asked) {
    if (asked.session == SessionId{}) {
        return execute(time, asked);
    }
    const auto found = sessions_.find(asked.session.value);
    if (found == sessions_.end()) {
        repeated(index, asked, nullptr);
        return SessionExpired{};
    }
    Session& session = found->second;
    session.last = time;
    if (asked.sequence.value <= session.pruned_through) {
        repeated(index, asked, nullptr);
        return SequenceTooOld{};
    }
    const auto answered = session.replies.find(asked.sequence.value);
    if (answered != session.replies.end()) {
        if (answered->second.command == Command{asked}) {
            repeated(index, asked, &answered->second.outcome);
            return answered->second.outcome;
        }
        return Mismatch{};
    }
    const Outcome outcome = execute(time, asked);
    session.replies[asked.sequence.value] = {asked, outcome};
    session.pruned_through = std::max(session.pruned_through, asked.acknowledged_through.value);
    std::erase_if(session.replies,
        [&](const auto& reply) { return reply.first <= asked.acknowledged_through.value; });
    while (session.replies.size() > limits_.stored_replies_max) {
        session.pruned_through = session.replies.begin()->first;
        session.replies.erase(session.replies.begin());
    }
    return outcome;
}

Outcome Model::execute(std::int64_t time, const Append& append) {
    Conflict conflict{{}, Position{events_.size()}};
    std::set<std::string> created;
    for (std::uint32_t place = 0; place < append.streams.size(); ++place) {
        const auto& [stream, expected] = append.streams[place];
        const std::uint64_t length = length_of(stream);
        const bool ok = expected.kind == Expected::Kind::any ||
                        (expected.kind == Expected::Kind::no_stream && length == 0) ||
                        (expected.kind == Expected::Kind::exists && length != 0) ||
                        (expected.kind == Expected::Kind::exact && length != 0 &&
                            length - 1 == expected.revision.value);
        if (!ok) {
            const Revision actual{length == 0 ? 0 : length - 1};
            conflict.checks.push_back({stream, expected, length != 0, actual});
        }
        const bool written = std::any_of(append.events.begin(), append.events.end(),
            [place](const NewEvent& event) { return event.stream == place; });
        if (written && length == 0) {
            created.insert(stream);
        }
    }
    if (!conflict.checks.empty()) {
        return conflict;
    }
    if (streams_.size() + created.size() > limits_.streams_max) {
        return LimitReached{Bound::streams};
    }
    Appended appended;
    appended.first = Position{events_.size()};
    appended.events = static_cast<std::uint32_t>(append.events.size());
    appended.cluster_time = {time};
    appended.wall_time = {time + 1'000'000};
    for (const NewEvent& event : append.events) {
        const std::string& stream = append.streams[event.stream].stream;
        const RecordedEvent recorded{Position{events_.size()}, Revision{length_of(stream)}, stream,
            event.id, event.type, event.metadata, event.payload, false};
        appended.revisions.push_back(recorded.revision);
        streams_[stream].push_back(recorded);
        events_.push_back(recorded);
    }
    return appended;
}

std::uint64_t Model::marks() const {
    std::uint64_t all = 0;
    for (const auto& [index, marks] : marks_) {
        all += marks.slots.size() + marks.copies.size();
    }
    return all;
}

Slot Model::slot_of(std::uint64_t position) const {
    const auto first = std::lower_bound(indexes_.begin(), indexes_.end(), indexes_[position]);
    return static_cast<Slot>(position - static_cast<std::uint64_t>(first - indexes_.begin()));
}

bool Model::is_redacted(std::uint64_t position) const {
    const auto found = marks_.find(indexes_[position]);
    return found != marks_.end() && found->second.slots.count(slot_of(position)) > 0;
}

std::vector<Slot> Model::redacted(std::uint64_t index) const {
    const auto found = marks_.find(index);
    return found == marks_.end()
               ? std::vector<Slot>{}
               : std::vector<Slot>(found->second.slots.begin(), found->second.slots.end());
}

Outcome Model::execute(std::int64_t, const Redact& redact) {
    NoSuchEvents missing{{}, Position{retained_}, Position{events_.size()}};
    std::vector<std::uint64_t> fresh;
    std::uint64_t more = 0;
    for (const Position position : redact.positions) {
        if (position.value < retained_ || position.value >= events_.size()) {
            missing.positions.push_back(position);
        } else if (!is_redacted(position.value)) {
            fresh.push_back(position.value);
            const auto found = marks_.find(indexes_[position.value]);
            more += 1 + (found == marks_.end() ? 0 : found->second.copies.size());
        }
    }
    if (!missing.positions.empty()) {
        return missing;
    }
    if (marks() + more > limits_.redactions_max) {
        return LimitReached{Bound::redactions};
    }
    for (const std::uint64_t position : fresh) {
        const Slot slot = slot_of(position);
        const std::set<std::uint64_t> copies = marks_[indexes_[position]].copies;
        marks_[indexes_[position]].slots.insert(slot);
        for (const std::uint64_t copy : copies) {
            marks_[copy].slots.insert(slot);
        }
    }
    return Redacted{static_cast<std::uint32_t>(fresh.size())};
}

void Model::redact_all(std::uint64_t index, const Append& append) {
    if (marks() + append.events.size() <= limits_.redactions_max) {
        for (std::size_t slot = 0; slot < append.events.size(); ++slot) {
            marks_[index].slots.insert(static_cast<Slot>(slot));
        }
    }
}

void Model::repeated(std::uint64_t index, const Append& append, const Outcome* answered) {
    if (!knows_redact_ || append.events.empty()) {
        return;
    }
    if (answered == nullptr) {
        redact_all(index, append);
        return;
    }
    const auto* appended = std::get_if<Appended>(answered);
    if (appended == nullptr || appended->first.value < retained_) {
        return;
    }
    const std::uint64_t original = indexes_[appended->first.value];
    const auto found = marks_.find(original);
    const Marks before = found == marks_.end() ? Marks{} : found->second;
    if (before.copies.size() == Redactions::copies_max) {
        redact_all(index, append);
    } else if (marks() + 1 + before.slots.size() <= limits_.redactions_max) {
        marks_[original].copies.insert(index);
        if (!before.slots.empty()) {
            marks_[index].slots = before.slots;
        }
    }
}

void Model::passed() {
    for (int dropped = 0;
         dropped < 8 && !marks_.empty() && marks_.begin()->first <= retained_index_; ++dropped) {
        marks_.erase(marks_.begin());
    }
}

void Model::retain(std::uint64_t index) {
    retained_index_ = std::max(retained_index_, index);
    while (retained_ < indexes_.size() && indexes_[retained_] <= index) {
        ++retained_;
    }
}

// Walks from `from` one by one, without the arithmetic of pages.
std::optional<Answer> Model::read(const Query& query) const {
    Answer answer;
    answer.length = Position{events_.size()};
    const std::vector<RecordedEvent>* events = &events_;
    static const std::vector<RecordedEvent> nothing;
    std::uint64_t from = 0;
    std::uint32_t count = 0;
    bool forward = true;
    bool by_revision = false;
    const auto choose = [&](const std::string& stream) {
        const auto found = streams_.find(stream);
        events = found == streams_.end() ? &nothing : &found->second;
        answer.stream_exists = found != streams_.end();
        answer.stream_length = events->size();
    };
    if (const auto* stream = std::get_if<ReadStream>(&query)) {
        choose(stream->stream);
        by_revision = true;
        from = stream->from.value;
        count = stream->count;
        forward = stream->direction == Direction::forward;
    } else if (const auto* all = std::get_if<ReadAll>(&query)) {
        from = all->from.value;
        count = all->count;
        forward = all->direction == Direction::forward;
    } else if (const auto* follow = std::get_if<Follow>(&query)) {
        if (!follow->stream.empty()) {
            choose(follow->stream);
        }
        from = follow->from.value;
        count = follow->count;
    }
    const auto has_expired = [this](const RecordedEvent& event) {
        return event.position.value < retained_;
    };
    const std::uint64_t first_kept = static_cast<std::uint64_t>(
        std::count_if(events->begin(), events->end(), has_expired));
    const bool below = events == &events_ || by_revision ? from < first_kept : from < retained_;
    if (forward && first_kept > 0 && below) {
        return std::nullopt;
    }
    std::vector<RecordedEvent> rest;
    for (const RecordedEvent& event : *events) {
        const auto number = by_revision ? event.revision.value : event.position.value;
        if (forward ? number >= from : number <= from) {
            rest.push_back(event);
        }
    }
    if (!forward) {
        std::reverse(rest.begin(), rest.end());
    }
    if (!rest.empty() && has_expired(rest.front())) {
        return std::nullopt;
    }
    answer.end = rest.size() <= count;
    rest.resize(std::min<std::size_t>(rest.size(), count));
    if (!rest.empty() && has_expired(rest.back())) {
        std::erase_if(rest, has_expired);
        answer.end = false;
    }
    for (RecordedEvent& event : rest) {
        if (is_redacted(event.position.value)) {
            event.payload.clear();
            event.erased = true;
        }
    }
    answer.events = std::move(rest);
    return answer;
}

}  // namespace ledger::state
