#include "node/message.h"

#include <algorithm>

namespace ledger::node {

namespace {

bool same_bytes(ByteSpan a, ByteSpan b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

bool operator==(const Command& a, const Command& b) {
    return same_bytes(a.body.envelope(), b.body.envelope()) &&
           same_bytes(a.body.erasable(), b.body.erasable());
}

}  // namespace ledger::node
