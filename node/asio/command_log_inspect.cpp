#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "log/base/format.h"
#include "log/examination.h"
#include "log/state/command_view.h"
#include "node/asio/ctl_commands.h"
#include "node/asio/ctl_log_directory.h"
#include "raft/configuration_body.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

constexpr std::size_t listed_max = 8;         // events or terms in one line
constexpr std::size_t shown_bytes_max = 32;   // of an envelope that is not understood

// One record that was asked for, or the place where one should stand.
struct Record {
    SegmentId segment;
    std::uint64_t offset = 0;
    std::uint64_t end = 0;
    log::Condition condition = log::Condition::clean;
    log::Damage damage = log::Damage::none;
    std::optional<log::EntryIdentity> name;  // what the identity block says
    log::RecordHeader header;                // unless that is damaged
    std::uint32_t envelope_crc = 0;
    bool same = false;                       // record and identity block agree
    std::optional<Digest> hash;
    std::string summary;
};

std::string kind_of(std::uint8_t kind) {
    if (kind == log::truncate_kind) {
        return "truncate_to";
    }
    return known_entry_kind(kind) ? std::string(to_text(static_cast<EntryKind>(kind)))
                                  : fmt::format("kind {}", kind);
}

std::string append_text(const state::AppendView& append) {
    std::string text = fmt::format("append, session {}, sequence {}", append.session,
        append.sequence);
    std::vector<std::string> streams;
    for (state::StreamCursor at(append); !at.done();) {
        streams.emplace_back(at.next().name);
    }
    std::size_t count = 0;
    for (state::EventCursor at(append); !at.done(); ++count) {
        const state::EventView event = at.next();
        if (count < listed_max) {
            text += fmt::format("; {} {} {} bytes", streams[event.stream], event.type,
                event.payload_bytes);
        }
    }
    return count > listed_max
               ? text + fmt::format("; and {} more events", std::uint64_t{count - listed_max})
               : text;
}

std::string nodes_text(const raft::NodeSet& nodes) {
    std::string text;
    for (const NodeId node : nodes) {
        text += fmt::format("{}n{}", text.empty() ? "" : " ", node);
    }
    return text;
}

std::string configuration_text(const raft::Configuration& configuration) {
    std::string text = "voters " + nodes_text(configuration.voters);
    if (!configuration.outgoing.empty()) {
        text += ", outgoing " + nodes_text(configuration.outgoing);
    }
    if (!configuration.learners.empty()) {
        text += ", learners " + nodes_text(configuration.learners);
    }
    return text;
}

// What an intact envelope says, in a line.
std::string summary_of(const log::RecordHeader& header, ByteSpan envelope) {
    if (header.kind == static_cast<std::uint8_t>(EntryKind::command)) {
        if (const auto command = state::view_command(envelope)) {
            const auto* append = std::get_if<state::AppendView>(&*command);
            return append != nullptr ? append_text(*append) : std::string("opens a session");
        }
    }
    if (header.kind == static_cast<std::uint8_t>(EntryKind::configuration)) {
        if (const auto configuration = raft::decode_configuration(envelope)) {
            return configuration_text(*configuration);
        }
    }
    if (header.kind == static_cast<std::uint8_t>(EntryKind::recovery)) {
        return std::string(as_text(envelope));
    }
    const std::string hex = to_hex(envelope.first(std::min(envelope.size(), shown_bytes_max)));
    return envelope.size() > shown_bytes_max ? hex + "..." : hex;
}

Record record_of(const log::RecordNote& note) {
    const log::RecordView& view = note.slot.record;
    Record record;
    record.segment = note.segment;
    record.offset = note.slot.offset;
    record.end = note.slot.end;
    record.condition = note.condition;
    record.damage = view.damage;
    record.name = note.slot.name;
    record.header = view.header;
    record.envelope_crc = view.envelope_crc;
    record.same = note.named;
    record.hash = note.hash;
    const bool readable =
        view.damage == log::Damage::none || view.damage == log::Damage::erasable;
    record.summary = readable ? summary_of(view.header, view.envelope) : std::string();
    return record;
}

// By its own header; if that is damaged, by the identity block.
Index index_of(const Record& record) {
    if (record.damage != log::Damage::header) {
        return record.header.index;
    }
    return record.name ? record.name->index : Index{};
}

