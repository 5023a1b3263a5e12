// cluster_bench: N clients with one append of their own under way each, on C connections to the
// leader of our cluster. Every append is what a real client sends: its own session, the next
// sequence, a commitment to its payload; every answer must be the next revision of its stream.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "log/state/command.h"
#include "log/state/outcome.h"
#include "log/state/query.h"
#include "node/codec.h"
#include "tests/bench/load.h"

namespace ledger::bench {
namespace {

// A connection of whole frames: what was read at once is handled at once, and what that gives to
// say leaves in one piece.
class Connection {
  public:
    explicit Connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in place{};
        place.sin_family = AF_INET;
        place.sin_port = htons(port);
        place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int yes = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        open_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0;
        input_.resize(256u << 10);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { ::close(socket_); }

    bool is_open() const { return open_; }
    int socket() const { return socket_; }
    // Goes out with the next send().
    void push(const node::ClientRequest& request) { node::encode(request, output_); }

    void send() {
        ByteSpan rest = output_;
        while (!rest.empty()) {
            const ssize_t sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent <= 0) {
                give_up("the node has closed a connection");
            }
            rest = rest.subspan(static_cast<std::size_t>(sent));
        }
        output_.clear();
    }

    // Waits for bytes if there are none, and hands on every whole reply.
    template <typename Handle>
    void receive(const Handle& handle) {
        const ssize_t got = ::recv(socket_, input_.data() + filled_, input_.size() - filled_, 0);
        if (got <= 0) {
            give_up("the node has closed a connection");
        }
        filled_ += static_cast<std::size_t>(got);
        std::size_t at = 0;
        while (const auto size = whole_frame(at)) {
            const Result<node::Decoded> decoded = node::decode(ByteSpan(input_).subspan(at, *size));
            const auto* reply = decoded ? std::get_if<node::ClientReply>(&*decoded) : nullptr;
            if (reply == nullptr) {
                give_up("the node sends no good frame");
            }
            handle(*reply);
            at += *size;
        }
        std::copy(input_.begin() + static_cast<std::ptrdiff_t>(at),
            input_.begin() + static_cast<std::ptrdiff_t>(filled_), input_.begin());
        filled_ -= at;
    }

    // One question, when nothing else is under way.
    node::ClientReply ask(node::ClientRequest request) {
        push(request);
        send();
        std::optional<node::ClientReply> answer;
        while (!answer) {
            receive([&answer](const node::ClientReply& reply) { answer = reply; });
        }
        return *answer;
    }

  private:
    std::optional<std::size_t> whole_frame(std::size_t at) const {
        const ByteSpan rest = ByteSpan(input_).subspan(at, filled_ - at);
        const Result<std::uint64_t> size = node::frame_size(rest);
        return size && *size <= rest.size() ? std::optional<std::size_t>(*size) : std::nullopt;
    }

