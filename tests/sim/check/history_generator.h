#pragma once
// History generator: small random histories of a cluster that works, and ways to damage them.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "log/base/choice.h"
#include "tests/sim/check/ledger_builder.h"
#include "tests/sim/check/naive_ledger.h"

namespace ledger::check::test {

// Draws of one history.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : seed_(seed) {}
    std::uint64_t operator()(std::uint64_t sides) {
        return bounded(keyed_bits(seed_, Site::test_a, 0, ++count_), sides);
    }
    bool one_in(std::uint64_t sides) { return (*this)(sides) == 0; }

  private:
    std::uint64_t seed_;
    std::uint64_t count_ = 0;
};

inline const std::string streams[] = {"a", "b"};

inline state::StreamCheck random_check(
    Dice& dice, const std::string& stream, const NaiveLedger& ledger) {
    switch (dice(5)) {
        case 0: return none(stream);
        case 1: return some(stream);
        case 2: {
            const std::uint64_t n = ledger.count(stream);
            return exact(stream, n > 0 && !dice.one_in(3) ? n - 1 : dice(4));
        }
        default: return any(stream);
    }
}

// A cluster that works: clients call, every answer is computed at one moment in between.
class Generator {
  public:
    explicit Generator(std::uint64_t seed) : dice_(seed) {}

    Recording run() {
        const std::uint64_t operations = 3 + dice_(6);
        const std::uint64_t clients = 2 + dice_(3);
        slots_.resize(clients);
        std::uint64_t started = 0;
        while (started < operations || busy()) {
            ++step_;
            Slot& slot = slots_[dice_(clients)];
            if (!slot.open && started < operations) {
                ++started;
                call(slot);
            } else if (slot.open) {
                proceed(slot);
            }
            land_late();
        }
        land_all();
        return std::move(recording_);
    }

  private:
    struct Slot {
        bool open = false;
        bool decided = false;
        std::size_t operation = 0;
        std::optional<Operation> retry;  // what this client sends next
    };

    bool busy() const {
        return std::any_of(slots_.begin(), slots_.end(), [](const Slot& s) { return s.open; });
    }

    Call random_call() {
        switch (dice_(6)) {
            case 0: return TailCall{};
            case 1: return read_all(dice_(6), static_cast<std::uint32_t>(dice_(4)), direction());
            case 2:
                return read_stream(
                    streams[dice_(2)], dice_(4), static_cast<std::uint32_t>(dice_(4)), direction());
            default: return random_append();
        }
    }
    state::Direction direction() {
        return dice_.one_in(3) ? state::Direction::backward : state::Direction::forward;
    }
    AppendCall random_append() {
        AppendCall append;
        const std::uint64_t first = dice_(2);
        append.streams.push_back(random_check(dice_, streams[first], ledger_));
        if (dice_.one_in(3)) {
            append.streams.push_back(random_check(dice_, streams[1 - first], ledger_));
        }
        if (dice_.one_in(5)) {
            append.streams = {any(streams[first])};
            append.expected_length = dice_(2) == 0 ? ledger_.events.size() : dice_(5);
        }
        const std::uint64_t events = dice_.one_in(6) ? 0 : 1 + dice_(3);
        for (std::uint64_t i = 0; i < events; ++i) {
            append.events.push_back(
                {static_cast<std::uint32_t>(dice_(append.streams.size())), event(++last_event_)});
        }
        return append;
    }

    void call(Slot& slot) {
        Operation op;
        if (slot.retry) {
            op = *std::exchange(slot.retry, std::nullopt);
            ++op.attempt;
        } else {
            op.client = ClientId{static_cast<std::uint64_t>(&slot - slots_.data()) + 1};
            op.call = random_call();
            if (std::holds_alternative<AppendCall>(op.call) && dice_.one_in(2)) {
                op.session = SessionId{op.client.value};
                op.sequence = Sequence{++last_sequence_};
            }
        }
        op.id = OperationId{recording_.operations.size() + 1};
        op.called = {step_, Instant{static_cast<std::int64_t>(step_)}};
        op.answer = Pending{};
        slot.open = true;
        slot.decided = false;
        slot.operation = recording_.operations.size();
        recording_.operations.push_back(std::move(op));
        answers_.emplace_back(Pending{});
    }

    void proceed(Slot& slot) {
        Operation& op = recording_.operations[slot.operation];
        const bool append = std::holds_alternative<AppendCall>(op.call);
        if (!slot.decided && append && dice_.one_in(6)) {
            // The client gives up; the request may still arrive.
            end(slot, dice_.one_in(3) ? Answer(Refused{"busy"}) : Answer(Unknown{}));
            if (std::holds_alternative<Unknown>(op.answer) && dice_.one_in(2)) {
                late_.push_back(slot.operation);
            }
            if (op.session.value != 0 && dice_(3) != 0) {
                slot.retry = op;
            }
            return;
        }
        if (!slot.decided) {
            decide(slot.operation);
            slot.decided = true;
            return;
        }
        end(slot, append && dice_.one_in(8) ? Answer(Unknown{}) : answers_[slot.operation]);
        if (std::holds_alternative<Unknown>(op.answer) && op.session.value != 0 &&
            dice_.one_in(2)) {
            slot.retry = op;
        }
    }
    void end(Slot& slot, Answer answer) {
        Operation& op = recording_.operations[slot.operation];
        op.answer = std::move(answer);
        op.returned = {step_, Instant{static_cast<std::int64_t>(step_)}};
        slot.open = false;
    }