bool is_asked_for(const LogOptions& what, const Record& record) {
    return (!what.segment || record.segment.value == *what.segment) &&
           (!what.index || index_of(record).value == *what.index);
}

struct Seen {
    log::Examination all;
    std::vector<Record> records;
};

Result<Seen> look(CtlLogDirectory& directory, const LogOptions& what) {
    Seen seen;
    log::Watch watch;
    if (what.segment || what.index) {
        watch.record = [&](const log::RecordNote& note) {
            Record record = record_of(note);
            if (is_asked_for(what, record)) {
                seen.records.push_back(std::move(record));
            }
        };
    }
    LEDGER_TRY(seen.all, log::examine(directory.files(), "", watch));
    return seen;
}

std::string copies_text(const std::array<bool, 2>& copies) {
    return fmt::format("{} of 2", std::uint64_t{copies[0]} + std::uint64_t{copies[1]});
}

std::string terms_text(const std::vector<TermRun>& terms) {
    std::string text;
    for (std::size_t i = 0; i < std::min(terms.size(), listed_max); ++i) {
        text += fmt::format("{}{} from {}", text.empty() ? "" : ", ", terms[i].term,
            terms[i].first);
    }
    return terms.size() > listed_max ? text + ", ..." : text;
}

std::string epochs_text(const std::vector<std::uint64_t>& epochs) {
    if (epochs.empty()) {
        return "-";
    }
    return epochs.size() == 1 ? fmt::format("{}", epochs.front())
                              : fmt::format("{}-{}", epochs.front(), epochs.back());
}

std::string hard_state_text(const log::Examination& all) {
    if (!all.hard_state) {
        return "hard state  no copy is intact\n";
    }
    const log::HardStateSlot& slot = *all.hard_state;
    std::string text = fmt::format("node        {} of cluster {}, disk {:016x}\n",
        slot.identity.node, to_text(slot.identity.cluster), slot.identity.incarnation);
    text += fmt::format("hard state  term {}, vote {}, trimmed {}, commit {}, epoch {}\n",
        slot.hard_state.term,
        slot.hard_state.vote == NodeId{} ? std::string("none")
                                         : fmt::format("n{}", slot.hard_state.vote),
        slot.hard_state.trimmed ? "yes" : "no", slot.commit, slot.epoch);
    text += "copies     ";
    for (std::size_t place = 0; place < all.slots.size(); ++place) {
        text += fmt::format(" slot {} copy {}: {};", std::uint64_t{place % log::hard_state_slots},
            std::uint64_t{place / log::hard_state_slots},
            all.slots[place] ? fmt::format("write {}", all.slots[place]->generation)
                             : std::string("damaged"));
    }
    text.back() = '\n';
    return text;
}

std::string segments_text(const log::Examination& all) {
    std::string text = fmt::format(
        "{:<9}{:<9}{:<9}{:<8}{:<8}{:<8}{:<11}{:<11}{:<10}{:<8}{:<8}{:<9}{}\n", "segment",
        "first", "last", "entries", "erased", "records", "bytes", "payload", "overhead",
        "header", "footer", "epochs", "terms");
    for (const log::ExaminedSegment& one : all.segments) {
        text += fmt::format(
            "{:<9}{:<9}{:<9}{:<8}{:<8}{:<8}{:<11}{:<11}{:<10}{:<8}{:<8}{:<9}{}\n", one.id.value,
            one.first.value, one.last.value, one.entries(), one.erased, one.records, one.bytes,
            one.envelope_bytes + one.erasable_bytes, one.overhead_bytes(),
            copies_text(one.header_copies),
            one.sealed ? copies_text(one.footer_copies) : std::string("none"),
            epochs_text(one.epochs), terms_text(one.terms));
    }
    return text;
}

std::string cuts_text(const log::Examination& all) {
    std::string text;
    for (const log::ExaminedCut& cut : all.cuts) {
        text += cut.manifest
                    ? fmt::format("cut         at {}, term {}: {} chunks, {} bytes, root {}\n",
                          cut.index, cut.manifest->id.term,
                          std::uint64_t{cut.manifest->chunks.size()}, cut.manifest->bytes,
                          to_hex(cut.manifest->root()))
                    : fmt::format("cut         at {}: unfinished or unreadable, {} bytes in {}\n",
                          cut.index, cut.bytes, cut.file);
    }
    return text;
}

