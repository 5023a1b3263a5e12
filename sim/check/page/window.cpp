#include "sim/check/page/window.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "log/base/assert.h"
#include "sim/check/page/script_text.h"

namespace ledger::check {
namespace {

// Of an operation's row without its texts: numbers of up to 20 digits, and its places.
constexpr std::uint64_t row_bytes = 250;
// Operations of a cycle, and steps at the end of a partial order, that are worth a place.
constexpr std::size_t witnesses_max = 200;
constexpr std::size_t steps_max = 60;
// Neighbours on either side that the first anomaly gets before the others get any.
constexpr std::uint64_t first_neighbours = 60;

struct TextLimits {
    std::uint64_t text;    // what the operation did
    std::uint64_t detail;  // states and rules
    std::uint64_t name;    // lane, kind, stream, key
};
constexpr std::array<TextLimits, 3> text_limits = {
    {{400, 1'500, 120}, {160, 240, 60}, {48, 48, 32}}};

void cut(std::string& text, std::uint64_t bytes_max) {
    text = cut_text(text, bytes_max);
}

// Operations that are wanted in any case, the most wanted first. None twice.
class Wanted {
  public:
    Wanted(std::uint64_t operations, std::uint64_t count_max)
        : operations_(operations), count_max_(count_max) {}

    void add(std::uint64_t id) {
        if (id < operations_ && seen_.insert(id).second) {
            if (ids_.size() < count_max_) {
                ids_.push_back(id);
            } else {
                ++missing_;
            }
        }
    }
    const std::vector<std::uint64_t>& ids() const { return ids_; }
    std::uint64_t missing() const { return missing_; }

  private:
    const std::uint64_t operations_;
    const std::uint64_t count_max_;
    std::set<std::uint64_t> seen_;
    std::vector<std::uint64_t> ids_;
    std::uint64_t missing_ = 0;
};

Wanted wanted_operations(const HistoryPage& page, std::uint64_t count_max) {
    const Judgement& judgement = *page.judgement;
    Wanted wanted(page.operations, count_max);
    for (const Anomaly& anomaly : judgement.anomalies) {
        for (std::size_t i = 0; i < std::min(anomaly.operations.size(), witnesses_max); ++i) {
            wanted.add(anomaly.operations[i]);
        }
    }
    for (const PartialOrder& order : judgement.partial) {
        for (std::size_t i = 0; i < std::min(order.refused.size(), steps_max); ++i) {
            wanted.add(order.refused[i].operation);
        }
        for (std::size_t i = 0; i < std::min(order.steps.size(), steps_max); ++i) {
            wanted.add(order.steps[order.steps.size() - 1 - i].operation);
        }
    }
    if (wanted.ids().empty()) {
        wanted.add(0);
    }
    return wanted;
}

class Builder {
  public:
    Builder(const HistoryPage& page, const WindowBudget& budget, const TextLimits& limits)
        : page_(page), budget_(budget), limits_(limits) {}

    // False if there is no room for it.
    bool add(std::uint64_t id, std::uint64_t bytes_max) {
        if (shown_.contains(id)) {
            return true;
        }
        if (shown_.size() >= budget_.operations_max) {
            return false;
        }
        PageOperation operation = page_.operation(id);
        operation.id = id;
        cut(operation.text, limits_.text);
        std::uint64_t bytes = row_bytes + script_bytes(operation.text);
        for (std::string* detail : {&operation.before, &operation.after, &operation.rule}) {
            cut(*detail, limits_.detail);
            bytes += script_bytes(*detail);
        }
        for (std::string* name :
            {&operation.lane, &operation.kind, &operation.stream, &operation.key}) {
            cut(*name, limits_.name);
            bytes += script_bytes(*name);
        }
        if (bytes_ + bytes > bytes_max) {
            return false;
        }
        bytes_ += bytes;
        shown_.emplace(id, std::move(operation));
        return true;
    }

    // The wanted ones alone leave a quarter of the room to what lies around them. Gives how many
    // found no room.
    std::uint64_t add_wanted(const std::vector<std::uint64_t>& wanted) {
        std::uint64_t missing = 0;
        for (const std::uint64_t id : wanted) {
            missing += add(id, budget_.bytes_max / 4 * 3) ? 0u : 1u;
        }
        return missing;
    }

    // Both neighbours at each distance up to `distance_max`, nearest first, until there is no room.
    void surround(std::span<const std::uint64_t> ids, std::uint64_t distance_max) {
        for (std::uint64_t distance = 1; distance <= distance_max; ++distance) {
            for (const std::uint64_t id : ids) {
                const bool below = id < distance || add(id - distance, budget_.bytes_max);
                const bool above =
                    page_.operations - id <= distance || add(id + distance, budget_.bytes_max);
                if (!below || !above) {
                    return;
                }
            }
            if (shown_.size() == page_.operations) {
                return;
            }
        }
    }

    PageWindow finish(std::uint64_t missing) {
        PageWindow window;
        window.wanted_missing = missing;
        for (auto& [id, operation] : shown_) {
            window.places.push_back(operation.called);
            if (operation.returned != RecordedOperation::never) {
                window.places.push_back(operation.returned);
            }
            window.operations.push_back(std::move(operation));
        }
        std::sort(window.places.begin(), window.places.end());
        window.places.erase(
            std::unique(window.places.begin(), window.places.end()), window.places.end());
        return window;
    }

  private:
    const HistoryPage& page_;
    const WindowBudget& budget_;
    const TextLimits& limits_;
    std::map<std::uint64_t, PageOperation> shown_;
    std::uint64_t bytes_ = 0;
};

}  // namespace

std::uint64_t PageWindow::half_rank(std::uint64_t place) const {
    const auto at = std::lower_bound(places.begin(), places.end(), place);
    const auto rank = static_cast<std::uint64_t>(at - places.begin());
    const bool exactly = at != places.end() && *at == place;
    return exactly || rank == 0 ? 2 * rank : 2 * rank - 1;
}

PageWindow page_window(const HistoryPage& page, const WindowBudget& budget) {
    LEDGER_ASSERT(page.judgement != nullptr);
    if (page.operations == 0) {
        return {};
    }
    const Wanted wanted = wanted_operations(page, budget.operations_max / 4 * 3);
    const std::vector<std::uint64_t>& ids = wanted.ids();
    const std::vector<Anomaly>& anomalies = page.judgement->anomalies;
    const std::size_t first =
        anomalies.empty() ? ids.size() : std::min(anomalies.front().operations.size(), ids.size());
    for (const TextLimits& limits : text_limits) {
        Builder builder(page, budget, limits);
        const std::uint64_t missing = builder.add_wanted(ids);
        if (missing == 0 || &limits == &text_limits.back()) {
            builder.surround(
                std::span(ids).first(std::min(first, witnesses_max)), first_neighbours);
            builder.surround(ids, page.operations);
            return builder.finish(missing + wanted.missing());
        }
    }
    LEDGER_ASSERT(false);  // the last limits always end the loop
    return {};
}

}  // namespace ledger::check
