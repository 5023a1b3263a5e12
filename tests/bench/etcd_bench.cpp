// etcd_bench: N clients with one put of their own under way each, on C gRPC channels to the leader
// of an etcd cluster, through the asynchronous API. The counterpart of cluster_bench.

#include <memory>
#include <string>
#include <vector>

#include <etcd.grpc.pb.h>
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "tests/bench/load.h"

namespace ledger::bench {
namespace {

// Channels with equal arguments share a connection: a number of its own keeps each apart.
std::shared_ptr<grpc::Channel> open_channel(std::uint16_t port, int number) {
    grpc::ChannelArguments arguments;
    arguments.SetInt("ledger.bench.channel", number);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(
        fmt::format("127.0.0.1:{}", port), grpc::InsecureChannelCredentials(), arguments);
}

// The place of the leader among the servers. Waits for all of them.
std::size_t find_leader(const std::vector<Server>& servers) {
    const auto deadline = std::chrono::system_clock::now() + std::chrono::seconds(20);
    for (std::size_t place = 0; place < servers.size(); ++place) {
        const auto stub = etcdserverpb::Maintenance::NewStub(open_channel(servers[place].port, 0));
        while (true) {
            grpc::ClientContext context;
            context.set_wait_for_ready(true);
            context.set_deadline(deadline);
            etcdserverpb::StatusResponse status;
            const grpc::Status answered = stub->Status(&context, {}, &status);
            if (answered.ok() && status.leader() != 0) {
                if (status.leader() == status.header().member_id()) {
                    return place;
                }
                break;
            }
            if (std::chrono::system_clock::now() > deadline) {
                give_up("etcd has no leader after 20 s: " + answered.error_message());
            }
        }
    }
    give_up("none of etcd's members says that it leads");
}

class Clients {
  public:
    Clients(const LoadOptions& options, std::uint16_t port) : options_(options) {
        for (std::uint32_t k = 0; k < options.connections; ++k) {
            stubs_.push_back(etcdserverpb::KV::NewStub(open_channel(port, static_cast<int>(k) + 1)));
        }
        calls_.resize(options.clients);
        for (std::uint32_t k = 0; k < options.clients; ++k) {
            // One key per client: the smallest index that N clients can have.
            calls_[k].request.set_key(fmt::format("client-{:06}", k));
            calls_[k].request.set_value(std::string(options.payload_bytes, 'v'));
        }
    }

    Measurement run() {
        Measurement measurement(options_);
        for (std::uint32_t k = 0; k < options_.clients; ++k) {
            put(k);
        }
        std::uint32_t open = options_.clients;
        void* tag = nullptr;
        bool ok = false;
        while (open > 0 && completed_.Next(&tag, &ok)) {
            const auto k = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(tag));
            Call& call = calls_[k];
            if (!ok || !call.status.ok()) {
                give_up("etcd refuses a put: " + call.status.error_message());
            }
            const std::uint64_t now = now_nanoseconds();
            measurement.acknowledged(call.begun, now);
            if (measurement.over(now)) {
                --open;
            } else {
                put(k);
            }
        }
        return measurement;
    }

    // Every put made one revision.
    std::int64_t revision() {
        grpc::ClientContext context;
        etcdserverpb::RangeRequest request;
        request.set_key("client-");
        request.set_range_end("client.");
        request.set_count_only(true);
        etcdserverpb::RangeResponse response;
        const grpc::Status answered = stubs_.front()->Range(&context, request, &response);
        if (!answered.ok()) {
            give_up("etcd refuses a read: " + answered.error_message());
        }
        return response.header().revision();
    }

  private:
    struct Call {
        etcdserverpb::PutRequest request;
        etcdserverpb::PutResponse response;
        std::unique_ptr<grpc::ClientContext> context;
        std::unique_ptr<grpc::ClientAsyncResponseReader<etcdserverpb::PutResponse>> reader;
        grpc::Status status;
        std::uint64_t begun = 0;
    };

    void put(std::uint32_t k) {
        Call& call = calls_[k];
        call.context = std::make_unique<grpc::ClientContext>();
        call.begun = now_nanoseconds();
        call.reader = stubs_[k % options_.connections]->AsyncPut(
            call.context.get(), call.request, &completed_);
        call.reader->Finish(
            &call.response, &call.status, reinterpret_cast<void*>(std::uintptr_t{k}));
    }

    const LoadOptions options_;
    std::vector<std::unique_ptr<etcdserverpb::KV::Stub>> stubs_;
    std::vector<Call> calls_;
    grpc::CompletionQueue completed_;
};

void run(const LoadOptions& options) {
    const std::size_t leader = find_leader(options.servers);
    Clients clients(options, options.servers[leader].port);
    const std::int64_t before = clients.revision();
    Measurement measurement = clients.run();
    const std::int64_t puts = clients.revision() - before;
    if (puts != static_cast<std::int64_t>(measurement.acknowledged_in_all())) {
        give_up(fmt::format("etcd made {} revisions and acknowledged {} puts", puts,
            measurement.acknowledged_in_all()));
    }
    measurement.print("etcd", leader);
}

}  // namespace
}  // namespace ledger::bench

int main(int argc, char** argv) {
    ledger::bench::run(ledger::bench::parse_options(argc, argv));
    return 0;
}
