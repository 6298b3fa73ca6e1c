/* rig.c - the two ends of Gatehouse's benchmark in one file, each a single epoll thread.
 *
 *   rig upstream PORT ANSWER
 *       An OpenAI-compatible model on 127.0.0.1 that answers at once with the text in file ANSWER.
 *       Streams follow the request's "max_tokens": N words, the first after FIRST_MS, then one every
 *       GAP_US (environment; 0 and 0: the whole stream at once).
 *
 *   rig load PORT BODIES CONNECTIONS SECONDS WARMUP [HEADER]...
 *       Closed loop against /v1/chat/completions: each connection sends its next request when the last
 *       one is answered. BODIES holds one JSON body a line, used in turn; a run of '%' in a body becomes
 *       a number that is never used twice. Prints one JSON object; times in microseconds.
 *
 * A request counts when its answer ends inside the window. ttft: until the first body bytes that carry
 * answer text. An answer without status 200 and text is an error.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FD = 4096, READ_SIZE = 1 << 16 };

static void die(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- growing buffer ---------------------------------------------------------------------------- */

typedef struct {
  char *data;
  size_t length, room;
} buffer;

static void reserve(buffer *b, size_t more) {
  if (b->length + more + 1 <= b->room) return;
  b->room = (b->length + more + 1) * 2;
  b->data = realloc(b->data, b->room);
  if (!b->data) die("realloc");
}

static void append(buffer *b, const char *bytes, size_t n) {
  reserve(b, n);
  memcpy(b->data + b->length, bytes, n);
  b->length += n;
  b->data[b->length] = 0;
}

static void appendf(buffer *b, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char text[2048];
  int n = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  append(b, text, (size_t)n);
}

static void drop_front(buffer *b, size_t n) {
  memmove(b->data, b->data + n, b->length - n);
  b->length -= n;
}

static buffer read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) die(path);
  buffer b = {0};
  char chunk[READ_SIZE];
  for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0;) append(&b, chunk, n);
  fclose(file);
  return b;
}

static int poller;

static void watch(int fd, uint32_t events, int change) {
  struct epoll_event e = {.events = events, .data.fd = fd};
  epoll_ctl(poller, change ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e);
}

static void no_delay(int fd) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* ---- upstream ---------------------------------------------------------------------------------- */

typedef struct {
  int open, timer, words_left;
  buffer in, out;
  size_t sent, next_word;
} peer;

static peer peers[MAX_FD];
static int timer_owner[MAX_FD];
static buffer answer_body;   /* the whole non-stream response, head included */
static char **words;
static size_t word_count;
static long first_ms, gap_us;

static const char STREAM_HEAD[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";

static void hang_up(int fd) {
  peer *p = &peers[fd];
  if (p->timer > 0) close(p->timer);
  close(fd);
  p->open = p->timer = 0;
  p->in.length = p->out.length = p->sent = 0;
}

static void flush_peer(int fd) {
  peer *p = &peers[fd];
  while (p->sent < p->out.length) {
    ssize_t n = send(fd, p->out.data + p->sent, p->out.length - p->sent, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EAGAIN) watch(fd, EPOLLIN | EPOLLOUT, 1);
      else hang_up(fd);
      return;
    }
    p->sent += (size_t)n;
  }
  p->out.length = p->sent = 0;
}

static void put_event(buffer *out, const char *delta, const char *finish) {
  char event[1024];
  int n = snprintf(event, sizeof event,
                   "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"
                   "\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{%s},\"logprobs\":null,"
                   "\"finish_reason\":%s}]}\n\n", delta, finish);
  appendf(out, "%x\r\n", n);
  append(out, event, (size_t)n);
  append(out, "\r\n", 2);
}

