#include "sim/client_host.h"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace ledger::sim {
namespace {

using node::client::Done;
using node::client::Ending;
using node::client::What;

constexpr NodeId n1{1};
constexpr NodeId n2{2};
constexpr NodeId n3{3};

state::Append append_of(std::uint64_t id) {
    state::Append append;
    append.streams = {{"orders", {}}};
    append.events.push_back({.stream = 0, .id = {7, id}, .type = "placed"});
    return append;
}

// Work from a list; remembers how it ended.
class ListSource final : public OperationSource {
  public:
    std::optional<What> next(std::uint32_t) override {
        if (work.empty()) {
            return std::nullopt;
        }
        What what = std::move(work.front());
        work.pop_front();
        return what;
    }
    void ended(std::uint32_t, const Done& done) override { ends.push_back(done); }
    Duration timeout() const override { return patience; }
    bool finished() const override { return work.empty(); }

    std::deque<What> work;
    std::vector<Done> ends;
    Duration patience = seconds(1);
};

// The world as the host sees it, played by the test.
class Stage final : public ClientPort {
  public:
    struct Sent {
        NodeId to;
        std::uint64_t connection = 0;
        RequestId id;
        std::optional<state::Command> command;  // nothing: a query
    };
    struct Attempt {
        ClientId client;
        NodeId to;
        std::uint32_t number = 0;
        Sequence sequence;
        std::optional<check::Answer> answer;
    };

    explicit Stage(std::uint32_t appends, std::uint32_t lane = 0)
        : host(lane, profile, choices, source, *this) {
        for (std::uint64_t id = 1; id <= appends; ++id) {
            source.work.emplace_back(append_of(id));
        }
    }

    Instant now() const override { return now_; }
    void connect(std::uint32_t, NodeId to) override { connecting.push_back(to); }
    void request(std::uint32_t, NodeId to, std::uint64_t connection,
        node::ClientRequest&& request) override {
        Sent one{to, connection, request.id, {}};
        if (const auto* command = std::get_if<node::Command>(&request.operation)) {
            auto decoded =
                state::decode_command(command->body.envelope(), command->body.erasable());
            REQUIRE(static_cast<bool>(decoded));
            one.command = std::move(*decoded);
        }
        sent.push_back(std::move(one));
    }
    void timer(std::uint32_t, Instant at, std::uint64_t generation) override {
        REQUIRE(at >= now_);
        REQUIRE(timers.emplace(generation, at).second);
    }
    ClientId next_client_id() override { return ClientId{++client_ids}; }
    check::OperationId called(
        ClientId client, NodeId to, const What& what, std::uint32_t number) override {
        const auto* append = std::get_if<state::Append>(&what);
        attempts.push_back(
            {client, to, number, append != nullptr ? append->sequence : Sequence{}, {}});
        return check::OperationId{attempts.size()};
    }
    void redacted(const state::Redact& redact) override { told.push_back(redact); }
    void returned(check::OperationId attempt, check::Answer&& answer) override {
        Attempt& open = attempts.at(attempt.value - 1);
        REQUIRE_FALSE(open.answer);  // every attempt is answered once
        open.answer = std::move(answer);
    }

    std::vector<state::Redact> told;  // that took effect

