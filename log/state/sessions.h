#pragma once
// Sessions: which requests of a client were answered, and how, so that a retry changes nothing.

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "log/base/bytes.h"
#include "log/base/ids.h"
#include "log/base/sha256.h"
#include "log/base/time.h"
#include "log/state/frozen_table.h"

namespace ledger::state {

struct SessionLimits {
    std::uint32_t sessions_max = 0;            // at least 1
    std::uint32_t stored_replies_max = 0;      // per session, at least 1
    std::uint32_t stored_reply_bytes_max = 0;  // per session; the newest reply is always kept
};

// Exactly once (Thesis §6.3): replies are stored by (session, sequence) until the client
// acknowledges them or a bound pushes them out, lowest sequence first. Everything at or below
// what was dropped is refused, so nothing is executed twice. The table itself is bounded: one
// session too many expires the one that was silent longest.
class Sessions {
  public:
    explicit Sessions(const SessionLimits& limits);

    // Opens a session that was never open before. True if another one expired for it.
    bool open(SessionId session, ClusterTime now);

    enum class Verdict : std::uint8_t {
        fresh,     // execute it, then store() the reply
        answered,  // `reply` is what it was answered with
        mismatch,  // the sequence was used for another command
        too_old,   // its reply is gone
        expired,   // the session is not in the table
    };
    struct Judgement {
        Verdict verdict = Verdict::expired;
        ByteSpan reply;  // answered only; valid until the next change
    };
    // Counts as a sign of life of the session.
    Judgement judge(SessionId session, Sequence sequence, const Digest& command, ClusterTime now);

    struct Reply {
        Sequence sequence;
        Sequence acknowledged_through;  // below `sequence`
        const Digest& command;          // envelope digest
        ByteSpan bytes;
    };
    // The reply to a command that was judged fresh.
    void store(SessionId session, const Reply& reply);

    // Whether judge() may say `answered`.
    bool has_reply(SessionId session, Sequence sequence) const;

    std::uint64_t count() const { return records_.size(); }

    struct StoredReply {
        Sequence sequence;
        Digest command;
        ByteVector bytes;
    };
    struct Record {
        ClusterTime last_activity;
        // Sequences up to here are refused. Invariant: below every stored sequence.
        Sequence pruned_through;
        // The first `stored` are replies by ascending sequence, the rest memory for later ones.
        std::vector<StoredReply> replies;
        std::uint32_t stored = 0;
        std::uint64_t bytes = 0;  // of the stored replies
    };
    using Frozen = FrozenTable<SessionId, Record>;

    // As of FrozenTable: the walk goes over all sessions by ascending id.
    void freeze() { records_.freeze(); }
    std::optional<Frozen::Item> next_frozen() { return records_.next(); }
    void thaw() { records_.thaw(); }

    // Puts a session back as it was frozen; its replies follow by ascending sequence.
    void restore(SessionId session, ClusterTime last_activity, Sequence pruned_through);
    void restore_reply(SessionId session, const Reply& reply);

    // Frees up to `sessions_max` of those that are no longer needed.
    void sweep(std::uint64_t sessions_max) { records_.sweep(sessions_max); }
    // Frees as many of a table that is used no more; false if there are more to free.
    bool discard(std::uint64_t sessions_max);

  private:
    // The first is the next to expire: silent longest, then lowest id.
    struct Activity {
        ClusterTime last;
        SessionId session;
        friend auto operator<=>(const Activity&, const Activity&) = default;
    };

    void touch(SessionId session, Record& record, ClusterTime now);
    void expire_oldest();
    static void insert(Record& record, const Reply& reply);
    // Drops the `count` lowest sequences; everything up to the last of them is refused from now on.
    static void drop_oldest(Record& record, std::uint32_t count);
    void prune(Record& record, Sequence acknowledged_through) const;

    SessionLimits limits_;
    Frozen records_;
    // Invariant: one element per record.
    std::set<Activity> by_activity_;
};

}  // namespace ledger::state
