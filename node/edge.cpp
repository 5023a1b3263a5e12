#include "node/edge.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "log/state/command.h"
#include "log/state/query.h"
#include "node/wire_size.h"

namespace ledger::node::edge {

Edge::Edge(const EdgeLimits& limits) : limits_(limits) {
    LEDGER_ASSERT(limits_.client_requests_max >= 1);
    LEDGER_ASSERT(limits_.pages_max >= 1);
    LEDGER_ASSERT(limits_.page_events_max >= 1);
}

std::span<Effect> Edge::step(Instant now, Event&& event) {
    LEDGER_ASSERT(now >= now_);
    now_ = now;
    effects_.clear();
    std::visit([this](auto&& happened) { on(std::move(happened)); }, std::move(event));
    fetch_pages();
    plan_wake();
    return effects_;
}

// --- requests -----------------------------------------------------------------------------------

void Edge::on(Requested&& event) {
    LEDGER_ASSERT(event.client != ClientId{});
    LEDGER_ASSERT(!sessions_[event.client].paused);
    const ClientId client = event.client;
    if (auto* wanted = std::get_if<Subscribe>(&event.request.operation)) {
        subscribe(client, event.request.id, std::move(*wanted));
    } else if (const auto* grant = std::get_if<Grant>(&event.request.operation)) {
        this->grant(client, *grant);
    } else if (const auto* ending = std::get_if<Unsubscribe>(&event.request.operation)) {
        unsubscribe(client, ending->subscription);
    } else {
        admit(client, std::move(event.request));
    }
    pace(client);
}

void Edge::admit(ClientId client, ClientRequest&& request) {
    const std::uint64_t bytes = wire_size(request);
    const bool status = std::holds_alternative<StatusQuery>(request.operation);
    const bool full = requests_ >= limits_.requests_max ||
                      request_bytes_ + bytes > limits_.request_bytes_max;
    LEDGER_SOMETIMES(full, "node.edge.overloaded");
    if (full && !status) {
        deliver(client, {request.id, Overloaded{limits_.retry_after}}, true);
        return;
    }
    ++sessions_[client].unanswered;
    ++requests_;
    request_bytes_ += bytes;
    ask({.client = client, .request = request.id, .bytes = bytes}, std::move(request.operation));
}

void Edge::ask(Open open, decltype(ClientRequest::operation)&& operation) {
    LEDGER_ASSERT(open.client != ClientId{});
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(open_.size()));
        open_.emplace_back();
    }
    const std::uint32_t place = free_.back();
    free_.pop_back();
    LEDGER_ASSERT(open_[place].client == ClientId{});
    open_[place] = open;
    effects_.emplace_back(Ask{open.subscription == 0 ? open.client : ClientId{},
        ClientRequest{RequestId{place + std::uint64_t{1}}, std::move(operation)}});
}

void Edge::on(Replied&& event) {
    LEDGER_ASSERT(event.reply.id.value >= 1);
    LEDGER_ASSERT(event.reply.id.value <= open_.size());
    const auto place = static_cast<std::uint32_t>(event.reply.id.value - 1);
    const Open open = std::exchange(open_[place], Open{});
    LEDGER_ASSERT(open.client != ClientId{});  // each Ask has one Reply
    free_.push_back(place);
    if (open.subscription != 0) {
        LEDGER_ASSERT(pages_ > 0);
        --pages_;
        on_page(open.subscription, std::move(event.reply));
        return;
    }
    LEDGER_ASSERT(event.client == open.client);
    LEDGER_ASSERT(requests_ > 0);
    --requests_;
    request_bytes_ -= open.bytes;
    if (const auto session = sessions_.find(open.client); session != sessions_.end()) {
        --session->second.unanswered;
        event.reply.id = open.request;
        deliver(open.client, std::move(event.reply), true);
    }
}

// --- what goes to clients -----------------------------------------------------------------------

void Edge::deliver(ClientId client, ClientReply&& reply, bool answer) {
    const auto at = sessions_.find(client);
    LEDGER_ASSERT(at != sessions_.end());
    Session& session = at->second;
    const std::uint64_t bytes = wire_size(reply);
    const bool too_slow = !session.unread.empty() &&
                          session.unread_bytes + bytes > limits_.client_output_bytes_max;
    LEDGER_SOMETIMES(too_slow, "node.edge.client_too_slow");
    if (too_slow) {
        effects_.emplace_back(Close{client,
            "it is too slow: " + std::to_string(std::uint64_t{session.unread.size()}) +
                " answers of " + std::to_string(session.unread_bytes) + " bytes wait for it"});
        forget(at);
        return;
    }
    session.unread.push_back({bytes, answer});
    session.unread_bytes += bytes;
    session.unread_answers += answer ? 1u : 0u;
    effects_.emplace_back(Deliver{client, std::move(reply)});
}

