// SPDX-License-Identifier: Apache-2.0
// Chooses, once and at start, the widest instructions that this machine has. The program itself is built for
// the baseline of its architecture.
#include <cstring>

#include "CJSON.h"
#include "Nesting.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define ALWAYS_INLINE __attribute__((always_inline)) inline

namespace baseline {
#if defined(__SSE2__)
struct Block {
  uint64_t quotes, backslashes, opening, closing, curly, high;

  ALWAYS_INLINE explicit Block(const uint8_t *p)
      : quotes(0), backslashes(0), opening(0), closing(0), curly(0), high(0) {
    for (int i = 0; i < 4; i++) {
      __m128i bytes = _mm_loadu_si128((const __m128i *)(p + 16 * i));
      __m128i folded = _mm_or_si128(
          bytes, _mm_set1_epi8(0x20));  // [ and { are told apart by this bit alone; so are ] and }
      int shift = 16 * i;
      quotes |= equal(bytes, '"') << shift;
      backslashes |= equal(bytes, '\\') << shift;
      opening |= equal(folded, '{') << shift;
      closing |= equal(folded, '}') << shift;
      // Only looked at where there is a bracket: bit 5 is set in the curly ones.
      curly |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_slli_epi16(bytes, 2)) << shift;
      high |= (uint64_t)(unsigned)_mm_movemask_epi8(bytes) << shift;
    }
  }

  static ALWAYS_INLINE uint64_t equal(__m128i bytes, char c) {
    return (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));
  }
};
#else
struct Block {
  uint64_t quotes = 0, backslashes = 0, opening = 0, closing = 0, curly = 0, high = 0;

  explicit Block(const uint8_t *p) {
    for (int i = 0; i < 64; i++) {
      uint64_t bit = 1ull << i;
      uint8_t c = p[i];
      if (c == '"') quotes |= bit;
      if (c == '\\') backslashes |= bit;
      if ((c | 0x20) == '{') opening |= bit;
      if ((c | 0x20) == '}') closing |= bit;
      if (c & 0x20) curly |= bit;
      if (c & 0x80) high |= bit;
    }
  }
};
#endif
static ALWAYS_INLINE uint64_t prefix_xor(uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}
#include "Kernel.h"
}  // namespace baseline

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt,pclmul"))), \
                             apply_to = function)
namespace avx2 {
struct Block {
  uint64_t quotes, backslashes, opening, closing, curly, high;

  ALWAYS_INLINE explicit Block(const uint8_t *p) {
    __m256i low = _mm256_loadu_si256((const __m256i *)p), up = _mm256_loadu_si256((const __m256i *)(p + 32));
    __m256i fold = _mm256_set1_epi8(0x20), lowFolded = _mm256_or_si256(low, fold),
            upFolded = _mm256_or_si256(up, fold);
    quotes = equal(low, up, '"');
    backslashes = equal(low, up, '\\');
    opening = equal(lowFolded, upFolded, '{');
    closing = equal(lowFolded, upFolded, '}');
    curly = mask(_mm256_slli_epi16(low, 2), _mm256_slli_epi16(up, 2));
    high = mask(low, up);
  }

  static ALWAYS_INLINE uint64_t mask(__m256i low, __m256i up) {
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(up) << 32;
  }

  static ALWAYS_INLINE uint64_t equal(__m256i low, __m256i up, char c) {
    __m256i wanted = _mm256_set1_epi8(c);
    return mask(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(up, wanted));
  }
};
static ALWAYS_INLINE uint64_t prefix_xor(uint64_t bits) {
  __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), _mm_set1_epi8(-1), 0);
  return (uint64_t)_mm_cvtsi128_si64(product);
}
#include "Kernel.h"
}  // namespace avx2
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx2,bmi,bmi2,lzcnt,popcnt,pclmul"))), \
                             apply_to = function)
namespace avx512 {
struct Block {
  uint64_t quotes, backslashes, opening, closing, curly, high;

  ALWAYS_INLINE explicit Block(const uint8_t *p) {
    __m512i bytes = _mm512_loadu_si512(p), folded = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
    quotes = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"'));
    backslashes = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\'));
    opening = _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8('{'));
    closing = _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8('}'));
    curly = _mm512_test_epi8_mask(bytes, _mm512_set1_epi8(0x20));
    high = _mm512_movepi8_mask(bytes);
  }
};
static ALWAYS_INLINE uint64_t prefix_xor(uint64_t bits) {
  __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), _mm_set1_epi8(-1), 0);
  return (uint64_t)_mm_cvtsi128_si64(product);
}
#include "Kernel.h"
}  // namespace avx512
#pragma clang attribute pop
#endif

namespace {
struct Instructions {
  const uint8_t *(*close)(const uint8_t *, const uint8_t *, size_t);
  json_finding (*check)(const uint8_t *, const uint8_t *);
  size_t (*depth)(const uint8_t *, const uint8_t *);
};

const Instructions baselineOnes = {baseline::close, baseline::check, baseline::depth};
#if defined(__x86_64__)
const Instructions avx2Ones = {avx2::close, avx2::check, avx2::depth};
const Instructions avx512Ones = {avx512::close, avx512::check, avx512::depth};
#endif

bool supported(const char *name) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  bool two = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
             __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt") &&
             __builtin_cpu_supports("pclmul");
  if (!strcmp(name, "avx2")) return two;
  if (!strcmp(name, "avx512"))
    return two && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
#endif
  return !strcmp(name, "baseline");
}

const Instructions *named(const char *name) {
#if defined(__x86_64__)
  if (!strcmp(name, "avx2")) return &avx2Ones;
  if (!strcmp(name, "avx512")) return &avx512Ones;
#endif
  return &baselineOnes;
}

const Instructions *best() {
  return named(supported("avx512") ? "avx512" : supported("avx2") ? "avx2" : "baseline");
}

const Instructions *chosen = best();
}  // namespace

bool json_use_instructions(const char *name) {
  if (!supported(name)) return false;
  chosen = named(name);
  return true;
}

const uint8_t *json_close(const uint8_t *p, const uint8_t *limit, size_t depth) {
  return chosen->close(p, limit, depth);
}

size_t json_depth(const uint8_t *p, const uint8_t *limit) { return chosen->depth(p, limit); }

json_finding json_check(const uint8_t *p, const uint8_t *limit) {
  p = json_space(p, limit);
  if (p == limit) return {JSON_NO_VALUE, p};
  if (*p == '{' || *p == '[') return chosen->check(p, limit);
  return json_check_strictly(p, limit);  // a scalar on a line of its own
}
