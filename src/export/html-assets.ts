// The style and the script of the HTML report, which stand in the page itself: it loads nothing. The page's policy
// allows these two by their digests and nothing else; a test holds the digests.

export const STYLE = `
:root { color-scheme: light dark; --ink: #1d2229; --soft: #5c6773; --paper: #fff; --line: #dde2e8; --head: #f4f6f8;
  --edge: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ec; --soft: #98a3ae; --paper: #15191e; --line: #2f363e; --head: #1d2229; --edge: #15191e; }
  svg { opacity: 0.88; }
}
body { margin: 0 auto; max-width: 1080px; padding: 24px; font: 15px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
h1 { font-size: 22px; margin: 0; }
h2 { font-size: 17px; margin: 32px 0 4px; }
p { margin: 4px 0 12px; color: var(--soft); max-width: 75ch; }
.facts { display: flex; flex-wrap: wrap; gap: 24px; margin: 16px 0; }
.facts b { display: block; font-size: 20px; }
.facts span { color: var(--soft); }
svg { width: 100%; height: auto; }
svg.tall { display: none; }
svg text { font: 11px system-ui, sans-serif; fill: #10151a; pointer-events: none; }
rect { stroke: var(--edge); }
rect.part { fill-opacity: 0.75; }
.t0 { fill: #7fb2e5; } .t1 { fill: #f0b37a; } .t2 { fill: #8fcf9f; } .t3 { fill: #e59a9a; }
.rest { fill: #b8bec6; } .t4 { fill: #b9a3dd; } .t5 { fill: #d6c26b; } .t6 { fill: #79c8c8; } .t7 { fill: #d99fc4; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { padding: 4px 10px; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
th { background: var(--head); white-space: nowrap; }
th button { all: unset; cursor: pointer; }
th button:focus-visible { outline: 2px solid; }
th[aria-sort=ascending] button::after { content: " \\25b2"; }
th[aria-sort=descending] button::after { content: " \\25bc"; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.name { font-family: ui-monospace, monospace; font-size: 13px; overflow-wrap: anywhere; }
td.name.extra { min-width: 24ch; }
@media (max-width: 640px) {
  body { padding: 16px; }
  svg.tall { display: block; }
  svg.wide, .extra { display: none; }
  .facts { display: grid; grid-template-columns: 1fr 1fr; gap: 12px; }
  th, td { padding: 4px 6px; }
  td[data-below]::after { content: attr(data-below); display: block; color: var(--soft); }
}
footer { margin-top: 32px; color: var(--soft); font-size: 13px; }
`;

export const SCRIPT = `
for (const button of document.querySelectorAll('th button')) {
  button.addEventListener('click', () => {
    const head = button.parentElement;
    const table = head.closest('table');
    const column = head.cellIndex;
    const isNumber = head.classList.contains('number');
    const down = head.hasAttribute('aria-sort') ? head.getAttribute('aria-sort') !== 'descending' : isNumber;
    for (const other of head.parentElement.cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
    const order = (a, b) => (isNumber ? key(a) - key(b) : key(a).localeCompare(key(b)));
    const body = table.tBodies[0];
    body.append(...[...body.rows].sort((a, b) => (down ? order(b, a) : order(a, b))));
  });
}
`;

/** Base64 of SHA-256, as Content-Security-Policy wants it. */
export const STYLE_DIGEST = 'PDj/1GQzZBdwPPCVovWsp44ELNrFUfbqNFp1lkIPasA=';
export const SCRIPT_DIGEST = 'Qznv/SxbVAPs4J1l6DXcAGrlB2icOmZrffIU51eapfY=';
