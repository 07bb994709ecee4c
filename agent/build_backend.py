"""Builds the wheel and the source archive of leakscope-agent (PEP 517): a few files in an archive need no build tool."""

import base64
import hashlib
import io
import os
import re
import tarfile
import zipfile

_HERE = os.path.dirname(os.path.abspath(__file__))
_NAME = 'leakscope_agent'
#: The same archive for the same files, whenever it is built.
_TIME = (2020, 1, 1, 0, 0, 0)
#: Run by every Python that has the package: starts the agent where LEAKSCOPE_AGENT=1 says so.
_START = "import os; os.environ.get('LEAKSCOPE_AGENT') and __import__('leakscope_agent').start_from_environment()\n"


def _read(name):
    with open(os.path.join(_HERE, name), encoding='utf-8') as file:
        return file.read()


def _version():
    return re.search(r"^__version__ = '([^']+)'", _read(_NAME + '.py'), re.MULTILINE).group(1)


def _metadata():
    lines = [
        'Metadata-Version: 2.1',
        'Name: leakscope-agent',
        'Version: ' + _version(),
        'Summary: Looks into a Python process from inside, for leakscope: snapshots of its heap, without values',
        'License: Apache-2.0',
        'Requires-Python: >=3.8',
        'Description-Content-Type: text/markdown',
        '',
        _read('README.md'),
    ]
    return '\n'.join(lines)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    information = '%s-%s.dist-info/' % (_NAME, _version())
    files = {
        _NAME + '.py': _read(_NAME + '.py'),
        _NAME + '.pth': _START,
        information + 'METADATA': _metadata(),
        information + 'WHEEL': 'Wheel-Version: 1.0\nGenerator: leakscope\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    }
    record = []
    for path, text in files.items():
        content = text.encode('utf-8')
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode('ascii')
        record.append('%s,sha256=%s,%d\n' % (path, digest, len(content)))
    files[information + 'RECORD'] = ''.join(record) + information + 'RECORD,,\n'
    name = '%s-%s-py3-none-any.whl' % (_NAME, _version())
    with zipfile.ZipFile(os.path.join(wheel_directory, name), 'w', zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            entry = zipfile.ZipInfo(path, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text)
    return name


def build_sdist(sdist_directory, config_settings=None):
    base = '%s-%s' % (_NAME, _version())
    files = {name: _read(name) for name in (_NAME + '.py', 'build_backend.py', 'pyproject.toml', 'README.md')}
    files['PKG-INFO'] = _metadata()
    with tarfile.open(os.path.join(sdist_directory, base + '.tar.gz'), 'w:gz', format=tarfile.PAX_FORMAT) as archive:
        for name, text in files.items():
            content = text.encode('utf-8')
            entry = tarfile.TarInfo(base + '/' + name)
            entry.size = len(content)
            entry.mtime = 1577836800
            archive.addfile(entry, io.BytesIO(content))
    return base + '.tar.gz'


def get_requires_for_build_wheel(config_settings=None):
    return []


def get_requires_for_build_sdist(config_settings=None):
    return []
