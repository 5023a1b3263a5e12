#include "tests/raft/interaction/selector.h"

#include <fmt/format.h>

#include "tests/raft/interaction/words.h"

namespace ledger::raft::interaction {
namespace {

NodeId parse_end(std::string_view text) {
    return text == "*" ? NodeId{} : parse_node(text);
}

}  // namespace

bool is_link(std::string_view word) {
    return word.find("->") != std::string_view::npos;
}

Link parse_link(std::string_view text) {
    const std::size_t arrow = text.find("->");
    if (arrow == std::string_view::npos) {
        throw BadScript(fmt::format("expected a link like n1->n2 and not '{}'", text));
    }
    return {parse_end(text.substr(0, arrow)), parse_end(text.substr(arrow + 2))};
}

bool Selector::matches(const Cluster::InFlight& one) const {
    return (link.from == NodeId{} || link.from == one.from) &&
           (link.to == NodeId{} || link.to == one.to) &&
           (kind.empty() || kind == kind_of(one.message));
}

std::vector<std::size_t> Selector::choose(const std::deque<Cluster::InFlight>& network) const {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < network.size(); ++i) {
        if (matches(network[i])) {
            places.push_back(i);
        }
    }
    if (places.size() > 1 && count != Count::all) {
        places = {count == Count::first ? places.front() : places.back()};
    }
    return places;
}

Selector take_selector(Words& words) {
    Selector selector{.link = parse_link(words.take("a link like n1->n2"))};
    if (is_kind(words.peek())) {
        selector.kind = words.take("a kind of message");
    }
    if (words.take_if("first")) {
        selector.count = Selector::Count::first;
    } else if (words.take_if("last")) {
        selector.count = Selector::Count::last;
    }
    return selector;
}

}  // namespace ledger::raft::interaction
