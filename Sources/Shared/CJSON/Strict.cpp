// SPDX-License-Identifier: Apache-2.0
// Validates JSON (RFC 8259) without recursion: a whole text, or a value that arrives in pieces cut anywhere.
// Each byte is read once.
#include <cstring>
#include <new>
#include <string>

#include "CJSON.h"
#include "Nesting.h"
#include "Number.h"

namespace {
inline bool hex(uint8_t c) { return number::digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

/// Whether a backslash and this byte are a complete escape.
inline bool is_escape(uint8_t c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't': return true;
    default: return false;
  }
}

/// The byte after the number or literal at `p`, or null. If the scalar is cut by the end of a piece, that
/// end.
const uint8_t *scalar(const uint8_t *p, const uint8_t *limit) {
  const auto literal = [&](const char *text, ptrdiff_t length) {
    return limit - p >= length && !memcmp(p, text, (size_t)length) ? p + length : nullptr;
  };
  switch (*p) {
    case 't': return literal("true", 4);
    case 'f': return literal("false", 5);
    case 'n': return literal("null", 4);
    default: return number::end(p, limit);
  }
}

/// The quotes, backslashes and control characters of 64 bytes, one bit each, the lowest for the byte at
/// `start`. Most strings are short, so one block has the ends of several.
struct Marks {
  const uint8_t *start = nullptr;
  uint64_t bits = 0;

#if defined(__SSE2__)
  /// Adds the high bits of the block's bytes to `seen`.
  void read(const uint8_t *p, unsigned &seen) {
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'),
                  lastControl = _mm_set1_epi8(0x1f);
    __m128i all = _mm_setzero_si128();
    start = p;
    bits = 0;
    for (int i = 0; i < 64; i += 16) {
      __m128i block = _mm_loadu_si128((const __m128i *)(p + i));
      all = _mm_or_si128(all, block);
      __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, lastControl), block);
      __m128i text = _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash));
      bits |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_or_si128(control, text)) << i;
    }
    seen |= (unsigned)_mm_movemask_epi8(all);
  }
#endif
};

/// The first quote, backslash or control character at or after `p`, or the limit. Reads nothing after the
/// limit. Adds the high bits of all bytes that it reads to `seen`.
inline const uint8_t *special(const uint8_t *p, const uint8_t *limit, Marks &marks, unsigned &seen) {
#if defined(__SSE2__)
  for (;;) {
    uintptr_t offset = (uintptr_t)p - (uintptr_t)marks.start;
    if (offset < 64) {
      uint64_t left = marks.bits >> offset;
      if (left) return p + __builtin_ctzll(left);
      p = marks.start + 64;
    }
    if (limit - p < 64) break;
    marks.read(p, seen);
  }
#endif
  for (; p < limit && *p != '"' && *p != '\\' && *p >= 0x20; p++) seen |= *p & 0x80;
  return p;
}
}  // namespace

struct json_scan {
  /// What is expected next.
  enum Phase : uint8_t {
    value,
    first_element,
    first_key,
    key,
    colon,
    after_value,
    string,
    escape,
    digits,
    token
  };
  Phase phase = value;
  /// Whether the current string is a member's key.
  bool is_key = false;
  /// Whether there was a line feed or a carriage return between tokens.
  bool has_line_break = false;
  /// Not 0 if there was a byte above 0x7f in the value, or shortly after one of its strings.
  unsigned high_bits = 0;
  /// The number of hexadecimal digits that the current escape still needs.
  uint8_t digits_left = 0;
  Nesting nesting;
  /// The part of a number or literal that has arrived.
  std::string cut;

  /// `is_last`: whether the text ends with this piece.
  template <bool is_last>
  json_finding next(const uint8_t *p, const uint8_t *limit);

 private:
  const uint8_t *past_space(const uint8_t *p, const uint8_t *limit);
  const uint8_t *spaces(const uint8_t *p, const uint8_t *limit);
  const uint8_t *escaped(const uint8_t *p, const uint8_t *limit);
  template <bool is_last>
  const uint8_t *scalar_text(const uint8_t *p, const uint8_t *limit);
};

inline const uint8_t *json_scan::past_space(const uint8_t *p, const uint8_t *limit) {
  return p != limit && *p > 0x20 ? p : spaces(p, limit);
}

const uint8_t *json_scan::spaces(const uint8_t *p, const uint8_t *limit) {
  const uint8_t *end = json_space(p, limit);
  for (; p < end; p++) has_line_break |= *p == '\n' || *p == '\r';
  return end;
}

/// Continues after a backslash. Returns the byte after the escape, or null if it is invalid. If the piece
/// ends first, returns the limit and keeps the phase.
inline const uint8_t *json_scan::escaped(const uint8_t *p, const uint8_t *limit) {
  while (phase != string && p < limit) {
    uint8_t c = *p++;
    if (phase == digits) {
      if (!hex(c)) return nullptr;
      if (--digits_left == 0) phase = string;
      continue;
    }
    if (c == 'u') {
      digits_left = 4;
      phase = digits;
    } else {
      if (!is_escape(c)) return nullptr;
      phase = string;
    }
  }
  return p;
}

