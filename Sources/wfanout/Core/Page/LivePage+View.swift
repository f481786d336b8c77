// SPDX-License-Identifier: Apache-2.0

extension LivePage {
  /// The page's rows, painted at most once a frame. Values are inserted as text, never as markup.
  static let view = #"""
    const rows = new Map();
    let isScheduled = false;
    function schedule() { if (!isScheduled) { isScheduled = true; requestAnimationFrame(paint); } }
    function repaint() { rows.clear(); $('list').replaceChildren(); schedule(); }

    function element(tag, name, text) {
      const made = document.createElement(tag);
      if (name) made.className = name;
      if (text !== undefined) made.textContent = text;
      return made;
    }

    const isListed = event => model.types.get(event.type) !== false && (!model.search || event.text.toLowerCase().includes(model.search));

    function paint() {
      isScheduled = false;
      const all = model.byObject ? [...model.objects.values()] : model.events;
      const listed = all.filter(isListed).slice(-limits.events).reverse();
      const wanted = new Set(listed.map(event => model.byObject ? event.key : event));
      for (const [key, row] of rows) if (!wanted.has(key)) { row.node.remove(); rows.delete(key); }
      // Only a row that has changed is moved, to the top: the others keep their focus and selection, and do not flash again.
      let place = $('list').firstChild;
      for (const event of listed) {
        const key = model.byObject ? event.key : event;
        let row = rows.get(key);
        if (!row) { row = { node: element('li') }; rows.set(key, row); }
        const hadFocus = row.event !== event && row.node.contains(document.activeElement);
        if (row.event !== event) fill(row, event);
        if (row.node === place) place = place.nextSibling; else $('list').insertBefore(row.node, place);
        if (hadFocus) row.node.querySelector('summary').focus({ preventScroll: true });
      }
      const what = model.byObject ? (model.objects.size === 1 ? ' object' : ' objects') : (all.length === 1 ? ' event' : ' events');
      const matching = all.filter(isListed).length;
      $('count').textContent = matching > listed.length
        ? 'The latest ' + listed.length.toLocaleString() + ' of ' + matching.toLocaleString() + what + '; a search or a filter finds the others.'
        : listed.length.toLocaleString() + (listed.length < all.length ? ' of ' + all.length.toLocaleString() : '') + what
          + (model.byObject && model.objects.size >= limits.objects ? '; those that have not changed for longest are left out' : '');
      $('count').hidden = all.length === 0;
      $('empty').hidden = listed.length > 0;
      $('empty').textContent = all.length ? 'Nothing listed matches the search and the types.' : 'Waiting for the first event…';
      label();
    }

    function fill(row, event) {
      const wasOpen = row.node.querySelector('details')?.open;
      row.event = event;
      // Objects of a snapshot are not new.
      row.node.className = (event.id ? 'fresh' : '') + (event.type === 'DELETED' ? ' gone' : '');
      const details = element('details'), summary = element('summary'), { text, isBad } = status(event);
      const what = element('span', 'what');
      if (event.kind) what.append(element('span', '', shown(event.kind) + ' '));
      what.append(element('b', '', shown(event.name || event.text)));
      const created = Date.parse(event.object.metadata?.creationTimestamp);
      const age = element('span', 'age', created ? ago(created) : '');
      age.title = created ? 'age' : '';
      const time = element('time', '', event.time ? moment(event.time) : '');
      if (event.time) time.dateTime = new Date(event.time).toISOString();
      time.title = 'last change' + (event.id ? ', id ' + event.id : '');
      summary.append(element('span', 'type ' + (/^[A-Z]+$/.test(event.type) ? event.type : ''), event.type), what,
        element('span', 'status' + (isBad ? ' bad' : ''), shown(text)), age, time);
      details.append(summary);
      details.addEventListener('toggle', () => { if (details.open && details.children.length === 1) details.append(detail(event)); });
      row.node.replaceChildren(details);
      if (wasOpen) { details.append(detail(event)); details.open = true; }
    }

