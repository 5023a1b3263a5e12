#pragma once
// Host: runs one replica and its edge on a real machine: carries out their effects and feeds them
// their events. One thread steps them and moves all bytes of the network; one writes the log, one
// reads it.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/asio/acceptor.h"
#include "node/asio/connection.h"
#include "node/asio/cut_thread.h"
#include "node/asio/data_directory.h"
#include "node/asio/journal.h"
#include "node/asio/peer_link.h"
#include "node/asio/reader_thread.h"
#include "node/asio/recording_file.h"
#include "node/asio/writer_thread.h"
#include "node/edge.h"
#include "node/ledger_machine.h"
#include "node/replica.h"

namespace ledger::node::asio {

struct HostOptions {
    DataOptions data;                         // with the identity of this node
    // This node included. Unless it joins, they are the cluster's first voters: so they must be the
    // same on all nodes whose disks were formatted when the cluster was made. To a node that joins,
    // whose disk was formatted later, they are only addresses.
    std::map<NodeId, Tcp::endpoint> members;
    bool join = false;
    Tcp::endpoint listen;
    Duration election_timeout = milliseconds(300);
    Duration heartbeat_interval = milliseconds(60);
    std::uint64_t cut_entries = 100'000;      // Limits::cut_entries
    std::uint64_t retain_entries = 0;         // Limits::retain_entries
    std::uint64_t key = 0;                    // of the election jitter: different on every node
    std::string record;                       // a file for every event; empty = none
    std::uint64_t record_bytes_max = 4ull << 30;
    NetLimits net;
    EdgeLimits edge;
    Feature features_max = newest_feature;
};

// Why a node ended, as the exit code of its process.
enum class Ending : std::uint8_t { asked = 0, disk_failed = 5, too_old = 6 };

class Host final : private WriterThread::Port,
                   private ReaderThread::Port,
                   private CutThread::Port,
                   private PeerLink::Port,
                   private Connection::Port,
                   private Acceptor::Port {
  public:
    Host(const HostOptions& options, Journal& journal);
    ~Host() override;
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    // Takes the data directory and the port and recovers the log. After an error the host can only
    // be destroyed.
    Result<void> open();
    // After open(): the port that it listens on.
    std::uint16_t port() const { return acceptor_.port(); }
    // After open(), once: lives until stop() or until the replica halts.
    Ending run();
    // From any thread, also before run().
    void stop();
    // What else has to end when the host does: called once, on the loop.
    void on_shut_down(std::function<void()> also) { also_shut_down_ = std::move(also); }

    net::io_context& loop() { return loop_; }

  private:
    struct HeldSend {
        Ticket after;
        PeerMessage message;
    };

    void on_stored(Ticket ticket, std::vector<Index> damaged, bool crowded) override;
    void on_store_failed(Ticket ticket, const Error& error) override;
    void on_loaded(Loaded&& loaded, const Error& error) override;
    void on_cut_stored(const CutStored& stored, const Error& error) override;
    void on_chunk_loaded(ChunkLoaded&& loaded, const Error& error) override;
    void on_peer_up(NodeId peer) override;
    void on_peer_down(NodeId peer) override;
    void on_message(ClientId connection, PeerMessage&& message) override;
    void on_hello(NodeId from, const Tcp::endpoint& endpoint) override;
    void on_request(ClientId connection, ClientRequest&& request) override;
    void on_drained(ClientId connection, std::uint64_t answers) override;
    void on_ended(ClientId connection) override;
    void on_accepted(Tcp::socket socket) override;

    // Steps the replica, and then with all that the edge asks of it in consequence.
    void step(Event&& event);
    void step_replica(Event&& event);
    // Also from within a step of the replica.
    void tell_edge(edge::Event&& event);
    void serve_edge();
    void end_recording();
    void tell_of_repair();
    void tell_of_space();
    void carry_out(Effect& effect);
    void carry_out(edge::Effect& effect);
    // Opens a link to a peer, or moves the one that there is.
    void link_to(NodeId peer, const Tcp::endpoint& endpoint);
    void send(Send&& effect);
    void send_now(const PeerMessage& message);
    void note(const StoreCut& store);
    void note(const raft::Transition& transition);
    void set_alarm();
    void end_turn();
    void arm(Instant at);
    void on_alarm();
    // Steps whatever has come due.
    void ring();
    awaitable<void> sweep();
    void shut_down();

    const HostOptions options_;
    const Config config_;
    const Neighbourhood neighbourhood_;
    Journal& journal_;
    net::io_context loop_;
    SeededChoices choices_;
    LedgerMachine machine_;
    Replica replica_;
    edge::Edge edge_;
    std::deque<Client> asked_;  // by the edge, in the order in which it asked

    std::unique_ptr<DataDirectory> data_;
    std::unique_ptr<ReaderThread> reader_;
    std::unique_ptr<CutThread> cut_thread_;
    std::unique_ptr<WriterThread> writer_;  // tells the reader what it has written
    std::optional<log::Recovered> recovered_;  // between open() and run()
    std::vector<log::CutManifest> cuts_;       // the same
    std::unique_ptr<RecordingFile> recording_;
    Acceptor acceptor_;
    std::map<NodeId, PeerLink> links_;
    std::map<ClientId, Connection> connections_;
    std::uint64_t connections_made_ = 0;

    std::deque<HeldSend> held_;  // tickets ascend
    Ticket stored_;
    net::steady_timer alarm_;
    net::steady_timer sweeper_;
    Instant replica_wake_ = never;
    Instant edge_wake_ = never;
    Instant armed_at_ = never;   // when alarm_ goes off; never later than either
    bool turn_ends_ = false;     // ring() is posted
    std::uint64_t damaged_ = 0;  // entries, as told last
    Index blocked_;
    bool crowded_ = false;       // the disk, as told last
    bool stepping_ = false;
    bool stopping_ = false;
    Ending ending_ = Ending::asked;
    std::function<void()> also_shut_down_ = [] {};
};

}  // namespace ledger::node::asio
