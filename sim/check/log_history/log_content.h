#pragma once
// Log content: which record stands where, to which append it belongs, and what is wrong with that.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "log/base/lookup_table.h"
#include "sim/check/log_history/log_history.h"
#include "sim/check/log_history/log_options.h"
#include "sim/check/order.h"
#include "sim/check/slice_hash.h"

namespace ledger::check {

// The log of a history, put together from a full read at its end or from everything that was seen,
// and cut into the appends that made it. Operations are named by their places in the history, which
// may grow meanwhile (at its end).
class LogContent {
  public:
    static constexpr std::uint32_t nobody = UINT32_MAX;
    static constexpr std::uint32_t hole = UINT32_MAX;  // a position that nobody has seen
    static constexpr std::uint64_t nowhere = UINT64_MAX;

    // All attempts at one append: those with one key, or with the same first record.
    struct Logical {
        std::uint32_t first = nobody;  // the attempt that says what is written
        std::uint32_t ok = nobody;     // the first acknowledgement
        std::uint32_t attempts = 0;
        std::uint32_t refused = 0;    // definitely without effect; says nothing of other attempts
        std::uint32_t conflicts = 0;  // the same, and conditions did not hold
        std::uint32_t conflicted = nobody;  // one of them
        std::uint32_t more = 0;             // place in attempts_ if there is more than one
        std::int64_t called = INT64_MAX;    // the earliest call of those that can have the effect
        std::uint32_t called_by = nobody;
        std::uint32_t shadows = nobody;  // the append whose key it used for other records
        bool final_conflict = false;     // its session stores the answer, and it was a conflict
        std::uint64_t landed = nowhere;  // where it stands, whole
    };
    // An append that stands at a second place as well.
    struct Repeat {
        std::uint32_t logical = nobody;
        std::uint64_t first = 0;
        std::uint64_t again = 0;
    };

    LogContent(const LogHistory& history, const LogOptions& options);

    // The history is all there: saves copying.
    void expect_whole();
    // An append was asked for (any outcome).
    void asked(std::uint32_t place);
    // What an answer shows of the log, if nobody has shown otherwise before.
    void shown(std::uint32_t place);
    // The full read that the log is taken from, before anything else was shown.
    void read_whole(std::uint32_t place);
    // nobody: there is none.
    std::uint32_t whole_read() const { return whole_read_; }
    // Cuts what is known into appends, as far as that is sure; `whole`: all operations are there.
    void advance(bool whole);

    const Order& order() const { return order_; }
    std::uint32_t record_at(std::uint64_t position) const {
        return position < log_.size() ? log_[position] : hole;
    }
    std::uint32_t shown_by(std::uint64_t position) const { return by_[position]; }
    const Logical& logical_of(std::uint32_t place) const { return logical(number_of(place)); }
    std::span<const Logical> logicals() const { return logicals_; }
    // Appends that used the key of another one for other records.
    std::span<const Logical> shadows() const { return shadow_logicals_; }
    const Logical& logical(std::uint32_t number) const {
        return number >= first_shadow ? shadow_logicals_[number - first_shadow] : logicals_[number];
    }
    // All attempts, in the order in which they were asked.
    std::span<const std::uint32_t> attempts(const Logical& logical) const;
    std::span<const std::uint32_t> payload(const Logical& logical) const;
    // Where the record stands (the first place); nowhere if it does not.
    std::uint64_t place_of(std::uint32_t record) const;
    // The append that a record belongs to; nullptr: nobody has written it.
    const Logical* owner_of(std::uint32_t record) const;
    // Whether a record of this append is claimed by another one, too.
    bool is_shared(std::uint32_t record) const { return rivals_.find(record) != nullptr; }
    // The hash of `count` records from `from` on; nothing if one of them is a hole.
    std::optional<std::uint64_t> slice_hash(std::uint64_t from, std::uint64_t count) const;
    std::uint64_t digit(std::uint32_t record) const { return digits_[record]; }

    std::span<const Repeat> repeats() const { return repeats_; }
    // Positions in the order at which no whole append begins: of records that nobody wrote, torn
    // appends and the like.
    std::span<const std::uint64_t> fragments() const { return fragments_; }
    std::span<const std::uint64_t> holes() const { return holes_; }
    // For trying: another content of the same history, in which holes can be filled. After that
    // it must be cut into appends again.
    LogContent copy() const { return *this; }
    void fill(std::uint64_t position, std::uint32_t record, std::uint32_t by);
    void again();
    std::uint64_t bytes() const;

  private:
    static constexpr std::uint32_t first_shadow = std::uint32_t{1} << 31;

    Logical& at(std::uint32_t number) {
        return number >= first_shadow ? shadow_logicals_[number - first_shadow] : logicals_[number];
    }
    std::uint32_t number_of(std::uint32_t place) const;
    std::uint32_t shadow(std::uint32_t place, std::uint32_t of);
    bool same_payload(std::uint32_t place, const Logical& logical) const;
    void claim(std::uint64_t position, std::uint32_t record, std::uint32_t place);
    void claim_length(std::uint64_t length);
    void fit_tables();
    enum class Fit : std::uint8_t { whole, differs, open };
    Fit fit(std::uint32_t logical, std::uint64_t position) const;
    bool advance_one(bool whole);
    void land(std::uint32_t logical, std::uint64_t position);
    void push(std::uint64_t position, std::uint64_t count, std::uint32_t logical);
    StreamNumber stream_of(const LogOperation* op, std::uint64_t place, std::uint32_t record) const;
    void extend_hashes();
    std::uint64_t fragment_length(std::uint64_t position) const;

    const LogHistory& history_;
    const LogOptions& options_;
    Order order_{false};
    std::vector<Logical> logicals_;                            // by number
    std::vector<Logical> shadow_logicals_;                     // by number - first_shadow
    std::vector<std::vector<std::uint32_t>> attempts_ = {{}};  // [0] is nobody's
    LookupTable<std::uint32_t, std::uint32_t> shadows_;        // by place of the operation
    std::vector<std::uint32_t> owners_;                        // by record: number of the append
    LookupTable<std::uint32_t, std::vector<std::uint32_t>> rivals_;
    std::vector<std::uint32_t> log_;     // record by position; hole
    std::vector<std::uint32_t> by_;      // the operation that showed it
    std::vector<std::uint32_t> places_;  // by record: position + 1; 0 = nowhere
    std::vector<std::uint64_t> digits_;  // by record; only if there are hashed slices
    SlicePrefixes prefixes_;
    std::vector<std::uint64_t> holes_before_;  // by position; only with hashed slices
    std::uint32_t whole_read_ = nobody;
    std::vector<Repeat> repeats_;
    std::vector<std::uint64_t> fragments_;
    std::vector<std::uint64_t> holes_;
    std::vector<Order::NewEvent> batch_;
};

}  // namespace ledger::check