static void put_word(peer *p) {
  char delta[256];
  snprintf(delta, sizeof delta, "\"content\":\"%s \"", words[p->next_word++ % word_count]);
  put_event(&p->out, delta, "null");
  if (--p->words_left > 0) return;
  put_event(&p->out, "", "\"stop\"");
  append(&p->out, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n", 24);
}

static void begin_stream(int fd, long tokens) {
  peer *p = &peers[fd];
  p->words_left = (int)tokens;
  p->next_word = 0;
  if (!first_ms && !gap_us) {
    append(&p->out, STREAM_HEAD, sizeof STREAM_HEAD - 1);
    put_event(&p->out, "\"role\":\"assistant\",\"content\":\"\"", "null");
    while (p->words_left > 0) put_word(p);
    return;
  }
  p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  if (p->timer < 0 || p->timer >= MAX_FD) die("timerfd");
  timer_owner[p->timer] = fd;
  long gap = gap_us ? gap_us : 1;
  struct itimerspec when = {.it_value = {first_ms / 1000, first_ms % 1000 * 1000000 + 1},
                            .it_interval = {gap / 1000000, gap % 1000000 * 1000}};
  timerfd_settime(p->timer, 0, &when, NULL);
  watch(p->timer, EPOLLIN, 0);
}

static void tick(int timer) {
  uint64_t times;
  if (read(timer, &times, sizeof times) != sizeof times) return;
  int fd = timer_owner[timer];
  peer *p = &peers[fd];
  if (p->next_word == 0) {
    append(&p->out, STREAM_HEAD, sizeof STREAM_HEAD - 1);
    put_event(&p->out, "\"role\":\"assistant\",\"content\":\"\"", "null");
  }
  for (; times && p->words_left > 0; times--) put_word(p);
  if (p->words_left <= 0) {
    close(timer);
    p->timer = 0;
  }
  flush_peer(fd);
}

static long field(const char *body, const char *name, long otherwise) {
  const char *found = strstr(body, name);
  found = found ? strchr(found + strlen(name), ':') : NULL;
  return found ? atol(found + 1) : otherwise;
}

static int wants_stream(const char *body) {
  const char *found = strstr(body, "\"stream\"");
  if (!found) return 0;
  found += 8;
  found += strspn(found, " :");
  return !strncmp(found, "true", 4);
}

/* one whole request taken from the buffer: 1, else 0 */
static int take_request(int fd) {
  peer *p = &peers[fd];
  if (!p->in.length || p->timer > 0) return 0;
  char *end = memmem(p->in.data, p->in.length, "\r\n\r\n", 4);
  if (!end) return 0;
  size_t head = (size_t)(end + 4 - p->in.data), body = 0;
  *end = 0;
  char *length = strcasestr(p->in.data, "\r\ncontent-length:");
  if (length) body = strtoul(length + 17, NULL, 10);
  *end = '\r';
  if (p->in.length < head + body) return 0;
  char *text = p->in.data + head, kept = text[body];
  text[body] = 0;
  if (!strncmp(p->in.data, "GET", 3)) {
    static const char models[] = "{\"object\":\"list\",\"data\":[{\"id\":\"bench\",\"object\":\"model\",\"created\":1,\"owned_by\":\"bench\"}]}";
    appendf(&p->out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", sizeof models - 1);
    append(&p->out, models, sizeof models - 1);
  } else if (wants_stream(text)) {
    begin_stream(fd, field(text, "\"max_tokens\"", 32));
  } else {
    append(&p->out, answer_body.data, answer_body.length);
  }
  text[body] = kept;
  drop_front(&p->in, head + body);
  return 1;
}

static void receive(int fd) {
  peer *p = &peers[fd];
  reserve(&p->in, READ_SIZE);
  ssize_t n = recv(fd, p->in.data + p->in.length, READ_SIZE, 0);
  if (n <= 0) {
    if (n == 0 || errno != EAGAIN) hang_up(fd);
    return;
  }
  p->in.length += (size_t)n;
  while (p->open && take_request(fd)) flush_peer(fd);
}

static void prepare_answer(const char *path) {
  buffer text = read_file(path);
  while (text.length && text.data[text.length - 1] == '\n') text.data[--text.length] = 0;
  buffer body = {0};
  appendf(&body, "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"bench\","
                 "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"");
  append(&body, text.data, text.length);
  appendf(&body, "\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
                 "\"usage\":{\"prompt_tokens\":200,\"completion_tokens\":64,\"total_tokens\":264}}");
  appendf(&answer_body, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", body.length);
  append(&answer_body, body.data, body.length);
  words = calloc(text.length / 2 + 1, sizeof *words);
  for (char *word = strtok(text.data, " "); word; word = strtok(NULL, " ")) words[word_count++] = word;
  if (!word_count) die("empty answer");
}

static _Noreturn void upstream(int port, const char *answer) {
  first_ms = atol(getenv("FIRST_MS") ? getenv("FIRST_MS") : "0");
  gap_us = atol(getenv("GAP_US") ? getenv("GAP_US") : "0");
  prepare_answer(answer);
  int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 1024)) die("listen");
  watch(listener, EPOLLIN, 0);
  struct epoll_event events[256];
  for (;;) {
    int n = epoll_wait(poller, events, 256, -1);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        for (int found; (found = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
          if (found >= MAX_FD) { close(found); continue; }
          no_delay(found);
          peers[found].open = 1;
          watch(found, EPOLLIN, 0);
        }
      } else if (!peers[fd].open) {
        if (peers[timer_owner[fd]].timer == fd) tick(fd);
      } else {
        if (events[i].events & EPOLLOUT) { watch(fd, EPOLLIN, 1); flush_peer(fd); }
        if (peers[fd].open && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(fd);
      }
    }
  }
}

/* ---- load -------------------------------------------------------------------------------------- */

typedef struct {
  double *value;
  size_t count, room;
} series;

static void record(series *s, double value) {
  if (s->count == s->room) {
    s->room = s->room ? s->room * 2 : 1 << 14;
    s->value = realloc(s->value, s->room * sizeof *s->value);
    if (!s->value) die("realloc");
  }
  s->value[s->count++] = value;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print_series(const char *name, series *s) {
  static const double at[] = {50, 95, 99};
  printf("\"%s\":{\"n\":%zu", name, s->count);
  if (s->count) {
    qsort(s->value, s->count, sizeof *s->value, by_size);
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
      size_t rank = (size_t)(at[i] / 100 * (double)s->count);
      printf(",\"p%g\":%.2f", at[i], s->value[rank < s->count ? rank : s->count - 1]);
    }
  }
  printf("}");
}

typedef struct {
  int fd, busy;
  buffer request, reply;
  size_t sent, scanned, body_at, body_length;
  int chunked, has_text;
  uint64_t began, first;
} client;

static client *clients;
static char **bodies;
static size_t body_count;
static buffer headers;
static struct sockaddr_in server;
static series latency, ttft;
static uint64_t window_from, window_to, serial;
static long answered, failed, reconnects, text_events;
static int last_status;

static void dial(client *c) {
  if (c->fd > 0) { close(c->fd); reconnects++; }
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(c->fd, (void *)&server, sizeof server)) die("connect");
  no_delay(c->fd);
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &e);
}

