#include "sim/explore/log_workload.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/segment.h"
#include "sim/explore/crash_states.h"
#include "sim/explore/entry_maker.h"

namespace ledger::sim {
namespace {

constexpr std::uint64_t garbage_blocks = 16;
constexpr std::uint64_t earlier_crashes_max = 2;

// Stops at the state with this number.
class StateAt final : public CrashVisitor {
  public:
    StateAt(const SectorImage& image, std::uint64_t wanted) : image_(image), wanted_(wanted) {}

    bool visit(const CrashPlace&) override {
        if (seen_++ == wanted_) {
            copy_ = image_;
        }
        return !copy_;
    }
    std::uint64_t seen() const { return seen_; }
    std::optional<SectorImage>& copy() { return copy_; }

  private:
    const SectorImage& image_;
    const std::uint64_t wanted_;
    std::uint64_t seen_ = 0;
    std::optional<SectorImage> copy_;
};

// Writes one workload: lives of a node, each from an opening to a crash.
class Author {
  public:
    Author(LogWorkload& work, ChoiceSource& choices, const FileSystemWrap& wrap)
        : work_(work), dice_(choices), inspector_(work.image, work.written), wrap_(wrap) {}

    void write(std::uint64_t operations_max);

  private:
    void choose_profile();
    void begin_life();
    void end();
    void format();
    void open();
    void grow();
    void live(std::uint64_t operations_max);
    void crash();

    void step();
    void append(std::uint64_t entries, std::uint64_t bytes_max);
    void replace_suffix();
    void store_hard_state();
    void seal();
    void restart();
    void discard();
    void erase();
    void write_chunk();
    void remove_cuts();
    void begin_cut();

    LogStage now() const;
    template <typename Call>
    void call(LogStage stage, const Call& body);
    void store(const log::Group& group, Index kept);
    void note_return(std::uint64_t issued_before, const LogStage& under_way);
    log::Group new_group(bool may_have_term);
    void fill(log::Group& group, const log::LogStart& end, std::uint64_t entries,
        std::uint64_t bytes_max);
    std::uint64_t issued() const { return work_.record.operations.size(); }

    LogWorkload& work_;
    Dice dice_;
    EntryMaker maker_{dice_};
    LogInspector inspector_;
    const FileSystemWrap& wrap_;
    LogState state_;  // all of it promised
    Index commit_max_;
    std::uint64_t bytes_max_ = 0;  // of most entries
    bool explores_format_ = false;     // there is nothing before the explored operations
    bool restarts_ = false;
    std::uint64_t chunk_share_ = 0;    // of the steps, in percent
    std::uint64_t cut_chunks_max_ = 1;
    std::uint64_t life_mark_ = 0;

