// SPDX-License-Identifier: Apache-2.0

extension LivePage {
  /// The connection to `/events`: one at a time, resumed by id, tried again after every failure.
  ///
  /// Uses fetch, because EventSource can neither send a token nor report why it was refused.
  static let connection = #"""
    const $ = id => document.getElementById(id);
    const link = { id: '', filter: new URLSearchParams(location.search).get('filter') || '', generation: 0, wait: 0, timer: 0 };

    function state(kind, text) { $('dot').className = 'dot ' + kind; $('state-text').textContent = text; }
    function problem(text, isOfFilter = false) {
      $('problem').textContent = text;
      $('problem').hidden = !text;
      $('filter').setAttribute('aria-invalid', isOfFilter);
    }

    // Asks for the stream. The id resumes it; without one the server sends its snapshot first, if it keeps one.
    async function request(filter, id, signal) {
      const query = new URLSearchParams(id ? { lastEventId: id } : { snapshot: '1' });
      if (filter) query.set('filter', filter);
      const token = sessionStorage.getItem('token');
      return fetch('events?' + query, { signal, cache: 'no-store',
        headers: { Accept: 'text/event-stream', ...(token ? { Authorization: 'Bearer ' + token } : {}) } });
    }

    // Opens a stream and follows it to its end. A new filter takes the place of the old one only when the server has accepted it,
    // so that a mistake in it leaves the list as it is.
    async function connect(filter = link.filter, isNew = false) {
      clearTimeout(link.timer);
      const abort = new AbortController();
      if (!link.abort) state('', 'connecting');
      let response;
      try { response = await request(filter, isNew ? '' : link.id, abort.signal); } catch { return again('no answer'); }
      if (!response.ok) return refused(response, isNew);
      const mine = ++link.generation;
      link.abort?.abort();
      link.abort = abort;
      if (isNew) { link.filter = filter; link.id = ''; restart(); }
      problem(''); $('login').hidden = true;
      state('on', 'live');
      try { await follow(response.body, mine); } catch { /* a lost connection is the end of the stream, too */ }
      if (mine === link.generation) again('the stream has ended');
    }

    async function follow(body, mine) {
      const reader = body.pipeThrough(new TextDecoderStream()).getReader();
      let parts = [];
      for (;;) {
        const { value, done } = await reader.read();
        if (done || mine !== link.generation) return;
        link.failures = 0;
        if (value) parts.push(value);
        // The two newlines that end an event may have arrived apart.
        if (!((parts.at(-2)?.at(-1) ?? '') + value).includes('\n\n')) continue;
        const blocks = parts.join('').split('\n\n');
        parts = [blocks.pop()];
        for (const block of blocks) dispatch(block);
      }
    }

    // One event of the stream, as the HTML standard (Server-sent events) defines its lines.
    function dispatch(block) {
      const fields = {};
      for (const line of block.split('\n')) {
        const colon = line.indexOf(':');
        if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, '');
      }
      if (fields.id) link.id = fields.id;
      if (fields.retry) link.wait = Number(fields.retry) || 0;
      const { event, data } = fields;
      if (data === undefined) return;
      if (!event) return take(data, fields.id || '');
      if (event === 'reset') { restart(); state('on', 'live; some events before this could not be sent again'); }
      if (event === 'gap') state('on', 'live; ' + said(data, 'dropped') + ' events were left out, this page was too slow');
      if (event === 'disconnect') state('off', said(data, 'message').replaceAll('_', ' '));
    }

    function said(data, key) { try { return String(JSON.parse(data).object[key]); } catch { return ''; } }

    async function refused(response, isNew) {
      let text = response.status + ' ' + response.statusText;
      try { const body = await response.json(); text = body.message || body.error || text; } catch { /* a proxy's page */ }
      const isLive = link.abort && isNew;
      if (response.status === 401 || response.status === 403) {
        sessionStorage.removeItem('token');
        $('login').hidden = false;
        state('off', 'not signed in'); problem(text);
        return $('token').focus();
      }
      problem(text, response.status === 400);
      if (response.status === 400) return isLive ? undefined : state('off', 'the filter was refused');
      if (!isLive) again(text, Number(response.headers.get('Retry-After')) * 1000);
    }

    // Reconnects after the time that the server names, else after 1 s, doubling to 30 s, with jitter so that
    // not all pages reconnect at once.
    function again(reason, after) {
      link.failures = (link.failures || 0) + 1;
      const wait = after || link.wait || Math.min(30, 2 ** (link.failures - 1)) * (500 + 500 * Math.random());
      link.wait = 0;
      state('off', reason + '; trying again in ' + Math.max(1, Math.round(wait / 1000)) + ' s');
      clearTimeout(link.timer);
      link.timer = setTimeout(() => connect(), wait);
    }

    """#
}
