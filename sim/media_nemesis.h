#pragma once
// MediaNemesis: which disk harms what, within the seed's profile and as far as the atlas allows.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/base/choice.h"
#include "sim/faults.h"
#include "sim/media_atlas.h"
#include "sim/profile.h"

namespace ledger::sim {

// What it may see and do.
class MediaPort {
  public:
    virtual ~MediaPort() = default;
    virtual Disk& device(NodeId node) = 0;
    // Whose copies can be asked for: voters that hold payloads and are not about to leave.
    virtual std::vector<NodeId> keepers() const = 0;
    // Somebody else takes all of a disk's free space but `left` bytes, for so long.
    virtual void crowd(NodeId node, std::uint64_t left, Duration length) = 0;
    // For whoever looks at the run later.
    virtual void harmed(NodeId node, const std::string& text) = 0;
};

class MediaNemesis final {
  public:
    MediaNemesis(const Profile& profile, ChoiceSource& choices, FaultCounts& faults,
        MediaAtlas& atlas, MediaPort& port);

    // Each kind strikes with its chance.
    void strike();

    // How its proposals fared.
    struct Counts {
        std::uint64_t done = 0;
        std::uint64_t refused = 0;
        std::uint64_t unsealed = 0;  // of those done: what nothing vouched for
    };
    const Counts& counts() const { return counts_; }

  private:
    enum class Aim : std::uint8_t { record, block, header, footer, hard_state, cut, anything };
    struct Target {
        std::uint32_t number = 0;
        ByteRange range;
    };

    std::uint64_t draw(std::uint64_t domain);
    void strike(Fault fault, PartsPerMillion chance);
    void crowd();
    // Tries it once; whether it came about.
    bool propose(Fault fault);
    bool commit(NodeId node, Harm&& harm);
    std::optional<Harm> plan(Fault fault, NodeId node);
    Aim aim();
    std::optional<Target> target(const MediaMap& map, Aim aim, Disk& disk);
    std::optional<Target> anywhere(const Disk& disk);
    std::optional<Target> in_segment(const MappedSegment& segment, Aim aim);
    std::optional<Target> in_cut(const MappedCut& cut);
    // Whole sectors, about where the target is.
    std::optional<Target> sectors(const Target& near, std::uint64_t unit, Disk& disk);
    std::optional<Harm::Place> flipped(const Target& at, Disk& disk);
    std::optional<Harm::Place> as_before(const Target& at, NodeId node);
    std::optional<Harm::Place> misplaced(const Target& at, NodeId node);
    std::optional<Harm::Place> as_elsewhere(const Target& at, NodeId node);

    const Profile& profile_;
    ChoiceSource& choices_;
    FaultCounts& faults_;
    MediaAtlas& atlas_;
    MediaPort& port_;
    std::vector<Aim> aims_;  // each as often as its share says
    std::uint64_t strikes_ = 0;
    std::uint64_t turn_ = 0;   // the entity of its questions
    std::uint64_t draws_ = 0;  // in this turn
    Counts counts_;
};

}  // namespace ledger::sim
