#include "node/client.h"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "log/state/ledger.h"

namespace ledger::node::client {
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

Options three_nodes() {
    return {.nodes = {n1, n2, n3}, .entity = 5};
}

// Every pause is the shortest that is one.
class Kind final : public ChoiceSource {
  public:
    std::uint64_t choose(Site site, std::uint64_t entity, std::uint64_t sequence,
        std::uint64_t domain) override {
        REQUIRE(site == Site::client_backoff);
        REQUIRE(entity == 5);
        REQUIRE(sequence == ++draws);
        REQUIRE(domain > 1);
        return 1;
    }
    std::uint64_t draws = 0;
};

// The world as the client sees it, played by the test.
class Stage {
  public:
    explicit Stage(const Options& options = three_nodes()) : client(options, choices) {}

    void step(Event&& event) {
        for (const Effect& effect : client.step(now, std::move(event))) {
            if (const auto* send = std::get_if<SendRequest>(&effect)) {
                sent.push_back(*send);
            } else if (const auto* wake_at = std::get_if<WakeAt>(&effect)) {
                wake = wake_at->deadline;
            } else if (const auto* end = std::get_if<Done>(&effect)) {
                done.push_back(*end);
            }
        }
    }
    void wait() {
        REQUIRE(wake != never);
        now = wake;
        step(Timer{});
    }
    void submit(std::uint64_t operation, What what, Duration timeout = {}) {
        step(Submit{operation, std::move(what), timeout});
    }
    void reply(decltype(ClientReply::outcome) outcome) {
        step(Received{sent.back().to, {sent.back().request.id, std::move(outcome)}});
    }
    void apply(const state::Outcome& outcome) {
        Applied applied{.index = Index{9}, .outcome = {}};
        state::encode_outcome(outcome, applied.outcome);
        reply(std::move(applied));
    }
    void open_session(std::uint64_t session = 4) {
        REQUIRE(std::holds_alternative<state::RegisterSession>(command()));
        apply(state::SessionRegistered{SessionId{session}});
    }
    state::Command command() const {
        const auto* command = std::get_if<node::Command>(&sent.back().request.operation);
        REQUIRE(command != nullptr);
        auto decoded =
            state::decode_command(command->body.envelope(), command->body.erasable());
        REQUIRE(decoded.has_value());
        return *decoded;
    }
    state::Append append() const {
        const state::Command decoded = command();
        REQUIRE(std::holds_alternative<state::Append>(decoded));
        return *std::get_if<state::Append>(&decoded);
    }

    Kind choices;
    Client client;
    Instant now{1000};
    Instant wake = never;
    std::vector<SendRequest> sent;
    std::vector<Done> done;
};

const state::Appended appended{.first = Position{3}, .events = 1, .revisions = {Revision{0}}};

}  // namespace

TEST_CASE("client: a redaction is a command of the session like an append", "[node]") {
    Stage stage;
    stage.submit(1, append_of(1));
    stage.open_session();
    stage.apply(appended);
    state::Redact redact;
    redact.positions = {Position{3}, Position{5}};
    stage.submit(2, redact);
    const state::Command sent = stage.command();
    REQUIRE(std::holds_alternative<state::Redact>(sent));
    redact.session = SessionId{4};
    redact.sequence = Sequence{2};
    redact.acknowledged_through = Sequence{1};
    CHECK(sent == state::Command{redact});
    stage.reply(Indeterminate{});
    stage.wait();
    CHECK(stage.command() == state::Command{redact});  // the very same, again
    stage.apply(state::Redacted{1});
    REQUIRE(stage.done.size() == 2);
    CHECK(stage.done[1].ending == Ending::done);
    CHECK(stage.done[1].sequence == Sequence{2});
    CHECK(stage.done[1].outcome == state::Outcome{state::Redacted{1}});
}

