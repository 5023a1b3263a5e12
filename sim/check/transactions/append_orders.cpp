#include "sim/check/transactions/append_orders.h"

#include <algorithm>

#include <fmt/format.h>

namespace ledger::check {
namespace {

constexpr std::uint32_t none = RecordedAppend::none;

bool begins_like(const ValueList& list, const ValueList& longer) {
    return list.size() <= longer.size() && std::equal(list.begin(), list.end(), longer.begin());
}

}  // namespace

AppendOrders::AppendOrders(const Transactions& transactions, Anomalies& anomalies, Effort& effort)
    : transactions_(transactions), anomalies_(anomalies), effort_(effort) {
    orders_.resize(transactions.keys.size());
    for (const Transaction& transaction : transactions.all) {
        committed_.push_back(transaction.outcome == Outcome::ok);
    }
    index_appends();
    find_longest();
    for (std::uint32_t key = 0; key < keys(); ++key) {
        resolve(key);
    }
    compare_reads();
    for (std::uint32_t key = 0; key < keys(); ++key) {
        link(key);
    }
    for (std::uint32_t number = 0; number < appends_.size(); ++number) {
        const RecordedAppend& append = appends_[number];
        if (append.position == none && append.is_last && committed_[append.transaction]) {
            orders_[append.key].unseen.push_back(number);
        }
    }
    effort.hold(appends_.size() * (sizeof(RecordedAppend) + 64) + append_of_micro_.size() * 4);
}

void AppendOrders::index_appends() {
    append_of_micro_.assign(transactions_.micros.size(), none);
    LookupTable<std::uint64_t, std::uint32_t> last;  // transaction and key -> number + 1
    for (std::uint32_t t = 0; t < transactions_.all.size(); ++t) {
        const Transaction& transaction = transactions_.all[t];
        const bool failed = transaction.outcome == Outcome::failed;
        for (std::uint32_t m = 0; m < transaction.micros && effort_.step(); ++m) {
            const std::uint32_t micro = transaction.first_micro + m;
            const MicroOperation& operation = transactions_.micros[micro];
            if (operation.is_read) {
                continue;
            }
            const auto number = static_cast<std::uint32_t>(appends_.size());
            append_of_micro_[micro] = number;
            std::uint32_t& before = last[std::uint64_t{t} << 32 | operation.key];
            appends_.push_back({t, operation.key, operation.value, none, true, before - 1});
            if (before != 0) {
                appends_[before - 1].is_last = false;
            }
            before = number + 1;
            std::uint32_t& slot = append_of_element_[std::uint64_t{operation.key} << 32 |
                                                     values_.number(*operation.value)];
            const bool other_failed =
                slot == 0 ||
                transactions_.all[appends_[slot - 1].transaction].outcome == Outcome::failed;
            if (other_failed && (slot == 0 || !failed)) {
                slot = number + 1;
            } else if (!failed) {
                orders_[operation.key].ambiguous = true;
            }
        }
    }
}

void AppendOrders::find_longest() {
    for (std::uint32_t t = 0; t < transactions_.all.size(); ++t) {
        if (transactions_.all[t].outcome != Outcome::ok) {
            continue;
        }
        for (const MicroOperation& micro : transactions_.of(transactions_.all[t])) {
            const ValueList* list = micro.is_read ? micro.value->list() : nullptr;
            AppendOrder& order = orders_[micro.key];
            if (list != nullptr &&
                (order.longest == nullptr || order.longest->size() < list->size())) {
                order.longest = list;
                order.reader = t;
            }
        }
    }
}

std::uint32_t AppendOrders::find(std::uint32_t key, const Value& element) {
    const auto* slot = append_of_element_.find(std::uint64_t{key} << 32 | values_.number(element));
    return slot == nullptr ? none : *slot - 1;
}

void AppendOrders::add_garbage(std::uint32_t transaction, std::uint32_t key, const Value& element) {
    anomalies_.add({{{"garbage-read", {Level::read_uncommitted}}},
        fmt::format("{} read {} in {}, which nobody appended to it: a garbage read",
            transactions_.name(transaction), to_text(element, 60), transactions_.key_text(key)),
        {}, {transactions_.all[transaction].id}});
}

void AppendOrders::resolve(std::uint32_t key) {
    AppendOrder& order = orders_[key];
    if (order.longest == nullptr || order.ambiguous) {
        return;
    }
    LookupTable<std::uint64_t, std::uint32_t> garbage;  // value -> position + 1
    for (std::uint32_t i = 0; i < order.longest->size() && effort_.step(); ++i) {
        const Value& element = (*order.longest)[i];
        const std::uint32_t number = find(key, element);
        order.appends.push_back(number);
        std::uint32_t before = none;
        if (number != none) {
            before = appends_[number].position;
            appends_[number].position = before == none ? i : before;
        } else {
            std::uint32_t& slot = garbage[values_.number(element)];
            before = slot - 1;
            slot = i + 1;
            add_garbage(order.reader, key, element);
        }
        if (before != none) {
            order.contradictory = true;
            anomalies_.add({{{"duplicate-elements", {Level::read_uncommitted}}},
                fmt::format("{} read {} with {} at places {} and {}",
                    transactions_.name(order.reader), transactions_.key_text(key),
                    to_text(element, 60), before, i),
                {}, {transactions_.all[order.reader].id}});
        }
    }
    check_program_order(key);
    for (std::uint32_t i = 0; i < order.appends.size(); ++i) {
        const std::uint32_t number = order.appends[i];
        if (number == none) {
            continue;
        }
        const std::uint32_t writer = appends_[number].transaction;
        if (transactions_.all[writer].outcome != Outcome::failed) {
            committed_[writer] = true;
        } else if (order.aborted == none) {
            order.aborted = i;
        }
    }
}

// A transaction that appends 1 and then 2 leaves no list in which 2 stands without 1 before it.
void AppendOrders::check_program_order(std::uint32_t key) {
    AppendOrder& order = orders_[key];
    for (const std::uint32_t number : order.appends) {
        if (number == none || appends_[number].before == none) {
            continue;
        }
        const RecordedAppend& later = appends_[number];
        const RecordedAppend& earlier = appends_[later.before];
        if (earlier.position < later.position) {
            continue;  // `none` is greater than all positions
        }
        order.contradictory = true;
        anomalies_.add({{{"incompatible-orders", {Level::read_uncommitted}}},
            fmt::format("{} appended {} and then {} to {}, but {} read the second "
                        "without the first before it",
                transactions_.name(later.transaction), to_text(*earlier.value, 60),
                to_text(*later.value, 60), transactions_.key_text(key),
                transactions_.name(order.reader)),
            {}, {transactions_.all[later.transaction].id, transactions_.all[order.reader].id}});
    }
}

void AppendOrders::compare_reads() {
    for (std::uint32_t t = 0; t < transactions_.all.size(); ++t) {
        if (transactions_.all[t].outcome != Outcome::ok) {
            continue;
        }
        for (const MicroOperation& micro : transactions_.of(transactions_.all[t])) {
            const ValueList* list = micro.is_read ? micro.value->list() : nullptr;
            if (list != nullptr && !orders_[micro.key].ambiguous && effort_.step()) {
                compare(t, micro.key, *list);
            }
        }
    }
}

void AppendOrders::compare(std::uint32_t transaction, std::uint32_t key, const ValueList& list) {
    AppendOrder& order = orders_[key];
    if (begins_like(list, *order.longest)) {
        return;
    }
    order.contradictory = true;
    const auto differ = std::mismatch(list.begin(), list.end(), order.longest->begin());
    anomalies_.add({{{"incompatible-orders", {Level::read_committed}}},
        fmt::format(
            "{} read {} with {} at place {}, and {} with {}; neither list begins like the other",
            transactions_.name(transaction), transactions_.key_text(key),
            to_text(*differ.first, 60), differ.first - list.begin(),
            transactions_.name(order.reader), to_text(*differ.second, 60)),
        {}, {transactions_.all[transaction].id, transactions_.all[order.reader].id}});
    for (const Value& element : list) {
        const std::uint32_t number = find(key, element);
        if (number == none) {
            add_garbage(transaction, key, element);
        } else if (transactions_.all[appends_[number].transaction].outcome != Outcome::failed) {
            committed_[appends_[number].transaction] = true;
        }
    }
}

void AppendOrders::link(std::uint32_t key) {
    AppendOrder& order = orders_[key];
    const std::uint64_t size = order.appends.size();
    order.next.assign(size + 1, none);
    order.previous.assign(size + 1, none);
    const auto committed_at = [&](std::uint64_t i) {
        const std::uint32_t number = order.appends[i];
        return number != none && committed_[appends_[number].transaction] ? number : none;
    };
    for (std::uint64_t i = 0; i < size; ++i) {
        const std::uint32_t here = committed_at(i);
        order.previous[i + 1] = here != none ? here : order.previous[i];
    }
    for (std::uint64_t i = size; i > 0; --i) {
        const std::uint32_t here = committed_at(i - 1);
        order.next[i - 1] = here != none ? here : order.next[i];
    }
}

}  // namespace ledger::check
