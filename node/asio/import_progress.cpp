#include "node/asio/import_progress.h"

#include <fstream>

#include "node/asio/ctl_cluster.h"
#include "sim/check/json.h"

namespace ledger::node::asio {

Result<std::optional<ImportProgress>> load_progress(const std::string& file) {
    std::ifstream stream(file);
    std::string text;
    if (!std::getline(stream, text)) {
        return std::optional<ImportProgress>();
    }
    const Result<check::JsonValue> value = check::parse_json(text);
    bool whole = value.has_value();
    const auto number = [&](const char* key) {
        const check::JsonValue* member = value ? value->find(key) : nullptr;
        const auto found = member == nullptr ? std::nullopt : member->number();
        whole = whole && found;
        return found.value_or(0);
    };
    const auto words = [&](const char* key) {
        const check::JsonValue* member = value ? value->find(key) : nullptr;
        const std::string* found = member == nullptr ? nullptr : member->text();
        whole = whole && found != nullptr;
        return found == nullptr ? std::string() : *found;
    };
    ImportProgress progress;
    progress.cluster = words("cluster");
    progress.input = words("input");
    progress.session = SessionId{number("session")};
    progress.sequence = Sequence{number("sequence")};
    progress.lines = number("lines");
    progress.next_lines = number("next_lines");
    const std::uint64_t batch = number("batch");
    progress.batch = static_cast<std::uint32_t>(batch);
    if (!whole || progress.batch == 0 || progress.batch != batch) {
        return failure(CtlErrc::damaged, file + ": not a file of progress");
    }
    return std::optional(std::move(progress));
}

Result<void> save_progress(const std::string& file, const ImportProgress& progress) {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.import-progress/2");
    writer.key("cluster").text(progress.cluster);
    writer.key("input").text(progress.input);
    writer.key("session").number(progress.session.value);
    writer.key("sequence").number(progress.sequence.value);
    writer.key("lines").number(progress.lines);
    writer.key("batch").number(progress.batch);
    writer.key("next_lines").number(progress.next_lines).end_object();
    return replace_file(file, text + "\n");
}

}  // namespace ledger::node::asio
