const LIGHT = `--ink:#15191e;--muted:#566070;--line:#d5dbe3;--paper:#fff;--panel:#f4f6f8;--band:#e6eaef;--good:#0b5cad;--bad:#b93a0c;--unknown:#6b5a86;--fault:#a8700a;--latency:#3d5a80;--tint-good:#e8f1fb;--tint-bad:#fceee7;--tint-unknown:#f1eef6`
const DARK = `--ink:#e9edf2;--muted:#a2adba;--line:#303a45;--paper:#0f1317;--panel:#171d24;--band:#222a33;--good:#74b7ff;--bad:#ff9068;--unknown:#c3b3e2;--fault:#e2b04a;--latency:#9db8d8;--tint-good:#11263b;--tint-bad:#371b10;--tint-unknown:#241d33`

/** Calm, dense, tabular: one column of text, tables that scroll by themselves, colours by name so that dark and print are a list of values. */
export const STYLE = `
:root{color-scheme:light dark;${LIGHT}}
@media (prefers-color-scheme:dark){:root:not(.print){${DARK}}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1.5rem 1.25rem 4rem;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:break-word}
h1{font-size:1.7rem;line-height:1.2;margin:.1rem 0 .4rem;text-wrap:balance}
h2{font-size:1.15rem;margin:2.4rem 0 .8rem;padding-bottom:.3rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin:1.1rem 0 .3rem}
p{margin:.3rem 0;max-width:80ch}
code,pre{font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
pre{background:var(--panel);padding:.8rem 1rem;overflow:auto;max-height:30rem}
.brand,.muted,.target,.why,dt{color:var(--muted)}
.brand{font-size:.85rem;letter-spacing:.02em}
.hypothesis{font-size:1.05rem}
h3 .muted{font-weight:400}
.vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.verdict{margin:1rem 0;padding:.7rem 1rem;border-left:.5rem solid;background:var(--panel)}
.verdict .word{font-size:1.9rem;font-weight:650;line-height:1.15}
.verdict p{color:var(--ink)}
.verdict.good{border-color:var(--good);background:var(--tint-good)}.verdict.bad{border-color:var(--bad);background:var(--tint-bad)}.verdict.unknown{border-color:var(--unknown);background:var(--tint-unknown)}
.verdict.good .word{color:var(--good)}.verdict.bad .word{color:var(--bad)}.verdict.unknown .word{color:var(--unknown)}
.badge{display:inline-block;padding:0 .5em;border:1px solid;border-radius:.2rem;font-size:.85rem;font-weight:600;white-space:nowrap}
.badge.good{color:var(--good)}.badge.bad{color:var(--bad)}.badge.unknown{color:var(--unknown)}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.35rem 1.5rem;margin:.6rem 0}
dt{font-size:.8rem}dd{margin:0;overflow-wrap:anywhere}
.objectives,.findings{list-style:none;margin:0;padding:0}
.objectives li{display:grid;grid-template-columns:13rem 1fr 20rem;gap:.1rem 1.5rem;align-items:center;padding:.6rem 0;border-bottom:1px solid var(--line)}
.objectives h3{margin:0 0 .15rem}.objectives figure{margin:0;grid-column:3;grid-row:1}
.objectives .numbers{grid-column:2;grid-row:1}.objectives .measured{font-size:1.2rem;font-weight:600;display:block}
.why::first-letter{text-transform:uppercase}
.objectives .why{grid-column:1/-1;font-size:.88rem;margin:0;max-width:none}
svg{display:block;max-width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:var(--muted)}
.kept{fill:var(--band)}.axis{stroke:var(--line)}line.goal{stroke:var(--ink);stroke-width:1.5}path.goal{fill:var(--ink)}
svg .good{fill:var(--good)}svg .bad{fill:var(--bad)}svg .unknown{fill:var(--unknown)}
.tools{display:flex;flex-wrap:wrap;gap:.35rem;align-items:center;margin-bottom:.5rem}
button{font:inherit;font-size:.88rem;color:var(--ink);background:var(--panel);border:1px solid var(--line);border-radius:.25rem;padding:.15rem .6rem;cursor:pointer}
button:hover{border-color:var(--muted)}
:focus-visible{outline:2px solid var(--good);outline-offset:2px}
#view{margin-left:auto;color:var(--muted);font-size:.88rem}
#plot{position:relative;border:1px solid var(--line);user-select:none;cursor:crosshair}
.lane{display:grid;grid-template-columns:7rem minmax(0,1fr);border-bottom:1px solid var(--line)}.lane:last-of-type{border-bottom:0}
.lane .name{margin:0;padding:.2rem .5rem;font-size:.85rem;color:var(--muted);border-right:1px solid var(--line);overflow:hidden;text-overflow:ellipsis}
canvas{display:block;width:100%}
#tip{position:absolute;z-index:2;max-width:26rem;padding:.25rem .5rem;background:var(--ink);color:var(--paper);font-size:.82rem;pointer-events:none}
.legend{font-size:.82rem;max-width:none}.key{display:inline-block;width:1.1rem;height:.75rem;margin:0 .2rem 0 .9rem;vertical-align:-1px}.key:first-child{margin-left:0}
.key-good{height:.25rem;background:var(--good);vertical-align:2px}.key-bad{background:var(--bad)}.key-latency{height:.2rem;background:var(--latency);vertical-align:3px}.key-outage{height:.35rem;background:var(--bad);vertical-align:2px}
.key-unknown{background:repeating-linear-gradient(135deg,var(--unknown) 0 1px,transparent 1px 4px)}
.scroll{overflow-x:auto;margin:.5rem 0}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid var(--line);font-weight:400}
thead th{color:var(--muted);font-size:.8rem;vertical-align:bottom}tbody th{font-weight:600;min-width:7rem}
.num{text-align:right}td.num{white-space:nowrap}
.findings li{padding:.35rem 0;border-bottom:1px solid var(--line)}
.severity{display:inline-block;min-width:4.5rem;font-weight:650}.severity.high{color:var(--bad)}.severity.medium{color:var(--fault)}.severity.low,.severity.info{color:var(--muted)}
details summary{cursor:pointer;margin:.5rem 0}
@media screen and (max-width:52rem){.objectives li{grid-template-columns:1fr}.objectives figure,.objectives .numbers{grid-column:1;grid-row:auto}.lane{grid-template-columns:5.2rem minmax(0,1fr)}.lane .name{font-size:.75rem;padding:.2rem}body{padding:1rem .8rem 3rem}#view{margin-left:0;flex-basis:100%}}
@media print{:root{color-scheme:light;${LIGHT}}.objectives li{grid-template-columns:11rem 1fr 16rem}body{max-width:none;padding:0;font-size:10.5pt}.tools,.legend:empty,#tip{display:none}.scroll,pre{overflow:visible;max-height:none}pre{white-space:pre-wrap}table{font-size:8.5pt}h2,h3{break-after:avoid}li,tr,.lane,.verdict{break-inside:avoid}.num{white-space:normal}}
`
