#include "sim/check/history.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "sim/check/names.h"

namespace ledger::check {
namespace {

std::string describe_read(std::string_view what, std::uint64_t from, state::Direction direction) {
    return fmt::format("read {} {} from {}", what,
        direction == state::Direction::forward ? "forward" : "backward", from);
}

struct DescribeCall {
    std::string operator()(const AppendCall& call) const {
        return call.events.empty()
                   ? fmt::format("checked {}", plural(call.streams.size(), "stream"))
                   : fmt::format("appended {}", plural(call.events.size(), "event"));
    }
    std::string operator()(const state::ReadStream& call) const {
        return describe_read("stream " + call.stream, call.from.value, call.direction);
    }
    std::string operator()(const state::ReadAll& call) const {
        return describe_read("all events", call.from.value, call.direction);
    }
    std::string operator()(const TailCall&) const { return "asked for the length"; }
};

}  // namespace

std::string describe(const Operation& operation) {
    return client_name(operation.client, operation.session, operation.sequence) + " " +
           std::visit(DescribeCall{}, operation.call);
}

const Operation& History::called(Operation operation) {
    LEDGER_ASSERT(open_.find(operation.id) == nullptr);
    LEDGER_ASSERT(std::holds_alternative<Pending>(operation.answer));
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.push_back(std::make_unique<Operation>());
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    open_[operation.id] = slot;
    *slots_[slot] = std::move(operation);
    return *slots_[slot];
}

const Operation& History::ended(OperationId id, When when, Answer answer) {
    const std::uint32_t* found = open_.find(id);
    LEDGER_ASSERT(found != nullptr);
    LEDGER_ASSERT(!std::holds_alternative<Pending>(answer));
    const std::uint32_t slot = *found;
    open_.erase(id);
    last_ = std::move(*slots_[slot]);
    free_.push_back(slot);
    last_.returned = when;
    last_.answer = std::move(answer);
    if (std::holds_alternative<Unknown>(last_.answer)) {
        ++unknown_;
    } else if (std::holds_alternative<Conflicted>(last_.answer) ||
               std::holds_alternative<Refused>(last_.answer)) {
        ++failed_;
    } else {
        ++ok_;
    }
    acknowledged_appends_ += std::holds_alternative<Acknowledged>(last_.answer) ? 1u : 0u;
    if (kept_max_ == 0) {
        return last_;
    }
    ended_.push_back(std::move(last_));
    if (ended_.size() > kept_max_) {
        ended_.pop_front();
    }
    return ended_.back();
}

const Operation* History::pending(OperationId id) const {
    const std::uint32_t* slot = open_.find(id);
    return slot == nullptr ? nullptr : slots_[*slot].get();
}

History::Counts History::counts() const {
    return {.ok = ok_, .failed = failed_, .unknown = unknown_ + open_.size()};
}

std::vector<const Operation*> History::operations() const {
    std::vector<const Operation*> all;
    for (const Operation& operation : ended_) {
        all.push_back(&operation);
    }
    std::vector<const Operation*> still_pending;
    for (const std::unique_ptr<Operation>& slot : slots_) {
        // A free slot keeps an old id, which is not open or open in another slot.
        if (pending(slot->id) == slot.get()) {
            still_pending.push_back(slot.get());
        }
    }
    std::sort(still_pending.begin(), still_pending.end(),
        [](const Operation* a, const Operation* b) { return a->id < b->id; });
    all.insert(all.end(), still_pending.begin(), still_pending.end());
    return all;
}

std::string History::export_jsonl() const {
    std::string text;
    for (const Operation* operation : operations()) {
        text += to_json(*operation);
        text += '\n';
    }
    return text;
}

}  // namespace ledger::check
