#include "tests/sim/check/page/sample_pages.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

namespace ledger::check::test {
namespace {

// Draws that are the same everywhere.
class Draws {
  public:
    explicit Draws(std::uint64_t seed) : state_(seed) {}
    std::uint64_t below(std::uint64_t bound) {
        state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return (state_ >> 33) % bound;
    }

  private:
    std::uint64_t state_;
};

SamplePage sample_of(std::string name, std::string model, std::vector<PageOperation> operations) {
    SamplePage sample;
    sample.name = std::move(name);
    sample.repro = fmt::format("ledgersim check {}.jsonl --model '{}'", sample.name, model);
    sample.judgement.model = std::move(model);
    sample.judgement.level = "linearizable";
    sample.count = operations.size();
    const auto shared = std::make_shared<std::vector<PageOperation>>(std::move(operations));
    sample.operation = [shared](
                           std::uint64_t id) { return (*shared)[static_cast<std::size_t>(id)]; };
    return sample;
}

// A run of a log: every client calls again a while after its last return. Places and times of the
// events are dealt out in the order in which they happen.
class LogRun {
  public:
    LogRun(std::uint64_t clients, std::uint64_t operations, std::uint64_t seed) : draws_(seed) {
        std::vector<Pending> pending(static_cast<std::size_t>(clients));
        for (std::size_t i = 0; i < pending.size(); ++i) {
            pending[i].at = 1'000'000 + draws_.below(3'000'000);
        }
        while (true) {
            const auto next = std::min_element(pending.begin(), pending.end(),
                [](const Pending& a, const Pending& b) { return a.at < b.at; });
            if (next->at == UINT64_MAX) {
                break;
            }
            const auto client = static_cast<std::uint64_t>(next - pending.begin());
            if (next->busy) {
                end(*next);
            } else if (made.size() < operations) {
                call(*next, client);
            } else {
                next->at = UINT64_MAX;
            }
        }
    }

    std::vector<PageOperation> made;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> floor;

  private:
    struct Pending {
        std::uint64_t at = 0;
        bool busy = false;
        std::size_t operation = 0;
    };

    void call(Pending& pending, std::uint64_t client) {
        PageOperation operation;
        operation.id = made.size();
        operation.lane = fmt::format("client {}", client);
        operation.called = place_++;
        operation.called_ns = static_cast<std::int64_t>(pending.at);
        operation.line = made.size() + 1;
        operation.kind = draws_.below(3) == 0 ? "append" : "read";
        operation.stream = draws_.below(2) == 0 ? "orders" : "payments";
        operation.key = fmt::format("k{}", draws_.below(4));
        operation.text = operation.kind + " ...";
        pending.operation = made.size();
        pending.busy = true;
        pending.at += 150'000 + draws_.below(2'400'000);
        made.push_back(std::move(operation));
    }

    void end(Pending& pending) {
        PageOperation& operation = made[pending.operation];
        const std::uint64_t chance = draws_.below(100);
        operation.before = fmt::format("{} records", length_);
        if (operation.kind == "append") {
            if (chance >= 4) {
                length_ += chance < 92 ? 1 : 0;
            }
            operation.text = fmt::format("append r{}", operation.id);
            operation.rule = "takes effect at its position, between call and return";
        } else {
            operation.text = fmt::format("read from 0 -> {} records", length_);
            operation.rule = fmt::format("must show version {} or later", length_ / 2);
        }
        operation.after = fmt::format("{} records", length_);
        if (chance < 4) {
            operation.outcome = Outcome::unknown;
            operation.text += " -> no answer";
        } else {
            operation.outcome =
                chance >= 92 && operation.kind == "append" ? Outcome::failed : Outcome::ok;
            operation.text +=
                operation.kind == "append"
                    ? (operation.outcome == Outcome::ok ? fmt::format(" -> ok at {}", length_ - 1)
                                                        : " -> wrong expected revision")
                    : "";
            operation.returned = place_++;
            floor.emplace_back(operation.returned, length_);
        }
        operation.returned_ns = static_cast<std::int64_t>(pending.at);
        pending.busy = false;
        // Now and then nobody does anything for a long time: what the event axis hides.
        pending.at += 50'000 + draws_.below(1'500'000) + (draws_.below(60) == 0 ? 30'000'000 : 0);
    }

