#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "tests/log/state/examples.h"
#include "log/base/sometimes.h"
#include "log/state/erasable.h"
#include "log/state/ledger.h"
#include "tests/log/state/model.h"
#include "tests/log/state/relay.h"

namespace ledger::state {
namespace {

enum Action {
    append_next,          // with the next sequence of its session
    append_out_of_order,  // with a sequence a little further on
    retry,                // an earlier command, the same bytes
    change,               // an earlier command with another body
    open_session,
    append_without_session,
    garbage,  // bytes that are no command
    no_operation,
    cut,      // begin to give the state away
    give_up,  // that
    retain,   // only what lies above an earlier entry
    learn,    // that there are redactions
    redact_some,  // events, also such as do not exist
};

// One entry of a random log, as shrinkable numbers; what they mean depends on what came before.
struct Step {
    int action = 0;
    std::uint32_t pick = 0;                   // which session or which earlier command
    std::uint32_t acknowledge = 0;            // how far behind the sequence
    std::vector<std::pair<int, int>> checks;  // stream, form of expectation
    std::vector<std::uint32_t> events;        // places
    std::int64_t elapsed = 0;
};

// Independent of RapidCheck's size, which shall govern the length of the log only.
template <typename Number>
rc::Gen<Number> below(Number end) {
    return rc::gen::resize(rc::kNominalSize, rc::gen::inRange<Number>(0, end));
}

rc::Gen<Step> any_step() {
    using rc::gen::set;
    const auto action = rc::gen::weightedElement<int>(
        {{8, append_next}, {2, append_out_of_order}, {4, retry}, {2, change}, {2, open_session},
            {2, append_without_session}, {1, garbage}, {1, no_operation}, {3, cut}, {1, give_up},
            {1, retain}, {3, learn}, {6, redact_some}});
    const auto form = rc::gen::weightedElement<int>({{6, 0}, {1, 1}, {1, 2}, {5, 3}, {1, 4}});
    const auto checks =
        rc::gen::container<std::vector<std::pair<int, int>>>(rc::gen::pair(below(6), form));
    const auto events = rc::gen::container<std::vector<std::uint32_t>>(below(100u));
    return rc::gen::build<Step>(set(&Step::action, action), set(&Step::pick, below(1000u)),
        set(&Step::acknowledge, below(6u)), set(&Step::checks, rc::gen::resize(4, checks)),
        set(&Step::events, rc::gen::resize(6, events)),
        set(&Step::elapsed, below(std::int64_t{3})));
}

void showValue(const Step& step, std::ostream& out) {
    out << "step " << step.action << " pick " << step.pick << " checks " << step.checks.size()
        << " events " << step.events.size();
}

// Runs a random log through the ledger, a second one that is cut and restored, and the model.
class Twins {
  public:
    explicit Twins(const Limits& limits) : feed_(limits), relay_(limits), model_(limits) {}

    void take(const Step& step);
    void compare_reads();
    // What stays of every entry's body.
    void compare_bodies() const;
    std::uint64_t restored() const { return relay_.restored(); }
    std::uint64_t early() const { return relay_.early(); }

  private:
    Append append_of(const Step& step);
    Redact redact_of(const Step& step);
    template <typename Asked>
    void key(const Step& step, Asked& asked);
    Expected expectation(const std::string& stream, int form) const;
    void apply(const Command* command, const EntryRef& entry);
    void compare_read(const Query& query);
    // Whether the step was one that concerns cuts.
    bool took_cut(const Step& step);

