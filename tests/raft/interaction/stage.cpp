#include "tests/raft/interaction/stage.h"

#include <algorithm>
#include <utility>

#include "log/base/format.h"
#include "tests/raft/interaction/facts.h"
#include "tests/raft/interaction/words.h"

namespace ledger::raft::interaction {
namespace {

constexpr Duration T = Cluster::T;
constexpr int steps_max = 100'000;

// `40ms`, `2s`, `T` or `3T`, T being the minimum election timeout.
Duration parse_duration(std::string_view text) {
    if (text.ends_with("ms")) {
        return milliseconds(static_cast<std::int64_t>(
            parse_number(text.substr(0, text.size() - 2), "a duration like 40ms")));
    }
    const std::string_view amount = text.substr(0, text.empty() ? 0 : text.size() - 1);
    if (text.ends_with('s')) {
        return seconds(static_cast<std::int64_t>(parse_number(amount, "a duration like 2s")));
    }
    if (text.ends_with('T')) {
        return T * static_cast<std::int64_t>(
                       amount.empty() ? 1 : parse_number(amount, "a duration like 2T"));
    }
    throw BadScript(fmt::format("expected a duration like 40ms, 2s or 3T and not '{}'", text));
}

// `name=value` as two words.
std::pair<std::string_view, std::string_view> parse_option(std::string_view word) {
    const std::vector<std::string_view> parts = split(word, '=');
    if (parts.size() != 2) {
        throw BadScript(fmt::format("expected an option like name=value and not '{}'", word));
    }
    return {parts[0], parts[1]};
}

void set_priority(Cluster::Options& options, NodeId node, std::uint64_t priority) {
    if (!options.configuration) {
        options.configuration = voters_1_to(options.nodes);
    }
    options.configuration->set_member(
        {.node = node, .priority = static_cast<std::uint8_t>(priority)});
}

}  // namespace

std::uint64_t ScriptedTimeouts::choose(
    Site site, std::uint64_t entity, std::uint64_t sequence, std::uint64_t domain) {
    if (free_ || site != Site::election_jitter) {
        return chance_.choose(site, entity, sequence, domain);
    }
    const auto set = timeouts_.find(NodeId{static_cast<std::uint32_t>(entity)});
    const Duration jitter = set == timeouts_.end()
                                ? milliseconds(20) * static_cast<std::int64_t>(entity)
                                : set->second - T;
    const std::int64_t step =
        jitter.nanoseconds * static_cast<std::int64_t>(domain) / T.nanoseconds;
    return std::min(static_cast<std::uint64_t>(step), domain - 1);
}

const std::vector<Stage::Named>& Stage::commands() {
    static const std::vector<Named> all{{"group", &Stage::group}, {"boot", &Stage::boot},
        {"timeout", &Stage::timeout}, {"pass", &Stage::pass}, {"wait", &Stage::wait},
        {"campaign", &Stage::campaign}, {"elect", &Stage::elect}, {"settle", &Stage::settle},
        {"run", &Stage::run}, {"crash", &Stage::crash}, {"restart", &Stage::restart},
        {"propose", &Stage::propose}, {"read", &Stage::read}, {"transfer", &Stage::transfer},
        {"store", &Stage::store}, {"load", &Stage::load}, {"disk", &Stage::disk},
        {"expect", &Stage::expect}, {"deliver", &Stage::deliver}, {"drop", &Stage::drop},
        {"duplicate", &Stage::duplicate}, {"hold", &Stage::hold}, {"release", &Stage::release},
        {"inject", &Stage::inject}, {"cut", &Stage::cut}, {"partition", &Stage::partition},
        {"isolate", &Stage::isolate}, {"heal", &Stage::heal}, {"lose", &Stage::lose},
        {"link_down", &Stage::link_down}, {"status", &Stage::status}, {"log", &Stage::show_log},
        {"progress", &Stage::progress}, {"network", &Stage::network}, {"change", &Stage::change},
        {"learn", &Stage::learn}, {"remove", &Stage::remove}, {"replace", &Stage::replace},
        {"leave", &Stage::leave}, {"wipe", &Stage::wipe}, {"snapshot", &Stage::snapshot}, {"ship", &Stage::ship}};
    return all;
}

std::vector<std::string> Stage::perform(const std::string& command) {
    lines_.clear();
    quiet_ = false;
    Words words(command);
    const std::string_view name = words.take("a command");
    const auto found = std::find_if(commands().begin(), commands().end(),
        [name](const Named& one) { return one.name == name; });
    if (found == commands().end()) {
        throw BadScript(fmt::format("there is no command '{}'", name));
    }
    (this->*found->command)(words);
    words.must_be_done();
    cluster().check_logs();
    return std::exchange(lines_, {});
}

void Stage::finish() {
    if (recover_) {
        quiet_ = true;
        timeouts_.release();
        cluster().must_recover();
    }
}

Cluster& Stage::cluster() {
    if (!cluster_) {
        throw BadScript("a script begins with group");
    }
    return *cluster_;
}

std::uint32_t Stage::node(Words& words) {
    const std::string_view word = words.take("a node like n1");
    const NodeId node = word == "leader" ? cluster().leader() : parse_node(word);
    if (node == NodeId{} || node.value > cluster().size()) {
        throw BadScript(fmt::format("there is no {}", word == "leader" ? "leader" : "such node"));
    }
    return node.value;
}

std::uint32_t Stage::live_node(Words& words) {
    const std::uint32_t id = node(words);
    if (!cluster().up(id)) {
        throw BadScript(fmt::format("n{} is down", id));
    }
    return id;
}

// One node, several, or `all` that are up.
std::vector<std::uint32_t> Stage::nodes(Words& words) {
    std::vector<std::uint32_t> ids;
    if (words.done() || words.take_if("all")) {
        for (std::uint32_t id = 1; id <= cluster().size(); ++id) {
            if (cluster().up(id)) {
                ids.push_back(id);
            }
        }
        return ids;
    }
    while (words.peek().starts_with('n') || words.peek() == "leader") {
        ids.push_back(live_node(words));
    }
    return ids;
}

void Stage::say(std::string line) {
    lines_.push_back(std::move(line));
}

void Stage::watch(NodeId id, const Ready& ready) {
    for (std::string& line : lines_of(id, ready, quiet_)) {
        say(std::move(line));
    }
    const Index commit = cluster().raft(id.value).commit();
    Index& told = commits_[id];
    if (commit != told) {
        say(fmt::format("n{}: commit {}", id, commit));
        told = commit;
    }
}

// `group 5 keep=0 window=1 batch=2`; `n2=3` is the priority of n2.
void Stage::group(Words& words) {
    if (cluster_) {
        throw BadScript("there is a group already");
    }
    Cluster::Options options{.choices = &timeouts_,
        .on_ready = [this](NodeId id, const Ready& ready) { watch(id, ready); }};
    const auto small = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
    options.nodes = small(parse_number(words.take("a number of nodes"), "a number of nodes"));
    while (!words.done()) {
        const auto [name, text] = parse_option(words.take("an option"));
        if (name == "end" && text == "faulty") {
            recover_ = false;
            continue;
        }
        if (name.starts_with('n')) {
            set_priority(options, parse_node(name), parse_number(text, "a priority"));
            continue;
        }
        const std::uint64_t value = parse_number(text, name);
        if (name == "voters") {
            options.voters = small(value);
        } else if (name == "drift_ms") {
            options.clock_drift_max = milliseconds(static_cast<std::int64_t>(value));
        } else if (name == "incarnations") {
            options.incarnations = value != 0;
        } else if (name == "keep") {
            options.keep_entries = value;
        } else if (name == "batch") {
            options.append_entries_max = small(value);
        } else if (name == "bulk") {
            options.catch_up_entries_max = small(value);
        } else if (name == "leave_by_hand") {
            options.leaves_joint_phase = value == 0;
        } else if (name == "batch_bytes") {
            options.append_bytes_max = value;
        } else if (name == "window") {
            options.inflight_messages_max = small(value);
        } else if (name == "window_bytes") {
            options.inflight_bytes_max = value;
        } else if (name == "uncommitted_bytes") {
            options.uncommitted_bytes_max = value;
        } else {
            throw BadScript(fmt::format("a group has no option '{}'", name));
        }
    }
    cluster_.emplace(options);
}

// `boot n2 term=3 vote=n1 log=1-3@1,4@2`
void Stage::boot(Words& words) {
    const std::uint32_t id = node(words);
    HardState state;
    std::vector<EntryRef> entries;
    while (!words.done()) {
        const auto [name, text] = parse_option(words.take("an option"));
        if (name == "term") {
            state.term = Term{parse_number(text, "a term")};
        } else if (name == "vote") {
            state.vote = parse_node(text);
        } else if (name == "log") {
            entries = parse_entries(text);
        } else {
            throw BadScript(fmt::format("a boot has no option '{}'", name));
        }
    }
    cluster().boot(id, state, entries);
}

void Stage::timeout(Words& words) {
    const NodeId id{node(words)};
    const Duration timeout = parse_duration(words.take("a duration"));
    if (timeout < T || timeout >= T * 2) {
        throw BadScript("an election timeout lies between T and 2T");
    }
    timeouts_.set(id, timeout);
}

void Stage::pass(Words& words) {
    const std::vector<std::uint32_t> ids = nodes(words);
    const Duration duration = parse_duration(words.take("a duration"));
    for (std::uint32_t id : ids) {
        cluster().pass(id, duration);
    }
}

void Stage::wait(Words& words) {
    const std::uint32_t id = live_node(words);
    if (cluster().raft(id).deadline() == never) {
        throw BadScript(fmt::format("n{} waits for nothing", id));
    }
    cluster().pass_until_deadline(id);
}

void Stage::campaign(Words& words) {
    const std::uint32_t id = live_node(words);
    cluster().start_election(id);
}

void Stage::elect(Words& words) {
    quiet_ = true;
    campaign(words);
    come_to_rest();
}

void Stage::settle(Words& words) {
    quiet_ = words.take_if("quietly");
    come_to_rest();
}

void Stage::run(Words& words) {
    quiet_ = true;
    const Duration duration = parse_duration(words.take("a duration"));
    const Duration step = milliseconds(10);
    for (Duration passed; passed < duration; passed = passed + step) {
        for (std::uint32_t id = 1; id <= cluster().size(); ++id) {
            cluster().pass(id, step);
        }
        come_to_rest();
    }
}

void Stage::come_to_rest() {
    for (int step = 0; step < steps_max; ++step) {
        if (cluster().messages() > 0) {
            deliver_one(0, false);
            continue;
        }
        bool worked = false;
        for (std::uint32_t id = 1; id <= cluster().size(); ++id) {
            if (slow_disks_.count(id) == 0) {
                worked = cluster().store(id) || worked;
                worked = cluster().load(id) || worked;
                worked = cluster().ship(id) || worked;
            }
        }
        if (!worked) {
            return;
        }
    }
    throw Violation("the group does not come to rest");
}

void Stage::crash(Words& words) {
    cluster().crash(live_node(words));
}

void Stage::restart(Words& words) {
    const std::uint32_t id = node(words);
    if (cluster().up(id)) {
        throw BadScript(fmt::format("n{} is up", id));
    }
    cluster().restart(id);
    commits_[NodeId{id}] = cluster().raft(id).commit();
    say(fmt::format("n{}: {}", id,
        text_of(cluster().raft(id).status(), cluster().raft(id).log().last_id().term)));
}

// `propose n1`, `propose leader 3`, `propose n1 2 bytes=1000`
void Stage::propose(Words& words) {
    const std::uint32_t id = live_node(words);
    std::uint32_t count = 1;
    std::uint32_t bytes = 0;
    while (!words.done()) {
        const std::string_view word = words.take("a number of entries or bytes=");
        if (word.starts_with("bytes=")) {
            bytes = static_cast<std::uint32_t>(parse_number(parse_option(word).second, "bytes"));
        } else {
            count = static_cast<std::uint32_t>(parse_number(word, "a number of entries"));
        }
    }
    if (!cluster().propose(id, count, bytes)) {
        const Status status = cluster().raft(id).status();
        say(status.role == Role::leader
                ? fmt::format("n{}: refused, busy", id)
                : fmt::format("n{}: refused, the leader is {}", id, text_of(status.leader)));
    }
}

// `read n1`, `read n1 lease`, `read n2 anywhere`
void Stage::read(Words& words) {
    const std::uint32_t id = live_node(words);
    const ReadPath path = words.take_if("lease")      ? ReadPath::lease
                          : words.take_if("anywhere") ? ReadPath::anywhere
                                                      : ReadPath::leader;
    const std::size_t place = lines_.size();
    ++reads_;
    const bool taken = cluster().read(id, path);
    const std::string line = taken ? fmt::format("n{}: read {}", id, reads_)
                                   : fmt::format("n{}: read {} refused, the leader is {}", id,
                                         reads_, text_of(cluster().raft(id).status().leader));
    lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(place), line);
}

