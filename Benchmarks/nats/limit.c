// SPDX-License-Identifier: Apache-2.0
//
// The limit for natswatch: libnats alone, used as natswatch uses it.
//
//   limit pub   URL STREAM PREFIX COUNT BYTES    create the stream again and publish asynchronously
//   limit pubid URL STREAM PREFIX COUNT BYTES    the same with message ids, as `natswatch publish`
//   limit drain URL STREAM COUNT                 read the stream from a push consumer with flow control
//   limit lat   URL COUNT PER_SECOND             publish and receive; the microseconds between them
//   limit line  URL COUNT PER_SECOND NATSWATCH   the same, until `NATSWATCH tail` has written the line
#include <nats/nats.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void must(natsStatus status, const char *what) {
  if (status == NATS_OK) return;
  fprintf(stderr, "%s: %s\n", what, natsStatus_GetText(status));
  exit(1);
}

/// Connects, over TLS if NATS_CA names a file of certificate authorities.
static natsConnection *connect_to(const char *url) {
  natsConnection *connection = NULL;
  natsOptions *options = NULL;
  must(natsOptions_Create(&options), "options");
  must(natsOptions_SetURL(options, url), "address");
  const char *authority = getenv("NATS_CA");
  if (authority != NULL) {
    must(natsOptions_SetSecure(options, true), "TLS");
    must(natsOptions_LoadCATrustedCertificates(options, authority), "NATS_CA");
  }
  must(natsConnection_Connect(&connection, options), "connect");
  natsOptions_Destroy(options);
  return connection;
}

static void report(const char *what, long count, double began) {
  double took = seconds() - began;
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  printf("%-6s %9.0f msg/s  %6.3f us CPU/msg  %4ld MB  %.2f s\n", what, (double)count / took,
         cpu * 1e6 / (double)count, usage.ru_maxrss / 1024, took);
}

static void stream(jsCtx *js, const char *name, const char *prefix) {
  jsErrCode code;
  js_DeleteStream(js, name, NULL, &code);
  char subject[128];
  snprintf(subject, sizeof subject, "%s.>", prefix);
  const char *subjects[] = {subject};
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = name;
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  must(js_AddStream(NULL, js, &config, NULL, &code), "make the stream");
}

static natsSubscription *follow(natsConnection *connection, jsCtx *js, const char *name, bool isNew) {
  natsInbox *inbox = NULL;
  natsSubscription *subscription = NULL;
  jsErrCode code;
  must(natsInbox_Create(&inbox), "inbox");
  must(natsConnection_SubscribeSync(&subscription, connection, inbox), "subscribe");
  natsSubscription_SetPendingLimits(subscription, -1, -1);
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.DeliverSubject = inbox;
  config.DeliverPolicy = isNew ? js_DeliverNew : js_DeliverByStartSequence;
  config.OptStartSeq = isNew ? 0 : 1;
  config.AckPolicy = js_AckNone;
  config.MaxDeliver = 1;
  config.FlowControl = true;
  config.Heartbeat = 5000000000LL;
  config.InactiveThreshold = 30000000000LL;
  config.MemoryStorage = true;
  config.Replicas = 1;
  must(js_AddConsumer(NULL, js, name, &config, NULL, &code), "make the consumer");
  return subscription;
}

/// The next message with data. Answers flow control messages before it.
static natsMsg *next(natsConnection *connection, natsSubscription *subscription) {
  while (true) {
    natsMsg *message = NULL;
    must(natsSubscription_NextMsg(&message, subscription, 20000), "next message");
    if (natsMsg_GetDataLength(message) > 0) return message;
    if (natsMsg_GetReply(message) != NULL)
      natsConnection_Publish(connection, natsMsg_GetReply(message), NULL, 0);
    natsMsg_Destroy(message);
  }
}

struct pacer {
  const char *url;
  int count, rate;
};

static void *pace(void *argument) {
  struct pacer *pacer = argument;
  natsConnection *connection = connect_to(pacer->url);
  double began = seconds();
  char text[300];
  for (int index = 0; index < pacer->count; index++) {
    double wait = began + (double)index / pacer->rate - seconds();
    if (wait > 0) {
      struct timespec pause = {0, (long)(wait * 1e9)};
      nanosleep(&pause, NULL);
    }
    memset(text, ' ', sizeof text);
    int length = snprintf(text, sizeof text, "{\"sent\":%.9f}", seconds());
    text[length] = ' ';
    natsConnection_Publish(connection, "limitlat.x", text, sizeof text);
    natsConnection_FlushTimeout(connection, 1);
  }
  natsConnection_Flush(connection);
  return NULL;
}

static int compare(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return difference < 0 ? -1 : difference > 0;
}