TEST_CASE("client: a redaction of nothing has failed for certain", "[node]") {
    Stage stage;
    state::Redact redact;
    redact.positions = {Position{3}};
    stage.submit(1, redact);
    stage.open_session();
    stage.apply(state::NoSuchEvents{{Position{3}}, Position{}, Position{3}});
    REQUIRE(stage.done.size() == 1);
    CHECK(stage.done[0].ending == Ending::failed);
    redact.positions.clear();
    stage.submit(2, redact);  // asked of nobody
    REQUIRE(stage.done.size() == 2);
    CHECK(stage.done[1].attempts == 0);
    // What an append is answered with makes no sense here.
    redact.positions = {Position{1}};
    stage.submit(3, redact);
    stage.apply(appended);
    REQUIRE(stage.done.size() == 3);
    CHECK(stage.done[2].ending == Ending::unknown);
}

TEST_CASE("client: the first append opens a session and then carries it", "[node]") {
    Stage stage;
    stage.submit(71, append_of(1));
    REQUIRE(stage.sent.size() == 1);
    CHECK(stage.sent[0].to == n1);
    CHECK(stage.sent[0].opens_session);
    stage.open_session();
    REQUIRE(stage.sent.size() == 2);
    CHECK_FALSE(stage.sent[1].opens_session);
    const state::Append append = stage.append();
    REQUIRE(stage.client.asked() != nullptr);
    CHECK(*stage.client.asked() == What{append});
    CHECK(append.session == SessionId{4});
    CHECK(append.sequence == Sequence{1});
    CHECK(append.acknowledged_through == Sequence{0});
    stage.apply(appended);
    REQUIRE(stage.done.size() == 1);
    CHECK(stage.done[0].operation == 71);
    CHECK(stage.done[0].what == What{append});
    CHECK(stage.client.asked() == nullptr);
    CHECK(stage.done[0].ending == Ending::done);
    CHECK(stage.done[0].node == n1);
    CHECK(stage.done[0].attempts == 2);
    CHECK(stage.done[0].index == Index{9});
    CHECK(*stage.done[0].outcome == state::Outcome{appended});
    CHECK(stage.client.idle());
    CHECK(stage.wake == never);
}

TEST_CASE("client: the next append acknowledges the one before, never itself", "[node]") {
    Stage stage;
    stage.submit(1, append_of(1));
    stage.submit(2, append_of(2));
    stage.open_session();
    CHECK(stage.sent.size() == 2);
    stage.apply(appended);
    REQUIRE(stage.sent.size() == 3);
    CHECK(stage.append().sequence == Sequence{2});
    CHECK(stage.append().acknowledged_through == Sequence{1});
}

TEST_CASE("client: reads may go to the node of its choice, and appends stay with the leader",
    "[node]") {
    Options options = three_nodes();
    options.read_anywhere = true;
    Stage stage(options);
    stage.submit(1, append_of(1));
    stage.reply(Redirect{n2});
    CHECK(stage.sent.back().to == n2);
    stage.open_session();
    stage.apply(appended);
    stage.submit(2, state::Query{state::ReadAll{}});
    CHECK(stage.sent.back().to == n1);
    const auto* query = std::get_if<node::Query>(&stage.sent.back().request.operation);
    REQUIRE(query != nullptr);
    CHECK(query->level == ReadLevel::anywhere);
    stage.reply(Refused{"no"});
    stage.submit(3, append_of(2));
    CHECK(stage.sent.back().to == n2);
}

TEST_CASE("client: a redirect that names the leader is followed at once", "[node]") {
    Stage stage;
    stage.submit(1, state::RegisterSession{});
    stage.reply(Redirect{n3});
    REQUIRE(stage.sent.size() == 2);
    CHECK(stage.sent[1].to == n3);
    stage.open_session(12);
    REQUIRE(stage.done.size() == 1);
    CHECK(stage.client.session() == SessionId{12});
}

TEST_CASE("client: a redirect to nobody asks the next node after a pause", "[node]") {
    Stage stage;
    stage.submit(1, state::RegisterSession{});
    stage.reply(Redirect{});
    stage.wait();
    REQUIRE(stage.sent.size() == 2);
    CHECK(stage.sent[1].to == n2);
    stage.reply(Redirect{n2});  // a node that names itself knows nothing better
    stage.wait();
    REQUIRE(stage.sent.size() == 3);
    CHECK(stage.sent[2].to == n3);
    stage.reply(Redirect{NodeId{77}});  // nor is a stranger a hint
    stage.wait();
    CHECK(stage.sent.back().to == n1);
}

