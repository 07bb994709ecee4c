import { expect, test } from 'vitest';
import { decodePython, encodePython, type PythonText } from './python-text.ts';

function decoded(bytes: Buffer): PythonText {
  const text = decodePython(bytes);
  if ('message' in text) throw new Error(text.message);
  return text;
}

test.each([
  ['UTF-8', Buffer.from('x = "é→"\r\n'), 'x = "é→"\r\n'],
  ['a byte order mark', Buffer.from('\ufeffx = 1\n'), 'x = 1\n'],
  [
    'latin-1',
    Buffer.from('# -*- coding: latin-1 -*-\nx = "\xe9\x80"', 'latin1'),
    '# -*- coding: latin-1 -*-\nx = "\xe9\x80"',
  ],
  [
    'a name Python also has',
    Buffer.from('#!/x\n# vim: set fileencoding=iso_8859_1 :\n"\xe9"', 'latin1'),
    '#!/x\n# vim: set fileencoding=iso_8859_1 :\n"\xe9"',
  ],
])('%s is read and written back as it was', (_, bytes, text) => {
  const read = decoded(bytes);
  expect(read.text).toBe(text);
  expect(encodePython(read.text, read.encoding)).toEqual(bytes);
});

test('other encodings are read, not written', () => {
  const bytes = Buffer.concat([Buffer.from('# coding: koi8-r\nx = "'), Buffer.from([0xc1]), Buffer.from('"')]);
  const { text, encoding } = decoded(bytes);
  expect(text).toContain('"а"');
  expect(encodePython(text, encoding)).toBeUndefined();
  expect(encodePython('→', { name: 'latin-1', byteOrderMark: false })).toBeUndefined();
});

test('what is no text is told', () => {
  expect(decodePython(Buffer.from([0x22, 0xff, 0x22]))).toEqual({ message: 'is not UTF-8 text' });
  expect(decodePython(Buffer.from('# coding: nonsense\n'))).toEqual({ message: 'is not nonsense text' });
  // A third line is no place for the comment.
  expect(decodePython(Buffer.from('a\nb\n# coding: nonsense\n'))).toMatchObject({ encoding: { name: 'utf-8' } });
});
