#pragma once
// Model: the ledger as one would write it down first: maps, copies, no bytes. The twin of Ledger.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "log/state/ledger.h"

namespace ledger::state {

class Model {
  public:
    explicit Model(const Limits& limits) : limits_(limits) {}

    // Nothing if the body was no command.
    Outcome apply(std::uint64_t index, std::int64_t time, const Command* command);
    // Nothing if it begins with an event that has expired.
    std::optional<Answer> read(const Query& query) const;
    void learn_redact() { knows_redact_ = true; }
    // After each entry, whatever it was.
    void passed();
    // The places of an entry's events that are redacted.
    std::vector<Slot> redacted(std::uint64_t index) const;
    // The events of the entries up to this one expire.
    void retain(std::uint64_t index);

    std::uint64_t length() const { return events_.size(); }
    std::uint64_t length_of(const std::string& stream) const;
    std::uint64_t sessions() const { return sessions_.size(); }
    const std::vector<RecordedEvent>& events() const { return events_; }
    std::uint64_t retained() const { return retained_; }

  private:
    struct Answered {
        Command command;
        Outcome outcome;
    };
    struct Session {
        std::int64_t last = 0;
        std::uint64_t pruned_through = 0;
        std::map<std::uint64_t, Answered> replies;
    };

    Outcome open(std::uint64_t index, std::int64_t time);
    template <typename Asked>
    Outcome once(std::uint64_t index, std::int64_t time, const Asked& asked);
    Outcome execute(std::int64_t time, const Append& append);
    Outcome execute(std::int64_t time, const Redact& redact);
    void repeated(std::uint64_t index, const Append& append, const Outcome* answered);
    void repeated(std::uint64_t, const Redact&, const Outcome*) {}
    void redact_all(std::uint64_t index, const Append& append);
    bool is_redacted(std::uint64_t position) const;
    Slot slot_of(std::uint64_t position) const;
    std::uint64_t marks() const;

    const Limits limits_;
    std::map<std::uint64_t, Session> sessions_;
    std::vector<RecordedEvent> events_;
    std::vector<std::uint64_t> indexes_;  // of the events' entries
    std::uint64_t retained_ = 0;          // number of events that have expired
    std::uint64_t retained_index_ = 0;
    struct Marks {
        std::set<Slot> slots;
        std::set<std::uint64_t> copies;
    };
    bool knows_redact_ = false;
    std::map<std::uint64_t, Marks> marks_;  // by index of the entry
    std::map<std::string, std::vector<RecordedEvent>> streams_;
};

}  // namespace ledger::state
