#pragma once
// Recording: the life of one replica as bytes: how it was made, and every step with what came of
// it. From it the same replica runs again, bit for bit, without network, disk or clock.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "log/base/bytes.h"
#include "log/base/hash128.h"
#include "log/base/result.h"
#include "log/state/ledger.h"
#include "node/replica.h"

namespace ledger::node {

// All that a replica of the ledger is made from.
struct RecordingHeader {
    Config config;          // without `choices`
    state::Limits machine;
    std::uint64_t key = 0;  // of its SeededChoices
};

// Appends to `out`, from where the host takes the bytes and writes them where it likes.
class Recorder {
  public:
    Recorder(const RecordingHeader& header, ByteVector& out);

    // Around every step of the replica, from the first one on.
    void stepping(Instant now, const Event& event);
    void stepped(const Replica& replica, const StateMachine& machine,
        std::span<const Effect> effects);

    std::uint64_t steps() const { return steps_; }
    const Hash128& hash() const { return hash_; }

  private:
    ByteVector& out_;
    std::uint64_t steps_ = 0;
    std::uint64_t step_at_ = 0;  // where the step in hand begins in out_
    Hash128 hash_;  // of every step so far: events, effects and where the replica stood
};

struct Replayed {
    std::uint64_t steps = 0;
    Hash128 hash;
    // The first step after which the replica differed from the recorded one.
    std::optional<std::uint64_t> differs_at;
    // Bytes at the end that are no whole step: the process was killed while it wrote.
    std::uint64_t torn_bytes = 0;
};

// True if these bytes begin as a recording does.
bool is_recording(ByteSpan bytes);
// Runs the replica again and compares after every step; ends at the first difference. Errors are
// of the bytes: no recording, another version, a damaged step in the middle.
Result<Replayed> replay_recording(ByteSpan bytes);

}  // namespace ledger::node