    // The newest timer is the only one that counts.
    void fire() {
        REQUIRE_FALSE(timers.empty());
        const auto [generation, at] = *timers.rbegin();
        timers.erase(generation);
        now_ = std::max(now_, at);
        host.on_timer(generation);
    }
    void connected() {
        const NodeId node = connecting.front();
        connecting.pop_front();
        host.on_connected(node);
    }
    void refused() {
        const NodeId node = connecting.front();
        connecting.pop_front();
        host.on_refused(node);
    }
    // Until the next request is on its way.
    void proceed() {
        const std::size_t before = sent.size();
        for (int turn = 0; sent.size() == before; ++turn) {
            REQUIRE(turn < 10);
            if (connecting.empty()) {
                fire();
            } else {
                connected();
            }
        }
    }
    void reply(RequestId id, decltype(node::ClientReply::outcome) outcome) {
        host.on_reply(sent.back().to, {id, std::move(outcome)});
    }
    void reply(decltype(node::ClientReply::outcome) outcome) {
        reply(sent.back().id, std::move(outcome));
    }
    static node::Applied applied(const state::Outcome& outcome) {
        ByteVector bytes;
        state::encode_outcome(outcome, bytes);
        return {Index{1}, bytes};
    }
    void open_session(std::uint64_t session = 5) {
        proceed();
        REQUIRE(std::holds_alternative<state::RegisterSession>(*sent.back().command));
        reply(applied(state::SessionRegistered{SessionId{session}}));
        REQUIRE(sent.back().command);
    }
    const state::Append& last_append() const {
        REQUIRE(sent.back().command);
        const auto* append = std::get_if<state::Append>(&*sent.back().command);
        REQUIRE(append != nullptr);
        return *append;
    }
    template <typename Answer>
    bool answered(std::size_t attempt) const {
        const auto& answer = attempts.at(attempt).answer;
        return answer && std::holds_alternative<Answer>(*answer);
    }
    // Lets the operation at work run out of time.
    void run_out() {
        const std::size_t before = source.ends.size();
        while (source.ends.size() == before) {
            if (connecting.empty()) {
                fire();
            } else {
                connected();
            }
        }
    }

    static state::Appended done() {
        return {.first = Position{0}, .events = 1, .revisions = {Revision{0}}};
    }

    Profile profile;
    SeededChoices choices{1};
    ListSource source;
    std::deque<NodeId> connecting;
    std::vector<Sent> sent;
    std::vector<Attempt> attempts;
    std::map<std::uint64_t, Instant> timers;
    std::uint64_t client_ids = 0;
    ClientHost host;

  private:
    Instant now_;
};

}  // namespace

TEST_CASE("client host: a redaction that took effect is told", "[sim]") {
    Stage stage(0);
    state::Redact redact;
    redact.positions = {Position{4}};
    stage.source.work.emplace_back(redact);
    stage.source.work.emplace_back(redact);
    stage.host.start();
    stage.open_session();
    stage.reply(Stage::applied(state::NoSuchEvents{{Position{4}}, Position{}, Position{3}}));
    CHECK(stage.told.empty());
    stage.proceed();
    stage.reply(Stage::applied(state::Redacted{0}));
    REQUIRE(stage.told.size() == 1);
    CHECK(stage.told[0].positions == redact.positions);
    CHECK(stage.attempts.empty());  // it is no operation of the history
}

TEST_CASE("client host: it thinks, connects, and sends what waited for the connection", "[sim]") {
    Stage stage(1);
    stage.host.start();
    CHECK(stage.connecting.empty());
    stage.fire();
    REQUIRE(stage.connecting == std::deque<NodeId>{n1});
    CHECK(stage.sent.empty());
    CHECK(stage.host.links().connection(n1) == 0);
    stage.open_session(9);
    CHECK(stage.host.links().connection(n1) == 1);
    CHECK(stage.connecting.empty());  // one connection serves all requests
    CHECK(stage.last_append().session == SessionId{9});
    CHECK(stage.sent.back().connection == 1);
    stage.reply(Stage::applied(Stage::done()));
    REQUIRE(stage.source.ends.size() == 1);
    CHECK(stage.source.ends[0].ending == Ending::done);
    CHECK(stage.source.ends[0].node == n1);
    CHECK(stage.host.idle());
    // The registration is no operation of the history.
    REQUIRE(stage.attempts.size() == 1);
    CHECK(stage.attempts[0].to == n1);
    CHECK(stage.attempts[0].number == 1);
    CHECK(stage.attempts[0].sequence == Sequence{1});
    CHECK(stage.answered<check::Acknowledged>(0));
}

TEST_CASE("client host: every lane asks another node first", "[sim]") {
    for (std::uint32_t lane = 0; lane < 4; ++lane) {
        Stage stage(1, lane);
        stage.host.start();
        stage.fire();
        CHECK(stage.connecting == std::deque<NodeId>{NodeId{lane % 3 + 1}});
    }
}

TEST_CASE("client host: where nobody listens nothing was sent", "[sim]") {
    Stage stage(1);
    stage.host.start();
    stage.open_session();
    stage.reply(node::Redirect{n3});  // followed at once
    stage.refused();
    CHECK(stage.answered<check::Refused>(1));
    CHECK(stage.host.links().connection(n3) == 0);
    stage.proceed();
    CHECK(stage.sent.back().to == n1);
    CHECK(stage.attempts.size() == 3);
    stage.run_out();
    CHECK(stage.source.ends[0].ending == Ending::unknown);
}

