#include "log/recovery.h"

#include <algorithm>
#include <array>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "log/body_judge.h"
#include "log/reader.h"
#include "log/rewrite.h"
#include "log/salvage.h"
#include "log/scan.h"

namespace ledger::log {

namespace {

// A segment file before its contents are judged.
struct SegmentFile {
    SegmentId id;
    std::unique_ptr<File> file;
    std::uint64_t size = 0;
    std::optional<SegmentHeader> header;
    std::array<bool, 2> header_copy_intact{};
    std::optional<FooterSummary> footer;
};

// What becomes of the unsealed tail of the newest segment.
struct Tail {
    std::uint64_t keep = segment_header_bytes;  // bytes of the file that stay
    std::uint64_t size = 0;                     // bytes of the file as found
    std::uint64_t torn_bytes = 0;               // of them, what was written and goes
    std::optional<IdentityBlock> identity;      // to be written behind what stays
};

// An unsealed segment that has a successor: its footer was torn, or its last group was given up in
// part. What stays is sealed.
struct Reseal {
    std::uint32_t segment = 0;
    std::uint64_t keep = 0;  // bytes of the file that stay
    ByteVector tail;         // to be written behind them: the block that is missing, footers
};

class Recovery {
  public:
    Recovery(FileSystem& files, const Options& options, HardStateFile hard_state)
        : files_(files), options_(options), hard_state_(std::move(hard_state)) {}

    Result<RecoveredLog> run();

  private:
    Result<void> find_segments();
    Result<void> leave_out_void();
    Result<void> inspect(SegmentFile& found, bool may_be_unsynced);
    Result<void> read_header(SegmentFile& found) const;
    Result<void> judge_all();
    Result<void> enter(SegmentFile& found);
    void begin_log(const LogStart& start);
    Result<void> judge_sealed(const FooterSummary& footer);
    Result<void> judge_body(SegmentFile& found, const Outside& outside);
    void reseal(OpenSegment& segment, const std::optional<IdentityBlock>& missing);
    std::optional<Digest> read_hash(Index index) const;
    std::optional<Digest> hash_in_blocks(SegmentId segment, Index index) const;
    Result<void> judge_headless(SegmentFile& found);
    void weigh_sealed();
    Result<void> check_promises() const;
    Result<void> check_newest() const;
    Result<void> read_entries();
    Result<void> read_commit_hash(Reader& reader, const SegmentMap& map);
    Result<void> read_tail(Reader& reader, const SegmentMap& map);
    Result<void> read_stamps(Reader& reader, const SegmentMap& map);
    Result<void> read_configuration(Reader& reader, const SegmentMap& map);
    Result<std::optional<EntryRef>> read_alone(
        Reader& reader, const SegmentMap& map, Index index);
    void note_damaged(const SegmentMap& map, Index index);

    Result<void> change();
    Result<void> begin_epoch();
    Result<void> write_reseals();
    Result<void> cut_tail();
    Result<void> close_active();
    bool active_is_damaged();

    // The segment with which the log begins; 0 = the first ever made.
    SegmentId oldest() const { return hard_state_.current().oldest; }
    // Its first group is durable; 0 = not known of any.
    SegmentId newest() const { return hard_state_.current().newest; }
    Error faulty(SegmentId segment, std::uint64_t offset, Index index, const char* why) const;

