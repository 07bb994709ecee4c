// R11: a memory mapping, dataset or image file that nothing closes.

import type { Rule } from '../../rule.ts';
import { reportUnreleased } from './leak-findings.ts';

export const mmapOrDataset: Rule = {
  name: 'mmap-or-dataset',
  code: 'R11',
  cause: 'open resource',
  sameAs: [],
  words: [
    'mmap',
    'load',
    'h5py',
    'Dataset',
    'open_dataset',
    'open_mfdataset',
    'rasterio',
    'fitz',
    'tables',
    'HDFStore',
    'ExcelFile',
    'Image',
  ],
  doc: {
    what: 'A memory mapping, HDF5 or netCDF file, workbook or lazily loaded image that a function opens and never closes.',
    why: 'Address space and a descriptor stay taken, and with HDF5 the lock on the file. Libraries written in C keep such objects in tables and cycles of their own, so that they often outlive the last name that refers to them.',
    evidence:
      'No way through the function closes it, and neither it nor a part of it is returned, stored or passed on. An image whose pixels are read counts as closed, since Pillow then closes its file; so does one that is opened from an open file. The confidence is medium.',
    fix: 'Open it in a `with` statement. The automatic fix does, unsafely: data that is loaded lazily cannot be read any more after it.',
    ignore: 'When lazily loaded data is used after the function.',
    example: {
      leaks: `
from PIL import Image

def size_of(path):
    image = Image.open(path)
    return image.size
`,
      fine: `
from PIL import Image

def size_of(path):
    with Image.open(path) as image:
        return image.size
`,
    },
  },
  check(file, report) {
    reportUnreleased(file, 'mapping', report);
  },
};
