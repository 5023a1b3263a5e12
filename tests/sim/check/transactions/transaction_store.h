#pragma once
// Transaction store: a small store of lists or registers whose clients record what they were told.
// It can be sound or sloppy in many ways; everything is chosen from a seed.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "log/base/choice.h"
#include "tests/sim/check/transactions/transaction_sample.h"

namespace ledger::check::test {

struct StoreSettings {
    Sample sample = Sample::lists;
    std::uint64_t clients = 3;
    std::uint64_t keys = 2;
    std::uint64_t transactions = 4;
    std::uint64_t micros_max = 3;
    // Sound: serial = a transaction takes effect at one moment; snapshot = it reads what was there
    // at its begin, and is refused if another one wrote the same since. Sloppy: reads show what
    // they like, writes come as they are made.
    enum class Kind : std::uint8_t { serial = 1, snapshot, sloppy } kind = Kind::serial;
    std::uint64_t failed_percent = 0;
    std::uint64_t unknown_percent = 0;
    // Ends with one client reading all keys, as many transactions beyond `transactions`.
    bool reads_all_at_end = true;
};

class Store {
  public:
    Store(std::uint64_t seed, const StoreSettings& settings) : seed_(seed), settings_(settings) {}

    RecordedHistory run() {
        clients_.resize(settings_.clients);
        while (started_ < settings_.transactions || busy() > 0) {
            Client& client = clients_[pick(settings_.clients)];
            if (client.operation) {
                step(client);
            } else if (started_ < settings_.transactions) {
                begin(client, static_cast<std::int64_t>(&client - clients_.data()));
            }
        }
        if (settings_.reads_all_at_end) {
            read_all();
        }
        return std::move(history_);
    }

  private:
    using Versions = std::vector<std::int64_t>;  // a list, or all values a register had
    struct Micro {
        bool is_read = false;
        std::uint64_t key = 0;
        std::int64_t value = 0;
        // Of a read; of registers the last one counts. Of a write: itself, once all can see it.
        Versions shown;
    };
    struct Client {
        std::optional<std::uint64_t> operation;
        std::vector<Micro> micros;
        std::uint64_t done = 0;
        std::vector<Versions> snapshot;
        bool fails = false;
    };

    std::uint64_t pick(std::uint64_t below) {
        return keyed_bits(seed_, Site{901}, 0, ++choices_) % below;
    }
    bool percent(std::uint64_t chance) { return pick(100) < chance; }
    std::uint64_t busy() const {
        return static_cast<std::uint64_t>(std::count_if(clients_.begin(), clients_.end(),
            [](const Client& client) { return client.operation.has_value(); }));
    }

    void begin(Client& client, std::int64_t process) {
        ++started_;
        client.micros.clear();
        client.done = 0;
        client.fails = false;
        for (std::uint64_t i = 0, n = 1 + pick(settings_.micros_max); i < n; ++i) {
            Micro micro;
            micro.is_read = percent(50);
            micro.key = pick(settings_.keys);
            micro.value = micro.is_read ? 0 : ++values_;
            client.micros.push_back(micro);
        }
        call(client, process);
        lists_.resize(settings_.keys);
        client.snapshot = lists_;
    }

    void call(Client& client, std::int64_t process) {
        RecordedOperation operation;
        operation.id = history_.operations.size();
        // A client whose last transaction has no answer goes on under another name.
        operation.process = process + 100 * lost_[process];
        operation.f = "txn";
        operation.called = time_++;
        operation.asked = value_of(client.micros, false);
        client.operation = operation.id;
        history_.operations.push_back(std::move(operation));
    }

    Versions with_own(const Client& client, Versions versions, std::uint64_t key) const {
        for (std::uint64_t i = 0; i < client.done; ++i) {
            if (!client.micros[i].is_read && client.micros[i].key == key) {
                versions.push_back(client.micros[i].value);
            }
        }
        return versions;
    }

