import { expect, test } from 'vitest';
import { temporaryProject } from '../../test/support/temporary-project.ts';
import { readProjectFacts } from './project-facts.ts';

function factsOf(files: Readonly<Record<string, string>>) {
  return readProjectFacts(temporaryProject(files));
}

test('pyproject.toml: dependencies of every kind and the oldest Python', () => {
  expect(
    factsOf({
      'pyproject.toml': `
[project]
requires-python = ">=3.9,<4"
dependencies = ["Requests[socks]>=2; python_version < '4'", "zope.interface", "my_pkg @ https://example.org/x.zip"]
[project.optional-dependencies]
fast = ["orjson~=3.0"]
[dependency-groups]
dev = ["pytest", {include-group = "lint"}]
`,
    }),
  ).toEqual({ dependencies: ['my-pkg', 'orjson', 'pytest', 'requests', 'zope-interface'], minimumPython: [3, 9] });
});

test('Poetry', () => {
  expect(
    factsOf({
      'pyproject.toml': `
[tool.poetry.dependencies]
python = "^3.10"
Django = "*"
[tool.poetry.group.dev.dependencies]
cachetools = { version = "5" }
`,
    }),
  ).toEqual({ dependencies: ['cachetools', 'django'], minimumPython: [3, 10] });
});

test('setup.cfg and requirements files', () => {
  expect(
    factsOf({
      'setup.cfg':
        '[metadata]\nname = x\n[options]\npython_requires = ~=3.7\ninstall_requires =\n    attrs\n    six>1\n',
      'requirements.txt': '# pinned\nflask==3.0.0  # web\n-r other.txt\n--index-url https://example.org\n',
      'requirements-dev.txt': 'pytest\n',
      'requirements/prod.txt': 'gunicorn\n',
    }),
  ).toEqual({ dependencies: ['attrs', 'flask', 'gunicorn', 'pytest', 'six'], minimumPython: [3, 7] });
});

test('nothing, or nothing that can be read, says nothing', () => {
  const unknown = { dependencies: [], minimumPython: [3, 8] };
  expect(factsOf({})).toEqual(unknown);
  expect(factsOf({ 'pyproject.toml': '[project\n', 'setup.cfg': '\0\0' })).toEqual(unknown);
  expect(factsOf({ 'pyproject.toml': 'project = 3\n[tool]\npoetry = [1]\n' })).toEqual(unknown);
});
