#include "node/features.h"

#include <algorithm>

#include "log/base/assert.h"
#include "log/base/bytes.h"
#include "log/base/format.h"
#include "log/base/sometimes.h"

namespace ledger::node {
namespace {

std::uint32_t number(Feature version) {
    return static_cast<std::uint32_t>(version);
}

}  // namespace

Feature needed_by(EntryKind kind) {
    switch (kind) {
        case EntryKind::noop:
        case EntryKind::command:
        case EntryKind::configuration: return Feature::base;
        case EntryKind::cut:
        case EntryKind::cut_root:
        case EntryKind::retain:
        case EntryKind::feature:
        case EntryKind::recovery: return Feature::cuts;
    }
    return Feature{number(newest_feature) + 1};  // written by a later build
}

EntryRef feature_entry(Feature version) {
    LEDGER_ASSERT(version > Feature::base);
    ByteVector body;
    ByteWriter(body).u32(number(version));
    EntryRef entry;
    entry.kind = EntryKind::feature;
    entry.bytes = static_cast<std::uint32_t>(body.size());
    entry.handle = EntryHandle::make(body, {});
    return entry;
}

std::optional<Feature> feature_of(const EntryRef& entry) {
    ByteReader reader(entry.handle.envelope());
    const Feature version{reader.u32()};
    const bool whole = reader.ok() && reader.at_end() && version > Feature::base;
    return entry.kind == EntryKind::feature && whole ? std::optional(version) : std::nullopt;
}

std::string unreadable(const EntryRef& entry, Feature known) {
    const Feature needed = std::max(
        needed_by(entry.kind), feature_of(entry).value_or(Feature::base));
    if (needed <= known) {
        return {};
    }
    return fmt::format("entry {} needs feature version {}, this node knows {}: start a newer build",
        entry.index, number(needed), number(known));
}

void Features::restore(Feature active) {
    LEDGER_ASSERT(active <= known_);
    active_ = std::max(active_, active);
}

void Features::apply(const EntryRef& entry) {
    LEDGER_ASSERT(needed_by(entry.kind) <= known_);
    if (const std::optional<Feature> version = feature_of(entry)) {
        LEDGER_ASSERT(*version <= known_);
        LEDGER_SOMETIMES(*version > active_, "node.feature.activated");
        active_ = std::max(active_, *version);
    }
}

bool Features::heard(NodeId node, Feature newest) {
    const auto at = std::find_if(
        heard_.begin(), heard_.end(), [node](const Heard& heard) { return heard.node == node; });
    if (at != heard_.end()) {
        const bool news = at->newest != newest;
        at->newest = newest;
        return news;
    }
    if (heard_.size() == raft::members_max) {
        return false;
    }
    heard_.push_back({node, newest});
    return true;
}

void Features::silent(NodeId node) {
    std::erase_if(heard_, [node](const Heard& heard) { return heard.node == node; });
}

Features::Agreement Features::agreement(const raft::NodeSet& members, NodeId self) const {
    Agreement agreed{.newest = known_, .lagging = {}};
    Feature most = known_;
    for (const Heard& heard : heard_) {
        most = members.contains(heard.node) ? std::max(most, heard.newest) : most;
    }
    const auto lags = [&agreed](NodeId node, const std::string& how) {
        agreed.lagging += fmt::format(
            "{}n{} {}", agreed.lagging.empty() ? "" : ", ", node.value, how);
    };
    for (const NodeId node : members) {
        const auto at = std::find_if(
            heard_.begin(), heard_.end(), [node](const Heard& heard) { return heard.node == node; });
        const bool known = node == self || at != heard_.end();
        const Feature newest = node == self ? known_ : known ? at->newest : Feature::base;
        agreed.newest = std::min(agreed.newest, newest);
        if (!known) {
            lags(node, "does not answer");
        } else if (newest < most) {
            lags(node, fmt::format("knows versions up to {} only", number(newest)));
        }
    }
    return agreed;
}

}  // namespace ledger::node
