#pragma once
// Words: how the scripts write what Raft knows and says: nodes, entries, messages, progress.

#include <string>
#include <string_view>
#include <vector>

#include "raft/raft.h"

namespace ledger::raft::interaction {

// `2@1` is the entry at index 2 of term 1, `0` what stands before the first one, `2-4@1` three
// entries of one term.
std::string text_of(LogId id);
std::string text_of(const std::vector<EntryRef>& entries);
// The whole log; entries known from their terms only.
std::string text_of(const RaftLog& log);
std::string_view text_of(Role role);
std::string_view text_of(Progress::State state);
// 0 is nobody.
std::string text_of(NodeId node);
// `1,2,4` are voters; `1,2,4/1,2,3` is joint, the outgoing voters behind the slash; `1,2,3+5` has a
// learner. Letters behind a node: w a witness, p to be promoted.
std::string text_of(const Configuration& configuration);

// The kind, then the fields that differ from zero: `heartbeat term=1 round=3`.
std::string text_of(const Message& message);
std::string_view kind_of(const Message& message);
// The inverse of text_of: `kind` and words like `term=1`. Throws BadScript.
Message parse_message(std::string_view kind, const std::vector<std::string_view>& fields);
bool is_kind(std::string_view word);

// What a status, a leader's knowledge of a peer and a step's wishes look like, one line each.
std::string text_of(const Status& status, Term last_term);
std::string text_of(const Progress& peer);
// `quiet` leaves out the messages and what is to be stored.
std::vector<std::string> lines_of(NodeId node, const Ready& ready, bool quiet);

// Voters, outgoing and learners; no letters.
Configuration parse_configuration(std::string_view text);
LogId parse_log_id(std::string_view text);
std::vector<EntryRef> parse_entries(std::string_view text);
// `n3`. Throws BadScript.
NodeId parse_node(std::string_view text);

}  // namespace ledger::raft::interaction
