#include "sim/check/transactions/version_inference.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace ledger::check {

std::vector<InferredOrder> infer_orders(std::span<const Touch> touches, Effort& effort) {
    std::vector<InferredOrder> out;
    std::vector<std::uint32_t> by_return(touches.size());
    for (std::uint32_t i = 0; i < touches.size(); ++i) {
        by_return[i] = i;
    }
    std::sort(by_return.begin(), by_return.end(), [&](std::uint32_t a, std::uint32_t b) {
        return std::tie(touches[a].returned, a) < std::tie(touches[b].returned, b);
    });
    // The frontier: those that returned, without those that one of them came after.
    std::vector<std::uint32_t> frontier;
    std::uint64_t done = 0;
    for (const Touch& touch : touches) {
        for (; done < by_return.size() && touches[by_return[done]].returned < touch.called;
            ++done) {
            const Touch& returned = touches[by_return[done]];
            std::erase_if(
                frontier, [&](std::uint32_t i) { return touches[i].returned < returned.called; });
            frontier.push_back(by_return[done]);
        }
        for (const std::uint32_t i : frontier) {
            if (!effort.step()) {
                return out;
            }
            if (touches[i].last != touch.first) {
                out.push_back({touches[i].last, touch.first, touches[i].transaction,
                    touch.transaction, touch.reads_first});
            }
        }
    }
    return out;
}

}  // namespace ledger::check
