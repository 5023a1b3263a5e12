#include "tests/log/conformance/describe.h"

#include "log/base/crc32c.h"
#include "log/base/format.h"

namespace ledger::log::conformance {
namespace {

std::string hex_of(const Digest& digest) {
    return to_hex(ByteSpan(digest.span()).first(8));
}

// Whoever says so names the path as it sees it.
bool is_of_file_system(const boost::system::error_code& code) {
    switch (static_cast<Errc>(code.value())) {
        case Errc::io_error:
        case Errc::not_found:
        case Errc::already_exists:
        case Errc::no_space:
        case Errc::permission_denied:
        case Errc::invalid_argument: return true;
        case Errc::corrupt_record:
        case Errc::wrong_identity:
        case Errc::unsupported:
        case Errc::faulty_entry:
        case Errc::out_of_range: return false;
    }
    return false;
}

std::string describe(const std::vector<TermRun>& terms) {
    std::string text;
    for (const TermRun& run : terms) {
        text += fmt::format(" {}@{}", run.first, run.term);
    }
    return text;
}

std::string describe(const HardState& state) {
    return fmt::format("term {}, vote {}{}", state.term, state.vote, state.trimmed ? ", trimmed" : "");
}

std::string describe(const HashedEntry& hashed) {
    const EntryRef& entry = hashed.entry;
    return fmt::format("{}@{} kind {} {} bytes {}", entry.index, entry.term,
        static_cast<unsigned>(entry.kind), entry.bytes, hex_of(hashed.hash));
}

}  // namespace

std::string describe(const Error& error) {
    const std::string message = error.code.message();
    return is_of_file_system(error.code) ? message : message + ": " + error.place;
}

std::string describe(const Result<void>& result) {
    return result ? "ok" : describe(result.error());
}

std::string describe(const Result<Opened>& opened) {
    if (!opened) {
        return describe(opened.error());
    }
    const Recovered& found = opened->recovered;
    std::string text = fmt::format("incarnation {}; {}; previous {}@{}; first {}; last {}; commit {} {}",
        found.incarnation.value, describe(found.hard_state), found.previous.index,
        found.previous.term, found.first, found.last, found.commit, hex_of(found.commit_hash));
    text += "; terms" + describe(found.terms);
    text += fmt::format("; clocks {} {}; torn {} bytes, {} entries",
        found.last_cluster_time.nanoseconds, found.last_wall_time.nanoseconds, found.torn_bytes,
        found.torn_entries);
    if (found.configuration) {
        text += fmt::format("; configuration {}@{}", found.configuration->index,
            found.configuration->term);
    }
    for (const HashedEntry& entry : found.tail) {
        text += "\n  tail " + describe(entry);
    }
    return text;
}

std::string words_of(const Result<Examination>& examined) {
    if (!examined) {
        return describe(examined.error());
    }
    std::string words;
    for (const Finding& finding : examined->findings) {
        words += fmt::format("{}{} {}{}", words.empty() ? "" : " + ", to_text(finding.condition),
            to_text(finding.place), finding.covered ? " (covered)" : "");
    }
    return words.empty() ? "CLEAN" : words;
}

std::string describe(const Result<Examination>& examined) {
    if (!examined) {
        return describe(examined.error());
    }
    std::string text = fmt::format("examined {} bytes: first {}; last {}; hash {}; commit {}",
        examined->bytes, examined->first, examined->last,
        examined->last_hash ? hex_of(*examined->last_hash) : "unknown", examined->commit);
    if (examined->hard_state) {
        const HardStateSlot& slot = *examined->hard_state;
        text += fmt::format("; {}; generation {}; epoch {}; segments to {} from {}, newest {}",
            describe(slot.hard_state), slot.generation, slot.epoch, slot.segment_max.value,
            slot.oldest.value, slot.newest.value);
    }
    text += fmt::format("; tail {} {} bytes at {}", to_text(examined->tail.condition),
        examined->tail.bytes, examined->tail.offset);
    for (const Finding& finding : examined->findings) {
        text += "\n  " + to_text(finding);
    }
    for (const ExaminedSegment& segment : examined->segments) {
        text += fmt::format("\n  {}: {} groups, {} records, {} to {}, terms{}", segment.file,
            segment.groups, segment.records, segment.first, segment.last,
            describe(segment.terms));
    }
    for (const ExaminedCut& cut : examined->cuts) {
        text += fmt::format("\n  {}: cut {}, {} bytes, {}", cut.file, cut.index, cut.bytes,
            cut.manifest ? fmt::format("{} chunks", cut.manifest->chunks.size()) : "no manifest");
    }
    for (const std::string& name : examined->leftovers) {
        text += "\n  left over: " + name;
    }
    return text;
}

std::string describe(const Image& image) {
    std::string text;
    for (const auto& [name, bytes] : image) {
        text += fmt::format("\n  {} {} bytes {:08x}", name, bytes.size(), crc32c(bytes));
    }
    return text;
}

}  // namespace ledger::log::conformance
