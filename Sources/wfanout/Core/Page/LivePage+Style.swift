// SPDX-License-Identifier: Apache-2.0

extension LivePage {
  /// Follows the system's light or dark scheme, and leaves out motion where the system asks for that.
  static let style = """
    <style>
    :root { color-scheme: light dark; --bg: #f7f8fa; --card: #fff; --ink: #1c2330; --soft: #5b6579; --line: #dfe4ec;
      --added: #12743f; --modified: #8a5a00; --deleted: #b52f26; --other: #3553c9; --accent: #12743f; --wash: #eaf5ee }
    @media (prefers-color-scheme: dark) { :root { --bg: #0f131a; --card: #171d27; --ink: #e6eaf2; --soft: #98a3b8;
      --line: #2a3445; --added: #4cc38a; --modified: #e2b340; --deleted: #ff7b72; --other: #8da4ff; --accent: #4cc38a; --wash: #15281f } }
    * { box-sizing: border-box }
    [hidden] { display: none !important }
    body { margin: 0 auto; max-width: 82rem; padding: 0 1.25rem 3rem; background: var(--bg); color: var(--ink);
      font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
    header { position: sticky; top: 0; z-index: 1; background: var(--bg); padding: .9rem 0 .6rem; border-bottom: 1px solid var(--line);
      display: flex; flex-direction: column; gap: .55rem }
    .line { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem }
    h1, p { margin: 0 }
    h1 { font-size: 1.25rem; letter-spacing: -.01em }
    .dot { display: inline-block; width: .65rem; height: .65rem; margin-right: .45rem; border-radius: 50%; background: var(--modified) }
    .dot.on { background: var(--added) } .dot.off { background: var(--deleted) }
    .figures { margin-left: auto; color: var(--soft); font-size: .85rem; font-variant-numeric: tabular-nums }
    .figures b { color: var(--ink) } canvas { vertical-align: middle }
    input, button { padding: .45rem .75rem; border: 1px solid var(--line); border-radius: .45rem; background: var(--card);
      color: inherit; font: inherit; font-size: .85rem }
    button { cursor: pointer }
    button:hover { border-color: var(--accent) }
    button[aria-pressed=true] { border-color: var(--accent); background: var(--wash); color: var(--accent); font-weight: 600 }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
    #bar, #login { gap: .5rem; flex-wrap: nowrap }
    #filter { flex: 1; min-width: 0; font: 13px/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
    #search { width: 11rem }
    #clear { margin-left: auto }
    .tools [role=group] { display: flex; flex-wrap: wrap; gap: .3rem }
    #chips button { font-size: .75rem; padding: .3rem .6rem }
    #problem { padding: .5rem .75rem; border-radius: .45rem; border: 1px solid var(--deleted); color: var(--deleted);
      background: var(--card); white-space: pre-wrap; font: 13px/1.45 ui-monospace, monospace }
    ul { list-style: none; margin: .4rem 0 0; padding: 0; display: flex; flex-direction: column; gap: .3rem }
    li { background: var(--card); border: 1px solid var(--line); border-radius: .45rem }
    li.fresh { animation: fresh 1.2s ease-out }
    @keyframes fresh { from { border-color: var(--accent); background: var(--wash) } }
    @media (prefers-reduced-motion: reduce) { * { animation: none !important } }
    summary { display: grid; grid-template-columns: 6rem minmax(0, 3fr) minmax(0, 2fr) 3.2rem 5.2rem; gap: .75rem; align-items: baseline;
      padding: .4rem .75rem; cursor: pointer; list-style: none; border-radius: .45rem }
    summary::-webkit-details-marker { display: none }
    .type { font-size: .72rem; font-weight: 600; letter-spacing: .03em; color: var(--other); overflow: hidden; text-overflow: ellipsis }
    .ADDED { color: var(--added) } .MODIFIED { color: var(--modified) } .DELETED, .ERROR, .bad { color: var(--deleted) }
    .what, .status { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
    .what b { font-weight: 600 } .what span, .age, time { color: var(--soft) }
    .gone .what b { text-decoration: line-through }
    .age, time { font-size: .8rem; text-align: right; font-variant-numeric: tabular-nums }
    .detail { border-top: 1px solid var(--line); padding: .5rem .75rem .75rem }
    .detail .line { font-size: .8rem; color: var(--soft) }
    .detail button { font-size: .75rem; padding: .25rem .55rem }
    pre, table { margin: .5rem 0 0; font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
    pre { overflow: auto; max-height: 28rem }
    table { border-collapse: collapse; display: block; overflow-x: auto }
    td, th { padding: .1rem .75rem .1rem 0; text-align: left; vertical-align: top; font-weight: 400 }
    th { color: var(--soft) } del { color: var(--deleted) } ins { color: var(--added); text-decoration: none }
    #count { margin-top: .6rem; color: var(--soft); font-size: .82rem }
    input[aria-invalid=true] { border-color: var(--deleted) }
    #empty { text-align: center; color: var(--soft); padding: 3rem 0 }
    footer { margin-top: 1.5rem; display: flex; justify-content: space-between; flex-wrap: wrap; gap: .5rem; color: var(--soft); font-size: .82rem }
    footer a { color: inherit }
    footer code { overflow-wrap: anywhere }
    @media (max-width: 44rem) { body { padding: 0 .75rem 2rem } canvas { display: none }
      #bar { flex-wrap: wrap } #filter { flex-basis: 100% } #search { flex: 1; width: 4rem }
      .tools { gap: .5rem } #clear { margin: 0 } #chips { order: 1; flex-basis: 100% }
      summary { grid-template-columns: minmax(0, 1fr) auto auto; gap: .1rem .75rem }
      .what { grid-column: 1 / -1; grid-row: 2; white-space: normal; overflow-wrap: anywhere; max-height: 6em }
      .status { grid-column: 1 / -1; grid-row: 3 } }
    </style>

    """
}
