#include "node/subscriber.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/base/sometimes.h"
#include "node/wire_size.h"

namespace ledger::node::subscriber {

Subscriber::Subscriber(const Options& options, ChoiceSource& choices)
    : options_(options), choices_(choices), next_(options.from) {
    LEDGER_ASSERT(!options_.nodes.empty());
    LEDGER_ASSERT(options_.window_bytes >= 1);
    LEDGER_ASSERT(options_.patience > Duration{});
}

std::span<const Effect> Subscriber::step(Instant now, Event&& event) {
    LEDGER_ASSERT(now >= now_);
    now_ = now;
    effects_.clear();
    if (phase_ == Phase::finished) {
        return effects_;
    }
    std::visit([this](auto&& happened) { on(std::move(happened)); }, std::move(event));
    settle();
    plan_wake();
    return effects_;
}

// --- events -------------------------------------------------------------------------------------

void Subscriber::on(Begin&&) {
    LEDGER_ASSERT(requests_ == 0);
    heard_any_at_ = now_;
    resume_at_ = now_;
}

void Subscriber::on(Received&& event) {
    if (phase_ != Phase::following || event.from != target()) {
        return;  // of a node that was left
    }
    const std::uint64_t bytes = wire_size(event.reply);
    if (question_ && event.reply.id == *question_) {
        if (const auto* status = std::get_if<StatusAnswer>(&event.reply.outcome)) {
            on_status(*status);
        }
    } else if (event.reply.id != subscription_) {
        return;  // of an earlier subscription
    } else if (auto* page = std::get_if<Page>(&event.reply.outcome)) {
        on_page(std::move(*page), bytes);
    } else if (const auto* overloaded = std::get_if<Overloaded>(&event.reply.outcome)) {
        heard_any_at_ = now_;
        move_on(overloaded->retry_after, false);
    } else if (auto* refused = std::get_if<Refused>(&event.reply.outcome)) {
        finish(Finished::Why::refused, event.from, std::move(refused->reason));
    } else {
        // It ended, or somebody speaks another protocol: perhaps another node can serve it.
        move_on({}, false);
    }
}

void Subscriber::on_status(const StatusAnswer& status) {
    question_.reset();
    heard_at_ = now_;
    heard_any_at_ = now_;
    LEDGER_SOMETIMES(status.leader == NodeId{}, "node.subscriber.left_node_without_leader");
    if (status.leader == NodeId{}) {
        // Nothing new can come to a node that knows no leader; another one may know it.
        move_on({}, true);
    }
}

void Subscriber::on(NotSent&& event) {
    const bool ours = phase_ == Phase::following &&
                      (event.request == subscription_ || event.request == question_);
    if (ours) {
        move_on({}, false);
    }
}

void Subscriber::on(Disconnected&& event) {
    if (phase_ == Phase::following && event.node == target()) {
        move_on({}, false);
    }
}

// --- pages --------------------------------------------------------------------------------------

void Subscriber::on_page(Page&& page, std::uint64_t bytes) {
    state::Answer answer;
    if (!page.answer.empty()) {
        Result<state::Answer> decoded = state::decode_answer(page.answer);
        if (!decoded) {
            finish(Finished::Why::broken, target(), "a page that is none: " + decoded.error().place);
            return;
        }
        answer = std::move(*decoded);
    }
    if (std::optional<std::string> wrong = misfit(page, answer)) {
        finish(Finished::Why::broken, target(), std::move(*wrong));
        return;
    }
    heard_at_ = now_;
    heard_any_at_ = now_;
    question_.reset();
    if (!answer.events.empty()) {
        revision_ = answer.events.back().revision.next();
    }
    next_ = page.next;
    effects_.emplace_back(Events{target(), page.next, page.caught_up, std::move(answer.events)});
    grant(bytes);
}

std::optional<std::string> Subscriber::misfit(
    const Page& page, const state::Answer& answer) const {
    const bool all = options_.stream.empty();
    Position due = next_.value_or(page.next);
    std::optional<Revision> revision = revision_;
    for (const state::RecordedEvent& event : answer.events) {
        if (all ? event.position != due : event.position < due) {
            return fmt::format("position {} came where {} was due", event.position, due);
        }
        if (!all && event.stream != options_.stream) {
            return fmt::format("position {} is of stream {}", event.position, event.stream);
        }
        if (!all && revision && event.revision != *revision) {
            return fmt::format("revision {} of the stream came where {} was due", event.revision,
                *revision);
        }
        due = event.position.next();
        revision = event.revision.next();
    }
    if (all ? page.next != due : page.next < due) {
        return fmt::format("a page goes on with position {} where {} was due", page.next, due);
    }
    return std::nullopt;
}

void Subscriber::grant(std::uint64_t bytes) {
    taken_bytes_ += bytes;
    if (taken_bytes_ >= options_.window_bytes / 2) {
        send(RequestId{++requests_}, Grant{subscription_, std::exchange(taken_bytes_, 0)});
    }
}

// --- attempts -----------------------------------------------------------------------------------

void Subscriber::settle() {
    if (phase_ == Phase::finished) {
        return;
    }
    if (options_.give_up_after > Duration{} &&
        now_ >= heard_any_at_ + options_.give_up_after) {
        finish(Finished::Why::silent, {}, "no node has answered");
        return;
    }
    if (phase_ == Phase::following && question_ && now_ >= heard_at_ + options_.patience) {
        LEDGER_SOMETIMES(true, "node.subscriber.left_silent_node");
        move_on({}, true);
    } else if (phase_ == Phase::following && !question_ && now_ >= heard_at_ + options_.quiet) {
        question_ = RequestId{++requests_};
        heard_at_ = now_;
        send(*question_, StatusQuery{});
    } else if (phase_ == Phase::backing_off && now_ >= resume_at_) {
        attempt();
    }
}

void Subscriber::attempt() {
    LEDGER_ASSERT(phase_ == Phase::backing_off);
    phase_ = Phase::following;
    resume_at_ = never;
    question_.reset();
    heard_at_ = now_;
    taken_bytes_ = 0;
    subscription_ = RequestId{++requests_};
    send(subscription_, Subscribe{.now = !next_,
                            .from = next_.value_or(Position{}),
                            .stream = options_.stream,
                            .window = options_.window_bytes});
}

void Subscriber::move_on(Duration at_least, bool told) {
    LEDGER_ASSERT(phase_ == Phase::following);
    if (told) {
        send(RequestId{++requests_}, Unsubscribe{subscription_});
    }
    target_ = (target_ + 1) % options_.nodes.size();
    const auto half = static_cast<std::uint64_t>((options_.back_off / 2).nanoseconds);
    ++draws_;
    const std::uint64_t drawn =
        choices_.choose(Site::subscriber_backoff, options_.entity, draws_, half + 1);
    const Duration pause = options_.back_off / 2 + nanoseconds(static_cast<std::int64_t>(drawn));
    phase_ = Phase::backing_off;
    question_.reset();
    resume_at_ = now_ + std::max(pause, at_least);
}

void Subscriber::send(RequestId id, decltype(ClientRequest::operation)&& operation) {
    effects_.emplace_back(SendRequest{target(), ClientRequest{id, std::move(operation)}});
}

void Subscriber::finish(Finished::Why why, NodeId node, std::string reason) {
    phase_ = Phase::finished;
    effects_.emplace_back(Finished{why, node, std::move(reason)});
}

void Subscriber::plan_wake() {
    Instant wake = resume_at_;
    if (phase_ == Phase::following) {
        wake = heard_at_ + (question_ ? options_.patience : options_.quiet);
    }
    if (options_.give_up_after > Duration{}) {
        wake = std::min(wake, heard_any_at_ + options_.give_up_after);
    }
    if (phase_ == Phase::finished) {
        wake = never;
    }
    if (wake != wake_) {
        wake_ = wake;
        effects_.emplace_back(WakeAt{wake});
    }
}

}  // namespace ledger::node::subscriber
