import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { hookInLoop } from './hook-in-loop.ts';

test('loops and functions that run again and again', () => {
  expectMarkedLines(
    hookInLoop,
    `
import atexit, os, shutil, sys

def consume(queue):
    while True:
        atexit.register(shutil.rmtree, queue.get())  # <- finds high

def each(folders):
    for folder in folders:
        atexit.register(shutil.rmtree, folder)  # <- finds medium
        os.register_at_fork(before=folder.close)  # <- finds medium

@app.route('/upload')
def upload(request):
    atexit.register(shutil.rmtree, request.folder)  # <- finds high
    store(request.folder)

def store(folder):
    sys.addaudithook(lambda event, args: folder.log(event))  # <- finds low
`,
  );
});

test('loops over constants, single registrations and bound methods are fine', () => {
  expectMarkedLines(
    hookInLoop,
    `
import atexit, os, signal

NAMES = ('a', 'b')

for name in NAMES:
    atexit.register(print, name)
for i in range(3):
    atexit.register(print, i)

def install(folder):
    atexit.register(folder.remove)
    for hook in [folder.a, folder.b]:
        atexit.register(hook)
    for number in folder.signals:
        signal.signal(number, folder.stop)

@app.route('/once')
def once(request):
    global FOLDER
    if FOLDER is None:
        FOLDER = request.folder
        atexit.register(shutil.rmtree, FOLDER)

@app.route('/')
class Handler:
    def get(self, request):
        atexit.register(self.close)
    def close(self):
        pass
`,
  );
  expectMarkedLines(
    hookInLoop,
    `
import atexit
def consume(queue):
    for item in queue:
        atexit.register(item.close)
        item.work()
        atexit.unregister(item.close)
`,
  );
});
