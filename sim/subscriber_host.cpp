#include "sim/subscriber_host.h"

#include <string>
#include <utility>

namespace ledger::sim {
namespace {

// The questions of one subscriber.
constexpr std::uint64_t from_where = 1;
constexpr std::uint64_t which_stream = 2;
constexpr std::uint64_t when = 3;

node::subscriber::Options options_for(std::uint32_t subscriber, std::uint32_t lane,
    const Profile& profile, ChoiceSource& choices) {
    node::subscriber::Options options{.nodes = {}, .entity = lane};
    for (std::uint32_t place = 0; place < profile.hosts(); ++place) {
        options.nodes.push_back(NodeId{1 + (lane + place) % profile.hosts()});
    }
    // The first one sees everything there is.
    if (subscriber == 1 || choices.choose(Site::workload_subscriber, lane, from_where, 2) == 0) {
        options.from = Position{0};  // else now
    }
    // Every fourth follows one stream.
    if (choices.choose(Site::workload_subscriber, lane, which_stream, 4) == 3) {
        options.stream = "stream-0";
    }
    options.window_bytes = profile.workload.subscriber_window;
    options.patience = profile.workload.attempt_timeout;
    return options;
}

Duration drawn_delay(std::uint32_t lane, const Profile& profile, ChoiceSource& choices) {
    const auto most = static_cast<std::uint64_t>(profile.faults_for.nanoseconds / 2);
    return nanoseconds(static_cast<std::int64_t>(
        choices.choose(Site::workload_subscriber, lane, when, most + 1)));
}

}  // namespace

SubscriberHost::SubscriberHost(std::uint32_t subscriber, std::uint32_t lane,
    const Profile& profile, ChoiceSource& choices, LinkPort& links, SubscriberPort& port)
    : number_(subscriber), lane_(lane), options_(options_for(subscriber, lane, profile, choices)),
      begins_after_(subscriber == 1 ? Duration{} : drawn_delay(lane, profile, choices)), world_(links), port_(port), links_(lane, profile.hosts(), links),
      subscriber_(options_, choices) {}

void SubscriberHost::start() {
    world_.timer(lane_, world_.now() + begins_after_, wake_timer_);
}

void SubscriberHost::step(node::subscriber::Event&& event) {
    for (const auto& effect : subscriber_.step(world_.now(), std::move(event))) {
        std::visit([this](const auto& what) { perform(what); }, effect);
    }
}

void SubscriberHost::perform(const node::subscriber::SendRequest& send) {
    links_.send(send.to, send.request);
}

void SubscriberHost::perform(const node::subscriber::WakeAt& wake) {
    ++wake_timer_;
    if (wake.deadline != never) {
        world_.timer(lane_, wake.deadline, wake_timer_);
    }
}

void SubscriberHost::perform(const node::subscriber::Events& events) {
    port_.delivered(number_, events);
}

void SubscriberHost::perform(const node::subscriber::Finished& end) {
    port_.finished(number_, end);
}

void SubscriberHost::on_timer(std::uint64_t generation) {
    if (!begun_) {
        begun_ = true;
        step(node::subscriber::Begin{});
    } else if (generation == wake_timer_) {
        step(node::subscriber::Timer{});
    }
}

void SubscriberHost::on_refused(NodeId node) {
    for (const node::ClientRequest& request : links_.refused(node)) {
        step(node::subscriber::NotSent{request.id});
    }
}

void SubscriberHost::on_reply(NodeId from, node::ClientReply&& reply) {
    step(node::subscriber::Received{from, std::move(reply)});
}

void SubscriberHost::on_disconnected(NodeId node, std::uint64_t connection) {
    if (links_.disconnected(node, connection)) {
        step(node::subscriber::Disconnected{node});
    }
}

}  // namespace ledger::sim
