#pragma once
// FrameCheck: holds the network model against the real frames of the production codec.

#include <cstdint>

#include "log/base/bytes.h"
#include "sim/network.h"

namespace ledger::sim {

class FrameCheck final : public FrameModel {
  public:
    void intact(const node::PeerMessage& message) override { round_trip(message); }
    void intact(const node::ClientRequest& request) override { round_trip(request); }
    void intact(const node::ClientReply& reply) override { round_trip(reply); }
    void damaged(const node::PeerMessage& message, std::uint64_t bits) override;
    std::uint64_t examined() const { return examined_; }

  private:
    template <typename Message>
    void round_trip(const Message& message);

    ByteVector frame_;
    std::uint64_t examined_ = 0;
};

}  // namespace ledger::sim