std::string tail_text(const log::ExaminedTail& tail) {
    if (tail.segment == SegmentId{}) {
        return "tail        none\n";
    }
    if (tail.bytes == 0) {
        return fmt::format("tail        {}: the last group ends at byte {} of segment {}\n",
            to_text(tail.condition), tail.offset, tail.segment);
    }
    return fmt::format("tail        {}: {} bytes with {} entries from byte {} of segment {} on\n",
        to_text(tail.condition), tail.bytes, tail.entries, tail.offset, tail.segment);
}

std::string text_of(const log::Examination& all, const std::string& directory) {
    std::string text = hard_state_text(all);
    text += fmt::format("log         {} to {}, after {} of term {}; committed to {}; chain {}\n",
        all.first, all.last, all.previous.index, all.previous.term, all.commit,
        all.last_hash ? to_hex(*all.last_hash) : std::string("unknown"));
    text += segments_text(all) + cuts_text(all) + tail_text(all.tail);
    for (const std::string& name : all.leftovers) {
        text += fmt::format("left over   {}\n", name);
    }
    if (!all.findings.empty()) {
        text += fmt::format("{}: {} findings; they are named by: ledgerctl log verify {}\n",
            to_text(all.condition()), std::uint64_t{all.findings.size()}, directory);
    }
    return text;
}

std::string row_of(const Record& record) {
    if (record.damage == log::Damage::header) {
        return fmt::format("{:<9}{:<11}{:<9}{:<7}{:<14}{:<7}{:<10}{:<10}{}: {}\n",
            record.segment.value, record.offset, index_of(record).value,
            record.name ? record.name->term.value : 0,
            record.name ? kind_of(record.name->kind) : std::string("-"), "-",
            record.name ? record.name->envelope_bytes : 0,
            record.name ? record.name->erasable_bytes : 0, to_text(record.condition),
            to_text(record.damage));
    }
    const log::RecordHeader& header = record.header;
    return fmt::format("{:<9}{:<11}{:<9}{:<7}{:<14}{:<7}{:<10}{:<10}{}{}\n", record.segment.value,
        record.offset, header.index.value, header.term.value, kind_of(header.kind), header.epoch,
        header.envelope_bytes,
        header.is_erased() ? "erased" : std::to_string(header.erasable_bytes),
        to_text(record.condition),
        record.damage == log::Damage::none ? std::string()
                                           : std::string(": ") + to_text(record.damage));
}

std::string columns() {
    return fmt::format("{:<9}{:<11}{:<9}{:<7}{:<14}{:<7}{:<10}{:<10}{}\n", "segment",
        "offset", "index", "term", "kind", "epoch", "envelope", "erasable", "condition");
}

std::string rows_of(const std::vector<Record>& records) {
    std::string text = columns();
    for (const Record& record : records) {
        text += row_of(record);
    }
    return text;
}

const char* checksum_text(const Record& record, log::Damage part) {
    if (record.damage == log::Damage::none || part < record.damage) {
        return "holds";
    }
    return part == record.damage ? "does not hold" : "unknown";
}

std::string details_of(const Record& record) {
    const log::RecordHeader& header = record.header;
    std::string text = row_of(record);
    if (record.damage != log::Damage::header) {
        text += fmt::format(
            "  cluster time {}, wall time {}, previous hash {:016x}, sync_index {}\n",
            header.cluster_time.nanoseconds, header.wall_time.nanoseconds, header.prev_hash64,
            header.sync_index);
    }
    text += fmt::format("  checksums: header {}, envelope {}, erasable part {}\n",
        checksum_text(record, log::Damage::header), checksum_text(record, log::Damage::envelope),
        checksum_text(record, log::Damage::erasable));
    text += fmt::format("  identity block: {}\n", !record.name  ? "none names it"
                                                  : record.same ? "says the same"
                                                                : "says something else");
    text += fmt::format("  hash {}\n", record.hash ? to_hex(*record.hash) : std::string("unknown"));
    return record.summary.empty() ? text : text + "  " + record.summary + "\n";
}

void write_runs(check::JsonWriter& writer, const std::vector<TermRun>& terms) {
    writer.key("terms").begin_array();
    for (const TermRun& run : terms) {
        writer.begin_object().key("first").number(run.first.value);
        writer.key("term").number(run.term.value).end_object();
    }
    writer.end_array();
}

