// Code that programs run once, by convention: names of start-up functions, and files that are scripts, tests or settings
// of tools. Conventions only, so they lower a finding; what is known of callers is project-links.ts's business.

import type { ScannedFile } from '../scanned-file.ts';

const START_UP =
  /^_*(?:main|run|start|setup|set_up|init|initiali[sz]e|configure|config|bootstrap|install|enable|prepare|load_config|run_from_\w+|pytest_\w+|setUp\w*|add_arguments|create_app|make_app)(?:$|_|(?=[A-Z]))/;

const SCRIPT =
  /(?:^|\/)(?:setup|conftest|conf|manage|noxfile|tasks|test_\w+|\w+_test|__main__)\.py$|(?:^|\/)(?:tests?|scripts|tools|docs|examples?|benchmarks?)\//;

/** Whether a function's name says that programs call it once, at their start. */
export function isStartUp(name: string): boolean {
  return START_UP.test(name);
}

/** Whether the file is run and done, not part of a program that goes on. */
export function isScript(file: ScannedFile): boolean {
  return SCRIPT.test(file.source.path);
}
