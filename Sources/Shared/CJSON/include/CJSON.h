// SPDX-License-Identifier: Apache-2.0
/// Scans of JSON bytes, on which the Swift module `JSON` is built.
///
/// Unless stated otherwise, a function looks at the bytes [p, limit), and may read up to JSON_PADDING bytes
/// after `limit`. That memory must be readable, but its contents do not matter. No function allocates memory,
/// except `json_check` for text that is nested deeper than 2,048 levels.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define JSON_PADDING 64

#ifdef __cplusplus
extern "C" {
#endif

/// The result of a check.
typedef enum {
  JSON_WHOLE = 0,
  /// The text ends inside a string or before its brackets are closed.
  JSON_TRUNCATED,
  /// A bracket is closed by one of the other kind.
  JSON_MISMATCHED,
  /// Something other than white space comes after the value, or instead of it.
  JSON_TRAILING,
  /// Not a JSON value.
  JSON_NO_VALUE,
  JSON_NOT_UTF8,
  /// A literal, number, string, comma or colon that the grammar does not allow.
  JSON_GRAMMAR,
} json_verdict;

/// The result of a check, and the byte at which the check ended.
typedef struct {
  json_verdict verdict;
  const uint8_t *_Nonnull at;
} json_finding;

/// Whether [p, limit) is one whole value: its brackets match, its strings end, it is valid UTF-8, and only
/// white space surrounds it. Commas, colons and the scalars inside it are not checked.
json_finding json_check(const uint8_t *_Nonnull p, const uint8_t *_Nonnull limit);

/// Whether [p, limit) is valid JSON (RFC 8259).
json_finding json_check_strictly(const uint8_t *_Nonnull p, const uint8_t *_Nonnull limit);

/// A check of one value (RFC 8259) whose bytes arrive in pieces.
typedef struct json_scan json_scan;

json_scan *_Nullable json_scan_new(void);
void json_scan_free(json_scan *_Nullable scan);
/// Begins another value.
void json_scan_begin(json_scan *_Nonnull scan);
/// Continues with the next piece. Returns JSON_WHOLE with `at` after the value, JSON_TRUNCATED if the value
/// continues after the piece, else the fault. A number or literal ends only at the byte after it. UTF-8 is
/// not checked. Reads nothing outside [p, limit).
json_finding json_scan_next(json_scan *_Nonnull scan, const uint8_t *_Nonnull p,
                            const uint8_t *_Nonnull limit);
/// Whether the value so far has a line feed or a carriage return between its tokens.
bool json_scan_has_line_break(const json_scan *_Nonnull scan);
/// Whether all bytes so far are ASCII: those of the value, and up to 63 bytes after each of its strings.
bool json_scan_is_ascii(const json_scan *_Nonnull scan);

/// The byte after the bracket that closes the outermost of `depth` containers that are open at `p`; NULL if
/// there is no such bracket. `p` must not be inside a string. `]` may close `{`.
const uint8_t *_Nullable json_close(const uint8_t *_Nonnull p, const uint8_t *_Nonnull limit, size_t depth);

/// An upper bound of the depth of nesting in the value [p, limit): at most 63 more than the depth.
size_t json_depth(const uint8_t *_Nonnull p, const uint8_t *_Nonnull limit);

/// Whether [p, limit) is valid UTF-8.
bool json_is_utf8(const uint8_t *_Nonnull p, const uint8_t *_Nonnull limit);

/// The kind of a number.
typedef enum {
  JSON_NOT_A_NUMBER = 0,
  /// Written without fraction and exponent, and within int64.
  JSON_INT,
  /// The same, above int64 and within uint64.
  JSON_UINT,
  /// Every other number, as the nearest double; infinite if the number is too large.
  JSON_DOUBLE,
} json_number_kind;

typedef struct {
  json_number_kind kind;
  /// The value; for JSON_INT, its bits in two's complement.
  uint64_t integer;
  double real;
} json_number_value;

/// Reads [p, limit) as a number of JSON's grammar.
json_number_value json_number(const uint8_t *_Nonnull p, const uint8_t *_Nonnull limit);

/// Writes the shortest text that reads back as `value`, which must be finite, and returns its length, at
/// most 32.
size_t json_print_double(double value, uint8_t *_Nonnull text);

/// Whether the text [p, limit) contains these bytes.
bool json_contains(const uint8_t *_Nonnull p, const uint8_t *_Nonnull limit, const uint8_t *_Nonnull bytes,
                   size_t count);

/// Whether [p, limit) may contain this key, which is given with its quotes. A key may be written with
/// escapes, so the result is false only if neither the bytes of the key nor a backslash occur.
static inline bool json_may_have_key(const uint8_t *_Nonnull p, const uint8_t *_Nonnull limit,
                                     const uint8_t *_Nonnull key, size_t count) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
  for (; p < limit; p += 16) {
    __m128i first = _mm_loadu_si128((const __m128i *)p);
    __m128i last = _mm_loadu_si128((const __m128i *)(p + count - 1));
    if (_mm_movemask_epi8(_mm_cmpeq_epi8(first, backslash))) return true;
    unsigned mask =
        (unsigned)_mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(first, quote), _mm_cmpeq_epi8(last, quote)));
    for (; mask; mask &= mask - 1) {
      const uint8_t *at = p + __builtin_ctz(mask);
      if (at[1] == key[1] && at + count <= limit && !__builtin_memcmp(at, key, count)) return true;
    }
  }
  return false;
