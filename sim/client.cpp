#include "sim/client.h"

#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "sim/network.h"

namespace ledger::sim {

Client::Client(std::uint32_t lane, const Profile& profile, ChoiceSource& choices,
    OperationSource& source, ClientPort& port)
    : lane_(lane), profile_(profile), choices_(choices), source_(source), port_(port),
      target_(1 + lane % profile.nodes) {}

void Client::start() {
    id_ = port_.next_client_id();
    next_operation();
}

void Client::set_timer(Duration after) {
    ++timer_;
    port_.timer(lane_, port_.now() + after, timer_);
}

NodeId Client::next_target() {
    return NodeId{target_.value % profile_.nodes + 1};
}

void Client::next_operation() {
    next_ = source_.next(lane_);
    if (!next_) {
        phase_ = Phase::finished;
        return;
    }
    phase_ = Phase::thinking;
    const std::uint64_t bits =
        choices_.choose(Site::workload_think, lane_, ++draws_, UINT64_MAX);
    set_timer(draw_latency(
        LatencyFamily::exponential, {}, profile_.workload.think_mean, bits));
}

void Client::begin(decltype(Operation::what)&& what) {
    open_ = Operation{.id = port_.next_operation_id(), .client = id_, .what = std::move(what),
        .body = {}, .question = {}};
    if (auto* append = std::get_if<state::Append>(&open_->what)) {
        ++sequence_;
        append->session = session_;
        append->sequence = sequence_;
        append->acknowledged_through = acknowledged_;
        open_->body = state::encode_command(*append);
    } else if (std::holds_alternative<state::RegisterSession>(open_->what)) {
        open_->body = state::encode_command(state::RegisterSession{});
    } else if (const auto* query = std::get_if<state::Query>(&open_->what)) {
        state::encode_query(*query, open_->question);
    }
    attempts_ = 0;
    maybe_executed_ = false;
    attempt();
}

void Client::attempt() {
    LEDGER_ASSERT(open_);
    ++attempts_;
    phase_ = Phase::waiting;
    node::ClientRequest request{.id = RequestId{++request_}, .operation = {}};
    if (open_->body) {
        request.operation = node::Command{open_->body};
    } else {
        request.operation = node::Query{open_->question};
    }
    set_timer(profile_.workload.timeout);
    if (!std::holds_alternative<state::RegisterSession>(open_->what)) {
        port_.called(*open_, attempts_);
    }
    port_.request(lane_, target_, std::move(request));
}

void Client::back_off() {
    if (attempts_ >= profile_.workload.attempts_max && source_.may_give_up()) {
        end({.ending = maybe_executed_ ? Ending::unknown : Ending::failed,
            .node = {}, .attempts = attempts_, .outcome = {}, .answer = {}});
        return;
    }
    phase_ = Phase::backing_off;
    const std::uint64_t bits =
        choices_.choose(Site::client_backoff, lane_, ++draws_, UINT64_MAX);
    set_timer(draw_latency(LatencyFamily::uniform, milliseconds(1),
        milliseconds(attempts_ < 8 ? 5 * attempts_ : 40), bits));
}

void Client::on_timer(std::uint64_t generation) {
    if (generation != timer_) {
        return;
    }
    switch (phase_) {
        case Phase::thinking:
            if (session_ == SessionId{}) {
                begin(state::RegisterSession{});
            } else {
                begin(std::move(*next_));
                next_.reset();
            }
            break;
        case Phase::waiting:
            // No answer: the attempt may still be executed, now or later.
            report({}, check::Unknown{});
            maybe_executed_ = true;
            target_ = next_target();
            ++request_;
            back_off();
            break;
        case Phase::backing_off: attempt(); break;
        case Phase::finished: break;
    }
}

void Client::on_reply(NodeId from, node::ClientReply&& reply) {
    if (phase_ != Phase::waiting || reply.id != RequestId{request_}) {
        return;  // of an attempt that was given up
    }
    if (const auto* applied = std::get_if<node::Applied>(&reply.outcome)) {
        on_applied(from, *applied);
    } else if (const auto* answered = std::get_if<node::Answered>(&reply.outcome)) {
        on_answered(from, *answered);
    } else if (const auto* redirect = std::get_if<node::Redirect>(&reply.outcome)) {
        target_ = redirect->leader != NodeId{} && redirect->leader != target_ ? redirect->leader
                                                                              : next_target();
        report(from, check::Refused{"not the leader"});
        back_off();
    } else if (std::holds_alternative<node::Indeterminate>(reply.outcome)) {
        report(from, check::Unknown{});
        maybe_executed_ = true;
        back_off();
    } else if (std::holds_alternative<node::Overloaded>(reply.outcome)) {
        report(from, check::Refused{"overloaded"});
        back_off();
    } else if (std::holds_alternative<node::Refused>(reply.outcome)) {
        report(from, check::Refused{std::get_if<node::Refused>(&reply.outcome)->reason});
        end({.ending = maybe_executed_ ? Ending::unknown : Ending::failed,
            .node = from, .attempts = attempts_, .outcome = {}, .answer = {}});
    }
}

void Client::report(NodeId from, check::Answer&& answer) {
    if (!std::holds_alternative<state::RegisterSession>(open_->what)) {
        port_.returned(*open_, from, std::move(answer));
    }
}

void Client::on_applied(NodeId from, const node::Applied& applied) {
    Result<state::Outcome> outcome = state::decode_outcome(applied.outcome);
    LEDGER_ASSERT(outcome);
    OperationEnd result{.ending = Ending::ok, .node = from, .attempts = attempts_,
        .outcome = std::move(*outcome), .answer = {}};
    if (const auto* registered = std::get_if<state::SessionRegistered>(&*result.outcome)) {
        session_ = registered->session;
        sequence_ = {};
        acknowledged_ = {};
    } else if (const auto* appended = std::get_if<state::Appended>(&*result.outcome)) {
        report(from, check::Acknowledged{appended->first, appended->revisions});
    } else if (const auto* conflict = std::get_if<state::Conflict>(&*result.outcome)) {
        report(from, check::Conflicted{conflict->checks, conflict->at.value});
        result.ending = Ending::failed;
    } else {
        report(from, check::Refused{"the session does not know the sequence"});
        // Session expired, sequence too old: says nothing about earlier attempts of this key.
        LEDGER_SOMETIMES(maybe_executed_, "sim.client.session_lost_with_open_attempt");
        result.ending = maybe_executed_ ? Ending::unknown : Ending::failed;
        if (result.ending == Ending::failed) {
            session_ = {};
        }
    }
    end(std::move(result));
}

void Client::on_answered(NodeId from, const node::Answered& answered) {
    Result<state::Answer> answer = state::decode_answer(answered.answer);
    LEDGER_ASSERT(answer);
    check::ReadAnswer seen{.length = answer->length.value,
        .stream_length = std::nullopt,
        .end = answer->end,
        .events = {},
        .positions = true};
    const auto* query = std::get_if<state::Query>(&open_->what);
    if (query != nullptr && std::holds_alternative<state::ReadStream>(*query)) {
        seen.stream_length = answer->stream_length;
    }
    for (const state::RecordedEvent& event : answer->events) {
        seen.events.push_back({event.position, event.revision, event.id});
    }
    report(from, std::move(seen));
    end({.ending = Ending::ok, .node = from, .attempts = attempts_, .outcome = {},
        .answer = std::move(*answer)});
}

void Client::end(OperationEnd&& result) {
    LEDGER_ASSERT(open_);
    const Operation operation = std::move(*open_);
    open_.reset();
    ++request_;
    const bool registering = std::holds_alternative<state::RegisterSession>(operation.what);
    const bool is_query = std::holds_alternative<state::Query>(operation.what);
    if (!registering) {
        source_.ended(lane_, operation, result);
    }
    if (result.ending == Ending::unknown && !is_query) {
        renew();
    } else if (std::holds_alternative<state::Append>(operation.what)) {
        acknowledged_ = sequence_;
    }
    if (registering) {
        // The operation that wanted a session comes now, or the registration is tried again.
        phase_ = Phase::thinking;
        set_timer(microseconds(10));
        return;
    }
    next_operation();
}

void Client::renew() {
    LEDGER_SOMETIMES(true, "sim.client.unknown_outcome");
    id_ = port_.next_client_id();
    session_ = {};
}

}  // namespace ledger::sim
