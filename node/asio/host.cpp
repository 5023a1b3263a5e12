#include "node/asio/host.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/post.hpp>

#include "log/base/assert.h"
#include "log/base/format.h"

namespace ledger::node::asio {

namespace {

Config replica_config(const HostOptions& options) {
    Config config;
    config.cluster = options.data.identity.cluster;
    config.raft.self = options.data.identity.node;
    for (const auto& [node, endpoint] : options.members) {
        if (!options.join) {
            config.raft.configuration.voters.insert(node);
        }
    }
    config.raft.election_timeout_min = options.election_timeout;
    config.raft.heartbeat_interval = options.heartbeat_interval;
    config.limits.cut_entries = options.cut_entries;
    config.limits.retain_entries = options.retain_entries;
    config.features_max = options.features_max;
    return config;
}

Neighbourhood neighbourhood_of(const HostOptions& options) {
    return {options.data.identity.cluster, options.data.identity.node};
}

WallTime wall_now() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
}

template <typename... Cases>
struct Match : Cases... {
    using Cases::operator()...;
};
template <typename... Cases>
Match(Cases...) -> Match<Cases...>;

}  // namespace

Host::Host(const HostOptions& options, Journal& journal)
    : options_(options), config_(replica_config(options)),
      neighbourhood_(neighbourhood_of(options)), journal_(journal), loop_(1),
      choices_(options.key), replica_(config_, machine_, choices_), edge_(options.edge),
      acceptor_(loop_, journal_, *this), alarm_(loop_), sweeper_(loop_) {
    LEDGER_ASSERT(options_.members.contains(options_.data.identity.node));
}

Host::~Host() = default;

// --- A life: open, run, stop ---

Result<void> Host::open() {
    LEDGER_ASSERT(!data_);
    LEDGER_CHECK(acceptor_.listen(options_.listen));
    LEDGER_TRY(data_, DataDirectory::take(options_.data));
    LEDGER_TRY(log::Opened opened, data_->open());
    if (!options_.record.empty()) {
        LEDGER_TRY(recording_, RecordingFile::create(options_.record,
                                   {.config = config_, .machine = {}, .key = options_.key},
                                   options_.record_bytes_max));
    }
    recovered_ = std::move(opened.recovered);
    LEDGER_TRY(log::CutStore cuts, data_->open_cuts());
    cuts_.assign(cuts.cuts().begin(), cuts.cuts().end());
    cut_thread_ = std::make_unique<CutThread>(
        loop_, std::move(cuts), static_cast<CutThread::Port&>(*this));
    reader_ = std::make_unique<ReaderThread>(loop_, data_->files(), DataDirectory::log_directory,
        static_cast<ReaderThread::Port&>(*this));
    reader_->publish(opened.storage->published());
    writer_ = std::make_unique<WriterThread>(loop_, std::move(opened.storage), *reader_,
        static_cast<WriterThread::Port&>(*this));
    return {};
}

Ending Host::run() {
    LEDGER_ASSERT(recovered_.has_value());
    journal_.info("node", "of cluster {} listens on {}:{}, data in {}",
        to_text(options_.data.identity.cluster), options_.listen.address().to_string(), port(),
        options_.data.path);
    journal_.info("log", "holds entries {} to {}, committed at least to {}, term {}, {} torn bytes removed",
        recovered_->first, recovered_->last, recovered_->commit, recovered_->hard_state.term,
        recovered_->torn_bytes);
    if (!recovered_->unsealed.empty()) {
        journal_.info("log", "the crash left {} entries from {} on in doubt: asking the others",
            recovered_->unsealed.size(), recovered_->unsealed.front().index);
    }
    if (!cuts_.empty()) {
        journal_.info("cut", "of the state at index {} is the newest of {}",
            cuts_.back().id.index, cuts_.size());
    }
    step(Start{std::move(*recovered_), wall_now(), std::move(cuts_)});
    recovered_.reset();
    for (const auto& [node, endpoint] : options_.members) {
        link_to(node, endpoint);
    }
    acceptor_.start();
    spawn(loop_, sweep(), [] {});
    loop_.run();
    writer_.reset();
    reader_.reset();
    cut_thread_.reset();
    LEDGER_ASSERT(connections_.empty());
    if (recording_) {
        end_recording();
    }
    journal_.info("node", "ends, stored {} groups", stored_.value);
    return ending_;
}

