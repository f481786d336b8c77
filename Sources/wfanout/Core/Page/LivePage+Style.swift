// SPDX-License-Identifier: Apache-2.0

extension LivePage {
  /// Follows the system's light or dark scheme.
  static let style = """
    <style>
    :root { color-scheme: light dark; --bg: #f7f8fa; --card: #fff; --ink: #1c2330; --soft: #69748a; --line: #e3e7ee;
      --added: #14804a; --modified: #9a6700; --deleted: #c0362c; --other: #3b5bdb; --accent: #14804a; }
    @media (prefers-color-scheme: dark) { :root { --bg: #0f131a; --card: #171d27; --ink: #e6eaf2; --soft: #8d98ad;
      --line: #263041; --added: #4cc38a; --modified: #e2b340; --deleted: #ff7b72; --other: #8da4ff; --accent: #4cc38a; } }
    * { box-sizing: border-box }
    body { margin: 0 auto; max-width: 78rem; padding: 1.5rem 1.25rem 4rem; background: var(--bg); color: var(--ink);
      font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
    header { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .75rem 2rem }
    h1 { margin: 0; font-size: 1.35rem; letter-spacing: -.01em; display: flex; align-items: center; gap: .5rem }
    h1 small { font-size: .8rem; font-weight: 400; color: var(--soft) }
    .dot { width: .65rem; height: .65rem; border-radius: 50%; background: var(--modified) }
    .dot.on { background: var(--added); animation: pulse 2s infinite }
    .dot.off { background: var(--deleted) }
    @keyframes pulse { 50% { opacity: .45 } }
    @media (prefers-reduced-motion: reduce) { * { animation: none !important } }
    dl { display: flex; gap: 1.5rem; margin: 0 }
    dt { font-size: .7rem; text-transform: uppercase; letter-spacing: .06em; color: var(--soft) }
    dd { margin: 0; font-size: 1.15rem; font-variant-numeric: tabular-nums }
    canvas { display: block }
    #bar { display: flex; gap: .5rem; margin: 1.1rem 0 .9rem }
    #filter { flex: 1; min-width: 0; font: 13px/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
    input, button { padding: .5rem .75rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--card);
      color: inherit; font-size: .85rem }
    button { cursor: pointer }
    button:hover, input:focus { border-color: var(--accent) }
    input:focus, button:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
    #problem { margin: 0 0 .9rem; padding: .6rem .8rem; border-radius: .5rem; border: 1px solid var(--deleted);
      color: var(--deleted); background: var(--card); white-space: pre-wrap; font: 13px/1.45 ui-monospace, monospace }
    main { display: flex; flex-direction: column; gap: .35rem }
    details { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; overflow: hidden }
    details.fresh { animation: fresh 1.2s ease-out }
    @keyframes fresh { from { border-color: var(--accent); box-shadow: 0 0 0 2px color-mix(in srgb, var(--accent) 25%, transparent) } }
    summary { display: grid; grid-template-columns: 6.2rem minmax(0, 1fr) auto; gap: .75rem; align-items: baseline;
      padding: .45rem .8rem; cursor: pointer; list-style: none }
    summary::-webkit-details-marker { display: none }
    .type { font-size: .72rem; font-weight: 600; letter-spacing: .04em; color: var(--other); overflow: hidden; text-overflow: ellipsis }
    .ADDED { color: var(--added) } .MODIFIED { color: var(--modified) } .DELETED, .ERROR { color: var(--deleted) }
    .what { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
    .what b { font-weight: 600 } .what span { color: var(--soft) }
    time { font-size: .78rem; color: var(--soft); font-variant-numeric: tabular-nums }
    pre { margin: 0; padding: .7rem .9rem; border-top: 1px solid var(--line); overflow: auto; max-height: 28rem;
      font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
    #empty { text-align: center; color: var(--soft); padding: 3rem 0 }
    footer { margin-top: 1.5rem; display: flex; justify-content: space-between; flex-wrap: wrap; gap: .5rem;
      color: var(--soft); font-size: .82rem }
    footer a { color: inherit }
    @media (max-width: 40rem) { .wide { display: none } summary { grid-template-columns: 5rem 1fr } time { display: none } }
    </style>

    """
}