TEST_CASE("client: a retry has the same session, sequence and bytes", "[node]") {
    Stage stage;
    stage.submit(1, append_of(1));
    stage.open_session();
    const state::Append first = stage.append();
    stage.reply(Indeterminate{});
    stage.wait();
    REQUIRE(stage.sent.size() == 3);
    CHECK(stage.append() == first);
    CHECK(stage.sent[2].request.id > stage.sent[1].request.id);
    stage.wait();  // no answer at all
    stage.wait();
    REQUIRE(stage.sent.size() == 4);
    CHECK(stage.append() == first);
    CHECK(stage.sent[3].to == n2);
    stage.apply(appended);
    CHECK(stage.done.at(0).ending == Ending::done);
}

TEST_CASE("client: a late answer to an earlier attempt ends the operation", "[node]") {
    Stage stage;
    stage.submit(1, append_of(1));
    stage.open_session();
    const RequestId early = stage.sent.back().request.id;
    stage.wait();
    stage.wait();
    Applied applied{.index = Index{5}, .outcome = {}};
    state::encode_outcome(appended, applied.outcome);
    stage.step(Received{n1, {early, Redirect{n3}}});  // old news says nothing
    CHECK(stage.done.empty());
    stage.step(Received{n1, {early, applied}});
    REQUIRE(stage.done.size() == 1);
    CHECK(stage.done[0].ending == Ending::done);
    stage.reply(applied);  // the answer to the second attempt: its operation is over
    CHECK(stage.done.size() == 1);
}

TEST_CASE("client: after Overloaded the pause is at least what the node asked for", "[node]") {
    Stage stage;
    stage.submit(1, append_of(1));
    stage.open_session();
    stage.reply(Overloaded{milliseconds(20)});
    CHECK(stage.wake == stage.now + milliseconds(20));
    stage.wait();
    CHECK(stage.sent.back().to == n1);
    while (stage.done.empty()) {
        stage.reply(Overloaded{milliseconds(20)});
        stage.wait();
    }
    CHECK(stage.done[0].overloaded);
    CHECK(stage.done[0].ending == Ending::failed);
}

TEST_CASE("client: what was refused, in conflict or never sent has definitely failed", "[node]") {
    Stage stage;
    stage.submit(1, append_of(1), milliseconds(500));
    stage.open_session();
    SECTION("refused") {
        stage.reply(Refused{"too long"});
        REQUIRE(stage.done.size() == 1);
        CHECK(stage.done[0].reason == "too long");
        CHECK_FALSE(stage.done[0].overloaded);
    }
    SECTION("conflict, even after an attempt without an answer") {
        stage.reply(Indeterminate{});
        stage.wait();
        stage.apply(state::Conflict{.checks = {{"orders", {}, true, Revision{2}}}});
        REQUIRE(stage.done.size() == 1);
        CHECK(std::holds_alternative<state::Conflict>(*stage.done[0].outcome));
    }
    SECTION("never sent") {
        while (stage.done.empty()) {
            stage.step(NotSent{stage.sent.back().request.id});
            stage.wait();
        }
        CHECK(stage.now == Instant{1000} + milliseconds(500));
    }
    REQUIRE(stage.done.size() == 1);
    CHECK(stage.done[0].ending == Ending::failed);
}

