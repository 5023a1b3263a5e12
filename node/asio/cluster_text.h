#pragma once
// ClusterText: cluster ids as 32 hex digits.

#include <optional>
#include <string>
#include <string_view>

#include "log/base/ids.h"

namespace ledger::node::asio {

std::string cluster_text(const ClusterId& cluster);
// None unless it is exactly 32 hex digits, not all of them 0.
std::optional<ClusterId> parse_cluster(std::string_view text);

}  // namespace ledger::node::asio
