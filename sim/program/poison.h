#pragma once
// Poison: while a world runs, whoever in this process asks for the time, for entropy, a thread or a
// socket aborts: a simulated run depends on none of them.

namespace ledger::sim {

// Such a call aborts, with its name on standard error, as long as one of these lives in the thread.
class Poisoned {
  public:
    Poisoned();
    ~Poisoned();
    Poisoned(const Poisoned&) = delete;
    Poisoned& operator=(const Poisoned&) = delete;
};

// False in builds with sanitizers, which stand in the place of these functions themselves.
bool poison_works();

}  // namespace ledger::sim