TEST_CASE("client: an attempt without an answer leaves the outcome unknown", "[node]") {
    Stage stage;
    stage.submit(1, append_of(1), milliseconds(1500));
    stage.open_session();
    SECTION("no reply") {}
    SECTION("a broken connection, then nobody") {
        stage.step(Disconnected{n1});
        stage.wait();
        stage.step(NotSent{stage.sent.back().request.id});
    }
    SECTION("the node cannot say, then a refusal") {
        stage.reply(Indeterminate{});
        stage.wait();
        stage.reply(Refused{"shutting down"});
    }
    SECTION("an answer of another protocol") {
        stage.reply(Applied{Index{1}, ByteVector(3)});
    }
    while (stage.done.empty()) {
        stage.wait();
    }
    CHECK(stage.done[0].ending == Ending::unknown);
    CHECK(stage.done[0].sequence == Sequence{1});
    CHECK(stage.client.session() == SessionId{});
    // The next append has a session of its own: it must not acknowledge the unknown one.
    stage.submit(2, append_of(2));
    stage.open_session(8);
    CHECK(stage.append().session == SessionId{8});
    CHECK(stage.append().acknowledged_through == Sequence{0});
}

TEST_CASE("client: an expired session is replaced when nothing can have been written", "[node]") {
    Stage stage;
    stage.submit(1, append_of(1));
    stage.open_session();
    stage.apply(state::SessionExpired{});
    REQUIRE(stage.done.empty());
    stage.wait();
    stage.open_session(8);
    CHECK(stage.append().session == SessionId{8});
    stage.reply(Indeterminate{});
    stage.wait();
    stage.apply(state::SessionExpired{});
    REQUIRE(stage.done.size() == 1);
    CHECK(stage.done[0].ending == Ending::unknown);
}

TEST_CASE("client: a resumed session goes on after its last known sequence", "[node]") {
    Options options = three_nodes();
    options.session = SessionId{33};
    options.sequence = Sequence{6};
    Stage stage(options);
    stage.submit(1, append_of(1));
    REQUIRE(stage.sent.size() == 1);
    CHECK(stage.append().session == SessionId{33});
    CHECK(stage.append().sequence == Sequence{7});
    CHECK(stage.append().acknowledged_through == Sequence{6});
    stage.apply(state::SessionExpired{});  // its owner must decide what that means
    REQUIRE(stage.done.size() == 1);
    CHECK(stage.done[0].ending == Ending::failed);
}

TEST_CASE("client: a query is answered, and fails without an answer", "[node]") {
    Stage stage;
    stage.submit(1, state::Query{state::ReadAll{.count = 10}}, seconds(3));
    REQUIRE(std::holds_alternative<node::Query>(stage.sent.at(0).request.operation));
    SECTION("answered") {
        Answered answered{.index = Index{4}, .answer = {}};
        state::encode_answer({.length = Position{2}}, answered.answer);
        stage.reply(std::move(answered));
        REQUIRE(stage.done.size() == 1);
        CHECK(stage.done[0].ending == Ending::done);
        CHECK(stage.done[0].answer->length == Position{2});
    }
    SECTION("not answered") {
        while (stage.done.empty()) {
            stage.wait();
        }
        CHECK(stage.done[0].ending == Ending::failed);
    }
}

TEST_CASE("client: a command beyond a limit fails before anything is sent", "[node]") {
    Stage stage;
    state::Append append = append_of(1);
    append.streams[0].stream.assign(state::stream_name_bytes_max + 1, 'x');
    stage.submit(1, append);
    REQUIRE(stage.done.size() == 1);
    CHECK(stage.done[0].ending == Ending::failed);
    CHECK(stage.sent.empty());
}

TEST_CASE("client: operations wait for their turn, but not for ever and not too many", "[node]") {
    Options options = three_nodes();
    options.waiting_max = 2;
    Stage stage(options);
    stage.submit(1, append_of(1), seconds(5));
    stage.submit(2, append_of(2), milliseconds(200));
    stage.submit(3, append_of(3), seconds(5));
    CHECK(stage.done.empty());
    stage.submit(4, append_of(4));
    REQUIRE(stage.done.size() == 1);
    CHECK(stage.done[0].operation == 4);
    while (stage.done.size() < 2) {
        stage.wait();
    }
    CHECK(stage.now == Instant{1000} + milliseconds(200));
    CHECK(stage.done[1].operation == 2);
    CHECK(stage.done[1].ending == Ending::failed);
    CHECK(stage.done[1].attempts == 0);
}

