// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

/// The kinds of the open containers, one bit each (1 is an object), the innermost lowest. Any depth: a full
/// word of 64 levels moves to a vector.
struct Nesting {
  uint64_t word = 0;
  size_t depth = 0;

  /// Whether this many brackets, in any order, can neither bring the depth to 0 nor overflow the word.
  bool stays_within_word(size_t closings, size_t openings) const {
    size_t inWord = depth - 64 * outer.size();
    return closings < inWord && inWord + openings <= 64;
  }

  void push(bool curly) {
    if (__builtin_expect(depth % 64 == 0, 0)) spill();
    word = word << 1 | (curly ? 1 : 0);
    depth++;
  }

  /// False if no container is open, or the innermost one is of the other kind.
  bool pop(bool curly) {
    if (depth == 0 || (word & 1) != (curly ? 1 : 0)) return false;
    word >>= 1;
    depth--;
    if (depth && depth % 64 == 0 && !outer.empty()) {
      word = outer.back();
      outer.pop_back();
    }
    return true;
  }

  bool in_object() const { return word & 1; }

 private:
  std::vector<uint64_t> outer;

  /// Moves a full word to the vector. A function of its own, so that `push` is small enough to be inlined.
  __attribute__((noinline)) void spill() {
    if (depth) outer.push_back(word);
  }
};
