#include "tests/log/conformance/session.h"

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/examination.h"
#include "tests/log/conformance/describe.h"
#include "tests/log/erasing.h"

namespace ledger::log::conformance {

void Session::say(const std::string& what) {
    outcome_.words += (outcome_.words.empty() ? "" : " | ") + what;
}

void Session::say(const Result<void>& result) {
    if (!result) {
        say(describe(result.error()));
    }
}

void Session::format(const Identity& identity) {
    say(log::format(files(), options_, identity));
}

void Session::open(const Identity& identity) {
    close();
    Result<Opened> opened = log::open(files(), options_, identity);
    tell(describe(opened));
    if (!opened) {
        say(describe(opened.error()));
        return;
    }
    const Recovered& found = opened->recovered;
    std::string words =
        found.last < found.first
            ? fmt::format("empty log{}",
                  found.first > Index{1} ? fmt::format(" from {}", found.first) : "")
            : fmt::format("{}..{}, commit {}", found.first, found.last, found.commit);
    words += found.hard_state.term > Term{0} ? fmt::format(", term {}", found.hard_state.term) : "";
    words += found.hard_state.vote > NodeId{0} ? fmt::format(", vote {}", found.hard_state.vote) : "";
    twin_.forget(found.first);
    bool same = found.hard_state == twin_.hard_state && found.first == twin_.first() &&
                found.last == twin_.last();
    if (same && found.first <= found.last) {
        const auto all = opened->storage->read(found.first, found.last, UINT64_MAX);
        same = all && *all == twin_.entries;
    }
    say(words + (same ? "" : ", not as written"));
    opened_ = std::move(*opened);
}

void Session::close() {
    opened_.reset();
}

void Session::lose_power() {
    close();
    arm_.lose_power();
}

void Session::store(const Group& group) {
    const Result<void> written = storage().write(group);
    say(written ? storage().sync() : written);
    twin_.apply(group);
}

void Session::term(std::uint64_t term, std::uint32_t vote) {
    Group group;
    group.hard_state = HardState{Term{term}, NodeId{vote}};
    store(group);
}

void Session::append(
    std::uint64_t count, std::size_t bytes, std::optional<Index> truncate_to) {
    Group group = with_own_payloads(twin_.group(++groups_ * 37, count, bytes, truncate_to));
    group.commit = truncate_to.value_or(twin_.last());
    store(group);
}

void Session::seal() {
    Group group;
    group.commit = twin_.last();
    store(group);
}

void Session::discard(std::uint64_t upto) {
    say(storage().discard(Index{upto}));
}

void Session::read(std::uint64_t first, std::uint64_t last, std::uint64_t bytes_max) {
    const auto entries = storage().read(Index{first}, Index{last}, bytes_max);
    if (!entries) {
        say(describe(entries.error()));
        return;
    }
    say(entries->empty() ? "nothing"
                         : fmt::format("read {}..{}", entries->front().entry.index,
                               entries->back().entry.index));
}

void Session::list() {
    const auto names = files().list(options_.directory);
    LEDGER_ASSERT(names);
    std::string text;
    for (const std::string& name : *names) {
        text += (text.empty() ? "" : " ") + name;
    }
    say("[" + text + "]");
}

void Session::examine() {
    const auto examined = log::examine(files(), options_.directory);
    say(words_of(examined));
    tell(describe(examined));
}

Outcome Session::end() {
    close();
    const auto image = read_image(files(), options_.directory);
    tell(image ? "files:" + describe(*image) : describe(image.error()));
    if (outcome_.words.empty()) {
        outcome_.words = "ok";
    }
    return std::move(outcome_);
}

Case session_case(const std::string& name, std::function<void(Session&)> steps,
    const std::string& words, std::uint64_t segment_bytes) {
    const auto run = [steps = std::move(steps), segment_bytes](Arm& arm) {
        Session session(arm, sample_options(segment_bytes));
        steps(session);
        return session.end();
    };
    return {name, run, words};
}

}  // namespace ledger::log::conformance
