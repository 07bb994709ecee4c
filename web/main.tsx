// Where the page starts.

import { render } from 'preact';
import { App } from './app.tsx';
import { connect } from './state/workspace.ts';

connect();
render(<App />, document.getElementById('page')!);