    Draws draws_;
    std::uint64_t place_ = 0;
    std::uint64_t length_ = 0;
};

std::vector<std::pair<std::string, std::uint64_t>> coverage() {
    return {{"ok appends", 96}, {"ok reads", 181}, {"unknown outcomes", 11},
        {"conditional appends that failed", 12}, {"longest overlap", 6},
        {"faults that overlapped operations", 3}};
}

std::string transaction_text(Draws& draws, std::uint64_t id) {
    return fmt::format("[:append {} {}] [:r {} [{} {}]]", draws.below(5), id, draws.below(5),
        draws.below(9), draws.below(9));
}

}  // namespace

HistoryPage SamplePage::page() const {
    HistoryPage page;
    page.file = name + ".jsonl";
    page.repro = repro;
    page.judgement = &judgement;
    page.operations = count;
    page.operation = operation;
    page.annotations = annotations;
    page.floor = floor;
    return page;
}

SamplePage stale_read() {
    LogRun run(6, 300, 7);
    // The first read after number 200 that was called once an earlier read had returned.
    std::size_t late = 200;
    while (run.made[late].kind != "read" || run.made[late].outcome != Outcome::ok) {
        ++late;
    }
    std::size_t early = late - 1;
    while (run.made[early].kind != "read" || run.made[early].returned >= run.made[late].called) {
        --early;
    }
    run.made[early].text = "read from 0 -> 63 records";
    run.made[early].after = run.made[early].before = "63 records";
    run.made[late].text = "read from 0 -> 61 records";
    run.made[late].before = "63 records";
    run.made[late].rule =
        "must show version 63 or later, which another client had been shown before";
    run.made[late].after = "63 records";
    SamplePage sample = sample_of("stale-read", "append-only-log", run.made);
    sample.floor = run.floor;
    const PageOperation& seen = run.made[early];
    const PageOperation& stale = run.made[late];
    sample.judgement.verdict = Verdict::violated;
    sample.judgement.anomalies.push_back({"stale read",
        fmt::format("the read of {} was called after {} had read 63 records, yet it shows only 61: "
                    "records 61 and 62 are missing",
            stale.lane, seen.lane),
        {fmt::format(
             "operation {}: {} read from 0 and was shown 63 records; it returned at event {}",
             seen.id, seen.lane, seen.returned),
            fmt::format("operation {}: {} called its read later, at event {}, and was shown 61 "
                        "records",
                stale.id, stale.lane, stale.called),
            "no moment between call and return of the second read has 61 records"},
        {seen.id, stale.id}});
    sample.judgement.anomalies_total = 1;
    sample.judgement.coverage = coverage();
    const std::uint64_t last = run.floor.back().first;
    sample.annotations = {{"leader", "n1 leads term 3", 0, last / 3},
        {"leader", "n2 leads term 4", last / 3 + 9, last},
        {"fault", "partition n1 | n2 n3", last / 3 - 12, last / 3 + 40},
        {"fault", "crash of n3", last / 2, last / 2}};
    return sample;
}

SamplePage failed_search() {
    Draws draws(3);
    std::vector<PageOperation> operations;
    PartialOrder order;
    order.part = "key 7";
    order.before = "nil";
    std::uint64_t place = 0;
    std::int64_t value = 0;
    std::vector<std::uint64_t> free_at(5, 0);
    for (std::uint64_t i = 0; i < 60; ++i) {
        PageOperation operation;
        operation.id = i;
        operation.lane = fmt::format("client {}", i % 5);
        const std::uint64_t from = std::max(place, free_at[i % 5] + 1);
        place += 2;
        operation.called = from;
        operation.returned = from + 3 + draws.below(6);
        free_at[i % 5] = operation.returned;
        operation.called_ns = static_cast<std::int64_t>(operation.called * 700'000);
        operation.returned_ns = static_cast<std::int64_t>(operation.returned * 700'000);
        operation.line = 2 * i + 1;
        operation.key = "7";
        operation.outcome = Outcome::ok;
        operation.before = fmt::format("{}", value);
        const std::uint64_t what = draws.below(3);
        if (what == 0) {
            value = static_cast<std::int64_t>(draws.below(5));
            operation.kind = "write";
            operation.text = fmt::format("write {}", value);
        } else if (what == 1) {
            operation.kind = "read";
            operation.text = fmt::format("read -> {}", value);
        } else {
            const auto to = static_cast<std::int64_t>(draws.below(5));
            operation.kind = "cas";
            operation.text = fmt::format("cas {} -> {}", value, to);
            value = to;
        }
        if (i == 33) {
            operation.outcome = Outcome::unknown;
            operation.returned = RecordedOperation::never;
            free_at[i % 5] = place + 8;
        }
        operation.after = fmt::format("{}", value);
        if (i < 48) {
            order.steps.push_back({i, operation.after});
        }
        operations.push_back(operation);
    }
    operations[48].text = "read -> 9";
    operations[48].kind = "read";
    order.refused = {
        {48, fmt::format("a read of 9, but the register held {}", operations[47].after)},
        {49, fmt::format(
                 "{}, but the register held {}", operations[49].text, operations[47].after)}};
    SamplePage sample = sample_of("register", "cas-register(init=nil)", operations);
    sample.judgement.verdict = Verdict::violated;
    sample.judgement.anomalies.push_back({"not linearizable",
        "client 3 read 9 from key 7, which nobody had written by then: no order of the 60 "
        "operations "
        "explains it",
        {"48 operations fit one order, which ends with the register at " + operations[47].after,
            "the read of 9 by client 3 must come next, and it is refused in every order"},
        {48}});
    sample.judgement.anomalies_total = 1;
    sample.judgement.partial = {order};
    sample.judgement.coverage = {
        {"keys", 1}, {"reads", 21}, {"writes", 20}, {"cas", 19}, {"states searched", 4'812}};
    return sample;
}

SamplePage cycle() {
    Draws draws(11);
    std::vector<PageOperation> operations;
    for (std::uint64_t i = 0; i < 48; ++i) {
        PageOperation operation;
        operation.id = i;
        operation.lane = fmt::format("process {}", i % 4);
        operation.called = i * 3;
        operation.returned = i * 3 + 4 + draws.below(5);
        operation.line = 2 * i + 1;
        operation.text = transaction_text(draws, i);
        operation.outcome = i % 13 == 5 ? Outcome::failed : Outcome::ok;
        operation.kind = "txn";
        operations.push_back(operation);
    }
    SamplePage sample = sample_of("transactions", "list-append", operations);
    sample.judgement.level = "strict-serializable";
    sample.judgement.verdict = Verdict::violated;
    sample.judgement.strongest_held = "read-committed";
    sample.judgement.weakest_violated = "snapshot-isolation";
    sample.judgement.anomalies = {
        {"G-single",
            "three transactions each come before the next one: 17 before 22 before 20 before 17",
            {"17 precedes 22: 17 appended 9 to key 3, and 22 read it",
                "22 precedes 20: 22 appended 4 to key 1, and 20 appended 5 behind it",
                "20 precedes 17: 20 read key 2 up to 8, and 17 appended 9"},
            {17, 22, 20}},
        {"G-single", "two transactions each come before the other: 30 and 33",
            {"30 precedes 33: 33 read what 30 appended",
                "33 precedes 30: 33 missed the other append"},
            {30, 33}},
        {"lost update", "the append of 7 to key 4 by transaction 40 is in no later read", {},
            {40}}};
    sample.judgement.anomalies_total = 5;
    sample.judgement.coverage = {{"transactions", 48}, {"ww edges", 31}, {"wr edges", 40},
        {"rw edges", 38}, {"real-time edges", 120}};
    return sample;
}

SamplePage nothing_wrong() {
    LogRun run(8, 1'000, 5);
    SamplePage sample = sample_of("fine", "append-only-log", run.made);
    sample.floor = run.floor;
    sample.judgement.verdict = Verdict::ok;
    sample.judgement.coverage = coverage();
    return sample;
}

SamplePage out_of_time() {
    SamplePage sample = failed_search();
    sample.name = "too-long";
    sample.judgement.verdict = Verdict::inconclusive;
    sample.judgement.reason = "the time limit of 10s was reached after 3800211 states";
    sample.judgement.anomalies.clear();
    sample.judgement.anomalies_total = 0;
    return sample;
}

SamplePage million() {
    SamplePage sample = sample_of("million", "append-only-log", {});
    sample.count = 1'000'000;
    sample.operation = [](std::uint64_t id) {
        PageOperation operation;
        operation.id = id;
        operation.lane = fmt::format("client {}", id % 1'000);
        operation.called = id * 2;
        operation.returned = id * 2 + 1'501;
        operation.called_ns = 1'700'000'000'000'000'000 + static_cast<std::int64_t>(id) * 900;
        operation.returned_ns = *operation.called_ns + 675'450;
        operation.line = id + 1;
        operation.outcome = Outcome::ok;
        operation.kind = id % 2 == 0 ? "append" : "read";
        operation.key = fmt::format("k{}", id % 5'000);
        operation.text = fmt::format("{} k{} -> {}", operation.kind, id % 5'000, id);
        operation.before = fmt::format("version {}", id);
        operation.after = fmt::format("version {}", id + 1);
        return operation;
    };
    sample.judgement.verdict = Verdict::violated;
    sample.judgement.anomalies = {{"lost append",
        "the record of operation 17 was acknowledged and is not in the final read, "
        "operation 999999",
        {"client 17 was told that its record is at position 17",
            "the read of client 999 at the end has another record there"},
        {17, 999'999}}};
    sample.judgement.anomalies_total = 1;
    sample.judgement.coverage = {{"ok appends", 500'000}, {"ok reads", 500'000}};
    for (std::uint64_t place = 0; place < 2'001'500; place += 2) {
        sample.floor.emplace_back(place, place / 2);
    }
    return sample;
}

SamplePage hostile() {
    const std::string evil =
        std::string(
            "</script><script>document.title='taken'</script><!--<script> \"quoted\" 'single' "
            "&amp; back\\slash ") +
        std::string("\x01\x07\x1b[31m\x7f tab\tline\nnext ", 26) + "\xff\xfe\xc0\xaf\xed\xa0\x80 " +
        "\xe2\x80\xa8 \xe2\x80\xa9 \xe2\x80\xae mirrored \xe2\x80\xac \xf0\x9f\x98\x80 ";
    SamplePage sample = stale_read();
    const auto inner = sample.operation;
    sample.operation = [inner, evil](std::uint64_t id) {
        PageOperation operation = inner(id);
        for (std::string* text : {&operation.text, &operation.before, &operation.after,
                 &operation.rule, &operation.kind, &operation.stream, &operation.key}) {
            *text = evil + *text + std::string(id % 7 == 0 ? 3'000 : 20, 'w');
        }
        operation.lane += " " + evil;
        return operation;
    };
    sample.name = "hostile " + evil;
    sample.repro = "ledgersim check " + evil;
    sample.judgement.model = sample.judgement.level = evil;
    Anomaly& anomaly = sample.judgement.anomalies.front();
    anomaly.name = "stale read " + evil;
    anomaly.sentence += evil;
    anomaly.steps.push_back(evil + std::string(5'000, 'x'));
    sample.judgement.coverage.emplace_back(evil, 1);
    sample.annotations.push_back({evil, evil, 10, 500});
    sample.judgement.partial.push_back({evil, evil, {{3, evil}, {4, evil}}, {{5, evil}}});
    return sample;
}

SamplePage without_operations() {
    SamplePage sample = sample_of("empty", "append-only-log", {});
    sample.judgement.verdict = Verdict::inconclusive;
    sample.judgement.reason = "the history holds no operation: there was nothing to examine";
    return sample;
}

SamplePage absurd() {
    const std::string text(20'000, '<');  // six bytes each in the page's data, four in its tags
    const std::string line(1'500, '<');
    SamplePage sample = sample_of("absurd", text, {});
    sample.count = 100'000;
    sample.operation = [text](std::uint64_t id) {
        PageOperation operation;
        operation.id = id;
        operation.lane = fmt::format("{} {}", id % 1'000, text);
        operation.called = UINT64_MAX - 1'000'000 + id;
        operation.returned = operation.called + 3;
        operation.called_ns = INT64_MIN + static_cast<std::int64_t>(id);
        operation.returned_ns = INT64_MAX;
        operation.line = UINT64_MAX;
        operation.outcome = Outcome::ok;
        operation.kind = operation.stream = operation.key = fmt::format("{} {}", id, text);
        operation.text = operation.before = operation.after = operation.rule = text;
        return operation;
    };
    sample.judgement.verdict = Verdict::violated;
    for (std::uint64_t i = 0; i < Judgement::anomalies_max; ++i) {
        Anomaly anomaly{text, text, std::vector<std::string>(150, line), {}};
        for (std::uint64_t k = 0; k < 150; ++k) {
            anomaly.operations.push_back(i * 900 + k * 5);
        }
        anomaly.operations.push_back(UINT64_MAX);  // none of the history's
        sample.judgement.anomalies.push_back(anomaly);
        PartialOrder order{line, line, {}, {}};
        for (std::uint64_t k = 0; k < 400; ++k) {
            order.steps.push_back({i * 900 + k, line});
            order.refused.push_back({i * 900 + k, line});
        }
        sample.judgement.partial.push_back(order);
        sample.judgement.coverage.emplace_back(text, i);
        sample.annotations.push_back({text, text, 0, UINT64_MAX});
    }
    sample.judgement.anomalies_total = 12'345'678;
    sample.judgement.strongest_held = sample.judgement.weakest_violated = text;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        sample.floor.emplace_back(UINT64_MAX - 1'000'000 + i, UINT64_MAX - 100'000 + i);
    }
    return sample;
}

SamplePage single() {
    SamplePage sample = sample_of("single", "set", {PageOperation{}});
    sample.judgement.verdict = Verdict::violated;
    sample.judgement.anomalies = {{"lost element", "the element 3 is in no read", {}, {}}};
    sample.judgement.anomalies_total = 1;
    sample.judgement.coverage = {{"adds", 1}};
    sample.annotations = {{"", "the only fault", 0, 0}, {"leader", "for ever", 0, UINT64_MAX}};
    sample.floor = {{0, 0}};
    return sample;
}

SamplePage odd_times() {
    std::vector<PageOperation> operations;
    for (std::uint64_t i = 0; i < 12; ++i) {
        PageOperation operation;
        operation.lane = fmt::format("client {}", i % 2);
        operation.called = i / 4;  // four at once
        operation.returned = i / 4 + i % 2;
        operation.called_ns = i % 5 == 4 ? -1'000 : static_cast<std::int64_t>(i) * 10;
        if (i % 3 != 0) {
            operation.returned_ns = static_cast<std::int64_t>(i) * 10 - 3;
        }
        operation.outcome = i == 7 ? Outcome::unknown : i == 8 ? Outcome::failed : Outcome::ok;
        operation.text = fmt::format("operation {}", i);
        operations.push_back(operation);
    }
    SamplePage sample = sample_of("odd", "counter", operations);
    sample.judgement.verdict = Verdict::violated;
    sample.judgement.anomalies = {{"fractured read", "seen twice", {}, {3, 3, 9}}};
    sample.judgement.anomalies_total = 1;
    sample.judgement.partial = {{"", "", {}, {}}, {"key 2", "0", {{1, "1"}}, {}}};
    return sample;
}

std::vector<SamplePage> all_samples() {
    return {stale_read(), failed_search(), cycle(), nothing_wrong(), out_of_time(), million(),
        hostile(), without_operations(), single(), odd_times(), absurd()};
}

}  // namespace ledger::check::test
