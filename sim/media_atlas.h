#pragma once
// MediaAtlas: which harm may be done to which disk, so that what the cluster has stays repairable.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "log/storage.h"
#include "sim/disk.h"
#include "sim/media_disk.h"

namespace ledger::sim {

// It keeps no accounts of its own: what is harmed is what the disks have overlays over, which end
// when the node has rewritten the place; what is there is what their durable bytes say.
class MediaAtlas {
  public:
    enum class Mode : std::uint8_t {
        repairable,    // of everything that is harmed a copy is left in the cluster
        unrestricted,  // whatever one disk by itself can tell
    };

    explicit MediaAtlas(Mode mode) : mode_(mode) {}

    // The disk must outlive the atlas, which is the observer of its changes.
    void add(Disk& disk, const log::Identity& identity, const std::string& directory);

    // Whether this may be done to the disk of `node`. `keepers`: whose copies can be asked for,
    // that is voters that hold payloads.
    HarmVerdict judge(
        NodeId node, std::span<const Harm::Place> places, std::span<const NodeId> keepers);
    // The disk of `node` may be lost, or the node may leave: what is harmed elsewhere has a copy on
    // another keeper.
    bool may_lose(NodeId node, std::span<const NodeId> keepers);

    // How many of the harms to entries up to `upto` no keeper can help with.
    std::uint64_t beyond_repair(Index upto, std::span<const NodeId> keepers);

    // As the disk is now.
    const MediaMap& map(NodeId node);

  private:
    struct Copies {
        std::span<const NodeId> keepers;
        NodeId without;
        NodeId nor;
    };

    MediaDisk& disk(NodeId node);
    void refresh();
    bool has_copy(const Copies& copies, const std::function<bool(const MediaDisk&)>& has);
    bool all_have_copies(const MediaDisk::Harmed& harmed, const Copies& copies);

    const Mode mode_;
    std::vector<MediaDisk> disks_;
};

}  // namespace ledger::sim
