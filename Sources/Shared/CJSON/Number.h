// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

/// JSON's grammar of numbers.
namespace number {
inline bool digit(uint8_t c) { return c >= '0' && c <= '9'; }

inline const uint8_t *digits(const uint8_t *p, const uint8_t *limit) {
  while (p < limit && digit(*p)) p++;
  return p;
}

/// The end of the number at `p`, or null.
inline const uint8_t *end(const uint8_t *p, const uint8_t *limit) {
  if (p < limit && *p == '-') p++;
  if (p >= limit || !digit(*p)) return nullptr;
  p = *p == '0' ? p + 1 : digits(p, limit);
  if (p < limit && *p == '.') {
    const uint8_t *last = digits(p + 1, limit);
    if (last == p + 1) return nullptr;
    p = last;
  }
  if (p < limit && (*p | 0x20) == 'e') {
    p++;
    if (p < limit && (*p == '+' || *p == '-')) p++;
    const uint8_t *last = digits(p, limit);
    if (last == p) return nullptr;
    p = last;
  }
  return p;
}
}  // namespace number