static void next_request(client *c) {
  const char *body = bodies[serial % body_count];
  c->request.length = 0;
  appendf(&c->request, "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n");
  append(&c->request, headers.data ? headers.data : "", headers.length);
  appendf(&c->request, "Content-Length: %zu\r\n\r\n", strlen(body));
  size_t start = c->request.length;
  append(&c->request, body, strlen(body));
  char *mark = strchr(c->request.data + start, '%');
  if (mark) {
    size_t width = strspn(mark, "%");
    uint64_t number = window_from / 1000 + serial; /* never twice: below a million requests a second */
    for (size_t i = width; i--; number /= 10) mark[i] = (char)('0' + number % 10);
  }
  serial++;
  c->busy = 1;
  c->reply.length = c->scanned = c->body_at = c->body_length = 0;
  c->chunked = c->has_text = 0;
  c->first = 0;
  c->began = now_ns();
  for (c->sent = 0; c->sent < c->request.length;) {
    ssize_t n = send(c->fd, c->request.data + c->sent, c->request.length - c->sent, MSG_NOSIGNAL);
    if (n < 0) return; /* the read side will see it */
    c->sent += (size_t)n;
  }
}

static void finish(client *c, int broken) {
  uint64_t at = now_ns();
  int status = c->body_at ? atoi(c->reply.data + 9) : 0;
  c->busy = 0;
  if (at >= window_from && at <= window_to) {
    if (broken || status != 200 || !c->has_text) {
      failed++;
      last_status = status;
    } else {
      answered++;
      record(&latency, (double)(at - c->began) / 1e3);
      if (c->first) record(&ttft, (double)(c->first - c->began) / 1e3);
    }
  }
  if (broken) dial(c);
  if (at < window_to) next_request(c);
}

