// SPDX-License-Identifier: Apache-2.0
// The parts that libraries do: simdjson validates UTF-8 with the widest instructions of the machine, and the
// C++ library reads and prints doubles exactly, independent of the locale.
#include <simdjson.h>

#include <charconv>
#include <cstring>
#include <limits>

#include "CJSON.h"
#include "Number.h"

bool json_is_utf8(const uint8_t *p, const uint8_t *limit) {
  return simdjson::validate_utf8((const char *)p, (size_t)(limit - p));
}

namespace {
/// A number out of a double's range is infinite or zero, depending on its order of magnitude.
double beyond(const uint8_t *p, const uint8_t *limit) {
  bool negative = *p == '-', point = false, found = false;
  int64_t magnitude = 0;
  for (p += negative; p < limit && (*p | 0x20) != 'e'; p++) {
    if (*p == '.') {
      point = true;
    } else {
      found = found || *p != '0';
      if (found && !point) magnitude++;
      if (!found && point) magnitude--;
    }
  }
  if (p < limit) {
    bool less = *++p == '-';
    int64_t exponent = 0;
    for (p += *p == '-' || *p == '+'; p < limit; p++)
      if (exponent < INT32_MAX) exponent = exponent * 10 + (*p - '0');
    magnitude += less ? -exponent : exponent;
  }
  double value = magnitude > 0 ? std::numeric_limits<double>::infinity() : 0.0;
  return negative ? -value : value;
}
}  // namespace

json_number_value json_number(const uint8_t *p, const uint8_t *limit) {
  json_number_value result = {JSON_NOT_A_NUMBER, 0, 0};
  bool negative = *p == '-';
  const uint8_t *c = p + negative;
  uint64_t integer = 0;
  // Most numbers are integers of a few digits, which fit into int64.
  if (limit > c && limit - c <= 18 && (*c != '0' || limit - c == 1)) {
    for (; c < limit && number::digit(*c); c++) integer = integer * 10 + (uint64_t)(*c - '0');
    if (c == limit) {
      result.kind = JSON_INT;
      result.integer = negative ? 0 - integer : integer;
      return result;
    }
  }
  if (number::end(p, limit) != limit) return result;
  c = p + negative;
  integer = 0;
  bool fits = true;
  for (; c < limit && number::digit(*c); c++) {
    fits = fits && !__builtin_mul_overflow(integer, (uint64_t)10, &integer) &&
           !__builtin_add_overflow(integer, (uint64_t)(*c - '0'), &integer);
  }
  const uint64_t least = 1ull << 63;
  if (c == limit && fits && (!negative || integer <= least)) {
    result.kind = negative || integer < least ? JSON_INT : JSON_UINT;
    result.integer = negative ? 0 - integer : integer;
    return result;
  }
  result.kind = JSON_DOUBLE;
  std::from_chars_result read = std::from_chars((const char *)p, (const char *)limit, result.real);
  if (read.ec == std::errc::result_out_of_range) result.real = beyond(p, limit);
  return result;
}

size_t json_print_double(double value, uint8_t *text) {
  std::to_chars_result result = std::to_chars((char *)text, (char *)text + 32, value);
  return (size_t)(result.ptr - (char *)text);
}

bool json_contains(const uint8_t *p, const uint8_t *limit, const uint8_t *bytes, size_t count) {
  return memmem(p, (size_t)(limit - p), bytes, count) != nullptr;
}
