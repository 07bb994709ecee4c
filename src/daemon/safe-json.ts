// JSON that is safe wherever it ends up: names are chosen by the program that is looked at. Beside what terminals and
// editors act on, the characters that could begin or end markup are escaped, should a browser ever take it for a page.

/** As cli/render/sanitize.ts escapes for terminals, and `<`, `>`, `&`. Parses to the same data. */
const UNSAFE = /[<>&\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

export function safeJson(data: unknown): string {
  return JSON.stringify(data).replace(UNSAFE, escapeUnits);
}

function escapeUnits(character: string): string {
  let escaped = '';
  for (let i = 0; i < character.length; i++) {
    escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}
