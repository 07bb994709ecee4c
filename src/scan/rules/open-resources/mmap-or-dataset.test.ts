import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { mmapOrDataset } from './mmap-or-dataset.ts';

test('mappings, datasets and images that nothing closes', () => {
  expectMarkedLines(
    mmapOrDataset,
    `
import mmap
import h5py, xarray
from PIL import Image

def find(f, word):
    m = mmap.mmap(f.fileno(), 0)  # <- finds medium
    return m.find(word)

def keys(path):
    h = h5py.File(path)  # <- finds
    return list(h)

def size(path):
    return Image.open(path).size  # <- finds

def sizes(filenames):
    for filename in filenames:
        image = Image.open(filename)  # <- finds
        print(image.size)
`,
  );
});

test('closed, read to the end, or handed on in part', () => {
  expectMarkedLines(
    mmapOrDataset,
    `
import mmap, io
import h5py, xarray, numpy
from PIL import Image

def find(f, word):
    with mmap.mmap(f.fileno(), 0) as m:
        return m.find(word)

def data(path):
    h = h5py.File(path)
    return h["data"]

def lazily(path):
    ds = xarray.open_dataset(path)
    return ds

def pixels(path):
    image = Image.open(path)
    return numpy.array(image.convert("RGB"))

def decoded(data):
    image = Image.open(io.BytesIO(data))
    return image.size

def arrays(path):
    return numpy.load(path)
`,
  );
});
