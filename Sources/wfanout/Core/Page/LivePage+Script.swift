// SPDX-License-Identifier: Apache-2.0

extension LivePage {
  /// EventSource and nothing else: it reconnects and resumes by itself. The list is painted once a frame at most and keeps the
  /// newest 200 events, so that a fast stream does not drown the browser. Text goes in as text, never as markup.
  static let script = #"""
    <script>
    'use strict';
    const $ = id => document.getElementById(id);
    const list = $('list'), limit = 200, seconds = new Array(60).fill(0);
    let source, total = 0, paused = false, waiting = [], painting = false;
    $('here').textContent = location.href.split(/[?#]/)[0];
    $('filter').value = new URLSearchParams(location.search).get('filter') || '';

    function state(name, text) { $('dot').className = 'dot ' + name; $('dot').title = text; $('state').textContent = text; }

    function url() {
      const filter = $('filter').value.trim();
      return 'events' + (filter ? '?filter=' + encodeURIComponent(filter) : '');
    }

    function connect() {
      if (source) source.close();
      state('', 'connecting');
      $('problem').hidden = true;
      source = new EventSource(url());
      source.onopen = () => state('on', 'live');
      source.onmessage = event => take(event.data, event.lastEventId);
      source.onerror = () => {
        if (source.readyState === EventSource.CLOSED) explain(); else state('off', 'reconnecting');
      };
      source.addEventListener('reset', () => state('on', 'live, some events could not be had again'));
      source.addEventListener('gap', event => state('on', 'live, ' + said(event, 'dropped') + ' events left out'));
      source.addEventListener('disconnect', event => state('off', said(event, 'message').replaceAll('_', ' ')));
    }

    function said(event, key) { try { return String(JSON.parse(event.data).object[key]); } catch { return ''; } }

    // An EventSource does not tell why it was refused: ask again in a way that does.
    async function explain() {
      state('off', 'closed');
      const cancel = new AbortController();
      try {
        const answer = await fetch(url(), { signal: cancel.signal });
        if (answer.ok) { cancel.abort(); setTimeout(connect, 2000); return; }
        $('problem').textContent = (await answer.json()).message;
        $('problem').hidden = false;
      } catch { setTimeout(connect, 2000); }
    }

    function take(text, id) {
      total++; seconds[59]++;
      if (paused) return;
      waiting.push([text, id, new Date()]);
      if (waiting.length > limit) waiting.shift();
      if (!painting) { painting = true; requestAnimationFrame(paint); }
    }

    function element(tag, name, text) {
      const made = document.createElement(tag);
      if (name) made.className = name;
      if (text !== undefined) made.textContent = text;
      return made;
    }

    function row([text, id, time]) {
      let line; try { line = JSON.parse(text); } catch { line = { data: text }; }
      const object = line.object && typeof line.object === 'object' ? line.object : line;
      const meta = object.metadata || {};
      const type = String(line.type || line.event_type || 'EVENT');
      const details = element('details', 'fresh'), summary = element('summary');
      summary.append(element('span', 'type ' + (/^[A-Z]+$/.test(type) ? type : ''), type));
      const what = element('span', 'what');
      const name = [meta.namespace, meta.name].filter(Boolean).join('/');
      if (object.kind) what.append(element('span', '', object.kind + ' '));
      what.append(element('b', '', name));
      const summaryText = object.spec?.summary || object.message || object.reason || (name ? '' : text.slice(0, 300));
      if (summaryText) what.append(element('span', '', '  ' + summaryText));
      summary.append(what, element('time', '', time.toLocaleTimeString()));
      summary.title = id;
      const pre = element('pre');
      details.addEventListener('toggle', () => { if (details.open && !pre.textContent) pre.textContent = JSON.stringify(line, null, 2); });
      details.append(summary, pre);
      return details;
    }

    function paint() {
      painting = false;
      const rows = waiting.splice(0).reverse().map(row);
      list.prepend(...rows);
      while (list.childElementCount > limit) list.lastElementChild.remove();
      $('empty').hidden = list.childElementCount > 0;
      $('total').textContent = total.toLocaleString();
    }

    function spark() {
      const canvas = $('spark'), pen = canvas.getContext('2d'), top = Math.max(1, ...seconds);
      pen.clearRect(0, 0, 240, 32);
      pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--accent');
      seconds.forEach((n, i) => { const h = n ? Math.max(2, 30 * n / top) : 1; pen.fillRect(i * 4, 32 - h, 3, h); });
      $('rate').textContent = seconds[59].toLocaleString();
      $('total').textContent = total.toLocaleString();
      seconds.push(0); seconds.shift();
    }

    $('bar').addEventListener('submit', event => {
      event.preventDefault();
      const filter = $('filter').value.trim();
      history.replaceState(null, '', filter ? '?filter=' + encodeURIComponent(filter) : location.pathname);
      list.replaceChildren(); $('empty').hidden = false; connect();
    });
    $('pause').addEventListener('click', () => { paused = !paused; $('pause').textContent = paused ? 'Go on' : 'Pause'; });
    $('clear').addEventListener('click', () => { list.replaceChildren(); $('empty').hidden = false; });
    setInterval(spark, 1000); spark(); connect();
    </script>
    </html>

    """#
}
