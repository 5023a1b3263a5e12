#include "node/asio/ctl_log_directory.h"

#include <catch2/catch.hpp>

#include "log/examination.h"
#include "node/asio/data_directory.h"
#include "tests/node/asio/ctl_folder.h"

namespace ledger::node::asio {
namespace {

DataOptions options_in(const std::string& path) {
    return {.path = path, .identity = {{1, 2}, NodeId{3}, Incarnation{}}};
}

void make_node(const std::string& path) {
    auto data = DataDirectory::take(options_in(path));
    REQUIRE(data.has_value());
    REQUIRE((*data)->format(Incarnation{7}).has_value());
}

}  // namespace

TEST_CASE("ctl_log_directory: the data and the log in it are the same place", "[asio]") {
    const CtlFolder folder;
    const std::string data = folder.path() + "/node";
    make_node(data);
    for (const std::string& path : {data, data + "/log", data + "/"}) {
        auto taken = CtlLogDirectory::take(path);
        REQUIRE(taken.has_value());
        CHECK(taken->path().ends_with("/node/log"));
        const auto seen = log::examine(taken->files(), "");
        REQUIRE(seen.has_value());
        CHECK(seen->condition() == log::Condition::clean);
        CHECK(seen->hard_state->identity.node == NodeId{3});
    }
}

TEST_CASE("ctl_log_directory: nobody looks while a node runs, and none starts then", "[asio]") {
    const CtlFolder folder;
    const std::string data = folder.path() + "/node";
    make_node(data);
    {
        const auto running = DataDirectory::take(options_in(data));
        REQUIRE(running.has_value());
        for (const std::string& path : {data, data + "/log"}) {
            const auto refused = CtlLogDirectory::take(path);
            REQUIRE_FALSE(refused.has_value());
            CHECK(refused.error().code == make_error_code(log::Errc::already_exists));
        }
    }
    {
        const auto looking = CtlLogDirectory::take(data);
        REQUIRE(looking.has_value());
        CHECK(CtlLogDirectory::take(data + "/log").has_value());
        CHECK_FALSE(DataDirectory::take(options_in(data)).has_value());
    }
    CHECK(DataDirectory::take(options_in(data)).has_value());
}

TEST_CASE("ctl_log_directory: what is not there is not made", "[asio]") {
    const CtlFolder folder;
    const std::string nowhere = folder.path() + "/nowhere";
    const auto missing = CtlLogDirectory::take(nowhere);
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().code == make_error_code(log::Errc::not_found));
    CHECK(!std::filesystem::exists(nowhere));
}

TEST_CASE("ctl_log_directory: whoever changes something is alone with it", "[asio]") {
    using Access = CtlLogDirectory::Access;
    const CtlFolder folder;
    const std::string data = folder.path() + "/node";
    make_node(data);
    const auto is_refused = [&](Access access) {
        const auto taken = CtlLogDirectory::take(data, access);
        return !taken && taken.error().code == make_error_code(log::Errc::already_exists);
    };
    {
        const auto running = DataDirectory::take(options_in(data));
        REQUIRE(running.has_value());
        CHECK(is_refused(Access::change));
    }
    {
        auto looking = CtlLogDirectory::take(data);
        REQUIRE(looking.has_value());
        CHECK(is_refused(Access::change));
        CHECK(looking->files().create("file").error().code ==
              make_error_code(log::Errc::permission_denied));
    }
    auto changing = CtlLogDirectory::take(data, Access::change);
    REQUIRE(changing.has_value());
    CHECK(is_refused(Access::read));
    CHECK_FALSE(DataDirectory::take(options_in(data)).has_value());
    CHECK(changing->files().create("file").has_value());
}

}  // namespace ledger::node::asio
