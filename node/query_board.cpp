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

}  // namespace ledger::node
