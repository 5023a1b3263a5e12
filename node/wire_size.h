#pragma once
// WireSize: how large a message is to the network model, without encoding it.

#include <cstdint>

#include "node/message.h"
#include "raft/raft.h"

namespace ledger::node {

// A pure function of the value: framing plus fields plus entry bodies, in bytes. It models, and
// need not equal, the size of the encoded frame (never larger than it by more than 25 %).
std::uint64_t wire_size(const PeerMessage& message);
std::uint64_t wire_size(const ClientRequest& request);
std::uint64_t wire_size(const PeerHello& hello);
std::uint64_t wire_size(const ClientReply& reply);

// No append request of a leader with this configuration makes a larger frame.
std::uint64_t append_request_bytes_max(const raft::Config& config);

}  // namespace ledger::node
