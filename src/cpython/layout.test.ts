import { describe, expect, test } from 'vitest';
import { Layout, NO_FIELD } from './layout.ts';
import { KNOWN_BUILDS } from './layouts/known-builds.ts';

function layoutOf(version: string, freeThreaded = false, arch = 'x86-64'): Layout {
  const build = KNOWN_BUILDS.find((b) => b.version === version && b.freeThreaded === freeThreaded && b.arch === arch);
  if (build === undefined) throw new Error(`no build ${version}`);
  return new Layout(build);
}

describe('Layout', () => {
  test('knows every minor version for both architectures', () => {
    const known = new Set(KNOWN_BUILDS.map((b) => `${b.version.split('.').slice(0, 2).join('.')} ${b.arch}`));
    const expected = [8, 9, 10, 11, 12, 13, 14, 15].flatMap((m) => [`3.${m} x86-64`, `3.${m} aarch64`]);
    expect([...known].sort()).toEqual(expected.sort());
  });

  test('names fields alike whatever the version calls them', () => {
    expect(layoutOf('3.8.18').at('PyInterpreterState.imports.modules')).toBe(56);
    expect(layoutOf('3.12.1').at('PyInterpreterState.imports.modules')).toBe(944);
    expect(layoutOf('3.11.7').at('_PyInterpreterFrame.f_executable')).toBe(32);
    expect(layoutOf('3.13.0').at('_PyInterpreterFrame.f_executable')).toBe(0);
    expect(layoutOf('3.8.18').at('PyThreadState.delete_later')).toBe(192);
  });

  test('drops the prefixes of embedded bases', () => {
    const layout = layoutOf('3.12.1');
    expect(layout.at('PyUnicodeObject.length')).toBe(16);
    expect(layout.at('defdictobject.ma_keys')).toBe(32);
    expect(layout.at('PyODictObject.ma_values')).toBe(40);
    expect(layout.at('PyMethodDescrObject.d_type')).toBe(16);
    expect(layout.at('PyListObject.ob_size')).toBe(16);
    expect(layout.at('PyListObject.ob_type')).toBe(8);
  });

  test('tells a missing field from an unknown structure', () => {
    expect(layoutOf('3.8.18').at('PyDictValues.values')).toBe(NO_FIELD);
    expect(layoutOf('3.8.18').at('PyCodeObject.co_qualname')).toBe(NO_FIELD);
    expect(() => layoutOf('3.8.18').at('PyDictionary.ma_keys')).toThrow('broken invariant');
    expect(() => layoutOf('3.8.18').need('PyCodeObject.co_qualname')).toThrow('broken invariant');
  });

  test('locates bit fields', () => {
    expect(layoutOf('3.12.1').bits('PyASCIIObject.state.kind')).toEqual({ offset: 32, bit: 2, width: 3 });
    expect(layoutOf('3.14.4', true).bits('PyASCIIObject.state.kind')).toEqual({ offset: 49, bit: 0, width: 3 });
    expect(layoutOf('3.14.4', true).bits('PyASCIIObject.state.interned')).toEqual({ offset: 48, bit: 0, width: 8 });
  });

  test('derives the formats of a version', () => {
    const formats = ['3.10.13', '3.11.7', '3.12.1', '3.14.4'].map((version) => {
      const { headerSize, dictKeysFormat, immortality, taggedFrameSlots } = layoutOf(version);
      return [version, headerSize, dictKeysFormat, immortality, taggedFrameSlots].join(' ');
    });
    expect(formats).toEqual([
      '3.10.13 16 size none false',
      '3.11.7 16 log2 none false',
      '3.12.1 16 log2 exact-u32 false',
      '3.14.4 16 log2 sign-u32 true',
    ]);
    const free = layoutOf('3.13.7', true);
    expect([free.headerSize, free.hasGcHead, free.immortality]).toEqual([32, false, 'local-u32']);
  });

  test('puts the asyncio structures of the nearest release where a build lacks them', () => {
    expect(layoutOf('3.13.18').at('TaskObj.task_coro')).toBe(120);
    expect(layoutOf('3.14.10').at('TaskObj.task_node')).toBe(152);
  });

  test('moves what follows the interpreter lock on aarch64', () => {
    expect(layoutOf('3.11.2', false, 'aarch64').at('_PyRuntimeState.gilstate.tstate_current')).toBe(592);
    expect(layoutOf('3.10.13', false, 'aarch64').at('_PyRuntimeState.gilstate.tstate_current')).toBe(584);
    expect(layoutOf('3.12.1', false, 'aarch64').at('PyInterpreterState.obmalloc')).toBe(3976);
    expect(layoutOf('3.12.1', false, 'aarch64').at('PyInterpreterState.gc')).toBe(112);
  });

  test('derives the free-threaded builds that were not measured', () => {
    const layout = layoutOf('3.14.10', true);
    expect(layout.build.derived).toBe(true);
    expect(layout.at('PyTupleObject.ob_item')).toBe(48);
    expect(layout.at('PyCodeObject.co_code_adaptive')).toBe(232);
    expect(layout.at('PyASCIIObject.state')).toBe(48);
    expect(layoutOf('3.15.2', true).at('PyTypeObject.tp_name')).toBe(40);
    expect(layoutOf('3.15.2', true).at('PyModuleObject.md_state_size')).toBe(72);
  });
});
