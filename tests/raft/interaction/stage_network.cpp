// The commands of a script that touch messages and links.
#include <utility>

#include "log/base/format.h"
#include "tests/raft/interaction/stage.h"
#include "tests/raft/interaction/words.h"

namespace ledger::raft::interaction {

bool Stage::lossy(const Cluster::InFlight& one) const {
    for (const Selector& rule : lossy_) {
        if (rule.matches(one)) {
            return true;
        }
    }
    return cluster_->blocked(one.from, one.to) || !cluster_->up(one.to.value);
}

void Stage::deliver_one(std::size_t which, bool keep) {
    const Cluster::InFlight& one = cluster().network()[which];
    const bool lost = lossy(one);
    if (!quiet_) {
        say(fmt::format("{} <- {} {}{}", text_of(one.to), text_of(one.from), kind_of(one.message),
            lost ? ", lost" : ""));
    }
    if (!lost) {
        cluster().deliver(which, keep);
    } else if (!keep) {
        cluster().drop(which);
    }
}

void Stage::deliver(Words& words) {
    std::size_t delivered = 0;
    for (std::size_t place : take_selector(words).choose(cluster().network())) {
        deliver_one(place - delivered, false);
        ++delivered;
    }
    if (delivered == 0) {
        throw BadScript("there is no such message");
    }
}

void Stage::drop(Words& words) {
    std::size_t dropped = 0;
    for (std::size_t place : take_selector(words).choose(cluster().network())) {
        const Cluster::InFlight& one = cluster().network()[place - dropped];
        say(fmt::format(
            "{} -> {} {}, dropped", text_of(one.from), text_of(one.to), kind_of(one.message)));
        cluster().drop(place - dropped);
        ++dropped;
    }
    if (dropped == 0) {
        throw BadScript("there is no such message");
    }
}

// Delivers a copy and keeps the message.
void Stage::duplicate(Words& words) {
    const std::vector<std::size_t> places = take_selector(words).choose(cluster().network());
    if (places.empty()) {
        throw BadScript("there is no such message");
    }
    for (std::size_t place : places) {
        deliver_one(place, true);
    }
}

// Sets messages aside until `release`, in the order in which they were sent.
void Stage::hold(Words& words) {
    std::size_t taken = 0;
    for (std::size_t place : take_selector(words).choose(cluster().network())) {
        held_.push_back(cluster().network()[place - taken]);
        const Cluster::InFlight& one = held_.back();
        say(fmt::format(
            "{} -> {} {}, held", text_of(one.from), text_of(one.to), kind_of(one.message)));
        cluster().drop(place - taken);
        ++taken;
    }
    if (taken == 0) {
        throw BadScript("there is no such message");
    }
}

// The held ones are on their way again, behind all others. `release` alone means all.
void Stage::release(Words& words) {
    const Selector selector = words.done() ? Selector{} : take_selector(words);
    std::size_t released = 0;
    for (std::size_t place : selector.choose(held_)) {
        const auto one = held_.begin() + static_cast<std::ptrdiff_t>(place - released);
        cluster().inject(one->from.value, one->to.value, one->message);
        held_.erase(one);
        ++released;
    }
    if (released == 0) {
        throw BadScript("no such message is held");
    }
}

// `inject n2->n1 append_request term=4 previous=1@1 sequence=1 entries=2@2`
void Stage::inject(Words& words) {
    const Link link = parse_link(words.take("a link like n1->n2"));
    if (link.from == NodeId{} || link.to == NodeId{} || link.to.value > cluster().size()) {
        throw BadScript("a message has one sender and one receiver");
    }
    const std::string_view kind = words.take("a kind of message");
    std::vector<std::string_view> fields;
    while (!words.done()) {
        fields.push_back(words.take("a field"));
    }
    cluster().inject(link.from.value, link.to.value, parse_message(kind, fields));
}

// `cut n1->n2` in one direction, `cut n1 n2` in both.
void Stage::cut(Words& words) {
    if (is_link(words.peek())) {
        const Link link = parse_link(words.take("a link"));
        cluster().cut_one_way(link.from.value, link.to.value);
        return;
    }
    const std::uint32_t a = node(words);
    const std::uint32_t b = node(words);
    cluster().cut(a, b);
}

// `partition n1 n2 | n3 n4`: nobody reaches the other side.
void Stage::partition(Words& words) {
    std::vector<std::uint32_t> left;
    std::vector<std::uint32_t> right;
    while (!words.take_if("|")) {
        left.push_back(node(words));
    }
    while (!words.done()) {
        right.push_back(node(words));
    }
    for (std::uint32_t a : left) {
        for (std::uint32_t b : right) {
            cluster().cut(a, b);
        }
    }
}

void Stage::isolate(Words& words) {
    cluster().isolate(node(words));
}

// Everybody reaches everybody, nothing is lost by rule. What was lost is gone.
void Stage::heal(Words&) {
    cluster().heal();
    lossy_.clear();
}

// From now on such messages are lost when they would arrive.
void Stage::lose(Words& words) {
    lossy_.push_back(take_selector(words));
}

// `link_down n1 n2`: n1 is told that its connection to n2 broke.
void Stage::link_down(Words& words) {
    const std::uint32_t id = live_node(words);
    const std::uint32_t peer = node(words);
    cluster().peer_down(id, peer);
}

}  // namespace ledger::raft::interaction
