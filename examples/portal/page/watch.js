// SPDX-License-Identifier: Apache-2.0
// The portal's watches in a browser tab: all of them share one event stream, however many components show a resource.

// An event stream that is read with fetch, because an EventSource cannot send a token.
async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const field = (name) => block.split("\n").filter((line) => line.startsWith(name + ":"))
        .map((line) => line.slice(name.length + 1).trimStart()).join("\n");
      if (field("event")) yield { name: field("event"), data: JSON.parse(field("data") || "null") };
    }
  }
}

export class WatchManager {
  constructor(api, token) {
    Object.assign(this, { api, token, state: "disconnected", channels: new Map(), connecting: null });
    this.clientId = crypto.randomUUID();
    this.closing = new AbortController();
    globalThis.__watchStatus = () => ({
      state: this.state,
      channels: Object.fromEntries([...this.channels].map(([name, entry]) => [name, entry.callbacks.size])),
    });
  }

  request(path, options = {}) {
    const headers = { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" };
    return fetch(this.api + path, { ...options, headers, signal: this.closing.signal });
  }

  close() { this.closing.abort(); }

  async post(path, body) {
    const response = await this.request(path, { method: "POST", body: JSON.stringify({ clientId: this.clientId, ...body }) });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error ?? response.statusText);
    return answer;
  }

  // Opens the stream with the first subscription, and opens it again when it ends: after 1 s, doubling to 30 s.
  connect() {
    this.connecting ??= new Promise((resolve) => this.run(resolve));
    return this.connecting;
  }

  async run(connected) {
    for (let wait = 1000; !this.closing.signal.aborted; wait = Math.min(2 * wait, 30000)) {
      try {
        const response = await this.request(`/api/watch/stream?cid=${this.clientId}`);
        if (!response.ok) throw new Error(`the stream: ${response.status}`);
        for await (const event of eventsOf(response)) {
          if (event.name === "connected") {
            this.state = "connected";
            wait = 1000;
            connected();
            for (const entry of this.channels.values()) {
              this.post("/api/watch/subscribe", { ...entry.fields, resourceVersion: entry.resourceVersion }).catch(console.warn);
            }
          }
          if (["watch", "watch-error"].includes(event.name)) this.channels.get(event.data.channel)?.take(event);
        }
      } catch (error) { console.warn("watch:", error.message); }
      this.state = "disconnected";
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  // Calls callback("watch" | "watch-error", data) for each event, first for the objects that are known already.
  // Returns a function that ends the subscription.
  async subscribe(fields, callback) {
    await this.connect();
    const parts = ["resourceType", "orgId", "projectId", "namespace", "name", "labelSelector", "fieldSelector"];
    const channel = parts.map((part) => fields[part] ?? "").join(":") + (fields.userScoped ? ":user" : "");
    // Before the request: events may arrive before its response.
    const entry = this.channels.get(channel) ?? new Channel(fields);
    this.channels.set(channel, entry);
    for (const event of entry.objects.values()) callback("watch", { ...event, type: "ADDED" });
    entry.callbacks.add(callback);
    const unsubscribe = () => {
      entry.callbacks.delete(callback);
      if (entry.callbacks.size || this.channels.get(channel) !== entry) return;
      this.channels.delete(channel);
      this.post("/api/watch/unsubscribe", { channel }).catch(console.warn);
    };
    try {
      await this.post("/api/watch/subscribe", fields);
    } catch (error) {
      unsubscribe();
      throw error;
    }
    return unsubscribe;
  }
}

// What the components of this tab share: the objects of a channel, and who wants its events.
class Channel {
  constructor(fields) { Object.assign(this, { fields, callbacks: new Set(), objects: new Map(), resourceVersion: undefined }); }

  take({ name, data }) {
    if (data.resourceVersion) this.resourceVersion = data.resourceVersion;
    const uid = data.object?.metadata?.uid;
    if (uid && data.type === "DELETED") this.objects.delete(uid);
    else if (uid) this.objects.set(uid, data);
    for (const callback of [...this.callbacks]) callback(name, data);
  }
}

// Keeps a list up to date. A MODIFIED replaces its item at once, if getItemKey is given. Other events call refetch, once for
// all within debounceMs and at most once in throttleMs. updateListCache, if given, takes each event instead.
export function watchResource(manager, {
  throttleMs = 1000, debounceMs = 300, skipInitialSync = true, getItemKey, updateListCache, transform = (item) => item,
  onItem = () => {}, refetch = () => {}, onError = () => {}, ...fields
}) {
  const start = Date.now();
  let timer, lastRefetch = 0;
  return manager.subscribe(fields, (name, event) => {
    if (name === "watch-error" || event.type === "ERROR") return onError(event);
    if (!["ADDED", "MODIFIED", "DELETED"].includes(event.type)) return;
    if (skipInitialSync && event.type === "ADDED" && Date.now() - start < 2000) return;
    const item = transform(event.object);
    if (updateListCache) return updateListCache(event.type, item);
    if (event.type === "MODIFIED" && getItemKey) return onItem(getItemKey(item), item);
    clearTimeout(timer);
    timer = setTimeout(() => { lastRefetch = Date.now(); refetch(); },
      Math.max(debounceMs, lastRefetch + throttleMs - Date.now()));
  });
}

// Resolves with the first object for which isDone is true, as a task that waits for an asynchronous operation needs it.
export async function waitForWatch(manager, fields, isDone, timeoutMs = 60000) {
  let end, timer;
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`not done within ${timeoutMs} ms`)), timeoutMs);
      manager.subscribe(fields, (name, event) => {
        if (name === "watch-error") return reject(new Error(event.message));
        if (event.type === "DELETED") return reject(new Error("deleted"));
        if (event.object && isDone(event.object)) resolve(event.object);
      }).then((unsubscribe) => { end = unsubscribe; }, reject);
    });
  } finally {
    clearTimeout(timer);
    end?.();
  }
}
