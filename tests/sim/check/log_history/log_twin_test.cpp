// The log checker against a search that tries every order, and on-line against off-line.

#include <algorithm>

#include <catch2/catch.hpp>

#include "sim/check/history.h"
#include "tests/sim/check/exhaustive_search.h"
#include "tests/sim/check/history_generator.h"
#include "tests/sim/check/log_history/judged.h"

namespace ledger::check::test {
namespace {

Order order_of(const Recording& recording) {
    Order order;
    for (const Batch& batch : recording.order) {
        std::vector<std::pair<std::uint64_t, std::string>> events;
        for (const Stored& stored : batch.events) {
            events.emplace_back(stored.id.low, stored.stream);
        }
        push(order, events, batch.session, batch.sequence);
    }
    return order;
}

std::uint64_t end_of(const Recording& recording) {
    std::uint64_t end = 0;
    for (const Operation& op : recording.operations) {
        end = std::max({end, op.called.step, op.returned.step});
    }
    return end + 1;
}

// As `ledgersim run --history` writes it, in the order of the returns.
std::string lines_of(const Recording& recording) {
    std::vector<const Operation*> all;
    for (const Operation& op : recording.operations) {
        all.push_back(&op);
    }
    std::sort(all.begin(), all.end(), [](const Operation* a, const Operation* b) {
        return std::tie(a->returned.step, a->id) < std::tie(b->returned.step, b->id);
    });
    std::string text;
    for (const Operation* op : all) {
        text += to_json(*op) + "\n";
    }
    const auto end = static_cast<std::int64_t>(end_of(recording));
    return text +
           final_read_json(
               order_of(recording), OperationId{1000}, {end_of(recording), Instant{end}}) +
           "\n";
}

// Some pages are known by their hashes only.
void hash_pages(Dice& dice, LogHistory& history, const Recording& recording) {
    for (LogOperation& op : history.operations) {
        const bool page = op.kind == LogKind::read && op.ok() && op.count > 0 &&
                          op.max != LogOperation::none && op.id <= recording.operations.size();
        if (!page || !dice.one_in(2)) {
            continue;
        }
        const Operation& operation = recording.operations[op.id - 1];
        history.hashes.push_back(slice_hash(std::get<ReadAnswer>(operation.answer).events));
        op.records = static_cast<std::uint32_t>(history.hashes.size() - 1);
        op.flags |= LogOperation::hashed;
        history.has_slices = true;
    }
}

// Whether anything was found before the end; nothing that is not found at the end, too.
bool found_on_line(const std::string& text, bool ok) {
    LogFeed feed{LogOptions{}};
    bool found = false;
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        const Result<std::vector<Anomaly>> news = feed.line(rest.substr(0, end));
        rest.remove_prefix(end + 1);
        if (!news) {
            FAIL(news.error().place);
        }
        if (ok && !news->empty()) {
            FAIL("on-line only: " << news->front().sentence << "\n" << text);
        }
        found = found || !news->empty();
    }
    Unlimited budget;
    CHECK((feed.finish(budget).judgement.verdict == Verdict::ok) == ok);
    return found;
}

Recording recording_of(std::uint64_t seed) {
    Recording recording = Generator(seed).run();
    Dice dice(seed + 1'000'000);
    const std::uint64_t kind = seed % 4;
    if (kind == 1 || kind == 2) {
        damage(dice, recording);
    } else if (kind == 3) {
        make_stale(dice, recording);
    }
    return recording;
}

}  // namespace

TEST_CASE("log: agrees with an exhaustive search on random histories", "[check]") {
    std::uint64_t valid = 0;
    std::uint64_t illegal = 0;
    std::uint64_t early = 0;
    for (std::uint64_t seed = 1; seed <= 24'000; ++seed) {
        const Recording recording = recording_of(seed);
        const bool expected = Search(recording).linearizable();
        const std::string text = lines_of(recording);
        LogHistory history = history_of(text);
        Dice dice(seed + 2'000'000);
        if (seed % 3 == 0) {
            hash_pages(dice, history, recording);
        }
        const Judgement judgement = judged(history);
        // Without an answer nothing is examined, so nothing is found to be right.
        const bool fits = expected ? judgement.verdict != Verdict::violated
                                   : judgement.verdict == Verdict::violated;
        if (!fits) {
            FAIL("seed " << seed << ": search " << expected << ", log " << verdict_of(judgement)
                         << (judgement.anomalies.empty() ? "" : judgement.anomalies[0].sentence)
                         << "\n"
                         << text);
        }
        if (seed % 3 == 1 && judgement.verdict != Verdict::inconclusive) {
            early += found_on_line(text, expected) ? 1u : 0u;
        }
        (expected ? valid : illegal) += 1;
    }
    CHECK(valid > 9'000);
    CHECK(illegal > 5'000);
    CHECK(early > 1'000);
}

TEST_CASE("log: sequential agrees with an exhaustive search on random histories", "[check]") {
    const LogOptions options = at_level("sequential");
    std::uint64_t valid = 0;
    std::uint64_t illegal = 0;
    std::uint64_t weaker = 0;
    for (std::uint64_t seed = 1; seed <= 12'000; ++seed) {
        const Recording recording = recording_of(seed);
        const bool expected = Search(recording).sequential();
        const std::string text = lines_of(recording);
        const Judgement judgement = judged(text, options);
        if (expected != (judgement.verdict != Verdict::violated)) {
            FAIL("seed " << seed << ": search " << expected << ", log " << verdict_of(judgement)
                         << (judgement.anomalies.empty() ? "" : judgement.anomalies[0].sentence)
                         << "\n"
                         << text);
        }
        (expected ? valid : illegal) += 1;
        weaker += expected && !Search(recording).linearizable() ? 1u : 0u;
    }
    CHECK(valid > 5'000);
    CHECK(illegal > 2'000);
    CHECK(weaker > 150);
}

}  // namespace ledger::check::test
