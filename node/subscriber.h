#pragma once
// Subscriber: follows the events of a cluster across nodes: resumes where it was, checks the order.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "log/base/choice.h"
#include "log/base/ids.h"
#include "log/base/time.h"
#include "log/state/query.h"
#include "node/message.h"

namespace ledger::node::subscriber {

// --- events -------------------------------------------------------------------------------------

// The first one, once.
struct Begin {};
struct Received {
    NodeId from;
    ClientReply reply;
};
// The request never left.
struct NotSent {
    RequestId request;
};
struct Disconnected {
    NodeId node;
};
// The moment named by the last WakeAt has come.
struct Timer {};
using Event = std::variant<Begin, Received, NotSent, Disconnected, Timer>;

// --- effects ------------------------------------------------------------------------------------

// To `to`, over a connection that the host opens if need be; else NotSent or Disconnected.
struct SendRequest {
    NodeId to;
    ClientRequest request;
};
// Step Timer at `deadline`; replaces the earlier one.
struct WakeAt {
    Instant deadline;
};
// The next events, in order and without a gap since the last ones. Their room is granted again in
// the same step: a host that is busy with them does not step.
struct Events {
    NodeId from;
    Position next;           // every event of the subscription below has been handed over
    bool caught_up = false;  // the node had nothing further
    std::vector<state::RecordedEvent> events;  // may be empty
};
// The last effect of all.
struct Finished {
    enum class Why : std::uint8_t {
        refused = 1,  // the cluster will not serve this subscription
        silent,       // no node said anything for Options::give_up_after
        broken,       // a node sent what does not follow on what had come before
    };
    Why why = Why::silent;
    NodeId node;  // 0 = nobody in particular
    std::string reason;
};
using Effect = std::variant<SendRequest, WakeAt, Events, Finished>;

// --- the machine --------------------------------------------------------------------------------

struct Options {
    std::vector<NodeId> nodes;     // at least one; the first is asked first
    std::uint64_t entity = 0;      // names this subscriber's choices
    std::optional<Position> from;  // none: now, which is where the first node's state ends
    std::string stream;            // of this stream alone; empty = all
    std::uint64_t window_bytes = 1u << 20;
    // A node that has said nothing for so long is asked how it stands; one that does not answer
    // in time, or that knows no leader, is left for the next one.
    Duration quiet = milliseconds(500);
    Duration patience = seconds(1);
    Duration back_off = milliseconds(50);  // half to whole, before every attempt but the first
    Duration give_up_after;                // without a word from any node; 0 = never
};

class Subscriber {
  public:
    Subscriber(const Options& options, ChoiceSource& choices);

    // The effects are valid until the next step, in the order in which they must begin.
    std::span<const Effect> step(Instant now, Event&& event);

    bool finished() const { return phase_ == Phase::finished; }

  private:
    enum class Phase : std::uint8_t { backing_off = 1, following, finished };

    void on(Begin&& event);
    void on(Received&& event);
    void on(NotSent&& event);
    void on(Disconnected&& event);
    void on(Timer&&) {}

    void on_page(Page&& page, std::uint64_t bytes);
    void on_status(const StatusAnswer& status);
    // The sentence of what is wrong with the page, if anything is.
    std::optional<std::string> misfit(const Page& page, const state::Answer& answer) const;
    void grant(std::uint64_t bytes);

    void settle();
    void attempt();
    // Leaves this node; `told` = it may still listen, and is told.
    void move_on(Duration at_least, bool told);
    void send(RequestId id, decltype(ClientRequest::operation)&& operation);
    void finish(Finished::Why why, NodeId node, std::string reason);
    void plan_wake();
    NodeId target() const { return options_.nodes[target_]; }

    const Options options_;
    ChoiceSource& choices_;

    Instant now_;
    Phase phase_ = Phase::backing_off;
    std::optional<Position> next_;         // none until it is known what now is
    std::optional<Revision> revision_;     // the next one of the stream, once one was seen
    std::size_t target_ = 0;               // a place in options_.nodes
    RequestId subscription_;               // following
    std::optional<RequestId> question_;    // how it stands, asked and not answered
    Instant heard_at_;                     // the last word of this node, or when it was asked
    Instant heard_any_at_;                 // the last word of any node
    Instant resume_at_ = never;            // backing off
    std::uint64_t taken_bytes_ = 0;        // since the last grant
    std::uint64_t requests_ = 0;
    std::uint64_t draws_ = 0;
    Instant wake_ = never;                 // what the last WakeAt said
    std::vector<Effect> effects_;
};

}  // namespace ledger::node::subscriber