TEST_CASE("client: three attempts are quick, the others keep the slow pace", "[node]") {
    Stage stage;
    stage.submit(1, append_of(1), seconds(60));
    stage.open_session();
    std::vector<Duration> pauses;
    for (int i = 0; i < 5; ++i) {
        stage.reply(Redirect{});
        pauses.push_back(stage.wake - stage.now);
        stage.wait();
    }
    const Duration quick = nanoseconds(1);
    const Duration slow = milliseconds(50) + nanoseconds(1);
    CHECK((pauses == std::vector<Duration>{quick, quick, slow, slow, slow}));
}

TEST_CASE("client: once the budget is used up only one operation in ten retries quickly",
    "[node]") {
    Options options = three_nodes();
    options.retry_tokens_max = 2;
    Stage stage(options);
    std::uint32_t quick = 0;
    constexpr std::uint32_t operations = 200;
    for (std::uint32_t id = 1; id <= operations; ++id) {
        stage.submit(id, state::Query{state::ReadAll{.count = 1}});
        stage.reply(Redirect{});
        quick += stage.wake - stage.now < milliseconds(1) ? 1u : 0u;
        stage.wait();
        Answered answered;
        state::encode_answer({}, answered.answer);
        stage.reply(std::move(answered));
        REQUIRE(stage.done.size() == id);
    }
    CHECK(quick >= 20);
    CHECK(quick <= 22);  // the two tokens of the beginning
}

TEST_CASE("client: a change of unknown outcome is looked for before it is asked for again",
    "[node]") {
    Stage stage;
    const ChangeMembership change{MembershipVerb::add_voter, NodeId{4}, {}, 0};
    stage.submit(1, change);
    CHECK(*std::get_if<ChangeMembership>(&stage.sent.back().request.operation) == change);
    stage.reply(Indeterminate{});
    stage.wait();
    REQUIRE(stage.sent.back().looks);
    CHECK(std::holds_alternative<StatusQuery>(stage.sent.back().request.operation));
    StatusAnswer status{.role = raft::Role::follower, .leader = n2};
    stage.reply(status);
    CHECK(stage.sent.back().to == n2);
    status.role = raft::Role::leader;
    status.members = {{.member = {.node = n1}, .voter = true}};

    SECTION("it is not there: asked for again") {
        stage.reply(status);
        stage.wait();
        CHECK_FALSE(stage.sent.back().looks);
        CHECK(std::holds_alternative<ChangeMembership>(stage.sent.back().request.operation));
        stage.reply(MembershipChanged{Index{12}});
        REQUIRE(stage.done.size() == 1);
        CHECK(stage.done[0].index == Index{12});
    }
    SECTION("it is there and committed: done") {
        status.members.push_back({.member = {.node = NodeId{4}, .promote = true}, .learner = true});
        status.configuration_index = Index{9};
        status.commit = Index{8};
        stage.reply(status);
        CHECK(stage.done.empty());  // it may still be lost
        stage.wait();
        REQUIRE(stage.sent.back().looks);
        status.commit = Index{9};
        stage.reply(status);
        REQUIRE(stage.done.size() == 1);
    }
    SECTION("nobody can tell: unknown") {
        stage.now = stage.now + seconds(20);
        stage.step(Timer{});
        REQUIRE(stage.done.size() == 1);
        CHECK(stage.done[0].ending == Ending::unknown);
        return;
    }
    CHECK(stage.done[0].ending == Ending::done);
}

TEST_CASE("client: leadership is asked to move once, unless it is said to whom", "[node]") {
    Stage stage;
    stage.submit(1, TransferLeadership{});
    stage.wait();  // no answer
    REQUIRE(stage.done.size() == 1);
    CHECK(stage.done[0].ending == Ending::unknown);
    stage.submit(2, TransferLeadership{n3});
    stage.wait();
    stage.wait();
    CHECK(std::holds_alternative<TransferLeadership>(stage.sent.back().request.operation));
    stage.reply(LeadershipMoves{n3});
    REQUIRE(stage.done.size() == 2);
    CHECK(stage.done[1].ending == Ending::done);
    CHECK(stage.done[1].node == n3);
}

