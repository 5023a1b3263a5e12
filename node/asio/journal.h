#pragma once
// Journal: what a node tells people: `12:00:01.234 n2 F T5 raft  became follower`.

#include <memory>
#include <string_view>
#include <utility>

#include <spdlog/logger.h>

#include "log/base/format.h"
#include "log/base/ids.h"
#include "raft/ready.h"

namespace ledger::node::asio {

// Used by the loop only; the sink may be shared.
class Journal {
  public:
    // Lines below `level` are dropped.
    Journal(NodeId node, spdlog::level::level_enum level, spdlog::sink_ptr sink);

    // What every line says from now on.
    void stands(raft::Role role, Term term);

    template <typename... Args>
    void debug(std::string_view topic, fmt::format_string<Args...> text, Args&&... args) {
        write(spdlog::level::debug, topic, text, std::forward<Args>(args)...);
    }
    template <typename... Args>
    void info(std::string_view topic, fmt::format_string<Args...> text, Args&&... args) {
        write(spdlog::level::info, topic, text, std::forward<Args>(args)...);
    }
    template <typename... Args>
    void warn(std::string_view topic, fmt::format_string<Args...> text, Args&&... args) {
        write(spdlog::level::warn, topic, text, std::forward<Args>(args)...);
    }
    template <typename... Args>
    void error(std::string_view topic, fmt::format_string<Args...> text, Args&&... args) {
        write(spdlog::level::err, topic, text, std::forward<Args>(args)...);
    }

  private:
    template <typename... Args>
    void write(spdlog::level::level_enum level, std::string_view topic,
        fmt::format_string<Args...> text, Args&&... args) {
        if (logger_.should_log(level)) {
            line(level, topic, fmt::format(text, std::forward<Args>(args)...));
        }
    }
    void line(spdlog::level::level_enum level, std::string_view topic, std::string_view text);

    const NodeId node_;
    spdlog::logger logger_;
    char role_ = '-';
    Term term_;
};

}  // namespace ledger::node::asio
