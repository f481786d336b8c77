#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py: one measured row. Starts a server (optional), fanclient, then a publisher; prints one JSON row.
 --server CMD      started by us; its stdin is the publisher's stdout when --feed stdin
 --pid P[,P]       measure these instead / as well (process tree)
 --feed stdin|http|cmd
Everything after options goes through shlex. See README.md."""
import argparse, json, os, shlex, signal, subprocess, sys, time
H = os.path.dirname(os.path.abspath(__file__)); T = os.environ.get('FANOUT_TMP') or __import__('tempfile').gettempdir(); B = os.environ.get('FANOUT_BIN') or H; TCK = os.sysconf('SC_CLK_TCK'); PG = os.sysconf('SC_PAGE_SIZE')
def kids(p):
    out=[p]
    try:
        for t in os.listdir(f'/proc/{p}/task'):
            for k in open(f'/proc/{p}/task/{t}/children').read().split(): out+=kids(int(k))
    except OSError: pass
    return out
def stat(pids):
    cpu=rss=0
    for p in {k for q in pids for k in kids(q)}:
        try:
            f=open(f'/proc/{p}/stat').read().rsplit(')',1)[1].split(); cpu+=(int(f[11])+int(f[12]))/TCK; rss+=int(f[21])*PG
        except OSError: pass
    return cpu,rss
def pss(pids):
    t=0
    for p in {k for q in pids for k in kids(q)}:
        try:
            for l in open(f'/proc/{p}/smaps_rollup'):
                if l.startswith('Pss:'): t+=int(l.split()[1])*1024
        except OSError: pass
    return t
def sys_():
    f=[int(x) for x in open('/proc/stat').readline().split()[1:]]; return sum(f)/TCK,(f[3]+f[4])/TCK
def sockmem():
    for l in open('/proc/net/sockstat'):
        if l.startswith('TCP:'): return int(l.split()[-1])*PG
def main():
    a=argparse.ArgumentParser(); A=a.add_argument
    A('--name',default=''); A('--server'); A('--pid',default=''); A('--feed',default='stdin'); A('--port',type=int,default=9100); A('--path',default='/'); A('--mode',default='sse')
    A('-n',type=int,default=100); A('-c',type=int,default=1000); A('-r',type=float,default=0); A('-s',type=int,default=300)
    A('--http'); A('--pubpath',default='/'); A('--depth',type=int,default=16); A('--grip',action='store_true'); A('--kube',action='store_true'); A('--pubcmd',help='shell pipeline that reads events on its stdin')
    A('--slow',type=int,default=0); A('--slow-rate',type=float,default=0); A('--slow-rcvbuf',type=int,default=0); A('-t',type=float,default=60); A('--idle',type=float,default=4); A('--wait',type=float,default=0.3); A('--nosize',action='store_true'); A('--client',default=''); A('--holdidle',type=float,default=0); A('--sample',action='store_true'); A('--warm',type=float,default=0)
    o=a.parse_args(); srv=None; r_,w_=os.pipe() if o.feed=='stdin' else (None,None)
    if o.server:
        log=open(os.path.join(T,'server.log'),'ab'); srv=subprocess.Popen(shlex.split(o.server),stdin=r_ if r_ is not None else subprocess.DEVNULL,stdout=log,stderr=log)
        if r_ is not None: os.close(r_)
        time.sleep(o.wait+0.4)
    pids=[int(p) for p in o.pid.split(',') if p]+([srv.pid] if srv else [])
    base=stat(pids)[1]; bpss=pss(pids)
    cmd=[B+'/fanclient','-p',str(o.port),'-u',o.path,'-m',o.mode,'-n',str(o.n),'-c',str(o.c),'-t',str(o.t),'--idle',str(o.idle),'--name',o.name]+([] if o.nosize else ['-s',str(o.s)])
    if o.slow: cmd+=['--slow',str(o.slow),'--slow-rate',str(o.slow_rate),'--slow-rcvbuf',str(o.slow_rcvbuf)]
    if o.holdidle: cmd+=['--hold',str(o.holdidle)]
    cmd+=shlex.split(o.client); cl=subprocess.Popen(cmd,stdout=subprocess.PIPE,text=True)
    ready=cl.stdout.readline().strip(); time.sleep(o.wait+o.warm)
    cpu0,rss0=stat(pids); s0=sys_(); pss0=pss(pids); sm0=sockmem(); t0=time.time(); pub=None; peak=rss0; sm=sm0; samples=[]; pubrep=os.path.join(T,f'pub.{os.getpid()}.json')
    if o.c and not o.holdidle:
        pc=[B+'/pub','-c',str(o.c),'-r',str(o.r),'-s',str(o.s),'--report',pubrep]+(['--kube'] if o.kube else [])
        if o.feed=='http': pub=subprocess.Popen(pc+['--http',o.http,'--path',o.pubpath,'--depth',str(o.depth)]+(['--grip'] if o.grip else []))
        elif o.feed=='cmd': pub=subprocess.Popen('exec '+' '.join(pc)+' | '+o.pubcmd,shell=True)
        else: pub=subprocess.Popen(pc,stdout=w_)
    while cl.poll() is None:
        time.sleep(0.05); c,r=stat(pids); peak=max(peak,r); m=sockmem(); sm=max(sm,m)
        if o.sample: samples.append((round(time.time()-t0,2),r>>20,m>>20))
    out=cl.stdout.read().strip(); cpu1,rss1=stat(pids); s1=sys_(); el=time.time()-t0
    row=json.loads(out.splitlines()[-1]) if out else {}
    if pub:
        try: pub.wait(5)
        except subprocess.TimeoutExpired: pub.kill()
        try: row['pub']=json.load(open(pubrep)); os.unlink(pubrep)
        except OSError: pass
    tot=s1[0]-s0[0]
    row.update(ready=ready,wall_s=round(el,2),srv_cpu_s=round(cpu1-cpu0,2),srv_cpu_pct=round(100*(cpu1-cpu0)/el),cli_cpu_pct=round(100*row.get('client_cpu_s',0)/el),machine_busy_pct=round(100*(tot-(s1[1]-s0[1]))/tot) if tot else None,rss_base_MB=round(base/2**20,1),rss_conn_MB=round(rss0/2**20,1),rss_peak_MB=round(peak/2**20,1),rss_end_MB=round(rss1/2**20,1),idle_KB_per_conn=round((pss0-bpss)/1024/max(1,o.n+o.slow),2),tcpmem_idle_MB=round(sm0/2**20,1),tcpmem_peak_MB=round(sm/2**20,1),ev_size=o.s,mode=o.mode,rate=o.r,load1=os.getloadavg()[0])
    if samples: row['samples']=samples[::max(1,len(samples)//20)]
    if srv:
        row['srv_alive']=srv.poll() is None; srv.send_signal(signal.SIGTERM)
        try: srv.wait(5)
        except subprocess.TimeoutExpired: srv.kill()
    print(json.dumps(row),flush=True)
main()
