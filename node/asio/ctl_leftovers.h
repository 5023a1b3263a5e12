#pragma once
// CtlLeftovers: temporary files named after the process that needs them, so that what a kill -9 left
// can be told from what is in use.

#include <string>

namespace ledger::node::asio {

// "copy1" -> "copy1.4711".
std::string name_of_this_process(const std::string& prefix);
// Removes the files and folders in `directory` whose names begin so and whose process is dead.
void remove_leftovers(const std::string& directory, const std::string& prefix);

}  // namespace ledger::node::asio
