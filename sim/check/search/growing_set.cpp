#include "sim/check/search/growing_set.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sim/check/recorded/operation_text.h"
#include "sim/check/search/set_model.h"

namespace ledger::check {
namespace {

constexpr std::uint64_t no_rank = UINT64_MAX;

struct SetRead {
    std::uint64_t id = 0;
    std::vector<std::uint32_t> elements;  // rising, each once
    std::uint64_t version = 0;            // distinct sets that are smaller, + 1
};

struct Adds {
    std::uint64_t effective = 0;                  // that may have taken effect
    std::uint64_t by = RecordedOperation::never;  // id of the last of these
    std::uint64_t failed_by = RecordedOperation::never;
    std::uint64_t version = 0;  // first one that shows it; 0 = none
};

class GrowingSet {
  public:
    explicit GrowingSet(const RecordedHistory& history) : history_(history) {}

    std::optional<std::vector<Anomaly>> anomalies() {
        if (!collect()) {
            return std::nullopt;
        }
        check_elements();
        if (out_.empty() && order_reads()) {
            sweep();
        }
        return std::move(out_);
    }

  private:
    bool collect();
    void check_elements();
    bool order_reads();
    void sweep();
    const RecordedOperation& operation(std::uint64_t id) const { return history_.operations[id]; }
    void report(std::string name, std::string sentence, std::vector<std::uint64_t> operations) {
        out_.push_back({std::move(name), std::move(sentence), {}, std::move(operations)});
    }
    void report_order(std::uint64_t late, std::uint64_t shown);
    std::string missing_example(std::uint64_t read, std::uint64_t shown) const;

