#include "tests/fuzz/target.h"

namespace ledger::fuzz {

std::vector<Target> all_targets() {
    std::vector<Target> all;
    for (auto* part : {log_targets, cut_targets, state_targets, node_targets, history_targets,
             log_history_targets}) {
        for (Target& target : part()) {
            all.push_back(std::move(target));
        }
    }
    return all;
}

}  // namespace ledger::fuzz
