#pragma once
// TestCluster: three nodes as processes, and a stubborn client that appends exactly once.

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "log/state/query.h"
#include "tests/node/asio/test_nodes.h"

namespace ledger::node::asio::test {

class TestCluster {
  public:
    static constexpr std::uint32_t size = 3;

    TestCluster() : ports_(free_ports(size)), recordings_(size) {
        for (std::uint32_t node = 1; node <= size; ++node) {
            ChildProcess format(arguments(node, "format"), error_file(node));
            REQUIRE(format.wait() == 0);
            start(node);
        }
    }

    void start(std::uint32_t node) {
        std::vector<std::string> words = arguments(node, "run");
        std::vector<std::string>& mine = recordings_[node - 1];
        mine.push_back(directory_ / fmt::format("n{}-{}.recording", node, mine.size() + 1));
        words.insert(words.end(), {"--record", mine.back()});
        nodes_[node - 1] = std::make_unique<ChildProcess>(words, error_file(node));
    }
    // One for each life of the node.
    const std::vector<std::string>& recordings(std::uint32_t node) const {
        return recordings_[node - 1];
    }
    // At once, without a word: as if the machine lost its power, but for the page cache.
    void kill(std::uint32_t node) {
        nodes_[node - 1]->signal(SIGKILL);
        CHECK(nodes_[node - 1]->wait() == 128 + SIGKILL);
        nodes_[node - 1].reset();
    }
    // Politely; gives the exit code.
    int stop(std::uint32_t node) {
        nodes_[node - 1]->signal(SIGTERM);
        const int exit_code = nodes_[node - 1]->wait();
        nodes_[node - 1].reset();
        return exit_code;
    }
    void signal(std::uint32_t node, int number) { nodes_[node - 1]->signal(number); }

    std::uint16_t port(std::uint32_t node) const { return ports_[node - 1]; }
    std::string said(std::uint32_t node) const { return text_of_file(error_file(node)); }
    std::optional<StatusAnswer> status(std::uint32_t node) const {
        TestClient client(port(node));
        return client.connected() ? client.status(Patience(1000)) : std::nullopt;
    }
    // A node that leads and has committed in its term; 0 = none in time.
    std::uint32_t leader() const {
        std::uint32_t found = 0;
        const bool any = eventually([&] {
            for (std::uint32_t node = 1; node <= size; ++node) {
                const auto answer = status(node);
                if (answer && answer->role == raft::Role::leader &&
                    answer->applied == answer->commit && answer->commit >= Index{1}) {
                    found = node;
                }
            }
            return found != 0;
        });
        return any ? found : 0;
    }
    // All nodes have applied the same log, to the end.
    bool converge() const {
        return eventually([this] {
            std::vector<StatusAnswer> all;
            for (std::uint32_t node = 1; node <= size; ++node) {
                const auto answer = status(node);
                if (!answer || answer->applied != answer->last) {
                    return false;
                }
                all.push_back(*answer);
            }
            const auto same = [&](const StatusAnswer& other) {
                return other.applied == all[0].applied && other.chain == all[0].chain &&
                       other.length == all[0].length;
            };
            return same(all[1]) && same(all[2]);
        });
    }

  private:
    std::string error_file(std::uint32_t node) const {
        return directory_ / ("n" + std::to_string(node) + ".log");
    }
    std::vector<std::string> arguments(std::uint32_t node, const std::string& command) const {
        std::string peers;
        for (std::uint32_t other = 1; other <= size; ++other) {
            peers += (other == 1 ? "" : ",") + std::to_string(other) +
                     "=127.0.0.1:" + std::to_string(port(other));
        }
        return {command, "--node", std::to_string(node), "--peers", peers, "--cluster",
            to_text(cluster_id), "--data", directory_ / ("n" + std::to_string(node)),
            "--segment-size", "1MiB"};
    }

    TemporaryDirectory directory_;
    const std::vector<std::uint16_t> ports_;
    std::vector<std::vector<std::string>> recordings_;
    std::array<std::unique_ptr<ChildProcess>, size> nodes_;
};

// Appends until it is told what happened; a repetition is no second append.
class Appender {
  public:
    explicit Appender(const TestCluster& cluster) : cluster_(cluster) {}

    // The position of the event. Fails the test if nobody answers for long.
    Position append(std::uint64_t number) {
        if (session_ == SessionId{}) {
            const auto registered = execute(state::encode_command(state::RegisterSession{}));
            const auto* session = std::get_if<state::SessionRegistered>(&registered);
            REQUIRE(session != nullptr);
            session_ = session->session;
        }
        state::Append append = append_of(number);
        append.session = session_;
        append.sequence = ++sequence_;
        append.acknowledged_through = sequence_.previous();
        const auto outcome = execute(state::encode_command(append));
        const auto* appended = std::get_if<state::Appended>(&outcome);
        REQUIRE(appended != nullptr);
        return appended->first;
    }
    // All events, in order, as their writer numbered them.
    std::vector<std::uint64_t> read_all() {
        std::vector<std::uint64_t> numbers;
        while (true) {
            ByteVector question;
            state::encode_query(state::ReadAll{Position{numbers.size()},
                                    state::Direction::forward, state::read_events_max},
                question);
            const ClientReply reply = ask(Query{question});
            const auto* answered = std::get_if<Answered>(&reply.outcome);
            REQUIRE(answered != nullptr);
            const auto answer = state::decode_answer(answered->answer);
            REQUIRE(answer.has_value());
            for (const state::RecordedEvent& event : answer->events) {
                REQUIRE(event.position == Position{numbers.size()});
                numbers.push_back(event.id.low);
            }
            if (answer->end) {
                return numbers;
            }
        }
    }

  private:
    state::Outcome execute(const EntryHandle& body) {
        const ClientReply reply = ask(Command{body});
        const auto* applied = std::get_if<Applied>(&reply.outcome);
        REQUIRE(applied != nullptr);
        const auto outcome = state::decode_outcome(applied->outcome);
        REQUIRE(outcome.has_value());
        return *outcome;
    }
    // An answer that settles the matter; asks the next node until somebody gives one.
    template <typename Operation>
    ClientReply ask(const Operation& operation) {
        std::optional<ClientReply> settled;
        REQUIRE(eventually([&] {
            if (!client_ || !client_->connected()) {
                client_.emplace(cluster_.port(node_));
            }
            const auto reply = client_->connected() ? client_->ask(Operation(operation), Patience(2000))
                                                    : std::nullopt;
            if (!reply) {
                turn_to(node_ % TestCluster::size + 1);
                return false;
            }
            if (const auto* redirect = std::get_if<Redirect>(&reply->outcome)) {
                const std::uint32_t next = node_ % TestCluster::size + 1;
                turn_to(redirect->leader == NodeId{} ? next : redirect->leader.value);
                return false;
            }
            if (std::holds_alternative<Applied>(reply->outcome) ||
                std::holds_alternative<Answered>(reply->outcome)) {
                settled = reply;
            }
            return settled.has_value();
        }));
        return *settled;
    }
    void turn_to(std::uint32_t node) {
        node_ = node;
        client_.reset();
    }

    const TestCluster& cluster_;
    std::optional<TestClient> client_;
    std::uint32_t node_ = 1;
    SessionId session_;
    Sequence sequence_;
};

}  // namespace ledger::node::asio::test
