import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { popenNotReaped } from './popen-not-reaped.ts';

test('children that nothing waits for', () => {
  expectMarkedLines(
    popenNotReaped,
    `
import subprocess
from subprocess import PIPE, Popen

def first(command):
    process = Popen(command, stdout=PIPE)  # <- finds medium
    return process.stdout.readline()

def all_of(command):
    return Popen(command, stdout=PIPE).stdout.read()  # <- finds medium

def started(command):
    subprocess.Popen(command)  # <- finds low
`,
  );
});

test('a pipe that is forgotten beside another', () => {
  expectMarkedLines(
    popenNotReaped,
    `
import subprocess

def run(command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in process.stdout:
        print(line)
    process.wait()
    process.stdout.close()  # <- finds medium

def run_both(command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.wait()
    process.stdout.close()
    process.stderr.close()

def run_with(command, copy):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    copy(process.stderr)
    process.wait()
    process.stdout.close()

def run_communicate(command):
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.close()
    return process.communicate()
`,
  );
});

test('waited for, or kept', () => {
  expectMarkedLines(
    popenNotReaped,
    `
import subprocess
from subprocess import PIPE, Popen

def run(command):
    process = Popen(command, stdout=PIPE)
    out, _ = process.communicate()
    return out

def polled(command):
    process = Popen(command, stdout=PIPE)
    while process.poll() is None:
        print(process.stdout.readline())

def entered(command):
    with Popen(command, stdout=PIPE) as process:
        return process.stdout.read()

def given(command):
    return Popen(command, stdout=PIPE)

class Daemon:
    def start(self, command):
        self.process = Popen(command, stdout=PIPE)
`,
  );
});
