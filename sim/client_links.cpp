#include "sim/client_links.h"

#include <utility>

#include "log/base/assert.h"

namespace ledger::sim {

void ClientLinks::send(NodeId to, const node::ClientRequest& request) {
    Link& over = link(to);
    if (over.state == Link::State::open) {
        port_.request(lane_, to, over.connection, node::ClientRequest(request));
        return;
    }
    over.outbox.push_back(request);
    if (over.state == Link::State::closed) {
        over.state = Link::State::connecting;
        port_.connect(lane_, to);
    }
}

void ClientLinks::connected(NodeId node) {
    Link& to = link(node);
    LEDGER_ASSERT(to.state == Link::State::connecting);
    to.state = Link::State::open;
    ++to.connection;
    to.dead = false;
    for (node::ClientRequest& request : std::exchange(to.outbox, {})) {
        port_.request(lane_, node, to.connection, std::move(request));
    }
}

std::vector<node::ClientRequest> ClientLinks::refused(NodeId node) {
    Link& to = link(node);
    LEDGER_ASSERT(to.state == Link::State::connecting);
    to.state = Link::State::closed;
    return std::exchange(to.outbox, {});
}

bool ClientLinks::disconnected(NodeId node, std::uint64_t connection) {
    Link& to = link(node);
    if (to.state != Link::State::open || to.connection != connection) {
        return false;
    }
    to.state = Link::State::closed;
    return true;
}

std::uint64_t ClientLinks::connection(NodeId node) const {
    return link(node).state == Link::State::open ? link(node).connection : 0;
}

bool ClientLinks::carries(NodeId node, std::uint64_t connection) const {
    const Link& over = link(node);
    return over.state == Link::State::open && over.connection == connection && !over.dead;
}

std::uint64_t ClientLinks::cut(NodeId node) {
    link(node).dead = true;
    return connection(node);
}

}  // namespace ledger::sim
