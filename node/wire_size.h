#pragma once
// WireSize: how large a message is to the network model, without encoding it.

#include <cstdint>

#include "node/message.h"

namespace ledger::node {

// A pure function of the value: framing plus fields plus entry bodies, in bytes. It models, and
// need not equal, the size of the encoded frame (never larger than it by more than 25 %).
std::uint64_t wire_size(const PeerMessage& message);
std::uint64_t wire_size(const ClientRequest& request);
std::uint64_t wire_size(const ClientReply& reply);

}  // namespace ledger::node
