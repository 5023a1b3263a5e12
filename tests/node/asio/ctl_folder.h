#pragma once
// CtlFolder: a folder of a test's own, gone with it.

#include <cstdlib>
#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

namespace ledger::node::asio {

class CtlFolder {
  public:
    CtlFolder() {
        const auto place = std::filesystem::temp_directory_path() / "event-ledger-test.XXXXXX";
        std::string name = place.string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    CtlFolder(const CtlFolder&) = delete;
    CtlFolder& operator=(const CtlFolder&) = delete;
    ~CtlFolder() { std::filesystem::remove_all(path_); }
    std::string file(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace ledger::node::asio