void Host::stop() {
    net::post(loop_, [this] { shut_down(); });
}

void Host::shut_down() {
    if (stopping_) {
        return;
    }
    stopping_ = true;
    acceptor_.stop();
    for (auto& [node, link] : links_) {
        link.stop();
    }
    for (auto& [id, connection] : connections_) {
        connection.close("the node stops");
    }
    alarm_.cancel();
    sweeper_.cancel();
    also_shut_down_();
}

// --- Effects ---

void Host::step(Event&& event) {
    step_replica(std::move(event));
    serve_edge();
}

void Host::serve_edge() {
    while (!asked_.empty()) {
        Client next = std::move(asked_.front());
        asked_.pop_front();
        step_replica(std::move(next));
    }
}

void Host::tell_edge(edge::Event&& event) {
    if (stopping_) {
        return;
    }
    for (edge::Effect& effect : edge_.step(steady_now(), std::move(event))) {
        carry_out(effect);
    }
    if (!stepping_) {
        serve_edge();
    }
}

void Host::step_replica(Event&& event) {
    LEDGER_ASSERT(!stepping_);
    if (stopping_) {
        return;
    }
    stepping_ = true;
    const Instant now = steady_now();
    if (recording_) {
        recording_->recorder().stepping(now, event);
    }
    const std::span<Effect> effects = replica_.step(now, std::move(event));
    if (recording_) {
        recording_->recorder().stepped(replica_, machine_, effects);
        if (!recording_->stepped()) {
            journal_.warn("node", "the recording ends before the node: the file takes no more");
            end_recording();
        }
    }
    for (Effect& effect : effects) {
        carry_out(effect);
    }
    stepping_ = false;
    tell_of_repair();
    tell_of_space();
}

void Host::tell_of_space() {
    const bool crowded = replica_.crowded();
    if (crowded && !crowded_) {
        journal_.warn("disk", "is full or nearly so: no more commands are stored, see --soft-limit");
    } else if (!crowded && crowded_) {
        journal_.info("disk", "has space again");
    }
    crowded_ = crowded;
}

void Host::tell_of_repair() {
    const Repair& repair = replica_.repair();
    if (const std::uint64_t damaged = repair.damaged(); damaged != damaged_) {
        if (damaged > damaged_) {
            journal_.warn("disk", "{} entries are damaged: asking the others for copies", damaged);
        } else {
            journal_.info("disk", "{} damaged entries are left", damaged);
        }
        damaged_ = damaged;
    }
    if (const Index blocked = repair.blocked(); blocked != blocked_) {
        if (blocked != Index{}) {
            journal_.error("disk",
                "repair_blocked: nobody that answers has an intact copy of entry {}", blocked);
        }
        blocked_ = blocked;
    }
}

void Host::end_recording() {
    static_cast<void>(recording_->flush());
    journal_.info("node", "{}", recording_->text());
    recording_.reset();
}

void Host::carry_out(Effect& effect) {
    std::visit(Match{
                   [this](Send& send) { this->send(std::move(send)); },
                   [this](const Store& store) { writer_->store(store); },
                   [this](const Load& load) { reader_->load(load); },
                   [this](const WakeAt& wake) {
                       replica_wake_ = wake.deadline;
                       set_alarm();
                   },
                   [this](Reply& reply) {
                       tell_edge(edge::Replied{reply.client, std::move(reply.reply)});
                   },
                   [this](StoreCut& store) {
                       note(store);
                       cut_thread_->store(std::move(store));
                   },
                   [this](const LoadChunk& load) { cut_thread_->load(load); },
                   [this](const Discard& discard) {
                       journal_.info("log", "entries up to {} may go", discard.upto);
                       writer_->discard(discard);
                   },
                   [this](const Advanced& advanced) { tell_edge(Advanced(advanced)); },
                   [this](const Trace& trace) { note(trace.transition); },
                   [this](const Halt& halt) {
                       journal_.error("node", "halts: {}", halt.reason);
                       ending_ = halt.too_old ? Ending::too_old : Ending::disk_failed;
                       shut_down();
                   },
               },
        effect);
}