TEST_CASE("client: an answer to another kind of request says nothing", "[node]") {
    Stage stage;
    stage.submit(1, TransferLeadership{n3});
    stage.reply(MembershipChanged{Index{4}});
    stage.submit(2, ChangeMembership{});
    stage.reply(StatusAnswer{});
    REQUIRE(stage.done.size() == 2);
    CHECK(stage.done[0].ending == Ending::unknown);
    CHECK(stage.done[1].ending == Ending::unknown);
}

TEST_CASE("client: a node that is down is passed over, unless it is named", "[node]") {
    Stage stage;
    stage.submit(1, state::RegisterSession{}, seconds(60));
    stage.step(Disconnected{n2});
    stage.reply(Redirect{});
    stage.wait();
    CHECK(stage.sent.back().to == n3);
    stage.reply(Redirect{n2});
    stage.wait();
    CHECK(stage.sent.back().to == n2);
    stage.step(NotSent{stage.sent.back().request.id});
    stage.wait();
    CHECK(stage.sent.back().to == n3);
    stage.step(Connected{n2});
    stage.reply(Redirect{});
    stage.wait();
    CHECK(stage.sent.back().to == n2);  // n1 has said already that it knows no leader
    stage.reply(Redirect{});
    stage.wait();
    CHECK(stage.sent.back().to == n3);  // they are asked anew
}

TEST_CASE("client: when only one node was up, the others are asked whether they are back",
    "[node]") {
    Options options = three_nodes();
    options.nodes = {n1, n2, n3, NodeId{4}, NodeId{5}};
    Stage stage(options);
    stage.submit(1, state::RegisterSession{}, seconds(60));
    for (const std::uint32_t node : {1u, 2u, 3u, 4u}) {
        stage.step(Disconnected{NodeId{node}});
    }
    stage.wait();
    // It is cut off from the others and will never name one; n3 is back and leads, n1 and n2 are
    // not.
    CHECK(stage.sent.back().to == NodeId{5});
    stage.reply(Redirect{});
    stage.wait();
    CHECK(stage.sent.back().to == n1);
    stage.step(NotSent{stage.sent.back().request.id});
    stage.wait();
    CHECK(stage.sent.back().to == n2);
    stage.step(NotSent{stage.sent.back().request.id});
    stage.wait();
    CHECK(stage.sent.back().to == n3);
    stage.open_session();
    CHECK(stage.done.size() == 1);
}

TEST_CASE("client: nodes that know no leader do not keep it from those that were down", "[node]") {
    Stage stage;
    stage.submit(1, state::Query{state::ReadAll{}});
    stage.step(Disconnected{n1});
    for (int asked = 0; asked < 2; ++asked) {
        stage.wait();
        CHECK(stage.sent.back().to != n1);
        stage.reply(Redirect{});
    }
    stage.wait();
    CHECK(stage.sent.back().to == n1);
}

TEST_CASE("client: a lone node is asked again, up or down", "[node]") {
    Options options = three_nodes();
    options.nodes = {n1};
    Stage stage(options);
    stage.submit(1, state::RegisterSession{}, seconds(60));
    stage.step(Disconnected{n1});
    stage.wait();
    stage.step(NotSent{stage.sent.back().request.id});
    stage.wait();
    CHECK(stage.sent.size() == 3);
    stage.open_session();
    CHECK(stage.done.size() == 1);
}

TEST_CASE("client: it leaves a node that goes down while nothing is asked", "[node]") {
    Stage stage;
    stage.submit(1, state::RegisterSession{});
    stage.open_session();
    stage.step(Disconnected{n1});
    stage.submit(2, append_of(1));
    CHECK(stage.sent.back().to == n2);
}

namespace {

// A network and a cluster that do their worst within the protocol: requests and replies are lost,
// late, doubled and out of order; the leader changes without notice; what one attempt asked may be
// applied long after it was given up.
class Adversary {
  public:
    Adversary(std::uint64_t seed, std::uint64_t operations)
        : choices_(seed), client_(three_nodes(), choices_) {
        for (std::uint64_t id = 1; id <= operations; ++id) {
            submit(id);
        }
    }

