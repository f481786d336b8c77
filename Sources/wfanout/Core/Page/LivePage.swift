// SPDX-License-Identifier: Apache-2.0

/// The page at `/`: shows the stream live, with nothing but what the binary holds.
enum LivePage {
  static let answer = Answer(
    200, type: "text/html; charset=utf-8", body: Array((head + style + body + script).utf8),
    headers: [
      ("Cache-Control", "no-cache"), ("Content-Security-Policy", policy),
      ("X-Content-Type-Options", "nosniff"),
      ("Referrer-Policy", "no-referrer"),
    ])

  /// The page needs its own inline script and style and connections to its own server, nothing else.
  private static let policy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  private static let head = """
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>wfanout</title>
    <link rel="icon" href="data:image/svg+xml,\
    %3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cg fill='none' stroke='%232a7' \
    stroke-width='2' stroke-linecap='round'%3E%3Cpath d='M2 8h4m0 0 7-5M6 8h8M6 8l7 5'/%3E%3C/g%3E%3C/svg%3E">

    """

  private static let body = """
    <header>
      <h1>wfanout <span id="dot" class="dot" title="connecting"></span><small id="state">connecting</small></h1>
      <dl>
        <div><dt>events</dt><dd id="total">0</dd></div>
        <div><dt>per second</dt><dd id="rate">0</dd></div>
        <div class="wide"><dt>last minute</dt><dd><canvas id="spark" width="240" height="32"></canvas></dd></div>
      </dl>
    </header>
    <form id="bar">
      <input id="filter" type="text" spellcheck="false" autocomplete="off" aria-label="filter"
        placeholder="filter on the server, in CEL: type != &quot;DELETED&quot; &amp;&amp; metadata.namespace == &quot;default&quot;">
      <button type="submit">Apply</button>
      <button type="button" id="pause">Pause</button>
      <button type="button" id="clear">Clear</button>
    </form>
    <p id="problem" role="alert" hidden></p>
    <main id="list" aria-live="off"></main>
    <p id="empty">Waiting for the first event…</p>
    <footer>
      <code>curl -N <span id="here"></span>events</code>
      <span><a href="metrics">metrics</a> · <a href="healthz">health</a></span>
    </footer>

    """
}
