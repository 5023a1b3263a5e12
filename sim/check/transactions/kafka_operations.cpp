#include "sim/check/transactions/kafka_operations.h"

#include <utility>

#include "sim/check/transactions/transaction.h"

namespace ledger::check {
namespace {

constexpr std::string_view expected_micro =
    "micro-operations [:send key value], [:send key [offset value]], [:poll] and "
    "[:poll {key [[offset value] ...]}]";

// [offset value], where the offset may be nil.
struct Placed {
    std::optional<std::int64_t> offset;
    const Value* value = nullptr;
};
std::optional<Placed> placed(const Value& value) {
    const ValueList* pair = value.list();
    const bool fits =
        pair != nullptr && pair->size() == 2 && ((*pair)[0].integer() || (*pair)[0].is_nil());
    return fits ? std::optional(Placed{(*pair)[0].integer(), &(*pair)[1]}) : std::nullopt;
}

class Reader {
  public:
    explicit Reader(const RecordedHistory& history) { out_.recorded = &history; }

    Result<KafkaHistory> read();

  private:
    Result<KafkaOperation> operation(const RecordedOperation& recorded);
    // False if the micro-operation has not the form.
    bool add_micro(const Value& micro, bool answered, KafkaOperation& operation);
    bool add_polls(const Value& key, const Value& polled, KafkaOperation& operation);
    std::uint32_t key(const Value& value);
    std::uint32_t record(const Value& key, const Value& value);
    void note_sender(std::uint32_t record, std::uint32_t operation, Outcome outcome);

    KafkaHistory out_;
    Interner values_;
    LookupTable<std::string, std::uint32_t> key_numbers_;       // + 1
    LookupTable<std::uint64_t, std::uint32_t> record_numbers_;  // key and value -> + 1
};

std::uint32_t Reader::key(const Value& value) {
    const std::string text = to_text(value);
    std::uint32_t& slot = key_numbers_[text];
    if (slot == 0) {
        out_.keys.push_back(text);
        slot = static_cast<std::uint32_t>(out_.keys.size());
    }
    return slot - 1;
}

std::uint32_t Reader::record(const Value& key_value, const Value& value) {
    const std::uint32_t of = key(key_value);
    std::uint32_t& slot = record_numbers_[std::uint64_t{of} << 32 | values_.number(value)];
    if (slot == 0) {
        out_.records.push_back({of, &value, KafkaRecord::none});
        slot = static_cast<std::uint32_t>(out_.records.size());
    }
    return slot - 1;
}

void Reader::note_sender(std::uint32_t number, std::uint32_t operation, Outcome outcome) {
    std::uint32_t& sender = out_.records[number].sender;
    if (sender == KafkaRecord::none ||
        (outcome != Outcome::failed && out_.operations[sender].outcome == Outcome::failed)) {
        sender = operation;
    }
}

bool Reader::add_polls(const Value& key_value, const Value& polled, KafkaOperation& operation) {
    const ValueList* list = polled.list();
    if (list == nullptr) {
        return false;
    }
    for (const Value& element : *list) {
        const std::optional<Placed> at = placed(element);
        if (!at || !at->offset) {
            return false;
        }
        operation.polls.push_back({record(key_value, *at->value), at->offset});
    }
    return true;
}

bool Reader::add_micro(const Value& micro, bool answered, KafkaOperation& operation) {
    const ValueList* parts = micro.list();
    if (parts == nullptr || parts->empty()) {
        return false;
    }
    if ((*parts)[0].is("send") && parts->size() == 3) {
        const Value& value = (*parts)[2];
        const std::optional<Placed> at = answered ? placed(value) : std::nullopt;
        operation.sends.push_back(
            {record((*parts)[1], at ? *at->value : value), at ? at->offset : std::nullopt});
        return true;
    }
    if (!(*parts)[0].is("poll") || parts->size() > 2) {
        return false;
    }
    if (parts->size() == 1 || (*parts)[1].is_nil()) {
        return true;
    }
    const ValueMap* map = (*parts)[1].map();
    if (map == nullptr) {
        return false;
    }
    for (const auto& [key_value, polled] : *map) {
        if (!add_polls(key_value, polled, operation)) {
            return false;
        }
    }
    return true;
}

Result<KafkaOperation> Reader::operation(const RecordedOperation& recorded) {
    KafkaOperation out;
    out.id = recorded.id;
    out.outcome = recorded.outcome;
    out.process = recorded.process;
    out.called = recorded.called;
    out.returned =
        recorded.outcome == Outcome::unknown ? RecordedOperation::never : recorded.returned;
    const bool answered = recorded.outcome == Outcome::ok || recorded.answered.list() != nullptr;
    const Value& value = answered ? recorded.answered : recorded.asked;
    if (recorded.f == "assign" || recorded.f == "subscribe") {
        out.kind = KafkaOperation::Kind::assignment;
        const Value& keys =
            value.list() != nullptr || value.set() != nullptr ? value : recorded.asked;
        const ValueList* list = keys.set() != nullptr ? &keys.set()->elements : keys.list();
        if (list == nullptr) {
            return malformed_operation(recorded, answered, "a list of keys", value);
        }
        for (const Value& element : *list) {
            out.assigned.push_back(key(element));
        }
        return out;
    }
    const ValueList* list = value.list();
    if (list == nullptr) {
        return malformed_operation(
            recorded, answered, "a list of " + std::string(expected_micro), value);
    }
    for (const Value& micro : *list) {
        if (!add_micro(micro, answered, out)) {
            return malformed_operation(recorded, answered, expected_micro, micro);
        }
    }
    return out;
}

Result<KafkaHistory> Reader::read() {
    for (const RecordedOperation& recorded : out_.recorded->operations) {
        const std::string& f = recorded.f;
        if (!f.empty() && f != "send" && f != "poll" && f != "txn" && f != "assign" &&
            f != "subscribe") {
            ++out_.skipped;
            continue;
        }
        LEDGER_TRY(KafkaOperation made, operation(recorded));
        out_.operations.push_back(std::move(made));
        const auto number = static_cast<std::uint32_t>(out_.operations.size() - 1);
        for (const KafkaSight& send : out_.operations.back().sends) {
            note_sender(send.record, number, recorded.outcome);
        }
    }
    return std::move(out_);
}

}  // namespace

std::string KafkaHistory::name(std::uint32_t operation) const {
    return operation_name("operation", recorded->operations[operations[operation].id]);
}

Result<KafkaHistory> read_kafka_operations(const RecordedHistory& history) {
    return Reader(history).read();
}

}  // namespace ledger::check
