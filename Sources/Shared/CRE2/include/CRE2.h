// SPDX-License-Identifier: Apache-2.0
//
// RE2 behind a C interface: linear-time regular expressions over UTF-8 bytes.
//
// A compiled pattern is immutable: any number of threads may search with it at once. Nothing here throws or
// prints; every failure comes back as a code and a message.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A compiled pattern; owned by the caller of cre2_compile.
typedef struct CRE2Pattern CRE2Pattern;

/// Where a group matched: byte offsets into the text, end exclusive. start is -1 for a group that took no
/// part in the match.
typedef struct {
  ptrdiff_t start;
  ptrdiff_t end;
} CRE2Span;

/// Compiles `pattern` (UTF-8, Perl syntax, not anchored).
///
/// `memory_limit` bounds, in bytes, the compiled program and the automaton states that searches cache with
/// it; a pattern that needs more is refused. On failure the result is NULL, and `message` holds a
/// NUL-terminated reason cut to `message_capacity`.
CRE2Pattern *cre2_compile(const uint8_t *pattern, size_t length, size_t memory_limit, char *message,
                          size_t message_capacity);

/// Frees a pattern; NULL is allowed.
void cre2_delete(CRE2Pattern *pattern);

/// Finds the leftmost match that starts at or after byte `from` (at most `length`). The bytes before `from`
/// are context for `^` and `\b`, as in a search that continues after an earlier match.
///
/// Fills `spans[0]` with the whole match and the following ones with the groups, as many as `span_count`
/// asks for. 0 is fastest: the result is only whether there is a match.
bool cre2_find(const CRE2Pattern *pattern, const uint8_t *text, size_t length, size_t from, CRE2Span *spans,
               size_t span_count);

/// The number of capturing groups, the whole match not counted.
size_t cre2_group_count(const CRE2Pattern *pattern);

/// The number of instructions of the compiled program. In the worst case, a search follows all of them for
/// each byte.
size_t cre2_program_size(const CRE2Pattern *pattern);

/// Whether `part` occurs in `text`, in time linear in both (memmem(3), which Swift's Glibc module does not
/// have).
bool cre2_find_bytes(const uint8_t *text, size_t length, const uint8_t *part, size_t part_length);

#ifdef __cplusplus
}
#endif