// Nothing here comes back to the edge at once: connections answer on turns of their own.
void Host::carry_out(edge::Effect& effect) {
    const auto with = [this](ClientId client, auto&& act) {
        // A connection that is closing is gone for the edge soon.
        if (const auto at = connections_.find(client); at != connections_.end()) {
            act(at->second);
        }
    };
    std::visit(Match{
                   [this](edge::Ask& ask) {
                       asked_.push_back({ask.client, std::move(ask.request)});
                   },
                   [&](edge::Deliver& deliver) {
                       with(deliver.client, [&](Connection& to) { to.reply(deliver.reply); });
                   },
                   [&](edge::PauseReading& pause) {
                       with(pause.client, [](Connection& to) { to.pause(); });
                   },
                   [&](edge::ResumeReading& resume) {
                       with(resume.client, [](Connection& to) { to.resume(); });
                   },
                   [&](edge::Close& close) {
                       with(close.client, [&](Connection& to) { to.refuse(close.reason); });
                   },
                   [this](edge::WakeAt& wake) {
                       edge_wake_ = wake.deadline;
                       set_alarm();
                   },
               },
        effect);
}

void Host::link_to(NodeId peer, const Tcp::endpoint& endpoint) {
    // Twice as many as there can be members: some of them may have left.
    constexpr std::size_t links_max = 2 * std::size_t{raft::members_max};
    const NodeId self = options_.data.identity.node;
    if (const auto known = links_.find(peer); known != links_.end()) {
        known->second.move_to(endpoint);
    } else if (peer != self && links_.size() < links_max && !stopping_) {
        const PeerHello hello{options_.data.identity.cluster, self, peer, port()};
        const auto made = links_.try_emplace(peer, loop_, hello, endpoint, options_.net, journal_,
            static_cast<PeerLink::Port&>(*this));
        made.first->second.start();
    }
}

void Host::send(Send&& effect) {
    if (effect.after <= stored_) {
        send_now(effect.message);
        return;
    }
    LEDGER_ASSERT(held_.empty() || held_.back().after <= effect.after);
    held_.push_back({effect.after, std::move(effect.message)});
}

void Host::send_now(const PeerMessage& message) {
    const auto link = links_.find(message.to);
    if (link != links_.end()) {
        link->second.send(message);
    }
}

void Host::note(const StoreCut& store) {
    if (const auto* complete = std::get_if<StoreCut::Complete>(&store.work)) {
        journal_.info("cut", "of the state at index {}: {} chunks, {} bytes", store.cut.index,
            complete->manifest->chunks.size(), complete->manifest->bytes);
    } else if (const auto* resume = std::get_if<StoreCut::Resume>(&store.work)) {
        journal_.info("cut", "of the state at index {} comes from the leader: {} chunks",
            store.cut.index, resume->manifest->chunks.size());
    }
}

void Host::note(const raft::Transition& transition) {
    journal_.stands(transition.role, transition.term);
    journal_.info("raft", "{}", raft::to_text(transition));
}

// --- Time ---

// Deadlines move away far more often than they come: an alarm that is too early looks again, so
// that the timer is set anew only for an earlier one.
void Host::set_alarm() {
    const Instant next = std::min(replica_wake_, edge_wake_);
    if (next <= steady_now()) {
        end_turn();
    } else if (next < armed_at_) {
        arm(next);
    }
}

// "Now" means after all that is ready by now, which the loop runs before what is posted.
void Host::end_turn() {
    if (turn_ends_) {
        return;
    }
    turn_ends_ = true;
    net::post(loop_, [this] {
        turn_ends_ = false;
        ring();
    });
}

void Host::arm(Instant at) {
    LEDGER_ASSERT(at != never);
    armed_at_ = at;
    const std::chrono::nanoseconds since{at.nanoseconds};
    alarm_.expires_at(std::chrono::steady_clock::time_point(since));
    alarm_.async_wait([this](boost::system::error_code cancelled) {
        if (!cancelled) {
            on_alarm();
        }
    });
}

