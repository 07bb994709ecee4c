"""With this folder in PYTHONPATH, every Python program that sees LEAKSCOPE_AGENT=1 starts the agent of leakscope.

Then the `sitecustomize` that this one hides is run, if there is one.
"""

import importlib.machinery
import importlib.util
import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))

if os.environ.get('LEAKSCOPE_AGENT', '') in ('1', 'true', 'yes', 'on'):
    sys.path.append(os.path.dirname(_here))
    try:
        import leakscope_agent

        leakscope_agent.start_from_environment()
    except Exception as error:
        # The program matters more than being watched.
        sys.stderr.write('leakscope_agent: not started: %s\n' % error)
    finally:
        sys.path.pop()

_rest = [folder for folder in sys.path if os.path.abspath(folder or '.') != _here]
_hidden = importlib.machinery.PathFinder.find_spec('sitecustomize', _rest)
if _hidden is not None and _hidden.loader is not None:
    _module = importlib.util.module_from_spec(_hidden)
    sys.modules['sitecustomize'] = _module
    _hidden.loader.exec_module(_module)