static void report_times(const char *what, double *times, int count) {
  qsort(times, (size_t)count, sizeof(double), compare);
  printf("%-6s p50 %.0f us  p90 %.0f us  p99 %.0f us\n", what, times[count / 2], times[count * 9 / 10],
         times[count * 99 / 100]);
}

/// Waits until the stream has a consumer.
static void await_consumer(jsCtx *js, const char *name) {
  for (int round = 0; round < 1000; round++) {
    jsStreamInfo *info = NULL;
    jsErrCode code;
    must(js_GetStreamInfo(&info, js, name, NULL, &code), "stream info");
    int64_t consumers = info->State.Consumers;
    jsStreamInfo_Destroy(info);
    if (consumers > 0) return;
    nats_Sleep(10);
  }
  must(NATS_TIMEOUT, "wait for the consumer");
}

int main(int count, char **argument) {
  if (count < 5) return 64;
  const char *mode = argument[1], *url = argument[2];
  natsConnection *connection = connect_to(url);
  jsCtx *js = NULL;
  jsOptions options;
  jsOptions_Init(&options);
  options.PublishAsync.MaxPending = 4096;
  options.PublishAsync.StallWait = 60000;
  must(natsConnection_JetStream(&js, connection, &options), "JetStream");
  if (strncmp(mode, "pub", 3) == 0 && count == 7) {
    long messages = atol(argument[5]);
    int bytes = atoi(argument[6]);
    stream(js, argument[3], argument[4]);
    char *text = malloc((size_t)bytes + 256);
    char subject[128];
    double began = seconds();
    for (long index = 0; index < messages; index++) {
      int length = snprintf(text, 256,
                            "{\"metadata\":{\"name\":\"object-%ld\",\"namespace\":\"ns%ld\"},\"status\":{"
                            "\"phase\":\"Running\"},\"pad\":\"",
                            index, index % 20);
      int pad = bytes - length - 2 > 0 ? bytes - length - 2 : 0;
      memset(text + length, 'x', (size_t)pad);
      memcpy(text + length + pad, "\"}", 2);
      snprintf(subject, sizeof subject, "%s.ns%ld.x", argument[4], index % 20);
      jsPubOptions with_id;
      jsPubOptions_Init(&with_id);
      char id[64];
      snprintf(id, sizeof id, "Q7yZ0aWm3k.%ld", index);
      with_id.MsgId = id;
      must(js_PublishAsync(js, subject, text, length + pad + 2, strcmp(mode, "pubid") == 0 ? &with_id : NULL),
           "publish");
    }
    must(js_PublishAsyncComplete(js, NULL), "acknowledgements");
    report(mode, messages, began);
  } else if (strcmp(mode, "drain") == 0) {
    long messages = atol(argument[4]);
    double began = seconds();
    natsSubscription *subscription = follow(connection, js, argument[3], false);
    for (long index = 0; index < messages; index++) natsMsg_Destroy(next(connection, subscription));
    report("drain", messages, began);
  } else if (strcmp(mode, "lat") == 0) {
    struct pacer pacer = {url, atoi(argument[3]), atoi(argument[4])};
    stream(js, "LIMITLAT", "limitlat");
    natsSubscription *subscription = follow(connection, js, "LIMITLAT", true);
    double *times = malloc(sizeof(double) * (size_t)pacer.count);
    pthread_t thread;
    pthread_create(&thread, NULL, pace, &pacer);
    for (int index = 0; index < pacer.count; index++) {
      natsMsg *message = next(connection, subscription);
      times[index] = (seconds() - strtod(natsMsg_GetData(message) + 8, NULL)) * 1e6;
      natsMsg_Destroy(message);
    }
    report_times("lat", times, pacer.count);
  } else if (strcmp(mode, "line") == 0 && count == 6) {
    struct pacer pacer = {url, atoi(argument[3]), atoi(argument[4])};
    stream(js, "LIMITLAT", "limitlat");
    char command[4096];
    snprintf(command, sizeof command, "%s tail 'limitlat.>' --server %s --count %d", argument[5], url,
             pacer.count);
    FILE *lines = popen(command, "r");
    await_consumer(js, "LIMITLAT");
    double *times = malloc(sizeof(double) * (size_t)pacer.count);
    pthread_t thread;
    pthread_create(&thread, NULL, pace, &pacer);
    char *line = NULL;
    size_t room = 0;
    int seen = 0;
    while (seen < pacer.count && getline(&line, &room, lines) > 0) {
      const char *sent = strstr(line, "\"sent\":");
      if (sent != NULL) times[seen++] = (seconds() - strtod(sent + 7, NULL)) * 1e6;
    }
    pclose(lines);
    if (seen < pacer.count) must(NATS_ERR, "read the lines");
    report_times("line", times, pacer.count);
  } else {
    return 64;
  }
  return 0;
}