TEST_CASE("client host: what was on a connection that died may have been executed", "[sim]") {
    Stage stage(2);
    stage.host.start();
    stage.open_session();
    CHECK(stage.host.links().carries(n1, 1));
    CHECK(stage.host.links().cut(n1) == 1);
    CHECK_FALSE(stage.host.links().carries(n1, 1));
    CHECK(stage.host.links().connection(n1) == 1);  // the client has not noticed
    stage.host.on_disconnected(n1, 1);
    CHECK(stage.host.links().connection(n1) == 0);
    stage.proceed();
    CHECK(stage.sent.back().to == n2);
    CHECK(stage.last_append().sequence == Sequence{1});
    CHECK_FALSE(stage.attempts[0].answer);
    stage.reply(Stage::applied(Stage::done()));
    CHECK(stage.answered<check::Unknown>(0));
    CHECK(stage.answered<check::Acknowledged>(1));
    CHECK(stage.source.ends.at(0).attempts == 3);
    // Sent back there it opens another connection; news of the first one are old.
    stage.proceed();
    stage.reply(node::Redirect{n1});
    stage.proceed();
    CHECK(stage.host.links().carries(n1, 2));
    CHECK_FALSE(stage.host.links().carries(n1, 1));
    stage.host.on_disconnected(n1, 1);
    CHECK(stage.host.links().connection(n1) == 2);
    CHECK(stage.host.links().cut(n3) == 0);
}

TEST_CASE("client host: an answer counts for the attempt that it belongs to", "[sim]") {
    Stage stage(1);
    stage.source.patience = seconds(10);
    stage.host.start();
    stage.open_session();
    const RequestId early = stage.sent.back().id;
    stage.proceed();  // no answer in time
    REQUIRE(stage.attempts.size() == 2);
    CHECK_FALSE(stage.attempts[0].answer);
    SECTION("late and final") {
        stage.reply(early, Stage::applied(Stage::done()));
        CHECK(stage.answered<check::Acknowledged>(0));
        CHECK(stage.answered<check::Unknown>(1));
        CHECK(stage.source.ends.at(0).ending == Ending::done);
    }
    SECTION("late and of no use to the client") {
        stage.reply(early, node::Redirect{n3});
        CHECK(stage.answered<check::Refused>(0));
        CHECK_FALSE(stage.attempts[1].answer);
        CHECK(stage.source.ends.empty());
    }
    SECTION("after the end") {
        stage.reply(Stage::applied(Stage::done()));
        stage.reply(early, Stage::applied(Stage::done()));
        stage.reply(Stage::applied(Stage::done()));
        CHECK(stage.answered<check::Unknown>(0));
        CHECK(stage.answered<check::Acknowledged>(1));
        CHECK(stage.source.ends.size() == 1);
    }
}

TEST_CASE("client host: each attempt is told what its own reply says", "[sim]") {
    Stage stage(1);
    stage.source.patience = seconds(10);
    stage.host.start();
    stage.open_session();
    const std::vector<decltype(node::ClientReply::outcome)> replies = {node::Redirect{},
        node::Overloaded{milliseconds(1)}, node::Indeterminate{}};
    for (const auto& outcome : replies) {
        stage.reply(outcome);
        stage.proceed();
    }
    stage.reply(Stage::applied(state::Conflict{.checks = {}, .at = Position{4}}));
    REQUIRE(stage.attempts.size() == 4);
    CHECK(stage.answered<check::Refused>(0));
    CHECK(stage.answered<check::Refused>(1));
    CHECK(stage.answered<check::Unknown>(2));
    CHECK(stage.answered<check::Conflicted>(3));
    for (std::uint32_t number = 1; number <= 4; ++number) {
        CHECK(stage.attempts[number - 1].number == number);
    }
    CHECK(stage.source.ends.at(0).ending == Ending::failed);
}

