#include "node/client.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "node/membership.h"

namespace ledger::node::client {
namespace {

constexpr std::uint32_t whole_token = 100;

// The places of a list of nodes; none for a node that is not in it.
std::optional<std::size_t> place_of(const std::vector<NodeId>& nodes, NodeId node) {
    const auto found = std::find(nodes.begin(), nodes.end(), node);
    if (found == nodes.end()) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(found - nodes.begin());
}

// Why such a command cannot be asked for, if so; without the key, which comes later.
template <typename Asked>
std::string fault_of(Asked& asked) {
    asked.session = {};
    asked.sequence = {};
    asked.acknowledged_through = {};
    const Result<void> checked = state::check_command(asked);
    return checked ? std::string() : checked.error().place;
}

}  // namespace

Client::Client(const Options& options, ChoiceSource& choices)
    : options_(options), choices_(choices), session_(options.session),
      sequence_(options.sequence), down_(options.nodes.size(), false),
      ignorant_(options.nodes.size(), false),
      tokens_(options.retry_tokens_max * whole_token) {
    LEDGER_ASSERT(!options_.nodes.empty());
    LEDGER_ASSERT(options_.attempt_timeout > Duration{});
    LEDGER_ASSERT(options_.slow_back_off > Duration{});
    LEDGER_ASSERT(options_.quick_attempts >= 1);
}

std::span<const Effect> Client::step(Instant now, Event&& event) {
    LEDGER_ASSERT(now >= now_);
    now_ = now;
    effects_.clear();
    std::visit([this](auto&& happened) { on(std::move(happened)); }, std::move(event));
    settle();
    return effects_;
}

// --- events -------------------------------------------------------------------------------------

void Client::on(Submit&& event) {
    const Duration timeout =
        event.timeout > Duration{} ? event.timeout : options_.operation_timeout;
    Done refused{.operation = event.operation, .ending = Ending::failed};
    if (waiting_.size() >= options_.waiting_max) {
        refused.reason = "too many operations are waiting";
    } else if (auto* append = std::get_if<state::Append>(&event.what)) {
        refused.reason = fault_of(*append);
    } else if (auto* redact = std::get_if<state::Redact>(&event.what)) {
        refused.reason = fault_of(*redact);
    }
    if (!refused.reason.empty()) {
        refused.what = std::move(event.what);
        effects_.emplace_back(std::move(refused));
        return;
    }
    waiting_.push_back({event.operation, std::move(event.what), now_ + timeout});
}

void Client::on(Received&& event) {
    if (!open_ || event.reply.id < open_->first_request ||
        event.reply.id > RequestId{requests_}) {
        return;  // of an operation that has ended
    }
    // A late answer to an earlier attempt of this stage is as good as one to the last.
    if (auto* applied = std::get_if<Applied>(&event.reply.outcome)) {
        on_applied(event.from, std::move(*applied));
    } else if (auto* answered = std::get_if<Answered>(&event.reply.outcome)) {
        on_answered(event.from, std::move(*answered));
    } else if (const auto* changed = std::get_if<MembershipChanged>(&event.reply.outcome)) {
        on_accepted(event.from, is_change(), {.ending = Ending::done, .node = event.from,
                                                 .index = changed->index});
    } else if (const auto* moves = std::get_if<LeadershipMoves>(&event.reply.outcome)) {
        on_accepted(event.from, is_transfer(), {.ending = Ending::done, .node = moves->target});
    } else if (awaits(event.reply.id)) {
        on_refusal(event.from, event.reply);
    }
}

void Client::on_refusal(NodeId from, const ClientReply& reply) {
    LEDGER_ASSERT(open_->phase == Phase::in_flight);
    const auto* refused_for_now = std::get_if<Overloaded>(&reply.outcome);
    open_->overloaded = refused_for_now != nullptr;
    open_->disk_full = refused_for_now != nullptr && refused_for_now->disk_full;
    if (const auto* redirect = std::get_if<Redirect>(&reply.outcome)) {
        on_redirect(redirect->leader);
    } else if (const auto* overloaded = std::get_if<Overloaded>(&reply.outcome)) {
        retry(overloaded->retry_after, false);
    } else if (std::holds_alternative<Indeterminate>(reply.outcome)) {
        open_->maybe_executed |= !open_->registering;
        open_->looking = is_change();
        retry({}, false);
    } else if (const auto* refused = std::get_if<Refused>(&reply.outcome)) {
        give_up(from, refused->reason);
    } else if (const auto* status = std::get_if<StatusAnswer>(&reply.outcome)) {
        on_status(from, *status);
    }
}

// What became of a change whose attempt was lost. Only the leader's log tells, and only what is
// committed is there for good; asking for it again is safe as long as it is not there.
void Client::on_status(NodeId from, const StatusAnswer& status) {
    LEDGER_ASSERT(open_->phase == Phase::in_flight);
    if (!open_->looking) {
        give_up_confused(from);
        return;
    }
    if (status.role != raft::Role::leader) {
        on_redirect(status.leader);
        return;
    }
    const auto& change = *std::get_if<ChangeMembership>(&open_->asked.what);
    const bool there = fulfilled(configuration_of(status.members), change);
    const bool settled = status.configuration_index <= status.commit;
    LEDGER_SOMETIMES(there && settled, "node.client.change_found_done");
    LEDGER_SOMETIMES(!there && settled, "node.client.change_asked_again");
    if (there && settled) {
        end({.ending = Ending::done, .node = from});
        return;
    }
    open_->looking = !settled;
    retry({}, false);
}

void Client::on_redirect(NodeId leader) {
    const std::optional<std::size_t> place = place_of(options_.nodes, leader);
    if (place && *place != target_) {
        target_ = *place;
        retry({}, !down_[target_]);
    } else {
        ignorant_[target_] = true;
        turn_to_next_node();
        retry({}, false);
    }
}

void Client::on(NotSent&& event) {
    if (open_ && awaits(event.request)) {
        down_[target_] = true;
        turn_to_next_node();
        retry({}, false);
    }
}

void Client::on(Connected&& event) {
    if (const auto place = place_of(options_.nodes, event.node)) {
        down_[*place] = false;
    }
}

void Client::on(Disconnected&& event) {
    const std::optional<std::size_t> place = place_of(options_.nodes, event.node);
    if (!place) {
        return;
    }
    down_[*place] = true;
    if (target_ != *place) {
        return;
    }
    if (open_ && open_->phase == Phase::in_flight) {
        attempt_lost();
    } else {
        turn_to_next_node();
    }
}

// --- answers ------------------------------------------------------------------------------------

void Client::on_applied(NodeId from, Applied&& applied) {
    Result<state::Outcome> outcome = state::decode_outcome(applied.outcome);
    if (!outcome || !fits(*outcome)) {
        give_up_confused(from);
        return;
    }
    on_outcome(from, applied.index, std::move(*outcome));
}

void Client::on_outcome(NodeId from, Index index, state::Outcome&& outcome) {
    if (const auto* registered = std::get_if<state::SessionRegistered>(&outcome)) {
        session_ = registered->session;
        sequence_ = {};
        if (open_->registering) {
            enter_stage();
            return;
        }
    }
    if (std::holds_alternative<state::SessionExpired>(outcome) && !open_->maybe_executed) {
        // Nothing was written under this key and nothing will be: a new key is safe.
        LEDGER_SOMETIMES(true, "node.client.session_expired");
        if (options_.session != session_) {
            session_ = {};
            enter_stage();
            return;
        }
    }
    Done done{.node = from, .index = index};
    if (std::holds_alternative<state::Appended>(outcome) ||
        std::holds_alternative<state::Redacted>(outcome) ||
        std::holds_alternative<state::SessionRegistered>(outcome)) {
        done.ending = Ending::done;
    } else if (std::holds_alternative<state::SessionExpired>(outcome) ||
               std::holds_alternative<state::SequenceTooOld>(outcome)) {
        // Says nothing about earlier attempts of this key.
        done.ending = open_->maybe_executed ? Ending::unknown : Ending::failed;
    } else {
        // The first execution of a key decides for ever, so no attempt wrote anything.
        done.ending = Ending::failed;
    }
    done.outcome = std::move(outcome);
    end(std::move(done));
}

void Client::on_answered(NodeId from, Answered&& answered) {
    Result<state::Answer> answer = state::decode_answer(answered.answer);
    if (!answer || !std::holds_alternative<state::Query>(open_->asked.what)) {
        give_up_confused(from);
        return;
    }
    end({.ending = Ending::done, .node = from, .index = answered.index,
        .answer = std::move(*answer)});
}

void Client::on_accepted(NodeId from, bool asked, Done&& done) {
    if (asked) {
        end(std::move(done));
    } else {
        give_up_confused(from);
    }
}

// --- time ---------------------------------------------------------------------------------------

void Client::settle() {
    expire_waiting();
    bool more = true;
    while (more) {
        if (open_) {
            more = settle_open();
        } else if (waiting_.empty()) {
            more = false;
        } else {
            Waiting next = std::move(waiting_.front());
            waiting_.pop_front();
            begin(std::move(next));
        }
    }
    plan_wake();
}

// Whether anything happened.
bool Client::settle_open() {
    if (open_->asked.deadline <= now_) {
        if (open_->phase == Phase::in_flight) {
            open_->maybe_executed |= !open_->registering;
        }
        give_up({}, open_->disk_full    ? "the disks of the nodes are full"
                    : open_->overloaded ? "the nodes are overloaded"
                                        : "no answer in time");
    } else if (open_->phase == Phase::backing_off && open_->resume_at <= now_) {
        attempt();
    } else if (open_->phase == Phase::in_flight && open_->timeout_at <= now_) {
        attempt_lost();
    } else {
        return false;
    }
    return true;
}

void Client::expire_waiting() {
    for (auto waiting = waiting_.begin(); waiting != waiting_.end();) {
        if (waiting->deadline > now_) {
            ++waiting;
            continue;
        }
        effects_.emplace_back(Done{.operation = waiting->operation,
            .what = std::move(waiting->what), .ending = Ending::failed,
            .reason = "no turn in time"});
        waiting = waiting_.erase(waiting);
    }
}

void Client::plan_wake() {
    Instant wake = never;
    if (open_) {
        const Instant next =
            open_->phase == Phase::in_flight ? open_->timeout_at : open_->resume_at;
        wake = std::min(open_->asked.deadline, next);
    }
    for (const Waiting& waiting : waiting_) {
        wake = std::min(wake, waiting.deadline);
    }
    if (wake != wake_) {
        wake_ = wake;
        effects_.emplace_back(WakeAt{wake});
    }
}

// --- attempts -----------------------------------------------------------------------------------

void Client::begin(Waiting&& next) {
    LEDGER_ASSERT(!open_);
    Open open;
    open.asked = std::move(next);
    open_ = std::move(open);
    tokens_ = std::min(
        tokens_ + options_.retry_percent, options_.retry_tokens_max * whole_token);
    enter_stage();
}

void Client::enter_stage() {
    LEDGER_ASSERT(open_);
    LEDGER_ASSERT(!open_->maybe_executed);
    open_->registering = in_session() && session_ == SessionId{};
    if (open_->registering || std::holds_alternative<state::RegisterSession>(open_->asked.what)) {
        open_->body = state::encode_command(state::Command{state::RegisterSession{}});
    } else if (auto* append = std::get_if<state::Append>(&open_->asked.what)) {
        encode(*append);
    } else if (auto* redact = std::get_if<state::Redact>(&open_->asked.what)) {
        encode(*redact);
    } else if (const auto* query = std::get_if<state::Query>(&open_->asked.what)) {
        if (options_.read_anywhere && !down_[0]) {
            wrote_to_ = std::exchange(target_, 0);
        }
        open_->question.clear();
        state::encode_query(*query, open_->question);
    }
    open_->stage_attempts = 0;
    open_->first_request = RequestId{requests_ + 1};
    open_->phase = Phase::backing_off;
    open_->resume_at = now_;
}

template <typename Asked>
void Client::encode(Asked& asked) {
    asked.session = session_;
    // All outcomes before this one are known: an unknown one ends its session.
    asked.acknowledged_through = sequence_;
    asked.sequence = ++sequence_;
    LEDGER_ASSERT(asked.acknowledged_through < asked.sequence);
    open_->body = state::encode_command(asked);
}

void Client::attempt() {
    LEDGER_ASSERT(open_->phase == Phase::backing_off);
    LEDGER_ASSERT(target_ < options_.nodes.size());
    ++open_->stage_attempts;
    ++open_->attempts;
    ++requests_;
    open_->phase = Phase::in_flight;
    open_->timeout_at = now_ + options_.attempt_timeout;
    effects_.emplace_back(SendRequest{options_.nodes[target_],
        ClientRequest{.id = RequestId{requests_}, .operation = operation()}, open_->registering,
        open_->looking});
}

// What the next attempt asks for.
decltype(ClientRequest::operation) Client::operation() const {
    if (open_->looking) {
        return StatusQuery{};
    }
    if (const auto* change = std::get_if<ChangeMembership>(&open_->asked.what)) {
        return *change;
    }
    if (const auto* transfer = std::get_if<TransferLeadership>(&open_->asked.what)) {
        return *transfer;
    }
    if (std::holds_alternative<state::Query>(open_->asked.what)) {
        return node::Query{open_->question,
            options_.read_anywhere ? ReadLevel::anywhere : ReadLevel::linearizable};
    }
    return node::Command{open_->body};
}

// No answer: the attempt may still be executed, now or later.
void Client::attempt_lost() {
    LEDGER_ASSERT(open_->phase == Phase::in_flight);
    open_->maybe_executed |= !open_->registering && !open_->looking;
    open_->looking = is_change() && open_->maybe_executed;
    const auto* transfer = std::get_if<TransferLeadership>(&open_->asked.what);
    if (transfer != nullptr && transfer->target == NodeId{}) {
        give_up({}, "no answer");  // a second time leadership would move on from whoever got it
        return;
    }
    turn_to_next_node();
    retry({}, false);
}

void Client::retry(Duration at_least, bool at_once) {
    LEDGER_ASSERT(open_->phase == Phase::in_flight);
    const std::uint32_t done = open_->stage_attempts;
    Duration pause;
    if (done < options_.quick_attempts && take_token()) {
        const std::uint32_t doublings = std::min(done - 1, 10u);
        const Duration longest = options_.quick_back_off * (std::int64_t{1} << doublings);
        pause = at_once ? Duration{} : draw({}, longest);
    } else {
        LEDGER_SOMETIMES(done < options_.quick_attempts, "node.client.budget_empty");
        pause = draw(options_.slow_back_off / 2, options_.slow_back_off);
    }
    open_->phase = Phase::backing_off;
    open_->resume_at = now_ + std::max(pause, at_least);
}

bool Client::take_token() {
    if (tokens_ < whole_token) {
        return false;
    }
    tokens_ -= whole_token;
    return true;
}

Duration Client::draw(Duration from, Duration to) {
    LEDGER_ASSERT(from <= to);
    const auto domain = static_cast<std::uint64_t>((to - from).nanoseconds) + 1;
    ++draws_;
    const std::uint64_t drawn =
        choices_.choose(Site::client_backoff, options_.entity, draws_, domain);
    return from + nanoseconds(static_cast<std::int64_t>(drawn));
}

// The next one that is not known to be down and has not said that it knows no leader. If there is no
// other, that is old news: one of those that were down may be back and lead, while those that answer
// are cut off from it, or no members.
void Client::turn_to_next_node() {
    const std::size_t count = options_.nodes.size();
    for (std::size_t step = 1; step < count; ++step) {
        const std::size_t place = (target_ + step) % count;
        if (!down_[place] && !ignorant_[place]) {
            target_ = place;
            return;
        }
    }
    LEDGER_SOMETIMES(count > 1, "node.client.all_others_down");
    std::fill(down_.begin(), down_.end(), false);
    std::fill(ignorant_.begin(), ignorant_.end(), false);
    target_ = (target_ + 1) % count;
}

bool Client::awaits(RequestId request) const {
    return open_->phase == Phase::in_flight && request == RequestId{requests_};
}

// Whether this can be what came of the command of this stage.
bool Client::fits(const state::Outcome& outcome) const {
    if (!in_session() && !std::holds_alternative<state::RegisterSession>(open_->asked.what)) {
        return false;
    }
    const bool registers = open_->registering || !in_session();
    const bool redacts = std::holds_alternative<state::Redact>(open_->asked.what);
    if (std::holds_alternative<state::Appended>(outcome)) {
        return !registers && !redacts;
    }
    if (std::holds_alternative<state::Redacted>(outcome) ||
        std::holds_alternative<state::NoSuchEvents>(outcome)) {
        return !registers && redacts;
    }
    return registers || !std::holds_alternative<state::SessionRegistered>(outcome);
}

// Whether it is a command that has to be executed exactly once.
bool Client::in_session() const {
    return std::holds_alternative<state::Append>(open_->asked.what) ||
           std::holds_alternative<state::Redact>(open_->asked.what);
}

bool Client::is_change() const {
    return std::holds_alternative<ChangeMembership>(open_->asked.what);
}

bool Client::is_transfer() const {
    return std::holds_alternative<TransferLeadership>(open_->asked.what);
}

// --- endings ------------------------------------------------------------------------------------

void Client::give_up(NodeId from, std::string reason) {
    const bool query = std::holds_alternative<state::Query>(open_->asked.what);
    end({.ending = open_->maybe_executed && !query ? Ending::unknown : Ending::failed,
        .node = from, .reason = std::move(reason)});
}

// Somebody speaks another protocol: nothing is known of the command.
void Client::give_up_confused(NodeId from) {
    open_->maybe_executed |= !open_->registering;
    give_up(from, "an answer that does not fit the request");
}

void Client::end(Done&& done) {
    LEDGER_ASSERT(open_);
    done.operation = open_->asked.operation;
    done.attempts = open_->attempts;
    done.overloaded = open_->overloaded && done.node == NodeId{};
    if (in_session()) {
        const auto* append = std::get_if<state::Append>(&open_->asked.what);
        const auto* redact = std::get_if<state::Redact>(&open_->asked.what);
        done.session = append != nullptr ? append->session : redact->session;
        done.sequence = append != nullptr ? append->sequence : redact->sequence;
        if (done.ending == Ending::unknown) {
            // Nothing may acknowledge this sequence, and a later one would: the session ends.
            LEDGER_SOMETIMES(true, "node.client.unknown_outcome");
            session_ = {};
        }
    }
    target_ = wrote_to_.value_or(target_);
    wrote_to_.reset();
    done.what = std::move(open_->asked.what);
    open_.reset();
    effects_.emplace_back(std::move(done));
}

}  // namespace ledger::node::client
