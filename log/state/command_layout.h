#pragma once
// CommandLayout: sizes and places of the fields of an encoded command; the table is in command.cpp.

#include <cstdint>

namespace ledger::state {

inline constexpr std::uint8_t command_version = 1;
inline constexpr std::uint8_t append_kind = 1;
inline constexpr std::uint8_t register_session_kind = 2;
inline constexpr std::uint8_t redact_kind = 3;

inline constexpr std::uint32_t command_header_bytes = 2;
inline constexpr std::uint32_t append_header_bytes = 32;  // after the command header
inline constexpr std::uint32_t stream_header_bytes = 11;
inline constexpr std::uint32_t event_header_bytes = 62;
inline constexpr std::uint32_t redact_header_bytes = 28;  // after the command header

}  // namespace ledger::state
