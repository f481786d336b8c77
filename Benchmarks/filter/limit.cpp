// SPDX-License-Identifier: Apache-2.0
// The least that a filter costs with simdjson: one thread, no options, and the predicate is part of the
// program. A matching line is walked again, to its end, before it is written.
//
//   limit 1|2|3|4 <FILE
#include <simdjson.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

using namespace simdjson;

static bool text(simdjson_result<ondemand::value> value, std::string_view &out) {
  return !value.get_string().get(out);
}

static bool holds(int predicate, ondemand::document &line) {
  std::string_view s;
  switch (predicate) {
    case 1: return text(line["object"]["metadata"]["namespace"], s) && s == "prod";
    case 2: {
      if (!text(line["type"], s) || s != "MODIFIED") return false;
      ondemand::object status;
      if (line["object"]["status"].get_object().get(status)) return false;
      if (!text(status["phase"], s) || s == "Running") return false;
      ondemand::array containers;
      if (status["containerStatuses"].get_array().get(containers)) return false;
      for (auto container : containers) {
        int64_t restarts;
        if (!container["restartCount"].get_int64().get(restarts) && restarts > 3) return true;
      }
      return false;
    }
    case 3: return text(line["object"]["metadata"]["name"], s) && s.substr(0, 8) == "checkout";
    default: return text(line["object"]["metadata"]["labels"]["track"], s) && s == "canary";
  }
}

static bool whole(ondemand::document &line) {
  line.rewind();
  ondemand::object object;
  if (line.get_object().get(object)) return false;
  for (auto field : object)
    if (field.error()) return false;
  const char *rest;
  return line.current_location().get(rest) == OUT_OF_BOUNDS;
}

int main(int, char **arguments) {
  int predicate = atoi(arguments[1]);
  std::vector<char> buffer((1 << 20) + SIMDJSON_PADDING);
  size_t held = 0;
  ondemand::parser parser;
  std::string out;
  for (;;) {
    if (held + SIMDJSON_PADDING == buffer.size()) buffer.resize(2 * buffer.size());
    ssize_t got = read(0, buffer.data() + held, buffer.size() - SIMDJSON_PADDING - held);
    if (got <= 0) return held != 0 || got < 0;
    held += (size_t)got;
    char *start = buffer.data(), *end = start + held;
    while (char *newline = (char *)memchr(start, '\n', (size_t)(end - start))) {
      size_t length = (size_t)(newline - start), capacity = (size_t)(buffer.data() + buffer.size() - start);
      ondemand::document line;
      if (!parser.iterate(padded_string_view(start, length, capacity)).get(line) && holds(predicate, line) &&
          whole(line))
        out.append(start, length + 1);
      start = newline + 1;
    }
    for (size_t done = 0; done < out.size();) {
      ssize_t put = write(1, out.data() + done, out.size() - done);
      if (put <= 0) return 1;
      done += (size_t)put;
    }
    out.clear();
    held = (size_t)(end - start);
    memmove(buffer.data(), start, held);
  }
}