void write_copies(
    check::JsonWriter& writer, const char* name, const std::array<bool, 2>& copies) {
    writer.key(name).begin_array().boolean(copies[0]).boolean(copies[1]).end_array();
}

void write_segment(check::JsonWriter& writer, const log::ExaminedSegment& one) {
    writer.begin_object().key("segment").number(one.id.value).key("file").text(one.file);
    writer.key("first").number(one.first.value).key("last").number(one.last.value);
    writer.key("entries").number(one.entries()).key("erased").number(one.erased);
    writer.key("partly_erased").number(one.partly_erased);
    writer.key("records").number(one.records).key("truncations").number(one.truncations);
    writer.key("groups").number(one.groups).key("bytes").number(one.bytes);
    writer.key("envelope_bytes").number(one.envelope_bytes);
    writer.key("erasable_bytes").number(one.erasable_bytes);
    writer.key("payload").number(one.envelope_bytes + one.erasable_bytes);
    writer.key("overhead").number(one.overhead_bytes());
    writer.key("sealed").boolean(one.sealed);
    write_copies(writer, "header", one.header_copies);
    write_copies(writer, "footer", one.footer_copies);
    writer.key("epochs").begin_array();
    for (const std::uint64_t epoch : one.epochs) {
        writer.number(epoch);
    }
    writer.end_array();
    write_runs(writer, one.terms);
    writer.end_object();
}

void write_hard_state(check::JsonWriter& writer, const log::Examination& all) {
    writer.key("hard_state");
    if (!all.hard_state) {
        writer.null();
        return;
    }
    const log::HardStateSlot& slot = *all.hard_state;
    writer.begin_object().key("cluster").text(to_text(slot.identity.cluster));
    writer.key("node").number(slot.identity.node.value);
    writer.key("incarnation").text(fmt::format("{:016x}", slot.identity.incarnation));
    writer.key("term").number(slot.hard_state.term.value);
    writer.key("vote").number(slot.hard_state.vote.value);
    writer.key("trimmed").boolean(slot.hard_state.trimmed);
    writer.key("commit").number(slot.commit.value).key("epoch").number(slot.epoch);
    writer.key("generation").number(slot.generation);
    writer.key("oldest").number(slot.oldest.value);
    writer.key("newest").number(slot.newest.value);
    writer.key("segment_max").number(slot.segment_max.value).end_object();
}

void write_slots(check::JsonWriter& writer, const log::Examination& all) {
    writer.key("hard_state_copies").begin_array();
    for (std::size_t place = 0; place < all.slots.size(); ++place) {
        writer.begin_object().key("slot").number(place % log::hard_state_slots);
        writer.key("copy").number(place / log::hard_state_slots);
        writer.key("intact").boolean(all.slots[place].has_value()).key("generation");
        if (all.slots[place]) {
            writer.number(all.slots[place]->generation);
        } else {
            writer.null();
        }
        writer.end_object();
    }
    writer.end_array();
}

void write_cut(check::JsonWriter& writer, const log::ExaminedCut& cut) {
    writer.begin_object().key("index").number(cut.index.value).key("file").text(cut.file);
    writer.key("complete").boolean(cut.manifest.has_value());
    if (cut.manifest) {
        writer.key("term").number(cut.manifest->id.term.value);
        writer.key("chunks").number(cut.manifest->chunks.size());
        writer.key("bytes").number(cut.manifest->bytes);
        writer.key("root").text(to_hex(cut.manifest->root()));
    }
    writer.key("file_bytes").number(cut.bytes).end_object();
}

void write_tail(check::JsonWriter& writer, const log::ExaminedTail& tail) {
    writer.key("tail").begin_object().key("condition").text(to_text(tail.condition));
    writer.key("segment").number(tail.segment.value).key("offset").number(tail.offset);
    writer.key("bytes").number(tail.bytes).key("entries").number(tail.entries).end_object();
}