TEST_CASE("client host: a session that is gone is a refusal of the attempt alone", "[sim]") {
    Stage stage(1);
    stage.host.start();
    stage.open_session();
    stage.reply(Stage::applied(state::SessionExpired{}));
    CHECK(stage.answered<check::Refused>(0));
    CHECK(stage.source.ends.empty());  // nothing was written: it gets another session
    stage.open_session(11);
    CHECK(stage.last_append().session == SessionId{11});
    stage.reply(node::Indeterminate{});
    stage.proceed();
    stage.reply(Stage::applied(state::SessionExpired{}));
    CHECK(stage.answered<check::Unknown>(1));
    CHECK(stage.answered<check::Refused>(2));
    CHECK(stage.source.ends.at(0).ending == Ending::unknown);
}

TEST_CASE("client host: after an unknown outcome it is another client", "[sim]") {
    Stage stage(2);
    stage.host.start();
    stage.open_session(5);
    stage.run_out();
    REQUIRE(stage.source.ends.size() == 1);
    CHECK(stage.source.ends[0].ending == Ending::unknown);
    CHECK(stage.client_ids == 2);
    for (const Stage::Attempt& attempt : stage.attempts) {
        CHECK(attempt.client == ClientId{1});
        REQUIRE(attempt.answer);
        CHECK(std::holds_alternative<check::Unknown>(*attempt.answer));
    }
    const std::size_t before = stage.attempts.size();
    stage.open_session(8);
    CHECK(stage.last_append().session == SessionId{8});
    CHECK(stage.last_append().acknowledged_through == Sequence{0});
    REQUIRE(stage.attempts.size() == before + 1);
    CHECK(stage.attempts.back().client == ClientId{2});
    CHECK(stage.attempts.back().number == 1);
}

TEST_CASE("client host: it tries as long as its source is patient", "[sim]") {
    Stage stage(1);
    stage.source.patience = seconds(3600);
    stage.host.start();
    stage.open_session();
    for (int attempt = 0; attempt < 1000; ++attempt) {
        stage.reply(node::Redirect{});
        stage.proceed();
    }
    CHECK(stage.source.ends.empty());
    CHECK(stage.attempts.size() == 1001);
    stage.reply(Stage::applied(Stage::done()));
    CHECK(stage.source.ends.at(0).ending == Ending::done);
}

TEST_CASE("client host: a read is judged by what it saw", "[sim]") {
    Stage stage(0);
    stage.source.work.emplace_back(state::Query{state::ReadAll{{}, state::Direction::forward, 9}});
    stage.source.work.emplace_back(
        state::Query{state::ReadStream{"orders", {}, state::Direction::forward, 9}});
    stage.host.start();
    stage.proceed();
    CHECK_FALSE(stage.sent.back().command);
    stage.run_out();
    CHECK(stage.source.ends.at(0).ending == Ending::failed);
    CHECK(stage.client_ids == 1);  // nothing can come of it later
    CHECK(stage.answered<check::Unknown>(0));
    stage.proceed();
    state::Answer answer{.length = Position{3}, .stream_exists = true, .stream_length = 2,
        .end = true, .events = {}};
    answer.events.push_back({.position = Position{2}, .revision = Revision{1}, .id = {7, 1}});
    ByteVector bytes;
    state::encode_answer(answer, bytes);
    stage.reply(node::Answered{Index{4}, bytes});
    REQUIRE(stage.source.ends.size() == 2);
    CHECK(*stage.source.ends[1].answer == answer);
    REQUIRE(stage.answered<check::ReadAnswer>(stage.attempts.size() - 1));
    const auto& seen = *std::get_if<check::ReadAnswer>(&*stage.attempts.back().answer);
    CHECK(seen.length == 3);
    CHECK(seen.stream_length == 2);
    CHECK(seen.end);
    CHECK(seen.events == std::vector<check::SeenEvent>{{Position{2}, Revision{1}, EventId{7, 1}}});
    CHECK(stage.host.idle());
}

TEST_CASE("client host: old timers do nothing", "[sim]") {
    Stage stage(1);
    stage.host.start();
    const std::uint64_t thinking = stage.timers.rbegin()->first;
    stage.open_session();
    const std::size_t sent = stage.sent.size();
    const std::uint64_t newest = stage.timers.rbegin()->first;
    for (std::uint64_t generation = thinking; generation < newest; ++generation) {
        stage.host.on_timer(generation);
    }
    CHECK(stage.sent.size() == sent);
    CHECK(stage.source.ends.empty());
}

}  // namespace ledger::sim
