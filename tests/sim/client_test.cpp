#include "sim/client.h"

#include <deque>
#include <optional>
#include <vector>

#include <catch2/catch.hpp>

namespace ledger::sim {
namespace {

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
    std::optional<decltype(Operation::what)> next(std::uint32_t) override {
        if (work.empty()) {
            return std::nullopt;
        }
        auto what = std::move(work.front());
        work.pop_front();
        return what;
    }
    void ended(std::uint32_t, const Operation& operation, const OperationEnd& end) override {
        operations.push_back(operation);
        ends.push_back(end);
    }
    bool may_give_up() const override { return gives_up; }
    bool finished() const override { return work.empty(); }

    std::deque<decltype(Operation::what)> work;
    std::vector<Operation> operations;
    std::vector<OperationEnd> ends;
    bool gives_up = true;
};

// The world as the client sees it, played by the test.
class Stage final : public ClientPort {
  public:
    struct Sent {
        NodeId to;
        RequestId id;
        std::optional<state::Command> command;  // nothing: a query
    };

    explicit Stage(std::uint32_t appends) {
        for (std::uint64_t id = 1; id <= appends; ++id) {
            source.work.emplace_back(append_of(id));
        }
        profile.workload.attempts_max = 4;
    }

    Instant now() const override { return now_; }
    void request(std::uint32_t, NodeId to, node::ClientRequest&& request) override {
        Sent one{to, request.id, {}};
        if (const auto* command = std::get_if<node::Command>(&request.operation)) {
            auto decoded = state::decode_command(command->body.envelope(), command->body.erasable());
            REQUIRE(static_cast<bool>(decoded));
            one.command = std::move(*decoded);
        }
        sent.push_back(std::move(one));
    }
    void timer(std::uint32_t, Instant at, std::uint64_t generation) override {
        REQUIRE(at >= now_);
        timer_at = at;
        timer_generation = generation;
    }
    std::uint64_t next_operation_id() override { return ++operation_ids; }
    ClientId next_client_id() override { return ClientId{++client_ids}; }
    void called(const Operation& operation, std::uint32_t attempt) override {
        REQUIRE_FALSE(open);
        open = operation.id;
        attempts.push_back(attempt);
    }
    void returned(const Operation& operation, NodeId, check::Answer&& answer) override {
        REQUIRE(open == operation.id);  // every attempt is answered once, before the next one
        open.reset();
        answers.push_back(std::move(answer));
    }

    void fire() {
        now_ = timer_at;
        client.on_timer(timer_generation);
    }
    void reply(NodeId from, decltype(node::ClientReply::outcome) outcome) {
        client.on_reply(from, {sent.back().id, std::move(outcome)});
    }
    void reply_outcome(NodeId from, const state::Outcome& outcome) {
        ByteVector bytes;
        state::encode_outcome(outcome, bytes);
        reply(from, node::Applied{Index{1}, bytes});
    }
    // Lets the client think and open its session.
    void open_session(std::uint64_t session = 5) {
        fire();
        REQUIRE(std::holds_alternative<state::RegisterSession>(*sent.back().command));
        reply_outcome(sent.back().to, state::SessionRegistered{SessionId{session}});
        fire();
    }
    const state::Append& last_append() const {
        REQUIRE(sent.back().command);
        const auto* append = std::get_if<state::Append>(&*sent.back().command);
        REQUIRE(append != nullptr);
        return *append;
    }
    static state::Appended done() {
        return {.first = Position{0}, .events = 1, .revisions = {Revision{0}}};
    }

    Profile profile;
    SeededChoices choices{1};
    ListSource source;
    Client client{0, profile, choices, source, *this};

    std::vector<Sent> sent;
    std::vector<std::uint32_t> attempts;
    std::vector<check::Answer> answers;
    std::optional<std::uint64_t> open;
    Instant timer_at;
    std::uint64_t timer_generation = 0;
    std::uint64_t operation_ids = 0;
    std::uint64_t client_ids = 0;

  private:
    Instant now_;
};

}  // namespace

TEST_CASE("client: it opens a session before its first append", "[sim]") {
    Stage stage(1);
    stage.client.start();
    CHECK(stage.sent.empty());  // it thinks first
    stage.open_session(9);
    CHECK(stage.last_append().session == SessionId{9});
    CHECK(stage.last_append().sequence == Sequence{1});
    CHECK(stage.last_append().acknowledged_through == Sequence{0});
    CHECK(stage.attempts == std::vector<std::uint32_t>{1});
    stage.reply_outcome(n1, Stage::done());
    REQUIRE(stage.source.ends.size() == 1);
    CHECK(stage.source.ends[0].ending == Ending::ok);
    CHECK(stage.source.ends[0].node == n1);
    CHECK(stage.source.ends[0].attempts == 1);
    CHECK(stage.client.idle());
}