/// Continues a number or a literal, as `escaped` does an escape. At the end of the scalar the phase is
/// `after_value`.
template <bool is_last>
inline const uint8_t *json_scan::scalar_text(const uint8_t *p, const uint8_t *limit) {
  if (cut.empty()) {
    const uint8_t *end = scalar(p, limit);
    if (end && (is_last || end < limit)) {
      phase = after_value;
      return json_scalar_end(end, limit) == end ? end : nullptr;
    }
    if (is_last) return nullptr;
  }
  const uint8_t *end = json_scalar_end(p, limit);
  cut.append((const char *)p, (size_t)(end - p));
  if (end == limit) return limit;
  phase = after_value;
  const uint8_t *start = (const uint8_t *)cut.data();
  return scalar(start, start + cut.size()) == start + cut.size() ? end : nullptr;
}

/// Stops at the end of the piece, and continues there with the next one.
#define AT(next_phase)          \
  p = past_space(p, limit);     \
  if (p == limit) {             \
    phase = next_phase;         \
    return {JSON_TRUNCATED, p}; \
  }

template <bool is_last>
json_finding json_scan::next(const uint8_t *p, const uint8_t *limit) {
  Marks marks;
  switch (phase) {
    case value: goto at_value;
    case first_element: goto at_first_element;
    case first_key: goto at_first_key;
    case key: goto at_key;
    case colon: goto at_colon;
    case after_value: goto at_end;
    case string: goto in_string;
    case token: goto in_token;
    default: goto in_escape;
  }

at_value:
  AT(value)
  if (*p == '"') {
    is_key = false;
    p++;
    goto in_string;
  }
  if (*p == '{') {
    nesting.push(true);
    p++;
    goto at_first_key;
  }
  if (*p == '[') {
    nesting.push(false);
    p++;
    goto at_first_element;
  }
  cut.clear();
in_token:
  phase = token;
  {
    const uint8_t *end = scalar_text<is_last>(p, limit);
    if (!end) return {JSON_GRAMMAR, p};
    p = end;
    if (phase == token) return {JSON_TRUNCATED, p};
  }
  goto at_end;

at_first_element:
  AT(first_element)
  if (*p != ']') goto at_value;
  goto at_end;

at_first_key:
  AT(first_key)
  if (*p == '}') goto at_end;
at_key:
  AT(key)
  if (*p != '"') return {JSON_GRAMMAR, p};
  is_key = true;
  p++;
in_string:
  for (;;) {
    p = special(p, limit, marks, high_bits);
    if (p == limit) {
      phase = string;
      return {JSON_TRUNCATED, p};
    }
    if (*p == '"') break;
    if (*p != '\\') return {JSON_GRAMMAR, p};
    p++;
    if (p < limit && is_escape(*p)) {
      p++;
      continue;
    }
    phase = escape;
  in_escape:
    const uint8_t *end = escaped(p, limit);
    if (!end) return {JSON_GRAMMAR, p};
    p = end;
    if (phase != string) return {JSON_TRUNCATED, p};
  }
  p++;
  // The most common form of what follows: no space, and another string.
  if (limit - p > 1 && p[1] == '"' && *p == (is_key ? ':' : ',') && nesting.in_object()) {
    is_key = !is_key;
    p += 2;
    goto in_string;
  }
  if (!is_key) goto at_end;
at_colon:
  AT(colon)
  if (*p != ':') return {JSON_GRAMMAR, p};
  p++;
  goto at_value;

at_end:
  if (nesting.depth == 0) return {JSON_WHOLE, p};
  AT(after_value)
  if (*p == ',') {
    p++;
    if (nesting.in_object()) goto at_key;
    goto at_value;
  }
  if (*p != '}' && *p != ']') return {JSON_GRAMMAR, p};
  if (!nesting.pop(*p == '}')) return {JSON_MISMATCHED, p};
  p++;
  goto at_end;
}
#undef AT

json_finding json_check_strictly(const uint8_t *p, const uint8_t *limit) {
  p = json_space(p, limit);
  if (p == limit) return {JSON_NO_VALUE, p};
  const uint8_t *start = p;
  json_scan scan;
  json_finding found = scan.next<true>(p, limit);
  if (found.verdict == JSON_GRAMMAR && scan.nesting.depth == 0) found.verdict = JSON_NO_VALUE;
  if (found.verdict != JSON_WHOLE) return found;
  p = json_space(found.at, limit);
  if (p != limit) return {JSON_TRAILING, p};
  if (scan.high_bits == 0 || json_is_utf8(start, limit)) return {JSON_WHOLE, limit};
  return {JSON_NOT_UTF8, start};
}

json_scan *json_scan_new(void) { return new (std::nothrow) json_scan; }

void json_scan_free(json_scan *scan) { delete scan; }

void json_scan_begin(json_scan *scan) {
  scan->phase = json_scan::value;
  scan->nesting = Nesting();
  scan->has_line_break = false;
  scan->high_bits = 0;
}

bool json_scan_has_line_break(const json_scan *scan) { return scan->has_line_break; }

bool json_scan_is_ascii(const json_scan *scan) { return scan->high_bits == 0; }

json_finding json_scan_next(json_scan *scan, const uint8_t *p, const uint8_t *limit) {
  return scan->next<false>(p, limit);
}