    const RecordedHistory& history_;
    SetModel model_;
    std::vector<SetRead> reads_;
    std::vector<Adds> adds_;            // by element
    std::vector<std::uint32_t> added_;  // element of each operation; UINT32_MAX = none
    std::vector<std::uint64_t> ranks_;  // by operation
    std::vector<Anomaly> out_;
};

// False if something else than adds and reads has to be judged.
bool GrowingSet::collect() {
    added_.assign(history_.operations.size(), UINT32_MAX);
    for (const RecordedOperation& one : history_.operations) {
        const bool failed_add = one.f == "add" && one.outcome == Outcome::failed;
        RecordedOperation asked = one;
        asked.outcome = failed_add ? Outcome::ok : one.outcome;
        const auto reading = model_.read(asked);
        if (!reading.wrong.empty()) {
            return false;
        }
        adds_.resize(model_.values().size());
        if (reading.does.empty()) {
            continue;
        }
        const SetModel::Operation& does = reading.does[0];
        if (does.kind == SetModel::Operation::Kind::read) {
            reads_.push_back({one.id, does.elements});
        } else if (does.kind == SetModel::Operation::Kind::add) {
            Adds& adds = adds_[does.element];
            if (failed_add) {
                adds.failed_by = one.id;
                continue;
            }
            if (++adds.effective > 1) {
                return false;
            }
            adds.by = one.id;
            added_[one.id] = does.element;
        } else {
            return false;
        }
    }
    return true;
}

void GrowingSet::check_elements() {
    for (SetRead& read : reads_) {
        auto& elements = read.elements;
        const auto twin = std::adjacent_find(elements.begin(), elements.end());
        if (twin != elements.end()) {
            report("duplicate-element",
                fmt::format("{} holds {} twice", operation_with_place(operation(read.id)),
                    model_.values().text(*twin)),
                {read.id});
            elements.erase(std::unique(elements.begin(), elements.end()), elements.end());
        }
        for (const std::uint32_t element : elements) {
            const Adds& adds = adds_[element];
            if (adds.effective > 0) {
                continue;
            }
            const bool failed = adds.failed_by != RecordedOperation::never;
            const std::string seen = fmt::format("{} holds {}",
                operation_with_place(operation(read.id)), model_.values().text(element));
            if (failed) {
                report("aborted-add-visible",
                    fmt::format(
                        "{}, but {}", seen, operation_with_place(operation(adds.failed_by))),
                    {read.id, adds.failed_by});
            } else {
                report("garbage-element", seen + ", which nobody added", {read.id});
            }
            break;  // one of each read is enough
        }
    }
}

// By inclusion; false if two reads show different halves.
bool GrowingSet::order_reads() {
    std::sort(reads_.begin(), reads_.end(), [](const SetRead& a, const SetRead& b) {
        if (a.elements.size() != b.elements.size()) {
            return a.elements.size() < b.elements.size();
        }
        return a.elements != b.elements ? a.elements < b.elements : a.id < b.id;
    });
    std::uint64_t version = 0;
    for (std::uint64_t i = 0; i < reads_.size(); ++i) {
        SetRead& read = reads_[i];
        if (i > 0 && reads_[i - 1].elements != read.elements) {
            std::vector<std::uint32_t> lost;
            std::set_difference(reads_[i - 1].elements.begin(), reads_[i - 1].elements.end(),
                read.elements.begin(), read.elements.end(), std::back_inserter(lost));
            if (!lost.empty()) {
                std::vector<std::uint32_t> other;
                std::set_difference(read.elements.begin(), read.elements.end(),
                    reads_[i - 1].elements.begin(), reads_[i - 1].elements.end(),
                    std::back_inserter(other));
                report("incompatible-reads",
                    fmt::format("{} shows {} but not {}, {} shows {} but not {}",
                        operation_with_place(operation(reads_[i - 1].id)),
                        model_.values().text(lost[0]), model_.values().text(other[0]),
                        operation_with_place(operation(read.id)), model_.values().text(other[0]),
                        model_.values().text(lost[0])),
                    {reads_[i - 1].id, read.id});
                return false;
            }
        }
        version += i == 0 || reads_[i - 1].elements != read.elements ? 1u : 0u;
        read.version = version;
        for (const std::uint32_t element : read.elements) {
            Adds& adds = adds_[element];
            adds.version = adds.version == 0 ? version : adds.version;
        }
    }
    ranks_.assign(history_.operations.size(), no_rank);
    for (const SetRead& read : reads_) {
        ranks_[read.id] = 2 * read.version + 1;
    }
    for (const RecordedOperation& one : history_.operations) {
        if (added_[one.id] == UINT32_MAX) {
            continue;
        }
        const std::uint64_t shown = adds_[added_[one.id]].version;
        if (shown != 0) {
            ranks_[one.id] = 2 * shown;
        } else if (one.outcome == Outcome::ok) {
            ranks_[one.id] = 2 * (version + 1);
        }
    }
    return true;
}

// The rule of the log kernel: nothing is called after something of a higher rank has ended.
void GrowingSet::sweep() {
    std::vector<std::array<std::uint64_t, 3>> moments;  // place, 0 = call or 1 = return, id
    for (const RecordedOperation& one : history_.operations) {
        if (ranks_[one.id] != no_rank) {
            moments.push_back({one.called, 0, one.id});
            if (one.returned != RecordedOperation::never) {
                moments.push_back({one.returned, 1, one.id});
            }
        }
    }
    std::sort(moments.begin(), moments.end());
    std::uint64_t highest = 0;
    std::uint64_t by = 0;
    for (const auto& [place, ends, id] : moments) {
        if (ends == 0 && ranks_[id] < highest) {
            report_order(id, by);
        } else if (ends == 1 && ranks_[id] > highest) {
            highest = ranks_[id];
            by = id;
        }
    }
}

// An element that `shown` has and `read` has not.
std::string GrowingSet::missing_example(std::uint64_t read, std::uint64_t shown) const {
    const auto elements_of = [this](std::uint64_t id) {
        const auto at = std::find_if(
            reads_.begin(), reads_.end(), [id](const SetRead& one) { return one.id == id; });
        return at == reads_.end() ? std::vector<std::uint32_t>() : at->elements;
    };
    const auto less = elements_of(read);
    const auto more = elements_of(shown);
    std::vector<std::uint32_t> missing;
    std::set_difference(
        more.begin(), more.end(), less.begin(), less.end(), std::back_inserter(missing));
    return missing.empty() ? std::string("something") : model_.values().text(missing[0]);
}

void GrowingSet::report_order(std::uint64_t late, std::uint64_t shown) {
    const std::string late_text = operation_with_place(operation(late));
    const std::string shown_text = operation_with_place(operation(shown));
    const bool late_is_read = added_[late] == UINT32_MAX;
    const bool shown_is_read = added_[shown] == UINT32_MAX;
    if (late_is_read && shown_is_read) {
        report("nonmonotonic-read",
            fmt::format("{} lacks {}, which {} had shown before it was called", late_text,
                missing_example(late, shown), shown_text),
            {late, shown});
    } else if (late_is_read) {
        const bool never_seen = adds_[added_[shown]].version == 0;
        report(never_seen ? "lost-element" : "stale-read",
            fmt::format("{} lacks {}, although {} had ended before it was called", late_text,
                model_.values().text(added_[shown]), shown_text),
            {late, shown});
    } else {
        report("future-read",
            fmt::format("{} had shown {} before {} was called",
                shown_is_read ? shown_text : "a read in front of " + shown_text,
                model_.values().text(added_[late]), late_text),
            {late, shown});
    }
}

}  // namespace

std::optional<std::vector<Anomaly>> growing_set_anomalies(const RecordedHistory& history) {
    return GrowingSet(history).anomalies();
}

}  // namespace ledger::check
