#pragma once
// Log subscriptions: what subscribers and consumer groups were handed: S1 to S13 (checking.md 9).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/check/log_history/log_content.h"
#include "sim/check/log_history/log_findings.h"
#include "sim/check/log_history/log_words.h"

namespace ledger::check {

// Reads the lines of subscriptions in the order of their returns, against a content that is whole.
class LogSubscriptions {
  public:
    LogSubscriptions(const LogHistory& history, const LogContent& content,
        const LogOptions& options, LogFindings& findings);

    void check();
    std::uint64_t deliveries() const { return deliveries_; }
    std::uint64_t resumed() const { return resumed_; }

  private:
    struct Subscriber {
        bool begun = false;
        bool ended = false;
        bool delivered = false;             // anything since it began
        bool resuming = false;              // where it goes on is known within bounds only
        bool caught_up = false;             // and has been handed nothing since
        std::uint32_t stream = 0;           // 0 = all
        std::string filter;                 // streams that begin so; empty = all
        std::optional<std::uint64_t> next;  // matching records below were handed out
        std::uint64_t acknowledged = 0;     // what lies below must not come again
        std::uint64_t bookmarked = 0;       // what lies below must not come any more
        std::uint64_t retained = 0;         // what lies below may have been gone when it began
        std::uint64_t batch = LogOperation::none;
        std::uint64_t last = LogOperation::none;  // position
        std::uint32_t last_by = 0;                // the delivery
        std::uint32_t group = LogOperation::none32;
        std::uint32_t life = 0;  // grows when it subscribes or ends
    };
    // One position of a group.
    struct Handed {
        std::uint32_t to = LogOperation::none32;
        std::uint32_t life = 0;
        std::uint32_t by = 0;
        std::int64_t at_ns = 0;
        bool done = false;
        bool refused = false;
    };
    struct Group {
        std::string name;
        std::uint64_t begin = 0;
        std::uint64_t timeout_ns = LogOperation::none;
        bool ordered = false;
        Subscriber what;  // stream and filter
        std::vector<Handed> handed;
    };

    void subscribe(std::uint32_t place);
    void resume(std::uint32_t place, Subscriber& subscriber);
    void truncated(std::uint32_t place, Subscriber& subscriber);
    void join(std::uint32_t place, Subscriber& subscriber);
    void deliver(std::uint32_t place);
    bool content_is_right(std::uint32_t place, const Subscriber& subscriber, std::uint64_t position,
        std::uint32_t record);
    void in_order(std::uint32_t place, Subscriber& subscriber, std::uint64_t position);
    void resumed_at(std::uint32_t place, Subscriber& subscriber, std::uint64_t position);
    void whole_batch(std::uint32_t place, Subscriber& subscriber, std::uint64_t position);
    void bookmark(std::uint32_t place, Subscriber& subscriber);
    void deliver_to_group(
        std::uint32_t place, const Subscriber& subscriber, std::uint64_t position);
    void acknowledge(std::uint32_t place, Subscriber& subscriber);
    void finish();
    void finish_group(const Group& group);

    bool matches(const Subscriber& subscriber, std::uint64_t position) const;
    std::optional<std::uint64_t> due(const Subscriber& subscriber, std::uint64_t from) const;
    void add(const char* name, std::uint32_t place, const std::string& what,
        std::uint32_t witness = LogOperation::none32);

    const LogHistory& history_;
    const LogContent& content_;
    const LogOptions& options_;
    LogFindings& findings_;
    LogWords words_;
    std::vector<Subscriber> subscribers_;
    std::vector<Group> groups_;
    std::uint64_t retained_ = 0;
    std::uint64_t deliveries_ = 0;
    std::uint64_t resumed_ = 0;
};

}  // namespace ledger::check
