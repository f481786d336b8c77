// SPDX-License-Identifier: Apache-2.0
// RFC 8259 to the letter, without recursion; byte by byte, but for plain text in strings.
#include "CJSON.h"
#include "Nesting.h"
#include "Number.h"

namespace {
using number::digit;

bool hex(uint8_t c) { return digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

/// The first byte from `p` on that means something in a string: a quote, a backslash or a control character.
const uint8_t *special(const uint8_t *p, const uint8_t *limit) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'),
                lastControl = _mm_set1_epi8(0x1f);
  for (; p < limit; p += 16) {
    __m128i block = _mm_loadu_si128((const __m128i *)p);
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, lastControl), block);
    __m128i text = _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash));
    unsigned found = (unsigned)_mm_movemask_epi8(_mm_or_si128(control, text));
    if (found) return p + __builtin_ctz(found);
  }
#endif
  return p;
}

/// The byte after the closing quote of the string whose first byte is `p`, or null.
const uint8_t *string(const uint8_t *p, const uint8_t *limit) {
  while ((p = special(p, limit)) < limit) {
    uint8_t c = *p++;
    if (c == '"') return p;
    if (c < 0x20) return nullptr;
    if (c != '\\') continue;
    if (p >= limit) return nullptr;
    switch (*p++) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't': break;
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

/// A member's key, without its quotes, and the first byte of its value; null where there is none.
struct Member {
  const uint8_t *key = nullptr, *quote = nullptr, *value = nullptr;

  Member(const uint8_t *p, const uint8_t *limit) {
    if (p >= limit || *p != '"') return;
    key = p + 1;
    p = string(key, limit);
    if (!p) return;
    quote = p - 1;
    p = json_space(p, limit);
    if (p < limit && *p == ':') value = json_space(p + 1, limit);
  }
};

/// Goes over a text. `note.member(depth, member)` is told each member of an object that lies `depth` deep,
/// the outermost being 1, before its value; `note.end(depth, p)` where a value ends that lies in a container
/// of that depth.
template <class Note>
json_finding walk(const uint8_t *p, const uint8_t *limit, Note &note) {
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
        Member member(p, limit);
        if (!member.value) return {p >= limit ? JSON_TRUNCATED : JSON_GRAMMAR, p};
        note.member(nesting.depth, member);
        p = member.value;
        continue;
      }
    } else {
      p = scalar(p, limit);
      if (!p || (p < limit && (*p == '_' || digit(*p) || (uint8_t)((*p | 0x20) - 'a') < 26)))
        return {nesting.depth ? JSON_GRAMMAR : JSON_NO_VALUE, at};
    }
    for (;;) {  // behind a value, or at the bracket that closes an empty container
      note.end(nesting.depth, p);
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
    Member member(p, limit);
    if (!member.value) return {JSON_GRAMMAR, p};
    note.member(nesting.depth, member);
    p = member.value;
  }
}

struct Nothing {
  void member(size_t, const Member &) {}
  void end(size_t, const uint8_t *) {}
};

/// Whether a key with escapes spells `name`, which is letters: what is escaped then is six bytes for one, as
/// `\u006e`.
bool spells_escaped(const uint8_t *p, const uint8_t *quote, const char *name) {
  for (; *name && p < quote; name++) {
    if (*p != '\\') {
      if (*p++ != (uint8_t)*name) return false;
      continue;
    }
    if (p[1] != 'u' || p[2] != '0' || p[3] != '0') return false;
    const auto digit = [](uint8_t c) { return number::digit(c) ? c - '0' : (c | 0x20) - 'a' + 10; };
    if (digit(p[4]) << 4 != (*name & 0xf0) || digit(p[5]) != (*name & 0x0f)) return false;
    p += 6;
  }
  return !*name && p == quote;
}

template <size_t size>
inline bool spells(const Member &member, const char (&name)[size]) {
  const size_t length = size - 1, count = (size_t)(member.quote - member.key);
  if (count == length) return !__builtin_memcmp(member.key, name, length);
  return count > length && count <= 6 * length && (count - length) % 5 == 0 &&
         spells_escaped(member.key, member.quote, name);
}

/// Notes where an event's parts lie.
struct Envelope {
  json_envelope found = {};

  void member(size_t depth, const Member &member) {
    if (depth > 3) return;
    json_part *part = nullptr;
    if (depth == 1) {
      found.members++;
      part = spells(member, "type")       ? &found.type
             : spells(member, "object")   ? &found.object
             : spells(member, "source")   ? &found.source
             : spells(member, "metadata") ? &found.metadata
                                          : nullptr;
      if (part == &found.object) {
        if (has_object || *member.value != '{') part = nullptr;
        has_object = true;
      }
    } else if (inside[depth] == &found.object) {
      if (spells(member, "metadata")) part = &found.object_metadata;
    } else if (inside[depth]) {
      bool own = inside[depth] == &found.metadata;
      if (spells(member, "resourceVersion")) part = own ? &found.version : &found.object_version;
    }
    if (part && part->start) part = nullptr;  // of equal keys the first counts
    if (part) part->start = member.value;
    open[depth] = part;
    for (size_t below = depth + 1; below <= 3; below++) inside[below] = nullptr;
    if (part == &found.object || part == &found.metadata || part == &found.object_metadata)
      inside[depth + 1] = part;
  }

  void end(size_t depth, const uint8_t *p) {
    if (depth > 3 || !open[depth]) return;
    open[depth]->end = p;
    open[depth] = nullptr;
  }

 private:
  bool has_object = false;    // whatever its value is
  json_part *open[4] = {};    // the part whose value is not at its end, by the depth of what it lies in
  json_part *inside[5] = {};  // the part that the object of a depth is
};
}  // namespace

json_finding json_check_strictly(const uint8_t *p, const uint8_t *limit) {
  Nothing nothing;
  return walk(p, limit, nothing);
}

json_finding json_find_envelope(const uint8_t *p, const uint8_t *limit, json_envelope *envelope) {
  Envelope note;
  json_finding finding = walk(p, limit, note);
  *envelope = note.found;
  return finding;
}
