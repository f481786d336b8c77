// SPDX-License-Identifier: Apache-2.0
// RFC 8259 to the letter, byte by byte and without recursion.
#include "CSimdjson.h"
#include "Nesting.h"
#include "Number.h"

namespace {
using number::digit;

bool hex(uint8_t c) { return digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

/// The byte after the closing quote of the string whose first byte is `p`, or null.
const uint8_t *string(const uint8_t *p, const uint8_t *limit) {
  while (p < limit) {
    uint8_t c = *p++;
    if (c == '"') return p;
    if (c < 0x20) return nullptr;
    if (c != '\\') continue;
    if (p >= limit) return nullptr;
    switch (*p++) {
      case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't': break;
      case 'u':
        if (limit - p < 4 || !hex(p[0]) || !hex(p[1]) || !hex(p[2]) || !hex(p[3])) return nullptr;
        p += 4;
        break;
      default: return nullptr;
    }
  }
  return nullptr;
}

const uint8_t *literal(const uint8_t *p, const uint8_t *limit, const char *text) {
  for (; *text; text++, p++)
    if (p >= limit || *p != (uint8_t)*text) return nullptr;
  return p;
}

const uint8_t *scalar(const uint8_t *p, const uint8_t *limit) {
  switch (*p) {
    case '"': return string(p + 1, limit);
    case 't': return literal(p, limit, "true");
    case 'f': return literal(p, limit, "false");
    case 'n': return literal(p, limit, "null");
    default: return number::end(p, limit);
  }
}

/// The first byte of the value that belongs to the key at `p`, or null.
const uint8_t *key(const uint8_t *p, const uint8_t *limit) {
  if (p >= limit || *p != '"') return nullptr;
  p = string(p + 1, limit);
  if (!p) return nullptr;
  p = json_space(p, limit);
  return p < limit && *p == ':' ? json_space(p + 1, limit) : nullptr;
}
}  // namespace

json_finding json_check_strictly(const uint8_t *p, const uint8_t *limit) {
  const uint8_t *start = p;
  Nesting nesting;
  p = json_space(p, limit);
  if (p == limit) return {JSON_NO_VALUE, p};
  for (;;) {  // at a value
    if (p >= limit) return {JSON_TRUNCATED, p};
    const uint8_t *at = p;
    if (*p == '{' || *p == '[') {
      bool curly = *p == '{';
      p = json_space(p + 1, limit);
      nesting.push(curly);
      if (!(p < limit && *p == (curly ? '}' : ']'))) {
        if (!curly) continue;
        at = p;
        p = key(p, limit);
        if (!p) return {at >= limit ? JSON_TRUNCATED : JSON_GRAMMAR, at};
        continue;
      }
    } else {
      p = scalar(p, limit);
      if (!p || (p < limit && (*p == '_' || digit(*p) || (uint8_t)((*p | 0x20) - 'a') < 26)))
        return {nesting.depth ? JSON_GRAMMAR : JSON_NO_VALUE, at};
    }
    for (;;) {  // behind a value, or at the bracket that closes an empty container
      p = json_space(p, limit);
      if (nesting.depth == 0) {
        if (p != limit) return {JSON_TRAILING, p};
        if (!json_is_utf8(start, limit)) return {JSON_NOT_UTF8, start};
        return {JSON_WHOLE, limit};
      }
      if (p >= limit) return {JSON_TRUNCATED, p};
      if (*p == ',') break;
      if (*p != '}' && *p != ']') return {JSON_GRAMMAR, p};
      if (!nesting.pop(*p == '}')) return {JSON_MISMATCHED, p};
      p++;
    }
    p = json_space(p + 1, limit);
    if (!nesting.in_object()) continue;
    at = p;
    p = key(p, limit);
    if (!p) return {JSON_GRAMMAR, at};
  }
}