    FileSystem& files_;
    const Options options_;
    HardStateFile hard_state_;
    std::vector<SegmentFile> found_;
    std::unique_ptr<OpenLog> owned_ = std::make_unique<OpenLog>();
    OpenLog& log_ = *owned_;
    Recovered recovered_;
    Index commit_witness_;
    Tail tail_;                       // of the active segment, if there is one
    std::vector<Reseal> reseals_;
    std::vector<SegmentId> remove_;   // nothing in them was ever promised
    std::vector<std::string> leftovers_;  // spares; of a replacement that a crash broke off
    SegmentId newest_with_header_;
    std::array<bool, 2> active_header_intact_{true, true};
    std::optional<SegmentHeader> active_header_;
};

Error Recovery::faulty(
    SegmentId segment, std::uint64_t offset, Index index, const char* why) const {
    return failure(Errc::faulty_entry, "segment " + std::to_string(segment.value) + " at byte " +
                                           std::to_string(offset) + ": index " +
                                           std::to_string(index.value) + ": " + why);
}

Result<RecoveredLog> Recovery::run() {
    commit_witness_ = hard_state_.current().commit;
    log_.identity = hard_state_.current().identity;
    LEDGER_CHECK(find_segments());
    LEDGER_CHECK(judge_all());
    LEDGER_CHECK(check_promises());
    weigh_sealed();
    LEDGER_CHECK(read_entries());
    LEDGER_CHECK(change());
    recovered_.incarnation = log_.identity.incarnation;
    recovered_.hard_state = hard_state_.current().hard_state;
    recovered_.previous = log_.map.previous();
    recovered_.first = log_.map.first();
    recovered_.last = log_.map.last();
    recovered_.terms.assign(log_.map.terms().begin(), log_.map.terms().end());
    recovered_.commit = log_.commit;
    recovered_.faulty = log_.faulty;
    log_.map.committed(log_.commit);
    for (OpenSegment& segment : log_.segments) {
        if (!log_.active || &segment != &log_.segments.back()) {
            segment.file.reset();
        }
    }
    return RecoveredLog{std::move(owned_), std::move(hard_state_), std::move(recovered_)};
}

Result<void> Recovery::find_segments() {
    LEDGER_TRY(const auto names, files_.list(options_.directory));
    std::vector<SegmentId> ids;
    for (const std::string& name : names) {
        const std::optional<SegmentId> id = parse_segment_name(name);
        if (id && *id < oldest()) {
            remove_.push_back(*id);  // the log begins behind it, but a crash kept it
        } else if (id) {
            ids.push_back(*id);
        } else if (name.ends_with(temporary_suffix) || is_spare_name(name)) {
            leftovers_.push_back(name);
        }
    }
    std::sort(ids.begin(), ids.end());
    if (oldest() > SegmentId{0} && (ids.empty() || ids.front() != oldest())) {
        return faulty(oldest(), 0, Index{}, "the segment with which the log begins is missing");
    }
    found_.resize(ids.size());
    for (std::size_t i = 0; i < found_.size(); ++i) {
        found_[i].id = ids[i];
        LEDGER_CHECK(inspect(found_[i], i + 2 >= found_.size()));
        log_.segment_max = std::max(log_.segment_max, found_[i].id);
    }
    LEDGER_CHECK(leave_out_void());
    for (const SegmentFile& found : found_) {
        if (found.header) {
            newest_with_header_ = found.id;
        }
        if (found.footer) {
            commit_witness_ = std::max(commit_witness_, found.footer->commit);
        }
    }
    return {};
}

// A segment that was to begin the log anew, but the hard state never came to name it: nothing was
// written behind its header, and the log before it goes on.
Result<void> Recovery::leave_out_void() {
    if (found_.empty() || !found_.back().header || !found_.back().header->restarts() ||
        found_.back().id == oldest()) {
        return {};
    }
    const SegmentFile& last = found_.back();
    if (last.size > segment_header_bytes) {
        return failure(Errc::corrupt_record,
            "hard_state: older than " + segment_name(last.id) + ", an old copy");
    }
    LEDGER_SOMETIMES(true, "log.restart_left_void");
    remove_.push_back(last.id);
    found_.pop_back();
    return {};
}

// Only the last two segments may hold bytes that were never synced; a footer is followed by a new
// segment only once it is durable.
Result<void> Recovery::inspect(SegmentFile& found, bool may_be_unsynced) {
    LEDGER_TRY(found.file, files_.open(path_in(options_.directory, segment_name(found.id))));
    if (may_be_unsynced) {
        LEDGER_CHECK(found.file->sync());
    }
    LEDGER_TRY(found.size, found.file->size());
    LEDGER_CHECK(read_header(found));
    if (may_be_unsynced) {
        // Whole: a crash may have torn it behind its summary.
        LEDGER_TRY(auto footer, read_footer(*found.file, found.id));
        if (footer) {
            found.footer = std::move(*footer);
        }
    } else {
        LEDGER_TRY(found.footer, read_footer_summary(*found.file, found.id));
    }
    if (!found.footer && !may_be_unsynced) {
        LEDGER_CHECK(found.file->sync());
    }
    return {};
}

Result<void> Recovery::read_header(SegmentFile& found) const {
    for (std::size_t copy = 0; copy < found.header_copy_intact.size(); ++copy) {
        const std::uint64_t offset = copy * sector_bytes;
        std::byte sector[sector_bytes] = {};
        const Result<std::uint64_t> read = found.file->read(offset, sector);
        if (!read) {
            continue;  // a bad sector takes one copy
        }
        const auto header = decode_segment_header(
            ByteSpan(sector).first(static_cast<std::size_t>(*read)), {found.id, offset});
        if (!header && header.error().code == Errc::unsupported) {
            return header.error();
        }
        if (!header) {
            continue;
        }
        if (header->identity != log_.identity) {
            return wrong_identity(segment_name(found.id), header->identity, log_.identity);
        }
        found.header = *header;
        found.header_copy_intact[copy] = true;
    }
    return {};
}

Result<void> Recovery::judge_all() {
    for (std::size_t i = 0; i < found_.size(); ++i) {
        SegmentFile& found = found_[i];
        if (!found.header) {
            if (found.id < newest_with_header_ || i + 1 < found_.size() ||
                found.id == oldest() || found.id <= newest()) {
                return faulty(found.id, 0, log_.map.last().next(), "no copy of the header stands");
            }
            LEDGER_CHECK(judge_headless(found));
            continue;
        }
        LEDGER_CHECK(enter(found));
        if (found.footer) {
            LEDGER_CHECK(judge_sealed(*found.footer));
            continue;
        }
        Outside outside;
        outside.later = found.id < newest_with_header_;
        outside.next = outside.later ? found_[i + 1].header : std::nullopt;
        outside.witness = commit_witness_;
        outside.begun = found.id == newest();
        outside.read_hash = [this](Index index) { return read_hash(index); };
        LEDGER_CHECK(judge_body(found, outside));
    }
    return {};
}

Result<void> Recovery::enter(SegmentFile& found) {
    const SegmentHeader& header = *found.header;
    const LogStart& start = header.start;
    if (log_.segments.empty()) {
        if (oldest() == SegmentId{0} && start.id.index > Index{0}) {
            return faulty(found.id, 0, Index{1}, "the segments before it are missing");
        }
        begin_log(start);
    } else if (start.id != LogId{log_.map.last_term(), log_.map.last()} ||
               start.hash != log_.map.hash_at(log_.map.last())) {
        return faulty(found.id, 0, log_.map.last().next(),
            "the segment does not continue the one before it");
    }
    OpenSegment& segment = log_.segments.emplace_back();
    segment.id = found.id;
    segment.begin = header.first();
    segment.file = std::move(found.file);
    log_.active.reset();
    return {};
}

// What comes before the first entry held is committed and durable elsewhere.
void Recovery::begin_log(const LogStart& start) {
    log_.map = LogMap(start.id, start.hash);
    log_.sealed = start.id.index;
    log_.witnessed_commit = start.id.index;
    commit_witness_ = std::max(commit_witness_, start.id.index);
    recovered_.last_cluster_time = start.cluster_time;
    recovered_.last_wall_time = start.wall_time;
}

Result<void> Recovery::judge_sealed(const FooterSummary& footer) {
    const Index base = footer.first.previous();
    const bool reaches = base <= log_.map.last() && base.next() >= log_.map.first();
    const Digest* const hash = reaches ? log_.map.find_hash(base) : nullptr;
    if (!reaches || (hash != nullptr && *hash != footer.start_hash)) {
        return faulty(footer.segment, footer.body_end, footer.first,
            "the footer does not continue the segment before it");
    }
    truncate(log_, base, footer.start_hash);
    if (!footer.terms.empty() && footer.terms.front().term < log_.map.last_term()) {
        return faulty(footer.segment, footer.body_end, footer.first, "the term goes back");
    }
    log_.map.append_sealed(footer.segment, footer.last, footer.terms, footer.last_hash);
    log_.map.learn(footer.last, footer.last_hash);
    log_.configurations.insert(log_.configurations.end(), footer.configurations.begin(),
        footer.configurations.end());
    log_.segments.back().end = footer.body_end;
    log_.sealed = footer.last;
    log_.witnessed_commit = std::max(log_.witnessed_commit, footer.commit);
    return {};
}

void Recovery::reseal(OpenSegment& segment, const std::optional<IdentityBlock>& missing) {
    Reseal reseal{static_cast<std::uint32_t>(log_.segments.size() - 1), segment.end, {}};
    if (missing) {
        IdentityBlock block = *missing;
        block.commit = std::min(log_.commit, block.sync_index);
        reseal.tail.resize(static_cast<std::size_t>(identity_block_bytes(block.names.size())));
        encode_identity_block(reseal.tail, block, {segment.id, segment.end});
        segment.end += reseal.tail.size();
    }
    const ByteVector footers = encode_footers(footer_of(log_));
    segment.bytes = segment.end + footers.size();
    log_.unweighed.push_back({.segment = segment.id});
    reseal.tail.insert(reseal.tail.end(), footers.begin(), footers.end());
    reseals_.push_back(std::move(reseal));
}

std::optional<Digest> Recovery::read_hash(Index index) const {
    Reader reader(files_, options_.directory);
    const std::shared_ptr<const SegmentMap> map = log_.map.publish();
    const Result<Digest> hash = reader.hash_at(*map, index);
    return hash ? std::optional(*hash) : hash_in_blocks(map->segment_of(index), index);
}

// Where an entry in front of it is damaged, no record leads to the hash. A block says it, if the entry
// is the last one of its group.
std::optional<Digest> Recovery::hash_in_blocks(SegmentId segment, Index index) const {
    const auto file = files_.open(path_in(options_.directory, segment_name(segment)));
    if (!file) {
        return std::nullopt;
    }
    const Result<Salvaged> body = salvage(**file, opening_refusals_max);
    if (!body) {
        return std::nullopt;
    }
    std::optional<Digest> found;
    for (const ScannedGroup& group : scan_groups(body->bytes, segment)) {
        // What has been truncated since counts no more; of a group without block nobody knows.
        const bool reaches_back =
            group.block ? std::any_of(group.block->names.begin(), group.block->names.end(),
                              [&](const EntryIdentity& name) {
                                  return name.is_truncation() && name.index < index;
                              })
                        : group.has_evidence();
        if (reaches_back) {
            found.reset();
        }
        if (group.block && group.block->last == index) {
            found = group.block->last_hash;
        }
    }
    LEDGER_SOMETIMES(found.has_value(), "log.hash_from_a_block");
    return found;
}

Result<void> Recovery::judge_body(SegmentFile& found, const Outside& outside) {
    OpenSegment& segment = log_.segments.back();
    LEDGER_TRY(const Salvaged body, salvage(*segment.file, opening_refusals_max));
    const std::vector<ScannedGroup> groups = scan_groups(body.bytes, found.id);
    log_.active.emplace();
    log_.active->first = found.header->first();
    log_.active->start_hash = found.header->start.hash;
    BodyJudge judge(log_, outside, found.header->epoch, groups);
    if (const auto fault = judge.judge()) {
        return faulty(found.id, fault->offset, fault->index, fault->why);
    }
    commit_witness_ = std::max(commit_witness_, judge.commit());
    log_.witnessed_commit = std::max(log_.witnessed_commit, judge.commit());
    log_.sealed = std::min(
        std::max(log_.map.previous().index, judge.sync_index()), log_.map.last());
    segment.end = sector_ceiling(judge.keep());
    if (outside.later) {
        log_.commit = std::min(commit_witness_, log_.map.last());
        reseal(segment, judge.identity());
        return {};
    }
    recovered_.unsealed = judge.unsealed();
    const std::uint64_t written = written_end(body.bytes, groups, found.header->reused);
    tail_ = {judge.keep(), found.size, written - std::min(written, judge.keep()), judge.identity()};
    recovered_.torn_bytes += recovered_.unsealed.empty() ? tail_.torn_bytes : 0;
    active_header_ = found.header;
    active_header_intact_ = found.header_copy_intact;
    return {};
}

// The newest segment has no header. If all that is in it is one group that nothing vouches for,
// the crash came before its first flush.
Result<void> Recovery::judge_headless(SegmentFile& found) {
    LEDGER_TRY(const Salvaged body, salvage(*found.file, opening_refusals_max));
    const std::vector<ScannedGroup> groups = scan_groups(body.bytes, found.id);
    const Index next = log_.map.last().next();
    std::uint64_t begun = 0;
    for (const ScannedGroup& group : groups) {
        begun += group.has_evidence() ? 1u : 0u;
        if (begun > 1 || group.sync_index() >= next || found.footer) {
            return faulty(found.id, 0, next, "no copy of the header stands");
        }
        if (group.block) {
            recovered_.torn_entries += group.block->names.size();
        }
    }
    recovered_.torn_bytes += found.size;
    remove_.push_back(found.id);
    return {};
}

// As the writer left it, by what the footers say. Those that are written anew have counted already.
void Recovery::weigh_sealed() {
    const SharedMap map = log_.map.publish();
    std::erase_if(log_.unweighed, [this](const Unweighed& one) {
        return std::any_of(found_.begin(), found_.end(), [&](const SegmentFile& found) {
            return found.id == one.segment && found.footer;
        });
    });
    auto segment = log_.segments.begin();
    for (const SegmentFile& found : found_) {
        while (segment != log_.segments.end() && segment->id < found.id) {
            ++segment;
        }
        if (found.footer && segment != log_.segments.end() && segment->id == found.id) {
            segment->bytes = found.size;
            segment->dead = dead_bytes(*segment->file, *found.footer, *map);
            log_.unweighed.push_back({.segment = found.id});
        }
    }
}

// What was once acknowledged has not gone with its file, nor with a part of it.
Result<void> Recovery::check_newest() const {
    if (newest() < std::max(oldest(), SegmentId{1})) {
        return {};
    }
    const Index next = log_.map.last().next();
    const bool there = std::any_of(found_.begin(), found_.end(),
        [this](const SegmentFile& found) { return found.id == newest(); });
    if (!there) {
        return faulty(newest(), 0, next, "the newest segment is missing");
    }
    const bool last = log_.active && log_.segments.back().id == newest();
    if (last && tail_.keep <= segment_header_bytes) {
        return faulty(newest(), segment_header_bytes, next, "the first group is missing");
    }
    return {};
}

Result<void> Recovery::check_promises() const {
    LEDGER_CHECK(check_newest());
    const Index last = log_.map.last();
    if (commit_witness_ > last) {
        const SegmentId segment = log_.segments.empty() ? SegmentId{} : log_.segments.back().id;
        const std::uint64_t end = log_.segments.empty() ? 0 : log_.segments.back().end;
        return faulty(segment, end, last.next(), "committed, but the log ends before it");
    }
    // Every opening counts itself before it creates a segment.
    for (const SegmentFile& found : found_) {
        if (found.header && found.header->epoch > hard_state_.current().epoch) {
            return failure(Errc::corrupt_record,
                "hard_state: older than " + segment_name(found.id) + ", an old copy");
        }
    }
    // Entries of a term are stored only after the term itself: a smaller one is an old copy.
    if (hard_state_.current().hard_state.term < log_.map.last_term()) {
        return failure(Errc::corrupt_record,
            "hard_state: term " + std::to_string(hard_state_.current().hard_state.term.value) +
                " is older than the log's last term " +
                std::to_string(log_.map.last_term().value));
    }
    return {};
}

Result<void> Recovery::read_entries() {
    log_.commit = commit_witness_;
    const SharedMap map = log_.map.publish();
    Reader reader(files_, options_.directory);
    LEDGER_CHECK(read_stamps(reader, *map));
    LEDGER_CHECK(read_commit_hash(reader, *map));
    LEDGER_CHECK(read_tail(reader, *map));
    return read_configuration(reader, *map);
}

// What a footer or an earlier block says of an entry that has just turned out to be damaged.
void Recovery::note_damaged(const SegmentMap& map, Index index) {
    LEDGER_SOMETIMES(true, "log.sealed_entry_found_damaged");
    EntryIdentity name;
    name.index = index;
    name.term = map.term_at(index);
    const bool configures = std::binary_search(
        log_.configurations.begin(), log_.configurations.end(), index);
    name.kind = static_cast<std::uint8_t>(
        configures ? EntryKind::configuration : EntryKind::command);
    const SegmentId segment = map.segment_of(index);
    const auto file = files_.open(path_in(options_.directory, segment_name(segment)));
    const auto footer =
        file ? read_footer(**file, segment) : Result<std::optional<Footer>>(file.error());
    if (footer && *footer && index >= (*footer)->first && index <= (*footer)->last) {
        const FooterName& named = (*footer)->names[index - (*footer)->first];
        name.envelope_bytes = named.envelope_bytes;
        name.erasable_bytes = named.erasable_bytes;
        name.envelope_crc = named.envelope_crc;
    }
    note_faulty(log_, name);
}

// The entry, or nothing if it is damaged.
Result<std::optional<EntryRef>> Recovery::read_alone(
    Reader& reader, const SegmentMap& map, Index index) {
    Result<EntryRef> entry = reader.read_unchained(map, index);
    if (entry) {
        return std::optional<EntryRef>(std::move(*entry));
    }
    if (reader.damaged() != index) {
        return entry.error();
    }
    note_damaged(map, index);
    return std::optional<EntryRef>();
}

// The commit is a witness, no promise: where its hash is lost behind a damaged entry, the log counts
// as committed up to that entry, as far as this disk can tell.
Result<void> Recovery::read_commit_hash(Reader& reader, const SegmentMap& map) {
    for (;;) {
        if (const Digest* const known = log_.map.find_hash(log_.commit)) {
            recovered_.commit_hash = *known;
            return {};
        }
        const Result<Digest> hash = reader.hash_at(map, log_.commit);
        if (hash) {
            log_.map.learn(log_.commit, *hash);
            continue;
        }
        if (reader.damaged() == Index{}) {
            return hash.error();
        }
        LEDGER_SOMETIMES(true, "log.commit_behind_damage");
        note_damaged(map, reader.damaged());
        log_.commit = reader.damaged().previous();
    }
}

Result<void> Recovery::read_tail(Reader& reader, const SegmentMap& map) {
    const Index last = log_.map.last();
    while (log_.commit + recovered_.tail.size() < last) {
        const Index next = (log_.commit + recovered_.tail.size()).next();
        auto entries = reader.read(map, next, last, UINT64_MAX);
        if (entries) {
            for (HashedEntry& hashed : *entries) {
                log_.map.learn(hashed.entry.index, hashed.hash);
                recovered_.tail.push_back(std::move(hashed));
            }
            continue;
        }
        if (reader.damaged() == Index{}) {
            return entries.error();
        }
        // This entry, or one before it in the chain.
        HashedEntry alone;
        alone.entry.index = next;
        alone.entry.term = map.term_at(next);
        LEDGER_TRY(std::optional<EntryRef> entry, read_alone(reader, map, next));
        if (entry) {
            alone.entry = std::move(*entry);
        } else {
            const auto known = std::find_if(log_.faulty.begin(), log_.faulty.end(),
                [&](const EntryIdentity& name) { return name.index == next; });
            LEDGER_ASSERT(known != log_.faulty.end());
            alone.entry.kind = static_cast<EntryKind>(known->kind);
        }
        const Digest* const hash = log_.map.find_hash(next);
        alone.hash = hash != nullptr ? *hash : Digest{};
        recovered_.tail.push_back(std::move(alone));
    }
    return {};
}

// The clocks go on from the last entry, committed or not. If that is damaged, whoever gets it back
// learns its stamps: so it does not count as committed here.
Result<void> Recovery::read_stamps(Reader& reader, const SegmentMap& map) {
    const Index last = log_.map.last();
    for (Index index = last; index >= log_.map.first(); index = index.previous()) {
        LEDGER_TRY(const std::optional<EntryRef> entry, read_alone(reader, map, index));
        if (entry) {
            recovered_.last_cluster_time = entry->cluster_time;
            recovered_.last_wall_time = entry->wall_time;
            return {};
        }
        log_.commit = std::min(log_.commit, index.previous());
    }
    return {};
}

Result<void> Recovery::read_configuration(Reader& reader, const SegmentMap& map) {
    const auto& all = log_.configurations;
    LEDGER_ASSERT(std::is_sorted(all.begin(), all.end()));
    for (auto at = std::upper_bound(all.begin(), all.end(), log_.commit); at != all.begin();) {
        const Index newest = *--at;
        LEDGER_TRY(std::optional<EntryRef> entry, read_alone(reader, map, newest));
        if (!entry) {
            recovered_.faulty_configuration = std::max(recovered_.faulty_configuration, newest);
            continue;
        }
        if (entry->kind != EntryKind::configuration) {
            const SegmentId segment = map.segment_of(newest);
            const auto sealed = std::find_if(log_.segments.begin(), log_.segments.end(),
                [segment](const OpenSegment& one) { return one.id == segment; });
            LEDGER_ASSERT(sealed != log_.segments.end());
            return faulty(
                segment, sealed->end, newest, "a footer takes it for a configuration");
        }
        recovered_.configuration = std::move(*entry);
        break;
    }
    return {};
}

// From here on files are changed. Each step leaves a directory that recovers to the same log.
Result<void> Recovery::change() {
    LEDGER_CHECK(begin_epoch());
    LEDGER_CHECK(write_reseals());
    if (log_.active && !reseals_.empty() && reseals_.back().segment + 1 == log_.segments.size()) {
        log_.active.reset();
    }
    if (log_.active && !recovered_.unsealed.empty()) {
        // What is in doubt may be sent again and erased then: the next erasure is for it as well.
        std::uint64_t& superseded = log_.segments.back().dead.superseded;
        superseded = std::max<std::uint64_t>(superseded, 1);
        log_.active.reset();  // its tail stays as it is until the next segment has been begun
    }
    if (log_.active) {
        LEDGER_CHECK(cut_tail());
    }
    if (log_.active && active_is_damaged()) {
        LEDGER_CHECK(close_active());
    }
    for (const std::string& name : leftovers_) {
        LEDGER_CHECK(files_.remove(path_in(options_.directory, name)));
    }
    return remove_segments(files_, options_.directory, remove_);
}

// A number for this opening: what earlier ones left half-written can never pass as ours.
Result<void> Recovery::begin_epoch() {
    HardStateSlot next = hard_state_.current();
    ++next.epoch;
    next.segment_max = std::max(next.segment_max, log_.segment_max);
    next.commit = std::max(next.commit, log_.commit);
    LEDGER_CHECK(hard_state_.write(next));
    LEDGER_CHECK(hard_state_.sync());
    LEDGER_ASSERT(hard_state_.current().epoch == next.epoch && !hard_state_.is_dirty());
    log_.epoch = next.epoch;
    log_.segment_max = next.segment_max;
    return {};
}

Result<void> Recovery::write_reseals() {
    for (const Reseal& reseal : reseals_) {
        LEDGER_ASSERT(reseal.segment < log_.segments.size());
        File& file = *log_.segments[reseal.segment].file;
        LEDGER_CHECK(file.resize(reseal.keep));
        LEDGER_CHECK(file.sync());
        LEDGER_CHECK(file.write(reseal.keep, reseal.tail));
        LEDGER_CHECK(file.sync());
    }
    return {};
}

// Only a sealed segment can be replaced by its repaired copy.
bool Recovery::active_is_damaged() {
    const SharedMap map = log_.map.publish();
    return std::any_of(log_.faulty.begin(), log_.faulty.end(), [&](const EntryIdentity& name) {
        return map->segment_of(name.index) == log_.segments.back().id;
    });
}

Result<void> Recovery::close_active() {
    OpenSegment& segment = log_.segments.back();
    const ByteVector footers = encode_footers(footer_of(log_));
    LEDGER_CHECK(segment.file->write(segment.end, footers));
    LEDGER_CHECK(segment.file->sync());
    segment.bytes = segment.end + footers.size();
    log_.unweighed.push_back({.segment = segment.id});
    log_.map.seal(segment.id);
    log_.active.reset();
    return {};
}

Result<void> Recovery::cut_tail() {
    OpenSegment& segment = log_.segments.back();
    LEDGER_ASSERT(segment.end >= tail_.keep && segment.end % sector_bytes == 0);
    LEDGER_SOMETIMES(tail_.torn_bytes > 0, "log.torn_tail_cut");
    if (tail_.keep <= segment_header_bytes && segment.id != oldest()) {
        // No group of it was ever promised; the next one begins a new segment.
        remove_.push_back(segment.id);
        log_.active.reset();
        log_.segments.pop_back();
        return {};
    }
    if (tail_.keep < tail_.size) {
        LEDGER_CHECK(segment.file->resize(tail_.keep));
        LEDGER_CHECK(segment.file->sync());
    }
    if (tail_.identity) {
        IdentityBlock& block = *tail_.identity;
        block.commit = std::min(log_.commit, block.sync_index);
        ByteVector bytes(static_cast<std::size_t>(identity_block_bytes(block.names.size())));
        encode_identity_block(bytes, block, {segment.id, segment.end});
        LEDGER_CHECK(segment.file->write(segment.end, bytes));
        LEDGER_CHECK(segment.file->sync());
        segment.end += bytes.size();
    }
    for (std::uint64_t copy = 0; copy < active_header_intact_.size(); ++copy) {
        if (!active_header_intact_[copy]) {
            ByteVector both(segment_header_bytes);
            encode_segment_header(both, *active_header_);
            const std::uint64_t offset = copy * sector_bytes;
            LEDGER_CHECK(segment.file->write(
                offset, ByteSpan(both).subspan(static_cast<std::size_t>(offset), sector_bytes)));
            LEDGER_CHECK(segment.file->sync());
        }
    }
    return {};
}

}  // namespace

Result<RecoveredLog> recover(
    FileSystem& files, const Options& options, const Identity& identity) {
    LEDGER_TRY(auto hard_state, HardStateFile::open(files, options.directory, identity));
    return Recovery(files, options, std::move(hard_state)).run();
}

}  // namespace ledger::log
