#include "node/asio/ctl_ending.h"

#include <fmt/format.h>

#include "log/base/format.h"

namespace ledger::node::asio {
namespace {

std::string conflict_text(const state::Conflict& conflict) {
    std::string text = "conflict:";
    for (const state::FailedCheck& check : conflict.checks) {
        text += check.exists
                    ? fmt::format(" {} is at revision {};", check.stream, check.actual.value)
                    : fmt::format(" {} does not exist;", check.stream);
    }
    text.pop_back();
    return text;
}

std::string missing_text(const state::NoSuchEvents& missing) {
    std::string text = "nothing was redacted:";
    for (const Position position : missing.positions) {
        text += fmt::format(" position {} {};", position,
            position < missing.retained ? "has expired" : "has no event yet");
    }
    text.pop_back();
    return text + fmt::format(" (the ledger holds positions {} to {})", missing.retained,
                      missing.length.value - 1);
}

std::string refusal_text(const state::Outcome& outcome) {
    if (const auto* missing = std::get_if<state::NoSuchEvents>(&outcome)) {
        if (missing->retained == missing->length) {
            return "nothing was redacted: the ledger holds no events";
        }
        return missing_text(*missing);
    }
    if (std::holds_alternative<state::SessionExpired>(outcome)) {
        return "the session has expired";
    }
    if (std::holds_alternative<state::SequenceTooOld>(outcome)) {
        return "the sequence was acknowledged before";
    }
    if (std::holds_alternative<state::Mismatch>(outcome)) {
        return "another command has this sequence";
    }
    if (const auto* reached = std::get_if<state::LimitReached>(&outcome)) {
        return reached->bound == state::Bound::streams
                   ? "the ledger has as many streams as it takes"
                   : "as many events are redacted as the ledger can remember";
    }
    return "the cluster does not know this command";
}

}  // namespace

const char* text_of(client::Ending ending) {
    switch (ending) {
        case client::Ending::done: return "done";
        case client::Ending::failed: return "failed";
        case client::Ending::unknown: return "unknown";
    }
    return "";
}

std::string sentence_of(const client::Done& done) {
    if (done.ending == client::Ending::unknown) {
        return fmt::format("the outcome is unknown ({}, {} attempts)",
            done.reason.empty() ? "an earlier attempt may have been executed" : done.reason,
            done.attempts);
    }
    if (done.outcome) {
        const auto* conflict = std::get_if<state::Conflict>(&*done.outcome);
        return conflict != nullptr ? conflict_text(*conflict) : refusal_text(*done.outcome);
    }
    return done.reason;
}

int exit_code_of(const client::Done& done) {
    if (done.ending == client::Ending::done) {
        return exit_ok;
    }
    if (done.ending == client::Ending::unknown) {
        return exit_indeterminate;
    }
    if (done.outcome) {
        return exit_conflict;
    }
    if (done.overloaded) {
        return exit_overloaded;
    }
    // Refused by a node, or before anything was sent: the request itself is wrong.
    return done.node != NodeId{} || done.attempts == 0 ? exit_usage : exit_unavailable;
}

}  // namespace ledger::node::asio
