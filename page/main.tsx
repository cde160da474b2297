import {render} from 'preact';
import 'uplot/dist/uPlot.min.css';
import {App} from './app.tsx';
import './page.css';

const root = document.querySelector('#page');
if (root !== null) render(<App />, root);
