#pragma once
// JsonScan: finds a few members in a JSON text without building it.

#include <span>
#include <string>
#include <vector>

#include "log/base/bytes.h"
#include "log/base/result.h"
#include "log/projection/definition.h"
#include "log/projection/value.h"

namespace ledger::projection {

// Members from the top of the text downwards; never through an array.
using MemberPath = std::vector<std::string>;

// The value at each path, nothing where there is none; of a member that is there twice, the last.
// Errors, which name the field (of this kind, payload or metadata): the text is no JSON (malformed_payload, with the
// byte), or nested deeper than 32; at a path is an object, an array, a number that Number does not hold,
// or a text beyond text_bytes_max.
Result<void> scan_json(ByteSpan text, std::span<const MemberPath> paths, Field::Kind kind,
    std::vector<Value>& found);

}  // namespace ledger::projection
