#include "log/finding.h"

#include "log/base/format.h"

namespace ledger::log {

const char* to_text(Condition condition) {
    switch (condition) {
        case Condition::clean: return "CLEAN";
        case Condition::faulty: return "FAULTY";
        case Condition::unsealed: return "UNSEALED";
        case Condition::torn: return "TORN";
    }
    return "unknown";
}

const char* to_text(FoundAt place) {
    switch (place) {
        case FoundAt::file: return "file";
        case FoundAt::hard_state_copy: return "hard state copy";
        case FoundAt::hard_state: return "hard state";
        case FoundAt::segment_header_copy: return "segment header copy";
        case FoundAt::segment_header: return "segment header";
        case FoundAt::record_header: return "record header";
        case FoundAt::record_envelope: return "record envelope";
        case FoundAt::record_erasable: return "record erasable part";
        case FoundAt::record: return "record";
        case FoundAt::identity_block: return "identity block";
        case FoundAt::footer_copy: return "footer copy";
        case FoundAt::footer: return "footer";
        case FoundAt::tail: return "tail";
        case FoundAt::padding: return "padding";
        case FoundAt::cut_manifest_copy: return "cut manifest copy";
        case FoundAt::cut_manifest: return "cut manifest";
        case FoundAt::cut_chunk: return "cut chunk";
        case FoundAt::sector: return "sector";
        case FoundAt::promise: return "promise";
    }
    return "unknown";
}

std::string to_text(const Finding& finding) {
    std::string text = fmt::format("{} {} byte {} (sector {}), {} bytes",
        to_text(finding.condition), finding.file, finding.offset, finding.sector(), finding.bytes);
    if (finding.index) {
        text += fmt::format(", index {}", *finding.index);
    }
    return text + fmt::format(", {}: {}{}", to_text(finding.place), finding.why,
                      finding.covered ? " (nothing is lost)" : "");
}

}  // namespace ledger::log
