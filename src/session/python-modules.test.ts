import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryProject, workIn } from '../../test/support/temporary-project.ts';
import { projectFolders } from './project-folder.ts';
import { moduleNamer } from './python-modules.ts';

function namesIn(files: Readonly<Record<string, string>>): Record<string, string> {
  const folder = workIn(temporaryProject(files));
  const folderOf = projectFolders();
  const moduleOf = moduleNamer((path) => folderOf(dirname(path)) ?? folder);
  const python = Object.keys(files).filter((path) => path.endsWith('.py'));
  return Object.fromEntries(python.map((path) => [path, moduleOf(path)]));
}

test('packages, src layout, namespaces and scripts have the names they are imported by', () => {
  expect(
    namesIn({
      'pyproject.toml': '',
      'src/shop/__init__.py': '',
      'src/shop/users.py': '',
      'src/google/cloud/__init__.py': '',
      'src/app.py': '',
      'lib/tools/__init__.py': '',
      'lib/tools/deep/__init__.py': '',
      'lib/tools/deep/x.py': '',
      'scripts/run.py': '',
      'manage.py': '',
    }),
  ).toEqual({
    'src/shop/__init__.py': 'shop',
    'src/shop/users.py': 'shop.users',
    'src/google/cloud/__init__.py': 'google.cloud',
    'src/app.py': 'app',
    'lib/tools/__init__.py': 'tools',
    'lib/tools/deep/__init__.py': 'tools.deep',
    'lib/tools/deep/x.py': 'tools.deep.x',
    'scripts/run.py': 'scripts.run',
    'manage.py': 'manage',
  });
});

test('no two files share a name', () => {
  const names = Object.values(
    namesIn({ 'a/pyproject.toml': '', 'a/main.py': '', 'b/pyproject.toml': '', 'b/main.py': '' }),
  );
  expect(names[0]).toBe('main');
  expect(names[1]).toMatch(/\.b\.main$/);
});