    function detail(event) {
      const box = element('div', 'detail'), line = element('div', 'line');
      const found = event.previous ? differences(event.previous, event.object) : [];
      const copy = element('button', '', 'Copy JSON');
      copy.type = 'button';
      copy.addEventListener('click', async () => {
        try { await navigator.clipboard.writeText(event.text); copy.textContent = 'Copied'; } catch { copy.textContent = 'Not allowed here'; }
      });
      const seen = event.key ? 'change ' + event.count + ' seen here' : '';
      line.append(copy, element('span', '', [seen, event.id && 'id ' + event.id].filter(Boolean).join(' · ')));
      box.append(line);
      if (event.previous) box.append(found.length ? table(found) : element('p', 'line', 'No difference to the previous version.'));
      box.append(element('pre', '', JSON.stringify(event.line, null, 2)));
      return box;
    }

    function table(found) {
      const made = element('table');
      made.setAttribute('aria-label', 'Changes since the previous version');
      for (const [path, before, after] of found) {
        const row = element('tr'), value = element('td');
        if (before !== undefined) value.append(element('del', '', JSON.stringify(before)), ' ');
        if (after !== undefined) value.append(element('ins', '', JSON.stringify(after)));
        row.append(element('th', '', path), value);
        made.append(row);
      }
      return made;
    }

    function chips() {
      $('chips').replaceChildren(...[...model.types].map(([type, isOn]) => {
        const chip = element('button', '', type);
        chip.type = 'button';
        chip.setAttribute('aria-pressed', isOn);
        chip.addEventListener('click', () => { model.types.set(type, !isOn); chips(); schedule(); });
        return chip;
      }));
    }

    function choose(byObject) {
      model.byObject = byObject;
      $('by-object').setAttribute('aria-pressed', byObject);
      $('by-event').setAttribute('aria-pressed', !byObject);
      $('list').setAttribute('aria-label', byObject ? 'Objects' : 'Events');
      repaint();
    }

    function label() {
      const held = model.held.length;
      $('pause').textContent = model.isPaused ? 'Continue' + (held ? ' (' + held + ' held)' : '') : 'Pause';
      $('pause').setAttribute('aria-pressed', model.isPaused);
      $('total').textContent = model.total.toLocaleString();
    }

    function pause() {
      model.isPaused = !model.isPaused;
      if (!model.isPaused) { for (const event of model.held.splice(0)) apply(event); model.sizes.held = 0; }
      label();
    }

    function tick() {
      const canvas = $('spark'), pen = canvas.getContext('2d'), top = Math.max(1, ...model.seconds);
      pen.clearRect(0, 0, 120, 22);
      pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--accent');
      model.seconds.forEach((n, i) => { const h = n ? Math.max(2, 20 * n / top) : 1; pen.fillRect(i * 4, 22 - h, 3, h); });
      $('rate').textContent = model.seconds.at(-1).toLocaleString();
      model.seconds.push(0); model.seconds.shift();
      for (const { node, event } of rows.values()) {
        const created = Date.parse(event.object.metadata?.creationTimestamp);
        if (created) node.querySelector('.age').textContent = ago(created);
      }
      label();
    }

    $('here').textContent = location.href.split(/[?#]/)[0];
    $('filter').value = link.filter;
    $('bar').addEventListener('submit', event => {
      event.preventDefault();
      const filter = $('filter').value.trim();
      history.replaceState(null, '', filter ? '?filter=' + encodeURIComponent(filter) : location.pathname);
      connect(filter, true);
    });
    $('login').addEventListener('submit', event => {
      event.preventDefault();
      sessionStorage.setItem('token', $('token').value.trim());
      $('token').value = '';
      connect();
    });
    $('pause').addEventListener('click', pause);
    $('clear').addEventListener('click', restart);
    $('by-object').addEventListener('click', () => { model.isChosen = true; choose(true); });
    $('by-event').addEventListener('click', () => { model.isChosen = true; choose(false); });
    $('search').addEventListener('input', () => { model.search = $('search').value.toLowerCase(); schedule(); });
    document.addEventListener('keydown', event => {
      const isTyping = event.target.matches('input');
      if (event.key === 'Escape' && isTyping) return event.target.blur();
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === '/') { event.preventDefault(); $('search').focus(); }
      if (event.key === 'p') pause();
    });
    setInterval(tick, 1000);
    connect();

    """#
}