TEST_CASE("client: it goes where it is sent, and on when nobody knows", "[sim]") {
    Stage stage(1);
    stage.client.start();
    stage.open_session();
    CHECK(stage.sent.back().to == n1);
    stage.reply(n1, node::Redirect{n3});
    stage.fire();
    CHECK(stage.sent.back().to == n3);
    // No leader known, and a node that names itself without leading: the next one.
    stage.reply(n3, node::Redirect{});
    stage.fire();
    CHECK(stage.sent.back().to == n1);
    stage.reply(n1, node::Redirect{n1});
    stage.fire();
    CHECK(stage.sent.back().to == n2);
    CHECK(stage.attempts == std::vector<std::uint32_t>{1, 2, 3, 4});
}

TEST_CASE("client: it repeats an attempt with the same session, sequence and bytes", "[sim]") {
    Stage stage(1);
    stage.client.start();
    stage.open_session();
    const state::Append first = stage.last_append();
    stage.fire();  // the time-out
    const NodeId silent = stage.sent.back().to;
    stage.fire();  // the back-off
    CHECK(stage.last_append() == first);
    CHECK(stage.sent.back().to != silent);
    CHECK(stage.sent.back().id != stage.sent[stage.sent.size() - 2].id);
    stage.reply(n2, node::Indeterminate{});
    stage.fire();
    CHECK(stage.last_append() == first);
    stage.reply_outcome(n2, Stage::done());
    REQUIRE(stage.source.ends.size() == 1);
    CHECK(stage.source.ends[0].ending == Ending::ok);
    CHECK(stage.source.ends[0].attempts == 3);
    REQUIRE(stage.answers.size() == 3);
    CHECK(std::holds_alternative<check::Unknown>(stage.answers[0]));
    CHECK(std::holds_alternative<check::Unknown>(stage.answers[1]));
    CHECK(std::holds_alternative<check::Acknowledged>(stage.answers[2]));
}

TEST_CASE("client: it never acknowledges a sequence whose outcome it does not know", "[sim]") {
    Stage stage(4);
    stage.client.start();
    stage.open_session();
    for (std::uint64_t number = 1; number <= 4; ++number) {
        CHECK(stage.last_append().sequence == Sequence{number});
        CHECK(stage.last_append().acknowledged_through == Sequence{number - 1});
        if (number == 2) {
            stage.reply_outcome(n1, state::Conflict{});  // also an outcome
            CHECK(stage.source.ends.back().ending == Ending::failed);
        } else {
            stage.reply_outcome(n1, Stage::done());
        }
        if (number < 4) {
            stage.fire();
        }
    }
    CHECK(stage.client.idle());
}

TEST_CASE("client: after an unknown outcome it is another client with another session", "[sim]") {
    Stage stage(2);
    stage.client.start();
    stage.open_session(5);
    for (int attempt = 0; attempt < 4; ++attempt) {
        stage.fire();  // time-out
        if (attempt < 3) {
            stage.fire();  // back-off
        }
    }
    REQUIRE(stage.source.ends.size() == 1);
    CHECK(stage.source.ends[0].ending == Ending::unknown);
    CHECK(stage.source.ends[0].attempts == 4);
    CHECK_FALSE(stage.open);
    CHECK(stage.client_ids == 2);
    stage.open_session(8);
    CHECK(stage.last_append().session == SessionId{8});
    CHECK(stage.last_append().sequence == Sequence{1});
    stage.reply_outcome(n1, Stage::done());
    CHECK(stage.source.operations[0].client == ClientId{1});
    CHECK(stage.source.operations[1].client == ClientId{2});
}

TEST_CASE("client: a failure is definite only if no attempt can have been executed", "[sim]") {
    const bool one_may_have_been = GENERATE(false, true);
    Stage stage(1);
    stage.client.start();
    stage.open_session();
    for (int attempt = 0; attempt < 4; ++attempt) {
        if (one_may_have_been && attempt == 1) {
            stage.reply(n1, node::Indeterminate{});
        } else if (attempt % 2 == 0) {
            stage.reply(n1, node::Redirect{});
        } else {
            stage.reply(n1, node::Overloaded{milliseconds(1)});
        }
        if (attempt < 3) {
            stage.fire();
        }
    }
    REQUIRE(stage.source.ends.size() == 1);
    CHECK(stage.source.ends[0].ending ==
          (one_may_have_been ? Ending::unknown : Ending::failed));
    CHECK(stage.client_ids == (one_may_have_been ? 2 : 1));
}

TEST_CASE("client: a refusal says nothing of an earlier attempt", "[sim]") {
    const bool timed_out = GENERATE(false, true);
    Stage stage(1);
    stage.client.start();
    stage.open_session();
    if (timed_out) {
        stage.fire();
        stage.fire();
    }
    stage.reply(n2, node::Refused{"too large"});
    REQUIRE(stage.source.ends.size() == 1);
    CHECK(stage.source.ends[0].ending == (timed_out ? Ending::unknown : Ending::failed));
    CHECK(stage.client.idle());
}

