#pragma once
// Session: one node's storage on one arm, step by step, and what each step said.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "log/cut_store.h"
#include "log/storage.h"
#include "tests/log/conformance/case.h"
#include "tests/log/sample.h"

namespace ledger::log::conformance {

// Every step says its result; steps that merely succeed say nothing.
class Session {
  public:
    explicit Session(Arm& arm, const Options& options = sample_options(4096))
        : arm_(arm), options_(options) {}

    FileSystem& files() { return arm_.files(); }
    const Options& options() const { return options_; }
    std::string in_directory(const std::string& name) const {
        return path_in(options_.directory, name);
    }

    void format(const Identity& identity = sample_identity());
    // Says "empty log", or what is held: "1..9, commit 6, term 2"; and where that is not what the
    // groups before came to.
    void open(const Identity& identity = sample_identity());
    // The process ends, or the whole machine does.
    void close();
    void lose_power();
    void reopen() {
        lose_power();
        open();
    }

    TwinLog& twin() { return twin_; }
    Storage& storage() { return *opened_->storage; }
    // Writes and syncs.
    void store(const Group& group);
    void term(std::uint64_t term, std::uint32_t vote = 0);
    // A group of entries, with a body of up to `bytes`; commits all entries before it.
    void append(std::uint64_t count, std::size_t bytes,
        std::optional<Index> truncate_to = std::nullopt);
    void seal();  // and commits everything
    void discard(std::uint64_t upto);
    // Says which entries came, or the error.
    void read(std::uint64_t first, std::uint64_t last, std::uint64_t bytes_max = UINT64_MAX);

    void list();     // says the names of the files
    void examine();  // says the findings
    void say(const std::string& what);
    void say(const Result<void>& result);
    void tell(const std::string& what) { outcome_.details += what + "\n"; }
    // Ends the session: the files are part of the details.
    Outcome end();

  private:
    Arm& arm_;
    const Options options_;
    TwinLog twin_;
    std::optional<Opened> opened_;
    std::uint64_t groups_ = 0;
    Outcome outcome_;
};

// A case over a session of its own.
Case session_case(const std::string& name, std::function<void(Session&)> steps,
    const std::string& words, std::uint64_t segment_bytes = 4096);

}  // namespace ledger::log::conformance
