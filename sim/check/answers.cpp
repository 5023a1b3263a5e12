#include "sim/check/answers.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/format.h"
#include "sim/check/names.h"

namespace ledger::check {

std::optional<Instant> Answers::able_from(NodeId node, Index committed, Instant now) const {
    const Index shown = node.value < applied_.size() ? applied_[node.value] : Index{};
    return shown >= committed ? std::optional(now) : std::nullopt;
}

void Answers::asked(const Asked& request) {
    owed_.push_back({request, able_from(request.node, request.committed, request.at)});
}

void Answers::answered(NodeId node, ClientId connection, RequestId request) {
    const auto at = std::find_if(owed_.begin(), owed_.end(), [&](const Owed& owed) {
        return owed.asked.node == node && owed.asked.connection == connection &&
               owed.asked.request == request;
    });
    if (at != owed_.end()) {
        tally_.examined();
        owed_.erase(at);
    }
}

void Answers::closed(NodeId node, ClientId connection) {
    std::erase_if(owed_, [&](const Owed& owed) {
        return owed.asked.node == node && owed.asked.connection == connection;
    });
}

void Answers::ends(NodeId node) {
    std::erase_if(owed_, [node](const Owed& owed) { return owed.asked.node == node; });
    if (node.value < applied_.size()) {
        applied_[node.value] = {};
    }
}

void Answers::applied(NodeId node, Index index, Instant now) {
    if (applied_.size() <= node.value) {
        applied_.resize(node.value + 1);
    }
    applied_[node.value] = index;
    for (Owed& owed : owed_) {
        if (owed.asked.node == node && !owed.able) {
            owed.able = able_from(node, owed.asked.committed, now);
        }
    }
}

// Before that a partition may have kept the node from what was committed.
void Answers::calms(Instant now, Index committed) {
    calm_ = now;
    for (Owed& owed : owed_) {
        owed.asked.committed = committed;
        owed.able = able_from(owed.asked.node, committed, now);
    }
}

Finding Answers::finish(Instant now, Duration within) {
    for (const Owed& owed : owed_) {
        const Asked& asked = owed.asked;
        const Instant since = std::max({asked.at, calm_, owed.able.value_or(Instant{})});
        if (now - since <= within) {
            continue;
        }
        tally_.examined();
        return tally_.violated(fmt::format(
            "{} was asked at {} (request {} of connection {}), has been up and connected "
            "since, and has not answered {} later, {} of them without any fault or lag",
            node_name(asked.node), time_name(asked.at), asked.request, asked.connection,
            to_text(now - asked.at), to_text(now - since)));
    }
    return std::nullopt;
}

}  // namespace ledger::check
