#include "log/base/sometimes.h"

namespace ledger {
namespace {

SometimesMark* newest_mark = nullptr;

}  // namespace

SometimesMark::SometimesMark(const char* mark_name) : name(mark_name), next(newest_mark) {
    newest_mark = this;
}

SometimesMark* first_sometimes_mark() {
    return newest_mark;
}

}  // namespace ledger
