#include "log/rewrite.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "log/base/assert.h"
#include "log/base/crc32c.h"
#include "log/base/sometimes.h"
#include "log/reader.h"
#include "log/sealed_places.h"

namespace ledger::log {

namespace {

// What is read at once.
constexpr std::uint64_t read_bytes = 256u << 10;

const EntryRef* find_in(std::span<const EntryRef* const> entries, Index index) {
    const auto found = std::lower_bound(entries.begin(), entries.end(), index,
        [](const EntryRef* entry, Index wanted) { return entry->index < wanted; });
    return found == entries.end() || (*found)->index != index ? nullptr : *found;
}

// Same place in the log, kind, stamps and envelope.
bool same_but_for_erasure(const EntryRef& a, const EntryRef& b) {
    return a.id() == b.id() && a.kind == b.kind && a.cluster_time == b.cluster_time &&
           a.wall_time == b.wall_time &&
           a.handle.envelope_digest() == b.handle.envelope_digest() &&
           a.handle.envelope().size() == b.handle.envelope().size();
}

EntryRef with_erasure_of(const EntryRef& entry, const EntryRef& form) {
    EntryRef other = entry;
    other.handle = EntryHandle::make(
        entry.handle.envelope(), form.handle.erasable(), form.handle.erasure());
    other.bytes = other.handle->size();
    return other;
}

class SegmentRewrite {
  public:
    SegmentRewrite(FileSystem& files, const std::string& directory, const SegmentMap& map,
        const RewriteOrder& order)
        : files_(files), directory_(directory), map_(map), order_(order),
          live_(map.entries_in(order.segment)), reader_(files, directory) {}

    Result<Rewritten> run();

  private:
    // One record, before it has its place.
    struct Record {
        RecordHeader header;
        ByteSpan envelope;
        ByteSpan erasable;
        bool lost = false;            // its bytes are, and `name` is what is known of it
        EntryIdentity name;
        std::optional<Digest> hash;   // of the chain at it
    };

    Result<bool> read_header();
    Result<bool> read_view();
    Result<bool> view_of_map(File& file);
    bool agrees_with_map() const;
    void make_view_map();
    void begin_group(Index base, const Digest& base_hash);
    Result<void> write_truncation();
    Result<void> write_live();
    Result<bool> write_batch(Index index);
    Result<void> replace_damaged(Index index);
    bool is_fit(const EntryRef& given, Index index, bool is_copy) const;
    Result<void> write_entry(const EntryRef& entry);
    void skip_damaged(Index index);
    Result<void> write_dead();
    Record dead_record(Index index, const std::optional<RecordView>& view) const;
    std::optional<RecordView> read_dead(Index index, ByteVector& bytes);
    Result<void> add(const Record& record);
    Result<void> end_group(const Digest& last_hash);
    Result<void> write_footers();
    Result<void> write(ByteSpan bytes, std::uint64_t offset);
    Result<void> give_up();

    const FooterName& name_at(Index index) const { return view_.names[index - view_.first]; }
    std::optional<Digest> known_hash(Index index) const;

    FileSystem& files_;
    const std::string& directory_;
    const SegmentMap& map_;
    const RewriteOrder& order_;
    const SegmentEntries live_;
    Reader reader_;
    SegmentHeader header_;
    // The segment as it was sealed. Without a footer only places are known.
    Footer view_;
    bool has_footer_ = false;
    std::optional<SegmentMap> view_map_;