// `transfer n1` to whom it likes, `transfer n1 n3` to n3.
void Stage::transfer(Words& words) {
    const std::uint32_t id = live_node(words);
    const std::uint32_t target = words.done() ? 0 : node(words);
    if (!cluster().transfer(id, target)) {
        say(fmt::format("n{}: transfer refused", id));
    }
}

// `store n1`, `store n1 2`, `store n1 all`
void Stage::store(Words& words) {
    const std::uint32_t id = live_node(words);
    const std::uint64_t outstanding = cluster().groups(id);
    std::uint64_t count = 1;
    if (words.take_if("all")) {
        count = outstanding;
    } else if (!words.done()) {
        count = parse_number(words.take("a number of groups"), "a number of groups");
    }
    if (count > outstanding || outstanding == 0) {
        throw BadScript(fmt::format("n{} has {} groups to store", id, outstanding));
    }
    for (std::uint64_t i = 0; i < count; ++i) {
        say(fmt::format("n{}: stored, {} left", id, cluster().groups(id) - 1));
        cluster().store(id);
    }
}

// `load n1`, `load n1 fails`
void Stage::load(Words& words) {
    const std::uint32_t id = live_node(words);
    const bool readable = !words.take_if("fails");
    if (!cluster().load(id, readable)) {
        throw BadScript(fmt::format("n{} has nothing to load", id));
    }
}

