import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { closureCapturesBig } from './closure-captures-big.ts';

test('lambdas kept by a module that need a part of something large', () => {
  expectMarkedLines(
    closureCapturesBig,
    `
import atexit
import numpy as np
import pandas as pd
from events import bus

REPORTS = []

def load(path, frame: pd.DataFrame):
    data = np.load(path)
    REPORTS.append(lambda: frame.shape)  # <- finds medium
    bus.on('size', lambda event: len(data))  # <- finds
    atexit.register(lambda: print(data.nbytes))  # <- finds
`,
  );
});

test('short-lived lambdas, whole uses and small things are fine', () => {
  expectMarkedLines(
    closureCapturesBig,
    `
import pandas as pd

REPORTS = []

def load(path, name, frame: pd.DataFrame):
    shape = frame.shape
    local = []
    local.append(lambda: frame.shape)
    REPORTS.append(lambda: shape)
    REPORTS.append(lambda: frame)
    REPORTS.append(lambda: frame.sum())
    REPORTS.append(lambda: name.upper)
    REPORTS.append(lambda frame: frame.shape)
    REPORTS.append(sorted(local, key=lambda row: frame.index))
`,
  );
});
