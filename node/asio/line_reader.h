#pragma once
// LineReader: a file, a pipe or standard input as lines, one at a time, in bounded memory.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "log/base/result.h"

namespace ledger::node::asio {

class LineReader {
  public:
    // Beyond any append that the ledger takes, however its JSON is written.
    static constexpr std::uint64_t line_bytes_max = 64u << 20;

    // "-" = standard input.
    static Result<LineReader> open(const std::string& name);
    LineReader(LineReader&& other) noexcept;
    LineReader& operator=(LineReader&&) = delete;
    ~LineReader();

    // The next line without its end, valid until the next call; nothing at the end of the input.
    Result<std::optional<std::string_view>> next();

  private:
    LineReader(const std::string& name, int file) : name_(name), file_(file) {}
    // False at the end of the input.
    Result<bool> read_more();

    std::string name_;
    int file_;
    std::string buffer_;
    std::size_t begin_ = 0;  // of what was not returned yet
    std::uint64_t lines_ = 0;
};

}  // namespace ledger::node::asio
