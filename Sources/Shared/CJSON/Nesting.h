// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

/// The kinds of the containers that are open, one bit each (1: curly), the innermost lowest. Of any depth:
/// what does not fit into a word goes to a vector, 64 levels at a time.
struct Nesting {
  uint64_t word = 0;
  size_t depth = 0;

  /// Whether so many brackets can come, in whatever order, without the depth reaching 0 or the word running
  /// over.
  bool stays_within_word(size_t closings, size_t openings) const {
    size_t inWord = depth - 64 * outer.size();
    return closings < inWord && inWord + openings <= 64;
  }

  void push(bool curly) {
    if (__builtin_expect(depth % 64 == 0, 0)) spill();
    word = word << 1 | (curly ? 1 : 0);
    depth++;
  }

  /// False when nothing is open or the innermost container is of the other kind.
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

  /// Puts a full word aside, so that `push` is small enough to be inlined.
  __attribute__((noinline)) void spill() {
    if (depth) outer.push_back(word);
  }
};
