#include "sim/client_host.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "sim/network.h"

namespace ledger::sim {
namespace {

using node::client::Done;
using node::client::What;

// A share of the lanes, and none or all of them at the ends of the range.
bool is_among(std::uint32_t lane, PartsPerMillion share) {
    constexpr std::uint64_t million = 1'000'000;
    return (lane + 1) * std::uint64_t{share} / million > lane * std::uint64_t{share} / million;
}

node::client::Options options_for(std::uint32_t lane, const Profile& profile) {
    node::client::Options options{.nodes = {}, .entity = lane};
    // Each lane asks another node first.
    for (std::uint32_t place = 0; place < profile.hosts(); ++place) {
        options.nodes.push_back(NodeId{1 + (lane + place) % profile.hosts()});
    }
    options.attempt_timeout = profile.workload.attempt_timeout;
    options.slow_back_off = profile.workload.slow_back_off;
    options.read_anywhere = is_among(lane, profile.workload.read_anywhere);
    // Who knows one node only goes on asking it when others follow another leader already.
    if (lane < profile.workload.clients && is_among(lane, profile.workload.pinned)) {
        options.nodes = {NodeId{1 + lane % profile.nodes}};
    }
    return options;
}

// What a reply that judged nothing says of its own attempt.
check::Answer refusal_of(const node::ClientReply& reply) {
    if (std::holds_alternative<node::Redirect>(reply.outcome)) {
        return check::Refused{"not the leader"};
    }
    if (std::holds_alternative<node::Overloaded>(reply.outcome)) {
        return check::Refused{"overloaded"};
    }
    if (const auto* refused = std::get_if<node::Refused>(&reply.outcome)) {
        return check::Refused{refused->reason};
    }
    return check::Unknown{};
}

check::ReadAnswer seen_in(const state::Answer& answer, const What& asked) {
    check::ReadAnswer seen{.length = answer.length.value,
        .stream_length = std::nullopt,
        .end = answer.end,
        .events = {},
        .positions = true};
    const auto* query = std::get_if<state::Query>(&asked);
    if (query != nullptr && std::holds_alternative<state::ReadStream>(*query)) {
        seen.stream_length = answer.stream_length;
    }
    for (const state::RecordedEvent& event : answer.events) {
        seen.events.push_back({event.position, event.revision, event.id, event.erased});
    }
    return seen;
}

// What takes effect in the ledger, or looks at it.
bool judged(const What& what) {
    return std::holds_alternative<state::Append>(what) ||
           std::holds_alternative<state::RegisterSession>(what) ||
           std::holds_alternative<state::Query>(what);
}

// What the answer that ended an operation says, if it says more than a refusal.
std::optional<check::Answer> answer_of(const Done& done) {
    if (done.answer) {
        return seen_in(*done.answer, done.what);
    }
    if (!done.outcome) {
        return std::nullopt;
    }
    if (const auto* appended = std::get_if<state::Appended>(&*done.outcome)) {
        return check::Acknowledged{appended->first, appended->revisions};
    }
    if (const auto* conflict = std::get_if<state::Conflict>(&*done.outcome)) {
        return check::Conflicted{conflict->checks, conflict->at.value};
    }
    return std::nullopt;
}

}  // namespace

ClientHost::ClientHost(std::uint32_t lane, const Profile& profile, ChoiceSource& choices,
    OperationSource& source, ClientPort& port)
    : lane_(lane), think_mean_(source.think_mean().value_or(profile.workload.think_mean)), choices_(choices), source_(source),
      port_(port), client_(options_for(lane, profile), choices), links_(lane, profile.hosts(), port) {}

void ClientHost::start() {
    id_ = port_.next_client_id();
    think();
}

void ClientHost::think() {
    LEDGER_ASSERT(client_.idle());
    next_ = source_.next(lane_);
    if (!next_) {
        finished_ = true;
        return;
    }
    const std::uint64_t bits =
        choices_.choose(Site::workload_think, lane_, ++thoughts_, UINT64_MAX);
    const Duration pause = draw_latency(LatencyFamily::exponential, {}, think_mean_, bits);
    think_timer_ = ++timers_;
    port_.timer(lane_, port_.now() + pause, think_timer_);
}

void ClientHost::on_timer(std::uint64_t generation) {
    if (generation == think_timer_ && next_) {
        What what = std::move(*next_);
        next_.reset();
        step(node::client::Submit{++operations_, std::move(what), source_.timeout()});
    } else if (generation == wake_timer_) {
        step(node::client::Timer{});
    }
}

// --- the client's effects -----------------------------------------------------------------------

void ClientHost::step(node::client::Event&& event) {
    for (const auto& effect : client_.step(port_.now(), std::move(event))) {
        std::visit([this](const auto& what) { perform(what); }, effect);
    }
}

void ClientHost::perform(const node::client::SendRequest& send) {
    LEDGER_ASSERT(client_.asked() != nullptr);
    if (!send.opens_session && judged(*client_.asked())) {
        attempts_.push_back(
            {send.request.id, port_.called(id_, send.to, *client_.asked(), ++called_)});
    }
    links_.send(send.to, send.request);
}

void ClientHost::perform(const node::client::WakeAt& wake) {
    wake_timer_ = ++timers_;
    if (wake.deadline != never) {
        port_.timer(lane_, wake.deadline, wake_timer_);
    }
}

void ClientHost::perform(const Done& done) {
    LEDGER_ASSERT(done.operation == operations_);
    std::optional<check::Answer> answer = answer_of(done);
    if (answered_ && answer) {
        port_.returned(*answered_, std::move(*answer));
        answered_.reset();
    }
    const auto* redact = std::get_if<state::Redact>(&done.what);
    if (redact != nullptr && done.ending == node::client::Ending::done) {
        port_.redacted(*redact);
    }
    LEDGER_SOMETIMES(answer && !attempts_.empty(), "sim.client.answered_with_attempts_open");
    for (const Attempt& open : attempts_) {
        // It may still be executed, now or later.
        port_.returned(open.judged, check::Unknown{});
    }
    attempts_.clear();
    called_ = 0;
    if (done.ending == node::client::Ending::unknown) {
        id_ = port_.next_client_id();
    }
    source_.ended(lane_, done);
    think();
}

// --- connections --------------------------------------------------------------------------------

void ClientHost::on_connected(NodeId node) {
    links_.connected(node);
    step(node::client::Connected{node});
}

void ClientHost::on_refused(NodeId node) {
    for (const node::ClientRequest& request : links_.refused(node)) {
        if (const auto attempt = take_attempt(request.id)) {
            port_.returned(*attempt, check::Refused{"never sent"});
        }
        step(node::client::NotSent{request.id});
    }
}

void ClientHost::on_disconnected(NodeId node, std::uint64_t connection) {
    if (links_.disconnected(node, connection)) {
        step(node::client::Disconnected{node});
    }
}

void ClientHost::on_reply(NodeId from, node::ClientReply&& reply) {
    answered_ = take_attempt(reply.id);
    const bool applied = std::holds_alternative<node::Applied>(reply.outcome);
    check::Answer refusal = refusal_of(reply);
    step(node::client::Received{from, std::move(reply)});
    if (!answered_) {
        return;
    }
    if (applied) {
        refusal = check::Refused{"the session does not know the sequence"};
    }
    port_.returned(*answered_, std::move(refusal));
    answered_.reset();
}

std::optional<check::OperationId> ClientHost::take_attempt(RequestId request) {
    const auto at = std::find_if(attempts_.begin(), attempts_.end(),
        [&](const Attempt& open) { return open.request == request; });
    if (at == attempts_.end()) {
        return std::nullopt;
    }
    const check::OperationId judged = at->judged;
    attempts_.erase(at);
    return judged;
}

}  // namespace ledger::sim
