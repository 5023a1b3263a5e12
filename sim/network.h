#pragma once
// Network: directed links between nodes that delay, lose, repeat, reorder, damage and cut.

#include <cstdint>
#include <optional>
#include <vector>

#include "log/base/choice.h"
#include "log/base/ids.h"
#include "log/base/time.h"
#include "node/message.h"
#include "sim/faults.h"
#include "sim/profile.h"

namespace ledger::sim {

// Compares the network model with the real frames. A native build encodes each message, damages
// the frame when the model says so, decodes it, and must come to the model's outcome.
class FrameModel {
  public:
    virtual ~FrameModel() = default;
    // The message arrives whole: the decoded frame must equal it.
    virtual void intact(const node::PeerMessage& message) = 0;
    virtual void intact(const node::ClientRequest& request) = 0;
    virtual void intact(const node::ClientReply& reply) = 0;
    // The frame is damaged at a place derived from `bits`: decoding must fail.
    virtual void damaged(const node::PeerMessage& message, std::uint64_t bits) = 0;
};

// When a message arrives; which life of its link carries it.
struct Delivery {
    Instant at;
    std::uint64_t epoch = 0;
};

// What becomes of one message.
struct Transit {
    std::optional<Delivery> first;
    std::optional<Delivery> again;  // a duplicate
    bool reset = false;             // damaged: the receiver closed the connection
};

// A latency in the profile's family from 64 uniform bits.
Duration draw_latency(LatencyFamily family, Duration min, Duration mean, std::uint64_t bits);
// No latency is longer.
Duration latency_max(LatencyFamily family, Duration min, Duration mean);
Duration latency_max(const NetworkProfile& network);

class Network {
  public:
    Network(std::uint32_t nodes, const NetworkProfile& profile, ChoiceSource& choices,
        FaultCounts& faults);

    Transit send(Instant now, const node::PeerMessage& message, FrameModel* frames);
    // May a message that left in `epoch` arrive now? False if the link was cut or reset meanwhile.
    bool arrives(NodeId from, NodeId to, std::uint64_t epoch);

    void cut(NodeId from, NodeId to);
    void heal(NodeId from, NodeId to);
    void heal_all(Instant now);
    // Until then the link carries nothing; what is sent meanwhile arrives afterwards.
    void clog(NodeId from, NodeId to, Instant until);
    // Until then everything that is sent takes this much longer.
    void slow(NodeId from, NodeId to, Instant until, Duration by);
    // Messages that this link did not carry because it was cut, or that came late for a clog or a
    // slow link.
    std::uint64_t touched(NodeId from, NodeId to) const { return link(from, to).touched; }
    bool is_cut(NodeId from, NodeId to) const { return link(from, to).cuts > 0; }
    // It is cut, clogged or slow.
    bool troubled(Instant now, NodeId from, NodeId to) const {
        const Link& on = link(from, to);
        return on.cuts > 0 || now < on.clogged_until || now < on.slow_until;
    }
    // The connection breaks: what is in flight is gone.
    void reset(NodeId from, NodeId to);
    // From now on nothing is lost, repeated or damaged.
    void calm();

    Duration client_latency(std::uint64_t client, std::uint64_t sequence);
    bool client_message_lost(std::uint64_t client, std::uint64_t sequence);
    // When a client hears that the node at the other end of its connection is gone.
    Duration client_notice(std::uint64_t client, std::uint64_t sequence);

  private:
    struct Link {
        std::uint64_t sent = 0;   // numbers the decisions of this link
        std::uint64_t epoch = 0;
        std::uint32_t cuts = 0;   // partitions overlap
        std::uint64_t touched = 0;
        Instant last_arrival;
        Instant free_at;          // the wire is busy until then
        Instant clogged_until;
        Instant slow_until;
        Duration slower;          // until then
        Duration offset;          // of every message, for ever
    };

    Link& link(NodeId from, NodeId to) {
        return links_[(from.value - 1) * nodes_ + (to.value - 1)];
    }
    const Link& link(NodeId from, NodeId to) const {
        return links_[(from.value - 1) * nodes_ + (to.value - 1)];
    }
    Instant arrival(Instant now, Link& on, std::uint64_t entity, std::uint64_t bytes);

    const std::uint32_t nodes_;
    NetworkProfile profile_;
    ChoiceSource& choices_;
    FaultCounts& faults_;
    std::vector<Link> links_;
};

}  // namespace ledger::sim
