#pragma once
// Edge: the server's side of client connections: admission, flow control and subscriptions, in
// front of one replica. Both hosts run exactly this.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "log/base/ids.h"
#include "log/base/time.h"
#include "node/effect.h"
#include "node/limits.h"
#include "node/message.h"

namespace ledger::node::edge {

// --- events -------------------------------------------------------------------------------------

// A client asks. Not between its PauseReading and ResumeReading, and never after its Close or
// Closed: each connection is a client of its own.
struct Requested {
    ClientId client;  // not 0
    ClientRequest request;
};
// The replica's Reply, to the client and request of an Ask; each Ask gets one.
struct Replied {
    ClientId client;
    ClientReply reply;
};
// The oldest deliveries to this client, so many, have left this machine.
struct Drained {
    ClientId client;
    std::uint64_t deliveries = 0;
};
// The connection is gone, whoever closed it.
struct Closed {
    ClientId client;
};
// The moment named by the last WakeAt has come.
struct Timer {};
// node::Advanced is the replica's effect of that name.
using Event = std::variant<Requested, Replied, node::Advanced, Drained, Closed, Timer>;

// --- effects ------------------------------------------------------------------------------------

// For the replica, as its event node::Client.
struct Ask {
    ClientId client;  // 0 = the edge itself
    ClientRequest request;
};
struct Deliver {
    ClientId client;
    ClientReply reply;
};
// Hand on no request of this client, not even one that has arrived, until ResumeReading.
struct PauseReading {
    ClientId client;
};
struct ResumeReading {
    ClientId client;
};
// What was delivered and has not left may be dropped.
struct Close {
    ClientId client;
    std::string reason;
};
// Step Timer at `deadline`; replaces the earlier one.
struct WakeAt {
    Instant deadline;
};
using Effect = std::variant<Ask, Deliver, PauseReading, ResumeReading, Close, WakeAt>;

// --- the machine --------------------------------------------------------------------------------

class Edge {
  public:
    explicit Edge(const EdgeLimits& limits = {});

    // The effects are valid until the next step, in the order in which they must begin; the host
    // may move out of them.
    std::span<Effect> step(Instant now, Event&& event);

    // What the replica has in hand for clients; pages of subscriptions are counted apart.
    std::uint64_t requests() const { return requests_; }
    std::uint64_t request_bytes() const { return request_bytes_; }
    std::uint64_t pages() const { return pages_; }
    std::uint64_t subscriptions() const { return subscriptions_.size(); }

  private:
    // A delivery that has not left the machine.
    struct Unread {
        std::uint64_t bytes = 0;
        bool answer = false;  // to a request; a page answers none
    };
    struct Session {
        std::deque<Unread> unread;  // oldest first
        std::uint64_t unread_bytes = 0;
        std::uint32_t unread_answers = 0;
        std::uint32_t unanswered = 0;  // requests that the replica has in hand
        bool paused = false;
        std::vector<std::uint64_t> subscriptions;  // their numbers
    };
    struct Subscription {
        ClientId client;
        RequestId id;  // as its client calls it
        std::string stream;
        Position next;
        std::uint64_t window = 0;
        std::int64_t credit = 0;   // what is left of the window; below 0 after a page too large
        bool fetching = false;     // a page is under way
        bool waiting = false;      // in ready_
        bool told = false;         // that it has caught up, by the last page
    };
    // A request that the replica has in hand. Its number stands in for the client's own: a client
    // may use one twice.
    struct Open {
        ClientId client;
        RequestId request;
        std::uint64_t bytes = 0;
        std::uint64_t subscription = 0;  // whose page it is; 0 = a client's request
    };
    using Sessions = std::map<ClientId, Session>;
    using Subscriptions = std::map<std::uint64_t, Subscription>;

    void on(Requested&& event);
    void on(Replied&& event);
    void on(node::Advanced&& event);
    void on(Drained&& event);
    void on(Closed&& event);
    void on(Timer&&) {}  // step() fetches what waits

    void admit(ClientId client, ClientRequest&& request);
    void subscribe(ClientId client, RequestId id, Subscribe&& wanted);
    void grant(ClientId client, const Grant& grant);
    void unsubscribe(ClientId client, RequestId id);
    // Why this one cannot be, if it cannot.
    std::optional<std::string> malformed(const Session& session, RequestId id,
        const Subscribe& wanted) const;

    // Pages: made ready when there is something to send and room for it, fetched in that order.
    bool has_room(const Subscription& subscription) const;
    void make_ready(std::uint64_t number);
    void fetch_pages();
    void fetch(std::uint64_t number, Subscription& subscription);
    void on_page(std::uint64_t number, ClientReply&& reply);
    void on_answer(std::uint64_t number, Subscription& subscription, ByteVector&& answer);
    void send_page(Subscription& subscription, bool caught_up, ByteVector&& answer);
    void end(std::uint64_t number, decltype(ClientReply::outcome)&& outcome, bool asked);

    // May close the client: what was known of its session and subscriptions is gone then.
    void deliver(ClientId client, ClientReply&& reply, bool answer);
    void forget(Sessions::iterator session);
    // Pauses a client that has too much in hand, resumes one that has little again.
    void pace(ClientId client);
    void ask(Open open, decltype(ClientRequest::operation)&& operation);
    void plan_wake();
    // The number of a client's subscription; 0 = it has none of this name.
    std::uint64_t number_of(ClientId client, RequestId subscription) const;

    const EdgeLimits limits_;

    Instant now_;
    Position length_;  // of the applied state
    Sessions sessions_;
    Subscriptions subscriptions_;  // by number, in the order in which they began
    std::uint64_t subscribed_ = 0;
    std::deque<std::uint64_t> ready_;  // wait for their turn to fetch a page
    Instant fetch_from_;               // not before: the replica was overloaded
    std::vector<Open> open_;           // a request's number is its place here, from 1
    std::vector<std::uint32_t> free_;  // places of open_ that are not in use
    std::uint64_t requests_ = 0;
    std::uint64_t request_bytes_ = 0;
    std::uint64_t pages_ = 0;
    Instant wake_ = never;  // what the last WakeAt said
    std::vector<Effect> effects_;
};

}  // namespace ledger::node::edge