void write_record(check::JsonWriter& writer, const Record& record) {
    writer.begin_object().key("segment").number(record.segment.value);
    writer.key("offset").number(record.offset).key("bytes").number(record.end - record.offset);
    writer.key("index").number(index_of(record).value);
    writer.key("condition").text(to_text(record.condition));
    writer.key("checksums").begin_object();
    writer.key("header").text(checksum_text(record, log::Damage::header));
    writer.key("envelope").text(checksum_text(record, log::Damage::envelope));
    writer.key("erasable").text(checksum_text(record, log::Damage::erasable)).end_object();
    writer.key("identity_block").text(!record.name ? "none" : record.same ? "same" : "different");
    if (record.damage != log::Damage::header) {
        const log::RecordHeader& header = record.header;
        writer.key("kind").text(kind_of(header.kind)).key("term").number(header.term.value);
        writer.key("epoch").number(header.epoch).key("erased").boolean(header.is_erased());
        writer.key("partly_erased").boolean(header.erasure() == Erasure::part);
        writer.key("envelope_bytes").number(header.envelope_bytes);
        writer.key("erasable_bytes").number(header.erasable_bytes);
        writer.key("cluster_time").signed_number(header.cluster_time.nanoseconds);
        writer.key("wall_time").signed_number(header.wall_time.nanoseconds);
        writer.key("prev_hash").text(fmt::format("{:016x}", header.prev_hash64));
        writer.key("sync_index").number(header.sync_index.value);
        writer.key("envelope_crc").number(record.envelope_crc);
    }
    writer.key("hash");
    if (record.hash) {
        writer.text(to_hex(*record.hash));
    } else {
        writer.null();
    }
    writer.key("summary").text(record.summary).end_object();
}

std::string json_of(const Seen& seen, const LogOptions& what, const std::string& directory) {
    const log::Examination& all = seen.all;
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.log-inspect/1");
    writer.key("directory").text(directory);
    writer.key("condition").text(to_text(all.condition()));
    write_hard_state(writer, all);
    write_slots(writer, all);
    writer.key("log").begin_object().key("first").number(all.first.value);
    writer.key("last").number(all.last.value).key("commit").number(all.commit.value);
    writer.key("previous_index").number(all.previous.index.value);
    writer.key("previous_term").number(all.previous.term.value).key("chain");
    if (all.last_hash) {
        writer.text(to_hex(*all.last_hash));
    } else {
        writer.null();
    }
    writer.end_object().key("segments").begin_array();
    for (const log::ExaminedSegment& one : all.segments) {
        write_segment(writer, one);
    }
    writer.end_array().key("cuts").begin_array();
    for (const log::ExaminedCut& cut : all.cuts) {
        write_cut(writer, cut);
    }
    writer.end_array();
    write_tail(writer, all.tail);
    writer.key("leftovers").begin_array();
    for (const std::string& name : all.leftovers) {
        writer.text(name);
    }
    writer.end_array().key("findings").number(all.findings.size());
    if (what.segment || what.index) {
        writer.key("records").begin_array();
        for (const Record& record : seen.records) {
            write_record(writer, record);
        }
        writer.end_array();
    }
    writer.end_object();
    return text + "\n";
}

std::string text_of(const Seen& seen, const LogOptions& what, const std::string& directory) {
    if (!what.segment && !what.index) {
        return text_of(seen.all, directory);
    }
    if (!what.index) {
        return rows_of(seen.records);
    }
    std::string text = columns();
    for (const Record& record : seen.records) {
        text += details_of(record);
    }
    return text;
}

bool has_segment(const log::Examination& all, std::uint64_t number) {
    return std::any_of(all.segments.begin(), all.segments.end(),
        [number](const log::ExaminedSegment& one) { return one.id.value == number; });
}

}  // namespace

int command_log_inspect(const CtlOptions& options, const LogOptions& what) {
    Result<CtlLogDirectory> directory = CtlLogDirectory::take(what.directory);
    if (!directory) {
        return fail_to_look(options, what.directory, directory.error());
    }
    const Result<Seen> seen = look(*directory, what);
    if (!seen) {
        return fail_to_look(options, what.directory, seen.error());
    }
    if (what.segment && !has_segment(seen->all, *what.segment)) {
        return fail(options, exit_not_found, fmt::format("there is no segment {}", *what.segment));
    }
    if (what.index && seen->records.empty()) {
        return fail(options, exit_not_found,
            fmt::format("no record has index {}; the log has {} to {}", *what.index,
                seen->all.first, seen->all.last));
    }
    say(options.json ? json_of(*seen, what, directory->path())
                     : text_of(*seen, what, what.directory));
    return exit_ok;
}

}  // namespace ledger::node::asio
