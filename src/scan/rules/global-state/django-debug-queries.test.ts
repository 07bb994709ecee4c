import { expect, test } from 'vitest';
import { expectMarkedLines, findingsIn } from '../../../../test/support/scan-cases.ts';
import { djangoDebugQueries } from './django-debug-queries.ts';

test('settings by the name of their file', () => {
  const text = `INSTALLED_APPS = []\nDEBUG = True\n`;
  const confidence = (path: string) => findingsIn(djangoDebugQueries, text, { path })[0]?.confidence;
  expect(confidence('shop/settings/production.py')).toBe('medium');
  expect(confidence('shop/settings.py')).toBe('low');
  expect(confidence('shop/settings/dev.py')).toBeUndefined();
  expect(confidence('shop/settings/local_settings.py')).toBeUndefined();
  expect(confidence('tests/settings.py')).toBeUndefined();
});

test('settings that decide otherwise, and DEBUG of something else, are fine', () => {
  for (const text of [
    'INSTALLED_APPS = []\nDEBUG = False\n',
    'INSTALLED_APPS = []\nDEBUG = True\nDEBUG = env.bool("DEBUG")\n',
    'DEBUG = True\n',
  ]) {
    expect(findingsIn(djangoDebugQueries, text, { path: 'shop/settings.py' })).toEqual([]);
  }
});

test('commands that query for ever', () => {
  expectMarkedLines(
    djangoDebugQueries,
    `
class Command(BaseCommand):
    def handle(self, *args, **options):
        for order in Order.objects.all():
            print(order)
        while True:
            for job in Job.objects.filter(done=False):  # <- finds low
                job.run()
`,
  );
  expectMarkedLines(
    djangoDebugQueries,
    `
class Command(BaseCommand):
    def handle(self, *args, **options):
        while True:
            Job.objects.all().delete()
            reset_queries()

class Worker:
    def handle(self):
        while True:
            Job.objects.all()
`,
  );
});
