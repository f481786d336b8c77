// SPDX-License-Identifier: Apache-2.0
// fanclient: epoll load client for fan-out servers (SSE, WebSocket, chunked NDJSON, MQTT-over-WS).
// Checks that each connection gets every event in order exactly once. Events are JSON text that hold
// "seq":N and "ts":NS (CLOCK_MONOTONIC ns) within the first HEAD bytes. See README.md for usage.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { SSE, WS, NDJSON, MQTT };
enum { ST_NEW, ST_CONN, ST_TLS, ST_HDR, ST_BODY, ST_DEAD };
#define HEAD 320
typedef struct {
  SSL *ssl;
  int fd;
  uint8_t st, slow, chunked, cstate, fin, op, wshl, ctll, pend, gotfirst;
  int status;
  uint64_t cleft, wsleft;
  uint32_t linelen;
  uint8_t last;
  uint8_t wsh[14];
  uint8_t ctl[128];
  uint64_t next, recv, missing, dup, bad, other, comments, bytes, pseq, pts;
  double budget;
  uint16_t hl;
  char line[HEAD];
} conn;

static const char *host = "127.0.0.1", *path = "/", *upath = 0, *proto = 0, *extra = "", *name = "";
static int port = 8080, N = 1, K = 0, mode = SSE, anyfirst = 0, rcvbuf = 0, srcvbuf = 0, inflight_max = 128,
           topicn = 1;
static double slow_rate = 0, tmo = 60, idle = 5, hold = 0;
static uint64_t count = 0;
static size_t size = 0;
static SSL_CTX *tls;  // --tls: certificates are not checked
static conn *cs;
static int ep;
static uint64_t nopen, ndead, nfail, ndone, total, tbytes, first_ns, last_ns, spids;
static volatile int stop;
static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}
// log-linear histogram: 32 sub-buckets per power of two (3 % precision)
static uint64_t hist[64 * 32], hmax, hn;
static uint64_t tnow;
static void hrec(uint64_t v) {
  if (v > hmax) hmax = v;
  hn++;
  int i;
  if (v < 32)
    i = v;
  else {
    int e = 63 - __builtin_clzll(v);
    i = (e - 4) * 32 + ((v >> (e - 5)) & 31);
  }
  hist[i]++;
}
static double hq(double q) {
  uint64_t want = (uint64_t)(q * hn), a = 0;
  if (!hn) return 0;
  for (int i = 0; i < 64 * 32; i++) {
    a += hist[i];
    if (a > want) {
      if (i < 32) return i;
      int e = i / 32 + 4;
      return (double)((32ull + i % 32) << (e - 5));
    }
  }
  return hmax;
}

