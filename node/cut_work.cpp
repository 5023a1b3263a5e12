#include "node/cut_work.h"

#include <variant>

namespace ledger::node {
namespace {

class Perform {
  public:
    Perform(log::CutStore& store, LogId cut) : store_(store), cut_(cut) {}

    Result<std::uint32_t> operator()(const StoreCut::Chunk& chunk) {
        LEDGER_CHECK(store_.write(cut_, chunk.number, *chunk.bytes));
        return std::uint32_t{0};
    }
    Result<std::uint32_t> operator()(const StoreCut::Complete& complete) {
        LEDGER_CHECK(store_.complete(*complete.manifest));
        return std::uint32_t{0};
    }
    Result<std::uint32_t> operator()(const StoreCut::Resume& resume) {
        return store_.resume(*resume.manifest);
    }
    Result<std::uint32_t> operator()(const StoreCut::Mend& mend) {
        LEDGER_CHECK(store_.mend(cut_, mend.number, *mend.bytes));
        return std::uint32_t{0};
    }
    Result<std::uint32_t> operator()(const StoreCut::RemoveBefore&) {
        LEDGER_CHECK(store_.remove_before(cut_.index));
        return std::uint32_t{0};
    }

  private:
    log::CutStore& store_;
    const LogId cut_;
};

}  // namespace

Result<std::uint32_t> perform_on(log::CutStore& store, const StoreCut& work) {
    return std::visit(Perform{store, work.cut}, work.work);
}

}  // namespace ledger::node
