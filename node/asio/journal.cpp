#include "node/asio/journal.h"

#include <spdlog/pattern_formatter.h>

namespace ledger::node::asio {

Journal::Journal(NodeId node, spdlog::level::level_enum level, spdlog::sink_ptr sink)
    : node_(node), logger_("node", std::move(sink)) {
    logger_.set_level(level);
    logger_.flush_on(spdlog::level::info);
    logger_.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%H:%M:%S.%e %v", spdlog::pattern_time_type::utc));
}

void Journal::stands(raft::Role role, Term term) {
    switch (role) {
        case raft::Role::follower: role_ = 'F'; break;
        case raft::Role::pre_candidate: role_ = 'P'; break;
        case raft::Role::candidate: role_ = 'C'; break;
        case raft::Role::leader: role_ = 'L'; break;
    }
    term_ = term;
}

void Journal::line(
    spdlog::level::level_enum level, std::string_view topic, std::string_view text) {
    const char* alarm = level >= spdlog::level::err    ? "error: "
                        : level == spdlog::level::warn ? "warning: "
                                                       : "";
    logger_.log(level, "n{} {} T{} {:<5} {}{}", node_.value, role_, term_.value, topic, alarm, text);
}

}  // namespace ledger::node::asio