// `snapshot n1`, `snapshot n1 3`: what n1 has applied becomes a cut, three entries before it stay.
void Stage::snapshot(Words& words) {
    const std::uint32_t id = live_node(words);
    const std::uint64_t kept =
        words.done() ? 0 : parse_number(words.take("a number of entries"), "a number of entries");
    cluster().make_cut(id, kept);
    say(fmt::format("n{}: its log begins at {}", id, cluster().raft(id).log().first()));
}

// `ship n1`, `ship n1 fails`: the oldest cut that n1 is to send arrives, or does not.
void Stage::ship(Words& words) {
    const std::uint32_t id = live_node(words);
    const bool arrives = !words.take_if("fails");
    if (!cluster().ship(id, arrives)) {
        throw BadScript(fmt::format("n{} has no cut to send", id));
    }
}

// `disk n1 slow`: settle and run leave it alone. `disk n1 fast` ends that.
void Stage::disk(Words& words) {
    const std::uint32_t id = node(words);
    const std::string_view speed = words.take("slow or fast");
    if (speed == "slow") {
        slow_disks_.insert(id);
    } else if (speed == "fast") {
        slow_disks_.erase(id);
    } else {
        throw BadScript(fmt::format("a disk is slow or fast and not '{}'", speed));
    }
}

void Stage::expect(Words& words) {
    check_fact(cluster(), words);
}

}  // namespace ledger::raft::interaction
