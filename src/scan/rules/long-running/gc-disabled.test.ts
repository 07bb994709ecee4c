import { expect, test } from 'vitest';
import { expectMarkedLines, findingsIn } from '../../../../test/support/scan-cases.ts';
import { gcDisabled } from './gc-disabled.ts';

test('the collector switched off and left so', () => {
  expectMarkedLines(gcDisabled, 'import gc\ngc.disable()  # <- finds medium\n');
  expectMarkedLines(
    gcDisabled,
    `
from gc import disable, set_threshold
def serve():
    disable()  # <- finds medium
    set_threshold(0, 10, 10)  # <- finds medium
if __name__ == "__main__":
    disable()  # <- finds low
`,
  );
  expectMarkedLines(gcDisabled, 'import gc\ngc.disable()  # <- finds low\ngc.freeze()\n');
});

test('what is taken back, done by hand, or called otherwise is fine', () => {
  const findings = (text: string) => findingsIn(gcDisabled, text);
  expect(findings('import gc\ngc.disable()\ntry:\n    f()\nfinally:\n    gc.enable()\n')).toEqual([]);
  expect(findings('import gc\ngc.disable()\natexit.register(gc.enable)\n')).toEqual([]);
  expect(findings('import gc\ngc.disable()\ndef tick():\n    gc.collect()\n')).toEqual([]);
  expect(findings('import gc\ngc.set_threshold(10_000)\n')).toEqual([]);
  expect(findings('gc = Collector()\ngc.disable()\n')).toEqual([]);
});
