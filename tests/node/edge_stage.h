#pragma once
// EdgeStage: an edge with a replica and clients played by the test.

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "log/state/query.h"
#include "node/edge.h"
#include "node/wire_size.h"

namespace ledger::node::edge {

// The events that the replica has applied: even positions are of stream "even", the others of
// "odd". A page holds as many as fit into its bytes, one at least.
inline state::Answer answer_of(const state::Follow& follow, std::uint64_t length) {
    constexpr std::uint64_t body_bytes = 100;
    state::Answer answer;
    answer.length = Position{length};
    answer.end = true;
    for (std::uint64_t at = follow.from.value; at < length; ++at) {
        const std::string stream = at % 2 == 0 ? "even" : "odd";
        if (!follow.stream.empty() && follow.stream != stream) {
            continue;
        }
        const bool fits = (answer.events.size() + 1) * body_bytes <= follow.bytes_max;
        if (answer.events.size() == follow.count || (!answer.events.empty() && !fits)) {
            answer.end = false;
            break;
        }
        answer.events.push_back({.position = Position{at},
            .revision = Revision{at / 2},
            .stream = stream,
            .id = {1, at},
            .type = "t",
            .metadata = {},
            .payload = ByteVector(32)});
    }
    return answer;
}

class EdgeStage {
  public:
    explicit EdgeStage(const EdgeLimits& limits = {}) : edge(limits) {}

    void step(Event&& event) {
        for (Effect& effect : edge.step(now, std::move(event))) {
            if (auto* ask = std::get_if<Ask>(&effect)) {
                asked.push_back(std::move(*ask));
            } else if (auto* deliver = std::get_if<Deliver>(&effect)) {
                delivered[deliver->client].push_back(std::move(deliver->reply));
            } else if (const auto* pause = std::get_if<PauseReading>(&effect)) {
                REQUIRE_FALSE(paused[pause->client]);
                paused[pause->client] = true;
            } else if (const auto* resume = std::get_if<ResumeReading>(&effect)) {
                REQUIRE(paused[resume->client]);
                paused[resume->client] = false;
            } else if (auto* close = std::get_if<Close>(&effect)) {
                closed[close->client] = std::move(close->reason);
            } else if (const auto* wake_at = std::get_if<WakeAt>(&effect)) {
                wake = wake_at->deadline;
            }
        }
    }
    void request(std::uint64_t client, std::uint64_t id,
        decltype(ClientRequest::operation) operation) {
        step(Requested{ClientId{client}, {RequestId{id}, std::move(operation)}});
    }
    void reply(const Ask& to, decltype(ClientReply::outcome) outcome) {
        step(Replied{to.client, {to.request.id, std::move(outcome)}});
    }
    Ask take_asked(std::size_t place = 0) {
        REQUIRE(place < asked.size());
        Ask ask = std::move(asked[place]);
        asked.erase(asked.begin() + static_cast<std::ptrdiff_t>(place));
        return ask;
    }
    // The replica answers this page as of when it was asked, or later.
    void answer_page(const Ask& ask) {
        REQUIRE(ask.client == ClientId{});
        const auto* query = std::get_if<Query>(&ask.request.operation);
        REQUIRE(query != nullptr);
        REQUIRE(query->level == ReadLevel::applied);
        const auto question = state::decode_query(query->question);
        REQUIRE(question.has_value());
        const auto* follow = std::get_if<state::Follow>(&*question);
        REQUIRE(follow != nullptr);
        Answered answered{Index{1}, {}};
        state::encode_answer(answer_of(*follow, length), answered.answer);
        reply(ask, std::move(answered));
    }
    void answer_pages() {
        while (!asked.empty()) {
            answer_page(take_asked());
        }
    }
    void advance(std::uint64_t to) {
        length = to;
        step(node::Advanced{Index{to + 1}, Position{to}});
    }
    void drain(std::uint64_t client, std::uint64_t deliveries) {
        step(Drained{ClientId{client}, deliveries});
    }
    const std::vector<ClientReply>& to(std::uint64_t client) {
        return delivered[ClientId{client}];
    }
    const Page* page(std::uint64_t client, std::size_t place) {
        const auto& replies = to(client);
        return place < replies.size() ? std::get_if<Page>(&replies[place].outcome) : nullptr;
    }
    // The positions that a client was sent, in the order of the pages.
    std::vector<std::uint64_t> positions(std::uint64_t client) {
        std::vector<std::uint64_t> all;
        for (const ClientReply& reply : to(client)) {
            const auto* page = std::get_if<Page>(&reply.outcome);
            if (page == nullptr || page->answer.empty()) {
                continue;
            }
            const auto answer = state::decode_answer(page->answer);
            REQUIRE(answer.has_value());
            for (const state::RecordedEvent& event : answer->events) {
                all.push_back(event.position.value);
            }
        }
        return all;
    }

    Edge edge;
    Instant now{1000};
    Instant wake = never;
    std::uint64_t length = 0;
    std::deque<Ask> asked;
    std::map<ClientId, std::vector<ClientReply>> delivered;
    std::map<ClientId, bool> paused;
    std::map<ClientId, std::string> closed;
};

}  // namespace ledger::node::edge
