// Every rare situation that the core knows by name has been seen when all its tests have run.
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <vector>

#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <catch2/catch.hpp>

#include "log/base/sometimes.h"

namespace ledger::raft {
namespace {

class MarksListener final : public Catch::TestEventListenerBase {
  public:
    using TestEventListenerBase::TestEventListenerBase;

    void testCaseEnded(const Catch::TestCaseStats&) override { ++cases_; }

    void testRunEnded(const Catch::TestRunStats&) override {
        std::size_t all = 0;
        for (const Catch::TestCase& test : Catch::getAllTestCasesSorted(*m_config)) {
            all += test.isHidden() ? 0u : 1u;
        }
        if (cases_ < all) {
            return;  // only some were asked for
        }
        bool unseen = false;
        for (const SometimesMark* mark = first_sometimes_mark(); mark != nullptr;
             mark = mark->next) {
            if (mark->hits == 0 && std::string_view(mark->name).starts_with("raft.")) {
                std::cerr << "never seen by any test: " << mark->name << "\n";
                unseen = true;
            }
        }
        if (unseen) {
            std::_Exit(1);
        }
    }

  private:
    std::size_t cases_ = 0;
};

CATCH_REGISTER_LISTENER(MarksListener)

}  // namespace
}  // namespace ledger::raft
