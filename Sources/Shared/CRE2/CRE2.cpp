// SPDX-License-Identifier: Apache-2.0
#include "CRE2.h"

#include <re2/re2.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <new>
#include <string>
#include <vector>

struct CRE2Pattern {
  re2::RE2 expression;
  CRE2Pattern(re2::StringPiece pattern, const re2::RE2::Options &options) : expression(pattern, options) {}
};

static void copyMessage(const std::string &from, char *to, size_t capacity) {
  if (to == nullptr || capacity == 0) return;
  size_t count = std::min(from.size(), capacity - 1);
  std::memcpy(to, from.data(), count);
  to[count] = '\0';
}

static re2::StringPiece piece(const uint8_t *bytes, size_t length) {
  return re2::StringPiece(reinterpret_cast<const char *>(bytes), length);
}

CRE2Pattern *cre2_compile(const uint8_t *pattern, size_t length, size_t memory_limit, char *message,
                          size_t message_capacity) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(static_cast<int64_t>(std::min<size_t>(memory_limit, INT_MAX)));
  try {
    auto *compiled = new CRE2Pattern(piece(pattern, length), options);
    if (compiled->expression.ok()) return compiled;
    copyMessage(compiled->expression.error(), message, message_capacity);
    delete compiled;
  } catch (const std::bad_alloc &) {
    copyMessage("out of memory", message, message_capacity);
  }
  return nullptr;
}

void cre2_delete(CRE2Pattern *pattern) { delete pattern; }

bool cre2_find(const CRE2Pattern *pattern, const uint8_t *text, size_t length, size_t from, CRE2Span *spans,
               size_t span_count) {
  if (from > length) return false;
  // Offsets are counted from the text's start, so an empty text needs an address too.
  static const uint8_t nothing = 0;
  if (text == nullptr) text = &nothing;
  const auto whole = piece(text, length);
  // RE2 refuses to fill more groups than the pattern has.
  const size_t available = static_cast<size_t>(pattern->expression.NumberOfCapturingGroups()) + 1;
  const size_t wanted = std::min(span_count, available);

  constexpr size_t onStack = 10;
  re2::StringPiece few[onStack];
  std::vector<re2::StringPiece> many;
  re2::StringPiece *groups = few;
  if (wanted > onStack) {
    try {
      many.resize(wanted);
    } catch (const std::bad_alloc &) {
      return false;
    }
    groups = many.data();
  }
  if (!pattern->expression.Match(whole, from, length, re2::RE2::UNANCHORED, groups, static_cast<int>(wanted)))
    return false;
  for (size_t index = 0; index < span_count; ++index) {
    if (index >= wanted || groups[index].data() == nullptr) {
      spans[index] = {-1, -1};
      continue;
    }
    spans[index].start = groups[index].data() - whole.data();
    spans[index].end = spans[index].start + static_cast<ptrdiff_t>(groups[index].size());
  }
  return true;
}

size_t cre2_group_count(const CRE2Pattern *pattern) {
  return static_cast<size_t>(pattern->expression.NumberOfCapturingGroups());
}

size_t cre2_program_size(const CRE2Pattern *pattern) {
  int size = pattern->expression.ProgramSize();
  return size < 0 ? 0 : static_cast<size_t>(size);
}

bool cre2_find_bytes(const uint8_t *text, size_t length, const uint8_t *part, size_t part_length) {
  return memmem(text, length, part, part_length) != nullptr;
}
