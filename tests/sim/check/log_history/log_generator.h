#pragma once
// Log generator: valid histories of an event log of any size, as JSON lines.

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "log/base/choice.h"

namespace ledger::check::test {

struct GeneratedLog {
    std::uint64_t seed = 1;
    std::uint64_t operations = 200;
    std::uint64_t clients = 5;
    std::uint64_t unknown_percent = 5;  // of appends
};

// Clients append one to three records, sometimes for an expected length, read pages and ask for the
// length. All that an operation does happens at one moment between its call and its return; lines
// stand in the order of the returns, and the last one reads everything.
class LogGenerator {
  public:
    explicit LogGenerator(const GeneratedLog& what) : what_(what) {}

    std::string run() {
        std::vector<Pending> slots(what_.clients);
        std::uint64_t next_client = what_.clients;
        for (std::uint64_t i = 0; i < what_.clients; ++i) {
            slots[i].client = i;
        }
        std::uint64_t started = 0;
        std::uint64_t ended = 0;
        while (ended < what_.operations) {
            now_ += 1 + dice(100);
            Pending& slot = slots[dice(slots.size())];
            if (slot.id == idle) {
                if (started < what_.operations) {
                    slot.id = started++;
                    slot.called = now_;
                    slot.decided = false;
                    slot.fate = dice(100);
                }
            } else if (!slot.decided) {
                slot.decided = true;
                decide(slot);
            } else {
                finish(slot, next_client);
                ++ended;
            }
        }
        text_ += fmt::format(R"({{"op":{},"client":{},"call_ns":{},"ret_ns":{},"status":"ok",)"
                             R"("f":"read","from":0,"max":null,"records":[{}],"end_of_log":true}})"
                             "\n",
            what_.operations, next_client, now_ + 10, now_ + 20, join(0, log_.size()));
        return std::move(text_);
    }

  private:
    static constexpr std::uint64_t idle = UINT64_MAX;
    struct Pending {
        std::uint64_t client = 0;
        std::uint64_t id = idle;
        std::uint64_t called = 0;
        std::uint64_t fate = 0;
        bool decided = false;
        std::string answer;
        bool unknown = false;
        bool failed = false;
    };

    std::uint64_t dice(std::uint64_t sides) {
        return bounded(keyed_bits(what_.seed, Site::test_a, 1, ++draws_), sides);
    }
    std::string join(std::uint64_t from, std::uint64_t to) const {
        std::string text;
        for (std::uint64_t i = from; i < to; ++i) {
            text += i == from ? "" : ",";
            text += std::to_string(log_[i]);
        }
        return text;
    }

    void decide(Pending& slot) {
        slot.unknown = false;
        slot.failed = false;
        if (slot.fate < 50) {
            append(slot);
        } else if (slot.fate < 80) {
            const std::uint64_t max = 1 + dice(8);
            const std::uint64_t length = log_.size();
            const std::uint64_t from = length - std::min(length, dice(8));
            const std::uint64_t to = std::min(from + max, length);
            slot.answer =
                fmt::format(R"("f":"read","from":{},"max":{},"records":[{}],"end_of_log":{})", from,
                    max, join(from, to), to - from < max);
        } else {
            slot.answer = fmt::format(R"("f":"tail","tail":{})", log_.size());
        }
    }

    void append(Pending& slot) {
        const std::uint64_t length = log_.size();
        const std::uint64_t records = 1 + dice(3);
        std::string ids;
        for (std::uint64_t i = 0; i < records; ++i) {
            ids += (i == 0 ? "" : ",") + std::to_string(last_record_ + 1 + i);
        }
        const bool conditional = dice(4) == 0;
        const std::uint64_t expected =
            conditional && dice(3) == 0 ? length - std::min(length, 1 + dice(3)) : length;
        const std::string condition =
            conditional ? fmt::format(R"(,"expected_tail":{})", expected) : "";
        slot.failed = expected != length;
        slot.unknown = !slot.failed && dice(100) < what_.unknown_percent;
        slot.answer = fmt::format(R"("f":"append","records":[{}]{})", ids, condition);
        if (slot.failed) {
            slot.answer += R"(,"error":"wrong-expected-tail")";
        } else if (!slot.unknown) {
            slot.answer += fmt::format(R"(,"position":{})", length);
        }
        const bool lands = !slot.failed && (!slot.unknown || dice(2) == 0);
        for (std::uint64_t i = 0; i < records; ++i) {
            ++last_record_;
            if (lands) {
                log_.push_back(last_record_);
            }
        }
    }

    void finish(Pending& slot, std::uint64_t& next_client) {
        fmt::format_to(std::back_inserter(text_),
            R"({{"op":{},"client":{},"call_ns":{},"ret_ns":{},"status":"{}",{}}})"
            "\n",
            slot.id, slot.client, slot.called, slot.unknown ? "null" : std::to_string(now_),
            slot.unknown  ? "unknown"
            : slot.failed ? "fail"
                          : "ok",
            slot.answer);
        slot.id = idle;
        if (slot.unknown) {
            slot.client = next_client++;  // whoever does not know goes on under a new name
        }
    }

    const GeneratedLog what_;
    std::uint64_t draws_ = 0;
    std::uint64_t now_ = 0;
    std::uint64_t last_record_ = 0;
    std::vector<std::uint64_t> log_;
    std::string text_;
};

inline std::string generated_log(const GeneratedLog& what) {
    return LogGenerator(what).run();
}

}  // namespace ledger::check::test
