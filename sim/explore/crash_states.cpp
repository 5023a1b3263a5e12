#include "sim/explore/crash_states.h"

#include <algorithm>
#include <bit>

#include "log/base/assert.h"

namespace ledger::sim {

using Kind = RecordedOperation::Kind;

namespace {

constexpr std::uint64_t one = 1;
// Torn truncations leave so many sectors at most.
constexpr std::uint64_t kept_max = 8;

std::uint64_t all_of(std::uint32_t sectors) {
    return (one << sectors) - 1;
}

std::uint64_t sectors_of(std::uint64_t bytes) {
    return (bytes + image_sector_bytes - 1) / image_sector_bytes;
}

// Which sectors of a torn write reach the disk: never all of them; without a pattern twice.
std::vector<std::uint64_t> torn_patterns(std::uint32_t sectors) {
    const std::uint64_t all = all_of(sectors);
    std::vector<std::uint64_t> patterns{0};
    for (std::uint32_t i = 1; i < sectors; ++i) {
        patterns.push_back(all_of(i));
        patterns.push_back(all & ~all_of(i));
    }
    for (std::uint32_t i = 0; i < sectors; ++i) {
        patterns.push_back(all & ~(one << i));
        patterns.push_back(one << i);
    }
    std::sort(patterns.begin(), patterns.end());
    patterns.erase(std::unique(patterns.begin(), patterns.end()), patterns.end());
    std::erase(patterns, all);
    return patterns;
}

// A sector is missing before the last one that reached the disk.
bool has_hole(std::uint64_t reached) {
    return (reached & (reached + 1)) != 0;
}

const std::vector<Fate>& fates_of_entries() {
    static const std::vector<Fate> whole{{.reached = all_of(1)}};
    return whole;
}

const std::vector<Fate>& fates_of_renames() {
    static const std::vector<Fate> fates{{.reached = all_of(1)}, {.is_torn = true}};
    return fates;
}

// Of a truncation that takes so many sectors away whole.
std::vector<Fate> truncation_fates(std::uint64_t sectors) {
    std::vector<Fate> fates{{.reached = all_of(1)}};
    for (std::uint32_t kept = 1; kept < sectors && kept <= kept_max; ++kept) {
        fates.push_back({.is_torn = true, .kept = kept});
    }
    return fates;
}

}  // namespace

std::vector<Fate> write_fates(std::uint32_t sectors, bool grows) {
    LEDGER_ASSERT(sectors > 0 && sectors <= torn_sectors_max);
    std::vector<Fate> fates{{.reached = all_of(sectors)}};
    for (const std::uint64_t reached : torn_patterns(sectors)) {
        for (const Fate::Rest rest : {Fate::Rest::old, Fate::Rest::zeros, Fate::Rest::garbage}) {
            const bool changes = reached != 0 || rest != Fate::Rest::old;
            if (changes || grows) {
                fates.push_back({.reached = reached, .rest = rest, .is_torn = true});
            }
            // With nothing behind the last sector only holes can be filled.
            if (grows && reached != 0 && (rest == Fate::Rest::old || has_hole(reached))) {
                fates.push_back(
                    {.reached = reached, .rest = rest, .whole_size = false, .is_torn = true});
            }
        }
    }
    return fates;
}

CrashStates::CrashStates(SectorImage& image, const std::vector<const Block*>& garbage)
    : image_(image), garbage_(garbage), writes_(2 * (std::size_t{torn_sectors_max} + 1)) {
    for (std::uint64_t sectors = 0; sectors <= kept_max + 1; ++sectors) {
        truncations_.push_back(truncation_fates(sectors));
    }
}

void CrashStates::visit_all(
    const OperationLog& log, const CrashRange& range, CrashVisitor& visitor) {
    log_ = &log;
    range_ = &range;
    visitor_ = &visitor;
    unsynced_.clear();
    ended_ = false;
    const std::uint64_t begin = image_.mark();
    const std::uint64_t last = std::min<std::uint64_t>(range.point_last, log.operations.size());
    for (std::uint64_t point = 0; point <= last && !ended_; ++point) {
        if (point > 0) {
            const auto number = static_cast<std::uint32_t>(point - 1);
            issue(log.operations[number], number);
        }
        if (point >= range.point_first) {
            visit_point(point);
        }
    }
    image_.rollback(begin);
}

void CrashStates::issue(const RecordedOperation& operation, std::uint32_t number) {
    if (operation.kind == Kind::sync || operation.kind == Kind::sync_directory) {
        arrive(operation);
    } else {
        unsynced_.push_back(number);
    }
}

// What the sync covers is there, whole; the rest stays in doubt.
void CrashStates::arrive(const RecordedOperation& sync) {
    const auto covered = [&](std::uint32_t number) {
        const RecordedOperation& operation = log_->operations[number];
        return sync.kind == Kind::sync_directory
                   ? operation.changes_names()
                   : !operation.changes_names() && operation.file == sync.file;
    };
    for (const std::uint32_t number : unsynced_) {
        if (covered(number)) {
            const RecordedOperation& operation = log_->operations[number];
            apply(operation, fates_of(operation).front(), number);
        }
    }
    std::erase_if(unsynced_, covered);
}

void CrashStates::visit_point(std::uint64_t point) {
    const std::uint64_t mark = image_.mark();
    const auto all = static_cast<std::uint32_t>(unsynced_.size());
    const std::uint32_t sure = all > unsynced_max ? all - unsynced_max : 0;
    for (std::uint32_t i = 0; i < sure; ++i) {
        const RecordedOperation& operation = log_->operations[unsynced_[i]];
        apply(operation, fates_of(operation).front(), unsynced_[i]);
    }
    place_ = {.point = point, .unsynced = all - sure, .subset = 0, .torn = 0};
    choose(sure, torn_at_once(sure));
    image_.rollback(mark);
}

// So many that the states stay within bounds, those without torn operations aside.
std::uint32_t CrashStates::torn_at_once(std::uint32_t first) {
    std::vector<std::uint64_t> states(std::size_t{range_->torn_max} + 1);  // by torn operations
    states[0] = 1;
    for (std::size_t i = first; i < unsynced_.size(); ++i) {
        const std::uint64_t torn = fates_of(log_->operations[unsynced_[i]]).size() - 1;
        for (std::size_t count = states.size(); count-- > 0;) {
            states[count] = 2 * states[count] + (count > 0 ? states[count - 1] * torn : 0);
        }
    }
    std::uint64_t sum = states[0];
    std::uint32_t at_once = 0;
    while (at_once < range_->torn_max && sum + states[at_once + 1] <= states_max) {
        ++at_once;
        sum += states[at_once];
    }
    return at_once;
}

void CrashStates::choose(std::uint32_t at, std::uint32_t torn_left) {
    if (ended_) {
        return;
    }
    if (at == unsynced_.size()) {
        ended_ = !visitor_->visit(place_);
        return;
    }
    const auto all = static_cast<std::uint32_t>(unsynced_.size());
    const std::uint64_t bit = one << (at - (all - static_cast<std::uint32_t>(place_.unsynced)));
    const bool any = range_->subset == UINT64_MAX;
    const bool wanted = any || (range_->subset & bit) != 0;
    if (any || !wanted) {
        choose(at + 1, torn_left);
    }
    if (!wanted) {
        return;
    }
    const RecordedOperation& operation = log_->operations[unsynced_[at]];
    place_.subset |= bit;
    for (const Fate& fate : fates_of(operation)) {
        if (fate.is_torn && torn_left == 0) {
            break;  // the torn ones come last
        }
        const std::uint64_t mark = image_.mark();
        place_.torn |= fate.is_torn ? bit : 0;
        apply(operation, fate, unsynced_[at]);
        choose(at + 1, torn_left - (fate.is_torn ? 1u : 0u));
        image_.rollback(mark);
        place_.torn &= ~bit;
    }
    place_.subset &= ~bit;
}

void CrashStates::apply(
    const RecordedOperation& operation, const Fate& fate, std::uint32_t number) {
    switch (operation.kind) {
        case Kind::write: apply_write(operation, fate, number); break;
        case Kind::resize: apply_resize(operation, fate); break;
        case Kind::create: image_.link(operation.name, operation.file); break;
        case Kind::remove: image_.link(operation.name, no_file); break;
        case Kind::rename:
            image_.link(operation.name, operation.file);
            if (!fate.is_torn) {
                image_.link(operation.from, no_file);
            }
            break;
        case Kind::sync:
        case Kind::sync_directory: LEDGER_ASSERT(false); break;
    }
}

void CrashStates::apply_write(
    const RecordedOperation& operation, const Fate& fate, std::uint32_t number) {
    const std::uint64_t before = image_.size(operation.file);
    std::uint64_t size = std::max(before, operation.size_after);
    if (!fate.whole_size) {
        const auto sectors = static_cast<std::uint64_t>(std::bit_width(fate.reached));
        const std::uint64_t end = (operation.first_sector + sectors) * image_sector_bytes;
        size = std::max(before, std::min(operation.size_after, end));
    }
    image_.set_size(operation.file, size);
    for (std::uint32_t i = 0; i < operation.blocks; ++i) {
        const std::uint64_t sector = operation.first_sector + i;
        const std::uint64_t pattern_bit = std::min(i, torn_sectors_max - 1);
        if (sector * image_sector_bytes >= size) {
            break;
        }
        if ((fate.reached >> pattern_bit & 1) != 0) {
            image_.set_sector(operation.file, sector, log_->block(operation, i));
        } else if (fate.rest == Fate::Rest::zeros) {
            image_.set_sector(operation.file, sector, zero_block());
        } else if (fate.rest == Fate::Rest::garbage && (sector + 1) * image_sector_bytes <= size) {
            const std::uint64_t which = (number * 5 + i) % garbage_.size();
            image_.set_sector(operation.file, sector, *garbage_[static_cast<std::size_t>(which)]);
        }
    }
}

void CrashStates::apply_resize(const RecordedOperation& operation, const Fate& fate) {
    const std::uint64_t before = image_.size(operation.file);
    if (fate.is_torn) {
        const std::uint64_t sector = operation.first_sector + fate.kept;
        image_.set_size(operation.file, std::min(before, sector * image_sector_bytes));
        return;
    }
    image_.set_size(operation.file, operation.size_after);
    if (operation.blocks > 0) {
        image_.set_sector(operation.file, operation.first_sector, log_->block(operation, 0));
    }
}

const std::vector<Fate>& CrashStates::fates_of(const RecordedOperation& operation) {
    switch (operation.kind) {
        case Kind::create:
        case Kind::remove: return fates_of_entries();
        case Kind::rename: return fates_of_renames();
        case Kind::resize: {
            const std::uint64_t before = sectors_of(operation.size_before);
            const std::uint64_t after = sectors_of(operation.size_after);
            return truncations_[std::min(before - std::min(before, after), kept_max + 1)];
        }
        case Kind::sync:
        case Kind::sync_directory: break;
        case Kind::write: {
            const std::uint32_t sectors = std::min(operation.blocks, torn_sectors_max);
            const bool grows = operation.size_after > operation.size_before;
            const std::size_t shape = 2 * std::size_t{sectors} + (grows ? 1 : 0);
            if (writes_[shape].empty()) {
                writes_[shape] = write_fates(sectors, grows);
            }
            return writes_[shape];
        }
    }
    LEDGER_ASSERT(false);
    return fates_of_entries();
}

}  // namespace ledger::sim