static void event(conn *c, uint64_t seq, uint64_t ts) {
  c->recv++;
  if (!c->gotfirst) {
    c->gotfirst = 1;
    if (anyfirst) c->next = seq;
  }
  if (seq == c->next)
    c->next++;
  else if (seq > c->next) {
    c->missing += seq - c->next;
    c->next = seq + 1;
  } else {
    c->dup++;
    return;
  }
  if (c->slow) return;
  if (!total) first_ns = tnow;
  total++;
  last_ns = tnow;
  if (ts && tnow > ts) hrec(tnow - ts);
  if (count && c->next == count) ndone++;
}
static int parse(const char *p, size_t n, uint64_t *seq, uint64_t *ts) {
  const char *e = p + n, *s = memmem(p, n, "\"seq\":", 6);
  if (!s) return 0;
  uint64_t v = 0;
  for (s += 6; s < e && *s == ' '; s++)
    ;
  if (s >= e || *s < '0' || *s > '9') return 0;
  for (; s < e && *s >= '0' && *s <= '9'; s++) v = v * 10 + *s - '0';
  *seq = v;
  *ts = 0;
  const char *t = memmem(p, n, "\"ts\":", 5);
  if (t) {
    v = 0;
    for (t += 5; t < e && *t == ' '; t++)
      ;
    for (; t < e && *t >= '0' && *t <= '9'; t++) v = v * 10 + *t - '0';
    *ts = v;
  }
  return 1;
}
static void on_line(conn *c, const char *p, size_t n, size_t tot, char last) {
  if (n && n == tot && p[n - 1] == '\r') n--, tot--;
  if (mode == SSE) {
    if (!tot) {
      if (c->pend) {
        c->pend = 0;
        event(c, c->pseq, c->pts);
      }
      return;
    }
    if (p[0] == ':') {
      c->comments++;
      return;
    }
    if (n < 5 || memcmp(p, "data:", 5)) {
      return;
    }
    size_t off = p[5] == ' ' ? 6 : 5;
    if (size && tot - off != size) c->bad++;
    if (parse(p, n, &c->pseq, &c->pts))
      c->pend = 1;
    else
      c->other++;
  } else {
    if (!tot) {
      c->comments++;
      return;
    }
    uint64_t s, t;
    if (parse(p, n, &s, &t)) {
      if (size && mode != MQTT && tot != size) c->bad++;
      event(c, s, t);
    } else
      c->other++;
  }
  (void)last;
}
static void feed_lines(conn *c, const char *p, size_t n, int split) {
  while (n) {
    const char *nl = split ? memchr(p, '\n', n) : 0;
    size_t l = nl ? (size_t)(nl - p) : n;
    if (!c->linelen && nl)
      on_line(c, p, l, l, 0);
    else {
      if (c->linelen < HEAD) {
        size_t k = HEAD - c->linelen;
        memcpy(c->line + c->linelen, p, l < k ? l : k);
      }
      c->linelen += l;
      if (nl) {
        size_t tl = c->linelen;
        c->linelen = 0;
        on_line(c, c->line, tl < HEAD ? tl : HEAD, tl, 0);
      }
    }
    if (!nl) break;
    p = nl + 1;
    n -= l + 1;
  }
}
static void die(conn *c) {
  if (c->st == ST_DEAD) return;
  if (c->st != ST_BODY)
    nfail++;
  else
    ndead++;
  if (c->st == ST_NEW || c->st == ST_CONN || c->st == ST_HDR) {
  }
  c->st = ST_DEAD;
  if (c->ssl) {
    SSL_free(c->ssl);
    c->ssl = 0;
  }
  close(c->fd);
  c->fd = -1;
}
static ssize_t put(conn *c, const void *p, size_t n) {
  return c->ssl ? SSL_write(c->ssl, p, n) : write(c->fd, p, n);
}
static void wsend(conn *c, int op, const uint8_t *d, size_t n) {
  uint8_t b[1024];
  size_t h = 2;
  b[0] = 0x80 | op;
  if (n < 126)
    b[1] = 0x80 | n;
  else {
    b[1] = 0x80 | 126;
    b[2] = n >> 8;
    b[3] = n;
    h = 4;
  }
  static const uint8_t m[4] = {0x12, 0x34, 0x56, 0x78};
  memcpy(b + h, m, 4);
  h += 4;
  for (size_t i = 0; i < n; i++) b[h + i] = d[i] ^ m[i & 3];
  if (put(c, b, h + n) < 0) {
  }
}
static void feed_ws(conn *c, const uint8_t *p, size_t n) {
  while (n) {
    if (c->wshl < 255) {  // header
      if (c->wshl < 2) {
        c->wsh[c->wshl++] = *p++;
        n--;
        if (c->wshl < 2) continue;
      }
      int l = c->wsh[1] & 127, need = 2 + (l == 126 ? 2 : l == 127 ? 8 : 0);
      if (c->wsh[1] & 0x80) c->bad++;
      while (n && c->wshl < need) {
        c->wsh[c->wshl++] = *p++;
        n--;
      }
      if (c->wshl < need) return;
      uint64_t len = l;
      if (l >= 126) {
        len = 0;
        for (int i = 2; i < need; i++) len = len << 8 | c->wsh[i];
      }
      c->wsleft = len;
      c->fin = c->wsh[0] >> 7;
      c->op = c->wsh[0] & 15;
      c->ctll = 0;
      c->wshl = 255;
      if (c->wsh[0] & 0x70) c->bad++;
    }
    size_t k = n < c->wsleft ? n : c->wsleft;
    int ctl = c->op >= 8;
    if (!ctl && c->fin && !c->linelen && k == c->wsleft) {
      on_line(c, (const char *)p, k < HEAD ? k : HEAD, k, 0);
    } else if (!ctl)
      feed_lines(c, (const char *)p, k, 0);
    else
      for (size_t i = 0; i < k && c->ctll < 125; i++) c->ctl[c->ctll++] = p[i];
    int whole = !ctl && c->fin && !c->linelen;
    p += k;
    n -= k;
    c->wsleft -= k;
    if (!c->wsleft) {
      if (ctl) {
        if (c->op == 9) {
          c->comments++;
          wsend(c, 10, c->ctl, c->ctll);
        } else if (c->op == 8) {
          c->status = c->ctll >= 2 ? c->ctl[0] << 8 | c->ctl[1] : 1005;
          wsend(c, 8, c->ctl, c->ctll < 2 ? 0 : 2);
        }
      } else if (c->fin && !whole) {
        size_t tl = c->linelen;
        c->linelen = 0;
        on_line(c, c->line, tl < HEAD ? tl : HEAD, tl, 0);
      }
      c->wshl = 0;
    }
  }
}
static void body(conn *c, char *p, size_t n) {
  if (mode == WS || mode == MQTT) {
    feed_ws(c, (uint8_t *)p, n);
    return;
  }
  if (!c->chunked) {
    feed_lines(c, p, n, 1);
    return;
  }
  while (n) switch (c->cstate) {
      case 0: {
        char ch = *p++;
        n--;
        if (ch == '\n') {
          c->cstate = c->cleft ? 1 : 3;
          if (!c->cleft) c->status = -200;
        } else if (c->cstate == 0) {
          int d = ch >= '0' && ch <= '9'                 ? ch - '0'
                  : (ch | 32) >= 'a' && (ch | 32) <= 'f' ? (ch | 32) - 'a' + 10
                                                         : -1;
          if (d >= 0)
            c->cleft = c->cleft * 16 + d;
          else if (ch == ';')
            c->cstate = 4;
        }
        break;
      }
      case 4: {
        if (*p == '\n') c->cstate = c->cleft ? 1 : 3;
        p++;
        n--;
        break;
      }
      case 1: {
        size_t k = n < c->cleft ? n : c->cleft;
        feed_lines(c, p, k, 1);
        p += k;
        n -= k;
        c->cleft -= k;
        if (!c->cleft) c->cstate = 2;
        break;
      }
      case 2: {
        if (*p == '\n') c->cstate = 0;
        p++;
        n--;
        break;
      }
      default: n = 0;
    }
}
static int mqstr(uint8_t *b, const char *s) {
  int n = strlen(s);
  b[0] = n >> 8;
  b[1] = n;
  memcpy(b + 2, s, n);
  return n + 2;
}
static void opened(conn *c) {
  nopen++;
  if (mode == MQTT) {
    uint8_t b[256], id[40];
    snprintf((char *)id, 40, "fc%d-%ld", getpid(), (long)(c - cs));
    int n = 2;
    n += mqstr(b + n, "MQTT");
    b[n++] = 4;
    b[n++] = 2;
    b[n++] = 0;
    b[n++] = 120;
    n += mqstr(b + n, (char *)id);
    b[0] = 0x10;
    b[1] = n - 2;
    wsend(c, 2, b, n);
    n = 2;
    b[n++] = 0;
    b[n++] = 1;
    n += mqstr(b + n, "t");
    b[n++] = 0;
    b[0] = 0x82;
    b[1] = n - 2;
    wsend(c, 2, b, n);
  }
  if (c->slow && slow_rate <= 0) {
    struct epoll_event ev = {.events = EPOLLRDHUP, .data.ptr = c};
    epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
  } else if (c->slow) {
    epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, 0);
  }
}
static void bytes_in(conn *c, char *p, size_t n) {
  c->bytes += n;
  tbytes += n;
  if (c->st == ST_HDR) {  // headers end at CRLFCRLF: kept in c->line for the status and transfer coding only
    static char *hb[1];
    (void)hb;
    size_t i = 0;
    static __thread char low[8192];
    for (; i < n; i++) {
      if (c->hl < 8000) {
      }
      char ch = p[i];  // 4-byte tail match
      c->wsh[0] = c->wsh[1];
      c->wsh[1] = c->wsh[2];
      c->wsh[2] = c->wsh[3];
      c->wsh[3] = ch;
      c->hl++;
      if (!memcmp(c->wsh, "\r\n\r\n", 4)) {
        i++;
        break;
      }
    }
    size_t k = i < sizeof low - 1 ? i : sizeof low - 1;
    for (size_t j = 0; j < k; j++) low[j] = p[j] >= 'A' && p[j] <= 'Z' ? p[j] | 32 : p[j];
    low[k] = 0;
    if (!c->status && k > 12 && !memcmp(low, "http/1.", 7)) c->status = atoi(low + 9);
    if (strstr(low, "transfer-encoding: chunked")) c->chunked = 1;
    if (memcmp(c->wsh, "\r\n\r\n", 4)) return;
    int want = mode == WS || mode == MQTT ? 101 : 200;
    if (c->status != want) {
      if (nfail < 3)
        fprintf(stderr, "conn %ld: status %d: %.*s\n", (long)(c - cs), c->status, (int)(n < 300 ? n : 300),
                p);
      die(c);
      return;
    }
    memset(c->wsh, 0, sizeof c->wsh);
    c->st = ST_BODY;
    opened(c);
    p += i;
    n -= i;
    if (!n) return;
  }
  if (c->st == ST_BODY) body(c, p, n);
}
static char rb[1 << 18];
static void do_read(conn *c, size_t lim) {
  size_t cap = lim && lim < sizeof rb ? lim : sizeof rb;
  while (c->ssl) {  // all that OpenSSL has: epoll does not know of it
    int r = SSL_read(c->ssl, rb, cap);
    if (r <= 0) {
      if (SSL_get_error(c->ssl, r) != SSL_ERROR_WANT_READ) die(c);
      return;
    }
    tnow = now_ns();
    bytes_in(c, rb, r);
  }
  if (c->st == ST_DEAD) return;
  ssize_t r = read(c->fd, rb, cap);
  if (r > 0) {
    tnow = now_ns();
    bytes_in(c, rb, r);
  } else if (r == 0 || errno != EAGAIN)
    die(c);
}
static void start(conn *c, int i) {
  c->slow = i >= N;
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &a.sin_addr);
  struct sockaddr_un u = {.sun_family = AF_UNIX};
  int r;
  c->fd = socket(upath ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) {
    perror("socket");
    exit(1);
  }
  int rbv = c->slow && srcvbuf ? srcvbuf : rcvbuf;
  if (rbv) setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &rbv, sizeof rbv);
  if (upath) {
    strncpy(u.sun_path, upath, sizeof u.sun_path - 1);
    r = connect(c->fd, (void *)&u, sizeof u);
  } else
    r = connect(c->fd, (void *)&a, sizeof a);
  c->st = ST_CONN;
  struct epoll_event ev = {.events = EPOLLOUT, .data.ptr = c};
  if (r < 0 && errno != EINPROGRESS) {
    if (nfail < 3) perror("connect");
    die(c);
    return;
  }
  epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev);
}
// The request of one connection. An @ in the path is replaced by one of `variants` numbers, so that requests
// differ.
static int variants = 1;
static ssize_t ask(conn *c, const char *req, size_t n) {
  static char own[8192];
  const char *at = variants > 1 ? memchr(req, '@', n) : 0;
  if (!at) return put(c, req, n) == (ssize_t)n;
  size_t m = at - req;
  memcpy(own, req, m);
  m += sprintf(own + m, "%d", (int)((c - cs) % variants));
  memcpy(own + m, at + 1, n - (at + 1 - req));
  m += n - (at + 1 - req);
  return put(c, own, m) == (ssize_t)m;
}
static void on_sig(int s) {
  (void)s;
  stop = 1;
}
int main(int ac, char **av) {
  static struct option lo[] = {{"slow", 1, 0, 1},      {"slow-rate", 1, 0, 2},
                               {"rcvbuf", 1, 0, 3},    {"slow-rcvbuf", 1, 0, 4},
                               {"idle", 1, 0, 5},      {"hold", 1, 0, 6},
                               {"any-first", 0, 0, 7}, {"unix", 1, 0, 8},
                               {"subproto", 1, 0, 9},  {"name", 1, 0, 10},
                               {"inflight", 1, 0, 11}, {"variants", 1, 0, 12},
                               {"tls", 0, 0, 13},      {0, 0, 0, 0}};
  int o;
  while ((o = getopt_long(ac, av, "h:p:u:n:m:c:s:t:H:", lo, 0)) != -1) switch (o) {
      case 'h': host = optarg; break;
      case 'p': port = atoi(optarg); break;
      case 'u': path = optarg; break;
      case 'n': N = atoi(optarg); break;
      case 'm':
        mode = !strcmp(optarg, "ws")       ? WS
               : !strcmp(optarg, "ndjson") ? NDJSON
               : !strcmp(optarg, "mqtt")   ? MQTT
                                           : SSE;
        break;
      case 'c': count = strtoull(optarg, 0, 10); break;
      case 's': size = atoi(optarg); break;
      case 't': tmo = atof(optarg); break;
      case 'H': {
        char *x;
        if (asprintf(&x, "%s%s\r\n", extra, optarg) < 0) return 1;
        extra = x;
        break;
      }
      case 1: K = atoi(optarg); break;
      case 2: slow_rate = atof(optarg); break;
      case 3: rcvbuf = atoi(optarg); break;
      case 4: srcvbuf = atoi(optarg); break;
      case 5: idle = atof(optarg); break;
      case 6: hold = atof(optarg); break;
      case 7: anyfirst = 1; break;
      case 8: upath = optarg; break;
      case 9: proto = optarg; break;
      case 10: name = optarg; break;
      case 11: inflight_max = atoi(optarg); break;
      case 12: variants = atoi(optarg); break;
      case 13: tls = SSL_CTX_new(TLS_client_method()); break;
      default:
        fprintf(stderr,
                "usage: fanclient [-h host] [-p port | --unix path] [-u urlpath] [-m sse|ws|ndjson|mqtt] [-n "
                "conns] [-c events] [-s datasize] [-t max_s] [--idle s] [--hold s] [-H 'Header: v'] [--slow "
                "K --slow-rate B/s --slow-rcvbuf B] [--rcvbuf B] [--any-first] [--subproto p] [--inflight n] "
                "[--variants v] [--tls] [--name s]\n");
        return 2;
    }
  if (mode == MQTT && !proto) proto = "mqtt";
  struct rlimit rl = {N + K + 100, N + K + 100}, cur;
  getrlimit(RLIMIT_NOFILE, &cur);
  if (cur.rlim_cur < rl.rlim_cur) {
    if (cur.rlim_max > rl.rlim_max) rl.rlim_max = cur.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &rl)) perror("setrlimit");
  }
  signal(SIGINT, on_sig);
  signal(SIGTERM, on_sig);
  signal(SIGPIPE, SIG_IGN);
  char req[4096];
  int rl_;
  if (mode == WS || mode == MQTT) {
    char sp[128] = "";
    if (proto) snprintf(sp, sizeof sp, "Sec-WebSocket-Protocol: %s\r\n", proto);
    rl_ = snprintf(
        req, sizeof req,
        "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
        "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s\r\n",
        path, host, port, sp, extra);
  } else
    rl_ = snprintf(req, sizeof req, "GET %s HTTP/1.1\r\nHost: %s:%d\r\nAccept: %s\r\n%s\r\n", path, host,
                   port, mode == SSE ? "text/event-stream" : "application/json", extra);
  cs = calloc(N + K, sizeof *cs);
  ep = epoll_create1(0);
  uint64_t t0 = now_ns(), tready = 0, tick = t0, tlast_total = 0, tlast_change = 0;
  int started = 0, M = N + K;
  static struct epoll_event evs[1024];
  struct rusage ru0, ru1;
  getrusage(RUSAGE_SELF, &ru0);
  while (!stop) {
    while (started < M && started - (int)(nopen + nfail) < inflight_max) {
      start(&cs[started], started);
      started++;
    }
    if (!tready && (int)(nopen + nfail) == M) {
      tready = now_ns();
      printf("READY open=%lu fail=%lu connect_s=%.3f\n", nopen, nfail, (tready - t0) / 1e9);
      fflush(stdout);
      getrusage(RUSAGE_SELF, &ru0);
      tlast_change = tready;
      if (nfail == (uint64_t)M) break;
    }
    int n = epoll_wait(ep, evs, 1024, 50);
    for (int i = 0; i < n; i++) {
      conn *c = evs[i].data.ptr;
      uint32_t e = evs[i].events;
      if (c->st == ST_DEAD) continue;
      if (c->st == ST_CONN) {
        int er = 0;
        socklen_t l = sizeof er;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &er, &l);
        if (er) {
          errno = er;
          if (nfail < 3) perror("connect");
          die(c);
          continue;
        }
        int one = 1;
        if (!upath) setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (tls) {
          c->ssl = SSL_new(tls);
          SSL_set_fd(c->ssl, c->fd);
          SSL_set_connect_state(c->ssl);
          c->st = ST_TLS;
        } else if (!ask(c, req, rl_)) {
          die(c);
          continue;
        } else
          c->st = ST_HDR;
        struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
        if (!tls) continue;
      }
      if (c->st == ST_TLS) {
        int r = SSL_do_handshake(c->ssl);
        if (r == 1) {
          if (!ask(c, req, rl_)) {
            die(c);
            continue;
          }
          c->st = ST_HDR;
        } else if (SSL_get_error(c->ssl, r) != SSL_ERROR_WANT_READ)
          die(c);
        continue;
      }
      if (c->slow && c->st == ST_BODY) {
        if (e & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) die(c);
        continue;
      }
      if (e & (EPOLLIN | EPOLLHUP | EPOLLERR)) do_read(c, 0);
    }
    uint64_t t = now_ns();
    if (K && slow_rate > 0 && t - tick > 100000000) {
      double q = slow_rate * (t - tick) / 1e9;
      tick = t;
      for (int i = N; i < M; i++)
        if (cs[i].st == ST_BODY) {
          cs[i].budget += q;
          if (cs[i].budget >= 1) {
            uint64_t b0 = cs[i].bytes;
            do_read(&cs[i], (size_t)cs[i].budget);
            cs[i].budget -= cs[i].bytes - b0;
            if (cs[i].budget > slow_rate) cs[i].budget = slow_rate;
          }
        }
    }
    if (total != tlast_total) {
      tlast_total = total;
      tlast_change = t;
    }
    if (tready) {
      uint64_t alive = 0;
      if (count && ndone >= (uint64_t)N) break;
      if (hold > 0 && t - tready > hold * 1e9) break;
      if (hold <= 0 && total && t - tlast_change > idle * 1e9) break;
      (void)alive;
    }
    if (t - t0 > tmo * 1e9) break;
  }
  getrusage(RUSAGE_SELF, &ru1);
  double cpu =
      (ru1.ru_utime.tv_sec - ru0.ru_utime.tv_sec + ru1.ru_stime.tv_sec - ru0.ru_stime.tv_sec) +
      (ru1.ru_utime.tv_usec - ru0.ru_utime.tv_usec + ru1.ru_stime.tv_usec - ru0.ru_stime.tv_usec) / 1e6;
  uint64_t miss = 0, dup = 0, bad = 0, oth = 0, com = 0, full = 0, deadfast = 0, sdead = 0, srecv = 0,
           smiss = 0, sbytes = 0, minr = ~0ull, maxr = 0;
  for (int i = 0; i < N; i++) {
    conn *c = &cs[i];
    if (count && c->next < count) c->missing += count - c->next;
    miss += c->missing;
    dup += c->dup;
    bad += c->bad;
    oth += c->other;
    com += c->comments;
    if (count && !c->missing && !c->dup && c->next == count) full++;
    if (c->st == ST_DEAD) deadfast++;
    if (c->recv < minr) minr = c->recv;
    if (c->recv > maxr) maxr = c->recv;
  }
  for (int i = N; i < M; i++) {
    conn *c = &cs[i];
    sdead += c->st == ST_DEAD;
    srecv += c->recv;
    smiss += c->missing;
    sbytes += c->bytes;
  }
  double dt = (last_ns - first_ns) / 1e9;
  (void)spids;
  (void)topicn;
  printf(
      "{\"name\":\"%s\",\"conns\":%d,\"open\":%lu,\"fail\":%lu,\"connect_s\":%.3f,\"events\":%lu,"
      "\"deliveries\":%lu,\"elapsed_s\":%.3f,\"deliv_per_s\":%.0f,\"MB_per_s\":%.1f,\"lat_ms\":{\"p50\":%.3f,"
      "\"p99\":%.3f,\"max\":%.3f},\"complete_conns\":%lu,\"missing\":%lu,\"dup\":%lu,\"bad\":%lu,\"other\":%"
      "lu,\"comments\":%lu,\"min_recv\":%lu,\"max_recv\":%lu,\"closed_by_server\":%lu,\"client_cpu_s\":%.3f,"
      "\"slow\":{\"k\":%d,\"closed\":%lu,\"recv\":%lu,\"missing\":%lu,\"bytes\":%lu}}\n",
      name, N, nopen, nfail, tready ? (tready - t0) / 1e9 : -1, count, total, dt, dt > 0 ? total / dt : 0,
      dt > 0 ? tbytes / dt / 1e6 : 0, hq(.5) / 1e6, hq(.99) / 1e6, hmax / 1e6, full, miss, dup, bad, oth, com,
      minr, maxr, deadfast, cpu, K, sdead, srecv, smiss, sbytes);
  return count && full != (uint64_t)N;
}