    std::optional<Replacement> file_;
    Footer footer_;       // of the new file
    Rewritten result_;
    HashMark last_;       // where the log stands behind what was added; of live entries known
    ByteVector group_;    // the records of the group at hand
    IdentityBlock block_;
    std::uint64_t group_start_ = segment_header_bytes;
};

Result<Rewritten> SegmentRewrite::run() {
    LEDGER_TRY(const bool header_stands, read_header());
    LEDGER_TRY(const bool view_stands, read_view());
    if (!header_stands || !view_stands || !agrees_with_map()) {
        LEDGER_SOMETIMES(true, "log.rewrite_without_structure");
        return std::move(result_);
    }
    make_view_map();
    footer_.first = view_.first;
    footer_.start_hash = view_.start_hash;
    last_ = {view_.first.previous(), view_.start_hash};
    ByteVector bytes(segment_header_bytes);
    encode_segment_header(bytes, header_);
    LEDGER_CHECK(write(bytes, 0));
    begin_group(header_.start.id.index, header_.start.hash);
    LEDGER_CHECK(write_truncation());
    LEDGER_CHECK(write_live());
    if (!result_.missing.empty()) {
        LEDGER_SOMETIMES(true, "log.rewrite_waits_for_copies");
        LEDGER_CHECK(give_up());
        return std::move(result_);
    }
    LEDGER_CHECK(write_dead());
    if (!block_.names.empty()) {
        LEDGER_CHECK(end_group(view_.last_hash));
    }
    LEDGER_CHECK(write_footers());
    LEDGER_CHECK(file_->commit());
    LEDGER_SOMETIMES(true, "log.segment_rewritten");
    result_.done = true;
    return std::move(result_);
}

Result<bool> SegmentRewrite::read_header() {
    LEDGER_TRY(const auto file, files_.open(path_in(directory_, segment_name(order_.segment))));
    for (std::uint64_t offset = 0; offset < segment_header_bytes; offset += sector_bytes) {
        std::byte sector[sector_bytes] = {};
        const Result<std::uint64_t> read = file->read(offset, sector);
        const auto header = decode_segment_header(
            ByteSpan(sector).first(read ? static_cast<std::size_t>(*read) : 0),
            {order_.segment, offset});
        if (header) {
            header_ = *header;
            return true;
        }
    }
    return false;
}

Result<bool> SegmentRewrite::read_view() {
    LEDGER_TRY(const auto file, files_.open(path_in(directory_, segment_name(order_.segment))));
    const auto footer = read_footer(*file, order_.segment);
    if (!footer) {
        return footer.error();
    }
    has_footer_ = footer->has_value();
    if (has_footer_) {
        view_ = **footer;
        return true;
    }
    return view_of_map(*file);
}

// A segment that an opening left without a footer, since its last group was in doubt. It held what
// is live in it, if no later segment has truncated it.
Result<bool> SegmentRewrite::view_of_map(File& file) {
    if (!order_.followed || live_.is_empty()) {
        return false;
    }
    const auto placed = placed_segment(file, map_, order_.segment);
    if (!placed) {
        return placed.error().code == make_error_code(Errc::faulty_entry)
                   ? Result<bool>(false)
                   : Result<bool>(placed.error());
    }
    LEDGER_SOMETIMES(true, "log.rewrite_without_footer");
    view_.segment = order_.segment;
    view_.first = live_.first;
    view_.last = live_.last;
    const HashMark& before = map_.mark_at_or_before(live_.first.previous());
    const HashMark& end = map_.mark_at_or_before(live_.last);
    if (before.index != live_.first.previous() || end.index != live_.last) {
        return false;
    }
    view_.start_hash = before.hash;
    view_.last_hash = end.hash;
    view_.commit = std::min(order_.commit, view_.last);
    for (Index index = view_.first; index <= view_.last; ++index) {
        const Place place = (*placed)->place(index);
        FooterName name;
        name.place = static_cast<std::uint32_t>(place.offset / record_alignment);
        view_.names.push_back(name);
        view_.body_end = place.end;
        const Term term = map_.term_at(index);
        if (view_.terms.empty() || view_.terms.back().term != term) {
            view_.terms.push_back({index, term});
        }
        const HashMark& mark = map_.mark_at_or_before(index);
        if (mark.index == index) {
            view_.marks.push_back(mark);
        }
    }
    return true;
}

// What is live is what was sealed, up to a truncation.
bool SegmentRewrite::agrees_with_map() const {
    const Index base = header_.start.id.index;
    if (view_.first.previous() > base ||
        (view_.first.previous() == base && view_.start_hash != header_.start.hash)) {
        return false;
    }
    if (live_.is_empty()) {
        return true;
    }
    if (live_.first != view_.first || live_.last > view_.last) {
        return false;
    }
    if (!map_.is_placed(live_.first)) {
        return true;  // the map goes by this very footer
    }
    for (Index index = live_.first; index <= live_.last; ++index) {
        if (map_.place(index).offset != place_of(order_.segment, name_at(index)).offset) {
            return false;
        }
    }
    return true;
}

void SegmentRewrite::make_view_map() {
    GrowingArray<std::uint32_t> places;
    GrowingArray<HashMark> marks;
    GrowingArray<TermRun> terms;
    for (const FooterName& name : view_.names) {
        places.push_back(name.place);
    }
    for (const HashMark& mark : view_.marks) {
        marks.push_back(mark);
    }
    if (!view_.names.empty() && (marks.empty() || marks.back().index < view_.last)) {
        marks.push_back({view_.last, view_.last_hash});
    }
    for (const TermRun& run : view_.terms) {
        terms.push_back(run);
    }
    std::uint64_t end = view_.body_end;
    if (has_footer_ && !view_.names.empty()) {
        end = place_of(order_.segment, view_.names.back()).end;
    }
    view_map_.emplace(HashMark{view_.first.previous(), view_.start_hash}, ArrayView<SegmentRun>{},
        SegmentRun{order_.segment, view_.first, view_.last, end, places.view(), marks.view()},
        terms.view());
}

std::optional<Digest> SegmentRewrite::known_hash(Index index) const {
    const HashMark& sealed = view_map_->mark_at_or_before(index);
    if (sealed.index == index) {
        return sealed.hash;
    }
    const bool live = !live_.is_empty() && index >= live_.first && index <= live_.last;
    const HashMark* const mapped = live ? &map_.mark_at_or_before(index) : nullptr;
    return mapped != nullptr && mapped->index == index ? std::optional(mapped->hash) : std::nullopt;
}

void SegmentRewrite::begin_group(Index base, const Digest& base_hash) {
    block_ = IdentityBlock{};
    block_.epoch = order_.epoch;
    block_.group_start = group_start_;
    block_.base = base;
    block_.base_hash64 = base_hash.truncated();
    block_.sync_index = base;
    group_.clear();
}

// Where the segment itself reached back into the one before it.
Result<void> SegmentRewrite::write_truncation() {
    const Index truncate_to = view_.first.previous();
    if (truncate_to == header_.start.id.index) {
        return {};
    }
    LEDGER_SOMETIMES(true, "log.rewrite_keeps_truncation");
    block_.sync_index = truncate_to;
    Record record;
    record.header.kind = truncate_kind;
    record.header.index = truncate_to;
    record.header.prev_hash64 = view_.start_hash.truncated();
    record.envelope = view_.start_hash.span();
    record.hash = view_.start_hash;
    return add(record);
}

Result<void> SegmentRewrite::write_live() {
    if (live_.is_empty()) {
        return {};
    }
    while (last_.index < live_.last) {
        LEDGER_TRY(const bool any, write_batch(last_.index.next()));
        if (!any) {
            LEDGER_CHECK(replace_damaged(last_.index.next()));
        }
    }
    return {};
}

// As many entries as are intact from this one on; false if it is damaged itself.
Result<bool> SegmentRewrite::write_batch(Index index) {
    auto batch = reader_.read(*view_map_, index, live_.last, read_bytes, last_.hash);
    if (!batch) {
        return reader_.damaged() == index ? Result<bool>(false) : Result<bool>(batch.error());
    }
    for (const HashedEntry& hashed : *batch) {
        const EntryRef* const form = find_in(order_.erasures, hashed.entry.index);
        if (form != nullptr && !same_but_for_erasure(*form, hashed.entry)) {
            return failure(Errc::corrupt_record, segment_name(order_.segment) + ": index " +
                                                     std::to_string(form->index.value) +
                                                     ": another entry is to be erased");
        }
        const bool less = form != nullptr && erases(*form, hashed.entry);
        LEDGER_CHECK(write_entry(less ? with_erasure_of(hashed.entry, *form) : hashed.entry));
    }
    return true;
}

// What an erasure says is enough to write the entry: its envelope is there.
Result<void> SegmentRewrite::replace_damaged(Index index) {
    const EntryRef* const form = find_in(order_.erasures, index);
    const EntryRef* const copy = find_in(order_.copies, index);
    const EntryRef* given = nullptr;
    if (form != nullptr && is_fit(*form, index, false)) {
        given = form;
    } else if (copy != nullptr && is_fit(*copy, index, true)) {
        given = copy;
    }
    if (given == nullptr) {
        skip_damaged(index);
        return {};
    }
    LEDGER_SOMETIMES(true, "log.rewrite_puts_back");
    const Digest hash = entry_hash(last_.hash, *given);
    const std::optional<Digest> known = known_hash(index);
    if (known && *known != hash) {
        return failure(Errc::corrupt_record, segment_name(order_.segment) + ": index " +
                                                 std::to_string(index.value) +
                                                 ": what is offered has another hash");
    }
    if (index < order_.commit) {
        result_.hashes.push_back({index, hash});
    }
    // A witness has none of the erasable part, or it has been destroyed here.
    const bool trimmed = has_footer_ && name_at(index).erasable_bytes == 0;
    EntryRef entry = *given;
    if (trimmed && !entry.handle.erasable().empty()) {
        entry.handle = entry.handle.erased();
        entry.bytes = entry.handle->size();
    }
    return write_entry(entry);
}

bool SegmentRewrite::is_fit(const EntryRef& given, Index index, bool is_copy) const {
    if (given.term != view_map_->term_at(index)) {
        return false;
    }
    if (!has_footer_) {
        return true;
    }
    const FooterName& name = name_at(index);
    // A copy of another form would bring back what was destroyed here, or destroy what was not. Where
    // nothing of it is left, nothing of what is given will be.
    const std::uint64_t erasable = given.handle.erasable().size();
    const bool as_much = is_copy ? erasable == name.erasable_bytes : erasable <= name.erasable_bytes;
    return given.handle.envelope().size() == name.envelope_bytes &&
           crc32c(given.handle.envelope()) == name.envelope_crc &&
           (name.erasable_bytes == 0 || as_much);
}

Result<void> SegmentRewrite::write_entry(const EntryRef& entry) {
    Record record;
    record.header.kind = static_cast<std::uint8_t>(entry.kind);
    record.header.flags = erasure_flags(entry.handle.erasure());
    record.header.index = entry.index;
    record.header.term = entry.term;
    record.header.cluster_time = entry.cluster_time;
    record.header.wall_time = entry.wall_time;
    record.header.prev_hash64 = last_.hash.truncated();
    record.envelope = entry.handle.envelope();
    record.erasable = entry.handle.erasable();
    record.hash = entry_hash(last_.hash, entry);
    LEDGER_CHECK(add(record));
    const Index index = entry.index;
    last_ = {index, *record.hash};
    if (index >= order_.commit) {
        result_.hashes.push_back(last_);
    }
    return {};
}

// Nothing is written any more; but all that is damaged is told at once.
void SegmentRewrite::skip_damaged(Index index) {
    result_.missing.push_back(index);
    while (index < live_.last && !known_hash(index)) {
        ++index;
        const bool given = find_in(order_.erasures, index) || find_in(order_.copies, index);
        if (!given && !reader_.read_unchained(*view_map_, index) && reader_.damaged() == index) {
            result_.missing.push_back(index);
        }
    }
    last_ = {index, known_hash(index).value_or(Digest{})};
}

// Entries that a later segment has taken out of the log.
Result<void> SegmentRewrite::write_dead() {
    std::optional<Digest> before = last_.hash;
    ByteVector bytes;
    for (Index index = last_.index.next(); index <= view_.last; ++index) {
        LEDGER_SOMETIMES(true, "log.rewrite_keeps_superseded");
        std::optional<RecordView> view = read_dead(index, bytes);
        if (view && before && view->header.prev_hash64 != before->truncated()) {
            view.reset();
        }
        Record record = dead_record(index, view);
        const std::optional<Digest> known = known_hash(index);
        if (view && before) {
            record.hash = entry_hash(*before, envelope_of(*view));
        }
        if (known && record.hash && *record.hash != *known) {
            record = dead_record(index, std::nullopt);
        }
        record.hash = known ? known : record.hash;
        LEDGER_CHECK(add(record));
        before = record.hash;
    }
    return {};
}

// What stands in its place, if its envelope does.
std::optional<RecordView> SegmentRewrite::read_dead(Index index, ByteVector& bytes) {
    const Place place = place_of(order_.segment, name_at(index));
    auto file = files_.open(path_in(directory_, segment_name(order_.segment)));
    if (!file) {
        return std::nullopt;
    }
    bytes.resize(static_cast<std::size_t>(place.end - place.offset));
    const Result<std::uint64_t> read = (*file)->read(place.offset, bytes);
    if (!read) {
        return std::nullopt;
    }
    bytes.resize(static_cast<std::size_t>(*read));
    const RecordView view = decode_record(bytes, {order_.segment, place.offset});
    const FooterName& name = name_at(index);
    const bool stands = (view.damage == Damage::none || view.damage == Damage::erasable) &&
                        !view.header.is_truncation() && view.header.index == index &&
                        view.header.term == view_map_->term_at(index) &&
                        view.header.envelope_bytes == name.envelope_bytes &&
                        view.envelope_crc == name.envelope_crc;
    return stands ? std::optional(view) : std::nullopt;
}

SegmentRewrite::Record SegmentRewrite::dead_record(
    Index index, const std::optional<RecordView>& view) const {
    const FooterName& name = name_at(index);
    Record record;
    if (view) {
        record.header = view->header;
        if (record.header.erasable_bytes > 0) {
            record.header = erased(record.header);
        }
        record.envelope = view->envelope;
        return record;
    }
    const bool configures =
        std::binary_search(view_.configurations.begin(), view_.configurations.end(), index);
    record.lost = true;
    record.name.index = index;
    record.name.term = view_map_->term_at(index);
    record.name.envelope_bytes = name.envelope_bytes;
    record.name.envelope_crc = name.envelope_crc;
    record.name.kind = static_cast<std::uint8_t>(
        configures ? EntryKind::configuration : EntryKind::command);
    record.name.flags = name.erasable_bytes > 0 ? erased_flag : 0;
    return record;
}

Result<void> SegmentRewrite::add(const Record& record) {
    const std::uint64_t envelope_bytes =
        record.lost ? record.name.envelope_bytes : record.envelope.size();
    const std::uint64_t bytes = record_bytes(envelope_bytes, record.erasable.size());
    const std::uint64_t at = group_.size();
    const std::uint64_t offset = group_start_ + at;
    LEDGER_ASSERT(offset / record_alignment <= UINT32_MAX);
    group_.resize(static_cast<std::size_t>(at + bytes));  // zeros, where it is lost
    EntryIdentity name = record.name;
    if (!record.lost) {
        RecordHeader header = record.header;
        header.epoch = order_.epoch;
        header.sync_index = block_.sync_index;
        header.envelope_bytes = static_cast<std::uint32_t>(record.envelope.size());
        header.erasable_bytes = static_cast<std::uint32_t>(record.erasable.size());
        const std::uint32_t crc =
            encode_record(std::span(group_).subspan(static_cast<std::size_t>(at)), header,
                {order_.segment, offset}, record.envelope, record.erasable);
        name = identity_of(header, crc);
    }
    block_.names.push_back(name);
    block_.last = name.index;
    if (!name.is_truncation()) {
        footer_.names.push_back({static_cast<std::uint32_t>(offset / record_alignment),
            name.envelope_bytes, name.erasable_bytes, name.envelope_crc});
        if (name.kind == static_cast<std::uint8_t>(EntryKind::configuration)) {
            footer_.configurations.push_back(name.index);
        }
        if (record.hash && name.index.value % hash_mark_interval == 0) {
            footer_.marks.push_back({name.index, *record.hash});
        }
    }
    // A block says the hash at its end.
    const bool full = block_.names.size() >= rewritten_names_max ||
                      group_.size() >= rewritten_group_bytes;
    return full && record.hash ? end_group(*record.hash) : Result<void>();
}

Result<void> SegmentRewrite::end_group(const Digest& last_hash) {
    const std::uint64_t block_at = group_start_ + sector_ceiling(group_.size());
    const std::uint64_t block_bytes = identity_block_bytes(block_.names.size());
    const std::uint64_t records_bytes = sector_ceiling(group_.size());
    group_.resize(static_cast<std::size_t>(records_bytes + block_bytes));
    block_.commit = std::min(view_.commit, block_.sync_index);
    block_.last_hash = last_hash;
    encode_identity_block(std::span(group_).last(static_cast<std::size_t>(block_bytes)), block_,
        {order_.segment, block_at});
    LEDGER_CHECK(write(group_, group_start_));
    group_start_ += group_.size();
    const Index last = block_.last;
    begin_group(last, last_hash);
    return {};
}

Result<void> SegmentRewrite::write_footers() {
    footer_.segment = order_.segment;
    footer_.epoch = order_.epoch;
    footer_.body_end = group_start_;
    footer_.last = view_.last;
    footer_.last_hash = view_.last_hash;
    footer_.sync_index = view_.last;
    footer_.commit = view_.commit;
    footer_.terms = view_.terms;
    footer_.dead = DeadBytes{};
    const ByteVector both = encode_footers(footer_);
    LEDGER_CHECK(write(both, group_start_));
    result_.body_end = group_start_;
    result_.bytes = group_start_ + both.size();
    return {};
}

// To the temporary file, unless it has turned out that there will be none.
Result<void> SegmentRewrite::write(ByteSpan bytes, std::uint64_t offset) {
    if (!result_.missing.empty()) {
        return {};
    }
    if (!file_) {
        LEDGER_TRY(file_, Replacement::begin(files_, directory_, segment_name(order_.segment)));
    }
    return file_->write(offset, bytes);
}

Result<void> SegmentRewrite::give_up() {
    return file_ ? file_->abandon() : Result<void>();
}

}  // namespace

bool erases(const EntryRef& form, const EntryRef& entry) {
    const Erasure wanted = form.handle.erasure();
    const Erasure has = entry.handle.erasure();
    const std::size_t left = entry.handle.erasable().size();
    if (left == 0 || wanted == Erasure::none || wanted < has) {
        return false;  // there is nothing to destroy, or it would come back
    }
    return wanted > has || form.handle.erasable().size() < left;
}

Result<Rewritten> rewrite_segment(FileSystem& files, const std::string& directory,
    const SegmentMap& map, const RewriteOrder& order) {
    return SegmentRewrite(files, directory, map, order).run();
}

DeadBytes dead_bytes(File& file, const FooterSummary& summary, const SegmentMap& map) {
    DeadBytes dead = summary.dead.value_or(DeadBytes{.superseded = 1, .other = 0});
    const SegmentEntries live = map.entries_in(summary.segment);
    const Index begin = live.is_empty() ? summary.first : live.last.next();
    if (begin > summary.last) {
        return dead;
    }
    const auto footer = read_footer(file, summary.segment);
    if (!footer || !*footer) {
        dead.superseded = std::max<std::uint64_t>(dead.superseded, 1);
        return dead;
    }
    for (Index index = begin; index <= (*footer)->last; ++index) {
        const FooterName& name = (*footer)->names[index - (*footer)->first];
        dead.superseded += record_bytes(name.envelope_bytes, name.erasable_bytes) -
                           record_bytes(name.envelope_bytes, 0);
    }
    return dead;
}

}  // namespace ledger::log
