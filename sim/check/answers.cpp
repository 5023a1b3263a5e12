#include "sim/check/answers.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/format.h"
#include "sim/check/names.h"

namespace ledger::check {

void Answers::answered(NodeId node, ClientId connection, RequestId request) {
    const auto at = std::find_if(owed_.begin(), owed_.end(), [&](const Asked& owed) {
        return owed.node == node && owed.connection == connection && owed.request == request;
    });
    if (at != owed_.end()) {
        tally_.examined();
        owed_.erase(at);
    }
}

void Answers::closed(NodeId node, ClientId connection) {
    std::erase_if(owed_,
        [&](const Asked& owed) { return owed.node == node && owed.connection == connection; });
}

void Answers::ends(NodeId node) {
    std::erase_if(owed_, [node](const Asked& owed) { return owed.node == node; });
}

Finding Answers::finish(const End& end) {
    for (const Asked& owed : owed_) {
        const Duration waited = end.now - std::max(owed.at, end.calm);
        if (waited <= end.within) {
            continue;
        }
        tally_.examined();
        return tally_.violated(fmt::format(
            "{} was asked at {} (request {} of connection {}), has been up and connected "
            "since, and has not answered {} later, {} of them without any fault",
            node_name(owed.node), time_name(owed.at), owed.request, owed.connection,
            to_text(end.now - owed.at), to_text(waited)));
    }
    return std::nullopt;
}

}  // namespace ledger::check
