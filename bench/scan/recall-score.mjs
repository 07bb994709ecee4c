// Decides whether the findings before and after a fix show that the leak was seen. Pure.

/** What a user sees; that and what is shown on request. */
export const LEVELS = ['default', 'low'];
const NEAR = 2;

/**
 * Seen: before the fix, a finding within two lines of a changed line, and fewer of that rule after it, over the changed
 * files. `byRule`: such a finding of the very rule that the table names. `inFile`: that rule has fewer findings after the
 * fix, wherever in the changed files they stood (a fix may stand far from the line that leaks).
 */
export function score(rule, { hunks, before, after }) {
  const seen = {};
  let hits = [];
  for (const level of LEVELS) {
    const now = atLevel(after, level);
    const gone = atLevel(before, level).filter(({ code }, _, all) => countOf(all, code) > countOf(now, code));
    hits = gone.filter((finding) => isNear(finding, hunks[finding.path] ?? []));
    seen[level] = hits.length > 0;
  }
  return {
    seen,
    byRule: hits.some(({ code }) => code === rule),
    inFile: countOf(before.findings, rule) > countOf(after.findings, rule),
    hits: hits.map(describe),
    near: before.findings.filter((finding) => isNear(finding, hunks[finding.path] ?? [])).map(describe),
    unread: before.problems.map(({ path, line, message }) => `${path}:${line}: ${message}`),
  };
}

function atLevel({ findings }, level) {
  return level === 'low' ? findings : findings.filter(({ confidence }) => confidence !== 'low');
}

const countOf = (findings, rule) => findings.filter(({ code }) => code === rule).length;

/** By the line a finding is reported at: one that spans a class would be near everything in it. */
function isNear({ line }, hunks) {
  return hunks.some(({ before: [first, last] }) => line >= first - NEAR && line <= last + NEAR);
}

const describe = ({ code, confidence, path, line }) => `${code}:${confidence}:${path}:${line}`;