    void step(Client& client) {
        if (settings_.kind == StoreSettings::Kind::sloppy && client.done < client.micros.size()) {
            sloppy(client, client.micros[client.done]);
            ++client.done;
            return;
        }
        if (settings_.kind != StoreSettings::Kind::sloppy) {
            client.fails = percent(settings_.failed_percent) ||
                           (settings_.kind == StoreSettings::Kind::snapshot && conflicts(client));
            const auto& seen =
                settings_.kind == StoreSettings::Kind::snapshot ? client.snapshot : lists_;
            const auto before = seen;
            for (Micro& micro : client.micros) {
                micro.shown = with_own(client, before[micro.key], micro.key);
                ++client.done;
            }
        } else {
            client.fails = percent(settings_.failed_percent);
        }
        end(client);
    }

    void sloppy(Client& client, Micro& micro) {
        Versions& list = lists_[micro.key];
        if (!micro.is_read) {
            if (percent(40)) {  // others see it at once
                list.push_back(micro.value);
                micro.shown = {micro.value};
            }
            return;
        }
        Versions base = percent(60) ? list : client.snapshot[micro.key];
        if (percent(25) && !base.empty()) {
            base.resize(pick(base.size() + 1));
        }
        // Its own appends, if they are not there yet.
        for (std::uint64_t i = 0; i < client.done; ++i) {
            const Micro& own = client.micros[i];
            const bool missing = std::find(base.begin(), base.end(), own.value) == base.end();
            if (!own.is_read && own.key == micro.key && missing && percent(95)) {
                base.push_back(own.value);
            }
        }
        micro.shown = std::move(base);
    }

    bool conflicts(const Client& client) const {
        return std::any_of(client.micros.begin(), client.micros.end(), [&](const Micro& micro) {
            return !micro.is_read && lists_[micro.key] != client.snapshot[micro.key];
        });
    }

    void end(Client& client) {
        RecordedOperation& operation = history_.operations[*client.operation];
        const bool unknown = percent(settings_.unknown_percent);
        const bool takes_effect = !client.fails && !(unknown && percent(50));
        for (const Micro& micro : client.micros) {
            if (!micro.is_read && takes_effect && micro.shown != Versions{micro.value}) {
                lists_[micro.key].push_back(micro.value);
            }
        }
        operation.outcome = unknown        ? Outcome::unknown
                            : client.fails ? Outcome::failed
                                           : Outcome::ok;
        if (!unknown) {
            operation.returned = time_;
        } else {
            ++lost_[static_cast<std::int64_t>(&client - clients_.data())];
        }
        if (operation.outcome == Outcome::ok) {
            operation.answered = value_of(client.micros, true);
        }
        ++time_;
        client.operation.reset();
    }

    void read_all() {
        Client client;
        lists_.resize(settings_.keys);
        for (std::uint64_t key = 0; key < settings_.keys; ++key) {
            client.micros.push_back({true, key, 0, lists_[key]});
        }
        call(client, 99);
        RecordedOperation& operation = history_.operations.back();
        operation.outcome = Outcome::ok;
        operation.answered = value_of(client.micros, true);
        operation.returned = time_++;
    }

    Value value_of(const std::vector<Micro>& micros, bool answered) const {
        ValueList out;
        for (const Micro& micro : micros) {
            const bool lists = settings_.sample == Sample::lists;
            Value shown;
            if (answered && micro.is_read && lists) {
                ValueList list;
                for (const std::int64_t value : micro.shown) {
                    list.push_back(Value(value));
                }
                shown = Value(std::move(list));
            } else if (answered && micro.is_read && !micro.shown.empty()) {
                shown = Value(micro.shown.back());
            }
            out.push_back(Value(ValueList{text_value(micro.is_read ? "r"
                                                     : lists       ? "append"
                                                                   : "w"),
                Value(static_cast<std::int64_t>(micro.key)),
                micro.is_read ? shown : Value(micro.value)}));
        }
        return Value(std::move(out));
    }

    const std::uint64_t seed_;
    const StoreSettings settings_;
    std::uint64_t choices_ = 0;
    std::uint64_t started_ = 0;
    std::int64_t values_ = 0;
    std::uint64_t time_ = 0;
    std::vector<Client> clients_;
    std::vector<Versions> lists_;
    std::map<std::int64_t, std::int64_t> lost_;
    RecordedHistory history_;
};

}  // namespace ledger::check::test
