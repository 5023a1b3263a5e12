#include "sim/check/transactions/kafka_order.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace ledger::check {
namespace {

constexpr std::uint32_t none = KafkaRecord::none;

}  // namespace

KafkaOrder::KafkaOrder(const KafkaHistory& history, Anomalies& anomalies, Effort& effort)
    : history_(history),
      anomalies_(anomalies),
      logs_(history.keys.size()),
      offsets_(history.keys.size()),
      place_of_record_(history.records.size(), none),
      is_duplicate_(history.records.size(), false) {
    for (const KafkaOperation& operation : history.operations) {
        committed_.push_back(operation.outcome == Outcome::ok);
    }
    for (const KafkaOperation& operation : history.operations) {
        for (const KafkaSight& poll : operation.polls) {
            const std::uint32_t sender = history.records[poll.record].sender;
            if (operation.outcome == Outcome::ok && sender != none &&
                history.operations[sender].outcome == Outcome::unknown) {
                committed_[sender] = true;
            }
        }
    }
    std::vector<Known> known = known_offsets();
    effort.hold(known.size() * 2 * sizeof(Known));
    for (std::uint64_t i = 0, end = 0; i < known.size() && effort.step(); i = end) {
        for (end = i + 1; end < known.size() && known[end].key == known[i].key &&
                          known[end].offset == known[i].offset;
            ++end) {
        }
        add_place(std::span(known).subspan(i, end - i));
    }
    add_duplicates(std::move(known));
}

// Sorted by key, offset and record; each of these three once.
std::vector<KafkaOrder::Known> KafkaOrder::known_offsets() const {
    std::vector<Known> known;
    for (std::uint32_t o = 0; o < history_.operations.size(); ++o) {
        const KafkaOperation& operation = history_.operations[o];
        const auto note = [&](const KafkaSight& sight) {
            if (sight.offset) {
                known.push_back(
                    {history_.records[sight.record].key, *sight.offset, sight.record, o});
            }
        };
        if (committed_[o]) {
            std::for_each(operation.sends.begin(), operation.sends.end(), note);
        }
        if (operation.outcome == Outcome::ok) {
            std::for_each(operation.polls.begin(), operation.polls.end(), note);
        }
    }
    std::sort(known.begin(), known.end(), [](const Known& a, const Known& b) {
        return std::tie(a.key, a.offset, a.record, a.operation) <
               std::tie(b.key, b.offset, b.record, b.operation);
    });
    known.erase(std::unique(known.begin(), known.end(),
                    [](const Known& a, const Known& b) {
                        return std::tie(a.key, a.offset, a.record) ==
                               std::tie(b.key, b.offset, b.record);
                    }),
        known.end());
    return known;
}

void KafkaOrder::add_place(std::span<const Known> known) {
    const Known& first = known.front();
    const auto place = static_cast<std::uint32_t>(logs_[first.key].size());
    logs_[first.key].push_back(first.record);
    offsets_[first.key].push_back(first.offset);
    ++places_;
    std::string values;
    std::vector<std::uint64_t> operations;
    for (const Known& one : known) {
        if (place_of_record_[one.record] == none) {
            place_of_record_[one.record] = place;
        }
        values += (values.empty() ? "" : " and ") + history_.value_text(one.record);
        operations.push_back(history_.operations[one.operation].id);
    }
    if (known.size() > 1) {
        anomalies_.add({{{"inconsistent-offsets", {Level::read_uncommitted}}},
            fmt::format("offset {} of {} holds {}", first.offset, history_.keys[first.key], values),
            {}, std::move(operations)});
    }
}

void KafkaOrder::add_duplicates(std::vector<Known> known) {
    std::sort(known.begin(), known.end(), [](const Known& a, const Known& b) {
        return std::tie(a.record, a.offset) < std::tie(b.record, b.offset);
    });
    for (std::uint64_t i = 0, end = 0; i < known.size(); i = end) {
        std::string offsets;
        std::vector<std::uint64_t> operations;
        for (end = i; end < known.size() && known[end].record == known[i].record; ++end) {
            offsets += fmt::format("{}{}", end == i ? "" : " and ", known[end].offset);
            operations.push_back(history_.operations[known[end].operation].id);
        }
        is_duplicate_[known[i].record] = end - i > 1;
        if (end - i > 1) {
            anomalies_.add({{{"duplicate", {Level::read_uncommitted}}},
                fmt::format("{} stands {} times in {}, at offsets {}",
                    history_.value_text(known[i].record), end - i, history_.keys[known[i].key],
                    offsets),
                {}, std::move(operations)});
        }
    }
}

std::optional<std::uint64_t> KafkaOrder::place(const KafkaSight& sight) const {
    if (sight.offset) {
        const auto& offsets = offsets_[history_.records[sight.record].key];
        const auto at = std::lower_bound(offsets.begin(), offsets.end(), *sight.offset);
        if (at != offsets.end() && *at == *sight.offset) {
            return static_cast<std::uint64_t>(at - offsets.begin());
        }
    }
    const std::uint32_t known = place_of_record_[sight.record];
    return known == none ? std::nullopt : std::optional<std::uint64_t>(known);
}

}  // namespace ledger::check
