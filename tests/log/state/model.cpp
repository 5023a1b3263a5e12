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
    if (const auto* wanted = std::get_if<Append>(command)) {
        const Outcome outcome = append(time, *wanted);
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

Outcome Model::append(std::int64_t time, const Append& append) {
    if (append.session == SessionId{}) {
        return execute(time, append);
    }
    const auto found = sessions_.find(append.session.value);
    if (found == sessions_.end()) {
        return SessionExpired{};
    }
    Session& session = found->second;
    session.last = time;
    if (append.sequence.value <= session.pruned_through) {
        return SequenceTooOld{};
    }
    const auto answered = session.replies.find(append.sequence.value);
    if (answered != session.replies.end()) {
        if (answered->second.command == append) {
            return answered->second.outcome;
        }
        return Mismatch{};
    }
    const Outcome outcome = execute(time, append);
    session.replies[append.sequence.value] = {append, outcome};
    session.pruned_through = std::max(session.pruned_through, append.acknowledged_through.value);
    std::erase_if(session.replies,
        [&](const auto& reply) { return reply.first <= append.acknowledged_through.value; });
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

void Model::retain(std::uint64_t index) {
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
    answer.events = std::move(rest);
    return answer;
}

}  // namespace ledger::state
