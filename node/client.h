#pragma once
// Client: finds the leader, opens a session, retries, and ends every operation exactly once.

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "log/base/choice.h"
#include "log/base/entry.h"
#include "log/base/ids.h"
#include "log/base/result.h"
#include "log/base/time.h"
#include "log/state/command.h"
#include "log/state/outcome.h"
#include "log/state/query.h"
#include "node/message.h"

namespace ledger::node::client {

// What can be asked. Session, sequence and acknowledgement of an append or a redaction are the client's
// to fill.
using What = std::variant<state::Append, state::RegisterSession, state::Query, ChangeMembership,
    TransferLeadership, state::Redact>;

// --- events -------------------------------------------------------------------------------------

// Operations run one after the other, in the order in which they were submitted.
struct Submit {
    std::uint64_t operation = 0;  // echoed in Done
    What what;
    Duration timeout;  // until it ends, waiting included; 0 = Options::operation_timeout
};
struct Received {
    NodeId from;
    ClientReply reply;
};
// The request never left: definitely not executed.
struct NotSent {
    RequestId request;
};
// The moment named by the last WakeAt has come.
struct Timer {};
struct Connected {
    NodeId node;
};
// What was in flight to this node may or may not be executed.
struct Disconnected {
    NodeId node;
};
using Event = std::variant<Submit, Received, NotSent, Timer, Connected, Disconnected>;

// --- effects ------------------------------------------------------------------------------------

// To `to`, over a connection that the host opens if need be; else NotSent or Disconnected.
struct SendRequest {
    NodeId to;
    ClientRequest request;
    bool opens_session = false;  // else it asks what Client::asked() says,
    bool looks = false;          // or how the node stands, to learn what became of a change
};
// Step Timer at `deadline`; replaces the earlier one.
struct WakeAt {
    Instant deadline;
};
enum class Ending : std::uint8_t {
    done = 1,  // executed: outcome or answer is there
    failed,    // definitely not executed, and never will be
    unknown,   // executed once, now or later, or never
};
struct Done {
    std::uint64_t operation = 0;
    What what;  // as it was asked
    Ending ending = Ending::unknown;
    NodeId node;                 // that gave the final answer; 0 = nobody did. Of a transfer that
                                 // is done: who shall lead
    std::uint32_t attempts = 0;  // requests sent, those for a session included
    SessionId session;           // of an append or a redaction, with its sequence
    Sequence sequence;
    Index index;  // done: of the entry (of a change: its first configuration; 0 = it was found
                  // fulfilled), or of the state that answered
    // Of a command that was judged: a Conflict is a failed operation with an outcome.
    std::optional<state::Outcome> outcome;
    std::optional<state::Answer> answer;
    std::string reason;  // not done, without an outcome
    bool overloaded = false;  // out of time, and the last that was heard was Overloaded
};
using Effect = std::variant<SendRequest, WakeAt, Done>;

// --- the machine --------------------------------------------------------------------------------

struct Options {
    std::vector<NodeId> nodes;     // at least one; the first is asked first
    std::uint64_t entity = 0;      // names this client's choices
    // A session to go on with, and its last sequence whose outcome is known; 0 = open one.
    SessionId session;
    Sequence sequence;
    Duration operation_timeout = seconds(10);
    Duration attempt_timeout = seconds(1);
    // The retry budget. The first attempts of an operation follow each other quickly as long as
    // tokens last: each operation adds retry_percent hundredths, each quick retry takes a whole
    // one. All further retries keep the slow pace, which bounds what a broken cluster must bear.
    std::uint32_t quick_attempts = 3;
    std::uint32_t retry_percent = 10;
    std::uint32_t retry_tokens_max = 10;
    Duration quick_back_off = milliseconds(4);   // doubles with each attempt; full jitter
    Duration slow_back_off = milliseconds(100);  // half to whole
    std::uint32_t waiting_max = 1024;            // one more operation fails at once
    // Queries go to the first of `nodes`, whether it leads or not, unless that is down.
    bool read_anywhere = false;
};

class Client {
  public:
    Client(const Options& options, ChoiceSource& choices);

    // The effects are valid until the next step, in the order in which they must begin.
    std::span<const Effect> step(Instant now, Event&& event);

    bool idle() const { return !open_ && waiting_.empty(); }
    SessionId session() const { return session_; }
    // The operation at work, a command with its key once it has one; null: none.
    const What* asked() const { return open_ ? &open_->asked.what : nullptr; }

  private:
    enum class Phase : std::uint8_t { in_flight, backing_off };
    struct Waiting {
        std::uint64_t operation = 0;
        What what;
        Instant deadline;
    };
    // The operation at work. One stage opens the session if there is none, the next one asks.
    struct Open {
        Waiting asked;
        Phase phase = Phase::backing_off;
        bool registering = false;      // this stage opens a session for the command
        bool maybe_executed = false;   // an attempt of the command may have been, or still be
        bool looking = false;          // a change: this attempt asks what became of earlier ones
        bool overloaded = false;       // so said the last refusal
        bool disk_full = false;        // and why
        EntryHandle body;              // of a command
        ByteVector question;           // of a query
        RequestId first_request;       // of this stage
        std::uint32_t stage_attempts = 0;
        std::uint32_t attempts = 0;
        Instant resume_at;             // backing off
        Instant timeout_at;            // in flight
    };

    void on(Submit&& event);
    void on(Received&& event);
    void on(NotSent&& event);
    void on(Timer&&) {}
    void on(Connected&& event);
    void on(Disconnected&& event);

    void on_refusal(NodeId from, const ClientReply& reply);
    void on_redirect(NodeId leader);
    void on_applied(NodeId from, Applied&& applied);
    void on_outcome(NodeId from, Index index, state::Outcome&& outcome);
    void on_answered(NodeId from, Answered&& answered);
    void on_accepted(NodeId from, bool asked, Done&& done);
    void on_status(NodeId from, const StatusAnswer& status);

    // Everything whose moment has come, then the next WakeAt.
    void settle();
    bool settle_open();
    void expire_waiting();
    void plan_wake();

    void begin(Waiting&& next);
    void enter_stage();
    template <typename Asked>
    void encode(Asked& asked);
    void attempt();
    void attempt_lost();
    void retry(Duration at_least, bool at_once);
    bool take_token();
    Duration draw(Duration from, Duration to);
    void turn_to_next_node();
    bool awaits(RequestId request) const;
    bool in_session() const;
    bool is_change() const;
    bool is_transfer() const;
    decltype(ClientRequest::operation) operation() const;
    bool fits(const state::Outcome& outcome) const;
    // Not executed unless an attempt may have been.
    void give_up(NodeId from, std::string reason);
    void give_up_confused(NodeId from);
    void end(Done&& done);

    const Options options_;
    ChoiceSource& choices_;

    Instant now_;
    SessionId session_;
    Sequence sequence_;            // of the last command in this session
    std::deque<Waiting> waiting_;
    std::optional<Open> open_;
    std::vector<bool> down_;       // per place in options_.nodes
    std::vector<bool> ignorant_;   // it knew no leader when it was asked last
    std::size_t target_ = 0;       // a place in options_.nodes
    std::optional<std::size_t> wrote_to_;  // `target_` before the query at work went elsewhere
    std::uint64_t requests_ = 0;
    std::uint64_t draws_ = 0;
    std::uint32_t tokens_ = 0;     // hundredths
    Instant wake_ = never;         // what the last WakeAt said
    std::vector<Effect> effects_;
};

}  // namespace ledger::node::client