#else
  return true;
#endif
}

/// For tests: limits `json_check`, `json_close` and `json_depth` to the instructions `baseline`, `avx2` or
/// `avx512`. False if this machine does not have them.
bool json_use_instructions(const char *_Nonnull name);

/// The closing quote of a string, whose first byte after the opening quote is at `p`; NULL if the string does
/// not end. Sets `escaped` if the string has a backslash.
static inline const uint8_t *_Nullable json_string_end(const uint8_t *_Nonnull p,
                                                       const uint8_t *_Nonnull limit,
                                                       bool *_Nonnull escaped) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
  while (p < limit) {
    __m128i block = _mm_loadu_si128((const __m128i *)p);
    unsigned mask = (unsigned)_mm_movemask_epi8(
        _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)));
    if (mask == 0) {
      p += 16;
      continue;
    }
    p += __builtin_ctz(mask);
    if (*p == '"') return p < limit ? p : NULL;
    *escaped = true;
    p += 2;
  }
#else
  for (; p < limit; p++) {
    if (*p == '"') return p;
    if (*p == '\\') {
      *escaped = true;
      p++;
    }
  }
#endif
  return NULL;
}

/// The first byte from `p` on that is not white space, or `limit`.
static inline const uint8_t *_Nonnull json_space(const uint8_t *_Nonnull p, const uint8_t *_Nonnull limit) {
  while (p < limit && *p <= 0x20 && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) p++;
  return p;
}

/// The end of the number or literal at `p`: the next comma, closing bracket or white space.
static inline const uint8_t *_Nonnull json_scalar_end(const uint8_t *_Nonnull p,
                                                      const uint8_t *_Nonnull limit) {
  while (p != limit && *p > 0x20 && *p != ',' && *p != '}' && *p != ']') p++;
  return p;
}

/// The byte after the value at `p`; NULL if the value does not end. Scalars are not checked.
static inline const uint8_t *_Nullable json_skip(const uint8_t *_Nonnull p, const uint8_t *_Nonnull limit) {
  if (p >= limit) return NULL;
  switch (*p) {
    case '"': {
      bool escaped = false;
      const uint8_t *quote = json_string_end(p + 1, limit, &escaped);
      return quote ? quote + 1 : NULL;
    }
    case '{':
    case '[': return json_close(p + 1, limit, 1);
    default: {
      const uint8_t *end = json_scalar_end(p, limit);
      return end > p ? end : NULL;
    }
  }
}

#ifdef __cplusplus
}
#endif
