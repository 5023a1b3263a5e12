#pragma once
// Naive ledger: a plain list of events, scanned for every question; the twin of the checkers.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/check/history.h"

namespace ledger::check::test {

struct Stored {
    EventId id;
    std::string stream;
};
struct Batch {
    std::vector<Stored> events;
    SessionId session;
    Sequence sequence;
};

// What happened: operations with calls and returns as steps, and the final order.
struct Recording {
    std::vector<Operation> operations;  // by id, from 1
    std::vector<Batch> order;
    std::vector<std::uint64_t> landed_at;  // the step of each batch

    std::vector<Stored> events() const {
        std::vector<Stored> all;
        for (const Batch& batch : order) {
            all.insert(all.end(), batch.events.begin(), batch.events.end());
        }
        return all;
    }
};

// The naive ledger: a plain list, scanned for every question.
struct NaiveLedger {
    std::vector<Stored> events;

    std::uint64_t count(const std::string& stream) const {
        return static_cast<std::uint64_t>(std::count_if(events.begin(), events.end(),
            [&](const Stored& event) { return event.stream == stream; }));
    }
    bool holds(const state::StreamCheck& check) const {
        const std::uint64_t n = count(check.stream);
        switch (check.expected.kind) {
            case state::Expected::Kind::any: return true;
            case state::Expected::Kind::no_stream: return n == 0;
            case state::Expected::Kind::exists: return n != 0;
            case state::Expected::Kind::exact: return n == check.expected.revision.value + 1;
        }
        return false;
    }
    bool accepts(const AppendCall& call) const {
        return std::all_of(call.streams.begin(), call.streams.end(),
                   [&](const state::StreamCheck& check) { return holds(check); }) &&
               (!call.expected_length || *call.expected_length == events.size());
    }
    std::vector<SeenEvent> row(const std::string* stream) const {
        std::vector<SeenEvent> seen;
        for (std::size_t i = 0; i < events.size(); ++i) {
            if (stream == nullptr || events[i].stream == *stream) {
                NaiveLedger before{{events.begin(), events.begin() + static_cast<long>(i)}};
                seen.push_back(
                    {Position{i}, Revision{before.count(events[i].stream)}, events[i].id});
            }
        }
        return seen;
    }
    // The page that the query would get, as large as allowed.
    ReadAnswer read(const Call& call) const {
        ReadAnswer answer;
        answer.length = events.size();
        const auto* of_stream = std::get_if<state::ReadStream>(&call);
        const auto* of_all = std::get_if<state::ReadAll>(&call);
        if (of_stream == nullptr && of_all == nullptr) {
            return answer;
        }
        const std::vector<SeenEvent> all = row(of_stream ? &of_stream->stream : nullptr);
        const std::uint64_t from = of_stream ? of_stream->from.value : of_all->from.value;
        const std::uint64_t count = of_stream ? of_stream->count : of_all->count;
        const bool forward =
            (of_stream ? of_stream->direction : of_all->direction) == state::Direction::forward;
        if (of_stream) {
            answer.stream_length = all.size();
        }
        if (forward) {
            for (std::uint64_t i = from; i < all.size() && answer.events.size() < count; ++i) {
                answer.events.push_back(all[i]);
            }
            answer.end = from + answer.events.size() >= all.size();
        } else if (!all.empty()) {
            std::uint64_t next = std::min<std::uint64_t>(from, all.size() - 1) + 1;
            for (; next > 0 && answer.events.size() < count; --next) {
                answer.events.push_back(all[next - 1]);
            }
            answer.end = next == 0;
        } else {
            answer.end = true;
        }
        return answer;
    }
    // Whether `told` is a true answer here. Answers may leave things out, may be cut short, and a
    // full page may leave it open whether it is the last.
    bool could_answer(const Call& call, const ReadAnswer& told) const {
        if (told.length && *told.length != events.size()) {
            return false;
        }
        if (std::holds_alternative<TailCall>(call)) {
            return true;
        }
        const ReadAnswer full = read(call);
        const auto* of_stream = std::get_if<state::ReadStream>(&call);
        const auto* of_all = std::get_if<state::ReadAll>(&call);
        const std::uint64_t count = of_stream ? of_stream->count : of_all->count;
        const bool forward =
            (of_stream ? of_stream->direction : of_all->direction) == state::Direction::forward;
        const std::uint64_t from = of_stream ? of_stream->from.value : of_all->from.value;
        const std::uint64_t length = row(of_stream ? &of_stream->stream : nullptr).size();
        if (told.stream_length && *told.stream_length != length) {
            return false;
        }
        if (told.events.size() > full.events.size()) {
            return false;
        }
        for (std::size_t i = 0; i < told.events.size(); ++i) {
            const bool same = told.positions ? told.events[i] == full.events[i]
                                             : told.events[i].id == full.events[i].id;
            if (!same) {
                return false;
            }
        }
        if (!forward) {
            if (told.events.empty()) {
                return count == 0 || length == 0;
            }
            return told.end == (full.end && told.events.size() == full.events.size());
        }
        const std::uint64_t reached = from + told.events.size();
        if (told.end) {
            return reached >= length;
        }
        return told.events.size() == count ? reached <= length : reached < length;
    }
};

inline state::FailedCheck failed(const NaiveLedger& ledger, const state::StreamCheck& check) {
    const std::uint64_t n = ledger.count(check.stream);
    return {check.stream, check.expected, n > 0, Revision{n > 0 ? n - 1 : 0}};
}

inline Conflicted conflict(const NaiveLedger& ledger, const AppendCall& call) {
    Conflicted answer;
    answer.at = ledger.events.size();
    for (const state::StreamCheck& check : call.streams) {
        if (!ledger.holds(check)) {
            answer.checks.push_back(failed(ledger, check));
        }
    }
    return answer;
}

}  // namespace ledger::check::test
