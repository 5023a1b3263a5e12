#include "sim/program/divergence.h"

#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "node/event_codec.h"
#include "sim/check/names.h"
#include "sim/program/output.h"
#include "sim/program/runner.h"
#include "sim/program/supervise.h"
#include "sim/program/trace_writer.h"

namespace ledger::sim {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

// Who did what when, with a hash of all its values, and the kinds of what came of it.
class StepLines final : public StepObserver {
  public:
    explicit StepLines(std::FILE* file) : file_(file) {}

    void stepping(
        std::uint64_t step, Instant now, NodeId node, const node::Event& event) override {
        end();
        Hash128 hash;
        node::hash_event(event, hash);
        line_ = fmt::format("step {}, {} ns, {}: {} [{}]", step, now.nanoseconds,
            check::node_name(node), describe_event(event), hash_text(hash));
    }
    void stepped(const node::Replica&, std::span<const node::Effect> effects) override {
        for (const node::Effect& effect : effects) {
            line_ += fmt::format(" {}", effect.index());
        }
    }
    void end() {
        if (!line_.empty()) {
            std::fprintf(file_, "%s\n", line_.c_str());
        }
        line_.clear();
    }

  private:
    std::FILE* const file_;
    std::string line_;
};

// False at the end.
bool read_line(std::FILE* file, std::string& line) {
    line.clear();
    for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) {
        if (c == '\n') {
            return true;
        }
        line.push_back(static_cast<char>(c));
    }
    return !line.empty();
}

}  // namespace

std::optional<Divergence> first_difference(std::FILE* one, std::FILE* other) {
    Divergence found;
    while (true) {
        const bool more = read_line(one, found.one);
        const bool others = read_line(other, found.other);
        if (!more && !others) {
            return std::nullopt;
        }
        ++found.step;
        if (found.one != found.other) {
            return found;
        }
        found.before = found.one;
    }
}

std::optional<Divergence> find_divergence(const check::Scenario& scenario, std::uint64_t seed) {
    const File one(std::tmpfile(), &std::fclose);
    const File other(std::tmpfile(), &std::fclose);
    if (!one || !other) {
        throw std::runtime_error("cannot make a temporary file");
    }
    std::vector<std::function<void(const Say&)>> bodies;
    for (std::FILE* const file : {one.get(), other.get()}) {
        bodies.push_back([&, file](const Say&) {
            StepLines lines(file);
            run_seed({.scenario = scenario, .seed = seed, .observer = &lines});
            lines.end();
            std::fflush(file);
        });
    }
    run_side_by_side(bodies, UINT64_MAX / 2);
    std::rewind(one.get());
    std::rewind(other.get());
    return first_difference(one.get(), other.get());
}

}  // namespace ledger::sim
