#include "espalier/report/page.h"

namespace espalier {

// Hues after Okabe and Ito ("Color universal design", 2008), which stay apart under the common colour blindnesses.
const std::string_view kStyle = R"css(
:root{color-scheme:light dark;--paper:#fcfbf8;--ink:#22211e;--soft:#6d6a62;--line:#e4e1d8;--card:#fff;
--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#b8578f;--c4:#a87900;--c5:#3d8fc4;--c6:#5b5b5b;--c7:#7a4fb5;
--right:#0072b2;--wrong:#d55e00;--on:#fff;--warn:#fdf3e3}
@media(prefers-color-scheme:dark){:root{--paper:#171614;--ink:#e9e6de;--soft:#a09b90;--line:#383630;--card:#1f1e1b;
--c0:#5cb3ea;--c1:#f0874a;--c2:#43c49b;--c3:#dd93c1;--c4:#e8bd4a;--c5:#8fb8ff;--c6:#b5b1a8;--c7:#b79bee;
--right:#4aa8e6;--wrong:#f0874a;--on:#11100e;--warn:#2d2618}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1080px;margin:0 auto;padding:48px 32px 40px}
h1,h2{font-family:Charter,"Bitstream Charter","Iowan Old Style","Palatino Linotype",Georgia,serif;font-weight:600;line-height:1.2;overflow-wrap:anywhere}
h1{font-size:2.3rem;margin:.1em 0 .25em;letter-spacing:-.01em}
h2{font-size:1.3rem;margin:0 0 18px}
h3{font-size:.82rem;font-weight:500;color:var(--soft);margin:0}
p{margin:.3em 0}
header{margin-bottom:28px}
.over{color:var(--soft);font-size:.85rem}
.lead{font-size:1.05rem;overflow-wrap:anywhere}
.meta,.where{color:var(--soft)}
.soft{color:var(--soft)}
.absent{color:var(--soft);font-size:.87rem;margin-top:12px}
code,pre,.mono{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
section{border-top:1px solid var(--line);padding:26px 0 30px}
section.scores{border-top:0;padding-top:0}
figure{margin:0}
figcaption{font-weight:600;font-size:.95rem}
.warnings{background:var(--warn);border-radius:6px;padding:10px 16px;margin:0 0 24px;font-size:.9rem;overflow-wrap:anywhere}
.warnings ul{margin:.2em 0;padding-left:1.2em}
.cards{display:flex;flex-wrap:wrap;gap:14px;margin-top:10px}
.cards>.card:only-child{flex:0 1 380px}
.cards+.meta,.scroll+.meta{margin-top:22px}
.whole{white-space:nowrap;margin-right:.4em}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 15px;min-width:0;flex:1 1 140px}
.card.headline{flex:2.4 1 260px}
.card .value{font-size:1.45rem;line-height:1.25;margin:.15em 0 0}
.card.headline .value{font-size:2.6rem;font-weight:600;letter-spacing:-.02em;line-height:1.15}
.card .interval,.card .note{color:var(--soft);font-size:.82rem;margin:.2em 0}
.card .interval{white-space:nowrap}
.card .share{height:14px;margin:8px 0 4px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,290px),1fr));gap:30px 32px}
.beside{display:grid;grid-template-columns:minmax(0,1.55fr) minmax(0,1fr);gap:36px;align-items:start}
.beside.wide{grid-template-columns:minmax(0,1fr)}
.beside .side:empty{display:none}
.beside .side{display:grid;gap:30px;min-width:0}
.beside.wide .side+.side{grid-template-columns:repeat(auto-fit,minmax(min(100%,330px),1fr));gap:36px}
.reliability svg{max-width:420px}
.squares{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,330px),1fr));gap:30px 36px}
.squares svg{max-width:470px}
.point{fill:var(--s);stroke:var(--paper);stroke-width:2}
svg{display:block;width:100%;height:auto}
svg text{font-size:11.5px;fill:var(--ink)}
svg text.soft{fill:var(--soft)}
svg .end{text-anchor:end}
svg .mid{text-anchor:middle}
.grid{stroke:var(--line)}
.axis,.tick{stroke:var(--soft);stroke-opacity:.6}
.mark{stroke:var(--soft);stroke-dasharray:2 3}
.cursor{stroke:var(--ink);stroke-opacity:.5;visibility:hidden}
.line{fill:none;stroke:var(--s);stroke-width:1.8;stroke-linejoin:round}
.line.dash{stroke-dasharray:5 3}
.raw{fill:none;stroke:var(--s);stroke-width:.8;stroke-opacity:.3}
.band{fill:var(--s);fill-opacity:.14}
.dot{fill:var(--paper);stroke:var(--s);stroke-width:1.5}
.cloud{fill:var(--s);fill-opacity:.35}
.s0{--s:var(--c0)}.s1{--s:var(--c1)}.s2{--s:var(--c2)}.s3{--s:var(--c3)}.s4{--s:var(--c4)}.s5{--s:var(--c5)}.s6{--s:var(--c6)}.s7{--s:var(--c7)}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:.82rem;color:var(--soft);margin:3px 0 8px;min-height:1.5em}
.legend span{display:flex;align-items:baseline;min-width:0;max-width:100%}
.legend em{font-style:normal;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;margin-right:6px}
.legend .long{display:block}
.legend b{color:var(--ink);font-weight:500;white-space:nowrap}
.chart{display:flex;flex-direction:column}
.chart svg{margin-top:auto}
.key{display:inline-block;flex:none;width:12px;height:3px;border-radius:2px;background:var(--s);margin-right:6px;vertical-align:.28em;align-self:center}
.key.right,.key.wrong,.key.bar,.key.over,.key.under{height:10px;vertical-align:-.05em}
.key.right{background:var(--right)}.key.wrong{background:var(--wrong)}
.key.bar{background:var(--right);opacity:.55}
.key.over{background:var(--wrong);opacity:.55}
.key.under{background:none;border:1px dashed var(--right)}
.matrix svg{overflow:visible}
.scroll{overflow-x:auto;max-width:100%}
.cell.right rect{fill:var(--right)}.cell.wrong rect{fill:var(--wrong)}
.cell:hover rect{stroke:var(--ink)}
.cell .strong{fill:var(--on)}
.frame{fill:none;stroke:var(--line)}
.bin .bar,.share .bar{fill:var(--right);fill-opacity:.55}
.bin .over{fill:var(--wrong);fill-opacity:.55}
.bin .under{fill:var(--right);fill-opacity:.16;stroke:var(--right);stroke-width:.8;stroke-dasharray:2 2}
.bin .count{fill:var(--soft);fill-opacity:.55}
.bin:hover rect{stroke:var(--ink)}
.ideal{stroke:var(--soft);stroke-dasharray:4 4}
.share{height:12px}
.share .track{fill:var(--line)}
.share .bar{fill-opacity:.5}
.share .reach{stroke:var(--right);stroke-width:2px;vector-effect:non-scaling-stroke}
.share .reference{stroke:var(--wrong);stroke-width:2px;vector-effect:non-scaling-stroke}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th{font-weight:500;color:var(--soft);text-align:left;font-size:.82rem}
th[scope=row]{color:var(--ink);font-size:inherit}
td,th{padding:5px 14px 5px 0;border-bottom:1px solid var(--line);vertical-align:middle}
td:last-child,th:last-child{padding-right:0}
.num{text-align:right;white-space:nowrap}
td.name,th.name{overflow-wrap:anywhere;min-width:8em}
.barcell{width:24%;min-width:90px}
.scores small{display:block;color:var(--soft);font-size:.8rem}
.best .value{font-weight:700;border-bottom:2px solid var(--c2)}
.gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,232px),1fr));gap:24px 20px;margin-top:16px}
.pair{display:flex;gap:3px}
.pair img{flex:1 1 0;min-width:0;width:50%;aspect-ratio:1;object-fit:contain;background:var(--line);border-radius:3px}
.pair img:only-child{flex:0 0 50%}
.pixels{image-rendering:pixelated}
.seen figcaption{font-weight:400;font-size:.87rem;margin-top:6px;line-height:1.4;overflow-wrap:anywhere}
.seen p{margin:0}
b.wrong{color:var(--wrong)}b.right{color:var(--right)}
.truth{color:var(--soft)}.truth b{color:var(--ink)}
.id{color:var(--soft);font-size:.75rem}
.alikes{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,470px),1fr));gap:28px 36px;margin-top:16px}
.alike h3{margin-bottom:8px;overflow-wrap:anywhere}
.alike h3 b{font-weight:600;color:var(--ink)}
.two{display:grid;grid-template-columns:1fr 1fr;gap:14px}
.two>*{min-width:0}
.compared{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,calc(150px*(var(--maps) + 1))),1fr));gap:28px 36px;margin-top:16px}
.maps{display:grid;grid-template-columns:repeat(calc(var(--maps) + 1),minmax(0,1fr));gap:6px;font-size:.87rem;line-height:1.4;overflow-wrap:anywhere}
.maps img{width:100%;aspect-ratio:1;object-fit:contain;background:var(--line);border-radius:3px;display:block;margin-bottom:5px}
.maps .run{color:var(--soft)}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,230px),1fr));gap:14px 24px;margin:0}
dt{color:var(--soft);font-size:.82rem}
dd{margin:0;overflow-wrap:anywhere}
details{margin-top:10px}
summary{cursor:pointer;font-weight:600}
section>details:only-child{margin:0}
pre{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:6px;padding:14px 16px;line-height:1.55}
.forest{margin-bottom:26px}
.rows{display:grid;grid-template-columns:minmax(60px,max-content) minmax(0,1fr) max-content;gap:8px 16px;align-items:center;margin-top:10px;font-size:.9rem}
.rows .name{overflow-wrap:anywhere;max-width:26ch}
.lane{position:relative;height:20px;border-bottom:1px solid var(--line)}
.reach,.point,.ticks span{position:absolute}
.lane .reach{top:8px;height:4px;background:var(--s);opacity:.45;border-radius:2px}
.lane .point{top:5px;width:10px;height:10px;margin-left:-5px;border-radius:5px;background:var(--s)}
.ticks{border:0}
.lane.ticks span{transform:translateX(-50%);color:var(--soft);font-size:.78rem;white-space:nowrap}
.value.bad{color:var(--wrong)}
.findings{margin:0;padding:0;list-style:none}
.findings li{padding:5px 0 5px 18px;position:relative;overflow-wrap:anywhere}
.findings li::before{content:"";position:absolute;left:0;top:.85em;width:9px;height:9px;border-radius:5px;background:var(--c4)}
.findings li.bad::before{background:var(--wrong)}
.strip{display:flex;flex-wrap:wrap;gap:4px}
.strip img{height:88px;width:auto;max-width:176px;border-radius:3px;background:var(--line)}
.copies{display:flex;flex-wrap:wrap;gap:22px 26px;margin-top:14px}
.copies figure{max-width:560px}
.copies figcaption{font-weight:400;font-size:.85rem;margin-top:5px;overflow-wrap:anywhere}
.copies p{margin:0}
.sheet{display:grid;grid-template-columns:minmax(70px,11em) minmax(0,1fr);gap:10px 18px;align-items:center}
.sheet .name{overflow-wrap:anywhere;font-size:.88rem}
.sheet .strip{height:88px;overflow:hidden}
.balance{display:grid;grid-template-columns:minmax(70px,max-content) minmax(0,1fr) max-content;gap:4px 16px;align-items:center;font-size:.88rem}
.balance .name{overflow-wrap:anywhere;max-width:34ch}
.stack{display:flex;height:13px}
.stack i{background:var(--s);opacity:.75}
.stack i+i{border-left:1px solid var(--paper)}
.stack .gone{opacity:.15}
.balance+.charts{margin-top:26px}
.scroll+h3{margin:22px 0 8px}
svg .bar{fill:var(--right);fill-opacity:.55}
footer{color:var(--soft);font-size:.8rem;border-top:1px solid var(--line);padding-top:14px}
@media(max-width:760px){main{padding:26px 16px}h1{font-size:1.8rem}.beside{grid-template-columns:minmax(0,1fr)}
.card.headline{flex-basis:100%}
.rows{grid-template-columns:minmax(0,1fr) max-content;gap:2px 14px}.rows .name{grid-column:1/-1;max-width:none}.rows .ticks{margin-top:4px}
.ticks span:nth-child(even){display:none}.lane.ticks span:first-child{transform:none}.rows>span:empty{display:none}
.gallery{grid-template-columns:repeat(auto-fill,minmax(min(100%,165px),1fr))}}
@media print{:root{color-scheme:light;--paper:#fff}body{font-size:10.5pt}main{max-width:none;padding:0}
figure,.card,tr{break-inside:avoid}h2{break-after:avoid}.scroll{overflow:visible}}
)css";