    const int socket_;
    bool open_ = false;
    ByteVector input_;
    std::size_t filled_ = 0;
    ByteVector output_;
};

// The place of the leader among the servers. Waits until there is one that has committed.
std::size_t find_leader(const std::vector<Server>& servers) {
    const std::uint64_t deadline = now_nanoseconds() + 20'000'000'000;
    while (now_nanoseconds() < deadline) {
        for (std::size_t place = 0; place < servers.size(); ++place) {
            Connection connection(servers[place].port);
            if (!connection.is_open()) {
                continue;
            }
            const node::ClientReply reply =
                connection.ask({RequestId{1}, node::StatusQuery{}});
            const auto* status = std::get_if<node::StatusAnswer>(&reply.outcome);
            if (status != nullptr && status->role == raft::Role::leader &&
                status->commit > Index{0}) {
                return place;
            }
        }
        ::usleep(2'000);
    }
    give_up("our cluster has no leader after 20 s");
}

class Clients {
  public:
    Clients(const LoadOptions& options, std::uint16_t port) : options_(options) {
        for (std::uint32_t k = 0; k < options.connections; ++k) {
            connections_.push_back(std::make_unique<Connection>(port));
            if (!connections_.back()->is_open()) {
                give_up("the leader takes no connection");
            }
        }
        length_before_ = read(first_of_all).length.value;
        clients_.resize(options.clients);
        for (std::uint32_t k = 0; k < options.clients; ++k) {
            make_client(k);
        }
    }

    Measurement run() {
        Measurement measurement(options_);
        for (std::uint32_t k = 0; k < options_.clients; ++k) {
            append(k, now_nanoseconds());
        }
        std::vector<pollfd> ready;
        for (const auto& connection : connections_) {
            connection->send();
            ready.push_back({.fd = connection->socket(), .events = POLLIN, .revents = 0});
        }
        std::uint32_t open = options_.clients;
        while (open > 0) {
            // With one connection the kernel can wait for it in the read itself.
            if (ready.size() > 1 && ::poll(ready.data(), ready.size(), -1) < 0) {
                give_up("poll fails");
            }
            for (std::size_t k = 0; k < connections_.size(); ++k) {
                if (ready.size() == 1 || ready[k].revents != 0) {
                    open -= take_answers(*connections_[k], measurement);
                }
            }
        }
        return measurement;
    }

    // What all acknowledgements promised is there.
    void verify(std::uint64_t acknowledged) {
        const std::uint64_t more = read(first_of_all).length.value - length_before_;
        if (more != acknowledged) {
            give_up(fmt::format(
                "{} appends were acknowledged, the ledger holds {} more", acknowledged, more));
        }
        for (std::uint32_t k = 0; k < options_.clients; ++k) {
            if (stream_length(k) != clients_[k].before + clients_[k].acknowledged) {
                give_up(fmt::format("{} appends of client {} were acknowledged, its stream holds {} more",
                    clients_[k].acknowledged, k, stream_length(k) - clients_[k].before));
            }
        }
    }

  private:
    struct Client {
        state::Append append;
        std::uint64_t begun = 0;
        std::uint64_t before = 0;  // events of its stream
        std::uint64_t acknowledged = 0;
    };
    static constexpr state::ReadAll first_of_all{Position{0}, state::Direction::forward, 1};

    std::uint64_t stream_length(std::uint32_t k) {
        return read(state::ReadStream{stream_name(k), Revision{0}, state::Direction::forward, 1})
            .stream_length;
    }

    static std::string stream_name(std::uint32_t k) { return fmt::format("client-{:06}", k); }
    // Unique on its connection, ascending, and it tells the client.
    RequestId next_request(std::uint32_t k) {
        return RequestId{++requests_ * options_.clients + k};
    }
    Connection& connection_of(std::uint32_t k) { return *connections_[k % options_.connections]; }

    void make_client(std::uint32_t k) {
        const node::ClientReply reply = connection_of(k).ask(
            {next_request(k), node::Command{state::encode_command(state::RegisterSession{})}});
        const auto* applied = std::get_if<node::Applied>(&reply.outcome);
        const auto outcome = applied != nullptr ? state::decode_outcome(applied->outcome)
                                                : Result<state::Outcome>(state::Malformed{});
        const auto* session =
            outcome ? std::get_if<state::SessionRegistered>(&*outcome) : nullptr;
        if (session == nullptr) {
            give_up("the leader opens no session");
        }
        state::NewEvent event;
        event.type = "bench";
        event.payload.assign(options_.payload_bytes, std::byte{'v'});
        clients_[k].before = stream_length(k);
        clients_[k].append.session = session->session;
        clients_[k].append.streams = {{stream_name(k), {}}};
        clients_[k].append.events.push_back(std::move(event));
    }

    void append(std::uint32_t k, std::uint64_t now) {
        Client& client = clients_[k];
        client.append.acknowledged_through = client.append.sequence;
        ++client.append.sequence;
        state::NewEvent& event = client.append.events.front();
        event.id = {k, client.append.sequence.value};
        event.salt = {now, event.salt.low * 0x9e3779b97f4a7c15 + k};
        store_little_endian(event.payload.data(), client.append.sequence.value);
        client.begun = now;
        connection_of(k).push(
            {next_request(k), node::Command{state::encode_command(client.append)}});
    }

    // How many clients are done.
    std::uint32_t take_answers(Connection& connection, Measurement& measurement) {
        std::uint32_t done = 0;
        const auto take = [&](const node::ClientReply& reply) {
            const auto k = static_cast<std::uint32_t>(reply.id.value % options_.clients);
            Client& client = clients_[k];
            require_next_revision(client, reply);
            ++client.acknowledged;
            const std::uint64_t now = now_nanoseconds();
            measurement.acknowledged(client.begun, now);
            if (measurement.over(now)) {
                ++done;
            } else {
                append(k, now);
            }
        };
        connection.receive(take);
        connection.send();
        return done;
    }

    static void require_next_revision(const Client& client, const node::ClientReply& reply) {
        const auto* applied = std::get_if<node::Applied>(&reply.outcome);
        if (applied == nullptr) {
            give_up(fmt::format("an append was not applied but answered with kind {}: the leader "
                                "changed, or refuses load", reply.outcome.index()));
        }
        const Result<state::Outcome> outcome = state::decode_outcome(applied->outcome);
        const auto* appended = outcome ? std::get_if<state::Appended>(&*outcome) : nullptr;
        if (appended == nullptr || appended->revisions.size() != 1 ||
            appended->revisions.front().value != client.before + client.acknowledged) {
            give_up("an append did not become the next revision of its stream");
        }
    }

    state::Answer read(const state::Query& query) {
        node::Query question;
        state::encode_query(query, question.question);
        const node::ClientReply reply =
            connections_.front()->ask({next_request(0), std::move(question)});
        const auto* answered = std::get_if<node::Answered>(&reply.outcome);
        if (answered == nullptr) {
            give_up("the leader answers no read");
        }
        Result<state::Answer> answer = state::decode_answer(answered->answer);
        if (!answer) {
            give_up("the leader's answer cannot be read");
        }
        return std::move(*answer);
    }

    const LoadOptions options_;
    std::vector<std::unique_ptr<Connection>> connections_;
    std::vector<Client> clients_;
    std::uint64_t requests_ = 0;
    std::uint64_t length_before_ = 0;
};

// When a node that is just starting has acknowledged a first command, and answered a first read, on
// the clock of now_nanoseconds().
void print_first_answers(std::uint16_t port) {
    find_leader({{.port = port, .pid = 0}});
    Connection connection(port);
    if (!connection.is_open()) {
        give_up("the leader takes no connection");
    }
    const node::ClientReply opened = connection.ask(
        {RequestId{1}, node::Command{state::encode_command(state::RegisterSession{})}});
    const std::uint64_t applied = now_nanoseconds();
    if (!std::holds_alternative<node::Applied>(opened.outcome)) {
        give_up("the leader opens no session");
    }
    node::Query question;
    state::encode_query(
        state::ReadAll{Position{0}, state::Direction::forward, 1}, question.question);
    const node::ClientReply answered = connection.ask({RequestId{2}, std::move(question)});
    if (!std::holds_alternative<node::Answered>(answered.outcome)) {
        give_up("the leader answers no read");
    }
    fmt::print("{{\"applied\":{},\"answered\":{}}}\n", applied, now_nanoseconds());
}

void run(const LoadOptions& options) {
    const std::size_t leader = find_leader(options.servers);
    Clients clients(options, options.servers[leader].port);
    Measurement measurement = clients.run();
    clients.verify(measurement.acknowledged_in_all());
    measurement.print("event-ledger", leader);
}

}  // namespace
}  // namespace ledger::bench

int main(int argc, char** argv) {
    if (argc == 3 && std::string_view(argv[1]) == "--first-answers") {
        ledger::bench::print_first_answers(static_cast<std::uint16_t>(std::stoi(argv[2])));
        return 0;
    }
    ledger::bench::run(ledger::bench::parse_options(argc, argv));
    return 0;
}