    std::unique_ptr<RecordingDisk> disk_;
    std::unique_ptr<log::FileSystem> wrapped_;
    log::FileSystem* files_ = nullptr;
    std::unique_ptr<log::Storage> storage_;
    std::optional<log::CutStore> cut_store_;
    std::vector<CutNumber> complete_;     // cuts, promised
    std::uint32_t chunks_written_ = 0;    // of the last cut that was begun
    bool cut_is_open_ = false;
};

void Author::write(std::uint64_t operations_max) {
    choose_profile();
    format();
    open();
    if (explores_format_) {
        live(operations_max);
        end();
        return;
    }
    grow();
    const std::uint64_t crashes = dice_.below(Site::explore_crash, earlier_crashes_max + 1);
    for (std::uint64_t i = 0; i < crashes && work_.violation.empty(); ++i) {
        begin_life();
        open();
        live(dice_.between(Site::explore_crash, 8, 48));
        crash();
    }
    if (!work_.violation.empty()) {
        return;
    }
    begin_life();
    open();
    live(operations_max);
    end();
}

// The image is durable as it was before the life that is explored.
void Author::end() {
    storage_.reset();
    cut_store_.reset();
    work_.image.rollback(life_mark_);
}

void Author::format() {
    begin_life();
    work_.stages.back().formatted = false;
    const LogStage stage = work_.stages.back();
    LEDGER_ASSERT(log::format(*files_, work_.options, work_.identity));
    note_return(0, stage);
}

void Author::choose_profile() {
    work_.options.segment_bytes =
        dice_.between(Site::explore_profile, 4, 10) * 2 * log::sector_bytes;
    work_.options.allocate_bytes =
        dice_.below(Site::explore_profile, 3) * 16 * log::sector_bytes;
    work_.options.spare_segments =
        static_cast<std::uint32_t>(dice_.below(Site::explore_profile, 3));
    work_.identity.cluster = {dice_.below(Site::explore_profile, UINT64_MAX), 1};
    work_.identity.node = NodeId{3};
    work_.identity.incarnation =
        Incarnation{dice_.between(Site::explore_profile, 1, UINT64_MAX - 1)};
    bytes_max_ = dice_.between(Site::explore_profile, 40, 500);
    restarts_ = dice_.strikes(Site::explore_profile, 25);
    explores_format_ = dice_.strikes(Site::explore_profile, 6);
    maker_.configurations = dice_.strikes(Site::explore_profile, 25);
    chunk_share_ = dice_.below(Site::explore_profile, 4) * 15;
    cut_chunks_max_ = dice_.strikes(Site::explore_profile, 20) ? 10 : 4;
    if (dice_.strikes(Site::explore_profile, 50)) {
        work_.options.dead_bytes_min = log::sector_bytes;
        work_.options.dead_percent = 25;
    }
    for (std::uint64_t i = 0; i < garbage_blocks; ++i) {
        const ByteVector bytes = maker_.bytes(image_sector_bytes);
        Block& block = work_.arena.make(zero_block());
        std::copy(bytes.begin(), bytes.end(), block.bytes.begin());
        block.seal();
        work_.garbage.push_back(&block);
    }
}

// What is on the disk now is durable: the page cache of the life before is gone, or clean.
void Author::begin_life() {
    storage_.reset();
    cut_store_.reset();
    work_.image.settle();
    work_.record.clear();
    work_.stages.clear();
    work_.stage_at.clear();
    disk_ = std::make_unique<RecordingDisk>(work_.image, work_.arena, work_.record);
    wrapped_ = wrap_ ? wrap_(*disk_) : nullptr;
    files_ = wrapped_ ? wrapped_.get() : disk_.get();
    life_mark_ = work_.image.mark();
    work_.stages.push_back(now());
    work_.stage_at.push_back(0);
}

// Changes nothing that could be seen.
void Author::open() {
    storage_.reset();
    cut_store_.reset();
    const std::uint64_t before = issued();
    auto opened = log::open(*files_, work_.options, work_.identity);
    const LogStage stage = work_.stages[work_.stage_at.back()];
    const FoundLog found = inspector_.look_at(opened);
    work_.violation = explain(stage, found);
    if (!work_.violation.empty()) {
        return;
    }
    const FoundCuts found_cuts =
        look_at_cuts(*files_, work_.options, work_.identity, work_.cuts);
    work_.violation = explain(stage.cuts, found_cuts, work_.cuts);
    if (!work_.violation.empty()) {
        return;
    }
    state_ = settle(stage, found);
    complete_ = found_cuts.complete;
    note_return(before, stage);
    storage_ = std::move(opened->storage);
    const std::uint64_t opened_at = issued();
    if (auto store = log::CutStore::open(*files_, work_.options, work_.identity)) {
        cut_store_.emplace(std::move(*store));
    }
    note_return(opened_at, now());
    cut_is_open_ = false;
}

// Sealed segments under everything that is explored: entries that are large but quickly checked.
void Author::grow() {
    std::uint64_t bytes = 0;
    std::uint64_t segments = 0;
    while (bytes < explored_bytes_min || segments < explored_segments_min) {
        append(dice_.between(Site::explore_step, 1, 4), 1500);
        if (!work_.violation.empty()) {
            return;
        }
        bytes = 0;
        segments = 0;
        for (NameNumber name = 0; name < work_.image.names(); ++name) {
            if (log::parse_segment_name(work_.image.name(name))) {
                bytes += work_.image.size(work_.image.file_of(name));
                ++segments;
            }
        }
    }
    seal();
}

void Author::live(std::uint64_t operations_max) {
    while (issued() < operations_max && work_.violation.empty()) {
        step();
    }
    const std::uint64_t end = std::min(operations_max, issued());
    work_.record.operations.resize(static_cast<std::size_t>(end));
    work_.stage_at.resize(static_cast<std::size_t>(end) + 1);
}

// The disk is left in one of the states in which a crash after the last operation may leave it.
void Author::crash() {
    storage_.reset();
    cut_store_.reset();
    if (!work_.violation.empty()) {
        return;
    }
    work_.image.rollback(life_mark_);
    CrashStates states(work_.image, work_.garbage);
    const CrashRange range{.torn_max = 1, .point_first = issued(), .point_last = issued()};
    StateAt count(work_.image, UINT64_MAX);
    states.visit_all(work_.record, range, count);
    StateAt chosen(work_.image, dice_.below(Site::explore_crash, count.seen()));
    states.visit_all(work_.record, range, chosen);
    LEDGER_ASSERT(chosen.copy());
    work_.image = std::move(*chosen.copy());
    const LogStage stage = work_.stages[work_.stage_at.back()];
    begin_life();
    work_.stages.back() = stage;
    open();
    work_.stages.clear();
}

void Author::step() {
    if (dice_.strikes(Site::explore_step, chunk_share_)) {
        write_chunk();
        return;
    }
    const std::uint64_t kind = dice_.below(Site::explore_step, 100);
    const bool uncommitted = state_.last() > state_.commit;
    if (kind < 38) {
        append(dice_.between(Site::explore_step, 1, 3), bytes_max_);
    } else if (kind < 50 && uncommitted) {
        replace_suffix();
    } else if (kind < 58 && state_.commit >= state_.first()) {
        erase();
    } else if (kind < 66) {
        store_hard_state();
    } else if (kind < 78) {
        seal();
    } else if (kind < 86) {
        discard();
    } else if (kind < 89 && restarts_) {
        restart();
    } else if (kind < 94) {
        open();
    } else {
        append(1, 4000);
    }
}

// Runs a call on the storage: from its first operation to its return it is under way.
template <typename Call>
void Author::call(LogStage stage, const Call& body) {
    const std::uint64_t before = issued();
    LEDGER_ASSERT(body());
    state_ = stage.after.value_or(stage.before);
    note_return(before, stage);
}

void Author::note_return(std::uint64_t issued_before, const LogStage& under_way) {
    if (issued() > issued_before + 1) {
        work_.stages.push_back(under_way);
        work_.stage_at.resize(static_cast<std::size_t>(issued()),
            static_cast<std::uint32_t>(work_.stages.size() - 1));
    }
    work_.stages.push_back(now());
    work_.stage_at.resize(static_cast<std::size_t>(issued()));
    work_.stage_at.push_back(static_cast<std::uint32_t>(work_.stages.size() - 1));
}

void Author::store(const log::Group& group, Index kept) {
    commit_max_ = std::max(commit_max_, group.commit);
    LogStage stage = now();
    stage.after = state_;
    stage.after->apply(group);
    stage.kept = kept;
    for (const HashedEntry& entry : group.entries) {
        work_.written.add(entry);
    }
    for (const EntryRef& form : group.erasures) {
        work_.written.add({form, stage.after->entry(form.index).hash});
    }
    call(std::move(stage), [&]() -> Result<void> {
        LEDGER_CHECK(storage_->write(group));
        return storage_->sync();
    });
    if (!storage_->erasing().empty()) {
        work_.violation = fmt::format(
            "nothing is damaged, but the erasure of entry {} waits", storage_->erasing().front());
    }
}

log::Group Author::new_group(bool may_have_term) {
    log::Group group;
    group.commit = state_.commit;
    if (may_have_term && dice_.strikes(Site::explore_step, 20)) {
        const bool votes = dice_.strikes(Site::explore_step, 50);
        group.hard_state = {Term{state_.hard_state.term.value + 1}, NodeId{votes ? 2u : 0u}};
    }
    return group;
}

void Author::fill(log::Group& group, const log::LogStart& end, std::uint64_t entries,
    std::uint64_t bytes_max) {
    const Term term = group.hard_state.value_or(state_.hard_state).term;
    group.entries = maker_.entries(end, term, entries, bytes_max);
}

void Author::append(std::uint64_t entries, std::uint64_t bytes_max) {
    log::Group group = new_group(state_.hard_state.term > Term{0});
    if (state_.hard_state.term == Term{0}) {
        group.hard_state = {Term{1}, NodeId{3}};
    }
    if (dice_.strikes(Site::explore_step, 60)) {
        group.commit = state_.commit +
                       dice_.below(Site::explore_step, state_.last() - state_.commit + 1);
    }
    fill(group, state_.start_at(state_.last()), entries, bytes_max);
    store(group, state_.last());
}

// What another leader has instead of our uncommitted entries.
void Author::replace_suffix() {
    log::Group group = new_group(true);
    const Index kept =
        state_.commit + dice_.below(Site::explore_step, state_.last() - state_.commit);
    group.truncate_to = kept;
    fill(group, state_.start_at(kept), dice_.below(Site::explore_step, 4), bytes_max_);
    store(group, kept);
}

void Author::store_hard_state() {
    log::Group group;
    group.commit = state_.commit;
    group.hard_state = {Term{state_.hard_state.term.value + 1},
        NodeId{static_cast<std::uint32_t>(dice_.below(Site::explore_step, 4))}};
    store(group, state_.last());
}

void Author::seal() {
    log::Group group;
    group.commit = state_.last();
    store(group, state_.last());
}

// As a follower does that gets a cut.
void Author::restart() {
    log::Group group;
    group.hard_state = {Term{state_.hard_state.term.value + 1}, NodeId{0}};
    const Index at = state_.commit + dice_.between(Site::explore_step, 1, 9);
    group.restart = maker_.restart({group.hard_state->term, at});
    group.commit = at;
    fill(group, *group.restart, dice_.below(Site::explore_step, 3), bytes_max_);
    store(group, at);
}

void Author::discard() {
    LogStage stage = now();
    stage.kept = state_.last();
    stage.discards = true;
    const Index upto = state_.commit;
    const std::uint64_t before = issued();
    LEDGER_ASSERT(storage_->discard(upto));
    const Index first = storage_->published()->first();
    if (first > state_.first()) {
        stage.after = state_;
        stage.after->forget(first);
        state_ = *stage.after;
    }
    note_return(before, stage);
}

// All of what can be erased of some committed entries, or some of it.
void Author::erase() {
    log::Group group;
    group.commit = state_.commit;
    const std::uint64_t held = state_.commit.next() - state_.first();
    const std::uint64_t wanted = dice_.between(Site::explore_step, 1, 3);
    Index index = state_.first() + dice_.below(Site::explore_step, held);
    for (; index <= state_.commit && group.erasures.size() < wanted; ++index) {
        EntryRef form = state_.entry(index).entry;
        const ByteSpan erasable = form.handle.erasable();
        if (erasable.empty()) {
            continue;
        }
        const bool part = erasable.size() > 1 && dice_.strikes(Site::explore_step, 40);
        form.handle = part ? EntryHandle::make_partly_erased(
                                 form.handle.envelope(), erasable.first(erasable.size() / 2))
                           : form.handle.erased();
        form.bytes = form.handle->size();
        group.erasures.push_back(std::move(form));
    }
    store(group, state_.last());
}

// As a follower's or the snapshotter's: chunks come between groups, and nothing syncs them before
// the last one is there.
void Author::write_chunk() {
    if (!cut_is_open_) {
        if (complete_.size() > 1) {
            remove_cuts();
        }
        begin_cut();
    }
    const KnownCut& cut = work_.cuts.back();
    if (chunks_written_ < cut.chunks.size()) {
        call(now(), [&] {
            return cut_store_->write(
                cut.manifest.id, chunks_written_, cut.chunks[chunks_written_]);
        });
        ++chunks_written_;
        return;
    }
    const auto number = static_cast<CutNumber>(work_.cuts.size() - 1);
    LogStage stage = now();
    stage.cuts.completing = number;
    const std::uint64_t before = issued();
    LEDGER_ASSERT(cut_store_->complete(cut.manifest));
    complete_.push_back(number);
    cut_is_open_ = false;
    note_return(before, stage);
}

void Author::begin_cut() {
    const Index before = work_.cuts.empty() ? Index{0} : work_.cuts.back().manifest.id.index;
    const Index index = std::max(before.next(), state_.commit);
    work_.cuts.push_back(maker_.cut({state_.hard_state.term, index}, cut_chunks_max_));
    chunks_written_ = 0;
    cut_is_open_ = true;
}

// All but the newest.
void Author::remove_cuts() {
    LogStage stage = now();
    stage.cuts.removing = work_.cuts[complete_.back()].manifest.id.index;
    const std::uint64_t before = issued();
    LEDGER_ASSERT(cut_store_->remove_before(stage.cuts.removing));
    complete_ = {complete_.back()};
    note_return(before, stage);
}

LogStage Author::now() const {
    LogStage stage;
    stage.before = state_;
    stage.commit_max = commit_max_;
    stage.cuts.complete = complete_;
    return stage;
}

}  // namespace

std::unique_ptr<LogWorkload> make_log_workload(
    ChoiceSource& choices, std::uint64_t operations_max, const FileSystemWrap& wrap) {
    LEDGER_ASSERT(operations_max > 0 && operations_max <= explored_operations_max);
    auto work = std::make_unique<LogWorkload>();
    Author(*work, choices, wrap).write(operations_max);
    return work;
}

}  // namespace ledger::sim
