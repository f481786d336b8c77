// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdlib.h>
#include <zlib.h>

// zlib keeps the address of its z_stream, so the stream is allocated on the heap. Its initialisers are
// macros, which Swift does not import. The format is raw deflate (RFC 1951), without zlib's header and
// checksum.

/// A compressor with a window of 2^bits bytes, 9 to 15; NULL if memory is exhausted.
static inline z_stream *czlib_deflater(int bits, int level) {
  z_stream *stream = calloc(1, sizeof *stream);
  if (stream && deflateInit2(stream, level, Z_DEFLATED, -bits, 8, Z_DEFAULT_STRATEGY) == Z_OK) return stream;
  free(stream);
  return NULL;
}

/// A decompressor for windows of up to 2^bits bytes; NULL if memory is exhausted.
static inline z_stream *czlib_inflater(int bits) {
  z_stream *stream = calloc(1, sizeof *stream);
  if (stream && inflateInit2(stream, -bits) == Z_OK) return stream;
  free(stream);
  return NULL;
}

static inline void czlib_free_deflater(z_stream *stream) {
  if (!stream) return;
  deflateEnd(stream);
  free(stream);
}

static inline void czlib_free_inflater(z_stream *stream) {
  if (!stream) return;
  inflateEnd(stream);
  free(stream);
}
