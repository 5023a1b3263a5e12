#include "node/query_board.h"

#include <utility>

namespace ledger::node {

std::uint64_t QueryBoard::open(ClientId client, RequestId request, ByteVector&& question) {
    const std::uint64_t query = ++opened_;
    queries_[query] = OpenQuery{.client = client,
        .request = request,
        .question = std::move(question),
        .index = {},
        .plan = std::nullopt,
        .gathered = {},
        .gathered_bytes = 0};
    return query;
}

std::optional<std::uint64_t> QueryBoard::next_answerable(Index applied) {
    if (!answerable(applied)) {
        return std::nullopt;
    }
    const std::uint64_t query = granted_.front().query;
    granted_.pop_front();
    return query;
}

std::vector<std::uint64_t> QueryBoard::give_up_beyond(Index last) {
    std::vector<std::uint64_t> gone;
    for (const Granted& granted : granted_) {
        if (granted.index > last) {
            gone.push_back(granted.query);
        }
    }
    std::erase_if(granted_, [last](const Granted& granted) { return granted.index > last; });
    return gone;
}

}  // namespace ledger::node