TEST_CASE("client: a lost session is a definite failure only for a first attempt", "[sim]") {
    const bool timed_out = GENERATE(false, true);
    Stage stage(2);
    stage.client.start();
    stage.open_session();
    if (timed_out) {
        stage.fire();
        stage.fire();
    }
    stage.reply_outcome(n2, state::SessionExpired{});
    REQUIRE(stage.source.ends.size() == 1);
    CHECK(stage.source.ends[0].ending == (timed_out ? Ending::unknown : Ending::failed));
    stage.open_session(11);  // either way it needs a new one
    CHECK(stage.last_append().session == SessionId{11});
    CHECK(stage.last_append().sequence == Sequence{1});
    CHECK(stage.last_append().acknowledged_through == Sequence{0});
}

TEST_CASE("client: late answers and old timers are not for the attempt at hand", "[sim]") {
    Stage stage(1);
    stage.client.start();
    stage.open_session();
    const RequestId first = stage.sent.back().id;
    const std::uint64_t old_timer = stage.timer_generation;
    stage.fire();  // time-out
    ByteVector bytes;
    state::encode_outcome(Stage::done(), bytes);
    stage.client.on_reply(n1, {first, node::Applied{Index{1}, bytes}});  // too late: backing off
    CHECK(stage.source.ends.empty());
    stage.fire();
    stage.client.on_reply(n1, {first, node::Redirect{n3}});
    stage.client.on_timer(old_timer);
    CHECK(stage.source.ends.empty());
    CHECK(stage.attempts.size() == 2);
    stage.reply_outcome(n2, Stage::done());
    CHECK(stage.source.ends.size() == 1);
    stage.reply_outcome(n2, Stage::done());  // repeated
    CHECK(stage.source.ends.size() == 1);
}

TEST_CASE("client: one that must not give up goes on for ever", "[sim]") {
    Stage stage(1);
    stage.source.gives_up = false;
    stage.client.start();
    stage.open_session();
    for (int attempt = 0; attempt < 50; ++attempt) {
        const Instant before = stage.now();
        stage.reply(stage.sent.back().to, node::Redirect{});
        stage.fire();
        CHECK(stage.now() - before >= milliseconds(1));
        CHECK(stage.now() - before <= milliseconds(81));
    }
    CHECK(stage.source.ends.empty());
    CHECK(stage.attempts.size() == 51);
}

TEST_CASE("client: a query of unknown outcome costs no session", "[sim]") {
    Stage stage(0);
    stage.source.work.emplace_back(
        state::Query{state::ReadAll{{}, state::Direction::forward, 10}});
    stage.source.work.emplace_back(
        state::Query{state::ReadAll{{}, state::Direction::forward, 10}});
    stage.client.start();
    stage.open_session();
    CHECK_FALSE(stage.sent.back().command);
    for (int attempt = 0; attempt < 4; ++attempt) {
        stage.fire();
        if (attempt < 3) {
            stage.fire();
        }
    }
    CHECK(stage.source.ends.back().ending == Ending::unknown);
    CHECK(stage.client_ids == 1);
    stage.fire();
    CHECK_FALSE(stage.sent.back().command);  // straight to the next query
    state::Answer answer{.length = Position{3}, .stream_exists = false, .stream_length = 0,
        .end = true, .events = {}};
    ByteVector bytes;
    state::encode_answer(answer, bytes);
    stage.reply(n1, node::Answered{Index{4}, bytes});
    REQUIRE(stage.source.ends.back().answer);
    CHECK(*stage.source.ends.back().answer == answer);
    const auto* seen = std::get_if<check::ReadAnswer>(&stage.answers.back());
    REQUIRE(seen != nullptr);
    CHECK(seen->length == 3);
    CHECK_FALSE(seen->stream_length);
    CHECK(stage.client.idle());
}

TEST_CASE("client: a registration that fails is tried again, the operation waits", "[sim]") {
    Stage stage(1);
    stage.client.start();
    stage.fire();
    for (int attempt = 0; attempt < 4; ++attempt) {
        stage.reply(stage.sent.back().to, node::Redirect{});
        stage.fire();
    }
    CHECK(stage.source.ends.empty());
    CHECK(stage.attempts.empty());  // registrations are not judged
    REQUIRE(std::holds_alternative<state::RegisterSession>(*stage.sent.back().command));
    stage.reply_outcome(n2, state::SessionRegistered{SessionId{4}});
    stage.fire();
    CHECK(stage.last_append().session == SessionId{4});
    CHECK(stage.last_append().events[0].id == EventId{7, 1});
}

}  // namespace ledger::sim
