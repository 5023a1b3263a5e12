#include "sim/explore/crash_explorer.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/lookup_table.h"
#include "log/segment.h"

namespace ledger::sim {

void ExploreCounts::add(const ExploreCounts& other) {
    operations += other.operations;
    covered += other.covered;
    booted += other.booted;
    covered_in_recovery += other.covered_in_recovery;
    booted_in_recovery += other.booted_in_recovery;
    booted_small += other.booted_small;
    recoveries += other.recoveries;
    unsynced_max = std::max(unsynced_max, other.unsynced_max);
    bytes_min = std::min(bytes_min, other.bytes_min);
    bytes_max = std::max(bytes_max, other.bytes_max);
    segments_min = std::min(segments_min, other.segments_min);
    segments_max = std::max(segments_max, other.segments_max);
    violations += other.violations;
}

namespace {

using OutcomeNumber = std::uint32_t;

// What is known of one image.
struct KnownImage {
    OutcomeNumber outcome = 0;
    bool recovery_explored = false;
};

// What openings came to, each once, and what is said of it in each stage.
template <typename Found>
class Outcomes {
  public:
    OutcomeNumber number_of(Found found, std::size_t stages) {
        const auto at = std::find(all_.begin(), all_.end(), found);
        const auto number = static_cast<OutcomeNumber>(at - all_.begin());
        if (at == all_.end()) {
            all_.push_back(std::move(found));
            verdicts_.emplace_back(stages);
        }
        return number;
    }
    const Found& operator[](OutcomeNumber number) const { return all_[number]; }
    // None = not judged yet.
    std::optional<std::string>& verdict(OutcomeNumber number, std::uint32_t stage) {
        return verdicts_[number][stage];
    }

  private:
    std::vector<Found> all_;
    std::vector<std::vector<std::optional<std::string>>> verdicts_;
};

class SeedExplorer {
  public:
    SeedExplorer(std::uint64_t seed, const ExploreOptions& options)
        : seed_(seed), options_(options) {}

    ExploredSeed run();

  private:
    // States of the workload, and of a recovery.
    class Outer;
    class Inner;

    bool goes_on() const { return result_.findings.size() < explored_findings_max; }
    void visit(const CrashPlace& place);
    void visit_in_recovery(const CrashPlace& place, OutcomeNumber expected);
    OutcomeNumber boot(OperationLog& record, std::optional<FilePart> part);
    void boot_whole(const CrashPlace& place, OutcomeNumber expected);
    void format_again();
    void go_on(OutcomeNumber outcome);
    std::string append_and_reopen(const FoundLog& found);
    HashedEntry small_entry(const FoundLog& found);
    OutcomeNumber outcome_of_log(Hash128 hash);
    OutcomeNumber outcome_of_cuts(Hash128 hash);
    void explore_recovery(OutcomeNumber outcome);
    const std::string& judge(OutcomeNumber outcome, std::uint32_t stage);
    const std::string& judge_cuts(OutcomeNumber outcome, std::uint32_t stage);
    void tell_place() const;
    void measure();
    void find(const CrashPlace& place, const CrashPlace* in_recovery, const std::string& sentence);

    const std::uint64_t seed_;
    const ExploreOptions& options_;
    std::unique_ptr<LogWorkload> work_;
    std::optional<LogInspector> inspector_;
    std::optional<CrashStates> outer_;
    std::optional<CrashStates> inner_;
    OperationLog record_;        // of the recovery whose crashes are explored
    OperationLog other_record_;  // of the recovery after such a crash
    LookupTable<Hash128, KnownImage> images_;
    LookupTable<Hash128, bool> recoveries_;
    Outcomes<FoundLog> outcomes_;
    LookupTable<Hash128, OutcomeNumber> cut_images_;
    Outcomes<FoundCuts> cut_outcomes_;
    CrashPlace place_;
    ExploredSeed result_;
};

class SeedExplorer::Outer final : public CrashVisitor {
  public:
    explicit Outer(SeedExplorer& explorer) : explorer_(explorer) {}
    bool visit(const CrashPlace& place) override {
        explorer_.visit(place);
        return explorer_.goes_on();
    }

