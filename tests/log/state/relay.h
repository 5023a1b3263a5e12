#pragma once
// Relay: a ledger that follows a log and is now and then replaced by one restored from its cut.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <rapidcheck.h>

#include "log/state/ledger.h"

namespace ledger::state {

using Chunks = std::vector<ByteVector>;

// The whole state of a ledger that stands still.
inline Chunks chunks_of(Ledger& ledger, std::uint64_t bytes_max) {
    Chunks chunks(1);
    ledger.freeze();
    while (ledger.next_chunk(bytes_max, chunks.back())) {
        chunks.emplace_back();
    }
    ledger.thaw();
    chunks.pop_back();
    return chunks;
}

inline Result<void> restore(Ledger& ledger, const Chunks& chunks) {
    ledger.begin_restore();
    for (const ByteVector& chunk : chunks) {
        LEDGER_CHECK(ledger.restore_chunk(chunk));
    }
    return ledger.end_restore();
}

// A cut of it is given away chunk by chunk, one after each entry. When it is complete, another
// ledger is restored from it, applies what came since, and takes its place.
class Relay {
  public:
    explicit Relay(const Limits& limits)
        : limits_(limits), ledger_(std::make_unique<Ledger>(limits)) {}

    Ledger& ledger() { return *ledger_; }
    const Ledger& ledger() const { return *ledger_; }
    std::uint64_t restored() const { return restored_; }
    // Entries that were applied to a ledger of which only the past was still to come.
    std::uint64_t early() const { return early_; }

    void apply(const EntryRef& entry, const Digest& hash, ByteVector& outcome) {
        ledger_->apply(entry, hash, outcome);
        if (cut_) {
            since_.push_back({entry, hash, {}});
            go_on();
        }
    }
    void retain(Index upto) {
        ledger_->retain(upto);
        if (cut_) {
            since_.push_back({{}, {}, upto});
        }
    }
    // `wanted` are the chunks of a ledger in the same state, made while it stood still.
    void cut(Chunks wanted, std::uint64_t bytes_max) {
        if (!cut_) {
            ledger_->freeze();
            cut_.emplace(Cut{std::move(wanted), {}, bytes_max});
        }
    }
    void give_up() {
        if (cut_) {
            ledger_->thaw();
            cut_.reset();
            since_.clear();
        }
    }

  private:
    struct Cut {
        Chunks wanted;
        Chunks chunks;
        std::uint64_t bytes_max = 0;
    };
    struct Happened {
        EntryRef entry;
        Digest hash;
        std::optional<Index> retained;  // instead of an entry
    };

    void go_on() {
        ByteVector chunk;
        if (ledger_->next_chunk(cut_->bytes_max, chunk)) {
            RC_ASSERT(chunk.size() <= cut_->bytes_max);
            cut_->chunks.push_back(std::move(chunk));
            return;
        }
        ledger_->thaw();
        RC_ASSERT(bool(cut_->chunks == cut_->wanted));
        // Every other one is restored over a ledger that is in use.
        auto next = std::make_unique<Ledger>(limits_);
        Ledger& target = restored_ % 2 == 0 ? *next : *ledger_;
        std::size_t done = 0;
        if (restored_ % 3 == 0) {
            RC_ASSERT(restore(target, cut_->chunks).has_value());
            RC_ASSERT(bool(chunks_of(target, cut_->bytes_max) == cut_->wanted));
        } else {
            done = restore_while_applying(target);
        }
        ByteVector outcome;
        for (; done < since_.size(); ++done) {
            const Happened& happened = since_[done];
            if (happened.retained) {
                target.retain(*happened.retained);
            } else {
                target.apply(happened.entry, happened.hash, outcome);
            }
        }
        if (restored_ % 2 == 0) {
            ledger_ = std::move(next);
        }
        ++restored_;
        cut_.reset();
        since_.clear();
    }

    // What does not need the past is applied before that has come. Returns how much was.
    std::size_t restore_while_applying(Ledger& target) {
        std::size_t done = 0;
        ByteVector outcome;
        const auto apply_one = [&] {
            if (done < since_.size() && !since_[done].retained &&
                !target.needs_past(since_[done].entry)) {
                target.apply(since_[done].entry, since_[done].hash, outcome);
                ++done;
            }
        };
        target.begin_restore();
        for (const ByteVector& chunk : cut_->chunks) {
            RC_ASSERT(target.restore_chunk(chunk).has_value());
            if (target.may_apply()) {
                apply_one();
                apply_one();
            }
        }
        RC_ASSERT(target.end_restore().has_value());
        while (target.settle()) {
            apply_one();
        }
        RC_ASSERT(target.is_whole());
        early_ += done;
        return done;
    }

    const Limits limits_;
    std::unique_ptr<Ledger> ledger_;
    std::optional<Cut> cut_;
    std::vector<Happened> since_;  // the freeze
    std::uint64_t restored_ = 0;
    std::uint64_t early_ = 0;
};

}  // namespace ledger::state
