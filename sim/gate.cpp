#include "sim/gate.h"

#include "log/base/assert.h"

namespace ledger::sim {

bool needs_process(ItemKind kind) {
    switch (kind) {
        case ItemKind::deliver:
        case ItemKind::stored:
        case ItemKind::loaded:
        case ItemKind::cut_work:
        case ItemKind::chunk_loaded:
        case ItemKind::wake:
        case ItemKind::peer_down:
        case ItemKind::peer_up:
        case ItemKind::edge_wake:
        case ItemKind::edge_closed:
        case ItemKind::edge_drained:
        case ItemKind::client_request: return true;
        default: return false;
    }
}

bool is_of_disk(ItemKind kind) {
    return kind == ItemKind::stored || kind == ItemKind::loaded || kind == ItemKind::cut_work ||
           kind == ItemKind::chunk_loaded;
}

bool Gate::admits(Instant now, const Item& item) {
    LEDGER_ASSERT(needs_process(item.kind));
    if (is_of_disk(item.kind) && (stalled_ || !disk_waiting_.empty())) {
        disk_waiting_.push_back(item);
        return false;
    }
    if (!process_free(now) || !waiting_.empty()) {
        waiting_.push_back(item);
        return false;
    }
    return true;
}

std::optional<Item> Gate::next(Instant now) {
    if (!stalled_) {
        // They end now; the process hears of it when it can.
        waiting_.insert(waiting_.end(), disk_waiting_.begin(), disk_waiting_.end());
        disk_waiting_.clear();
    }
    if (!process_free(now) || waiting_.empty()) {
        return std::nullopt;
    }
    const Item item = waiting_.front();
    waiting_.pop_front();
    return item;
}

std::vector<Item> Gate::clear() {
    std::vector<Item> kept(waiting_.begin(), waiting_.end());
    kept.insert(kept.end(), disk_waiting_.begin(), disk_waiting_.end());
    *this = {};
    return kept;
}

}  // namespace ledger::sim
