#pragma once
// Register versions: what was written to each register, and who read it.

#include <cstdint>
#include <string>
#include <vector>

#include "log/base/lookup_table.h"
#include "sim/check/transactions/anomalies.h"
#include "sim/check/transactions/effort.h"
#include "sim/check/transactions/interner.h"
#include "sim/check/transactions/transaction.h"

namespace ledger::check {

struct RegisterVersion {
    static constexpr std::uint32_t none = UINT32_MAX;
    std::uint32_t key = 0;
    const Value* value = nullptr;
    std::uint32_t writer = none;  // none: the nil that nobody wrote
    bool is_final = false;        // the writer wrote no other one after it
    // Written by two transactions that may have taken effect: it is not known whose a read shows.
    bool ambiguous = false;
};

// What one committed transaction did to one register.
struct RegisterView {
    static constexpr std::uint32_t none = RegisterVersion::none;
    std::uint32_t key = 0;
    std::uint32_t transaction = 0;
    std::uint32_t read = none;  // what it read before it wrote itself; none = nothing, or not known
    std::uint32_t write = none;  // what it wrote last
};

// Adds to `anomalies` what reads show that nobody may see: garbage, aborted and intermediate
// writes, the reader's own future, contradictions inside a transaction. A transaction without
// answer has committed if a read shows what it, and nobody else, wrote.
class RegisterVersions {
  public:
    RegisterVersions(const Transactions& transactions, Anomalies& anomalies, Effort& effort);

    const RegisterVersion& version(std::uint32_t number) const { return versions_[number]; }
    std::uint32_t versions() const { return static_cast<std::uint32_t>(versions_.size()); }
    // Sorted by key, then by transaction.
    const std::vector<RegisterView>& views() const { return views_; }
    bool committed(std::uint32_t transaction) const { return committed_[transaction]; }
    std::uint64_t reads() const { return reads_; }
    std::string value_text(std::uint32_t version) const {
        return to_text(*versions_[version].value, 60);
    }

  private:
    // What a transaction under examination has seen of a register so far.
    struct Seen {
        std::uint32_t transaction = RegisterVersion::none;
        bool has_read = false;
        bool has_written = false;
        bool wrong = false;
        const Value* now = nullptr;  // what it must read next
        std::uint32_t read = RegisterVersion::none;
        std::uint32_t write = RegisterVersion::none;
    };

    void index_writes();
    void add_nil(std::uint32_t key);
    void examine(std::uint32_t transaction);
    void examine_read(std::uint32_t transaction, std::uint32_t key, const Value& value, Seen& seen);
    void examine_version(std::uint32_t transaction, std::uint32_t version, Seen& seen);
    void add_aborted_updates(std::uint32_t transaction, std::uint32_t version, bool overwrites);
    std::uint32_t find(std::uint32_t key, const Value& value);
    void add(AnomalyName name, std::string sentence, std::vector<std::uint32_t> transactions);

    const Transactions& transactions_;
    Anomalies& anomalies_;
    Effort& effort_;
    const Value nil_;
    Interner values_;
    std::vector<RegisterVersion> versions_;
    LookupTable<std::uint64_t, std::uint32_t> version_of_;  // key and value -> number + 1
    std::vector<std::uint32_t> version_of_micro_;
    std::vector<bool> committed_;
    std::vector<Seen> seen_;              // per key
    std::vector<std::uint32_t> touched_;  // keys of the transaction under examination
    std::vector<RegisterView> views_;
    std::uint64_t reads_ = 0;
};

}  // namespace ledger::check