    Feed feed_;
    Relay relay_;
    Model model_;
    std::vector<std::uint64_t> sessions_;
    std::vector<Command> sent_;
    std::uint64_t sequence_ = 0;
    std::uint64_t salt_ = 0;
};

Expected Twins::expectation(const std::string& stream, int form) const {
    const std::uint64_t length = model_.length_of(stream);
    switch (form) {
        case 1: return {Expected::Kind::no_stream, {}};
        case 2: return {Expected::Kind::exists, {}};
        case 3:  // what holds
            return length == 0 ? Expected{Expected::Kind::no_stream, {}}
                               : Expected{Expected::Kind::exact, Revision{length - 1}};
        case 4: return {Expected::Kind::exact, Revision{length}};
        default: return {};
    }
}

Append Twins::append_of(const Step& step) {
    Append append;
    for (const auto& [number, form] : step.checks) {
        const std::string stream = "stream-" + std::to_string(number);
        const auto same = [&stream](const StreamCheck& check) { return check.stream == stream; };
        if (std::none_of(append.streams.begin(), append.streams.end(), same)) {
            append.streams.push_back({stream, expectation(stream, form)});
        }
    }
    for (const std::uint32_t place : step.events) {
        if (!append.streams.empty()) {
            ++salt_;
            NewEvent event = event_in(
                place % static_cast<std::uint32_t>(append.streams.size()), std::to_string(salt_));
            event.id = {salt_, place};
            append.events.push_back(event);
        }
    }
    key(step, append);
    return append;
}

Redact Twins::redact_of(const Step& step) {
    Redact redact;
    const std::uint64_t length = model_.length();
    // Beyond the end now and then.
    const std::uint64_t end = length + (step.pick % 8 == 0 || length == 0 ? 2 : 0);
    for (const std::uint32_t place : step.events) {
        redact.positions.push_back(Position{end - 1 - place % std::min<std::uint64_t>(end, 20)});
    }
    redact.positions.push_back(Position{step.pick % end});
    std::sort(redact.positions.begin(), redact.positions.end());
    redact.positions.erase(
        std::unique(redact.positions.begin(), redact.positions.end()), redact.positions.end());
    key(step, redact);
    return redact;
}

template <typename Asked>
void Twins::key(const Step& step, Asked& asked) {
    if (sessions_.empty() || step.action == append_without_session) {
        return;
    }
    const bool next = step.action == append_next || step.action == redact_some;
    asked.session = SessionId{sessions_[step.pick % sessions_.size()]};
    sequence_ += next ? 1 : 1 + step.pick % 3;
    const std::uint64_t back = next ? 0 : step.pick % 4;
    asked.sequence = Sequence{sequence_ - std::min(back, sequence_ - 1)};
    asked.acknowledged_through =
        asked.sequence - std::min<std::uint64_t>(1 + step.acknowledge, asked.sequence.value);
}

bool Twins::took_cut(const Step& step) {
    if (step.action == cut) {
        const std::uint64_t bytes_max = 16 + step.pick % 400;
        relay_.cut(chunks_of(feed_.ledger, bytes_max), bytes_max);
    } else if (step.action == give_up) {
        relay_.give_up();
    } else if (step.action == retain) {
        const Index upto{feed_.log.size() - step.pick % (feed_.log.size() + 1)};
        feed_.ledger.retain(upto);
        relay_.retain(upto);
        model_.retain(upto.value);
        RC_ASSERT(feed_.ledger.retained() == Position{model_.retained()});
    } else {
        return false;
    }
    return true;
}

void Twins::take(const Step& step) {
    if (took_cut(step)) {
        return;
    }
    feed_.time += step.elapsed;
    if (step.action == learn) {
        model_.learn_redact();
        apply(nullptr, redact_known_at(feed_.log.size() + 1));
        return;
    }
    if (step.action == no_operation || step.action == garbage) {
        EntryRef entry = entry_with(feed_.log.size() + 1,
            EntryHandle::make(as_bytes(step.action == garbage ? "\1\1rubbish" : ""), {}),
            feed_.time);
        entry.kind = step.action == garbage ? EntryKind::command : EntryKind::noop;
        apply(nullptr, entry);
        return;
    }
    Command command = RegisterSession{};
    if ((step.action == retry || step.action == change) && !sent_.empty()) {
        command = sent_[sent_.size() - 1 - step.pick % std::min<std::size_t>(sent_.size(), 12)];
        auto* append = std::get_if<Append>(&command);
        if (step.action == change && append != nullptr) {
            append->streams.push_back({"changed-" + std::to_string(step.pick), {}});
        }
        if (auto* redact = std::get_if<Redact>(&command); step.action == change && redact) {
            redact->positions.push_back(redact->positions.back().next());
        }
    } else if (step.action == redact_some) {
        sent_.emplace_back(std::in_place_type<Redact>, redact_of(step));
        command = sent_.back();
    } else if (step.action != open_session) {
        sent_.emplace_back(std::in_place_type<Append>, append_of(step));
        command = sent_.back();
    } else {
        sessions_.push_back(feed_.log.size() + 1);
    }
    apply(&command, entry_with(feed_.log.size() + 1, encode_command(command), feed_.time));
}

void Twins::apply(const Command* command, const EntryRef& entry) {
    const ByteVector bytes = feed_.bytes_of(entry);
    if (entry.kind != EntryKind::command) {
        RC_ASSERT(bytes.empty());
    } else {
        const Outcome wanted = model_.apply(entry.index.value, feed_.time, command);
        RC_ASSERT(bool(Feed::decoded(bytes) == wanted));
        RC_ASSERT(bytes == encoded(wanted));
    }
    model_.passed();
    ByteVector same;
    relay_.apply(entry, feed_.chain, same);
    RC_ASSERT(same == bytes);
    RC_ASSERT(relay_.ledger().digest() == feed_.ledger.digest());
    RC_ASSERT(relay_.ledger().chain() == feed_.chain);
    RC_ASSERT(feed_.ledger.applied() == entry.index);
    RC_ASSERT(feed_.ledger.length() == Position{model_.length()});
}

void Twins::compare_bodies() const {
    std::optional<Index> next = feed_.ledger.redacted_from({});
    for (const EntryRef& entry : feed_.log) {
        const std::vector<Slot> slots = model_.redacted(entry.index.value);
        EntryRef wanted = entry;
        wanted.handle = erase_events(entry.handle, slots);
        EntryRef found = entry;
        found.handle = feed_.ledger.without_redacted(entry.index, entry.handle);
        EntryRef same = entry;
        same.handle = relay_.ledger().without_redacted(entry.index, entry.handle);
        RC_ASSERT(bool(found == wanted));
        RC_ASSERT(bool(same == wanted));
        RC_ASSERT(slots.empty() || found.handle.erasure() != Erasure::none);
        RC_ASSERT((slots.empty() || next == entry.index));
        next = next == entry.index ? feed_.ledger.redacted_from(entry.index.next()) : next;
    }
    RC_ASSERT(!next);
}

void Twins::compare_read(const Query& query) {
    const std::optional<Answer> wanted = model_.read(query);
    const Result<Located> located = feed_.ledger.locate(query);
    const Result<Located> same = relay_.ledger().locate(query);
    RC_ASSERT(located.has_value() == wanted.has_value());
    RC_ASSERT(same.has_value() == wanted.has_value());
    if (!wanted) {
        RC_ASSERT(located.error().code == make_error_code(Errc::expired));
        RC_ASSERT(located.error().place == same.error().place);
        return;
    }
    RC_ASSERT(bool(*same == *located));
    const Answer found = feed_.read(query);
    RC_ASSERT(bool(found == *wanted));
    RC_ASSERT(bool(*decode_answer(encoded(found)) == found));
}

void Twins::compare_reads() {
    const std::uint64_t far = ~std::uint64_t{0};
    for (const Direction direction : {Direction::forward, Direction::backward}) {
        for (const std::uint32_t count : {0u, 1u, 3u, 4096u}) {
            const std::uint64_t length = model_.length();
            for (const std::uint64_t from :
                {std::uint64_t{0}, length / 2, length, length + 1, far}) {
                compare_read(ReadAll{Position{from}, direction, count});
                for (const char* stream : {"", "stream-0", "stream-3", "nobody"}) {
                    compare_read(Follow{Position{from}, stream, count, 0});
                }
            }
            for (int number = 0; number < 6; ++number) {
                const std::string stream = "stream-" + std::to_string(number);
                const std::uint64_t size = model_.length_of(stream);
                for (const std::uint64_t from : {std::uint64_t{0}, size / 2, size, far}) {
                    compare_read(ReadStream{stream, Revision{from}, direction, count});
                }
            }
        }
    }
}

std::uint64_t restored = 0;  // by all logs
std::uint64_t early = 0;     // entries, before the past had come

void run_twins(const Limits& limits, const std::vector<Step>& steps) {
    Twins twins(limits);
    for (const Step& step : steps) {
        twins.take(step);
    }
    twins.compare_reads();
    twins.compare_bodies();
    restored += twins.restored();
    early += twins.early();
}

rc::Gen<std::vector<Step>> any_log() {
    return rc::gen::scale(2.0, rc::gen::container<std::vector<Step>>(any_step()));
}

std::uint64_t hits(std::string_view name) {
    for (const SometimesMark* mark = first_sometimes_mark(); mark != nullptr; mark = mark->next) {
        if (mark->name == name) {
            return mark->hits;
        }
    }
    return 0;
}

TEST_CASE("twin: the ledger decides and reads as the model does", "[state]") {
    CHECK(rc::check("shipped limits", [] { run_twins({}, *any_log()); }));
    CHECK(rc::check("tiny limits", [] {
        run_twins({.sessions_max = 2, .stored_replies_max = 2, .streams_max = 4,
                      .redactions_max = 6},
            *any_log());
    }));
    CHECK(rc::check("one of each", [] {
        run_twins({.sessions_max = 1, .stored_replies_max = 1, .streams_max = 1}, *any_log());
    }));
    // Hundreds of logs that missed one of these would prove little.
    for (const char* name :
        {"state.retry_replayed", "state.conflict", "state.conflict_of_several_checks",
            "state.session_expired_by_bound", "state.session_expired", "state.sequence_too_old",
            "state.mismatch", "state.multi_stream_append", "state.limit_reached",
            "state.retained_while_frozen", "state.redact_without_events",
            "state.redactions_limit_reached", "state.redacted_with_its_copies"}) {
        INFO(name);
        CHECK(hits(name) >= 20);
    }
    CHECK(early >= 100);
    CHECK(hits("state.copy_of_what_is_redacted") >= 3);  // needs three entries that fit
    CHECK(restored >= 100);
}

}  // namespace
}  // namespace ledger::state
