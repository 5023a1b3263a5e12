#pragma once
// Searched history: a recorded history parted by keys, searched part by part, and judged.

#include <cstdint>
#include <string>
#include <vector>

#include "log/base/lookup_table.h"
#include "log/base/result.h"
#include "sim/check/errc.h"
#include "sim/check/judgement.h"
#include "sim/check/recorded/recorded_history.h"
#include "sim/check/search/model_steps.h"
#include "sim/check/search/search.h"
#include "sim/check/search/search_level.h"

namespace ledger::check {

struct SearchRequest {
    std::string model;              // as it was asked for
    std::string level;              // its name
    SearchLevel order;              // what it means
    bool by_key = true;             // search every key by itself; the verdict is the same without
    std::string object = "object";  // "register": what sentences call it
};

class SearchedHistory {
  public:
    SearchedHistory(const RecordedHistory& history, const SearchRequest& request)
        : history_(history), request_(request) {}

    struct Read {
        std::vector<StepId> does;
        bool observes = false;
        bool can_be_refused = true;
        Value key;
    };
    // The operations in the order of history.operations; one that says nothing is not added.
    void add(const RecordedOperation& operation, Read read);

    // Each part alone, those first that are quickly done; the first one without an order ends it. A
    // history of which no operation can be refused is inconclusive.
    Judgement judge(StepTable& steps, StateId initial, Budget& budget) const;
    // What is wrong with asking for this level, or nothing: bounded staleness needs times.
    std::string objection() const;

  private:
    struct Part {
        Value key;
        std::vector<std::uint32_t> entries;
    };
    struct Entry {
        const RecordedOperation* operation = nullptr;
        Read read;
        std::uint32_t part = 0;
    };

    static std::string part_name(const Part& part);
    SearchProblem problem(const std::vector<std::uint32_t>& entries, StateId initial) const;
    void place(SearchProblem& problem, const std::vector<std::uint32_t>& entries) const;
    std::vector<std::pair<std::int64_t, std::uint64_t>> places_by_time() const;
    void cover(Judgement& judgement) const;
    void explain(const SearchProblem& problem, const SearchResult& result, const std::string& part,
        const StepTable& steps, Judgement& judgement) const;

    const RecordedHistory& history_;
    const SearchRequest& request_;
    std::vector<Entry> entries_;
    std::vector<Part> parts_;
    LookupTable<std::string, std::uint32_t> part_of_;  // key as EDN -> part + 1
    bool refusable_ = false;
};

// Judges a history by searching an order that the model could have followed. An error says which
// line the model cannot read.
template <SequentialModel M>
Result<Judgement> judge_by_search(
    M& model, const RecordedHistory& history, const SearchRequest& request, Budget& budget) {
    ModelSteps<M> steps(model);
    SearchedHistory searched(history, request);
    for (const RecordedOperation& operation : history.operations) {
        Reading<typename M::Operation> reading = model.read(operation);
        if (!reading.wrong.empty()) {
            return failure(Errc::malformed_history,
                "line " + std::to_string(operation.called_line) + ": " + reading.wrong);
        }
        SearchedHistory::Read read;
        for (const auto& one : reading.does) {
            read.does.push_back(steps.number(one));
        }
        read.observes = reading.observes;
        read.can_be_refused = reading.can_be_refused;
        read.key = std::move(reading.key);
        searched.add(operation, std::move(read));
    }
    if (std::string wrong = searched.objection(); !wrong.empty()) {
        return failure(Errc::malformed_history, std::move(wrong));
    }
    return searched.judge(steps, steps.initial(), budget);
}

}  // namespace ledger::check
