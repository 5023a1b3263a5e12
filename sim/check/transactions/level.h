#pragma once
// Level: how much a system promises about transactions, from weak to strong, and what breaks it.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace ledger::check {

// Adya's levels and what Cerone and Gotsman call snapshot isolation. Repeatable read (PL-2.99) and
// snapshot isolation do not compare: one forbids write skew, the other one does not. As there are
// no predicates here, repeatable read forbids all that serializable does.
enum class Level : std::uint8_t {
    read_uncommitted = 0,
    read_committed,
    repeatable_read,
    snapshot_isolation,
    serializable,
    strong_session_serializable,  // and in the order of each client
    strict_serializable,          // and in the order of real time
};

inline constexpr std::array levels = {Level::read_uncommitted, Level::read_committed,
    Level::repeatable_read, Level::snapshot_isolation, Level::serializable,
    Level::strong_session_serializable, Level::strict_serializable};

// "read-uncommitted" ... "strict-serializable".
std::string_view to_text(Level level);
std::optional<Level> level_named(std::string_view name);
// All names, as a sentence lists them.
std::string level_names();

// Whether whatever satisfies `stronger` satisfies `weaker` too. Every level implies itself.
bool implies(Level stronger, Level weaker);

// The levels that an anomaly breaks: with a level everything that implies it.
class BrokenLevels {
  public:
    BrokenLevels() = default;
    BrokenLevels(std::initializer_list<Level> weakest);

    bool contains(Level level) const { return (bits_ >> static_cast<unsigned>(level) & 1) != 0; }
    bool empty() const { return bits_ == 0; }
    void add(BrokenLevels other) { bits_ |= other.bits_; }
    // The weakest that is broken and the strongest that is not, if there is one. Of two that do not
    // compare: the one that stands first, or last.
    std::optional<Level> weakest_broken() const;
    std::optional<Level> strongest_held() const;

  private:
    std::uint32_t bits_ = 0;
};

}  // namespace ledger::check
