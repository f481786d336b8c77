// SPDX-License-Identifier: Apache-2.0
// The scans over blocks of 64 bytes. Dispatch.cpp includes this file once for each set of instructions,
// inside a namespace that has `struct Block`, whose members are masks with the lowest bit for the first byte:
// quotes, backslashes, opening (brackets of both kinds), closing (both), curly (brackets of that kind), high
// (not ASCII), and `prefix_xor`. No include guard, for that reason.

/// The state of strings at the end of a block.
struct Strings {
  uint64_t inside = 0;       // all ones inside a string
  uint64_t escape_next = 0;  // 1 if the next byte is escaped

  /// The bytes inside strings; opening quotes count, closing ones do not.
  ALWAYS_INLINE uint64_t mask(const Block &block) {
    uint64_t quotes = block.quotes;
    if (__builtin_expect((block.backslashes | escape_next) != 0, 0)) quotes &= ~escaped(block.backslashes);
    uint64_t result = prefix_xor(quotes) ^ inside;
    inside = (uint64_t)((int64_t)result >> 63);
    return result;
  }

  /// The bytes, other than backslashes, that a backslash escapes: those after a run of backslashes of odd
  /// length. Adding a run's first bit carries to the byte after the run; the parity of that byte's place
  /// gives the run's length.
  ALWAYS_INLINE uint64_t escaped(uint64_t backslashes) {
    const uint64_t even = 0x5555555555555555;
    uint64_t runs = backslashes & ~escape_next;
    uint64_t starts = runs & ~(runs << 1);
    uint64_t behind_even = (runs + (starts & even)) & ~runs, behind_odd = (runs + (starts & ~even)) & ~runs;
    uint64_t result = escape_next | (behind_even & ~even) | (behind_odd & even);
    // A run that reaches the end of the block continues in the next one, or escapes its first byte.
    escape_next = ~runs ? (uint64_t)__builtin_clzll(~runs) & 1 : 0;
    return result;
  }
};

static const uint8_t *close(const uint8_t *p, const uint8_t *limit, size_t depth) {
  Strings strings;
  for (; p < limit; p += 64) {
    Block block(p);
    uint64_t outside = ~strings.mask(block);
    uint64_t opening = block.opening & outside, closing = block.closing & outside;
    size_t closings = (size_t)__builtin_popcountll(closing);
    if (__builtin_expect(closings < depth, 1)) {  // the depth cannot reach 0 in this block
      depth += (size_t)__builtin_popcountll(opening) - closings;
      continue;
    }
    for (size_t closed = 1; closing; closed++, closing &= closing - 1) {
      uint64_t below = (closing & -closing) - 1;
      if (depth + (size_t)__builtin_popcountll(opening & below) != closed) continue;
      const uint8_t *end = p + __builtin_ctzll(closing) + 1;
      return end <= limit ? end : nullptr;
    }
    depth = depth + (size_t)__builtin_popcountll(opening) - closings;
  }
  return nullptr;
}

/// See json_depth().
static size_t depth(const uint8_t *p, const uint8_t *limit) {
  Strings strings;
  size_t open = 0, most = 0;
  for (; p < limit; p += 64) {
    Block block(p);
    uint64_t here = limit - p < 64 ? (1ull << (limit - p)) - 1 : ~0ull;
    uint64_t outside = ~strings.mask(block) & here;
    open += (size_t)__builtin_popcountll(block.opening & outside);
    if (open > most) most = open;
    open -= (size_t)__builtin_popcountll(block.closing & outside);
  }
  return most;
}

/// Checks the container from `start` to `limit`.
static json_finding check(const uint8_t *start, const uint8_t *limit) {
  Strings strings;
  Nesting nesting;
  uint64_t high = 0;
  for (const uint8_t *p = start; p < limit; p += 64) {
    Block block(p);
    uint64_t here = limit - p < 64 ? (1ull << (limit - p)) - 1 : ~0ull;
    high |= block.high & here;
    uint64_t outside = ~strings.mask(block) & here;
    uint64_t opening = block.opening & outside, closing = block.closing & outside,
             brackets = opening | closing;
    size_t closings = (size_t)__builtin_popcountll(closing);
    if (__builtin_expect(nesting.stays_within_word(closings, (size_t)__builtin_popcountll(opening)), 1)) {
      uint64_t stack = nesting.word, wrong = 0;
      for (; brackets; brackets &= brackets - 1) {
        uint64_t bit = brackets & -brackets, curly = (block.curly & bit) != 0;
        bool closes = (closing & bit) != 0;
        wrong |= closes ? (stack ^ curly) & 1 : 0;
        stack = closes ? stack >> 1 : stack << 1 | curly;
      }
      if (wrong) return {JSON_MISMATCHED, p};
      nesting.word = stack;
      nesting.depth += (size_t)__builtin_popcountll(opening) - closings;
      continue;
    }
    for (; brackets; brackets &= brackets - 1) {
      uint64_t bit = brackets & -brackets;
      bool curly = (block.curly & bit) != 0;
      const uint8_t *at = p + __builtin_ctzll(bit);
      if (opening & bit) {
        nesting.push(curly);
        continue;
      }
      if (!nesting.pop(curly)) return {JSON_MISMATCHED, at};
      if (nesting.depth) continue;
      const uint8_t *rest = json_space(at + 1, limit);
      if (rest != limit) return {JSON_TRAILING, rest};
      if (high && !json_is_utf8(start, limit)) return {JSON_NOT_UTF8, start};
      return {JSON_WHOLE, limit};
    }
  }
  return {JSON_TRUNCATED, limit};
}