/* looks for `"content":"x` in bytes not seen yet */
static void look_for_text(client *c) {
  static const char key[] = "\"content\":\"";
  size_t from = c->scanned > c->body_at ? c->scanned : c->body_at;
  char *at = c->reply.data + from, *end = c->reply.data + c->reply.length;
  while ((at = memmem(at, (size_t)(end - at), key, sizeof key - 1))) {
    at += sizeof key - 1;
    if (at >= end) break;
    if (*at == '"') continue;
    text_events++;
    if (!c->has_text) c->first = now_ns();
    c->has_text = 1;
  }
  /* keep enough unread for a key that is cut by the end of this read */
  c->scanned = c->reply.length > sizeof key ? c->reply.length - sizeof key + 1 : 0;
  for (char *last = c->reply.data + c->scanned; last < end; last++)
    if (!strncmp(last, key, (size_t)(end - last))) { c->scanned = (size_t)(last - c->reply.data); return; }
  c->scanned = c->reply.length;
}

static int is_complete(client *c) {
  if (!c->body_at) {
    char *end = memmem(c->reply.data, c->reply.length, "\r\n\r\n", 4);
    if (!end) return 0;
    c->body_at = (size_t)(end + 4 - c->reply.data);
    *end = 0;
    char *length = strcasestr(c->reply.data, "\r\ncontent-length:");
    c->chunked = strcasestr(c->reply.data, "\r\ntransfer-encoding: chunked") != NULL;
    c->body_length = length ? strtoul(length + 17, NULL, 10) : 0;
    *end = '\r';
  }
  look_for_text(c);
  if (!c->chunked) return c->reply.length >= c->body_at + c->body_length;
  return c->reply.length >= c->body_at + 5 && !memcmp(c->reply.data + c->reply.length - 5, "0\r\n\r\n", 5);
}

static void hear(client *c) {
  reserve(&c->reply, READ_SIZE);
  ssize_t n = recv(c->fd, c->reply.data + c->reply.length, READ_SIZE, MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    if (c->busy) finish(c, 1);
    else dial(c);
    return;
  }
  c->reply.length += (size_t)n;
  c->reply.data[c->reply.length] = 0;
  if (c->busy && is_complete(c)) finish(c, 0);
}

static int load(int argc, char **argv) {
  int count = atoi(argv[3]);
  double seconds = atof(argv[4]), warmup = atof(argv[5]);
  buffer file = read_file(argv[2]);
  bodies = calloc(file.length / 2 + 1, sizeof *bodies);
  for (char *line = strtok(file.data, "\n"); line; line = strtok(NULL, "\n")) bodies[body_count++] = line;
  if (!body_count) die("no bodies");
  for (int i = 6; i < argc; i++) appendf(&headers, "%s\r\n", argv[i]);
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  clients = calloc((size_t)count, sizeof *clients);
  window_from = now_ns() + (uint64_t)(warmup * 1e9);
  window_to = window_from + (uint64_t)(seconds * 1e9);
  for (int i = 0; i < count; i++) { dial(&clients[i]); next_request(&clients[i]); }
  struct epoll_event events[256];
  uint64_t give_up = window_to + 10000000000u;
  for (;;) {
    uint64_t at = now_ns();
    if (at >= window_to) {
      int busy = 0;
      for (int i = 0; i < count; i++) busy += clients[i].busy;
      if (!busy || at > give_up) break;
    }
    int n = epoll_wait(poller, events, 256, 100);
    for (int i = 0; i < n; i++) hear(events[i].data.ptr);
  }
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  double cpu = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) + (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
  printf("{\"answered\":%ld,\"failed\":%ld,\"last_bad_status\":%d,\"reconnects\":%ld,\"seconds\":%.3f,\"rate\":%.1f,"
         "\"sent\":%lu,\"text_events\":%ld,\"client_cpu_s\":%.3f,",
         answered, failed, last_status, reconnects, seconds, (double)answered / seconds, (unsigned long)serial, text_events, cpu);
  print_series("latency_us", &latency);
  printf(",");
  print_series("ttft_us", &ttft);
  printf("}\n");
  return 0;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  poller = epoll_create1(0);
  if (argc == 4 && !strcmp(argv[1], "upstream")) upstream(atoi(argv[2]), argv[3]);
  if (argc >= 7 && !strcmp(argv[1], "load")) return load(argc - 1, argv + 1);
  fprintf(stderr, "usage: rig upstream PORT ANSWER | rig load PORT BODIES CONNECTIONS SECONDS WARMUP [HEADER]...\n");
  return 2;
}