void Host::on_alarm() {
    armed_at_ = never;
    ring();
}

void Host::ring() {
    if (stopping_) {
        return;
    }
    if (steady_now() >= edge_wake_) {
        edge_wake_ = never;
        tell_edge(edge::Timer{});
    }
    if (steady_now() >= replica_wake_) {
        replica_wake_ = never;
        step(Time{wall_now()});
    }
    if (!stopping_) {
        set_alarm();
    }
}

awaitable<void> Host::sweep() {
    while (!stopping_) {
        sweeper_.expires_after(to_chrono(options_.net.sweep_interval));
        const auto waited = co_await sweeper_.async_wait(as_result);
        static_cast<void>(waited);
        const Instant now = steady_now();
        for (auto& [node, link] : links_) {
            link.sweep(now);
        }
        for (auto& [id, connection] : connections_) {
            connection.sweep(now);
        }
        if (recording_ && !recording_->flush()) {
            journal_.warn("node", "the recording ends before the node: it cannot be written");
            end_recording();
        }
    }
}

// --- Events ---

void Host::on_stored(Ticket ticket, std::vector<Index> damaged, bool crowded) {
    LEDGER_ASSERT(ticket > stored_);
    stored_ = ticket;
    while (!held_.empty() && held_.front().after <= stored_) {
        send_now(held_.front().message);
        held_.pop_front();
    }
    step(Stored{ticket, std::move(damaged), crowded});
}

void Host::on_store_failed(Ticket ticket, const Error& error) {
    journal_.error("disk", "cannot store: {}, {}", error.code.message(), error.place);
    step(StoreFailed{ticket});
}

void Host::on_loaded(Loaded&& loaded, const Error& error) {
    if (loaded.failed) {
        journal_.error("disk", "cannot read: {}, {}", error.code.message(), error.place);
    }
    step(std::move(loaded));
}

void Host::on_cut_stored(const CutStored& stored, const Error& error) {
    if (stored.no_space) {
        journal_.warn("disk", "no space for a cut, later perhaps: {}", error.place);
    } else if (stored.failed) {
        journal_.error("disk", "cannot keep a cut: {}, {}", error.code.message(), error.place);
    }
    step(CutStored(stored));
}

void Host::on_chunk_loaded(ChunkLoaded&& loaded, const Error& error) {
    if (loaded.failed) {
        journal_.error("disk", "cannot read a cut: {}, {}", error.code.message(), error.place);
    }
    step(std::move(loaded));
}

void Host::on_peer_up(NodeId peer) {
    step(PeerUp{peer});
}

void Host::on_peer_down(NodeId peer) {
    step(PeerDown{peer});
}

void Host::on_message(ClientId, PeerMessage&& message) {
    step(Message{std::move(message)});
}

void Host::on_hello(NodeId from, const Tcp::endpoint& endpoint) {
    if (!endpoint.address().is_loopback()) {
        journal_.warn("net", "n{} is not on this machine: others need TLS", from);
        return;
    }
    link_to(from, endpoint);
}

void Host::on_request(ClientId connection, ClientRequest&& request) {
    tell_edge(edge::Requested{connection, std::move(request)});
}

void Host::on_drained(ClientId connection, std::uint64_t answers) {
    tell_edge(edge::Drained{connection, answers});
}

void Host::on_ended(ClientId connection) {
    const auto erased = connections_.erase(connection);
    LEDGER_ASSERT(erased == 1);
    tell_edge(edge::Closed{connection});
}

void Host::on_accepted(Tcp::socket socket) {
    if (stopping_ || connections_.size() >= options_.net.connections_max) {
        journal_.warn("net", "no room for one more connection than {}", connections_.size());
        return;
    }
    const ClientId id{++connections_made_};
    const auto made = connections_.try_emplace(id, loop_, id, std::move(socket), neighbourhood_,
        options_.net, journal_, static_cast<Connection::Port&>(*this));
    LEDGER_ASSERT(made.second);
    made.first->second.start();
}

}  // namespace ledger::node::asio
