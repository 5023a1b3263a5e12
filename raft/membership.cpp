#include "raft/membership.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::raft {

bool NodeSet::insert(NodeId node) {
    NodeId* const end = nodes_.data() + size_;
    NodeId* const at = std::lower_bound(nodes_.data(), end, node);
    if (at != end && *at == node) {
        return false;
    }
    LEDGER_ASSERT(size_ < members_max);
    std::move_backward(at, end, end + 1);
    *at = node;
    ++size_;
    return true;
}

bool NodeSet::erase(NodeId node) {
    NodeId* const end = nodes_.data() + size_;
    NodeId* const at = std::lower_bound(nodes_.data(), end, node);
    if (at == end || *at != node) {
        return false;
    }
    std::move(at + 1, end, at);
    --size_;
    nodes_[size_] = NodeId{};
    return true;
}

bool NodeSet::contains(NodeId node) const {
    return std::binary_search(begin(), end(), node);
}

bool operator==(const NodeSet& a, const NodeSet& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

Member Configuration::member(NodeId node) const {
    for (std::uint32_t i = 0; i < details_count; ++i) {
        if (details[i].node == node) {
            return details[i];
        }
    }
    return {.node = node};
}

// Defaults are not listed and the tail stays empty, so that equal configurations compare equal.
void Configuration::set_member(const Member& member) {
    LEDGER_ASSERT(member.node != NodeId{0});
    Member* const begin = details.data();
    Member* end = begin + details_count;
    Member* at = std::lower_bound(begin, end, member.node,
        [](const Member& one, NodeId wanted) { return one.node < wanted; });
    if (at != end && at->node == member.node) {
        std::move(at + 1, end, at);
        --details_count;
        --end;
        *end = Member{};
    }
    if (member == Member{.node = member.node}) {
        return;
    }
    LEDGER_ASSERT(details_count < members_max);
    std::move_backward(at, end, end + 1);
    *at = member;
    ++details_count;
}

NodeSet Configuration::members() const {
    NodeSet all = voters;
    for (NodeId node : outgoing) {
        all.insert(node);
    }
    for (NodeId node : learners) {
        all.insert(node);
    }
    return all;
}

}  // namespace ledger::raft
