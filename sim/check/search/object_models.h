#pragma once
// Object models: judges recorded histories by the name of a sequential object and of a level.

#include <string>
#include <string_view>
#include <vector>

#include "log/base/result.h"
#include "sim/check/judgement.h"
#include "sim/check/recorded/recorded_history.h"

namespace ledger::check {

struct ObjectOptions {
    std::string model;  // "queue", "cas-register(init=nil)", "kv-append(no-partition)"
    std::string level;  // empty = the first one of its levels
};

// Names without arguments, in the order in which help lists them.
std::vector<std::string_view> object_model_names();
// Whether `model`, with or without arguments in brackets, is one of these.
bool is_object_model(std::string_view model);
// Of one of the names; the first is the default.
std::vector<std::string_view> object_model_levels(std::string_view name);

// Judges by a search (searched_history.h), and where there is a rule that is as sharp and takes one
// sweep, by that rule: sets that only grow, bounds of counters, totals of banks, queues in which no
// value comes twice.
//
// | model | arguments | operations |
// |---|---|---|
// | register, cas-register | init=VALUE | read, write, cas of [from to] |
// | kv, kv-append | init=VALUE, partition-by-key, no-partition | get, put, append, delete, cas |
// | queue (no order), fifo-queue, stack | | enqueue, dequeue, drain; push, pop |
// | set | | add, remove, contains, read |
// | counter | init=NUMBER | add, increment, decrement, add-and-get, read |
// | mutex, owner-mutex, fenced-mutex | | acquire, release |
// | bank | total=NUMBER | transfer, read |
// | s2-stream | | append, read, tail of start and finish lines |
// | multi-register | | micro-operations of reads and writes; maps |
//
// init=nil and init=0 of a register stand for two conventions (reference: checking, section 1):
// with nil a read of nil has seen nothing there and a failed cas has seen another value; with 0
// neither says anything. A bare name, and any other value, takes the convention of the format: log
// lines the first, maps the second.
//
// Errors: unknown_option (the model, an argument or the level; with those there are) and
// malformed_history (the line that the model cannot read).
Result<Judgement> judge_object(
    const RecordedHistory& history, const ObjectOptions& options, Budget& budget);

}  // namespace ledger::check
