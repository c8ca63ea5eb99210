import { render } from 'preact';
import { Console } from './views/console.js';

render(<Console />, document.getElementById('console')!);
