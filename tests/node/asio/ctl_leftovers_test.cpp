#include "node/asio/ctl_leftovers.h"

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/node/asio/ctl_folder.h"

namespace ledger::node::asio {
namespace {

namespace fs = std::filesystem;

// The number of a process that has been.
pid_t dead_process() {
    const pid_t process = ::fork();
    if (process == 0) {
        ::_exit(0);
    }
    REQUIRE(::waitpid(process, nullptr, 0) == process);
    return process;
}

}  // namespace

TEST_CASE("ctl_leftovers: what dead processes left goes, what is in use stays", "[ctl]") {
    const CtlFolder folder;
    const std::string dead = std::to_string(dead_process());
    const std::vector<std::string> gone = {"copy1." + dead, "copy1." + dead + ".AbCdEf"};
    const std::vector<std::string> stays = {name_of_this_process("copy1"),
        name_of_this_process("copy1") + ".AbCdEf", "copy1", "copy1.", "copy1.x", "copy1.0",
        "copy1.-5", "copy1." + dead + "x", "copy10." + dead, "copy2." + dead,
        "copy1.99999999999999999999"};
    for (const std::vector<std::string>* names : {&gone, &stays}) {
        for (const std::string& name : *names) {
            fs::create_directory(folder.file(name));
            std::ofstream(folder.file(name + "/file")) << "bytes";
        }
    }
    std::ofstream(folder.file("x.new." + dead)) << "bytes";
    remove_leftovers(folder.path(), "copy1");
    for (const std::string& name : gone) {
        INFO(name);
        CHECK_FALSE(fs::exists(folder.file(name)));
    }
    for (const std::string& name : stays) {
        INFO(name);
        CHECK(fs::exists(folder.file(name + "/file")));
    }
    remove_leftovers(folder.path(), "x.new");
    CHECK_FALSE(fs::exists(folder.file("x.new." + dead)));
    remove_leftovers(folder.file("nowhere"), "copy1");  // nothing there, nothing to do
}

}  // namespace ledger::node::asio