    void run() {
        constexpr std::uint64_t steps_max = 100'000;
        for (std::uint64_t steps = 0; !client_.idle(); ++steps) {
            RC_ASSERT(steps < steps_max);
            turn(steps);
        }
        while (!requests_.empty()) {
            execute(take(requests_));  // whatever is still under way arrives in the end
        }
        while (!late_.empty()) {
            execute(take(late_));
        }
    }

    void judge(std::uint64_t operations) {
        RC_ASSERT(ends_.size() == operations);
        for (const auto& [operation, end] : ends_) {
            const std::uint64_t times = written_[operation];
            RC_ASSERT(times <= 1);
            if (end == Ending::done) {
                RC_ASSERT(times == 1);
            } else if (end == Ending::failed) {
                RC_ASSERT(times == 0);
            }
        }
    }
    const std::map<std::uint64_t, Ending>& ends() const { return ends_; }
    const std::vector<std::uint64_t>& trace() const { return trace_; }

  private:
    std::uint64_t draw(std::uint64_t domain) {
        return choices_.choose(Site::test_a, 0, ++draws_, domain);
    }
    template <typename T>
    T take(std::deque<T>& from) {
        const auto at = static_cast<std::ptrdiff_t>(draw(from.size()));
        T taken = std::move(from[static_cast<std::size_t>(at)]);
        from.erase(from.begin() + at);
        return taken;
    }

