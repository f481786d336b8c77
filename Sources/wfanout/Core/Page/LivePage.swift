// SPDX-License-Identifier: Apache-2.0

/// The page at `/`: the stream in a browser. It loads nothing from elsewhere; its parts are the files beside this one.
enum LivePage {
  static let response = HTTPResponse(
    200, type: "text/html; charset=utf-8",
    body: Array(
      (head + style + body + "<script>\n'use strict';\n" + connection + model + view + "</script>\n").utf8),
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
      <div class="line">
        <h1>wfanout</h1>
        <p id="state" role="status"><span id="dot" class="dot"></span><span id="state-text">connecting</span></p>
        <p class="figures"><b id="total">0</b> events · <b id="rate">0</b>/s <canvas id="spark" width="120" height="22" aria-hidden="true"></canvas></p>
      </div>
      <form id="bar" class="line">
        <input id="filter" type="text" spellcheck="false" autocomplete="off" autocapitalize="off" aria-label="CEL filter, applied by the server" aria-describedby="problem"
          placeholder="CEL filter, as in: status.phase != &quot;Running&quot;">
        <button type="submit">Apply</button>
        <button type="button" id="pause" aria-pressed="false" title="Key: p">Pause</button>
      </form>
      <form id="login" class="line" hidden>
        <label for="token">This server wants a token:</label>
        <input id="token" type="password" autocomplete="off">
        <button type="submit">Sign in</button>
      </form>
      <p id="problem" role="alert" hidden></p>
      <div class="line tools">
        <div role="group" aria-label="What to list">
          <button type="button" id="by-object" aria-pressed="true">Objects</button><button type="button" id="by-event" aria-pressed="false">Events</button>
        </div>
        <input id="search" type="search" aria-label="Search the list" placeholder="Search" title="Key: /">
        <div id="chips" role="group" aria-label="Types to list"></div>
        <button type="button" id="clear">Clear</button>
      </div>
    </header>
    <main>
      <p id="count" hidden></p>
      <ul id="list" role="list" aria-label="Objects"></ul>
      <p id="empty">Waiting for the first event…</p>
    </main>
    <footer>
      <code>curl -N <span id="here"></span>events</code>
      <span><a href="metrics">metrics</a> · <a href="healthz">health</a></span>
    </footer>

    """
}
