#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "log/base/format.h"
#include "node/asio/ctl_client.h"
#include "node/asio/ctl_commands.h"
#include "node/asio/ctl_replica_copy.h"
#include "sim/check/event_line.h"

namespace ledger::node::asio {
namespace {

constexpr std::uint32_t page_events = 1024;

struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

// Where the lines go: a file of ours or standard output.
class Output {
  public:
    explicit Output(const std::string& name)
        : owned_(name.empty() ? nullptr : std::fopen(name.c_str(), "wb")),
          file_(name.empty() ? stdout : owned_.get()) {}

    bool open() const { return file_ != nullptr; }
    void write(const state::RecordedEvent& event) {
        line_.clear();
        check::append_event_line(event, line_);
        failed_ = failed_ || std::fwrite(line_.data(), 1, line_.size(), file_) != line_.size();
    }
    bool finish() { return std::fflush(file_) == 0 && !failed_; }

  private:
    std::unique_ptr<std::FILE, Close> owned_;
    std::FILE* file_;
    std::string line_;
    bool failed_ = false;
};

// Linearizable, page by page: everything that was acknowledged before the last page is in it.
int export_from_cluster(const CtlOptions& options, const CtlCluster& cluster, Output& output) {
    CtlClient client(cluster);
    Position from;
    bool end = false;
    while (!end) {
        const state::Query page{
            state::ReadAll{.from = from, .direction = state::Direction::forward,
                .count = page_events}};
        const client::Done done = client.run(page, options.timeout);
        if (done.ending != client::Ending::done) {
            return fail(options, exit_code_of(done), sentence_of(done));
        }
        for (const state::RecordedEvent& event : done.answer->events) {
            output.write(event);
            from = event.position.next();
        }
        end = done.answer->end || done.answer->events.empty();
    }
    return exit_ok;
}

// How far the node has applied and its disk holds it, which follows at once; 0 = no answer.
Index held_by(const CtlOptions& options, const CtlCluster& cluster, NodeId node) {
    const auto end = std::chrono::steady_clock::now() +
                     std::chrono::nanoseconds(options.timeout.nanoseconds);
    Index held;
    bool settled = false;
    while (!settled) {
        settled = true;
        for (const auto& answer : ask_statuses(cluster)) {
            if (answer && answer->node == node) {
                held = std::min(answer->applied, answer->durable);
                settled = held == answer->applied || std::chrono::steady_clock::now() >= end;
            }
        }
    }
    return held;
}

// What this replica has applied; if it does not answer, what its disk knows to be committed.
int export_from_disk(
    const CtlOptions& options, const CtlCluster& cluster, NodeId node, Output& output) {
    const Index held = held_by(options, cluster, node);
    Result<CtlReplicaCopy> copy = CtlReplicaCopy::make(cluster, node);
    if (!copy) {
        return fail(options, exit_integrity, copy.error());
    }
    const Index through = std::max(held, copy->commit());
    if (through > copy->last()) {
        return fail(options, exit_integrity,
            fmt::format("n{} said that {} entries are durable, its disk holds {}", node, through,
                copy->last()));
    }
    const Result<Position> read = copy->read_events(
        through, [&output](const state::RecordedEvent& event) { output.write(event); });
    return read ? exit_ok : fail(options, exit_integrity, read.error());
}

}  // namespace

int command_export(const CtlOptions& options, const ExportOptions& what) {
    Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    const NodeId node{what.node.value_or(0)};
    if (what.node && loaded.cluster->find(node) == nullptr) {
        return fail(options, exit_usage, fmt::format("--node: there is no node {}", node));
    }
    Output output(what.output);
    if (!output.open()) {
        return fail(options, exit_environment, what.output + ": cannot be written");
    }
    const int code = what.node ? export_from_disk(options, *loaded.cluster, node, output)
                               : export_from_cluster(options, *loaded.cluster, output);
    if (!output.finish() && code == exit_ok) {
        return fail(options, exit_environment, "the output cannot be written");
    }
    return code;
}

}  // namespace ledger::node::asio
