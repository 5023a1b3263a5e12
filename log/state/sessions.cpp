#include "log/state/sessions.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::state {
namespace {

// A dropped reply keeps its memory for the next one unless it was unusually large.
constexpr std::uint32_t kept_capacity_max = 1024;

}  // namespace

Sessions::Sessions(const SessionLimits& limits) : limits_(limits) {
    LEDGER_ASSERT(limits.sessions_max >= 1);
    LEDGER_ASSERT(limits.stored_replies_max >= 1);
}

bool Sessions::open(SessionId session, ClusterTime now) {
    LEDGER_ASSERT(session != SessionId{});
    LEDGER_ASSERT(!records_.contains(session));
    const bool full = records_.size() >= limits_.sessions_max;
    if (full) {
        expire_oldest();
    }
    records_.insert(session).last_activity = now;
    by_activity_.insert({now, session});
    LEDGER_ASSERT(records_.size() == by_activity_.size());
    LEDGER_ASSERT(records_.size() <= limits_.sessions_max);
    return full;
}

Sessions::Judgement Sessions::judge(
    SessionId session, Sequence sequence, const Digest& command, ClusterTime now) {
    Record* const record = records_.change(session);
    if (record == nullptr) {
        return {Verdict::expired, {}};
    }
    touch(session, *record, now);
    if (sequence <= record->pruned_through) {
        return {Verdict::too_old, {}};
    }
    const auto end = record->replies.begin() + record->stored;
    const auto at = std::lower_bound(record->replies.begin(), end, sequence,
        [](const StoredReply& reply, Sequence wanted) { return reply.sequence < wanted; });
    if (at == end || at->sequence != sequence) {
        return {Verdict::fresh, {}};
    }
    if (at->command != command) {
        return {Verdict::mismatch, {}};
    }
    return {Verdict::answered, at->bytes};
}

bool Sessions::has_reply(SessionId session, Sequence sequence) const {
    const Record* const record = records_.find(session);
    return record != nullptr &&
           std::any_of(record->replies.begin(), record->replies.begin() + record->stored,
               [sequence](const StoredReply& reply) { return reply.sequence == sequence; });
}

void Sessions::store(SessionId session, const Reply& reply) {
    Record* const record = records_.change(session);
    LEDGER_ASSERT(record != nullptr);
    LEDGER_ASSERT(record->pruned_through < reply.sequence);
    LEDGER_ASSERT(reply.acknowledged_through < reply.sequence);
    prune(*record, reply.acknowledged_through);
    insert(*record, reply);
    std::uint32_t excess = 0;
    std::uint64_t bytes = record->bytes;
    while (record->stored - excess > 1 && (record->stored - excess > limits_.stored_replies_max ||
                                              bytes > limits_.stored_reply_bytes_max)) {
        bytes -= record->replies[excess].bytes.size();
        ++excess;
    }
    drop_oldest(*record, excess);
    LEDGER_ASSERT(record->stored <= limits_.stored_replies_max);
    LEDGER_ASSERT(record->stored == 0 || record->pruned_through < record->replies[0].sequence);
}

void Sessions::restore(SessionId session, ClusterTime last_activity, Sequence pruned_through) {
    LEDGER_ASSERT(records_.size() < limits_.sessions_max);
    Record& record = records_.insert(session);
    record.last_activity = last_activity;
    record.pruned_through = pruned_through;
    by_activity_.insert({last_activity, session});
    LEDGER_ASSERT(by_activity_.size() == records_.size());
}

void Sessions::restore_reply(SessionId session, const Reply& reply) {
    Record* const record = records_.change(session);
    LEDGER_ASSERT(record != nullptr);
    LEDGER_ASSERT(record->pruned_through < reply.sequence);
    insert(*record, reply);
}

bool Sessions::discard(std::uint64_t sessions_max) {
    if (records_.size() > 0) {
        records_.clear();
    }
    for (std::uint64_t freed = 0; freed < sessions_max && !by_activity_.empty(); ++freed) {
        by_activity_.erase(by_activity_.begin());
    }
    return records_.sweep(sessions_max) && by_activity_.empty();
}

void Sessions::touch(SessionId session, Record& record, ClusterTime now) {
    if (record.last_activity == now) {
        return;
    }
    // The node is moved, so that a sign of life allocates nothing.
    auto node = by_activity_.extract({record.last_activity, session});
    LEDGER_ASSERT(!node.empty());
    node.value().last = now;
    record.last_activity = now;
    by_activity_.insert(std::move(node));
    LEDGER_ASSERT(by_activity_.size() == records_.size());
}

void Sessions::expire_oldest() {
    LEDGER_ASSERT(!by_activity_.empty());
    const auto oldest = by_activity_.begin();
    records_.erase(oldest->session);
    by_activity_.erase(oldest);
}

void Sessions::insert(Record& record, const Reply& reply) {
    const std::uint32_t last = record.stored;
    if (last == record.replies.size()) {
        record.replies.emplace_back();
    }
    StoredReply& place = record.replies[last];
    place.sequence = reply.sequence;
    place.command = reply.command;
    place.bytes.assign(reply.bytes.begin(), reply.bytes.end());
    ++record.stored;
    record.bytes += reply.bytes.size();
    // Pipelined requests may be logged out of order: sink to the place of its sequence.
    for (std::uint32_t i = last; i > 0; --i) {
        if (record.replies[i - 1].sequence < record.replies[i].sequence) {
            break;
        }
        std::swap(record.replies[i - 1], record.replies[i]);
    }
}

void Sessions::drop_oldest(Record& record, std::uint32_t count) {
    LEDGER_ASSERT(count <= record.stored);
    if (count == 0) {
        return;
    }
    record.pruned_through = std::max(record.pruned_through, record.replies[count - 1].sequence);
    for (std::uint32_t i = 0; i < count; ++i) {
        ByteVector& bytes = record.replies[i].bytes;
        record.bytes -= bytes.size();
        if (bytes.capacity() > kept_capacity_max) {
            bytes = ByteVector();
        }
    }
    const auto begin = record.replies.begin();
    std::rotate(begin, begin + count, begin + record.stored);
    record.stored -= count;
}

void Sessions::prune(Record& record, Sequence acknowledged_through) const {
    std::uint32_t acknowledged = 0;
    while (acknowledged < record.stored &&
           record.replies[acknowledged].sequence <= acknowledged_through) {
        ++acknowledged;
    }
    drop_oldest(record, acknowledged);
    record.pruned_through = std::max(record.pruned_through, acknowledged_through);
}

}  // namespace ledger::state
