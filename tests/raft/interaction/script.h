#pragma once
// Script: a text of commands with the output of each one indented below it.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ledger::raft::interaction {

// The text is wrong: a command that does not exist, a word that is missing, a number that is none.
struct BadScript : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Step {
    std::uint32_t line = 0;           // of the command, from 1
    std::vector<std::string> before;  // comments and empty lines above the command
    std::string command;
    std::vector<std::string> output;  // without the indentation
};

struct Script {
    std::string name;  // of the file, for messages
    std::vector<Step> steps;
    std::vector<std::string> after;  // comments and empty lines at the end
};

// `#` begins a comment line, two spaces begin a line of output, all else is a command. Throws
// BadScript, as everything here does, with "NAME:LINE: what is wrong".
Script parse_script(std::string name, const std::string& text);
// The text that parses to `script`.
std::string text_of(const Script& script);

std::string at_line(const Script& script, const Step& step);

// The words of one command, taken from left to right.
class Words {
  public:
    explicit Words(std::string_view command);

    bool done() const { return next_ == words_.size(); }
    // The next word, empty if there is none.
    std::string_view peek() const;
    // Throws if there is none; `what` says what was expected.
    std::string_view take(std::string_view what);
    // Takes the next word if it is this one.
    bool take_if(std::string_view word);
    void must_be_done() const;

  private:
    std::vector<std::string> words_;
    std::size_t next_ = 0;
};

std::uint64_t parse_number(std::string_view text, std::string_view what);
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace ledger::raft::interaction
