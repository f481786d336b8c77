#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tab.py FILE.jsonl... : one line a row"""
import json,sys
print(f"{'name':22}{'mode':7}{'N':>6}{'size':>5}{'rate':>7}{'deliv/s':>9}{'MB/s':>7}{'p50ms':>8}{'p99ms':>8}{'maxms':>8}{'miss':>8}{'dup':>4}{'full':>6}{'srv us/d':>9}{'cli us/d':>9}{'srv%':>5}{'cli%':>5}{'busy%':>6}{'rssC':>6}{'rssPk':>6}{'KB/c':>6}{'tcpPk':>6}{'load':>5}")
for f in sys.argv[1:]:
    for l in open(f):
        try: r=json.loads(l)
        except Exception: continue
        d=max(1,r['deliveries']); p=r.get('pub',{})
        print(f"{r['name'][:22]:22}{r['mode']:7}{r['conns']:>6}{r['ev_size']:>5}{r['rate']:>7.0f}{r['deliv_per_s']:>9.0f}{r['MB_per_s']:>7.1f}{r['lat_ms']['p50']:>8.2f}{r['lat_ms']['p99']:>8.1f}{r['lat_ms']['max']:>8.1f}{r['missing']:>8}{r['dup']:>4}{r['complete_conns']:>6}{1e6*r['srv_cpu_s']/d:>9.2f}{1e6*r['client_cpu_s']/d:>9.2f}{r['srv_cpu_pct']:>5}{r['cli_cpu_pct']:>5}{r['machine_busy_pct'] or 0:>6}{r['rss_conn_MB']:>6.0f}{r['rss_peak_MB']:>6.0f}{r['idle_KB_per_conn']:>6.1f}{r['tcpmem_peak_MB']:>6.0f}{r['load1']:>5.1f}"+(f"  slow={r['slow']}" if r['slow']['k'] else '')+("" if r.get('srv_alive',True) else '  SERVER DIED')+(f" fail={r['fail']}" if r['fail'] else '')+(f" closed={r['closed_by_server']}" if r['closed_by_server'] else ''))
