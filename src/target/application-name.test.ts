// What a command line is shown as, and that nothing else of it ever is.

import { describe, expect, test } from 'vitest';
import { applicationName } from './application-name.ts';

const SECRET = 'hunter2';
const PYTHON = '/usr/bin/python3.11';

function nameOf(argv: readonly string[], parentArgv?: readonly string[], exe = PYTHON): string {
  return applicationName({ argv, exe, parentArgv });
}

describe('a Python command is shown as', () => {
  test.each([
    [['python3', 'app.py', '--token', SECRET], 'app.py'],
    [['/opt/venv/bin/python', '/srv/shop/main.py'], 'main.py'],
    [['python3', '/srv/shop/__main__.py'], 'shop/__main__.py'],
    [['python3', '-u', '-X', 'dev', '-W', 'ignore', 'app.py', SECRET], 'app.py'],
    [['python3', '-Wignore', '-Xdev', 'app.py'], 'app.py'],
    [['python3', '-m', 'shop.server', '--password', SECRET], 'python -m shop.server'],
    [['python3', '-Im', 'shop'], 'python -m shop'],
    [['python3', '-mshop'], 'python -m shop'],
    [['python3', '-m', `not a module ${SECRET}`], 'python -m …'],
    [['python3', '-c', `password = "${SECRET}"`], 'python -c …'],
    [['python3', `-cpassword="${SECRET}"`], 'python -c …'],
    [['python3', '-uc', SECRET, 'x'], 'python -c …'],
    [['python3'], 'python (interactive)'],
    [['python3', '-i'], 'python (interactive)'],
    [['python3', '-'], 'python (interactive)'],
    [['python3', '--check-hash-based-pycs', 'never', 'app.py'], 'app.py'],
    [['-python3', 'app.py'], 'app.py'],
    [
      ['python3', '-c', 'from multiprocessing.spawn import spawn_main; spawn_main(...)', '--multiprocessing-fork'],
      'multiprocessing worker',
    ],
    [
      ['python3', '-c', 'from multiprocessing.resource_tracker import main;main(5)'],
      'multiprocessing resource tracker',
    ],
    [['python3', '/venv/bin/gunicorn', '-w', '4', 'shop.wsgi:app', '--env', `KEY=${SECRET}`], 'gunicorn [shop.wsgi]'],
    [['python3', '/venv/bin/uvicorn', 'shop.asgi:create()', '--factory'], 'uvicorn [shop.asgi]'],
    [['python3', '-m', 'gunicorn', 'shop:app'], 'gunicorn [shop]'],
    [['python3', '/venv/bin/gunicorn', '-e', `postgres://u:${SECRET}@db/x`], 'gunicorn'],
    [
      ['python3', '/venv/bin/celery', '-A', 'shop.tasks', 'worker', '-b', `redis://:${SECRET}@h`],
      'celery worker [shop.tasks]',
    ],
    [['python3', '/venv/bin/celery', '--app=shop', 'beat'], 'celery beat [shop]'],
    [['python3', '-m', 'celery', '-A', `redis://:${SECRET}@h`, 'worker'], 'celery worker'],
    [['python3', 'manage.py', 'runserver', '0.0.0.0:8000'], 'manage.py runserver'],
    [['python3', 'manage.py', SECRET], 'manage.py'],
    [['/lib64/ld-linux-x86-64.so.2', '--library-path', '/opt/lib', '/opt/python3.14', '-m', 'shop'], 'python -m shop'],
    [['/lib/ld-musl-x86_64.so.1', 'python3', 'app.py'], 'app.py'],
    [['python3', '-m', 'flask', '--app', 'shop', 'run'], 'flask run'],
  ])('%j', (argv, expected) => {
    const name = nameOf(argv);
    expect(name).toBe(expected);
    expect(name).not.toContain(SECRET);
  });
});

describe('a title written over the command line is shown as', () => {
  test.each([
    [['gunicorn: master [shop.wsgi:app]'], 'gunicorn master [shop.wsgi]'],
    [['gunicorn: worker [shop]'], 'gunicorn worker [shop]'],
    [['[celeryd: celery@web-1:MainProcess] -active- (-A shop worker)'], 'celery worker (MainProcess)'],
    [['[celeryd: celery@web-1:ForkPoolWorker-3]'], 'celery worker (ForkPoolWorker-3)'],
    [['[celery beat] -A shop'], 'celery beat'],
    [[`myserver: user ${SECRET}`], 'myserver'],
    [[`key=${SECRET}`], 'key'],
    [[''], 'python'],
    [[], 'python'],
  ])('%j', (argv, expected) => {
    expect(nameOf(argv)).toBe(expected);
  });
});

test('a program that embeds Python is shown by its own name', () => {
  expect(nameOf(['/usr/bin/uwsgi', '--ini', SECRET], undefined, '/usr/bin/uwsgi-core')).toBe('uwsgi-core');
  expect(nameOf(['blender', SECRET], undefined, undefined)).toBe('blender');
});

test('a worker has the command line of its master', () => {
  const argv = ['python3', '/venv/bin/gunicorn', 'shop.wsgi:app'];
  expect(nameOf(argv, argv)).toBe('gunicorn worker [shop.wsgi]');
  expect(nameOf(argv, ['bash'])).toBe('gunicorn [shop.wsgi]');
});

test('a name is never long', () => {
  expect(nameOf(['python3', `${'x'.repeat(500)}.py`]).length).toBe(60);
});
