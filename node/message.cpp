#include "node/message.h"

#include <algorithm>

namespace ledger::node {

namespace {

bool same_bytes(ByteSpan a, ByteSpan b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

bool operator==(const ClientRequest& a, const ClientRequest& b) {
    if (a.id != b.id || a.operation.index() != b.operation.index()) {
        return false;
    }
    if (const auto* query = std::get_if<Query>(&a.operation)) {
        return query->question == std::get_if<Query>(&b.operation)->question;
    }
    if (std::holds_alternative<StatusQuery>(a.operation)) {
        return true;
    }
    const EntryHandle& body_a = std::get_if<Command>(&a.operation)->body;
    const EntryHandle& body_b = std::get_if<Command>(&b.operation)->body;
    return same_bytes(body_a.envelope(), body_b.envelope()) &&
           same_bytes(body_a.erasable(), body_b.erasable());
}

}  // namespace ledger::node
