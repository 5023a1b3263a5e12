#pragma once
// Features: which version of what nodes may say to each other is in force, and who knows which.
//
// Nodes are upgraded one after the other. A build knows all versions up to its newest one; what a
// version adds is used only once that version is active, which is an entry of the log, proposed
// when all members know it: at the beginning of a cluster by itself, later by `ledgerctl upgrade
// finalise`. Until then every node can go back to its older build.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/base/entry.h"
#include "log/base/ids.h"
#include "raft/membership.h"

namespace ledger::node {

// Versions, each with all before it; a node may speak of versions that this build has no name for.
enum class Feature : std::uint32_t {
    base = 1,  // also that of builds that say nothing
    cuts = 2,  // the kinds of entries cut, cut_root, retain, feature and recovery
    erasure = 3,  // commands that redact, bodies that are partly erased
};
inline constexpr Feature newest_feature = Feature::erasure;

// The first version whose builds can read entries of this kind; beyond newest_feature if none of
// ours can.
Feature needed_by(EntryKind kind);

// The version is the envelope, as a little-endian u32.
EntryRef feature_entry(Feature version);
// Nothing if the body is none of feature_entry().
std::optional<Feature> feature_of(const EntryRef& entry);
// Why a node that knows versions up to `known` cannot work with this entry; empty if it can.
std::string unreadable(const EntryRef& entry, Feature known);

// What one node knows of its cluster's versions.
class Features {
  public:
    explicit Features(Feature known) : known_(known) {}

    // The newest version of this node.
    Feature known() const { return known_; }
    // In force as of the applied entries; never falls.
    Feature active() const { return active_; }
    // `active` was in force at the cut from which the state was restored.
    void restore(Feature active);
    // The next applied entry, which is readable().
    void apply(const EntryRef& entry);

    // `node` said that it knows versions up to `newest`. True if that is news.
    bool heard(NodeId node, Feature newest);
    // Nothing is heard from `node` any more: it may come back as another build.
    void silent(NodeId node);

    // The newest version that every one of `members` knows, as far as they have been heard.
    struct Agreement {
        Feature newest = Feature::base;
        std::string lagging;  // who holds it back, in words; empty = nobody
    };
    // `self` is this node.
    Agreement agreement(const raft::NodeSet& members, NodeId self) const;

  private:
    struct Heard {
        NodeId node;
        Feature newest = Feature::base;
    };

    const Feature known_;
    Feature active_ = Feature::base;
    std::vector<Heard> heard_;  // at most members_max: strangers beyond are not noted
};

}  // namespace ledger::node