    void submit(std::uint64_t id) {
        state::Append append = append_of(id);
        if (draw(4) == 0) {
            append.streams[0].expected = {
                state::Expected::Kind::exact, Revision{draw(operations_seen_ + 1)}};
        }
        ++operations_seen_;
        step(Submit{id, std::move(append), milliseconds(static_cast<std::int64_t>(
                                               200 + draw(20'000)))});
    }

    void turn(std::uint64_t steps) {
        switch (draw(8)) {
            case 0: leader_ = NodeId{static_cast<std::uint32_t>(1 + draw(3))}; break;
            case 1:
                if (wake_ != never) {
                    now_ = std::max(now_, wake_);
                    step(Timer{});
                }
                break;
            case 2: disturb(); break;
            default:
                if (!requests_.empty() && (replies_.empty() || draw(2) == 0)) {
                    arrive(take(requests_));
                } else if (!replies_.empty()) {
                    deliver();
                } else if (wake_ != never && steps % 2 == 0) {
                    now_ = std::max(now_, wake_);
                    step(Timer{});
                }
        }
    }

    void disturb() {
        const NodeId node{static_cast<std::uint32_t>(1 + draw(3))};
        if (draw(2) == 0) {
            step(Disconnected{node});
        } else {
            step(Connected{node});
        }
    }

    void arrive(SendRequest&& send) {
        if (!late_.empty() && draw(4) == 0) {
            const SendRequest committed = take(late_);
            static_cast<void>(execute(committed));  // its client heard of it long ago, or never
        }
        const std::uint64_t fate = draw(16);
        if (fate == 0) {
            return;  // lost
        }
        const RequestId id = send.request.id;
        if (send.to != leader_) {
            reply(send.to, id, Redirect{NodeId{static_cast<std::uint32_t>(draw(4))}});
        } else if (fate == 2) {
            reply(send.to, id, Overloaded{milliseconds(static_cast<std::int64_t>(draw(50)))});
        } else if (fate == 1) {
            late_.push_back(send);  // its leader fell silent; a later one may commit the entry
        } else if (fate == 3) {
            late_.push_back(send);
            reply(send.to, id, Indeterminate{});
        } else {
            Applied applied{.index = ledger_.applied().next(), .outcome = execute(send)};
            if (fate != 4) {
                reply(send.to, id, std::move(applied));
            }
        }
    }

    ByteVector execute(const SendRequest& send) {
        const auto* command = std::get_if<node::Command>(&send.request.operation);
        RC_ASSERT(command != nullptr);
        const auto decoded =
            state::decode_command(command->body.envelope(), command->body.erasable());
        RC_ASSERT(decoded.has_value());
        EntryRef entry{.index = ledger_.applied().next(), .term = Term{1},
            .kind = EntryKind::command, .bytes = command->body->size(),
            .handle = command->body};
        const Position before = ledger_.length();
        ByteVector outcome;
        ledger_.apply(entry, entry_hash({}, entry), outcome);
        if (const auto* append = std::get_if<state::Append>(&*decoded)) {
            check_acknowledgement(*append);
            written_[append->events[0].id.low] += ledger_.length() - before;
        }
        return outcome;
    }

    // Only what has ended with a known outcome may be acknowledged.
    void check_acknowledgement(const state::Append& append) {
        RC_ASSERT(append.acknowledged_through < append.sequence);
        keys_[append.events[0].id.low] = {append.session.value, append.sequence.value};
        for (const auto& [operation, key] : keys_) {
            const auto& [session, sequence] = key;
            if (session == append.session.value &&
                sequence <= append.acknowledged_through.value) {
                const auto end = ends_.find(operation);
                RC_ASSERT(end != ends_.end());
                RC_ASSERT(end->second != Ending::unknown);
            }
        }
    }

    void reply(NodeId from, RequestId id, decltype(ClientReply::outcome) outcome) {
        replies_.push_back({from, {id, std::move(outcome)}});
    }

    void deliver() {
        Received received = take(replies_);
        if (draw(8) == 0) {
            replies_.push_back(received);
        }
        if (draw(16) != 0) {
            step(std::move(received));
        }
    }

    void step(Event&& event) {
        now_ = now_ + microseconds(static_cast<std::int64_t>(draw(3000)));
        const std::span<const Effect> effects = client_.step(now_, std::move(event));
        std::vector<SendRequest> unsent;
        for (const Effect& effect : effects) {
            if (const auto* send = std::get_if<SendRequest>(&effect)) {
                trace_.push_back(send->request.id.value * 4 + send->to.value);
                if (draw(16) == 0) {
                    unsent.push_back(*send);
                } else {
                    requests_.push_back(*send);
                }
            } else if (const auto* wake = std::get_if<WakeAt>(&effect)) {
                wake_ = wake->deadline;
            } else if (const auto* done = std::get_if<Done>(&effect)) {
                RC_ASSERT(ends_.count(done->operation) == 0);
                ends_[done->operation] = done->ending;
            }
        }
        for (const SendRequest& send : unsent) {
            step(NotSent{send.request.id});
        }
    }

    SeededChoices choices_;
    Client client_;
    state::Ledger ledger_;
    Instant now_{1};
    Instant wake_ = never;
    NodeId leader_ = n1;
    std::uint64_t draws_ = 0;
    std::uint64_t operations_seen_ = 0;
    std::deque<SendRequest> requests_;
    std::deque<Received> replies_;
    std::deque<SendRequest> late_;  // proposed, not committed yet: nobody answers for them again
    std::map<std::uint64_t, Ending> ends_;
    std::map<std::uint64_t, std::uint64_t> written_;
    std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> keys_;
    std::vector<std::uint64_t> trace_;
};

}  // namespace

TEST_CASE("client: whatever the network does, each operation ends once and its ending is true",
    "[node]") {
    std::set<Ending> seen;
    rc::prop("done = written once, failed = never, unknown = at most once", [&seen] {
        const auto seed = *rc::gen::arbitrary<std::uint64_t>();
        const std::uint64_t operations = *rc::gen::inRange<std::uint64_t>(1, 40);
        Adversary adversary(seed, operations);
        adversary.run();
        adversary.judge(operations);
        for (const auto& [operation, end] : adversary.ends()) {
            seen.insert(end);
        }
    });
    CHECK(seen.size() == 3);
}

TEST_CASE("client: the same events and choices give the same requests", "[node]") {
    rc::prop("two runs of one seed", [] {
        const auto seed = *rc::gen::arbitrary<std::uint64_t>();
        Adversary once(seed, 10);
        Adversary again(seed, 10);
        once.run();
        again.run();
        RC_ASSERT(once.trace() == again.trace());
    });
}

}  // namespace ledger::node::client
