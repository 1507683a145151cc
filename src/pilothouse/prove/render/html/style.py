"""How the page looks: light and dark by the reader's setting, narrow and wide, and on paper.

The series' colours are Okabe and Ito's, told apart by colour-blind people; lines differ in their dashes too.
"""

from __future__ import annotations

SERIES = 7
"""Colours that there are; a further candidate begins anew."""

STYLE = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#57606a;--line:#d8dee4;--card:#f6f8fa;
--good:#1a7f37;--bad:#cf222e;--open:#9a6700;--good-bg:#dafbe1;--bad-bg:#ffebe9;--open-bg:#fff8c5;--heat:#0072b2;
--s0:#0072b2;--s1:#d55e00;--s2:#008060;--s3:#b5528a;--s4:#8f6a00;--s5:#2c8ac2;--s6:#555}
@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--soft:#9da7b3;--line:#30363d;--card:#161b22;
--good:#3fb950;--bad:#f85149;--open:#d29922;--good-bg:#12331c;--bad-bg:#3c1618;--open-bg:#332701;--heat:#3b9ddd;
--s0:#58b0e8;--s1:#f08a3c;--s2:#2fc79b;--s3:#e39cc4;--s4:#e6c229;--s5:#8fd3ff;--s6:#b0b8c0}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;
overflow-wrap:break-word}
main{max-width:72rem;margin:0 auto;padding:1.25rem 1rem 4rem}
h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0}
h2{font-size:1.15rem;margin:2.25rem 0 .6rem;padding-top:.4rem;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:1rem 0 .3rem}
p{margin:.4rem 0}ul{margin:.3rem 0;padding-left:1.2rem}li{margin:.15rem 0}
.kicker,.facts,caption,.soft{color:var(--soft)}.facts{font-size:.87rem}
.verdict{border:1px solid var(--line);border-left:.4rem solid var(--open);background:var(--card);
border-radius:.4rem;padding:.8rem 1rem;margin:.8rem 0}
.verdict.met{border-left-color:var(--good)}.verdict.not-met{border-left-color:var(--bad)}
.advice{font-size:1.1rem;font-weight:600;margin:.2rem 0}
.columns{display:grid;gap:0 1.75rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,21rem),1fr))}
.columns>*{min-width:0}
.scroll{overflow-x:auto;margin:.4rem 0 .8rem;border:1px solid var(--line);border-radius:.4rem}
.scroll:focus-visible{outline:2px solid var(--s0)}
table{border-collapse:collapse;width:100%;font-size:.87rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-size:.8rem;padding:.4rem .6rem}caption span{display:block;position:sticky;left:.6rem;
max-width:calc(100vw - 3rem)}
th,td{padding:.35rem .6rem;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
thead th{background:var(--card);white-space:nowrap}tbody th{font-weight:600;background:var(--bg)}
th:first-child{position:sticky;left:0}td:last-child{min-width:9rem}
td.n{white-space:nowrap}td small,li small{color:var(--soft);display:block;font-size:.78rem}
th button{all:unset;cursor:pointer}th button:focus-visible{outline:2px solid var(--s0)}
th[aria-sort=ascending] button::after{content:" \\2191"}th[aria-sort=descending] button::after{content:" \\2193"}
.badge{display:inline-block;white-space:nowrap;border-radius:1rem;padding:.05rem .55rem;font-weight:600;font-size:.8rem}
.met .badge,.badge.met{color:var(--good);background:var(--good-bg)}
.badge.not-met{color:var(--bad);background:var(--bad-bg)}.badge.not-yet-proven{color:var(--open);background:var(--open-bg)}
.good{color:var(--good)}.bad{color:var(--bad)}
.heat{background:color-mix(in srgb,var(--heat) calc(var(--v)*55%),transparent)}
figure{margin:.4rem 0}figcaption{color:var(--soft);font-size:.8rem}
svg{display:block;width:100%;height:auto;font:12px system-ui,sans-serif}
.plot{max-width:36rem}
svg text{fill:var(--fg)}svg .axis{stroke:var(--soft)}svg .grid{stroke:var(--line)}svg .tick{fill:var(--soft)}
.bar svg{width:10rem;min-width:10rem}.bar .limit{stroke:var(--fg);stroke-dasharray:3 2}
.k0{--k:var(--s0)}.k1{--k:var(--s1)}.k2{--k:var(--s2)}.k3{--k:var(--s3)}.k4{--k:var(--s4)}.k5{--k:var(--s5)}.k6{--k:var(--s6)}
.k-line{stroke:var(--k);fill:none;stroke-width:2}.k-fill{fill:var(--k)}.k-thin{stroke:var(--k);stroke-width:1.5}
.v-met{--k:var(--good)}.v-not-met{--k:var(--bad)}.v-not-yet-proven{--k:var(--open)}
.front{fill:none;stroke:var(--soft);stroke-dasharray:4 4}
.legend{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;font-size:.85rem}
.legend svg{display:inline-block;width:2.2rem;vertical-align:middle;margin-right:.35rem}
details{border:1px solid var(--line);border-radius:.4rem;margin:.4rem 0}
summary{cursor:pointer;padding:.45rem .7rem;background:var(--card);border-radius:.4rem}
details>.scroll{border:0;margin:0}details>div:not(.scroll){padding:.3rem .7rem .7rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.25rem 0;padding:.5rem .6rem;background:var(--card);
border-radius:.3rem;font:.8rem/1.45 ui-monospace,SFMono-Regular,Menlo,monospace;max-height:26rem;overflow:auto}
code{font-family:ui-monospace,SFMono-Regular,Menlo,monospace;font-size:.87em;overflow-wrap:anywhere}
.tools{display:flex;gap:.5rem;margin:.4rem 0}
.tools button{font:inherit;font-size:.85rem;color:var(--fg);background:var(--card);border:1px solid var(--line);
border-radius:.3rem;padding:.2rem .7rem;cursor:pointer}
@media(max-width:40rem){svg{font-size:15px}main{padding:.75rem .75rem 3rem}h1{font-size:1.25rem}}
@media print{:root{color-scheme:light}body{font-size:11px}main{max-width:none;padding:0}.tools{display:none}
.scroll{overflow:visible;border:0}pre{max-height:none}h2,h3,summary{break-after:avoid}tr,figure{break-inside:avoid}
details::details-content{content-visibility:visible;display:block}}
""".strip().replace("\n", "")

SCRIPT = """
document.querySelectorAll('table.sorts').forEach(table=>{const heads=[...table.tHead.rows[0].cells];
heads.forEach((head,at)=>{const name=head.textContent,button=document.createElement('button');
button.type='button';button.textContent=name;button.title='Sort by '+name;head.replaceChildren(button);
button.onclick=()=>{const up=head.getAttribute('aria-sort')==='descending';heads.forEach(h=>h.removeAttribute('aria-sort'));
head.setAttribute('aria-sort',up?'ascending':'descending');const body=table.tBodies[0];
const key=row=>{const c=row.cells[at];return c.dataset.v===undefined?c.textContent:+c.dataset.v};
[...body.rows].sort((a,b)=>{const x=key(a),y=key(b);
return (typeof x==='number'&&typeof y==='number'?x-y:String(x).localeCompare(String(y),'en',{numeric:true}))*(up?1:-1)})
.forEach(row=>body.append(row))}})});
const every=open=>document.querySelectorAll('details').forEach(d=>{d.open=open});
document.querySelectorAll('[data-open]').forEach(b=>{b.onclick=()=>b.closest('section').querySelectorAll('details')
.forEach(d=>{d.open=b.dataset.open==='1'})});
addEventListener('beforeprint',()=>every(true));
""".strip()
"""Sorts tables by a click on a heading, unfolds answers, and unfolds everything for paper."""
