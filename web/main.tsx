// Where the page starts.

import { render } from 'preact';
import { App } from './app.tsx';
import { applyTheme } from './state/theme.ts';
import { connect } from './state/workspace.ts';

applyTheme();
connect();
render(<App />, document.getElementById('page')!);
