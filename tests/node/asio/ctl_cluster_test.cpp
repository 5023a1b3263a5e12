#include "node/asio/ctl_cluster.h"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/node/asio/ctl_folder.h"

namespace ledger::node::asio {
namespace {

namespace fs = std::filesystem;

}  // namespace

TEST_CASE("ctl cluster: what was saved is loaded, processes included", "[ctl]") {
    const CtlFolder folder;
    CtlCluster cluster{.directory = folder.path(), .id = {0x12, UINT64_MAX}, .ephemeral = true,
        .record = true,
        .nodes = {{NodeId{1}, 7001, false, {123, UINT64_MAX, "boot"}, "n1-1.recording"},
            {NodeId{2}, 7002, true, {}, {}}}};
    REQUIRE(save_cluster(cluster).has_value());
    Result<CtlCluster> loaded = load_cluster(folder.path());
    REQUIRE(loaded.has_value());
    CHECK(loaded->id == cluster.id);
    CHECK(loaded->ephemeral);
    CHECK(loaded->record);
    CHECK(loaded->nodes[0].recording == "n1-1.recording");
    CHECK(loaded->nodes[1].recording.empty());
    CHECK_FALSE(loaded->nodes[0].join);
    CHECK(loaded->nodes[1].join);
    REQUIRE(loaded->nodes.size() == 2);
    CHECK(loaded->nodes[0].process == cluster.nodes[0].process);
    CHECK(loaded->find(NodeId{2})->port == 7002);
    CHECK(loaded->find(NodeId{3}) == nullptr);
    CHECK(loaded->peers() == "1=127.0.0.1:7001,2=127.0.0.1:7002");
    CHECK(loaded->quorum() == 2);
}

TEST_CASE("ctl cluster: each life of a node has a recording of its own", "[ctl]") {
    const CtlFolder folder;
    CtlCluster cluster;
    cluster.directory = folder.path();
    fs::create_directory(cluster.recording_directory());
    const std::string first = cluster.next_recording(NodeId{2});
    CHECK(first == folder.file("recordings/n2-1.recording"));
    std::ofstream(first) << "life";
    CHECK(cluster.next_recording(NodeId{2}) == folder.file("recordings/n2-2.recording"));
    CHECK(cluster.next_recording(NodeId{1}) == folder.file("recordings/n1-1.recording"));
    remove_cluster(cluster);
    CHECK_FALSE(fs::exists(cluster.recording_directory()));
}

TEST_CASE("ctl cluster: no file, and one that is none of ours, are different errors", "[ctl]") {
    const CtlFolder folder;
    CHECK(load_cluster(folder.path()).error().code == make_error_code(CtlErrc::no_cluster));
    for (const char* text : {"", "{}", "[1]", R"({"cluster":"12","nodes":[]})",
             R"({"cluster":"00000000000000010000000000000002","nodes":[{"node":2,"port":1},{"node":2,"port":3}]})",
             R"({"cluster":"00000000000000010000000000000002","nodes":[{"node":1,"port":0}]})"}) {
        std::ofstream(folder.file("cluster.json"), std::ios::trunc) << text;
        CHECK(load_cluster(folder.path()).error().code == make_error_code(CtlErrc::damaged));
    }
}

TEST_CASE("ctl cluster: removing an ephemeral one leaves what is not its own", "[ctl]") {
    const CtlFolder folder;
    const CtlCluster cluster{.directory = folder.path(), .id = {1, 2}, .ephemeral = true,
        .nodes = {{NodeId{1}, 7001, {}}}};
    REQUIRE(save_cluster(cluster).has_value());
    fs::create_directories(cluster.log_directory(NodeId{1}));
    std::ofstream(folder.file("mine")) << "kept";
    remove_cluster(cluster);
    CHECK(fs::exists(folder.file("mine")));
    CHECK_FALSE(fs::exists(cluster.data_directory(NodeId{1})));
    CHECK_FALSE(fs::exists(folder.file("cluster.json")));
}

}  // namespace ledger::node::asio
