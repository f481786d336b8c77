// SPDX-License-Identifier: Apache-2.0

extension LivePage {
  /// The page's model: the newest events, and the latest and previous version of each object.
  static let model = #"""
    // Events are kept up to these numbers, and up to this many characters of text.
    const limits = { events: 500, objects: 2000, held: 5000, characters: 20e6, types: 40 };
    const model = { events: [], objects: new Map(), held: [], sizes: { events: 0, objects: 0, held: 0 }, total: 0, seconds: new Array(30).fill(0),
      isPaused: false, byObject: true, isChosen: false, types: new Map(), search: '' };

    function restart() {
      model.events = []; model.objects.clear(); model.held = [];
      model.sizes = { events: 0, objects: 0, held: 0 };
      repaint();
    }

    function take(text, id) {
      model.total++; model.seconds[model.seconds.length - 1]++;
      const event = read(text, id);
      if (!model.isPaused) return apply(event);
      model.held.push(event); model.sizes.held += text.length;
      // Too many to hold: the oldest change the model already, so that no object is left as it was before.
      while (isOver('held', model.held.length)) { const oldest = model.held.shift(); model.sizes.held -= oldest.text.length; absorb(oldest); }
      label();
    }

    const isOver = (list, count) => count > limits[list] || count > 1 && model.sizes[list] > limits.characters;

    // The start of a text. Control characters, and those that change the direction of text, appear as numbers.
    const shown = (text, limit = 300) => String(text).slice(0, limit)
      .replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, one => '\\u' + one.charCodeAt().toString(16).padStart(4, '0'));

    function read(text, id) {
      let line; try { line = JSON.parse(text); } catch { line = { data: text }; }
      if (line === null || typeof line !== 'object') line = { data: line };
      const isEvent = typeof line.object === 'object' && line.object !== null && typeof line.type === 'string';
      const object = isEvent ? line.object : line;
      const meta = object.metadata || {};
      const type = shown((isEvent ? line.type : line.event_type || line.type) || 'LINE', 60);
      const name = [meta.namespace, meta.name].filter(Boolean).join('/');
      return { id, type, text, line, object, name, kind: object.kind || '', time: id ? Date.now() : lastChange(object),
        key: isEvent && meta.name ? meta.uid || object.kind + ' ' + name : '' };
    }

    function apply(event) {
      absorb(event);
      if (!model.isChosen && model.byObject !== model.objects.size > 0) choose(model.objects.size > 0);
      schedule();
    }

    function absorb(event) {
      if (!model.types.has(event.type) && model.types.size < limits.types) { model.types.set(event.type, true); chips(); }
      model.events.push(event); model.sizes.events += event.text.length;
      while (isOver('events', model.events.length)) model.sizes.events -= model.events.shift().text.length;
      if (event.key) {
        const known = model.objects.get(event.key);
        event.previous = known && known.object;
        event.count = (known ? known.count : 0) + 1;
        // The map keeps the order of insertion: the latest change is the last.
        if (known) remove(known);
        model.objects.set(event.key, event); model.sizes.objects += event.text.length;
        while (isOver('objects', model.objects.size)) remove(model.objects.values().next().value);
      }
    }

    function remove(event) { model.objects.delete(event.key); model.sizes.objects -= event.text.length; }

    // When an object of the snapshot, which has no id, changed last as far as the object itself tells; 0 if it does not.
    function lastChange({ metadata, status }) {
      const times = [metadata?.creationTimestamp, metadata?.deletionTimestamp, ...members(metadata?.managedFields).map(one => one?.time),
        ...members(status?.conditions).map(one => one?.lastTransitionTime)];
      return Math.max(0, ...times.map(time => Date.parse(time)).filter(time => time > 0));
    }

    // The stream may hold anything, also where Kubernetes has an array.
    const members = value => Array.isArray(value) ? value : [];

    // A readable state: a container's problem, else the phase, else the conditions.
    function status({ type, object }) {
      if (type === 'DELETED') return { text: '', isBad: false };
      const state = object.status || {};
      const waiting = members(state.containerStatuses).map(one => one?.state?.waiting?.reason || one?.state?.terminated?.reason)
        .find(reason => reason && reason !== 'Completed');
      const ready = members(state.conditions).find(one => one?.type === 'Ready' || one?.type === 'Available');
      const text = waiting || state.phase || (ready ? (ready.status === 'True' ? ready.type : 'not ' + ready.type + ' ' + (ready.reason || '')) : '')
        || object.spec?.summary || object.message || object.reason || '';
      const isBad = Boolean(waiting) || state.phase === 'Failed' || ready?.status === 'False' || object.type === 'Warning';
      return { text: String(text), isBad };
    }

    // The time of day; the date of another day.
    function moment(time) {
      const date = new Date(time);
      return date.toDateString() === new Date().toDateString() ? date.toLocaleTimeString()
        : date.toLocaleDateString(undefined, { year: 'numeric', month: 'short', day: 'numeric' });
    }

    function ago(time) {
      const seconds = Math.max(0, Math.round((Date.now() - time) / 1000));
      if (seconds < 120) return seconds + 's';
      if (seconds < 7200) return Math.round(seconds / 60) + 'm';
      return seconds < 172800 ? Math.round(seconds / 3600) + 'h' : Math.round(seconds / 86400) + 'd';
    }

    const ignored = new Set(['/metadata/resourceVersion', '/metadata/managedFields', '/metadata/generation']);

    // The differences between two versions, as [path, old, new]; paths are JSON pointers (RFC 6901).
    function differences(before, after, path = '', found = []) {
      if (found.length > 200 || ignored.has(path)) return found;
      const isTree = value => value !== null && typeof value === 'object';
      if (!isTree(before) || !isTree(after) || Array.isArray(before) !== Array.isArray(after)) {
        if (JSON.stringify(before) !== JSON.stringify(after)) found.push([path || '/', before, after]);
        return found;
      }
      for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
        differences(before[key], after[key], path + '/' + key.replaceAll('~', '~0').replaceAll('/', '~1'), found);
      }
      return found;
    }

    """#
}
