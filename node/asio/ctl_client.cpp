#include "node/asio/ctl_client.h"

#include <chrono>
#include <utility>

#include <sys/random.h>

#include "log/base/assert.h"

namespace ledger::node::asio {
namespace {

client::Options options_for(const CtlCluster& cluster, CtlClient::Resume resume) {
    client::Options options{
        .nodes = {}, .session = resume.session, .sequence = resume.sequence};
    for (const CtlNode& node : cluster.nodes) {
        options.nodes.push_back(node.node);
    }
    return options;
}

// One request to each node and what came back.
class StatusRound final : public CtlLinkEvents {
  public:
    explicit StatusRound(const CtlCluster& cluster) : answers_(cluster.nodes.size()) {
        for (const CtlNode& node : cluster.nodes) {
            links_.push_back(std::make_unique<CtlLink>(context_, node.node, node.port, *this));
        }
    }

    std::vector<std::optional<StatusAnswer>> run(Duration timeout) {
        for (const auto& link : links_) {
            link->send({.id = RequestId{1}, .operation = StatusQuery{}});
        }
        const auto end =
            std::chrono::steady_clock::now() + std::chrono::nanoseconds(timeout.nanoseconds);
        while (settled_ < links_.size() && context_.run_one_until(end) > 0) {
        }
        return std::move(answers_);
    }

  private:
    void on_connected(NodeId) override {}
    void on_disconnected(NodeId) override { ++settled_; }
    void on_not_sent(NodeId, RequestId) override { ++settled_; }
    void on_reply(NodeId node, ClientReply&& reply) override {
        for (std::size_t i = 0; i < links_.size(); ++i) {
            auto* answer = std::get_if<StatusAnswer>(&reply.outcome);
            if (links_[i]->node() == node && answer != nullptr && !answers_[i]) {
                answers_[i] = std::move(*answer);
                ++settled_;
            }
        }
    }

    boost::asio::io_context context_;
    std::vector<std::unique_ptr<CtlLink>> links_;
    std::vector<std::optional<StatusAnswer>> answers_;
    std::size_t settled_ = 0;
};

// One request to one node and its answer.
class Question final : public CtlLinkEvents {
  public:
    Question(const CtlNode& node) : link_(context_, node.node, node.port, *this) {}

    std::optional<ClientReply> run(ClientRequest&& request, Duration timeout) {
        link_.send(request);
        const auto end =
            std::chrono::steady_clock::now() + std::chrono::nanoseconds(timeout.nanoseconds);
        while (!over_ && context_.run_one_until(end) > 0) {
        }
        return std::move(answer_);
    }

  private:
    void on_connected(NodeId) override {}
    void on_disconnected(NodeId) override { over_ = true; }
    void on_not_sent(NodeId, RequestId) override { over_ = true; }
    void on_reply(NodeId, ClientReply&& reply) override {
        answer_ = std::move(reply);
        over_ = true;
    }

    boost::asio::io_context context_;
    CtlLink link_;
    std::optional<ClientReply> answer_;
    bool over_ = false;
};

}  // namespace

std::uint64_t random_bits() {
    std::uint64_t bits = 0;
    const bool whole = ::getrandom(&bits, sizeof bits, 0) == static_cast<ssize_t>(sizeof bits);
    LEDGER_ASSERT(whole);
    return bits;
}

CtlClient::CtlClient(const CtlCluster& cluster, Resume resume)
    : loop_(cluster, *this, [this] { step(client::Timer{}); }), choices_(random_bits()),
      client_(options_for(cluster, resume), choices_) {}

client::Done CtlClient::run(client::What what, Duration timeout) {
    LEDGER_ASSERT(client_.idle());
    done_.reset();
    step(client::Submit{++operations_, std::move(what), timeout});
    while (!done_) {
        loop_.run_one();
    }
    return std::move(*done_);
}

void CtlClient::step(client::Event&& event) {
    // Performing an effect only starts it; nothing steps the client again before the loop ends.
    const std::span<const client::Effect> effects = client_.step(CtlLoop::now(), std::move(event));
    for (const client::Effect& effect : effects) {
        perform(effect);
    }
}

void CtlClient::perform(const client::Effect& effect) {
    if (const auto* send = std::get_if<client::SendRequest>(&effect)) {
        loop_.send(send->to, send->request);
    } else if (const auto* wake = std::get_if<client::WakeAt>(&effect)) {
        loop_.set_timer(wake->deadline);
    } else if (const auto* done = std::get_if<client::Done>(&effect)) {
        done_ = *done;
    }
}

void CtlClient::on_connected(NodeId node) {
    step(client::Connected{node});
}

void CtlClient::on_disconnected(NodeId node) {
    step(client::Disconnected{node});
}

void CtlClient::on_not_sent(NodeId, RequestId request) {
    step(client::NotSent{request});
}

void CtlClient::on_reply(NodeId node, ClientReply&& reply) {
    step(client::Received{node, std::move(reply)});
}

std::optional<ClientReply> ask_once(
    const CtlNode& node, ClientRequest&& request, Duration timeout) {
    return Question(node).run(std::move(request), timeout);
}

std::vector<std::optional<StatusAnswer>> ask_statuses(
    const CtlCluster& cluster, Duration timeout) {
    return StatusRound(cluster).run(timeout);
}

}  // namespace ledger::node::asio
