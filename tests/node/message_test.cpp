#include "node/message.h"

#include <catch2/catch.hpp>

#include "tests/node/samples.h"

namespace ledger::node {

TEST_CASE("message: requests are equal when id, operation and bytes are", "[node]") {
    const auto command = [](std::string_view envelope, std::string_view erasable) {
        return Command{EntryHandle::make(as_bytes(envelope), as_bytes(erasable))};
    };
    const ClientRequest request{RequestId{1}, command("ab", "c")};
    CHECK(request == ClientRequest{RequestId{1}, command("ab", "c")});
    CHECK_FALSE(request == ClientRequest{RequestId{2}, command("ab", "c")});
    CHECK_FALSE(request == ClientRequest{RequestId{1}, command("a", "bc")});
    CHECK_FALSE(request == ClientRequest{RequestId{1}, command("ab", "d")});
    CHECK_FALSE(request == ClientRequest{RequestId{1}, Query{test::sample_bytes("abc")}});
    CHECK(ClientRequest{RequestId{1}, Query{test::sample_bytes("abc")}} ==
          ClientRequest{RequestId{1}, Query{test::sample_bytes("abc")}});
    CHECK_FALSE(ClientRequest{RequestId{1}, Query{test::sample_bytes("abc")}} ==
                ClientRequest{RequestId{1}, Query{test::sample_bytes("abd")}});
    CHECK(ClientRequest{RequestId{1}, StatusQuery{}} == ClientRequest{RequestId{1}, StatusQuery{}});
    CHECK_FALSE(ClientRequest{RequestId{1}, StatusQuery{}} == request);
}

}  // namespace ledger::node
