// Python source as text and back: UTF-8 with or without a byte order mark, and the encodings a PEP 263 comment names.
// What does not decode is a problem of that file; what was decoded one way is encoded the same way.

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
/** PEP 263: a comment in the first or second line, the first being blank or a comment too. */
const CODING_COOKIE = /^(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))?[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)/;
/** Two lines are enough to look for the comment. */
const COOKIE_BYTES = 400;

/** How the text lies in its file. */
export interface TextEncoding {
  /** `utf-8`, `latin-1`, or another that can be read and not written. */
  readonly name: string;
  readonly byteOrderMark: boolean;
}

export interface PythonText {
  /** Without the byte order mark; ends of lines as they are. */
  readonly text: string;
  readonly encoding: TextEncoding;
}

/** The text of a file's bytes; a message where they are none. */
export function decodePython(bytes: Buffer): PythonText | { readonly message: string } {
  const byteOrderMark = bytes.subarray(0, 3).equals(BYTE_ORDER_MARK);
  const body = byteOrderMark ? bytes.subarray(3) : bytes;
  const cookie = CODING_COOKIE.exec(body.toString('latin1', 0, COOKIE_BYTES))?.[1];
  const name = cookie === undefined ? 'utf-8' : encodingName(cookie);
  const text = name === 'latin-1' ? body.toString('latin1') : decode(body, name);
  if (text === undefined) return { message: `is not ${cookie ?? 'UTF-8'} text` };
  return { text, encoding: { name, byteOrderMark } };
}

/** The bytes of a text; undefined where the encoding has no such characters or is one that is only read. */
export function encodePython(text: string, encoding: TextEncoding): Buffer | undefined {
  if (encoding.name === 'utf-8') {
    const bytes = Buffer.from(text, 'utf8');
    return encoding.byteOrderMark ? Buffer.concat([BYTE_ORDER_MARK, bytes]) : bytes;
  }
  if (encoding.name !== 'latin-1' || /[^\x00-\xff]/.test(text)) return undefined;
  return Buffer.from(text, 'latin1');
}

/** Python's spellings of the two common ones; others as the Encoding Standard has them. */
function encodingName(cookie: string): string {
  const name = cookie.toLowerCase().replaceAll('_', '-');
  if (/^utf-?8\b|^u8$|^(?:us-)?ascii$/.test(name)) return 'utf-8';
  if (/^latin-?1\b|^iso-?8859-1\b|^l1$/.test(name)) return 'latin-1';
  return name;
}

function decode(bytes: Buffer, name: string): string | undefined {
  try {
    // A mark was already taken off: another one is part of the text.
    return new TextDecoder(name, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
