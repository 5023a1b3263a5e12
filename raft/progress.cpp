#include "raft/progress.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::raft {

const InflightWindow::Sent& InflightWindow::oldest() const {
    LEDGER_ASSERT(count_ > 0);
    return ring_[begin_];
}

void InflightWindow::add(const Sent& sent) {
    LEDGER_ASSERT(count_ < inflight_messages_capacity);
    ring_[(begin_ + count_) % inflight_messages_capacity] = sent;
    ++count_;
    bytes_ += sent.bytes;
}

void InflightWindow::acknowledged(Index match) {
    while (count_ > 0 && ring_[begin_].last <= match) {
        LEDGER_ASSERT(bytes_ >= ring_[begin_].bytes);
        bytes_ -= ring_[begin_].bytes;
        begin_ = (begin_ + 1) % inflight_messages_capacity;
        --count_;
    }
    LEDGER_ASSERT(count_ > 0 || bytes_ == 0);
}

void InflightWindow::clear() {
    begin_ = 0;
    count_ = 0;
    bytes_ = 0;
}

bool Progress::acknowledged(Index index) {
    inflight.acknowledged(index);
    if (index <= match) {
        return false;
    }
    match = index;
    next = std::max(next, match.next());
    LEDGER_ASSERT(match < next);
    return true;
}

void Progress::become_replicate() {
    state = State::replicate;
    next = match.next();
    waiting = false;
    retry = false;
    inflight.clear();
}

void Progress::become_probe(Index from, std::uint64_t sequence) {
    LEDGER_ASSERT(from > match);
    LEDGER_ASSERT(sequence >= since);
    state = State::probe;
    next = from;
    waiting = false;
    retry = false;
    since = sequence;
    inflight.clear();
}

void Progress::become_snapshot(LogId cut, std::uint64_t sequence) {
    LEDGER_ASSERT(cut.index > match);
    become_probe(cut.index.next(), sequence);
    state = State::snapshot;
    offered = cut;
    sending = false;
}

void Progress::wait_for_heartbeat(std::uint64_t round) {
    LEDGER_ASSERT(state != State::replicate);
    waiting = true;
    waiting_round = round;
}

void Progress::answered_round(std::uint64_t round) {
    acked_round = std::max(acked_round, round);
}

}  // namespace ledger::raft
