// The descriptors and mappings of an open SQLite connection, read from the library's own structures. Every step is checked by what
// SQLite writes twice, so that another layout gives nothing rather than something wrong.

import type { Address } from '../graph/heap-graph.ts';
import type { MemoryImage } from './memory-image.ts';

// src/sqliteInt.h: `struct sqlite3` begins pVfs, pVdbe, pDfltColl, mutex, aDb, nDb.
const CONNECTION_VFS = 0;
const CONNECTION_DATABASES = 32;
const CONNECTION_DATABASE_COUNT = 40;
// `struct Db`: zDbSName, pBt, two bytes, pSchema.
const DATABASE_SIZE = 32;
const DATABASE_TREE = 8;
// src/btreeInt.h: `struct Btree` begins db, pBt; `struct BtShared` begins pPager, db.
const TREE_CONNECTION = 0;
const TREE_SHARED = 8;
const SHARED_PAGER = 0;
// src/pager.c: `struct Pager` begins with pVfs; the files of database, statement and journal stand among its words.
const PAGER_VFS = 0;
const PAGER_SEARCHED = 512;
// src/os_unix.c: `struct unixFile` begins pMethod, pVfs, pInode, h; pShm leads over `unixShm.pShmNode` to a
// `unixShmNode` that begins pInode, pShmMutex, zFilename, hShm, szRegion, nRegion, two flags, apRegion.
const FILE_METHODS = 0;
const FILE_VFS = 8;
const FILE_INODE = 16;
const FILE_DESCRIPTOR = 24;
const FILE_SHARED_MEMORY = 64;
const SHARED_MEMORY_INODE = 0;
const SHARED_MEMORY_DESCRIPTOR = 24;
const SHARED_MEMORY_REGION_COUNT = 32;
const SHARED_MEMORY_REGIONS = 40;
/** `Wal` (src/wal.c) begins with its pVfs, then pDbFd, pWalFd. */
const WAL_DATABASE_FILE = 8;
const WAL_FILE = 16;

/** SQLITE_MAX_ATTACHED is at most 125, beside main and temp. */
const DATABASES_LIMIT = 127;
/** Regions are 32 KiB, four thousand pages of the log each. */
const REGIONS_LIMIT = 1024;

export interface SqliteVisitor {
  descriptor(descriptor: number): void;
  mapping(address: Address): void;
}

/** Visits what `connection` has open: databases, journals, write-ahead logs and the logs' index in memory. */
export function visitSqliteHandles(image: MemoryImage, connection: Address, visitor: SqliteVisitor): void {
  if (connection === 0) return;
  const vfs = image.pointer(connection + CONNECTION_VFS);
  const databases = image.pointer(connection + CONNECTION_DATABASES);
  const count = image.i32(connection + CONNECTION_DATABASE_COUNT);
  if (vfs === 0 || databases === 0 || !(count > 0 && count <= DATABASES_LIMIT)) return;
  for (let i = 0; i < count; i++) {
    const tree = image.pointer(databases + i * DATABASE_SIZE + DATABASE_TREE);
    if (tree === 0 || image.pointer(tree + TREE_CONNECTION) !== connection) continue;
    const pager = image.pointer(image.pointer(tree + TREE_SHARED) + SHARED_PAGER);
    if (pager !== 0 && image.pointer(pager + PAGER_VFS) === vfs) visitPager(image, pager, vfs, visitor);
  }
}

function visitPager(image: MemoryImage, pager: Address, vfs: Address, visitor: SqliteVisitor): void {
  for (let at = PAGER_VFS + 8; at < PAGER_SEARCHED; at += 8) {
    const word = image.pointer(pager + at);
    if (word === 0) continue;
    if (isOpenFile(image, word, vfs)) visitFile(image, word, visitor);
    else if (image.pointer(word) === vfs && isOpenFile(image, image.pointer(word + WAL_DATABASE_FILE), vfs)) {
      const log = image.pointer(word + WAL_FILE);
      if (isOpenFile(image, log, vfs)) visitFile(image, log, visitor);
    }
  }
}

/** A file that is open has methods, and the VFS that opened it. */
function isOpenFile(image: MemoryImage, file: Address, vfs: Address): boolean {
  return file !== 0 && image.pointer(file + FILE_VFS) === vfs && image.pointer(file + FILE_METHODS) !== 0;
}

/** The file's descriptor, and the index of its write-ahead log, which all connections of the process share. */
function visitFile(image: MemoryImage, file: Address, visitor: SqliteVisitor): void {
  visitor.descriptor(image.i32(file + FILE_DESCRIPTOR));
  const shared = image.pointer(file + FILE_SHARED_MEMORY);
  const node = shared === 0 ? 0 : image.pointer(shared);
  if (node === 0 || image.pointer(node + SHARED_MEMORY_INODE) !== image.pointer(file + FILE_INODE)) return;
  visitor.descriptor(image.i32(node + SHARED_MEMORY_DESCRIPTOR));
  const count = Math.min(image.u16(node + SHARED_MEMORY_REGION_COUNT), REGIONS_LIMIT);
  const regions = image.pointer(node + SHARED_MEMORY_REGIONS);
  for (let i = 0; regions !== 0 && i < count; i++) visitor.mapping(image.pointer(regions + i * 8));
}
