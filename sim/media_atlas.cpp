#include "sim/media_atlas.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"

namespace ledger::sim {

void MediaAtlas::add(Disk& disk, const log::Identity& identity, const std::string& directory) {
    disks_.emplace_back(disk, identity, directory);
}

MediaDisk& MediaAtlas::disk(NodeId node) {
    const auto at = std::find_if(disks_.begin(), disks_.end(),
        [node](const MediaDisk& each) { return each.node() == node; });
    LEDGER_ASSERT(at != disks_.end());
    return *at;
}

const MediaMap& MediaAtlas::map(NodeId node) {
    MediaDisk& at = disk(node);
    at.refresh();
    return at.map();
}

void MediaAtlas::refresh() {
    for (MediaDisk& each : disks_) {
        each.refresh();
    }
}

HarmVerdict MediaAtlas::judge(
    NodeId node, std::span<const Harm::Place> places, std::span<const NodeId> keepers) {
    MediaDisk& struck = disk(node);
    struck.refresh();
    const HarmVerdict alone = struck.judge(places);
    if (alone == HarmVerdict::refused || mode_ == Mode::unrestricted) {
        return alone;
    }
    refresh();
    const Copies copies{keepers, node, NodeId{}};
    return all_have_copies(struck.harmed_by(places), copies) ? alone : HarmVerdict::refused;
}

bool MediaAtlas::may_lose(NodeId node, std::span<const NodeId> keepers) {
    const bool none = std::none_of(
        disks_.begin(), disks_.end(), [](const MediaDisk& each) { return each.any_harm(); });
    if (none || mode_ == Mode::unrestricted) {
        return true;
    }
    refresh();
    return std::all_of(disks_.begin(), disks_.end(), [&](const MediaDisk& each) {
        const Copies copies{keepers, node, each.node()};
        return each.node() == node || all_have_copies(each.harmed(), copies);
    });
}

std::uint64_t MediaAtlas::beyond_repair(Index upto, std::span<const NodeId> keepers) {
    refresh();
    std::uint64_t count = 0;
    for (const MediaDisk& each : disks_) {
        const Copies copies{keepers, each.node(), NodeId{}};
        for (const log::EntryIdentity& entry : each.harmed().entries) {
            const auto holds = [&](const MediaDisk& other) { return other.holds(entry); };
            count += entry.index <= upto && !has_copy(copies, holds) ? 1u : 0u;
        }
    }
    return count;
}

bool MediaAtlas::has_copy(
    const Copies& copies, const std::function<bool(const MediaDisk&)>& has) {
    return std::any_of(copies.keepers.begin(), copies.keepers.end(), [&](NodeId keeper) {
        return keeper != copies.without && keeper != copies.nor && has(disk(keeper));
    });
}

bool MediaAtlas::all_have_copies(const MediaDisk::Harmed& harmed, const Copies& copies) {
    const bool entries = std::all_of(harmed.entries.begin(), harmed.entries.end(),
        [&](const log::EntryIdentity& entry) {
            return has_copy(copies, [&](const MediaDisk& each) { return each.holds(entry); });
        });
    return entries && std::all_of(harmed.chunks.begin(), harmed.chunks.end(),
                          [&](const MediaDisk::Chunk& chunk) {
                              return has_copy(copies, [&](const MediaDisk& each) {
                                  return each.holds(chunk);
                              });
                          });
}

}  // namespace ledger::sim
