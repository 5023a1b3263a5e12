#include "sim/explore/cut_stage.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/format.h"

namespace ledger::sim {
namespace {

bool contains(const std::vector<CutNumber>& numbers, CutNumber number) {
    return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

std::string judge_chunks(log::CutStore& store, const KnownCut& cut) {
    for (std::uint32_t number = 0; number < cut.chunks.size(); ++number) {
        const auto chunk = store.read(cut.manifest.id, number);
        if (!chunk) {
            return fmt::format("a chunk of a complete cut cannot be read: {}", chunk.error().place);
        }
        if (*chunk != cut.chunks[number]) {
            return fmt::format("chunk {} of the cut at {} has other bytes than were written",
                number, cut.manifest.id.index);
        }
    }
    return {};
}

}  // namespace

bool operator==(const FoundCuts& a, const FoundCuts& b) {
    if (a.error || b.error) {
        return a.error && b.error && a.error->code == b.error->code &&
               a.error->place == b.error->place;
    }
    return a.stranger == b.stranger && a.complete == b.complete;
}

FoundCuts look_at_cuts(log::FileSystem& files, const log::Options& options,
    const log::Identity& identity, const std::vector<KnownCut>& known) {
    FoundCuts found;
    auto store = log::CutStore::open(files, options, identity);
    if (!store) {
        found.error = store.error();
        return found;
    }
    for (const log::CutManifest& manifest : store->cuts()) {
        const auto at = std::find_if(known.begin(), known.end(),
            [&](const KnownCut& cut) { return cut.manifest == manifest; });
        if (at == known.end()) {
            found.stranger = fmt::format(
                "a cut at {} was found that was never written", manifest.id.index);
            return found;
        }
        found.complete.push_back(static_cast<CutNumber>(at - known.begin()));
        found.stranger = judge_chunks(*store, *at);
        if (!found.stranger.empty()) {
            return found;
        }
    }
    return found;
}

std::string explain(
    const CutStage& stage, const FoundCuts& found, const std::vector<KnownCut>& known) {
    if (found.error) {
        return fmt::format("the cut store refused what a crash alone has left: {}: {}",
            found.error->code.message(), found.error->place);
    }
    if (!found.stranger.empty()) {
        return found.stranger;
    }
    for (const CutNumber number : stage.complete) {
        const Index index = known[number].manifest.id.index;
        if (index >= stage.removing && !contains(found.complete, number)) {
            return fmt::format("complete() had returned for the cut at {}, which is gone", index);
        }
    }
    for (const CutNumber number : found.complete) {
        if (!contains(stage.complete, number) && number != stage.completing) {
            return fmt::format("a cut at {} was found that is not complete, or was removed",
                known[number].manifest.id.index);
        }
    }
    return {};
}

}  // namespace ledger::sim
