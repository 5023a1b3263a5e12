#include "log/mending.h"

#include <algorithm>

#include "log/base/assert.h"
#include "log/cut_store.h"

namespace ledger::log {
namespace {

class Mender {
  public:
    Mender(FileSystem& files, const std::string& directory, const Examination& seen)
        : files_(files), directory_(directory), seen_(seen) {}

    // False: it is not what it seemed to be.
    Result<bool> mend(const Finding& finding) {
        switch (finding.place) {
            case FoundAt::hard_state_copy: return mend_slot(finding);
            case FoundAt::segment_header_copy: return mend_header(finding);
            case FoundAt::footer_copy: return mend_footer(finding);
            case FoundAt::cut_manifest_copy:
                return mend_manifest(files_, directory_, *finding.index);
            default: return false;
        }
    }

  private:
    // The other copy of the same slot: of the same write, or of a newer one that a crash cut short.
    Result<bool> mend_slot(const Finding& finding) {
        const std::uint64_t place = finding.offset / hard_state_spacing;
        LEDGER_ASSERT(place < seen_.slots.size());
        const auto& own = seen_.slots[static_cast<std::size_t>(place)];
        const auto& other =
            seen_.slots[static_cast<std::size_t>((place + hard_state_slots) % seen_.slots.size())];
        if (!other || (own && own->generation >= other->generation)) {
            return false;
        }
        ByteVector bytes(hard_state_slot_bytes);
        encode_hard_state_slot(bytes, *other, finding.offset);
        return write(finding, bytes);
    }

    Result<bool> mend_header(const Finding& finding) {
        const auto segment = std::find_if(seen_.segments.begin(), seen_.segments.end(),
            [&](const ExaminedSegment& one) { return one.id == finding.segment; });
        if (segment == seen_.segments.end() || !segment->header) {
            return false;
        }
        ByteVector both(segment_header_bytes);
        encode_segment_header(both, *segment->header);
        return write(finding, part_of(both, finding.offset));
    }

    Result<bool> mend_footer(const Finding& finding) {
        LEDGER_TRY(const auto file, files_.open(path_in(directory_, finding.file)));
        LEDGER_TRY(const std::uint64_t size, file->size());
        ByteVector bytes(static_cast<std::size_t>(size));
        for (std::uint64_t at = 0; at < size; at += sector_bytes) {
            const auto count =
                static_cast<std::size_t>(std::min<std::uint64_t>(sector_bytes, size - at));
            // What cannot be read stays zero: then no checksum over it holds.
            static_cast<void>(
                file->read(at, std::span(bytes).subspan(static_cast<std::size_t>(at), count)));
        }
        const std::optional<FooterCopies> copies = find_footers(bytes, finding.segment);
        if (!copies) {
            return false;
        }
        // A later build may have said more in it than we would.
        const ByteVector both = encode_footers(copies->footer);
        const std::size_t damaged = finding.offset == copies->offsets[0] ? 0 : 1;
        const std::uint64_t standing = copies->offsets[1 - damaged];
        const bool same =
            both.size() == 2 * copies->bytes && finding.offset == copies->offsets[damaged] &&
            !copies->intact[damaged] && copies->intact[1 - damaged] &&
            std::equal(bytes.begin() + static_cast<std::ptrdiff_t>(standing),
                bytes.begin() + static_cast<std::ptrdiff_t>(standing + copies->bytes),
                both.begin() + static_cast<std::ptrdiff_t>((1 - damaged) * copies->bytes));
        if (!same) {
            return false;
        }
        return write(finding, ByteSpan(both).subspan(
            static_cast<std::size_t>(damaged * copies->bytes),
            static_cast<std::size_t>(copies->bytes)));
    }

    static ByteSpan part_of(const ByteVector& both, std::uint64_t offset) {
        return ByteSpan(both).subspan(static_cast<std::size_t>(offset), sector_bytes);
    }

    Result<bool> write(const Finding& finding, ByteSpan bytes) {
        LEDGER_ASSERT(bytes.size() == finding.bytes);
        LEDGER_TRY(const auto file, files_.open(path_in(directory_, finding.file)));
        LEDGER_CHECK(file->write(finding.offset, bytes));
        LEDGER_CHECK(file->sync());
        return true;
    }

    FileSystem& files_;
    const std::string& directory_;
    const Examination& seen_;
};

}  // namespace

bool is_mendable(const Finding& finding) {
    switch (finding.place) {
        case FoundAt::hard_state_copy:
        case FoundAt::segment_header_copy:
        case FoundAt::footer_copy: return finding.covered;
        case FoundAt::cut_manifest_copy: return finding.covered && finding.index.has_value();
        case FoundAt::file:
        case FoundAt::hard_state:
        case FoundAt::segment_header:
        case FoundAt::record_header:
        case FoundAt::record_envelope:
        case FoundAt::record_erasable:
        case FoundAt::record:
        case FoundAt::identity_block:
        case FoundAt::footer:
        case FoundAt::tail:
        case FoundAt::padding:
        case FoundAt::cut_manifest:
        case FoundAt::cut_chunk:
        case FoundAt::sector:
        case FoundAt::promise: return false;
    }
    return false;
}

Result<std::vector<Finding>> mend(
    FileSystem& files, const std::string& directory, const Examination& seen) {
    Mender mender(files, directory, seen);
    std::vector<Finding> mended;
    for (const Finding& finding : seen.findings) {
        if (!is_mendable(finding)) {
            continue;
        }
        LEDGER_TRY(const bool done, mender.mend(finding));
        if (done) {
            mended.push_back(finding);
        }
    }
    return mended;
}

}  // namespace ledger::log