void Edge::on(Drained&& event) {
    const auto at = sessions_.find(event.client);
    if (at == sessions_.end()) {
        return;  // we closed it, and the host had not heard of that
    }
    Session& session = at->second;
    LEDGER_ASSERT(event.deliveries <= session.unread.size());
    for (std::uint64_t left = event.deliveries; left > 0; --left) {
        const Unread& unread = session.unread.front();
        session.unread_bytes -= unread.bytes;
        session.unread_answers -= unread.answer ? 1u : 0u;
        session.unread.pop_front();
    }
    const std::vector<std::uint64_t> waiting = session.subscriptions;
    for (const std::uint64_t number : waiting) {
        make_ready(number);
    }
    pace(event.client);
}

void Edge::pace(ClientId client) {
    const auto at = sessions_.find(client);
    if (at == sessions_.end()) {
        return;
    }
    Session& session = at->second;
    const std::uint32_t in_hand = session.unanswered + session.unread_answers;
    LEDGER_ASSERT(in_hand <= limits_.client_requests_max);
    if (!session.paused && in_hand == limits_.client_requests_max) {
        LEDGER_SOMETIMES(true, "node.edge.client_paused");
        session.paused = true;
        effects_.emplace_back(PauseReading{client});
    } else if (session.paused && in_hand <= limits_.client_requests_max / 2) {
        session.paused = false;
        effects_.emplace_back(ResumeReading{client});
    }
}

void Edge::on(Closed&& event) {
    if (const auto at = sessions_.find(event.client); at != sessions_.end()) {
        forget(at);
    }
}

// What it has asked is still answered by the replica, and counts until then.
void Edge::forget(Sessions::iterator session) {
    for (const std::uint64_t number : session->second.subscriptions) {
        subscriptions_.erase(number);
    }
    sessions_.erase(session);
}

// --- subscriptions ------------------------------------------------------------------------------

std::optional<std::string> Edge::malformed(
    const Session& session, RequestId id, const Subscribe& wanted) const {
    if (wanted.stream.size() > state::stream_name_bytes_max) {
        return "the name of the stream is too long";
    }
    if (wanted.window == 0 || wanted.window > limits_.window_bytes_max) {
        return "a window has 1 to " + std::to_string(limits_.window_bytes_max) + " bytes";
    }
    const bool known = std::any_of(session.subscriptions.begin(), session.subscriptions.end(),
        [&](std::uint64_t number) { return subscriptions_.find(number)->second.id == id; });
    if (known) {
        return "there is a subscription " + std::to_string(id.value) + " already";
    }
    return std::nullopt;
}

void Edge::subscribe(ClientId client, RequestId id, Subscribe&& wanted) {
    Session& session = sessions_[client];
    if (std::optional<std::string> reason = malformed(session, id, wanted)) {
        deliver(client, {id, Refused{std::move(*reason)}}, true);
        return;
    }
    if (session.subscriptions.size() >= limits_.client_subscriptions_max ||
        subscriptions_.size() >= limits_.subscriptions_max) {
        deliver(client, {id, Overloaded{limits_.retry_after}}, true);
        return;
    }
    const std::uint64_t number = ++subscribed_;
    subscriptions_[number] = {.client = client,
        .id = id,
        .stream = std::move(wanted.stream),
        .next = wanted.now ? length_ : wanted.from,
        .window = wanted.window,
        .credit = static_cast<std::int64_t>(wanted.window)};
    session.subscriptions.push_back(number);
    make_ready(number);
}

void Edge::grant(ClientId client, const Grant& grant) {
    const std::uint64_t number = number_of(client, grant.subscription);
    if (number == 0) {
        return;  // it ended meanwhile
    }
    Subscription& subscription = subscriptions_.find(number)->second;
    const auto window = static_cast<std::int64_t>(subscription.window);
    const auto bytes = static_cast<std::int64_t>(std::min<std::uint64_t>(grant.bytes, INT32_MAX));
    // No more than the window may ever be under way, whatever is granted.
    subscription.credit = std::min(window, subscription.credit + bytes);
    make_ready(number);
}

void Edge::unsubscribe(ClientId client, RequestId id) {
    const std::uint64_t number = number_of(client, id);
    if (number != 0) {
        end(number, Ended{"unsubscribed"}, true);
    }
}

std::uint64_t Edge::number_of(ClientId client, RequestId subscription) const {
    const auto session = sessions_.find(client);
    LEDGER_ASSERT(session != sessions_.end());
    for (const std::uint64_t number : session->second.subscriptions) {
        if (subscriptions_.find(number)->second.id == subscription) {
            return number;
        }
    }
    return 0;
}

void Edge::end(
    std::uint64_t number, decltype(ClientReply::outcome)&& outcome, bool asked) {
    const auto at = subscriptions_.find(number);
    LEDGER_ASSERT(at != subscriptions_.end());
    const ClientId client = at->second.client;
    const RequestId id = at->second.id;
    std::erase(sessions_[client].subscriptions, number);
    subscriptions_.erase(at);
    deliver(client, {id, std::move(outcome)}, asked);
}

// --- pages --------------------------------------------------------------------------------------