  private:
    SeedExplorer& explorer_;
};

class SeedExplorer::Inner final : public CrashVisitor {
  public:
    Inner(SeedExplorer& explorer, OutcomeNumber expected)
        : explorer_(explorer), expected_(expected) {}
    bool visit(const CrashPlace& place) override {
        explorer_.visit_in_recovery(place, expected_);
        return explorer_.goes_on();
    }

  private:
    SeedExplorer& explorer_;
    const OutcomeNumber expected_;
};

ExploredSeed SeedExplorer::run() {
    SeededChoices choices(seed_);
    work_ = make_log_workload(choices, options_.operations_max, options_.wrap);
    if (!work_->violation.empty()) {
        find({}, nullptr, "before the explored operations: " + work_->violation);
        return std::move(result_);
    }
    inspector_.emplace(work_->image, work_->written);
    outer_.emplace(work_->image, work_->garbage);
    inner_.emplace(work_->image, work_->garbage);
    result_.counts.operations = work_->record.operations.size();
    CrashRange range;
    range.point_first = options_.point.value_or(0);
    range.point_last = options_.point.value_or(UINT64_MAX);
    range.subset = options_.subset.value_or(UINT64_MAX);
    Outer visitor(*this);
    outer_->visit_all(work_->record, range, visitor);
    return std::move(result_);
}

void SeedExplorer::visit(const CrashPlace& place) {
    place_ = place;
    ++result_.counts.covered;
    result_.counts.unsynced_max = std::max(result_.counts.unsynced_max, place.unsynced);
    const auto [log_hash, cuts_hash] = work_->image.part_hashes();
    const OutcomeNumber outcome = outcome_of_log(log_hash);
    const std::uint32_t stage = work_->stage_at[static_cast<std::size_t>(place.point)];
    if (const std::string& sentence = judge(outcome, stage); !sentence.empty()) {
        find(place, nullptr, sentence);
    }
    const bool all_arrived = place.torn == 0 && std::has_single_bit(place.subset + 1) &&
                             static_cast<std::uint64_t>(std::bit_width(place.subset)) ==
                                 place.unsynced;
    if (all_arrived) {
        boot_whole(place, outcome);
    }
    const OutcomeNumber cuts = outcome_of_cuts(cuts_hash);
    if (const std::string& sentence = judge_cuts(cuts, stage); !sentence.empty()) {
        find(place, nullptr, sentence);
    }
}

OutcomeNumber SeedExplorer::outcome_of_log(Hash128 hash) {
    const KnownImage* known = images_.find(hash);
    if (known != nullptr && known->recovery_explored) {
        return known->outcome;
    }
    result_.counts.booted += known == nullptr ? 1u : 0u;
    measure();
    const std::uint64_t blocks = work_->arena.mark();
    const OutcomeNumber outcome = boot(record_, FilePart::log);
    images_[hash] = {outcome, true};
    explore_recovery(outcome);
    work_->arena.release(blocks);
    return outcome;
}

// Images are merged by what the log sees of them, its own files. That the files beside them make no
// difference is seen once at each point.
void SeedExplorer::boot_whole(const CrashPlace& place, OutcomeNumber expected) {
    const std::uint64_t blocks = work_->arena.mark();
    if (boot(other_record_, std::nullopt) != expected) {
        find(place, nullptr, "the log is another one beside the files of the cut store");
    }
    work_->arena.release(blocks);
}

// Opening the cut store changes nothing: there is no recovery to be interrupted.
OutcomeNumber SeedExplorer::outcome_of_cuts(Hash128 hash) {
    if (const OutcomeNumber* known = cut_images_.find(hash)) {
        return *known;
    }
    ++result_.counts.booted;
    tell_place();
    other_record_.clear();
    RecordingDisk disk(work_->image, work_->arena, other_record_, FilePart::cuts);
    const std::unique_ptr<log::FileSystem> wrapped = options_.wrap ? options_.wrap(disk) : nullptr;
    log::FileSystem& files = wrapped ? *wrapped : disk;
    const OutcomeNumber number = cut_outcomes_.number_of(
        look_at_cuts(files, work_->options, work_->identity, work_->cuts), work_->stages.size());
    cut_images_[hash] = number;
    return number;
}

// The log that it finds must be the one that the recovery was about to give.
void SeedExplorer::visit_in_recovery(const CrashPlace& place, OutcomeNumber expected) {
    ++result_.counts.covered;
    ++result_.counts.covered_in_recovery;
    const Hash128 hash = work_->image.part_hashes()[static_cast<std::size_t>(FilePart::log)];
    const KnownImage* known = images_.find(hash);
    OutcomeNumber outcome = 0;
    if (known != nullptr) {
        outcome = known->outcome;
    } else {
        ++result_.counts.booted;
        ++result_.counts.booted_in_recovery;
        const std::uint64_t blocks = work_->arena.mark();
        outcome = boot(other_record_, FilePart::log);
        work_->arena.release(blocks);
        images_[hash] = {outcome, false};
    }
    if (outcome != expected) {
        const FoundLog& found = outcomes_[outcome];
        find(place_, &place,
            found.error
                ? fmt::format("an interrupted recovery left what the next one refuses: {}: {}",
                      found.error->code.message(), found.error->place)
                : fmt::format("an interrupted recovery gave the log up to {}, in term {}, "
                              "committed up to {}; uninterrupted it is up to {}, {}, {}",
                      found.last.value, found.hard_state.term.value, found.commit.value,
                      outcomes_[expected].last.value, outcomes_[expected].hard_state.term.value,
                      outcomes_[expected].commit.value));
    }
}

void SeedExplorer::tell_place() const {
    if (options_.booting) {
        options_.booting(place_);
    }
}

// Leaves the image as it is; the record's blocks stay in the arena.
OutcomeNumber SeedExplorer::boot(OperationLog& record, std::optional<FilePart> part) {
    tell_place();
    const std::uint64_t mark = work_->image.mark();
    record.clear();
    RecordingDisk disk(work_->image, work_->arena, record, part);
    const std::unique_ptr<log::FileSystem> wrapped = options_.wrap ? options_.wrap(disk) : nullptr;
    log::FileSystem& files = wrapped ? *wrapped : disk;
    FoundLog found;
    {
        auto opened = log::open(files, work_->options, work_->identity);
        found = inspector_->look_at(opened);
    }
    work_->image.rollback(mark);
    return outcomes_.number_of(std::move(found), work_->stages.size());
}

void SeedExplorer::explore_recovery(OutcomeNumber outcome) {
    if (outcomes_[outcome].error) {
        format_again();
        return;
    }
    bool& known = recoveries_[record_.hash()];
    const bool is_new = !known;
    known = true;
    CrashRange range;
    range.torn_max = is_new ? 1 : 0;
    if (is_new) {
        ++result_.counts.recoveries;
        go_on(outcome);
    }
    Inner visitor(*this, outcome);
    inner_->visit_all(record_, range, visitor);
}

// Where a crash has left no log there can be one.
void SeedExplorer::format_again() {
    if (work_->stage(place_.point).formatted) {
        return;
    }
    const std::uint64_t mark = work_->image.mark();
    const std::uint64_t blocks = work_->arena.mark();
    other_record_.clear();
    RecordingDisk disk(work_->image, work_->arena, other_record_, FilePart::log);
    if (!log::format(disk, work_->options, work_->identity) ||
        !log::open(disk, work_->options, work_->identity)) {
        find(place_, nullptr, "what a crash inside format() has left cannot be formatted");
    }
    work_->image.rollback(mark);
    work_->arena.release(blocks);
}

// A log that was opened takes entries, and has them when it is opened again: what a recovery left
// behind its end does not come back.
void SeedExplorer::go_on(OutcomeNumber outcome) {
    const std::uint64_t mark = work_->image.mark();
    const std::uint64_t blocks = work_->arena.mark();
    const std::string sentence = append_and_reopen(outcomes_[outcome]);
    if (!sentence.empty()) {
        find(place_, nullptr, "the log that was opened does not go on: " + sentence);
    }
    work_->image.rollback(mark);
    work_->arena.release(blocks);
}

std::string SeedExplorer::append_and_reopen(const FoundLog& found) {
    other_record_.clear();
    RecordingDisk disk(work_->image, work_->arena, other_record_, FilePart::log);
    const std::unique_ptr<log::FileSystem> wrapped = options_.wrap ? options_.wrap(disk) : nullptr;
    log::FileSystem& files = wrapped ? *wrapped : disk;
    FoundLog expected = found;
    expected.unsealed.clear();  // given up by writing on
    {
        auto opened = log::open(files, work_->options, work_->identity);
        if (!opened) {
            return "it does not open again: " + opened.error().place;
        }
        for (std::uint64_t i = 0; i < 2; ++i) {
            const HashedEntry entry = small_entry(expected);
            log::Group group;
            group.commit = found.commit;
            group.entries.push_back(entry);
            if (!opened->storage->write(group) || !opened->storage->sync()) {
                return "it does not take an entry";
            }
            expected.last = entry.entry.index;
            expected.left.push_back(0);
            expected.last_hash = entry.hash;
            expected.cluster_time = entry.entry.cluster_time;
            expected.wall_time = entry.entry.wall_time;
        }
    }
    auto again = log::open(files, work_->options, work_->identity);
    const FoundLog then = inspector_->look_at(again);
    if (then.error) {
        return "the next opening refuses it: " + then.error->place;
    }
    if (!(then == expected)) {
        return fmt::format("of entries up to {} the next opening finds those up to {}",
            expected.last.value, then.last.value);
    }
    return then.stranger;
}

// So small that its group ends before what an earlier one left.
HashedEntry SeedExplorer::small_entry(const FoundLog& found) {
    HashedEntry entry;
    entry.entry.index = found.last.next();
    entry.entry.term = found.hard_state.term;
    entry.entry.cluster_time = {found.cluster_time.nanoseconds + 1};
    entry.entry.wall_time = {found.wall_time.nanoseconds + 1};
    entry.hash = entry_hash(found.last_hash, entry.entry);
    if (!work_->written.judge(entry).empty()) {
        work_->written.add(entry);
    }
    return entry;
}

const std::string& SeedExplorer::judge(OutcomeNumber outcome, std::uint32_t stage) {
    std::optional<std::string>& verdict = outcomes_.verdict(outcome, stage);
    if (!verdict) {
        verdict = explain(work_->stages[stage], outcomes_[outcome]);
    }
    return *verdict;
}

const std::string& SeedExplorer::judge_cuts(OutcomeNumber outcome, std::uint32_t stage) {
    std::optional<std::string>& verdict = cut_outcomes_.verdict(outcome, stage);
    if (!verdict) {
        verdict = explain(work_->stages[stage].cuts, cut_outcomes_[outcome], work_->cuts);
    }
    return *verdict;
}

void SeedExplorer::measure() {
    const SectorImage& image = work_->image;
    std::uint64_t segments = 0;
    for (NameNumber name = 0; name < image.names(); ++name) {
        segments += image.file_of(name) != no_file && image.name(name).ends_with(".segment") ? 1u
                                                                                            : 0u;
    }
    result_.counts.bytes_min = std::min(result_.counts.bytes_min, image.bytes());
    result_.counts.bytes_max = std::max(result_.counts.bytes_max, image.bytes());
    result_.counts.segments_min = std::min(result_.counts.segments_min, segments);
    result_.counts.segments_max = std::max(result_.counts.segments_max, segments);
    const bool small = image.bytes() < explored_bytes_min || segments < explored_segments_min;
    result_.counts.booted_small += small ? 1u : 0u;
}

void SeedExplorer::find(
    const CrashPlace& place, const CrashPlace* in_recovery, const std::string& sentence) {
    if (!goes_on()) {
        return;
    }
    ++result_.counts.violations;
    CrashFinding& finding = result_.findings.emplace_back();
    finding.seed = seed_;
    finding.place = place;
    if (in_recovery != nullptr) {
        finding.in_recovery = *in_recovery;
    }
    finding.after = place.point == 0
                        ? "the beginning"
                        : to_text(work_->record.operations[static_cast<std::size_t>(
                                      place.point - 1)],
                              work_->image);
    finding.sentence = sentence;
}

}  // namespace

ExploredSeed explore_crashes(std::uint64_t seed, const ExploreOptions& options) {
    LEDGER_ASSERT(options.operations_max > 0);
    LEDGER_ASSERT(options.operations_max <= explored_operations_max);
    return SeedExplorer(seed, options).run();
}

}  // namespace ledger::sim
