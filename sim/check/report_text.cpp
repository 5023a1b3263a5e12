#include <algorithm>

#include <fmt/format.h>

#include "sim/check/report.h"

namespace ledger::check {
namespace {

// Columns of text, the first one left-aligned, all others to the right.
class Table {
  public:
    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

    std::string print() const {
        std::vector<std::size_t> widths;
        for (const auto& cells : rows_) {
            widths.resize(std::max(widths.size(), cells.size()));
            for (std::size_t i = 0; i < cells.size(); ++i) {
                widths[i] = std::max(widths[i], cells[i].size());
            }
        }
        std::string text;
        for (const auto& cells : rows_) {
            text += "  ";
            for (std::size_t i = 0; i < cells.size(); ++i) {
                text += i == 0 ? fmt::format("{:<{}}", cells[i], widths[i])
                               : fmt::format("  {:>{}}", cells[i], widths[i]);
            }
            text += '\n';
        }
        return text;
    }

  private:
    std::vector<std::vector<std::string>> rows_;
};

std::string number(std::uint64_t value) {
    return fmt::format("{}", value);
}

std::string faults_text(const Report& report) {
    if (report.faults.empty()) {
        return "no faults\n";
    }
    Table table;
    table.row({"faults", "fired", "consumed"});
    for (const FaultCount& fault : report.faults) {
        table.row({fault.kind, number(fault.fired), number(fault.consumed)});
    }
    return table.print();
}

std::string checks_text(const Report& report) {
    Table table;
    table.row({"checks", "examined", "verdict"});
    for (const CheckResult& check : report.checks) {
        table.row({check.name, number(check.examined), std::string(to_text(check.verdict))});
    }
    return table.print();
}

std::string end_text(const Report& report) {
    std::string text;
    for (const Violation& violation : report.violations) {
        text += fmt::format("{} ({}, step {}, {}.{:03} s): {}\n", violation.check,
            to_text(violation.kind), violation.step, violation.time.nanoseconds / 1'000'000'000,
            violation.time.nanoseconds / 1'000'000 % 1'000, violation.sentence);
    }
    text += fmt::format("verdict  {}{}{}\n", to_text(report.verdict),
        report.verdict_reason.empty() ? "" : ": ", report.verdict_reason);
    text += fmt::format("seed     {}\n", report.seed);
    const auto line = [&text](std::string_view name, const std::string& value) {
        if (!value.empty()) {
            text += fmt::format("{:<9}{}\n", name, value);
        }
    };
    line("build", report.build);
    line("repeat", report.repro);
    line("capsule", report.capsule);
    line("page", report.page);
    return text;
}

}  // namespace

std::string summary_text(const Report& report) {
    std::string text = fmt::format("{}: {}.{:03} s virtual in {}.{:03} s, {} events, trace {}\n\n",
        report.title, report.virtual_milliseconds / 1'000, report.virtual_milliseconds % 1'000,
        report.wall_milliseconds / 1'000, report.wall_milliseconds % 1'000, report.events,
        report.trace_hash.empty() ? "not hashed" : report.trace_hash);
    text += faults_text(report) + '\n';
    Table operations;
    operations.row({"operations", "ok", "failed", "unknown"});
    operations.row({"", number(report.operations_ok), number(report.operations_failed),
        number(report.operations_unknown)});
    text += operations.print() + '\n';
    text += checks_text(report) + '\n';
    if (!report.facts.empty()) {
        Table facts;
        for (const auto& [name, value] : report.facts) {
            facts.row({name, value});
        }
        text += facts.print() + '\n';
    }
    return text + end_text(report);
}

}  // namespace ledger::check
