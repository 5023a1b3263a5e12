#pragma once
// Client: a simulated client: finds the leader, opens a session, retries with the same sequence.

#include <cstdint>
#include <optional>

#include "log/base/choice.h"
#include "node/message.h"
#include "sim/check/history.h"
#include "sim/operation.h"
#include "sim/profile.h"

namespace ledger::sim {

// What a client needs from the world around it.
class ClientPort {
  public:
    virtual ~ClientPort() = default;
    virtual Instant now() const = 0;
    virtual void request(std::uint32_t lane, NodeId to, node::ClientRequest&& request) = 0;
    // Fires on_timer(generation) at `at`.
    virtual void timer(std::uint32_t lane, Instant at, std::uint64_t generation) = 0;
    virtual std::uint64_t next_operation_id() = 0;
    virtual ClientId next_client_id() = 0;
    // An attempt of an append or a query leaves; every attempt is judged by itself.
    virtual void called(const Operation& operation, std::uint32_t attempt) = 0;
    // What came of the attempt that was called last. An attempt open at the end says nothing.
    virtual void returned(const Operation& operation, NodeId from, check::Answer&& answer) = 0;
};

class Client final {
  public:
    Client(std::uint32_t lane, const Profile& profile, ChoiceSource& choices,
        OperationSource& source, ClientPort& port);

    void start();
    void on_reply(NodeId from, node::ClientReply&& reply);
    void on_timer(std::uint64_t generation);
    bool idle() const { return phase_ == Phase::finished; }

  private:
    enum class Phase : std::uint8_t { thinking, waiting, backing_off, finished };

    void next_operation();
    void begin(decltype(Operation::what)&& what);
    void attempt();
    void back_off();
    void on_applied(NodeId from, const node::Applied& applied);
    void on_answered(NodeId from, const node::Answered& answered);
    void report(NodeId from, check::Answer&& answer);
    void end(OperationEnd&& end);
    // The session is of no use any more: its outcomes can no longer be told apart.
    void renew();
    void set_timer(Duration after);
    NodeId next_target();

    const std::uint32_t lane_;
    const Profile& profile_;
    ChoiceSource& choices_;
    OperationSource& source_;
    ClientPort& port_;

    ClientId id_;
    SessionId session_;
    Sequence sequence_;               // of the last append
    Sequence acknowledged_;           // all outcomes up to here are known
    std::optional<decltype(Operation::what)> next_;  // waits until the session is open
    std::optional<Operation> open_;
    Phase phase_ = Phase::thinking;
    NodeId target_{1};
    std::uint32_t attempts_ = 0;
    bool maybe_executed_ = false;     // an attempt may have been, or may still be, executed
    std::uint64_t request_ = 0;       // of the attempt in flight; older replies are stale
    std::uint64_t timer_ = 0;
    std::uint64_t draws_ = 0;         // numbers the choices of this client
};

}  // namespace ledger::sim
