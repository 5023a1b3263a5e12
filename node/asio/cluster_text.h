#pragma once
// ClusterText: cluster ids read from 32 hex digits; to_text writes them.

#include <optional>
#include <string_view>

#include "log/base/ids.h"

namespace ledger::node::asio {

// None unless it is exactly 32 hex digits, not all of them 0.
std::optional<ClusterId> parse_cluster(std::string_view text);

}  // namespace ledger::node::asio
