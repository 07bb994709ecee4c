// Tests copying ahead of a pause on a kernel that has soft-dirty, in a virtual machine (software emulation will do), for
// hosts whose own kernel lacks it. Compares every page of captures with the stopped target; prints phases and pauses.
//
// Usage: node scripts/test-soft-dirty-vm.mjs [KERNEL] [MEGABYTES]     about three minutes
//
// Needs qemu-system-x86_64, a static busybox, cpio, python3 (LEAKSCOPE_VM_PYTHON names another), and a kernel image with
// CONFIG_MEM_SOFT_DIRTY and a serial console built in. On Debian:
//   apt-get install qemu-system-x86 busybox-static cpio
//   apt-get download linux-image-6.1.0-NN-cloud-amd64 && dpkg-deb -x linux-image-*.deb kernel
//   node scripts/test-soft-dirty-vm.mjs kernel/boot/vmlinuz-*

import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';

const here = import.meta.dirname;
const [kernel = '/boot/vmlinuz', megabytes = '200'] = process.argv.slice(2);
const LIMIT_MS = 15 * 60_000;
const ROUNDS = '5';

const work = mkdtempSync(join(tmpdir(), 'leakscope-vm-'));
try {
  process.exitCode = await main();
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function main() {
  const root = join(work, 'root');
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'tmp', 'test']) mkdirSync(join(root, folder), { recursive: true });
  const which = (name) => execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
  cpSync(realpathSync(which('busybox')), join(root, 'bin/busybox'));
  for (const name of ['sh', 'mount', 'poweroff']) symlinkSync('busybox', join(root, 'bin', name));
  const node = realpathSync(process.execPath);
  const python = pythonPaths();
  for (const program of [node, python.executable]) copyWithLibraries(program, root);
  cpSync(python.library, join(root, python.library), {
    recursive: true,
    filter: (path) =>
      !/\/(test|site-packages|__pycache__|idlelib|config-[^/]*|ensurepip|tkinter|lib2to3)(\/|$)/.test(path),
  });
  for (const module of python.modules) copyWithLibraries(module, root);
  const bundle = await rolldown({ input: join(here, 'soft-dirty/guest.ts'), platform: 'node' });
  await bundle.write({ file: join(root, 'test/guest.mjs'), format: 'esm' });
  cpSync(join(here, 'soft-dirty/target.py'), join(root, 'test/target.py'));
  writeFileSync(
    join(root, 'init'),
    `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
export PYTHONHOME=${python.prefix} LD_LIBRARY_PATH=${python.libraryFolder} HOME=/tmp
${node} /test/guest.mjs ${python.executable} /test/target.py ${megabytes} ${ROUNDS}
echo "guest ended with $?"
poweroff -f
`,
    { mode: 0o755 },
  );
  const image = join(work, 'initrd');
  execFileSync('sh', ['-c', `cd "$1" && find . | cpio -o -H newc --quiet > "$2"`, 'sh', root, image]);
  return boot(image);
}

function boot(image) {
  const machine = ['-m', '5G', '-smp', '2', '-cpu', 'max', '-nographic', '-no-reboot', '-nic', 'none'];
  const words = ['-kernel', kernel, '-initrd', image, '-append', 'console=ttyS0 quiet panic=-1', ...machine];
  const qemu = spawn('qemu-system-x86_64', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const timer = setTimeout(() => qemu.kill('SIGKILL'), LIMIT_MS);
  let output = '';
  qemu.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
    process.stdout.write(text);
  });
  return new Promise((resolve, reject) => {
    qemu.once('error', reject);
    qemu.once('close', () => {
      clearTimeout(timer);
      resolve(output.includes('guest ended with 0') ? 0 : 1);
    });
  });
}

function pythonPaths() {
  const command = process.env.LEAKSCOPE_VM_PYTHON ?? 'python3';
  const code = `
import sys, os, json, sysconfig, _ctypes, mmap, _random
modules = [m.__file__ for m in (_ctypes, mmap, _random) if getattr(m, '__file__', None)]
print(json.dumps({'executable': os.path.realpath(sys.executable), 'prefix': sys.base_prefix, 'modules': modules,
  'library': sysconfig.get_path('stdlib'), 'libraryFolder': sysconfig.get_config_var('LIBDIR') or '/usr/lib'}))`;
  return JSON.parse(execFileSync(command, ['-c', code], { encoding: 'utf8' }));
}

/** The file with what it is linked with, at the same paths below `root`. */
function copyWithLibraries(file, root) {
  const listed = execFileSync('ldd', [file], { encoding: 'utf8' });
  const libraries = [...listed.matchAll(/(?:=> |^\s+)(\/[^ ]+)/gm)].map((match) => match[1]);
  for (const path of [file, ...libraries]) {
    const goal = join(root, path);
    mkdirSync(dirname(goal), { recursive: true });
    cpSync(path, goal, { dereference: true });
  }
}