void Edge::on(node::Advanced&& event) {
    LEDGER_ASSERT(event.length >= length_);
    length_ = event.length;
    // Whoever is told something may be closed for it: no iterator outlives a turn.
    for (auto at = subscriptions_.begin(); at != subscriptions_.end();) {
        const std::uint64_t number = at->first;
        make_ready(number);
        at = subscriptions_.upper_bound(number);
    }
}

// Room in its window, and at its client.
bool Edge::has_room(const Subscription& subscription) const {
    const auto session = sessions_.find(subscription.client);
    LEDGER_ASSERT(session != sessions_.end());
    return subscription.credit > 0 &&
           session->second.unread_bytes <= limits_.client_output_bytes_max / 2;
}

void Edge::make_ready(std::uint64_t number) {
    const auto at = subscriptions_.find(number);
    if (at == subscriptions_.end()) {
        return;
    }
    Subscription& subscription = at->second;
    if (subscription.fetching || subscription.waiting || !has_room(subscription)) {
        LEDGER_SOMETIMES(subscription.credit <= 0, "node.edge.window_closed");
        return;
    }
    if (subscription.next < length_) {
        subscription.waiting = true;
        ready_.push_back(number);
    } else if (subscription.next == length_ && !subscription.told) {
        send_page(subscription, true, {});
    }
}

void Edge::fetch_pages() {
    while (!ready_.empty() && pages_ < limits_.pages_max && fetch_from_ <= now_) {
        const std::uint64_t number = ready_.front();
        ready_.pop_front();
        const auto at = subscriptions_.find(number);
        if (at == subscriptions_.end()) {
            continue;
        }
        at->second.waiting = false;
        if (has_room(at->second)) {
            fetch(number, at->second);
        }
    }
}

void Edge::fetch(std::uint64_t number, Subscription& subscription) {
    LEDGER_ASSERT(!subscription.fetching);
    LEDGER_ASSERT(subscription.next < length_);
    subscription.fetching = true;
    ++pages_;
    Query query{.question = {}, .level = ReadLevel::applied};
    state::encode_query(
        state::Follow{.from = subscription.next,
            .stream = subscription.stream,
            .count = limits_.page_events_max,
            .bytes_max = std::min(
                limits_.page_bytes_max, static_cast<std::uint64_t>(subscription.credit))},
        query.question);
    ask({.client = subscription.client, .request = subscription.id, .bytes = 0,
            .subscription = number},
        std::move(query));
}

void Edge::on_page(std::uint64_t number, ClientReply&& reply) {
    const auto at = subscriptions_.find(number);
    if (at == subscriptions_.end()) {
        return;  // it ended meanwhile
    }
    Subscription& subscription = at->second;
    LEDGER_ASSERT(subscription.fetching);
    subscription.fetching = false;
    if (auto* answered = std::get_if<Answered>(&reply.outcome)) {
        on_answer(number, subscription, std::move(answered->answer));
    } else if (const auto* overloaded = std::get_if<Overloaded>(&reply.outcome)) {
        LEDGER_SOMETIMES(true, "node.edge.page_overloaded");
        fetch_from_ = now_ + overloaded->retry_after;
        subscription.waiting = true;
        ready_.push_front(number);
    } else if (auto* refused = std::get_if<Refused>(&reply.outcome)) {
        // Every node would say so: the subscription was refused, not merely ended here.
        end(number, Refused{std::move(refused->reason)}, false);
    } else {
        end(number, Ended{"this node cannot serve it"}, false);
    }
}

void Edge::on_answer(std::uint64_t number, Subscription& subscription, ByteVector&& answer) {
    const Result<state::AnswerSummary> page = state::summarize_answer(answer);
    if (!page) {
        end(number, Ended{"the state machine has no pages of events"}, false);
        return;
    }
    LEDGER_ASSERT(page->events == 0 || page->last >= subscription.next);
    LEDGER_ASSERT(page->length <= length_);
    if (page->events > 0) {
        subscription.next = page->last.next();
    }
    if (page->end) {
        // Below this nothing else is of the subscription.
        subscription.next = std::max(subscription.next, page->length);
    }
    if (page->events > 0) {
        send_page(subscription, subscription.next == length_, std::move(answer));
    }
    make_ready(number);
}

void Edge::send_page(Subscription& subscription, bool caught_up, ByteVector&& answer) {
    LEDGER_SOMETIMES(subscription.told && !caught_up, "node.edge.fell_behind");
    LEDGER_SOMETIMES(caught_up && !subscription.told, "node.edge.caught_up");
    subscription.told = caught_up;
    ClientReply reply{subscription.id, Page{subscription.next, caught_up, std::move(answer)}};
    subscription.credit -= static_cast<std::int64_t>(wire_size(reply));
    deliver(subscription.client, std::move(reply), false);
}

void Edge::plan_wake() {
    const Instant wake = !ready_.empty() && fetch_from_ > now_ ? fetch_from_ : never;
    if (wake != wake_) {
        wake_ = wake;
        effects_.emplace_back(WakeAt{wake});
    }
}

}  // namespace ledger::node::edge
