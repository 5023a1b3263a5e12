#include "sim/check/search/queue_order.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/check/recorded/operation_text.h"
#include "sim/check/search/queue_model.h"

namespace ledger::check {
namespace {

constexpr std::uint64_t nobody = RecordedOperation::never;

// All that happened to one value.
struct Passage {
    std::uint64_t puts = 0;
    std::uint64_t put_by = nobody;  // the first one
    std::uint64_t failed_put = nobody;
    std::vector<std::uint64_t> takes;
};

class QueueOrder {
  public:
    explicit QueueOrder(const RecordedHistory& history) : history_(history) { collect(); }

    std::vector<Anomaly> anomalies(bool first_in) {
        for (const Passage& passage : passages_) {
            check(passage);
        }
        if (first_in && out_.empty() && distinct_) {
            check_order();
        }
        return std::move(out_);
    }

  private:
    void collect();
    void check(const Passage& passage);
    void check_order();
    const RecordedOperation& operation(std::uint64_t id) const { return history_.operations[id]; }
    std::string said(std::uint64_t id) const { return operation_with_place(operation(id)); }

    const RecordedHistory& history_;
    std::vector<Passage> passages_;  // by value
    bool distinct_ = true;
    bool unknown_takes_ = false;
    std::vector<Anomaly> out_;
};

void QueueOrder::collect() {
    // The values are numbered by a model of its own; what it makes of operations is what counts.
    QueueModel model(QueueModel::Order::first_in, history_);
    using enum QueueModel::Operation::Kind;
    for (const RecordedOperation& one : history_.operations) {
        RecordedOperation tried = one;
        tried.outcome = one.outcome == Outcome::failed ? Outcome::ok : one.outcome;
        const auto reading = model.read(tried);
        if (reading.does.empty() || !reading.wrong.empty()) {
            continue;
        }
        const QueueModel::Operation& does = reading.does[0];
        passages_.resize(std::max<std::uint64_t>(passages_.size(), does.value + std::uint64_t{1}));
        Passage& passage = passages_[does.value];
        if (does.kind == put && one.outcome == Outcome::failed) {
            passage.failed_put = one.id;
        } else if (does.kind == put) {
            passage.put_by = passage.puts == 0 ? one.id : passage.put_by;
            ++passage.puts;
            distinct_ = distinct_ && passage.puts == 1;
        } else if (does.kind == take && one.outcome == Outcome::ok) {
            passage.takes.push_back(one.id);
        } else if (does.kind == take_what_is_next) {
            unknown_takes_ = true;
        }
    }
}

void QueueOrder::check(const Passage& passage) {
    const auto report = [this](std::string name, std::string sentence,
                            std::vector<std::uint64_t> operations) {
        out_.push_back({std::move(name), std::move(sentence), {}, std::move(operations)});
    };
    if (passage.takes.empty()) {
        return;
    }
    const std::uint64_t first = passage.takes[0];
    if (passage.puts == 0 && passage.failed_put != nobody) {
        report("aborted-value-taken",
            fmt::format("{} got what {} did not put in", said(first), said(passage.failed_put)),
            {first, passage.failed_put});
    } else if (passage.puts == 0) {
        report("garbage-value", fmt::format("{} got a value that nobody put in", said(first)),
            {first});
    } else if (passage.takes.size() > passage.puts) {
        report("duplicate-value",
            fmt::format("{} got a value again that {} had got; it was put in {}",
                said(passage.takes[passage.puts]), said(first),
                passage.puts == 1 ? "once" : fmt::format("{} times", passage.puts)),
            {passage.takes[passage.puts], first, passage.put_by});
    } else if (passage.puts == 1 && operation(first).returned < operation(passage.put_by).called) {
        report("future-value",
            fmt::format("{} got a value before {} was called", said(first), said(passage.put_by)),
            {first, passage.put_by});
    }
}

// a went in before b did, and b came out before anybody asked for a. Values by the return of their
// put; the one among them that came out last is the worst for any b that went in later.
void QueueOrder::check_order() {
    struct Stay {
        std::uint64_t put_called = 0;
        std::uint64_t put_returned = 0;
        std::uint64_t take_called = nobody;  // nobody = it was never taken
        std::uint64_t take_returned = nobody;
        const Passage* passage = nullptr;
    };
    std::vector<Stay> by_return;
    for (const Passage& passage : passages_) {
        if (passage.puts == 0) {
            continue;
        }
        Stay stay{operation(passage.put_by).called, operation(passage.put_by).returned, nobody,
            nobody, &passage};
        if (!passage.takes.empty()) {
            stay.take_called = operation(passage.takes[0]).called;
            stay.take_returned = operation(passage.takes[0]).returned;
        } else if (unknown_takes_) {
            continue;  // one of these may have got it
        }
        by_return.push_back(stay);
    }
    std::vector<Stay> by_call = by_return;
    const auto rank = [](std::uint64_t place, const Stay& stay) {
        return std::pair(place, stay.passage->put_by);
    };
    std::sort(by_return.begin(), by_return.end(), [&](const Stay& a, const Stay& b) {
        return rank(a.put_returned, a) < rank(b.put_returned, b);
    });
    std::sort(by_call.begin(), by_call.end(), [&](const Stay& a, const Stay& b) {
        return rank(a.put_called, a) < rank(b.put_called, b);
    });
    const Stay* last_out = nullptr;
    auto earlier = by_return.begin();
    for (const Stay& stay : by_call) {
        for (; earlier != by_return.end() && earlier->put_returned < stay.put_called; ++earlier) {
            if (last_out == nullptr || earlier->take_called > last_out->take_called) {
                last_out = &*earlier;
            }
        }
        if (stay.take_returned == nobody || last_out == nullptr ||
            stay.take_returned >= last_out->take_called) {
            continue;
        }
        const std::uint64_t late = last_out->passage->put_by;
        const bool taken = !last_out->passage->takes.empty();
        Anomaly anomaly;
        anomaly.name = taken ? "reordered-values" : "lost-value";
        anomaly.sentence =
            fmt::format("{} got the value of {}, although {} had put its value in before and {}",
                said(stay.passage->takes[0]), said(stay.passage->put_by), said(late),
                taken ? fmt::format("only {} got that one", said(last_out->passage->takes[0]))
                      : std::string("nobody ever got that one"));
        anomaly.operations = {stay.passage->takes[0], late, stay.passage->put_by};
        if (taken) {
            anomaly.operations.push_back(last_out->passage->takes[0]);
        }
        out_.push_back(std::move(anomaly));
    }
}

}  // namespace

std::vector<Anomaly> queue_anomalies(const RecordedHistory& history, bool first_in) {
    return QueueOrder(history).anomalies(first_in);
}

}  // namespace ledger::check
