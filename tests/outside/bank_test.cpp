// A property of the bank, looked for in clusters that crash, part and lose what they had not synced.

#include "sim/rapidcheck.h"

#include <bank.h>

int main() {
    const auto transfers = rc::gen::build<Transfer>(rc::gen::set(&Transfer::from),
        rc::gen::set(&Transfer::to), rc::gen::set(&Transfer::amount));
    return ledger::rapidcheck::Property<Bank>("no transfer makes or loses money")
                   .commands(transfers, encode)
                   .always([](const Bank& bank) { RC_ASSERT(bank.total() == 300u); })
                   .shrink_within(1'000'000)
                   .check()
               ? 0
               : 1;
}