    void decide(std::size_t number) {
        const Operation& op = recording_.operations[number];
        const auto* append = std::get_if<AppendCall>(&op.call);
        if (append == nullptr) {
            answers_[number] = vary(ledger_.read(op.call));
            return;
        }
        for (const auto& [key, answer] : decided_) {
            if (op.session.value != 0 && key == op.sequence.value) {
                answers_[number] = answer;
                return;
            }
        }
        Answer answer;
        if (ledger_.accepts(*append)) {
            answer = Acknowledged{Position{ledger_.events.size()}, {}};
            land(op, *append);
        } else {
            Conflicted told = conflict(ledger_, *append);
            if ((append->streams.size() == 1 || append->expected_length) && dice_.one_in(3)) {
                told.at = std::nullopt;
                told.checks.clear();
            } else if (!told.checks.empty() && dice_.one_in(4)) {
                told.at = std::nullopt;
            }
            answer = told;
        }
        answers_[number] = answer;
        decided_.emplace_back(op.sequence.value, answer);
    }
    void land(const Operation& op, const AppendCall& append) {
        if (append.events.empty()) {
            return;
        }
        Batch batch{{}, op.session, op.sequence};
        for (const WrittenEvent& written : append.events) {
            batch.events.push_back({written.id, append.streams[written.stream].stream});
        }
        ledger_.events.insert(ledger_.events.end(), batch.events.begin(), batch.events.end());
        recording_.order.push_back(std::move(batch));
        recording_.landed_at.push_back(step_);
    }
    // Less than the whole truth, as other tools report it.
    ReadAnswer vary(ReadAnswer answer) {
        if (answer.events.empty() && !answer.stream_length && !answer.end) {
            return answer;
        }
        if (dice_.one_in(2) && answer.length) {
            answer.length.reset();
        }
        if (dice_.one_in(2)) {
            answer.stream_length.reset();
        }
        answer.positions = !dice_.one_in(3);
        if (dice_.one_in(6) && answer.events.size() > 1) {
            answer.events.pop_back();
            answer.end = false;
        }
        return answer;
    }

    void land_late() {
        if (!late_.empty() && dice_.one_in(4)) {
            decide(late_.front());
            late_.erase(late_.begin());
        }
    }
    void land_all() {
        while (!late_.empty()) {
            ++step_;
            land_late();
        }
    }

    Dice dice_;
    Recording recording_;
    NaiveLedger ledger_;
    std::vector<Slot> slots_;
    std::vector<Answer> answers_;
    std::vector<std::pair<std::uint64_t, Answer>> decided_;
    std::vector<std::size_t> late_;
    std::uint64_t step_ = 0;
    std::uint64_t last_event_ = 0;
    std::uint64_t last_sequence_ = 0;
};

inline std::uint64_t nudge(Dice& dice, std::uint64_t value) {
    return value == 0 || dice.one_in(2) ? value + 1 : value - 1;
}

// One lie. Most are violations, some are not: the twin knows.
inline void damage_answer(Dice& dice, Operation& op) {
    if (auto* told = std::get_if<Acknowledged>(&op.answer)) {
        told->first = Position{nudge(dice, told->first.value)};
    } else if (auto* no = std::get_if<Conflicted>(&op.answer)) {
        if (no->at) {
            no->at = nudge(dice, *no->at);
        }
        if (!no->checks.empty() && dice.one_in(2)) {
            no->checks[0].actual = Revision{nudge(dice, no->checks[0].actual.value)};
            no->checks[0].exists = true;
        }
    } else if (auto* read = std::get_if<ReadAnswer>(&op.answer)) {
        switch (dice(4)) {
            case 0: read->length = read->length ? nudge(dice, *read->length) : dice(4); return;
            case 1: read->end = !read->end; return;
            case 2:
                if (!read->events.empty()) {
                    read->events.pop_back();
                }
                return;
            default:
                if (!read->events.empty()) {
                    read->events[dice(read->events.size())].id = event(1 + dice(8));
                }
        }
    }
}

inline void damage(Dice& dice, Recording& recording) {
    Operation& op = recording.operations[dice(recording.operations.size())];
    Operation& other = recording.operations[dice(recording.operations.size())];
    const bool both_read =
        op.call.index() == other.call.index() && !std::holds_alternative<AppendCall>(op.call);
    if (both_read && dice.one_in(3)) {
        std::swap(op.answer, other.answer);
    } else {
        damage_answer(dice, op);
    }
}

// The same kind of question at another moment gets that moment's answer: truly stale reads.
inline void make_stale(Dice& dice, Recording& recording) {
    std::vector<Stored> all = recording.events();
    for (Operation& op : recording.operations) {
        auto* answer = std::get_if<ReadAnswer>(&op.answer);
        if (answer == nullptr || !dice.one_in(2)) {
            continue;
        }
        std::size_t cut = 0;
        NaiveLedger ledger;
        for (const Batch& batch : recording.order) {
            if (cut++ >= dice(recording.order.size() + 1)) {
                break;
            }
            ledger.events.insert(ledger.events.end(), batch.events.begin(), batch.events.end());
        }
        *answer = ledger.read(op.call);
    }
}

}  // namespace ledger::check::test