// Under the pointer, the legend shows each curve's value; on leaving, the last values again. Printing opens what is folded.
const std::string_view kScript = R"js(
for (const chart of document.querySelectorAll('.chart')) {
  const svg = chart.querySelector('svg'), cursor = chart.querySelector('.cursor'), at = chart.querySelector('.at');
  const values = [...chart.querySelectorAll('.legend b')], last = values.map(v => v.textContent);
  const lines = [...chart.querySelectorAll('path[data-p]')].map(path => {
    const places = [...path.getAttribute('d').matchAll(/[ML]([-\d.]+),/g)].map(m => +m[1]);
    return path.dataset.p.split(';').map((p, i) => { const c = p.indexOf(':'); return [places[i], p.slice(0, c), p.slice(c + 1)]; });
  });
  const nearest = (line, x) => line.reduce((a, b) => Math.abs(b[0] - x) < Math.abs(a[0] - x) ? b : a);
  svg.addEventListener('pointermove', event => {
    const x = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()).x;
    const near = lines.map(line => nearest(line, x));
    if (!near.length) return;
    near.forEach((p, i) => { values[i].textContent = p[2]; });
    const first = near.reduce((a, b) => Math.abs(b[0] - x) < Math.abs(a[0] - x) ? b : a);
    cursor.setAttribute('x1', first[0]); cursor.setAttribute('x2', first[0]);
    cursor.style.visibility = 'visible'; at.textContent = 'at ' + first[1];
  });
  svg.addEventListener('pointerleave', () => {
    values.forEach((v, i) => { v.textContent = last[i]; });
    cursor.style.visibility = 'hidden'; at.textContent = '';
  });
}
addEventListener('beforeprint', () => document.querySelectorAll('details').forEach(d => { d.open = true; }));
)js";

}  // namespace espalier
