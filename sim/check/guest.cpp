#include "sim/check/guest.h"

#include <fmt/format.h>

#include "sim/check/names.h"

namespace ledger::check {

const GuestAgreement::Defined* GuestAgreement::find(Index index) const {
    const std::uint64_t place = index.value - 1;
    return place < defined_.size() && defined_[place] ? &*defined_[place] : nullptr;
}

bool GuestAgreement::wants(Index index) const {
    return find(index) == nullptr;
}

Finding GuestAgreement::applied(
    NodeId node, Index index, const Hash128& digest, const Hash128& outcome) {
    const Defined* const there = find(index);
    if (there == nullptr) {
        if (defined_.size() < index.value) {
            defined_.resize(index.value);
        }
        defined_[index.value - 1] = Defined{node, digest, outcome};
        return std::nullopt;
    }
    tally_.examined();
    if (there->outcome != outcome) {
        return tally_.violated(fmt::format(
            "the machine of {} answered entry {} otherwise than that of {} had: one of them depends "
            "on something beside the log",
            node_name(node), index.value, node_name(there->by)));
    }
    if (there->digest != digest) {
        return tally_.violated(fmt::format(
            "after entry {} the machine of {} has digest {}, that of {} had {}: they applied the same "
            "entries and differ",
            index.value, node_name(node), short_hash(digest), node_name(there->by),
            short_hash(there->digest)));
    }
    return std::nullopt;
}

Finding GuestAgreement::restored(NodeId node, Index index, const Hash128& digest) {
    const Defined* const there = find(index);
    if (there == nullptr) {
        return std::nullopt;
    }
    tally_.examined();
    if (there->digest == digest) {
        return std::nullopt;
    }
    return tally_.violated(fmt::format(
        "{} took up the cut at entry {} and its machine has digest {}, that of {} had {} there: a cut "
        "does not hold all of the state",
        node_name(node), index.value, short_hash(digest), node_name(there->by),
        short_hash(there->digest)));
}

}  // namespace ledger::check
